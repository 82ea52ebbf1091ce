#include "peering/admin/resolvers.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <limits>
#include <utility>

namespace peering::admin {
namespace {

using graphql::call;
using graphql::field_result;
using graphql::object;
using graphql::value;

constexpr int transfers_max = 1000;

/// Reads from the store on the committer's thread and waits for the result.
template <class Result>
std::expected<Result, refusal> read_from_store(committer& committer,
                                               std::function<std::expected<Result, store_error>(bookkeeper&)> read) {
    using answer = std::expected<Result, store_error>;
    const auto promise = std::make_shared<std::promise<answer>>();
    auto future = promise->get_future();
    const bool taken =
        committer.store_is_healthy() &&
        committer.execute([promise, read = std::move(read)](bookkeeper& keeper) { promise->set_value(read(keeper)); });
    const refusal unavailable{refusal_code::internal_server_error, "The ledger is not available now: try again later"};
    if (!taken) return std::unexpected{unavailable};
    if (future.wait_for(mutations::answer_timeout) != std::future_status::ready) {
        return std::unexpected{refusal{refusal_code::timeout, "The ledger did not answer in time: try again later"}};
    }
    auto found = future.get();
    if (!found) return std::unexpected{unavailable};
    return std::move(*found);
}

// --- Assets and peers

bool is_of_tenant(const services& services, const call& call) {
    const auto tenant = call.args.find<std::string>("tenantId");
    return !tenant || id_of(*tenant) == services.tenant_id;
}

field_result assets(const services& services, const call& call) {
    const auto request = page_of(call.args);
    if (!request) return std::unexpected{request.error()};
    const auto page = is_of_tenant(services, call) ? services.directory.assets(*request) : peering::page<asset_entry>{};
    return connection(
        "AssetsConnection", "AssetEdge", page, [](const asset_entry& e) { return e.asset->uuid; },
        [](const asset_entry& e) { return to_value(asset_view{e}); });
}

using peer_pointer = directory::peer_pointer;

value to_nullable(const peer_pointer& peer) {
    return peer ? to_value(peer_view{*peer}) : value{};
}

field_result peers(const services& services, const call& call) {
    const auto request = page_of(call.args);
    if (!request) return std::unexpected{request.error()};
    const auto page = is_of_tenant(services, call) ? services.directory.peers(*request) : peering::page<peer_pointer>{};
    return connection(
        "PeersConnection", "PeerEdge", page, [](const peer_pointer& peer) { return std::string{peer->uuid}; },
        [](const peer_pointer& peer) { return to_value(peer_view{*peer}); });
}

field_result peer_by_address_and_asset(const services& services, const call& call) {
    const auto address = call.args.get<std::string>("staticIlpAddress");
    const auto asset = services.directory.find_asset(std::string_view{id_of(call.args.get<std::string>("assetId"))});
    if (!asset || asset->terms.deleted_at || !ilp::is_address(address)) return value{};
    return to_nullable(services.directory.find_peer_by_address(address, *asset->asset));
}

// --- Routes

value to_value(const listed_route& route) {
    return object{"Route", {{"prefix", route.prefix}, {"peer", to_nullable(route.next_hop)}}};
}

field_result routes(const services& services, const call& call) {
    const auto request = page_of(call.args);
    if (!request) return std::unexpected{request.error()};
    const auto page = services.directory.routes(call.args.find<std::string>("after"), request->size,
                                                call.args.find<std::string>("prefix").value_or(""));
    return connection(
        "RoutesConnection", "RouteEdge", page, [](const listed_route& route) { return route.cursor; },
        [](const listed_route& route) { return to_value(route); });
}

field_result route(const services& services, const call& call) {
    const auto address = call.args.get<std::string>("address");
    if (!ilp::is_address(address)) return refuse(refusal_code::bad_user_input, "invalid ILP address");
    const asset* packet_asset = nullptr;
    if (const auto id = call.args.find<std::string>("assetId")) {
        const auto asset = services.directory.find_asset(std::string_view{id_of(*id)});
        if (!asset) return refuse(refusal_code::not_found, "Asset not found");
        packet_asset = asset->asset;
    }
    const auto found = services.directory.find_route(address, packet_asset);
    return found ? to_value(*found) : value{};
}

// --- Transfers

/// The UUIDs by which operators know accounts.
class account_names {
public:
    explicit account_names(const directory& directory) : directory_{directory} {}

