#include "connector/control/auto_peering_server.hpp"

#include "connector/base/client_network.hpp"
#include "connector/base/log.hpp"
#include "connector/transport/http/message.hpp"
#include "ilp/clock.hpp"
#include "peering/json/media_type.hpp"
#include "peering/records/text.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace connector {
namespace {

using peering::peering_fault;

constexpr http_server_bounds listener_bounds{.sessions_max = 64,
                                             .sessions_per_source_max = 16,
                                             .body_size_max = peering::peering_message_size_max,
                                             .clients = client_kind::peer_or_stranger};

http_response refusal(peering_fault fault, std::string message) {
    return {
        peering::status_of(fault), "application/json", to_json(peering::peering_error{fault, std::move(message)}), {}};
}

http_response response_of(const peering::auto_peers::peering_result& answer) {
    if (answer) return {200, "application/json", to_json(*answer), {}};
    return refusal(answer.error().fault, answer.error().message);
}

/// The token of `Authorization: Bearer`, in any case (RFC 9110 section 11.1); empty if there is none.
std::string bearer_of(const http_request& request) {
    const std::string* const field = request.find("Authorization");
    return std::string{field != nullptr ? http::bearer_token(*field) : std::string_view{}};
}

/// Names and addresses come from strangers; the log escapes them. Tokens are not logged.
void report(const boost::asio::ip::address& remote, const peering::peering_request& request,
            const peering::auto_peers::peering_result& answer) {
    const std::string network = client_network(remote);
    const std::string asset = peering::asset_text(request.asset_code, request.asset_scale);
    if (answer) {
        log::write_seldom({"auto-peered", network}, log::level::info,
                          "auto-peering: a node became a peer or renewed its terms",
                          {{"ilp_address", request.asker.address.text()},
                           {"endpoint", request.asker.connector_url},
                           {"asset", asset},
                           {"remote", remote.to_string()}});
    } else {
        log::write_seldom({"auto-peering refused", network}, log::level::warn, "auto-peering: a node was refused",
                          {{"ilp_address", request.asker.address.text()},
                           {"endpoint", request.asker.connector_url},
                           {"asset", asset},
                           {"type", std::string{type_of(answer.error().fault)}},
                           {"reason", answer.error().message},
                           {"remote", remote.to_string()}});
    }
}

}  // namespace

auto_peering_server::auto_peering_server(boost::asio::io_context& control, peering::committer& committer,
                                         peering::auto_peers& auto_peers, const config::auto_peering_settings& settings)
    : committer_{committer},
      auto_peers_{auto_peers},
      rate_of_source_{settings.request_rate_per_address},
      rate_{settings.request_rate, settings.request_rate},
      handshakes_{settings.request_rate, settings.request_rate_per_address},
      server_{control, [this](const http_request& request, const auto& done) { answer(request, done); },
              listener_bounds} {
    server_.ask_before_handshakes(
        [this](const source_key& source) { return handshakes_.try_take(source, std::chrono::steady_clock::now()); });
}

void auto_peering_server::answer(const http_request& request, const std::function<void(http_response)>& done) {
    if (request.target.substr(0, request.target.find('?')) != "/")
        return done({404, "text/plain", "not found: use POST /\n", {}});
    if (request.method != "POST") return done({405, "text/plain", "use POST\n", {{"Allow", "POST"}}});
    // A web page may send any other type without asking the browser for permission first.
    const std::string* const type = request.find("Content-Type");
    if (type == nullptr || !peering::is_json_type(*type)) {
        return done(refusal(peering_fault::unsupported_media_type, "the content type must be application/json"));
    }
    const auto asked_at = std::chrono::steady_clock::now();
    const source_key source = source_of(request.remote);
    if (!rate_of_source_.try_take(source, asked_at)) {
        return done(refusal(peering_fault::too_many_requests, "you ask too often: try again in a minute"));
    }
    if (!rate_.try_take(1, asked_at)) {
        return done(refusal(peering_fault::too_many_requests, "too many peering requests: try again later"));
    }
    auto parsed = peering::parse_peering_request(request.body);
    if (!parsed) return done(refusal(parsed.error().fault, std::move(parsed.error().message)));
    // While the store is down, no promise is made that would have to wait for it.
    const bool accepted =
        committer_.store_is_healthy() &&
        committer_.execute([this, parsed = std::move(*parsed), bearer = bearer_of(request), remote = request.remote,
                            source = to_text(source), done](peering::bookkeeper& keeper) {
            const auto now = ilp::read_clocks();
            auto_peers_.handle_request(keeper, now, parsed, {bearer, source},
                                       [done, parsed, remote](const peering::auto_peers::peering_result& answer) {
                                           report(remote, parsed, answer);
                                           done(response_of(answer));
                                       });
        });
    if (!accepted) done(refusal(peering_fault::unavailable, "the ledger is not available now: try again later"));
}

}  // namespace connector
