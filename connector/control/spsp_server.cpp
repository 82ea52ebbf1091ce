#include "connector/control/spsp_server.hpp"

#include "connector/base/source.hpp"
#include "connector/transport/http/message.hpp"

#include <chrono>
#include <cstddef>
#include <string_view>

namespace connector {
namespace {

/// A source without a limit is a proxy, which has the connections of many.
http_server_bounds bounds_of(const config::spsp_settings& settings) {
    return {.sessions_max = 64,
            .sessions_per_source_max = settings.request_rate_per_address == 0 ? std::size_t{0} : std::size_t{16},
            .clients = client_kind::peer_or_stranger};
}

/// The values of all fields of this name, as if they were one (RFC 9110 section 5.3).
std::string joined_accept(const http_request& request) {
    std::string all;
    for (const auto& [name, value] : request.headers) {
        if (!http::equals_ignoring_case(name, "accept")) continue;
        if (!all.empty()) all += ',';
        all += value;
    }
    return all;
}

}  // namespace

spsp_server::spsp_server(boost::asio::io_context& control, const config::spsp_settings& settings,
                         peering::spsp_receivers receivers)
    : default_account_{settings.default_account.value_or("")},
      receivers_{std::move(receivers)},
      rate_of_source_{settings.request_rate_per_address},
      rate_{settings.request_rate, settings.request_rate},
      handshakes_{settings.request_rate, settings.request_rate_per_address},
      server_{control, [this](const http_request& request, const auto& done) { done(answer(request)); },
              bounds_of(settings)} {
    server_.ask_before_handshakes([this](const source_key& source) { return may_shake_hands(source); });
}

bool spsp_server::may_shake_hands(const source_key& source) {
    if (handshakes_.try_take(source, std::chrono::steady_clock::now())) return true;
    ++stats_.too_many_handshakes;
    return false;
}

http_response spsp_server::refuse_many(std::string_view advice) {
    ++stats_.too_many;
    auto refusal = peering::refuse_spsp(429, "too many requests: " + std::string{advice} + '\n');
    return {.status = refusal.status,
            .content_type = std::string{refusal.content_type},
            .body = std::move(refusal.body),
            .headers = std::move(refusal.headers)};
}

void spsp_server::count(unsigned status, std::string_view method) {
    if (status == 404) {
        ++stats_.unknown_receiver;
    } else if (status == 200) {
        // A browser asks with OPTIONS before it asks for a payment.
        if (method != "OPTIONS") ++stats_.answered;
    } else {
        ++stats_.refused;
    }
}

http_response spsp_server::answer(const http_request& request) {
    const auto asked_at = std::chrono::steady_clock::now();
    if (!rate_of_source_.try_take(source_of(request.remote), asked_at)) return refuse_many("try again in a minute");
    if (!rate_.try_take(1, asked_at)) return refuse_many("try again later");
    const std::string accept = joined_accept(request);
    auto answered = peering::answer_spsp({request.method, request.target, accept}, default_account_, receivers_);
    count(answered.status, request.method);
    // Each answer is for one sender. RFC 9 says so with no-cache; no-store keeps the secret out of files.
    return {.status = answered.status,
            .content_type = std::string{answered.content_type},
            .body = std::move(answered.body),
            .headers = std::move(answered.headers),
            .cache_control = "no-cache, no-store"};
}

}  // namespace connector
