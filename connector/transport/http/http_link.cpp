#include "connector/transport/http/http_link.hpp"

#include "connector/transport/http/split_request.hpp"
#include "connector/transport/part_writer.hpp"
#include "connector/transport/status_reason.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace connector {
namespace {

std::string make_request_head(const config::http_endpoint& endpoint, std::string_view bearer_token) {
    return fmt::format(
        "POST {} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/octet-stream\r\n"
        "Accept: application/octet-stream\r\nContent-Length: ",
        endpoint.target(), endpoint.host_field(), bearer_token);
}

}  // namespace

http_link::http_link(event_loop& loop, const config::outgoing_http_settings& settings, std::string name,
                     std::chrono::milliseconds connection_age_max, std::unique_ptr<link_tls> tls)
    : http_link{loop, std::make_shared<next_hop>(loop, settings, std::move(name), connection_age_max, std::move(tls))} {
}

http_link::http_link(event_loop& loop, std::shared_ptr<next_hop> hop)
    : loop_{loop},
      hop_{std::move(hop)},
      credentials_{settings_, loop.now().wall},
      request_head_{make_request_head(settings_.endpoint, credentials_.bearer_token())} {}

void http_link::append_request(ilp::bytes& out, ilp::bytes_view body, const request_form* form) {
    if (credentials_.is_due(loop_.now().wall)) [[unlikely]] {
        credentials_.renew(loop_.now().wall);
        request_head_ = make_request_head(settings_.endpoint, credentials_.bearer_token());
    }
    std::array<char, 24> length;
    const char* const end = std::to_chars(length.data(), length.data() + length.size(), body.size()).ptr;
    std::string_view head = request_head_;
    if (form != nullptr) [[unlikely]] {
        const std::size_t first_line = head.find("\r\n") + 2;
        if (form->target.empty()) {
            ilp::append(out, head.substr(0, first_line));
        } else {
            ilp::append(out, form->is_get ? "GET " : "POST ");
            ilp::append(out, form->target);
            ilp::append(out, " HTTP/1.1\r\n");
        }
        for (const auto& [name, value] : form->fields) {
            ilp::append(out, name);
            ilp::append(out, ": ");
            ilp::append(out, value);
            ilp::append(out, "\r\n");
        }
        head.remove_prefix(first_line);
    }
    ilp::append(out, head);
    ilp::append(out, std::string_view{length.data(), end});
    ilp::append(out, "\r\n\r\n");
    ilp::append(out, body);
}

std::optional<reject_reason> http_link::send(carried_packet& packet, ilp::bytes_view body, const request_form* form) {
    packet.sent_again = 0;
    packet.parts = 1;
    if (http_connection* const idle = take_idle()) [[likely]] {
        append_request(idle->carry(packet), body, form);
        return {};
    }
    return wait(packet, [&](ilp::bytes& out) { append_request(out, body, form); });
}

std::optional<reject_reason> http_link::send_parts(carried_packet& packet, ilp::bytes_view prepare,
                                                   const parting& how) {
    packet.sent_again = 0;
    packet.parts = static_cast<std::uint16_t>(how.plan.parts());
    const auto append = [&](ilp::bytes& out) {
        part_writer parts{prepare, how};
        for (std::uint32_t part = 0; part < parts.parts(); ++part) {
            parts.write(part);
            const std::array fields{http::header_field{peering::split_field, parts.label()}};
            const request_form form{.fields = fields};
            append_request(out, parts.prepare(), &form);
        }
    };
    if (http_connection* const idle = take_idle()) {
        append(idle->carry(packet));
        return {};
    }
    return wait(packet, append);
}

