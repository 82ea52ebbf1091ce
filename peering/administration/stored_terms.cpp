#include "peering/administration/stored_terms.hpp"

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

}  // namespace

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
    auto made = std::make_shared<peer>(peer{.id = record.id,
                                            .uuid = uuid_text{record.uuid},
                                            .given_name = terms.name,
                                            .address = *address,
                                            .asset = &asset,
                                            .routes = prefix_list{terms.routes},
                                            .max_packet_amount = terms.max_packet_amount,
                                            .max_hold_time = terms.max_hold_time,
                                            .spread = {},
                                            .enabled = terms.enabled,
                                            .origin = origin::api,
                                            .liquidity_threshold = terms.liquidity_threshold,
                                            .incoming_tokens = terms.incoming_tokens,
                                            .outgoing = std::move(outgoing),
                                            .liquidity = ledger.find(record.liquidity.id),
                                            .limits = limits_of_api_peer(terms.max_in_flight_amount),
                                            .created_at = record.created_at});
    set_auto_peered(*made, terms.auto_peered);
    return made;
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
    terms.max_in_flight_amount = max_in_flight_amount_of(peer);
    terms.max_hold_time = peer.max_hold_time;
    terms.routes = peer.routes.to_vector();
    terms.incoming_tokens = peer.incoming_tokens;
    terms.outgoing_endpoint = peer.outgoing.endpoint.url();
    terms.outgoing_token = peer.outgoing.auth_token.reveal();
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
