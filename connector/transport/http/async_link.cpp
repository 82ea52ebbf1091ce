#include "connector/transport/http/async_link.hpp"

#include <boost/asio/post.hpp>

#include <array>
#include <chrono>
#include <utility>

namespace connector {
namespace {

constexpr unsigned accepted = 202;
/// For the response to a request whose packet has its answer already. It occupies a connection, or a stream.
constexpr std::chrono::seconds response_time_max{5};
constexpr std::size_t spare_packets_max = 1024;

}  // namespace

asynchronous_packet::asynchronous_packet(async_link& link)
    : deadline{[](deadline& self) {
          auto& due = static_cast<asynchronous_packet&>(self);
          due.link.on_deadline(due);
      }},
      link{link} {}

awaited_replies::awaited_replies(event_loop& loop, std::shared_ptr<expected_replies> shared)
    : loop_{loop}, shared_{std::move(shared)} {}

void awaited_replies::add(asynchronous_packet& packet, std::uint32_t peer) {
    packets_.emplace(packet.id, &packet);
    shared_->expect(packet.id, peer, packet.due, *this);
}

void awaited_replies::remove(const asynchronous_packet& packet) {
    if (packets_.erase(packet.id) != 0) shared_->retract(packet.id);
}

void awaited_replies::take_reply(const request_id& id, ilp::bytes answer, const trace_id& trace) {
    boost::asio::post(loop_.context(), [this, id, answer = std::move(answer), trace]() mutable {
        loop_.enter();
        const auto found = packets_.find(id);
        if (found != packets_.end()) found->second->link.replied(*found->second, answer, trace);
    });
}

async_link::async_link(std::unique_ptr<request_link> below, std::uint32_t peer,
                       const config::http_endpoint& callback_url, awaited_replies& replies)
    : below_{std::move(below)}, peer_{peer}, callback_url_{callback_url.url()}, replies_{replies} {}

async_link::owned_packet async_link::take_spare() {
    if (spare_.empty()) return std::make_unique<asynchronous_packet>(*this);
    owned_packet taken = std::move(spare_.back());
    spare_.pop_back();
    return taken;
}

void async_link::give_back(owned_packet packet) {
    packet->cancel();
    if (spare_.size() < spare_packets_max) spare_.push_back(std::move(packet));
}

std::optional<reject_reason> async_link::send(carried_packet& packet, ilp::bytes_view prepare) {
    owned_packet made = take_spare();
    made->listener = this;
    made->sender = packet.sender;
    made->sent_at = packet.sent_at;
    made->due = packet.due;
    made->status = 0;
    made->sent_for = &packet;
    made->id = request_id::random();
    made->is_posted = false;
    const request_id::text_form id = made->id.text();
    const std::array fields{http::header_field{"Prefer", "respond-async"},
                            http::header_field{"Callback-Url", callback_url_},
                            http::header_field{"Request-Id", as_text(id)}};
    if (const auto refusal = below_->send(*made, prepare, {.fields = fields})) {
        give_back(std::move(made));
        return refusal;
    }
    replies_.add(*made, peer_);
    packets_.emplace(&packet, std::move(made));
    return {};
}

/// The packet has its outcome. Returns whose it is.
carried_packet* async_link::end(asynchronous_packet& packet) {
    carried_packet* const sent_for = std::exchange(packet.sent_for, nullptr);
    replies_.remove(packet);
    const auto place = packets_.find(sent_for);
    owned_packet kept = std::move(place->second);
    packets_.erase(place);
    sent_for->sent_at = kept->sent_at;
    if (kept->is_posted) {
        give_back(std::move(kept));
    } else {
        replies_.loop().set(*kept, replies_.loop().now().steady + response_time_max);
        ended_.emplace(kept.get(), std::move(kept));
    }
    return sent_for;
}

/// Its request has ended after its packet.
void async_link::end_request(asynchronous_packet& packet) {
    const auto place = ended_.find(&packet);
    owned_packet kept = std::move(place->second);
    ended_.erase(place);
    give_back(std::move(kept));
}

void async_link::on_deadline(asynchronous_packet& packet) {
    if (!below_->withdraw(packet)) below_->forget(packet);
    end_request(packet);
}

std::optional<reject_reason> async_link::withdraw(carried_packet& packet) {
    asynchronous_packet& found = *packets_.at(&packet);
    const auto reason = found.is_posted ? std::nullopt : below_->withdraw(found);
    if (!reason) return {};
    found.is_posted = true;
    end(found);
    return reason;
}

bool async_link::give_up_answer(carried_packet& packet) {
    return replies_.give_up_answer(*packets_.at(&packet));
}

void async_link::forget(carried_packet& packet) {
    asynchronous_packet& found = *packets_.at(&packet);
    if (!std::exchange(found.is_posted, true)) below_->forget(found);
    end(found);
}

/// The peer has been told that its answer came in time.
void async_link::replied(asynchronous_packet& packet, ilp::bytes_span answer, const trace_id& trace) {
    carried_packet& sent_for = *end(packet);
    sent_for.came_in_time = true;
    sent_for.trace = trace;
    sent_for.listener->answered(sent_for, answer);
}

void async_link::answered(carried_packet& carried, ilp::bytes_span answer) {
    auto& packet = static_cast<asynchronous_packet&>(carried);
    packet.is_posted = true;
    if (packet.sent_for == nullptr) return end_request(packet);
    if (packet.status == accepted || !replies_.give_up_answer(packet)) return;
    const trace_id trace = packet.trace;
    carried_packet& sent_for = *end(packet);
    sent_for.trace = trace;
    sent_for.listener->answered(sent_for, answer);
}

/// If the connection was lost, the peer may have the packet, and its answer may still come.
void async_link::failed(carried_packet& carried, reject_reason reason) {
    auto& packet = static_cast<asynchronous_packet&>(carried);
    packet.is_posted = true;
    if (packet.sent_for == nullptr) return end_request(packet);
    if (reason == reject_reason::next_hop_connection_lost || !replies_.give_up_answer(packet)) return;
    carried_packet& sent_for = *end(packet);
    sent_for.listener->failed(sent_for, reason);
}

}  // namespace connector
