#include "connector/transport/http2/alpn_link.hpp"

#include "connector/base/log.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

namespace connector {

alpn_link::alpn_link(event_loop& loop, std::shared_ptr<next_hop> hop, http2::flood_counts& floods,
                     std::chrono::milliseconds ask_again_after)
    : loop_{loop},
      hop_{std::move(hop)},
      choice_{ask_again_after},
      http1_{loop, hop_},
      http2_{loop, hop_, floods, this} {}

std::optional<reject_reason> alpn_link::send(carried_packet& packet, ilp::bytes_view prepare) {
    if (uses_http1_) ask_again_if_due();
    return uses_http1_ ? http1_.send(packet, prepare) : http2_.send(packet, prepare);
}

std::optional<reject_reason> alpn_link::send(carried_packet& packet, ilp::bytes_view body, const request_form& form) {
    if (uses_http1_) ask_again_if_due();
    return uses_http1_ ? http1_.send(packet, body, form) : http2_.send(packet, body, form);
}

std::optional<reject_reason> alpn_link::send_parts(carried_packet& packet, ilp::bytes_view prepare,
                                                   const parting& how) {
    if (uses_http1_) ask_again_if_due();
    return uses_http1_ ? http1_.send_parts(packet, prepare, how) : http2_.send_parts(packet, prepare, how);
}

std::optional<reject_reason> alpn_link::ask_outcome(carried_packet& question, const peering::split_id& of) {
    if (uses_http1_) ask_again_if_due();
    return uses_http1_ ? http1_.ask_outcome(question, of) : http2_.ask_outcome(question, of);
}

void alpn_link::ask_again_if_due() {
    const ilp::steady_time now = loop_.now().steady;
    if (!has_http1()) {
        uses_http1_ = choice_.is_http2_avoided(now) && !http1_.is_failing();
    } else if (choice_.is_question_due(now)) [[unlikely]] {
        choice_.http1_chosen(now);
        http2_.ask();
    }
}

std::optional<reject_reason> alpn_link::withdraw(carried_packet& packet) {
    if (const auto reason = http2_.withdraw(packet)) return reason;
    return http1_.withdraw(packet);
}

void alpn_link::forget(carried_packet& packet) {
    http2_.forget(packet);
    http1_.forget(packet);
}

void alpn_link::retire() {
    http2_.retire();
    http1_.retire();
}

void alpn_link::chose_http2() {
    if (std::exchange(uses_http1_, false)) http1_.leave();
}

void alpn_link::chose_http1(tcp_connection& connection) {
    choice_.http1_chosen(loop_.now().steady);
    use_http1(&connection);
}

/// The packets that wait are sent over HTTP/1.1, the first of them on this connection if there is one. It is taken over
/// before they come, so that they do not make another, and after they have left, so that its end makes none.
void alpn_link::use_http1(tcp_connection* connection) {
    uses_http1_ = true;
    http1_.come_back();
    http2_.leave();
    const std::vector<http2_link::waiting_request> waiting = http2_.take_waiting();
    if (connection != nullptr) http1_.take_over(*connection);
    for (const http2_link::waiting_request& each : waiting) {
        if (each.how) {
            each.packet->sent_at = loop_.now().steady;
            const auto refusal = http1_.send_parts(*each.packet, each.prepare, *each.how);
            if (refusal) each.packet->listener->failed(*each.packet, *refusal);
        } else if (each.own) {
            each.own->with_form([&](const request_form& form) { take(*each.packet, each.prepare, &form); });
        } else {
            take(*each.packet, each.prepare, nullptr);
        }
    }
}

bool alpn_link::take(carried_packet& packet, ilp::bytes_view prepare, const request_form* form) {
    if (!uses_http1_) return false;
    packet.sent_at = loop_.now().steady;
    const auto refusal = form == nullptr ? http1_.send(packet, prepare) : http1_.send(packet, prepare, *form);
    if (refusal) packet.listener->failed(packet, *refusal);
    return true;
}

bool alpn_link::connect_failed(std::string_view why, bool was_connected) {
    if (uses_http1_) return true;  // it was only asked
    if (!was_connected || http2_.is_connected()) return false;
    avoid_http2(fmt::format("connections that offer HTTP/2 end before the first packet: {}", why));
    return true;
}

void alpn_link::refused_http2() {
    avoid_http2("the peer refuses packets over HTTP/2");
}

void alpn_link::ended(bool was_of_use) {
    if (choice_.http2_ended(was_of_use)) avoid_http2("the peer answers no packet over HTTP/2");
}

void alpn_link::avoid_http2(std::string_view why) {
    if (uses_http1_) return;  // this failure has been counted
    choice_.http2_failed(loop_.now().steady);
    constexpr std::size_t lines_max = 4096;
    log::write_seldom({"HTTP/2 avoided", hop_->name(), lines_max}, log::level::info,
                      "packets to the peer use HTTP/1.1 for now, because HTTP/2 does not work",
                      {{"peer", hop_->name()}, {"reason", std::string{why}}});
    use_http1(nullptr);
}

}  // namespace connector
