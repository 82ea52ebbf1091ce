#include "tests/support/admin_client.hpp"

#include "tests/support/daemon.hpp"
#include "tests/support/packets.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <cctype>
#include <stdexcept>
#include <system_error>

namespace support {
namespace {

namespace json = boost::json;

constexpr std::string_view peer_fields =
    "id name staticIlpAddress maxPacketAmount maxInFlightAmount maxHoldMilliseconds liquidityThreshold liquidity "
    "createdAt routes split { maxTotal maxParts } splitAccepted { maxTotal maxParts } "
    "enabled origin "
    "asset { id code scale } http { outgoing { authToken endpoint } }";
constexpr std::string_view asset_fields =
    "id code scale liquidity withdrawalThreshold liquidityThreshold createdAt origin";

constexpr std::string_view receiving_account_fields =
    "id name publicName enabled origin liquidity createdAt asset { id code scale }";

std::string braces(std::string_view text) {
    return "{ " + std::string{text} + " }";
}

std::string selection_of(std::string_view mutation) {
    if (mutation.contains("Liquidity") || mutation.contains("Books") || mutation == "deletePeer") return "{ success }";
    if (mutation.contains("ReceivingAccount")) {
        return "{ receivingAccount " + braces(receiving_account_fields) + " }";
    }
    if (mutation.contains("Payment")) return "{ payment { id status } }";
    return mutation.contains("Asset") ? "{ asset " + braces(asset_fields) + " }"
                                      : "{ peer " + braces(peer_fields) + " }";
}

json::string_view view_of(std::string_view text) {
    return {text.data(), text.size()};
}

http_request post_of(std::string_view query, json::object variables) {
    const json::object body{{"query", view_of(query)}, {"variables", std::move(variables)}};
    return {.target = "/graphql",
            .headers = {{"Content-Type", "application/json"}},
            .body = to_bytes(json::serialize(body))};
}

std::string url_of(std::uint16_t port) {
    return "http://127.0.0.1:" + std::to_string(port) + "/";
}

}  // namespace

std::string admin_answer::code() const {
    return done() ? "" : std::string{body_.at_pointer("/errors/0/extensions/code").as_string()};
}

std::string admin_answer::message() const {
    return done() ? "" : std::string{body_.at_pointer("/errors/0/message").as_string()};
}

const json::value& admin_answer::field() const {
    if (!done()) throw std::runtime_error{text()};
    return body_.at("data").as_object().begin()->value();
}

std::string admin_answer::text() const {
    return json::serialize(body_);
}

http_request admin_client::request_of(std::string_view name, json::object input) {
    std::string type{name};
    type[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(type[0])));
    const std::string query = "mutation M($input: " + type + "Input!) { " + std::string{name} + "(input: $input) " +
                              selection_of(name) + " }";
    return post_of(query, {{"input", std::move(input)}});
}

admin_answer admin_client::answer_in(const http_message& response) {
    return admin_answer{json::parse(view_of(ilp::as_text(response.body)))};
}

admin_answer admin_client::ask(std::string_view query, json::object variables) const {
    const auto response = http_connection{port_}.exchange(post_of(query, std::move(variables)));
    if (!response) throw std::runtime_error{"the Admin API does not answer"};
    return answer_in(*response);
}

std::optional<admin_answer> admin_client::try_mutate(std::string_view name, json::object input) const {
    try {
        const auto response = http_connection{port_}.exchange(request_of(name, std::move(input)));
        return response ? std::optional{answer_in(*response)} : std::nullopt;
    } catch (const std::system_error&) {
        return std::nullopt;
    }
}

admin_answer admin_client::mutate(std::string_view name, json::object input) const {
    auto answer = try_mutate(name, std::move(input));
    if (!answer) throw std::runtime_error{"the Admin API does not answer to " + std::string{name}};
    return std::move(*answer);
}

std::string admin_client::create_asset(std::string_view code, int scale) const {
    const auto answer = mutate("createAsset", {{"code", view_of(code)}, {"scale", scale}});
    return text_at(answer.field().at("asset"), "id");
}

