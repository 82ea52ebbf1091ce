#include "connector/control/auto_peering_server.hpp"

#include "connector/base/log.hpp"
#include "ilp/clock.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace connector {
namespace {

using peering::peering_fault;

constexpr std::string_view scheme = "Bearer ";

constexpr http_server_bounds bounds{.sessions_max = 64, .body_size_max = peering::peering_message_size_max};

http_response refusal(peering_fault fault, std::string message) {
    return {
        peering::status_of(fault), "application/json", to_json(peering::peering_error{fault, std::move(message)}), {}};
}

http_response response_of(const peering::auto_peers::peering_result& answer) {
    if (answer) return {200, "application/json", to_json(*answer), {}};
    return refusal(answer.error().fault, answer.error().message);
}

/// The token of `Authorization: Bearer`; empty if there is none.
std::string bearer_of(const http_request& request) {
    const std::string* const field = request.find("Authorization");
    return field != nullptr && field->starts_with(scheme) ? field->substr(scheme.size()) : std::string{};
}

/// Names and addresses come from strangers; the log escapes them. Tokens are not logged.
void report(const peering::peering_request& request, const peering::auto_peers::peering_result& answer) {
    const std::string asset = request.asset_code + "/" + std::to_string(request.asset_scale);
    if (answer) {
        log::write(log::level::info, "auto-peering: a node became a peer or renewed its terms",
                   {{"ilp_address", request.asker.address.text()},
                    {"endpoint", request.asker.connector_url},
                    {"asset", asset}});
    } else {
        log::write(log::level::warn, "auto-peering: a node was refused",
                   {{"ilp_address", request.asker.address.text()},
                    {"endpoint", request.asker.connector_url},
                    {"asset", asset},
                    {"type", std::string{type_of(answer.error().fault)}},
                    {"reason", answer.error().message}});
    }
}

}  // namespace

auto_peering_server::auto_peering_server(boost::asio::io_context& control, peering::committer& committer,
                                         peering::auto_peers& auto_peers, std::uint32_t rate)
    : committer_{committer},
      auto_peers_{auto_peers},
      rate_{rate, rate},
      server_{control, [this](const http_request& request, const auto& done) { answer(request, done); }, bounds} {}

void auto_peering_server::answer(const http_request& request, const std::function<void(http_response)>& done) {
    if (request.target != "/") return done({404, "text/plain", "not found: use POST /\n", {}});
    if (request.method != "POST") return done({405, "text/plain", "use POST\n", {{"Allow", "POST"}}});
    if (!rate_.try_take(1, std::chrono::steady_clock::now())) {
        return done(refusal(peering_fault::too_many_requests, "too many peering requests: try again later"));
    }
    auto parsed = peering::parse_peering_request(request.body);
    if (!parsed) return done(refusal(parsed.error().fault, std::move(parsed.error().message)));
    // While the store is down, no promise is made that would have to wait for it.
    const bool accepted = committer_.store_is_healthy() && committer_.execute([this, parsed = std::move(*parsed),
                                                                               bearer = bearer_of(request),
                                                                               done](peering::bookkeeper& keeper) {
        const auto now = ilp::wall_clock();
        auto_peers_.handle_request(keeper, now, parsed, bearer,
                                   [done, parsed](const peering::auto_peers::peering_result& answer) {
                                       report(parsed, answer);
                                       done(response_of(answer));
                                   });
    });
    if (!accepted) done(refusal(peering_fault::unavailable, "the ledger is not available now: try again later"));
}

}  // namespace connector