    /// The liquidity and settlement accounts of an asset share the asset's id.
    std::string of(account_id account) const {
        if (const auto peer = directory_.find_peer_by_account(account)) return std::string{peer->uuid};
        if (const auto asset = directory_.find_asset_by_account(account)) return asset->asset->uuid;
        return synthetic_uuid("8000", std::to_underlying(account));  // account of a deleted peer
    }

    /// Builds an id in the form of other transfers' ids, for transfers that have only a number: all packets of one
    /// commit are one row.
    static std::string synthetic_uuid(std::string_view group, std::uint64_t number) {
        return fmt::format("00000000-0000-4000-{}-{:012x}", group, number & 0xffff'ffff'ffff);
    }

private:
    const directory& directory_;
};

value to_value(const listed_transfer& transfer, std::uint32_t ledger, const account_names& names) {
    const auto type = [&] {
        if (!transfer.kind) return "TRANSFER";
        return *transfer.kind == transfer_kind::deposit ? "DEPOSIT" : "WITHDRAWAL";
    }();
    const auto state = [&] {
        if (transfer.state == transfer_state::pending) return "PENDING";
        return transfer.state == transfer_state::posted ? "POSTED" : "VOIDED";
    }();
    const auto id = transfer.uuid.empty() ? account_names::synthetic_uuid("9000", transfer.number) : transfer.uuid;
    const auto expires_at =
        transfer.expires_at ? std::optional{iso_text(*transfer.expires_at)} : std::optional<std::string>{};
    // The packets of one commit may add up to more than an amount can hold.
    const auto amount =
        static_cast<std::uint64_t>(std::min<wide_amount>(transfer.amount, std::numeric_limits<std::uint64_t>::max()));
    return object{"AccountingTransfer",
                  {{"id", id},
                   {"debitAccountId", names.of(transfer.debit)},
                   {"creditAccountId", names.of(transfer.credit)},
                   {"amount", amount},
                   {"transferType", type},
                   {"ledger", ledger},
                   {"createdAt", iso_text(transfer.created_at)},
                   {"state", state},
                   {"expiresAt", expires_at}}};
}

field_result accounting_transfers(const services& services, const call& call) {
    const int limit = call.args.find<int>("limit").value_or(20);
    if (limit < 0 || limit > transfers_max) {
        return refuse(refusal_code::bad_user_input, fmt::format("limit must be from 0 to {}", transfers_max));
    }
    const std::string id = id_of(call.args.get<std::string>("id"));
    account_id account{};
    std::uint32_t ledger = 0;
    if (const auto peer = services.directory.find_peer(id)) {
        account = peer->liquidity->id;
        ledger = peer->asset->id;
    } else if (const auto asset = services.directory.find_asset(std::string_view{id})) {
        account = asset->asset->liquidity->id;
        ledger = asset->asset->id;
    } else {
        return refuse(refusal_code::not_found, "Account not found");
    }
    struct lists {
        std::vector<listed_transfer> debits;
        std::vector<listed_transfer> credits;
    };
    const auto found = read_from_store<lists>(
        services.committer, [account, limit](bookkeeper& keeper) -> std::expected<lists, store_error> {
            const auto size = static_cast<std::size_t>(limit);
            auto debits = keeper.list_transfers(account, account_side::debit, size);
            if (!debits) return std::unexpected{debits.error()};
            auto credits = keeper.list_transfers(account, account_side::credit, size);
            if (!credits) return std::unexpected{credits.error()};
            return lists{std::move(*debits), std::move(*credits)};
        });
    if (!found) return refuse(found.error());
    const account_names names{services.directory};
    const auto to_list = [&](const std::vector<listed_transfer>& transfers) {
        value::list list;
        for (const listed_transfer& transfer : transfers) list.push_back(to_value(transfer, ledger, names));
        return list;
    };
    return object{"AccountingTransferConnection",
                  {{"debits", to_list(found->debits)}, {"credits", to_list(found->credits)}}};
}

// --- Events

using event_page = page<listed_event>;

std::expected<event_page, store_error> read_events(bookkeeper& keeper, const page_request& request, event_query query) {
    const bool backwards = !request.after && request.before;
    query.newest_first = request.newest_first;
    event_query wanted = query;
    if (!backwards) wanted.after = request.after;
    if (backwards) wanted.before = request.before;
    wanted.from_the_end = backwards;
    wanted.limit = request.size + 1;
    auto found = keeper.list_events(wanted);
    if (!found) return std::unexpected{found.error()};
    event_page page{std::move(*found)};
    const bool more = page.entries.size() > request.size;
    if (more) page.entries.erase(backwards ? page.entries.begin() : page.entries.end() - 1);
    if (page.entries.empty()) return page;

    event_query other = query;
    other.limit = 1;
    other.from_the_end = !backwards;
    (backwards ? other.after : other.before) =
        backwards ? page.entries.back().event.uuid : page.entries.front().event.uuid;
    const auto beyond = keeper.list_events(other);
    if (!beyond) return std::unexpected{beyond.error()};
    page.has_next = backwards ? !beyond->empty() : more;
    page.has_previous = backwards ? more : !beyond->empty();
    return page;
}

value to_value(const listed_event& event) {
    boost::json::error_code ignored;
    const auto data = boost::json::parse(event.event.data, ignored);
    return object{"WebhookEvent",
                  {{"id", event.event.uuid},
                   {"type", event.event.type},
                   {"data", data.is_object() ? data.as_object() : boost::json::object{}},
                   {"createdAt", iso_text(event.created_at)}}};
}

field_result webhook_events(const services& services, const call& call) {
    const auto request = page_of(call.args);
    if (!request) return std::unexpected{request.error()};
    event_query query;
    bool nothing = !is_of_tenant(services, call);
    if (const auto filter = call.args.find<graphql::arguments>("filter")) {
        if (const auto type = filter->find<graphql::arguments>("type")) {
            const auto in = type->find<std::vector<std::string>>("in");
            nothing = nothing || (in && in->empty());
            query.types = in.value_or(std::vector<std::string>{});
            query.not_types = type->find<std::vector<std::string>>("notIn").value_or(std::vector<std::string>{});
        }
    }
    event_page page;
    if (!nothing) {
        auto found = read_from_store<event_page>(
            services.committer, [request, query](bookkeeper& keeper) { return read_events(keeper, *request, query); });
        if (!found) return refuse(found.error());
        page = std::move(*found);
    }
    return connection(
        "WebhookEventsConnection", "WebhookEventsEdge", page,
        [](const listed_event& event) { return event.event.uuid; },
        [](const listed_event& event) { return to_value(event); });
}

// --- The daemon

field_result node(const services& services) {
    const std::string store_error = services.committer.last_error();
    return object{"Node",
                  {{"ilpAddress", services.directory.own_address().text()},
                   {"version", services.version},
                   {"startedAt", iso_text(services.started_at)},
                   {"ready", services.ready()},
                   {"storeError", store_error.empty() ? value{} : value{store_error}},
                   {"peers", services.directory.peer_count()},
                   {"assets", services.directory.asset_count()},
                   {"routes", services.directory.route_count()},
                   {"pendingWithdrawals", services.transfers.pending_count()}}};
}

}  // namespace

void add_query_resolvers(graphql::resolvers& to, services& services) {
    to["Query.asset"] = [&services](const call& call) -> field_result {
        const auto found = services.directory.find_asset(std::string_view{id_of(call.args.get<std::string>("id"))});
        if (!found || found->terms.deleted_at) return refuse(refusal_code::not_found, "Asset not found");
        return to_value(asset_view{*found});
    };
    to["Query.assetByCodeAndScale"] = [&services](const call& call) -> field_result {
        const auto found =
            services.directory.find_asset(call.args.get<std::string>("code"), call.args.get<std::uint8_t>("scale"));
        if (!found || found->terms.deleted_at) return value{};
        return to_value(asset_view{*found});
    };
    to["Query.assets"] = [&services](const call& call) { return assets(services, call); };
    to["Query.peer"] = [&services](const call& call) -> field_result {
        const auto found = services.directory.find_peer(id_of(call.args.get<std::string>("id")));
        if (!found) return refuse(refusal_code::not_found, "unknown peer");
        return to_value(peer_view{*found});
    };
    to["Query.peerByAddressAndAsset"] = [&services](const call& call) {
        return peer_by_address_and_asset(services, call);
    };
    to["Query.peers"] = [&services](const call& call) { return peers(services, call); };
    to["Query.routes"] = [&services](const call& call) { return routes(services, call); };
    to["Query.route"] = [&services](const call& call) { return route(services, call); };
    to["Query.accountingTransfers"] = [&services](const call& call) { return accounting_transfers(services, call); };
    to["Query.webhookEvents"] = [&services](const call& call) { return webhook_events(services, call); };
    to["Query.node"] = [&services](const call&) { return node(services); };
}

}  // namespace peering::admin
