#include "connector/transport/http/reply_sender.hpp"

#include "connector/base/log.hpp"
#include "connector/routing/fair_share.hpp"
#include "connector/transport/http/reply_schedule.hpp"
#include "connector/transport/status_reason.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace connector {
namespace {

/// With it, a peer refuses an answer that it does not wait for (any more).
constexpr unsigned not_awaited = 400;

}  // namespace

reply_sender::reply::reply(reply_sender& owner)
    : deadline{[](deadline& self) {
          auto& due = static_cast<reply&>(self);
          due.owner.on_deadline(due);
      }},
      owner{owner} {
    listener = &owner;
}

reply_sender::reply_sender(event_loop& loop, surroundings around) : loop_{loop}, around_{std::move(around)} {}

bool reply_sender::reply::is_fulfill() const noexcept {
    return !packet.empty() && packet.front() == std::to_underlying(ilp::packet_type::fulfill);
}

bool reply_sender::is_full_for(std::uint32_t peer, std::size_t room) const {
    if (replies_.size() >= around_.replies_max || bytes_ + room > around_.bytes_max) return true;
    const auto of_peer = links_.find(peer);
    if (of_peer == links_.end()) return false;
    return exceeds_fair_share(of_peer->second.replies, replies_.size(), around_.replies_max) ||
           exceeds_fair_share(of_peer->second.bytes, bytes_, around_.bytes_max);
}

std::expected<std::uint64_t, acceptance> reply_sender::begin(const peering::peer& from, const request_id& id,
                                                             const std::string& target,
                                                             std::chrono::milliseconds left) {
    const std::size_t room = reply_size_max + target.size();
    if (is_full_for(from.id, room)) return std::unexpected{acceptance::busy};
    const std::uint64_t number = next_number_;
    if (!numbers_.emplace(key{from.id, id}, number).second) return std::unexpected{acceptance::repeated};
    ++next_number_;
    link_of_peer& of_peer = links_[from.id];
    ++of_peer.replies;
    of_peer.bytes += room;
    bytes_ += room;
    ++unposted_;
    auto& made = *replies_.emplace(number, std::make_unique<reply>(*this)).first->second;
    made.number = number;
    made.sender = from.id;
    made.key = {from.id, id};
    made.target = target;
    made.room = room;
    made.until = loop_.now().steady + std::min<std::chrono::milliseconds>(left, reply_schedule::time_max);
    return number;
}

void reply_sender::set_room(reply& reply, std::size_t room) {
    links_.find(reply.key.peer)->second.bytes -= reply.room - room;
    bytes_ -= reply.room - room;
    reply.room = room;
}

void reply_sender::answer(std::uint64_t request, ilp::bytes_view packet, bool held) {
    reply& reply = *replies_.at(request);
    reply.packet.assign(packet.begin(), packet.end());
    set_room(reply, packet.size() + reply.target.size());
    if (!held) attempt(reply);
}

void reply_sender::reject(std::uint64_t request, ilp::bytes_view packet, const failure& failure) {
    reply& reply = *replies_.at(request);
    reply.trace_text = failure.trace.text();
    reply.has_trace = true;
    answer(request, packet, false);
}

void reply_sender::release(std::uint64_t request) {
    attempt(*replies_.at(request));
}

void reply_sender::refuse_malformed(std::uint64_t request) {
    malformed_ = request;
    end(*replies_.at(request));
}

void reply_sender::attempt(reply& reply) {
    const peering::peer* const peer = around_.find_peer(reply.key.peer);
    if (peer == nullptr) return give_up(reply, "the peer was removed");
    link_of_peer& of_peer = links_[peer->id];
    if (!of_peer.link) of_peer.link = around_.make_link(*peer);
    if (!of_peer.link) return give_up(reply, "its terms for TLS have a fault");
    reply.status = 0;
    const request_id::text_form id = reply.key.id.text();
    const std::array fields{http::header_field{"Request-Id", as_text(id)},
                            http::header_field{"ILP-Trace-Id", as_text(reply.trace_text)}};
    const std::span used{fields.data(), reply.has_trace ? fields.size() : 1};
    if (of_peer.link->send(reply, reply.packet, {.target = reply.target, .fields = used})) return attempt_failed(reply);
    reply.carrier = of_peer.link.get();
    loop_.set(reply, loop_.now().steady + reply_schedule::attempt_max);
}

