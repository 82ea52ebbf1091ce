#include "connector/transport/http/http_link.hpp"

#include "connector/base/log.hpp"
#include "connector/transport/http/http_connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace connector {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds pause_min{50};
constexpr milliseconds pause_max{1000};

// After the pause, only one packet tries to connect again: if the peer's host silently drops connection attempts,
// further packets would otherwise wait for as long as a connect may take.
constexpr milliseconds caution_time{10'000};

std::string make_request_head(const config::outgoing_http_settings& settings) {
    const auto& endpoint = settings.endpoint;
    return fmt::format(
        "POST {} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/octet-stream\r\n"
        "Accept: application/octet-stream\r\nContent-Length: ",
        endpoint.target(), endpoint.host_field(), settings.auth_token.reveal());
}

/// What counts as one state of a peer in the log. Statuses that only an operator can mend are told apart.
std::string_view state_class(std::string_view state) {
    if (state == "status 401" || state == "status 403" || state == "status 404") return state;
    return state.substr(0, std::string_view{"status 5"}.size());
}

}  // namespace

http_link::http_link(event_loop& loop, link_listener& listener, const config::outgoing_http_settings& settings,
                     std::string name)
    : loop_{loop},
      listener_{listener},
      settings_{settings},
      name_{std::move(name)},
      request_head_{make_request_head(settings)} {}

http_link::~http_link() = default;

void http_link::append_request(ilp::bytes& out, ilp::bytes_view prepare) const {
    std::array<char, 24> length;
    const char* const end = std::to_chars(length.data(), length.data() + length.size(), prepare.size()).ptr;
    ilp::append(out, request_head_);
    ilp::append(out, std::string_view{length.data(), end});
    ilp::append(out, "\r\n\r\n");
    ilp::append(out, prepare);
}

std::optional<reject_reason> http_link::send(packet_in_flight& packet, ilp::bytes_view prepare) {
    if (!idle_.empty()) {
        http_connection& connection = *idle_.back();
        idle_.pop_back();
        ilp::bytes request = connection.take_request_buffer();
        append_request(request, prepare);
        connection.carry(packet, std::move(request));
        busy_to_flush(connection);
        return {};
    }
    if (is_unreachable() && loop_.now().steady < paused_until_ + (connecting_ == 0 ? milliseconds{0} : caution_time)) {
        return reject_reason::next_hop_unreachable;
    }
    if (connections_.size() < settings_.max_connections && connecting_ <= waiting_.size()) {
        open_connection();
    } else if (waiting_.size() >= settings_.max_waiting + connecting_) {
        return reject_reason::next_hop_queue_full;
    }
    waiting_.push_back({&packet, {}});
    append_request(waiting_.back().octets, prepare);
    return {};
}

std::optional<reject_reason> http_link::withdraw(packet_in_flight& packet) {
    const auto found = std::ranges::find(waiting_, &packet, &waiting_packet::packet);
    if (found == waiting_.end()) return {};
    waiting_.erase(found);
    return has_established() ? reject_reason::next_hop_queue_full : reject_reason::next_hop_unreachable;
}

void http_link::forget(packet_in_flight& packet) {
    const auto carrier = std::ranges::find_if(connections_, [&](const auto& c) { return c->packet() == &packet; });
    if (carrier != connections_.end()) (*carrier)->abandon();  // its answer is still to come
}

void http_link::retire() {
    retired_ = true;
    while (!idle_.empty()) idle_.back()->abandon();
}

void http_link::flush() {
    for (std::size_t i = 0; i < to_flush_.size(); ++i) to_flush_[i]->flush();
    to_flush_.clear();
}

void http_link::open_connection() {
    connections_.push_back(std::make_unique<http_connection>(*this, loop_));
    ++connecting_;
    connections_.back()->connect(settings_.endpoint.host(), settings_.endpoint.port(), settings_.public_addresses_only);
}

bool http_link::has_established() const {
    return std::ranges::any_of(connections_, [](const auto& connection) { return connection->is_established(); });
}

bool http_link::is_unreachable() const {
    return pause_ != milliseconds{0} && !has_established();
}