std::string admin_client::asset_id(std::string_view code, int scale) const {
    const auto answer =
        ask("query A($code: String!, $scale: UInt8!) { assetByCodeAndScale(code: $code, scale: $scale) { id } }",
            {{"code", view_of(code)}, {"scale", scale}});
    return text_at(answer.field(), "id");
}

std::string admin_client::create_peer(json::object input) const {
    return text_at(mutate("createPeer", std::move(input)).field().at("peer"), "id");
}

json::value admin_client::update_peer(std::string_view id, json::object input) const {
    input["id"] = view_of(id);
    return mutate("updatePeer", std::move(input)).field().at("peer");
}

void admin_client::set_enabled(std::string_view id, bool enabled) const {
    static_cast<void>(mutate("setPeerEnabled", {{"id", view_of(id)}, {"enabled", enabled}}).field());
}

void admin_client::deposit(std::string_view peer, std::uint64_t amount) const {
    static_cast<void>(
        mutate(
            "depositPeerLiquidity",
            {{"peerId", view_of(peer)}, {"amount", amount}, {"id", random_uuid()}, {"idempotencyKey", random_uuid()}})
            .field());
}

json::array admin_client::peers() const {
    return all("peers", peer_fields);
}

json::array admin_client::assets() const {
    return all("assets", asset_fields);
}

json::array admin_client::all(const std::string& field, std::string_view selection) const {
    const std::string query = "query All($after: String) { " + field + "(first: 100, after: $after) { edges { node " +
                              braces(selection) + " } pageInfo { endCursor hasNextPage } } }";
    json::array found;
    for (json::value after;;) {
        const auto answer = ask(query, {{"after", after}});
        const json::value& page = answer.field();
        for (const auto& edge : page.at("edges").as_array()) found.push_back(edge.at("node"));
        after = page.at_pointer("/pageInfo/endCursor");
        if (!page.at_pointer("/pageInfo/hasNextPage").as_bool()) return found;
    }
}

json::value admin_client::peer(std::string_view id) const {
    const auto answer =
        ask("query P($id: String!) { peer(id: $id) " + braces(peer_fields) + " }", {{"id", view_of(id)}});
    if (answer.code() == "NOT_FOUND") return nullptr;
    return answer.field();
}

json::value admin_client::peer_named(std::string_view name) const {
    for (const auto& peer : peers()) {
        if (peer.at("name").is_string() && text_at(peer, "name") == name) return peer;
    }
    return nullptr;
}

json::object http_input(std::uint16_t port, const std::string& outgoing_token,
                        const std::optional<std::string>& incoming_token) {
    json::object http{{"outgoing", {{"endpoint", url_of(port)}, {"authToken", outgoing_token}}}};
    if (incoming_token) http["incoming"] = {{"authTokens", json::array{json::string{*incoming_token}}}};
    return http;
}

json::object peer_input(const std::string& name, const std::string& asset, std::uint16_t port,
                        std::uint64_t liquidity) {
    json::object input{{"name", name},
                       {"staticIlpAddress", "test." + name},
                       {"assetId", asset},
                       {"http", http_input(port, token_for(name), token_of(name))}};
    if (liquidity != 0) input["initialLiquidity"] = std::to_string(liquidity);
    return input;
}

std::string text_at(const json::value& object, std::string_view name) {
    return std::string{object.as_object().at(view_of(name)).as_string()};
}

std::string random_uuid() {
    ilp::bytes octets = random_bytes(16);
    octets[6] = static_cast<ilp::octet>((octets[6] & 0x0f) | 0x40);
    octets[8] = static_cast<ilp::octet>((octets[8] & 0x3f) | 0x80);
    const std::string digits = to_hex(octets);
    return digits.substr(0, 8) + "-" + digits.substr(8, 4) + "-" + digits.substr(12, 4) + "-" + digits.substr(16, 4) +
           "-" + digits.substr(20);
}

}  // namespace support
