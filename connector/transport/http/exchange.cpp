#include "connector/transport/http/exchange.hpp"

#include "config/value.hpp"
#include "ilp/packet.hpp"

#include <cstddef>
#include <utility>

namespace connector::http {
namespace {

constexpr exchange_response wrong_id{status::bad_request,
                                     "An asynchronous request needs a Request-Id, which is a UUID of version 4."};
constexpr exchange_response wrong_url{status::bad_request,
                                      "The scheme, host and port of a Callback-Url must be those of the URL at which "
                                      "this node sends you packets."};

constexpr std::size_t url_size_max = 512;  // it is kept until the answer has been delivered
constexpr exchange_response long_url{status::bad_request, "A Callback-Url may have 512 characters at most."};

/// The target at which an answer is posted. The error is that the URL is too long or leads elsewhere than to the peer.
std::expected<std::string, exchange_response> target_at(const config::http_endpoint& endpoint,
                                                        std::string_view callback_url) {
    if (endpoint.url().empty()) return std::unexpected{wrong_url};
    if (callback_url.empty()) return endpoint.target();
    if (callback_url.size() > url_size_max) return std::unexpected{long_url};
    const auto url = config::packet_url().parse(callback_url);
    if (!url || url->is_https() != endpoint.is_https() || !url->is_at_same_place_as(endpoint))
        return std::unexpected{wrong_url};
    return url->target();
}

}  // namespace

std::expected<std::optional<exchange>, exchange_response> exchange_of(const request_head& head,
                                                                      const config::outgoing_http_settings& peer) {
    const bool is_asynchronous = head.prefers_asynchronous || (!head.request_id.empty() && !head.callback_url.empty());
    const auto id = request_id::parse(head.request_id);
    if (!id) {
        if (is_asynchronous) return std::unexpected{wrong_id};
        return std::nullopt;  // some other use of the field
    }
    exchange found{*id, std::nullopt, trace_id::parse(head.trace).value_or(trace_id{})};
    if (is_asynchronous) {
        auto target = target_at(peer.endpoint, head.callback_url);
        if (!target) return std::unexpected{target.error()};
        found.reply_at = *std::move(target);
    }
    return found;
}

std::optional<exchange_response> pass_on(prepare_handler& handler, const exchange& exchange, const peering::peer& from,
                                         ilp::bytes_span body) {
    if (begins_as_answer(body)) {
        if (handler.reply_received(from, exchange.id, body, exchange.trace)) return exchange_response{status::ok};
        return exchange_response{status::bad_request, "No packet waits for this answer."};
    }
    if (!exchange.reply_at) return std::nullopt;
    switch (handler.asynchronous_prepare_received(from, exchange.id, *exchange.reply_at, body)) {
        case acceptance::accepted:
            return exchange_response{status::accepted};
        case acceptance::malformed:
            return exchange_response{status::bad_request, "This is no Prepare."};
        case acceptance::repeated:
            return exchange_response{status::bad_request, "A packet with this Request-Id is in flight."};
        case acceptance::busy:
            break;
    }
    return exchange_response{status::service_unavailable,
                             "Too many of your packets wait for their answers, or this node is stopping."};
}

bool begins_as_answer(ilp::bytes_view body) noexcept {
    if (body.empty()) return false;
    const auto type = ilp::packet_type{body.front()};
    return type == ilp::packet_type::fulfill || type == ilp::packet_type::reject;
}

}  // namespace connector::http