void reply_sender::attempt_failed(reply& reply) {
    count_failure(reply);
    const auto next = reply_schedule::next_attempt(reply.failed_attempts, loop_.now().steady, reply.until);
    if (!next) return give_up(reply, "its time is over");
    loop_.set(reply, *next);
}

void reply_sender::count_failure(reply& reply) {
    reply.carrier = nullptr;
    if (++reply.failed_attempts == 1) --unposted_;
}

/// Ends the attempt that is in progress.
void reply_sender::break_off(reply& reply) {
    if (reply.carrier->withdraw(reply)) return;
    reply.carrier->forget(reply);
    reply.may_have_arrived = true;
}

/// It is time for an attempt, or that of an attempt is over.
void reply_sender::on_deadline(reply& reply) {
    if (reply.carrier == nullptr) return attempt(reply);
    break_off(reply);
    attempt_failed(reply);
}

void reply_sender::answered(carried_packet& packet, ilp::bytes_span /*answer*/) {
    end(static_cast<reply&>(packet));
}

/// A peer that has taken the answer in an earlier attempt does not wait for it any more.
void reply_sender::failed(carried_packet& packet, reject_reason reason) {
    auto& reply = static_cast<reply_sender::reply&>(packet);
    if (may_have_arrived(reason)) reply.may_have_arrived = true;
    if (!reply_schedule::is_final(reply.status)) return attempt_failed(reply);
    if (reply.may_have_arrived && reply.status == not_awaited) return end(reply);
    count_failure(reply);
    give_up(reply, "the peer refuses it");
}

void reply_sender::give_up_all() {
    std::vector<reply*> left;
    left.reserve(replies_.size());
    for (const auto& [number, reply] : replies_) left.push_back(reply.get());
    for (reply* const each : left) {
        if (each->carrier != nullptr) {
            break_off(*each);
            count_failure(*each);
        }
        give_up(*each, "the daemon stops");
    }
}

/// The transfer of a Fulfill stays: it was durable before the first attempt, and the next hop has its payment. See
/// docs/operating/after-a-crash.md.
void reply_sender::give_up(reply& reply, const char* why) {
    const peering::peer* const peer = around_.find_peer(reply.key.peer);
    const std::string name{peer == nullptr ? std::string_view{"(removed)"} : peer->name()};
    const bool is_fulfill = reply.is_fulfill();
    const log::field peer_field{"peer", name};
    const log::field reason{"reason", why};
    const log::field status{"status", reply.status};
    const log::field attempts{"attempts", reply.failed_attempts};
    if (is_fulfill) {
        log::write_seldom({"undelivered fulfill", name}, log::level::warn,
                          "a Fulfill was not delivered to the peer's callback URL: the peer has paid, and may not know "
                          "it",
                          {peer_field, reason, status, attempts});
    } else {
        const log::field trace{"trace", std::string{reply.has_trace ? as_text(reply.trace_text) : ""}};
        log::write_seldom({"undelivered reject", name}, log::level::info,
                          "a Reject was not delivered to the peer's callback URL",
                          {peer_field, reason, status, attempts, trace});
    }
    around_.undelivered(reply.key.peer, is_fulfill);
    end(reply);
}

void reply_sender::end(reply& reply) {
    set_room(reply, 0);
    if (reply.failed_attempts == 0) --unposted_;
    const auto of_peer = links_.find(reply.key.peer);
    --of_peer->second.replies;
    if (of_peer->second.replies == 0 && !of_peer->second.link) links_.erase(of_peer);
    numbers_.erase(reply.key);
    replies_.erase(reply.number);
}

void reply_sender::peers_changed(std::span<const peering::peer_update> updates) {
    for (const auto& [before, after] : updates) {
        if (!before) continue;
        const auto of_peer = links_.find(before->id);
        if (of_peer == links_.end() || !of_peer->second.link || (after && around_.is_same_link(*before, *after)))
            continue;
        of_peer->second.link->retire();
        retired_links_.push_back(std::move(of_peer->second.link));
        if (of_peer->second.replies == 0) links_.erase(of_peer);
    }
}

void reply_sender::retire_links() {
    for (auto& retired : retired_links_) {
        if (retired->is_done()) loop_.dispose(std::move(retired));
    }
    std::erase(retired_links_, nullptr);
}

}  // namespace connector