void http_link::refuse_waiting() {
    const auto refused = std::exchange(waiting_, {});
    for (const waiting_packet& waiting : refused) {
        listener_.failed(*waiting.packet, reject_reason::next_hop_unreachable);
    }
}

void http_link::connected(http_connection& connection) {
    --connecting_;
    pause_ = milliseconds{0};
    if (reported_state_ == "unreachable") report("reachable", "peer is reachable again");
    ready(connection);
}

void http_link::connect_failed(http_connection&, const std::string& why, bool lacks_descriptors) {
    --connecting_;
    pause_ = std::clamp(pause_ * 2, pause_min, pause_max);
    paused_until_ = loop_.now().steady + pause_;
    if (reported_state_ != "unreachable") report("unreachable", "peer is unreachable: " + why, lacks_descriptors);
    // Waiting packets are refused even if other connects are in progress: those are likely to fail as well.
    if (is_unreachable()) refuse_waiting();
}

void http_link::ready(http_connection& connection) {
    if (waiting_.empty()) {
        idle_.push_back(&connection);
        if (retired_) connection.abandon();
        return;
    }
    waiting_packet next = std::move(waiting_.front());
    waiting_.pop_front();
    connection.carry(*next.packet, std::move(next.octets));
    busy_to_flush(connection);
}

/// The other side closed the connection before any byte of the request was sent, so the request may use another
/// connection.
void http_link::stale(packet_in_flight& packet, ilp::bytes request) {
    waiting_.push_front({&packet, std::move(request)});
    if (!idle_.empty()) {
        http_connection& other = *idle_.back();
        idle_.pop_back();
        ready(other);
    } else if (connecting_ < waiting_.size() && connections_.size() < settings_.max_connections) {
        open_connection();
    }
}

void http_link::busy_to_flush(http_connection& connection) {
    to_flush_.push_back(&connection);
    loop_.flush_prepares_of(*this);
}

void http_link::not_idle_any_more(http_connection& connection) {
    std::erase(idle_, &connection);
}

void http_link::gone(http_connection& connection) {
    const auto place = std::ranges::find_if(connections_, [&](const auto& c) { return c.get() == &connection; });
    std::swap(*place, connections_.back());
    loop_.dispose(std::move(connections_.back()));
    connections_.pop_back();
    if (connecting_ >= waiting_.size()) return;
    if (loop_.now().steady >= paused_until_) {
        if (connections_.size() < settings_.max_connections) open_connection();
        return;
    }
    // Packets that can still wait for an established connection keep waiting. Opening a new connection for each one
    // that failed would never end.
    if (is_unreachable()) refuse_waiting();
}

void http_link::answered_with_status(unsigned status) {
    if (status < 300) {
        if (!reported_state_.empty() && reported_state_ != "ok") report("ok", "peer accepts our packets again");
        return;
    }
    std::string state = fmt::format("status {}", status);
    if (state == reported_state_) return;
    const bool misconfigured = status == 401 || status == 403 || status == 404;
    report(std::move(state), misconfigured ? fmt::format("peer refuses our packets with HTTP status {}: check endpoint "
                                                         "and auth_token of http.outgoing",
                                                         status)
                                           : fmt::format("peer answers with HTTP status {}", status));
}

/// A peer that goes and comes, or answers differently each time, writes one line for each state within a while; the
/// statuses of one class count as one state (state_class()). A lack of descriptors concerns all peers, so one line is
/// enough for them.
void http_link::report(std::string state, std::string_view message, bool lacks_descriptors) {
    reported_state_ = std::move(state);
    const bool good = reported_state_ == "ok" || reported_state_ == "reachable";
    constexpr std::size_t lines_max = 4096;
    const auto source = lacks_descriptors ? std::string{} : fmt::format("{} {}", name_, state_class(reported_state_));
    log::write_seldom({lacks_descriptors ? "no descriptors" : "peer", source, lines_max},
                      good ? log::level::info : log::level::warn, message,
                      {{"peer", name_}, {"endpoint", settings_.endpoint.url()}});
}

}  // namespace connector
