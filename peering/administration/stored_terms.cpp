#include "peering/administration/stored_terms.hpp"

#include "config/address_guard.hpp"
#include "config/schema.hpp"
#include "config/value.hpp"
#include "ilp/address.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace peering {
namespace {

/// The directory relies on the prefixes of a peer: each is valid, and occurs once. A store that was edited by hand may
/// break this.
std::optional<std::string> fault_of_prefixes(const kept_peer_terms& terms) {
    std::vector<std::string_view> prefixes{terms.ilp_address};
    for (const std::string& route : terms.routes) {
        if (!config::route_prefix().parse(route)) {
            return fmt::format("the invalid route '{}'", route);
        }
        prefixes.push_back(route);
    }
    std::ranges::sort(prefixes);
    const auto twice = std::ranges::adjacent_find(prefixes);
    if (twice == prefixes.end()) return std::nullopt;
    return fmt::format("the route '{}' twice", *twice);
}

/// Before there was TLS, http:// was the only way to reach a peer, wherever it is.
bool was_reached_unencrypted(const config::http_endpoint& endpoint) {
    return !endpoint.is_https() && !config::is_private_literal(endpoint.host());
}

/// The empty text stands for the default, which `to` has already.
template <class Choice>
bool read_choice(const config::value_type<Choice>& type, const std::string& text, Choice& to) {
    if (text.empty()) return true;
    const auto read = type.parse(text);
    if (read) to = *read;
    return read.has_value();
}

template <class Choice>
std::string text_unless_default(const config::value_type<Choice>& type, Choice choice) {
    return choice == Choice{} ? std::string{} : type.print(choice);
}

std::vector<config::secret> secrets_of(const std::vector<std::string>& texts) {
    std::vector<config::secret> secrets;
    secrets.reserve(texts.size());
    for (const std::string& text : texts) secrets.emplace_back(text);
    return secrets;
}

}  // namespace

std::vector<std::string> unencrypted_by_default(std::span<const peer_record> records) {
    std::vector<std::string> found;
    for (const peer_record& record : records) {
        const kept_peer_terms& terms = record.terms;
        if (terms.origin == origin::file || terms.deleted_at || terms.allow_plain_http) continue;
        const auto endpoint = config::packet_url().parse(terms.outgoing_endpoint);
        if (endpoint && was_reached_unencrypted(*endpoint)) found.push_back(record.uuid);
    }
    return found;
}

std::optional<liquidity_watch> watch_of(const asset_entry& entry) {
    if (!entry.terms.liquidity_threshold || entry.terms.deleted_at) return std::nullopt;
    const asset& asset = *entry.asset;
    return liquidity_watch{*entry.terms.liquidity_threshold,
                           account_kind::asset_liquidity,
                           asset.uuid,
                           asset.uuid,
                           asset.code,
                           asset.scale};
}

std::optional<liquidity_watch> watch_of(const peer_record& record, const asset& asset) {
    if (!record.terms.liquidity_threshold || record.terms.deleted_at) return std::nullopt;
    return liquidity_watch{*record.terms.liquidity_threshold,
                           account_kind::peer_liquidity,
                           record.uuid,
                           asset.uuid,
                           asset.code,
                           asset.scale};
}

std::optional<liquidity_watch> watch_of(const peer& peer) {
    if (!peer.liquidity_threshold) return std::nullopt;
    return liquidity_watch{*peer.liquidity_threshold, account_kind::peer_liquidity,
                           std::string{peer.uuid},    peer.asset->uuid,
                           peer.asset->code,          peer.asset->scale};
}

std::shared_ptr<const asset> asset_of(const asset_record& record, const ledger& ledger) {
    return std::make_shared<const asset>(asset{.id = record.id,
                                               .uuid = record.uuid,
                                               .code = record.code,
                                               .scale = record.scale,
                                               .liquidity = ledger.find(record.liquidity.id),
                                               .settlement = ledger.find(record.settlement.id),
                                               .created_at = record.created_at});
}