std::optional<reject_reason> http_link::ask_outcome(carried_packet& question, const peering::split_id& of) {
    const std::string target = http::outcome_target(settings_.endpoint.target(), of);
    const request_form form{.target = target, .is_get = true};
    question.parts = 1;
    question.sent_again = 0;
    question.is_question = true;
    if (http_connection* const idle = take_idle()) {
        append_request(idle->carry(question), {}, &form);
        return {};
    }
    if (hop_->refuses(connecting_ != 0) && !is_connected()) return reject_reason::next_hop_unreachable;
    ilp::bytes request;
    append_request(request, {}, &form);
    questions_.add(question, std::move(request));
    connect_for_waiting();
    return {};
}

/// Has a packet wait for a connection, with the requests that `append` writes.
template <typename Append>
std::optional<reject_reason> http_link::wait(carried_packet& packet, const Append& append) {
    if (hop_->refuses(connecting_ != 0) && !is_connected()) return reject_reason::next_hop_unreachable;
    // One packet may always wait: a link without a connection would otherwise never get one again.
    if (loop_.memory().is_waiting_full() && waiting_count() != 0) return reject_reason::next_hop_queue_full;
    if (connections_.size() < settings_.max_connections && connecting_ <= waiting_count()) {
        open_connection();
    } else if (waiting_.is_full_for(packet.sender, settings_.max_waiting + connecting_, loop_.now().steady)) {
        return reject_reason::next_hop_queue_full;
    }
    ilp::bytes request;
    append(request);
    waiting_.add(packet, std::move(request));
    return {};
}

std::optional<reject_reason> http_link::withdraw(carried_packet& packet) {
    if (!waiting_.remove(packet) && !again_.remove(packet) && !questions_.remove(packet)) return {};
    return is_connected() ? reject_reason::next_hop_queue_full : reject_reason::next_hop_unreachable;
}

void http_link::forget(carried_packet& packet) {
    const auto carrier = std::ranges::find_if(connections_, [&](const auto& c) { return c->packet() == &packet; });
    if (carrier == connections_.end()) return;
    (*carrier)->abandon();  // its answer is still to come
    if (!packet.is_question && hop_->is_outdated_by_silence()) replace_connections();
}

void http_link::retire() {
    retired_ = true;
    while (!idle_.empty()) idle_.back()->abandon();
}

/// The present ones carry no further packet. Whoever needs a connection makes a new one, which looks the name up.
void http_link::replace_connections() {
    for (const auto& each : connections_) each->use_until = loop_.now().steady;
}

/// Null if there is none that may be used. Outdated ones are closed.
http_connection* http_link::take_idle() {
    while (!idle_.empty()) {
        http_connection* const taken = idle_.back();
        idle_.pop_back();
        if (!is_outdated(*taken)) return taken;
        taken->abandon();
    }
    return nullptr;
}

http_connection& http_link::add_connection() {
    auto& added = *connections_.emplace_back(std::make_unique<http_connection>(*this, loop_));
    added.use_until = hop_->use_until();
    ++connecting_;
    return added;
}

void http_link::open_connection() {
    add_connection().connect(hop_->target(), hop_->make_filter(http_offer::http1));
}

void http_link::take_over(tcp_connection& established) {
    if (connections_.size() < settings_.max_connections) add_connection().take_over(established);
}

void http_link::leave() {
    left_ = true;
    while (!idle_.empty()) idle_.back()->abandon();
    if (waiting_count() == 0) abandon_connecting();
}

void http_link::abandon_connecting() {
    for (std::size_t i = connections_.size(); i-- > 0;) {  // each may be removed while it is abandoned
        http_connection& each = *connections_[i];
        if (!each.is_connecting()) continue;
        --connecting_;
        each.abandon();
    }
}

void http_link::carry_first(waiting_packets& queue, http_connection& idle) {
    waiting_packets::entry next = queue.take();
    next.packet->sent_at = loop_.now().steady;
    idle.carry(*next.packet) = std::move(next.octets);
}

