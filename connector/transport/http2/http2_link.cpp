#include "connector/transport/http2/http2_link.hpp"

#include "connector/transport/allowed_addresses.hpp"
#include "connector/transport/peer_news.hpp"
#include "connector/transport/status_reason.hpp"

#include <algorithm>
#include <utility>

namespace connector {
namespace {

constexpr std::size_t http2_connections_max = 2;
/// Packets that may wait for each connection that is being made: so many streams every server takes.
constexpr std::size_t streams_expected = 100;

}  // namespace

http2_link::http2_link(event_loop& loop, const config::outgoing_http_settings& settings, std::string name,
                       std::chrono::milliseconds connection_age_max, std::unique_ptr<link_tls> tls)
    : loop_{loop},
      settings_{settings},
      name_{std::move(name)},
      tls_{std::move(tls)},
      credentials_{settings, loop.now().wall},
      request_block_{make_request_block({})},
      renewal_{connection_age_max} {}

ilp::bytes http2_link::make_request_block(const request_form& form) const {
    namespace table = http2::static_table;
    ilp::bytes block;
    http2::append_indexed(block, table::method_post);
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
    if (own_blocks_.empty()) [[likely]]
        return request_block_;
    const auto own = own_blocks_.find(&packet);
    return own == own_blocks_.end() ? request_block_ : own->second;
}

std::optional<reject_reason> http2_link::send(carried_packet& packet, ilp::bytes_view body, const request_form& form) {
    renew_credentials();
    own_blocks_.insert_or_assign(&packet, make_request_block(form));
    const auto refusal = send(packet, body);
    if (refusal) own_blocks_.erase(&packet);
    return refusal;
}

std::optional<reject_reason> http2_link::send(carried_packet& packet, ilp::bytes_view prepare) {
    packet.sent_again = false;
    renew_credentials();
    if (http2_connection* const free = find_room()) [[likely]] {
        free->carry(packet, block_of(packet), prepare);
        return {};
    }
    if (reachability_.refuses(loop_.now().steady, connecting_ != 0) && !is_connected()) {
        return reject_reason::next_hop_unreachable;
    }
    // One packet may always wait: a link without a connection would otherwise never get one again.
    if (loop_.memory().is_waiting_full() && !waiting_.empty()) return reject_reason::next_hop_queue_full;
    if (may_open_connection()) {
        open_connection();
    } else if (waiting_.is_full_for(packet.sender, settings_.max_waiting + connecting_ * streams_expected,
                                    loop_.now().steady)) {
        return reject_reason::next_hop_queue_full;
    }
    waiting_.add(packet, {prepare.begin(), prepare.end()});
    return {};
}

std::optional<reject_reason> http2_link::withdraw(carried_packet& packet) {
    if (!waiting_.remove(packet)) return {};
    own_blocks_.erase(&packet);
    return is_connected() ? reject_reason::next_hop_queue_full : reject_reason::next_hop_unreachable;
}

void http2_link::forget(carried_packet& packet) {
    std::ranges::any_of(connections_, [&](const auto& each) { return each->forget(packet); });
    own_blocks_.erase(&packet);
    if (renewal_.failed(loop_.now().steady)) replace_connections();
}

void http2_link::retire() {
    retired_ = true;
    if (!waiting_.empty()) return;  // they leave once these are served
    for (std::size_t i = connections_.size(); i-- > 0;) connections_[i]->leave();
}

/// A connection that takes one more packet; null if there is none. Outdated ones take none.
http2_connection* http2_link::find_room() {
    for (const auto& each : connections_) {
        if (!each->may_carry()) continue;
        if (loop_.now().steady < each->use_until) return each.get();
        each->leave();
    }
    return nullptr;
}

bool http2_link::may_open_connection() const {
    const auto in_use = std::ranges::count_if(connections_, [](const auto& each) { return !each->is_leaving(); });
    return connecting_ == 0 &&
           static_cast<std::size_t>(in_use) < std::min<std::size_t>(http2_connections_max, settings_.max_connections);
}

void http2_link::open_connection() {
    auto& opened = *connections_.emplace_back(std::make_unique<http2_connection>(*this, loop_));
    opened.use_until = renewal_.use_until(loop_.now().steady);
    ++connecting_;
    dial_target target{settings_.endpoint.host(), settings_.endpoint.port()};
    restrict_addresses(target, settings_);
    opened.connect(std::move(target), tls_ ? tls_->make_filter() : nullptr);
}

bool http2_link::is_connected() const {
    return std::ranges::any_of(connections_, [](const auto& each) { return each->is_usable() && !each->is_leaving(); });
}

/// Gives waiting packets to connections that take them, and makes one if there is none.
void http2_link::serve_waiting() {
    while (!waiting_.empty()) {
        http2_connection* const free = find_room();
        if (free == nullptr) {
            if (may_open_connection() && !reachability_.is_paused(loop_.now().steady)) open_connection();
            return;
        }
        const waiting_packets::entry next = waiting_.take();
        next.packet->sent_at = loop_.now().steady;
        free->carry(*next.packet, block_of(*next.packet), next.octets);
    }
    if (retired_) retire();
}

void http2_link::refuse_waiting() {
    for (std::size_t left = waiting_.size(); left > 0; --left) {
        failed(*waiting_.take().packet, reject_reason::next_hop_unreachable);
    }
}

void http2_link::usable(http2_connection&) {
    --connecting_;
    if (const auto* const news = reachability_.connected()) report_peer_news(*news, name_, settings_.endpoint.url());
    serve_waiting();
    if (retired_ && waiting_.empty()) retire();
}

void http2_link::connect_failed(const dial_failure& failure) {
    --connecting_;
    const std::string why = failure.not_allowed ? why_not_allowed(settings_) : failure.why;
    if (const auto* const news = reachability_.connect_failed(loop_.now().steady, why)) {
        report_peer_news(*news, name_, settings_.endpoint.url(), failure.lacks_descriptors);
    }
    if (!is_connected()) refuse_waiting();
}

void http2_link::answered(carried_packet& packet, unsigned status, ilp::bytes_span body) {
    if (const auto* const news = reachability_.answered(status)) {
        report_peer_news(*news, name_, settings_.endpoint.url());
    }
    packet.status = static_cast<std::uint16_t>(status);
    if (const auto reason = reason_of_status(status)) {
        failed(packet, *reason);
    } else {
        own_blocks_.erase(&packet);
        packet.listener->answered(packet, body);
    }
    if (renewal_.answered(status, loop_.now().steady)) replace_connections();
}

/// The present ones carry no further packet. Whoever needs a connection makes a new one, which looks the name up.
void http2_link::replace_connections() {
    for (const auto& each : connections_) each->use_until = loop_.now().steady;
}

void http2_link::failed(carried_packet& packet, reject_reason reason) {
    own_blocks_.erase(&packet);
    packet.listener->failed(packet, reason);
}

/// It may be sent once more. A peer that refuses it again is busy.
void http2_link::not_processed(carried_packet& packet, ilp::bytes prepare) {
    if (std::exchange(packet.sent_again, true)) return failed(packet, reject_reason::next_hop_busy);
    waiting_.put_back(packet, std::move(prepare));
    serve_waiting();
}

void http2_link::has_room(http2_connection&) {
    serve_waiting();
}

void http2_link::closed(http2_connection& connection) {
    const auto place = std::ranges::find_if(connections_, [&](const auto& each) { return each.get() == &connection; });
    std::swap(*place, connections_.back());
    loop_.dispose(std::move(connections_.back()));
    connections_.pop_back();
    if (waiting_.empty()) return;
    if (reachability_.is_failing() && !is_connected() && connecting_ == 0) return refuse_waiting();
    serve_waiting();
}

}  // namespace connector
