#include "connector/transport/http2/http2_link.hpp"

#include "connector/base/log.hpp"
#include "connector/transport/http/split_request.hpp"
#include "connector/transport/part_writer.hpp"
#include "connector/transport/status_reason.hpp"

#include <algorithm>
#include <utility>

namespace connector {
namespace {

/// Connections to a peer that takes enough streams on each.
constexpr std::size_t http2_connections_usual = 2;
/// Packets that may wait for each connection that is being made: so many streams every usual server takes.
constexpr std::size_t streams_expected = 100;
constexpr std::uint8_t times_sent_again_max = 3;

}  // namespace

http2_link::http2_link(event_loop& loop, const config::outgoing_http_settings& settings, std::string name,
                       std::chrono::milliseconds connection_age_max, http2::flood_counts& floods,
                       std::unique_ptr<link_tls> tls)
    : http2_link{loop, std::make_shared<next_hop>(loop, settings, std::move(name), connection_age_max, std::move(tls)),
                 floods, nullptr} {}

http2_link::http2_link(event_loop& loop, std::shared_ptr<next_hop> hop, http2::flood_counts& floods, alternative* other)
    : loop_{loop},
      hop_{std::move(hop)},
      floods_{floods},
      other_{other},
      credentials_{settings_, loop.now().wall},
      request_block_{make_request_block({})} {}

http2_link::own_request::own_request(const request_form& form, ilp::bytes block)
    : block_{std::move(block)}, target_{form.target}, is_get_{form.is_get} {
    for (const auto& [name, value] : form.fields) fields_.emplace_back(name, value);
}

ilp::bytes http2_link::make_request_block(const request_form& form) const {
    namespace table = http2::static_table;
    ilp::bytes block;
    http2::append_indexed(block, form.is_get ? table::method_get : table::method_post);
    http2::append_indexed(block, settings_.endpoint.is_https() ? table::scheme_https : table::scheme_http);
    if (form.target.empty()) {
        http2::append_literal(block, table::path, settings_.endpoint.target());
    } else {
        http2::append_literal(block, table::path, form.target);
    }
    http2::append_literal(block, table::authority, settings_.endpoint.host_field());
    http2::append_literal(block, table::authorization, "Bearer " + std::string{credentials_.bearer_token()}, true);
    http2::append_literal(block, table::content_type, "application/octet-stream");
    http2::append_literal(block, table::accept, "application/octet-stream");
    for (const auto& [name, value] : form.fields) http2::append_named(block, name, value);
    return block;
}

void http2_link::renew_credentials() {
    if (!credentials_.is_due(loop_.now().wall)) [[likely]]
        return;
    credentials_.renew(loop_.now().wall);
    request_block_ = make_request_block({});
}

ilp::bytes_view http2_link::block_of(const carried_packet& packet) const {
    if (own_requests_.empty()) [[likely]]
        return request_block_;
    const auto own = own_requests_.find(&packet);
    return own == own_requests_.end() ? ilp::bytes_view{request_block_} : own->second.block();
}

std::optional<http2_link::own_request> http2_link::take_own(const carried_packet& packet) {
    const auto own = own_requests_.find(&packet);
    if (own == own_requests_.end()) return {};
    own_request taken = std::move(own->second);
    own_requests_.erase(own);
    return taken;
}

std::vector<http2_link::waiting_request> http2_link::take_waiting() {
    std::vector<waiting_request> taken;
    while (!waiting_.empty()) {
        waiting_packets::entry next = waiting_.take();
        waiting_request& made = taken.emplace_back(next.packet, std::move(next.octets), take_own(*next.packet));
        if (next.packet->parts == 1) continue;
        made.how = waiting_parts_.at(next.packet);
        waiting_parts_.erase(next.packet);
    }
    return taken;
}

std::optional<reject_reason> http2_link::send(carried_packet& packet, ilp::bytes_view body, const request_form& form) {
    renew_credentials();
    own_requests_.insert_or_assign(&packet, own_request{form, make_request_block(form)});
    const auto refusal = send(packet, body);
    if (refusal) own_requests_.erase(&packet);
    return refusal;
}

std::optional<reject_reason> http2_link::ask_outcome(carried_packet& question, const peering::split_id& of) {
    const std::string target = http::outcome_target(settings_.endpoint.target(), of);
    question.is_question = true;
    return send(question, {}, request_form{.target = target, .is_get = true});
}

std::optional<reject_reason> http2_link::send_parts(carried_packet& packet, ilp::bytes_view prepare,
                                                    const parting& how) {
    packet.sent_again = 0;
    packet.parts = static_cast<std::uint16_t>(how.plan.parts());
    renew_credentials();
    if (http2_connection* const free = find_room(packet.parts)) {
        carry_parts(*free, packet, prepare, how);
        return {};
    }
    if (is_for_nobody(packet)) return reject_reason::next_hop_queue_full;
    waiting_parts_.insert_or_assign(&packet, how);
    const auto refusal = wait(packet, prepare);
    if (refusal) waiting_parts_.erase(&packet);
    return refusal;
}

void http2_link::carry_parts(http2_connection& on, carried_packet& packet, ilp::bytes_view prepare,
                             const parting& how) {
    part_writer parts{prepare, how};
    ilp::bytes block;
    for (std::uint32_t part = 0; part < parts.parts(); ++part) {
        parts.write(part);
        block.assign(request_block_.begin(), request_block_.end());
        http2::append_named(block, peering::split_field, parts.label());
        on.carry(packet, block, parts.prepare());
    }
}

/// The streams that the peer takes on a connection, as far as it has said so; 0 before that. It may have changed its
/// mind since a connection was made.
std::size_t http2_link::most_places() const {
    std::size_t most = 0;
    for (const auto& each : connections_) {
        if (each->is_usable() && !each->is_leaving()) most = std::max(most, each->streams_max());
    }
    return most == 0 ? places_of_last_ : most;
}

/// True if the packet has more parts than the peer takes streams on any connection.
bool http2_link::is_for_nobody(const carried_packet& packet) const {
    const std::size_t most = most_places();
    return most != 0 && packet.parts > most;
}

std::optional<reject_reason> http2_link::send(carried_packet& packet, ilp::bytes_view prepare) {
    packet.sent_again = 0;
    packet.parts = 1;
    renew_credentials();
    if (http2_connection* const free = find_room()) [[likely]] {
        free->carry(packet, block_of(packet), prepare);
        return {};
    }
    return wait(packet, prepare);
}

/// Has a packet wait for a connection.
std::optional<reject_reason> http2_link::wait(carried_packet& packet, ilp::bytes_view prepare) {
    if (hop_->refuses(connecting_ != 0) && !is_connected()) return reject_reason::next_hop_unreachable;
    // One packet may always wait: a link without a connection would otherwise never get one again.
    // Nor do questions give way: there are at most two for a packet in parts, and an answer is worth money.
    if (!packet.is_question && loop_.memory().is_waiting_full() && !waiting_.empty()) {
        return reject_reason::next_hop_queue_full;
    }
    if (may_open_connection(waiting_.size() + 1)) {
        open_connection();
    } else if (!packet.is_question &&
               waiting_.is_full_for(packet.sender, settings_.max_waiting + connecting_ * streams_expected,
                                    loop_.now().steady)) {
        return reject_reason::next_hop_queue_full;
    }
    ilp::bytes octets{prepare.begin(), prepare.end()};
    if (packet.is_question) {
        waiting_.put_back(packet, std::move(octets));
    } else {
        waiting_.add(packet, std::move(octets));
    }
    return {};
}

std::optional<reject_reason> http2_link::withdraw(carried_packet& packet) {
    if (!waiting_.remove(packet)) return {};
    own_requests_.erase(&packet);
    waiting_parts_.erase(&packet);
    return is_connected() ? reject_reason::next_hop_queue_full : reject_reason::next_hop_unreachable;
}

void http2_link::forget(carried_packet& packet) {
    const bool was_carried = std::ranges::any_of(connections_, [&](const auto& each) { return each->forget(packet); });
    own_requests_.erase(&packet);
    if (was_carried && !packet.is_question && hop_->is_outdated_by_silence()) replace_connections();
}

void http2_link::retire() {
    retired_ = true;
    if (waiting_.empty()) leave();  // otherwise they leave once these are served
}

void http2_link::leave() {
    for (std::size_t i = connections_.size(); i-- > 0;) connections_[i]->leave();
}

void http2_link::ask() {
    if (connecting_ == 0 && !is_connected()) open_connection();
}

/// A connection that takes one more packet, in so many parts; null if there is none. Outdated ones take none.
http2_connection* http2_link::find_room(std::size_t parts) {
    for (const auto& each : connections_) {
        if (parts == 1 ? !each->may_carry() : !each->may_carry(parts)) continue;
        if (loop_.now().steady < each->use_until) return each.get();
        each->leave();
    }
    return nullptr;
}

/// `packets` have no place on the present connections.
bool http2_link::may_open_connection(std::size_t packets) const {
    const std::size_t expected = places_of_last_ == 0 ? streams_expected : places_of_last_;
    if (connecting_ * expected >= packets) return false;
    std::size_t in_use = 0;
    std::size_t places = connecting_ * expected;
    for (const auto& each : connections_) {
        if (each->is_leaving()) continue;
        ++in_use;
        if (each->is_usable()) places += each->places();
    }
    if (in_use >= settings_.max_connections) return false;
    // With HTTP/1.1, so many packets could be in flight as there may be connections.
    return in_use < http2_connections_usual || (places_of_last_ != 0 && places < settings_.max_connections);
}

void http2_link::open_connection() {
    auto& opened = *connections_.emplace_back(std::make_unique<http2_connection>(*this, loop_));
    opened.use_until = hop_->use_until();
    ++connecting_;
    opened.connect(hop_->target(), hop_->make_filter(other_ == nullptr ? http_offer::http2 : http_offer::both));
}

bool http2_link::is_connected() const {
    return std::ranges::any_of(connections_, [](const auto& each) { return each->is_usable() && !each->is_leaving(); });
}

/// Gives waiting packets to connections that take them, and makes one if there is none.
void http2_link::serve_waiting() {
    while (!waiting_.empty()) {
        http2_connection* const free = find_room();
        if (free == nullptr) {
            while (!hop_->is_paused() && may_open_connection(waiting_.size())) open_connection();
            // During a pause nobody else would come back to them.
            if (connecting_ == 0 && !is_connected()) refuse_waiting();
            return;
        }
        waiting_packets::entry next = waiting_.take();
        next.packet->sent_at = loop_.now().steady;
        if (next.packet->parts == 1) {
            free->carry(*next.packet, block_of(*next.packet), next.octets);
        } else if (is_for_nobody(*next.packet)) {
            failed(*next.packet, reject_reason::next_hop_queue_full);
        } else if (http2_connection* const for_all = find_room(next.packet->parts)) {
            carry_parts(*for_all, *next.packet, next.octets, waiting_parts_.at(next.packet));
            waiting_parts_.erase(next.packet);
        } else {
            waiting_.put_back(*next.packet, std::move(next.octets));
            if (!hop_->is_paused() && may_open_connection(waiting_.size())) open_connection();
            return;  // has_room() follows
        }
    }
    if (retired_) retire();
}

void http2_link::refuse_waiting() {
    for (std::size_t left = waiting_.size(); left > 0; --left) {
        failed(*waiting_.take().packet, reject_reason::next_hop_unreachable);
    }
}

void http2_link::usable(http2_connection& connection) {
    --connecting_;
    places_of_last_ = connection.places();
    hop_->connected();
    if (other_ != nullptr && !connection.is_leaving()) other_->chose_http2();
    serve_waiting();
    if (retired_ && waiting_.empty()) retire();
}

void http2_link::connect_failed(const dial_failure& failure, bool was_connected) {
    --connecting_;
    if (other_ != nullptr && other_->connect_failed(failure.why, was_connected)) return;
    hop_->connect_failed(failure);
    if (!is_connected()) refuse_waiting();
}

bool http2_link::declined(http2_connection& connection) {
    if (other_ == nullptr) return false;  // it may speak HTTP/2 without having been asked
    --connecting_;
    other_->chose_http1(connection);
    return true;
}

void http2_link::answered(carried_packet& packet, unsigned status, ilp::bytes_span body) {
    hop_->answered(status);
    packet.status = static_cast<std::uint16_t>(status);
    if (const auto reason = reason_of_status(status)) {
        failed(packet, *reason);
    } else {
        own_requests_.erase(&packet);
        packet.listener->answered(packet, body);
    }
    if (hop_->is_outdated_by(status)) replace_connections();
}

/// The present ones carry no further packet. Whoever needs a connection makes a new one, which looks the name up.
void http2_link::replace_connections() {
    for (const auto& each : connections_) each->use_until = loop_.now().steady;
}

void http2_link::failed(carried_packet& packet, reject_reason reason) {
    own_requests_.erase(&packet);
    if (packet.parts != 1) waiting_parts_.erase(&packet);
    packet.listener->failed(packet, reason);
}

/// It is sent again, also a few times: a packet may meet several connections that are about to end. A peer that goes on
/// refusing it is busy.
void http2_link::not_processed(carried_packet& packet, ilp::bytes prepare) {
    if (other_ != nullptr && give_away(packet, prepare)) return;
    if (packet.sent_again == times_sent_again_max) return failed(packet, reject_reason::next_hop_busy);
    ++packet.sent_again;
    waiting_.put_back(packet, std::move(prepare));
    serve_waiting();
}

/// Returns true if the packet is sent over HTTP/1.1 instead.
bool http2_link::give_away(carried_packet& packet, ilp::bytes_view prepare) {
    std::optional<own_request> own = take_own(packet);
    if (!own) return other_->take(packet, prepare, nullptr);
    if (own->with_form([&](const request_form& form) { return other_->take(packet, prepare, &form); })) return true;
    own_requests_.insert_or_assign(&packet, *std::move(own));
    return false;
}

void http2_link::refused_http2() {
    if (other_ != nullptr) other_->refused_http2();
}

void http2_link::has_room(http2_connection&) {
    serve_waiting();
}

/// Counts it, and tells the operator, if the peer has ended the connection with too much of something.
void http2_link::note_flood(const http2_connection& connection) {
    const auto kind = connection.flooded_by();
    if (!kind) return;
    floods_.note(*kind);
    constexpr std::size_t lines_max = 4096;
    log::write_seldom({"flood of a peer", hop_->name(), lines_max}, log::level::warn,
                      "ended a connection to the peer, which sent too many frames of HTTP/2 of a kind",
                      {{"peer", hop_->name()}, {"kind", std::string{http2::name_of(*kind)}}});
}

void http2_link::closed(http2_connection& connection) {
    note_flood(connection);
    if (other_ != nullptr && connection.has_carried()) other_->ended(connection.has_answered());
    const auto place = std::ranges::find_if(connections_, [&](const auto& each) { return each.get() == &connection; });
    std::swap(*place, connections_.back());
    loop_.dispose(std::move(connections_.back()));
    connections_.pop_back();
    if (waiting_.empty()) return;
    if (hop_->is_failing() && !is_connected() && connecting_ == 0) return refuse_waiting();
    serve_waiting();
}

}  // namespace connector