/// Gives an idle connection the next packet that waits.
void http_link::use(http_connection& idle) {
    if (!questions_.empty()) {
        carry_first(questions_, idle);
    } else if (connections_.size() > settings_.max_connections) {
        idle.abandon();  // it was made for a question
    } else if (!waiting_.empty()) {
        carry_first(waiting_, idle);
    } else {
        idle_.push_back(&idle);
        if (retired_ || left_) idle.abandon();
    }
}

bool http_link::is_connected() const {
    return std::ranges::any_of(connections_, [](const auto& connection) { return connection->is_usable(); });
}

void http_link::refuse(waiting_packets& queue) {
    for (std::size_t left = queue.size(); left > 0; --left) {
        carried_packet& packet = *queue.take().packet;
        packet.listener->failed(packet, reject_reason::next_hop_unreachable);
    }
}

void http_link::usable(http_connection& connection) {
    --connecting_;
    hop_->connected();
    // A connection beyond the maximum is for questions.
    if (again_.empty() || connections_.size() > settings_.max_connections) return use(connection);
    carry_first(again_, connection);
}

void http_link::free_again(http_connection& connection) {
    if (is_outdated(connection)) return connection.abandon();
    use(connection);
}

void http_link::connect_failed(const dial_failure& failure) {
    --connecting_;
    is_failing_ = true;
    if (!left_) hop_->connect_failed(failure);
    // Waiting packets are refused even if other connects are in progress: those are likely to fail as well.
    refuse(again_);
    refuse(questions_);
    if (!is_connected()) refuse(waiting_);
}

void http_link::refused(std::string_view why) {
    hop_->refused(why);
}

void http_link::answered(http_connection& connection, carried_packet& packet, unsigned status, ilp::bytes_span body) {
    is_failing_ = false;
    hop_->answered(status);
    packet.status = static_cast<std::uint16_t>(status);
    if (const auto reason = reason_of_status(status)) {
        packet.listener->failed(packet, *reason);
    } else {
        packet.listener->answered(packet, body);
    }
    if (hop_->is_outdated_by(status)) replace_connections();
    if (connection.is_idle()) free_again(connection);
}

void http_link::failed(carried_packet& packet, reject_reason reason) {
    is_failing_ = true;
    packet.listener->failed(packet, reason);
}

void http_link::not_sent(carried_packet& packet, ilp::bytes request) {
    (packet.is_question ? questions_ : waiting_).put_back(packet, std::move(request));
    if (http_connection* const idle = take_idle()) return use(*idle);
    connect_for_waiting();
}

/// The other idle connections may have been closed by the peer just like this one, so the packet gets a new one.
void http_link::not_taken(carried_packet& packet, ilp::bytes request) {
    ++packet.sent_again;
    again_.add(packet, std::move(request));
    connect_for_waiting();
}

/// If there is no place for a connection now, closed() calls this again.
void http_link::connect_for_waiting() {
    if (connecting_ < waiting_count() && may_open_connection()) open_connection();
}

bool http_link::may_open_connection() const {
    return connections_.size() < settings_.max_connections + (questions_.empty() ? 0U : 1U);
}

void http_link::not_idle_any_more(http_connection& connection) {
    std::erase(idle_, &connection);
}

void http_link::closed(http_connection& connection) {
    const auto place = std::ranges::find_if(connections_, [&](const auto& c) { return c.get() == &connection; });
    std::swap(*place, connections_.back());
    loop_.dispose(std::move(connections_.back()));
    connections_.pop_back();
    // Those that wait for a new connection get one attempt each, also during a pause.
    const bool may_connect = left_ ? !is_connected() : !hop_->is_paused();
    if (!again_.empty() || may_connect) return connect_for_waiting();
    if (connecting_ == 0 && !is_connected()) refuse(questions_);
    if (connecting_ >= waiting_.size()) return;
    // Packets that can still wait for an established connection keep waiting. Opening a new connection for each one
    // that failed would never end.
    if (!is_connected() && (connecting_ == 0 || hop_->is_failing())) refuse(waiting_);
}

}  // namespace connector
