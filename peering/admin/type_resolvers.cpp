#include "peering/admin/account_address.hpp"
#include "peering/admin/resolvers.hpp"
#include "peering/book/ledger.hpp"
#include "peering/directory/peer_reachability.hpp"
#include "peering/records/text.hpp"

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

namespace peering::admin {
namespace {

using graphql::call;
using graphql::field_result;
using graphql::object;
using graphql::reading;
using graphql::value;

/// The enum value's name in the schema.
const char* schema_name_of(origin origin) {
    return origin == origin::file ? "FILE" : "API";
}

const char* schema_name_of(config::http_protocol protocol) {
    switch (protocol) {
        case config::http_protocol::automatic:
            return "AUTO";
        case config::http_protocol::http1:
            return "HTTP1";
        case config::http_protocol::http2:
            return "HTTP2";
    }
    return "AUTO";
}

/// The operator is the only tenant. Its signing secret is never disclosed.
value operator_tenant(const services& services) {
    value::list settings;
    if (services.public_url) {
        settings.push_back(
            object{"TenantSetting", {{"key", "WALLET_ADDRESS_URL"}, {"value", account_prefix(*services.public_url)}}});
    }
    return object{"Tenant",
                  {{"id", services.tenant_id},
                   {"apiSecret", ""},
                   {"publicName", "operator"},
                   {"createdAt", iso_text(ilp::timestamp{})},
                   {"settings", std::move(settings)}}};
}

value time_of(const std::optional<ilp::instant>& time) {
    return time ? value{iso_text(time->wall)} : value{};
}

value to_value(const std::optional<config::split_settings>& split) {
    if (!split) return {};
    return object{"PeerSplit",
                  {{"maxTotal", split->max_total.value}, {"maxParts", static_cast<int>(split->max_parts)}}};
}

value to_value(const peer_reachability& found) {
    using milliseconds = std::chrono::duration<double, std::milli>;
    return object{"Reachability",
                  {{"state", to_text(found.state)},
                   {"since", time_of(found.since)},
                   {"lastAnswerAt", time_of(found.last_answer)},
                   {"lastError", found.last_failure ? value{found.last_error} : value{}},
                   {"lastErrorAt", time_of(found.last_failure)},
                   {"roundTripMs", found.round_trip ? value{milliseconds{*found.round_trip}.count()} : value{}}}};
}

value amount_of(double sum) {
    // It is a sum over doubles, so it may be inexact, and beyond the range of the type.
    constexpr auto max = std::numeric_limits<std::uint64_t>::max();
    if (!(sum > 0)) return std::uint64_t{0};
    return sum < static_cast<double>(max) ? static_cast<std::uint64_t>(sum) : max;
}

value to_value(const packet_counts& counted) {
    return object{"PacketCounts",
                  {{"prepares", counted.prepares},
                   {"fulfills", counted.fulfills},
                   {"rejects", counted.rejects},
                   {"amount", amount_of(counted.amount)}}};
}

value to_value(const refusal_count& counted) {
    return object{"RefusalCount", {{"reason", counted.reason}, {"code", counted.code}, {"count", counted.count}}};
}

value to_value(const duration_count& counted) {
    return object{
        "DurationCount",
        {{"seconds", std::isinf(counted.seconds) ? value{} : value{counted.seconds}}, {"count", counted.count}}};
}

template <typename Counted>
value list_of(const std::vector<Counted>& counted) {
    value::list values;
    for (const Counted& each : counted) values.push_back(to_value(each));
    return value{std::move(values)};
}

value to_value(const std::optional<peer_traffic>& traffic) {
    if (!traffic) return {};
    return object{"PeerTraffic",
                  {{"incoming", to_value(traffic->incoming)},
                   {"outgoing", to_value(traffic->outgoing)},
                   {"packetsInFlight", traffic->packets_in_flight},
                   {"amountInFlight", amount_of(traffic->amount_in_flight)},
                   {"refusals", list_of(traffic->refusals)},
                   {"durations", list_of(traffic->durations)}}};
}

field_result no_fees(const page_request& request) {
    return connection(
        "FeesConnection", "FeeEdge", empty_page<std::string>(request), [](const auto& id) { return id; },
        [](const auto&) { return value{}; });
}

field_result tenants(const services& services, const page_request& request) {
    std::optional<page<std::string>> page = empty_page<std::string>({});
    if (request.cursor()) {
        if (*request.cursor() != services.tenant_id) page.reset();
    } else if (request.size == 0) {
        page->has_next = true;
    } else {
        page->entries.push_back(services.tenant_id);
    }
    return connection(
        "TenantsConnection", "TenantEdge", page, [](const std::string& id) { return id; },
        [&services](const std::string&) { return operator_tenant(services); });
}

}  // namespace

void add_type_resolvers(graphql::resolvers& to, services& services) {
    // Needs no lock: the account is never removed, and its counter is atomic.
    const auto liquidity = [&services](account_id id) -> field_result {
        const auto* const account = services.committer.accounts().find(id);
        if (account == nullptr) return value{};
        return account->available.load(std::memory_order_relaxed);
    };
    const graphql::resolver tenant = [&services](const call&) -> field_result { return operator_tenant(services); };
    const graphql::resolver tenant_id = [&services](const call&) -> field_result { return services.tenant_id; };

    to["Asset.id"] = reading<asset_view>(&asset_view::id);
    to["Asset.code"] = reading<asset_view>(&asset_view::code);
    to["Asset.scale"] = reading<asset_view>(&asset_view::scale);
    to["Asset.liquidity"] = [liquidity](const call& call) { return liquidity(call.of<asset_view>().liquidity); };
    to["Asset.withdrawalThreshold"] = reading<asset_view>(&asset_view::withdrawal_threshold);
    to["Asset.liquidityThreshold"] = reading<asset_view>(&asset_view::liquidity_threshold);
    to["Asset.fees"] = [](const call& call) -> field_result {
        const auto request = page_of(call.args);
        if (!request) return std::unexpected{request.error()};
        return no_fees(*request);
    };
    to["Asset.createdAt"] = reading<asset_view>(&asset_view::created_at);
    to["Asset.origin"] = reading<asset_view>([](const asset_view& asset) { return schema_name_of(asset.origin); });
    to["Asset.tenant"] = tenant;
    to["Asset.tenantId"] = tenant_id;

    to["Peer.id"] = reading<peer_view>(&peer_view::id);
    to["Peer.maxPacketAmount"] = reading<peer_view>(&peer_view::max_packet_amount);
    to["Peer.split"] = reading<peer_view>([](const peer_view& peer) { return to_value(peer.split); });
    to["Peer.maxInFlightAmount"] = reading<peer_view>(&peer_view::max_in_flight_amount);
    to["Peer.maxHoldMilliseconds"] = reading<peer_view>(&peer_view::max_hold_milliseconds);
    to["Peer.http"] = reading<peer_view>([&services](const peer_view& peer) -> value {
        const bool shown = services.shows_secrets || peer.token_is_from_caller;
        object outgoing{
            "HttpOutgoing",
            {{"authToken", shown || peer.outgoing_token.empty() ? peer.outgoing_token : std::string{hidden_token}},
             {"endpoint", peer.outgoing_endpoint},
             {"jwtSubject", peer.jwt_subject}}};
        object incoming{
            "HttpIncoming",
            {{"tokenFingerprints", peer.incoming_tokens}, {"jwtSecretFingerprints", peer.incoming_jwt_secrets}}};
        return object{"Http", {{"outgoing", std::move(outgoing)}, {"incoming", std::move(incoming)}}};
    });
    to["Peer.transport"] = reading<peer_view>([](const peer_view& peer) -> value {
        return object{"PeerTransport",
                      {{"clientKeys", peer.client_keys},
                       {"caCertificates", peer.ca_certificates},
                       {"allowPlainHttp", peer.allow_plain_http},
                       {"protocol", schema_name_of(peer.protocol)},
                       {"mode", peer.mode == config::answer_mode::synchronous ? "SYNCHRONOUS" : "ASYNCHRONOUS"}}};
    });
    to["Peer.asset"] = [&services](const call& call) -> field_result {
        const auto asset = services.directory.find_asset(std::string_view{call.of<peer_view>().asset_id});
        if (!asset) return value{};
        return to_value(asset_view{*asset});
    };
    to["Peer.staticIlpAddress"] = reading<peer_view>(&peer_view::ilp_address);
    to["Peer.name"] = reading<peer_view>(&peer_view::name);
    to["Peer.liquidityThreshold"] = reading<peer_view>(&peer_view::liquidity_threshold);
    to["Peer.liquidity"] = [liquidity](const call& call) { return liquidity(call.of<peer_view>().liquidity); };
    to["Peer.createdAt"] = reading<peer_view>(&peer_view::created_at);
    to["Peer.routes"] = reading<peer_view>(&peer_view::routes);
    to["Peer.enabled"] = reading<peer_view>(&peer_view::enabled);
    to["Peer.origin"] = reading<peer_view>([](const peer_view& peer) { return schema_name_of(peer.origin); });
    const auto reachability = [&services](const call& call) {
        const auto peer = services.directory.find_peer(call.of<peer_view>().id);
        return peer == nullptr ? peer_reachability{} : services.reachability(peer->id);
    };
    to["Peer.splitAccepted"] = [reachability](const call& call) -> field_result {
        return to_value(reachability(call).split_accepted);
    };
    to["Peer.reachability"] = [reachability](const call& call) -> field_result { return to_value(reachability(call)); };
    to["Peer.traffic"] = [&services](const call& call) -> field_result {
        const auto peer = services.directory.find_peer(call.of<peer_view>().id);
        return peer == nullptr ? value{} : to_value(services.traffic(peer->id));
    };
    to["Peer.amountInDoubt"] = [&services](const call& call) -> field_result {
        const auto peer = services.directory.find_peer(call.of<peer_view>().id);
        const std::uint64_t doubt = peer == nullptr ? 0 : services.committer.doubt_about(peer->liquidity->id);
        return doubt == 0 ? value{} : value{doubt};
    };
    to["Peer.tenant"] = tenant;
    to["Peer.tenantId"] = tenant_id;

    using receiver_view = receiving_account_view;
    to["ReceivingAccount.id"] = reading<receiver_view>(&receiver_view::id);
    to["ReceivingAccount.name"] = reading<receiver_view>(&receiver_view::name);
    to["ReceivingAccount.publicName"] = reading<receiver_view>(&receiver_view::public_name);
    to["ReceivingAccount.paymentPointer"] = [&services](const call& call) -> field_result {
        if (!services.public_url) return value{};
        return payment_pointer(*services.public_url, call.of<receiver_view>().name);
    };
    to["ReceivingAccount.asset"] = [&services](const call& call) -> field_result {
        const auto asset = services.directory.find_asset(std::string_view{call.of<receiver_view>().asset_id});
        if (!asset) return value{};
        return to_value(asset_view{*asset});
    };
    to["ReceivingAccount.liquidity"] = [liquidity](const call& call) {
        return liquidity(call.of<receiver_view>().liquidity);
    };
    to["ReceivingAccount.enabled"] = reading<receiver_view>(&receiver_view::enabled);
    to["ReceivingAccount.origin"] =
        reading<receiver_view>([](const receiver_view& receiver) { return schema_name_of(receiver.origin); });
    to["ReceivingAccount.createdAt"] = reading<receiver_view>(&receiver_view::created_at);

    to["WebhookEvent.tenant"] = tenant;
    to["Query.tenant"] = [&services](const call& call) -> field_result {
        if (!is_tenant(services, call.args.get<std::string>("id"))) return refuse(unknown_tenant());
        return operator_tenant(services);
    };
    to["Query.tenants"] = [&services](const call& call) -> field_result {
        const auto request = page_of(call.args);
        if (!request) return std::unexpected{request.error()};
        return tenants(services, *request);
    };
    to["Query.whoami"] = [&services](const call&) -> field_result {
        return object{"WhoamiResponse", {{"id", services.tenant_id}, {"isOperator", true}}};
    };
}

}  // namespace peering::admin