std::expected<std::shared_ptr<peer>, std::string> peer_of(const peer_record& record, const asset& asset,
                                                          const ledger& ledger) {
    const kept_peer_terms& terms = record.terms;
    const auto damaged = [&](std::string_view what) {
        return std::unexpected{fmt::format("peer {} has {} in the store: restore a backup", record.uuid, what)};
    };
    const auto address = ilp::address::parse(terms.ilp_address);
    if (!address) return damaged("an invalid ILP address");
    const auto endpoint = config::packet_url().parse(terms.outgoing_endpoint);
    if (!endpoint) return damaged("an invalid endpoint");
    if (const auto fault = fault_of_prefixes(terms)) return damaged(*fault);
    config::outgoing_http_settings outgoing = config::initial_outgoing_http();
    outgoing.endpoint = *endpoint;
    outgoing.auth_token = config::secret{terms.outgoing_token};
    outgoing.jwt_secret = config::secret{terms.outgoing_jwt_secret};
    outgoing.jwt_subject = terms.outgoing_jwt_subject;
    if (!terms.ca_certificates.empty()) outgoing.ca_file = {.file = {}, .pem = terms.ca_certificates};
    // What an earlier version has kept goes on working; see unencrypted_by_default().
    outgoing.allow_plain_http = terms.allow_plain_http.value_or(was_reached_unencrypted(*endpoint));
    if (!read_choice(config::protocol(), terms.outgoing_protocol, outgoing.protocol))
        return damaged("an invalid HTTP protocol");
    if (terms.split && !config::split_parts().parse(std::to_string(terms.split->max_parts)))
        return damaged("an invalid number of parts");
    if (!read_choice(config::mode(), terms.outgoing_mode, outgoing.mode)) return damaged("an invalid answer mode");
    auto made = std::make_shared<peer>(peer{.id = record.id,
                                            .uuid = uuid_text{record.uuid},
                                            .given_name = terms.name,
                                            .address = *address,
                                            .asset = &asset,
                                            .routes = prefix_list{terms.routes},
                                            .max_packet_amount = terms.max_packet_amount,
                                            .split = terms.split,
                                            .max_hold_time = terms.max_hold_time,
                                            .spread = {},
                                            .enabled = terms.enabled,
                                            .origin = origin::api,
                                            .liquidity_threshold = terms.liquidity_threshold,
                                            .incoming_tokens = terms.incoming_tokens,
                                            .incoming_jwt_secrets = secrets_of(terms.incoming_jwt_secrets),
                                            .client_keys = terms.client_keys,
                                            .outgoing = std::move(outgoing),
                                            .liquidity = ledger.find(record.liquidity.id),
                                            .limits = limits_of_api_peer(terms.max_in_flight_amount),
                                            .created_at = record.created_at});
    set_auto_peered(*made, terms.auto_peered);
    return made;
}

std::expected<std::shared_ptr<receiving_account>, std::string> receiving_account_of(
    const receiving_account_record& record, const asset& asset, const ledger& ledger) {
    const receiving_account_terms& terms = record.terms;
    if (!config::account_name().parse(terms.name)) {
        return std::unexpected{
            fmt::format("receiving account {} has an invalid name in the store: restore a backup", record.uuid)};
    }
    return std::make_shared<receiving_account>(receiving_account{.id = record.id,
                                                                 .uuid = uuid_text{record.uuid},
                                                                 .name = terms.name,
                                                                 .public_name = terms.public_name,
                                                                 .asset = &asset,
                                                                 .origin = terms.origin,
                                                                 .enabled = terms.enabled,
                                                                 .liquidity = ledger.find(record.liquidity.id),
                                                                 .created_at = record.created_at});
}

receiving_account_terms kept_terms_of(const receiving_account& receiver) {
    return {.name = receiver.name,
            .public_name = receiver.public_name,
            .origin = receiver.origin,
            .enabled = receiver.enabled,
            .deleted_at = std::nullopt};
}

kept_peer_terms kept_terms_of(const peer& peer) {
    kept_peer_terms terms;
    terms.name = peer.given_name;
    terms.ilp_address = peer.address.text();
    terms.origin = peer.origin;
    terms.enabled = peer.enabled;
    terms.liquidity_threshold = peer.liquidity_threshold;
    terms.initial_liquidity = peer.initial_liquidity;
    if (peer.origin == origin::file) return terms;
    terms.max_packet_amount = peer.max_packet_amount;
    terms.split = peer.split;
    terms.max_in_flight_amount = max_in_flight_amount_of(peer);
    terms.max_hold_time = peer.max_hold_time;
    terms.routes = peer.routes.to_vector();
    terms.incoming_tokens = peer.incoming_tokens;
    for (const config::secret& secret : peer.incoming_jwt_secrets) {
        terms.incoming_jwt_secrets.push_back(secret.reveal());
    }
    terms.client_keys = peer.client_keys;
    const config::outgoing_http_settings& outgoing = peer.outgoing;
    terms.outgoing_endpoint = outgoing.endpoint.url();
    terms.outgoing_token = outgoing.auth_token.reveal();
    terms.outgoing_jwt_secret = outgoing.jwt_secret.reveal();
    terms.outgoing_jwt_subject = outgoing.jwt_subject;
    if (outgoing.ca_file) terms.ca_certificates = outgoing.ca_file->pem;
    terms.allow_plain_http = outgoing.allow_plain_http;
    terms.outgoing_protocol = text_unless_default(config::protocol(), outgoing.protocol);
    terms.outgoing_mode = text_unless_default(config::mode(), outgoing.mode);
    if (peer.auto_peered) terms.auto_peered = *peer.auto_peered;
    return terms;
}

void set_auto_peered(peer& made, const std::optional<auto_peered_terms>& terms) {
    made.auto_peered = terms ? std::make_shared<const auto_peered_terms>(*terms) : nullptr;
    made.outgoing.public_addresses_only = terms && terms->public_addresses_only;
}

std::shared_ptr<peer_limits> limits_of_api_peer(std::optional<ilp::amount> in_flight_max) {
    static const auto none = std::make_shared<peer_limits>();
    if (!in_flight_max) return none;
    auto limits = std::make_shared<peer_limits>();
    limits->in_flight_amount.emplace(*in_flight_max);
    return limits;
}

}  // namespace peering
