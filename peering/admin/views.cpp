#include "peering/admin/views.hpp"

#include "config/value.hpp"
#include "ilp/hex.hpp"
#include "peering/directory/token_fingerprint.hpp"
#include "peering/records/text.hpp"
#include "peering/store/record_text.hpp"

#include <boost/json/value_from.hpp>
#include <boost/json/value_to.hpp>
#include <fmt/format.h>

#include <utility>

namespace peering::admin {
namespace {

namespace json = boost::json;

std::optional<std::uint64_t> number_of(const std::optional<ilp::amount>& amount) {
    return amount ? std::optional{amount->value} : std::nullopt;
}

json::value to_json(const std::optional<std::uint64_t>& number) {
    return number ? json::value(*number) : json::value(nullptr);
}

std::string text_in(const json::object& kept, std::string_view key) {
    return json::value_to<std::string>(kept.at(key));
}

std::optional<std::uint64_t> number_in(const json::object& kept, std::string_view key) {
    const json::value& found = kept.at(key);
    return found.is_null() ? std::nullopt : std::optional{found.to_number<std::uint64_t>()};
}

origin origin_in(const json::object& kept) {
    return text_in(kept, "origin") == "file" ? origin::file : origin::api;
}

account_id account_in(const json::object& kept) {
    return account_id{kept.at("account").to_number<std::uint32_t>()};
}

}  // namespace

asset_view::asset_view(const asset_entry& entry)
    : id{entry.asset->uuid},
      code{entry.asset->code},
      scale{entry.asset->scale},
      withdrawal_threshold{number_of(entry.terms.withdrawal_threshold)},
      liquidity_threshold{number_of(entry.terms.liquidity_threshold)},
      created_at{iso_text(entry.asset->created_at)},
      origin{entry.terms.origin},
      liquidity{entry.asset->liquidity->id} {}

asset_view::asset_view(const json::object& kept)
    : id{text_in(kept, "id")},
      code{text_in(kept, "code")},
      scale{kept.at("scale").to_number<std::uint8_t>()},
      withdrawal_threshold{number_in(kept, "withdrawalThreshold")},
      liquidity_threshold{number_in(kept, "liquidityThreshold")},
      created_at{text_in(kept, "createdAt")},
      origin{origin_in(kept)},
      liquidity{account_in(kept)} {}

json::object asset_view::to_json() const {
    return {{"id", id},
            {"code", code},
            {"scale", scale},
            {"withdrawalThreshold", admin::to_json(withdrawal_threshold)},
            {"liquidityThreshold", admin::to_json(liquidity_threshold)},
            {"createdAt", created_at},
            {"origin", to_text(origin)},
            {"account", std::to_underlying(liquidity)}};
}

peer_view::peer_view(const peer& peer)
    : id{peer.uuid},
      name{peer.given_name},
      ilp_address{peer.address.text()},
      asset_id{peer.asset->uuid},
      max_packet_amount{number_of(peer.max_packet_amount)},
      split{peer.split},
      max_in_flight_amount{number_of(max_in_flight_amount_of(peer))},
      max_hold_milliseconds{peer.max_hold_time ? std::optional{static_cast<std::uint64_t>(peer.max_hold_time->count())}
                                               : std::nullopt},
      liquidity_threshold{number_of(peer.liquidity_threshold)},
      outgoing_endpoint{peer.outgoing.endpoint.url()},
      outgoing_token{peer.outgoing.auth_token.reveal()},
      allow_plain_http{peer.outgoing.allow_plain_http},
      protocol{peer.outgoing.protocol},
      mode{peer.outgoing.mode},
      enabled{peer.enabled},
      created_at{iso_text(peer.created_at)},
      origin{peer.origin},
      liquidity{peer.liquidity->id} {
    for_each_prefix(peer, [&](std::string_view prefix) { routes.emplace_back(prefix); });
    if (!peer.outgoing.jwt_secret.reveal().empty()) jwt_subject = peer.outgoing.jwt_subject;
    for (const ilp::digest& token : peer.incoming_tokens) incoming_tokens.push_back(token_fingerprint(token));
    for (const config::secret& secret : peer.incoming_jwt_secrets) {
        incoming_jwt_secrets.push_back(token_fingerprint(ilp::sha256(ilp::as_bytes(secret.reveal()))));
    }
    for (const ilp::digest& key : peer.client_keys) client_keys.push_back(ilp::to_hex(key));
    if (peer.outgoing.ca_file) ca_certificates = peer.outgoing.ca_file->pem;
}

peer_view::peer_view(const json::object& kept)
    : id{text_in(kept, "id")},
      ilp_address{text_in(kept, "ilpAddress")},
      asset_id{text_in(kept, "assetId")},
      max_packet_amount{number_in(kept, "maxPacketAmount")},
      liquidity_threshold{number_in(kept, "liquidityThreshold")},
      routes{json::value_to<std::vector<std::string>>(kept.at("routes"))},
      outgoing_endpoint{text_in(kept, "outgoingEndpoint")},
      outgoing_token{text_in(kept, "outgoingToken")},
      enabled{kept.at("enabled").as_bool()},
      created_at{text_in(kept, "createdAt")},
      origin{origin_in(kept)},
      liquidity{account_in(kept)} {
    if (!kept.at("name").is_null()) name = text_in(kept, "name");
    // Answers kept by earlier versions do not have these.
    if (kept.contains("incomingTokens")) {
        if (!kept.at("jwtSubject").is_null()) jwt_subject = text_in(kept, "jwtSubject");
        incoming_tokens = json::value_to<std::vector<std::string>>(kept.at("incomingTokens"));
        incoming_jwt_secrets = json::value_to<std::vector<std::string>>(kept.at("incomingJwtSecrets"));
    }
    if (kept.contains("split")) {
        const json::object& terms = kept.at("split").as_object();
        split = {.max_total = ilp::amount{terms.at("maxTotal").to_number<std::uint64_t>()},
                 .max_parts = terms.at("maxParts").to_number<std::uint32_t>()};
    }
    if (kept.contains("maxInFlightAmount")) max_in_flight_amount = number_in(kept, "maxInFlightAmount");
    if (kept.contains("maxHoldMilliseconds")) max_hold_milliseconds = number_in(kept, "maxHoldMilliseconds");
    if (kept.contains("clientKeys")) client_keys = json::value_to<std::vector<std::string>>(kept.at("clientKeys"));
    if (kept.contains("caCertificates")) ca_certificates = text_in(kept, "caCertificates");
    if (kept.contains("allowPlainHttp")) allow_plain_http = kept.at("allowPlainHttp").as_bool();
    if (kept.contains("mode")) {
        if (const auto read = config::mode().parse(text_in(kept, "mode"))) mode = *read;
    }
    if (kept.contains("protocol")) {
        if (const auto read = config::protocol().parse(text_in(kept, "protocol"))) protocol = *read;
    }
}

json::object peer_view::to_json() const {
    json::object kept{{"id", id},
                      {"name", name ? json::value(*name) : json::value(nullptr)},
                      {"ilpAddress", ilp_address},
                      {"assetId", asset_id},
                      {"maxPacketAmount", admin::to_json(max_packet_amount)},
                      {"maxInFlightAmount", admin::to_json(max_in_flight_amount)},
                      {"maxHoldMilliseconds", admin::to_json(max_hold_milliseconds)},
                      {"liquidityThreshold", admin::to_json(liquidity_threshold)},
                      {"routes", json::value_from(routes)},
                      {"outgoingEndpoint", outgoing_endpoint},
                      {"outgoingToken", outgoing_token},
                      {"jwtSubject", jwt_subject ? json::value(*jwt_subject) : json::value(nullptr)},
                      {"incomingTokens", json::value_from(incoming_tokens)},
                      {"incomingJwtSecrets", json::value_from(incoming_jwt_secrets)},
                      {"clientKeys", json::value_from(client_keys)},
                      {"allowPlainHttp", allow_plain_http},
                      {"protocol", config::protocol().print(protocol)},
                      {"mode", config::mode().print(mode)},
                      {"enabled", enabled},
                      {"createdAt", created_at},
                      {"origin", to_text(origin)},
                      {"account", std::to_underlying(liquidity)}};
    if (ca_certificates) kept.emplace("caCertificates", *ca_certificates);
    if (split) {
        kept.emplace("split", json::object{{"maxTotal", split->max_total.value}, {"maxParts", split->max_parts}});
    }
    return kept;
}

receiving_account_view::receiving_account_view(const receiving_account& receiver)
    : id{receiver.uuid},
      name{receiver.name},
      public_name{receiver.public_name.empty() ? std::nullopt : std::optional{receiver.public_name}},
      asset_id{receiver.asset->uuid},
      enabled{receiver.enabled},
      created_at{iso_text(receiver.created_at)},
      origin{receiver.origin},
      liquidity{receiver.liquidity->id} {}

receiving_account_view::receiving_account_view(const json::object& kept)
    : id{text_in(kept, "id")},
      name{text_in(kept, "name")},
      asset_id{text_in(kept, "assetId")},
      enabled{kept.at("enabled").as_bool()},
      created_at{text_in(kept, "createdAt")},
      origin{origin_in(kept)},
      liquidity{account_in(kept)} {
    if (!kept.at("publicName").is_null()) public_name = text_in(kept, "publicName");
}

json::object receiving_account_view::to_json() const {
    return {{"id", id},
            {"name", name},
            {"publicName", public_name ? json::value(*public_name) : json::value(nullptr)},
            {"assetId", asset_id},
            {"enabled", enabled},
            {"createdAt", created_at},
            {"origin", to_text(origin)},
            {"account", std::to_underlying(liquidity)}};
}

graphql::value to_value(const asset_view& asset) {
    return graphql::object::of("Asset", asset);
}

graphql::value to_value(const peer_view& peer) {
    return graphql::object::of("Peer", peer);
}

graphql::value to_value(const receiving_account_view& receiver) {
    return graphql::object::of("ReceivingAccount", receiver);
}

}  // namespace peering::admin
