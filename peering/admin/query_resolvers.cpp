#include "config/value.hpp"
#include "peering/admin/resolvers.hpp"
#include "peering/admin/store_reading.hpp"
#include "peering/records/text.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace peering::admin {
namespace {

using graphql::call;
using graphql::field_result;
using graphql::object;
using graphql::value;

constexpr int transfers_max = 1000;

// --- Assets and peers

field_result assets(const services& services, const call& call) {
    const auto request = page_of(call.args);
    if (!request) return std::unexpected{request.error()};
    const auto page =
        is_of_tenant(services, call.args) ? services.directory.assets(*request) : empty_page<asset_entry>(*request);
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
    const auto page =
        is_of_tenant(services, call.args) ? services.directory.peers(*request) : empty_page<peer_pointer>(*request);
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

using receiver_pointer = directory::receiver_pointer;

field_result receiving_accounts(const services& services, const call& call) {
    const auto request = page_of(call.args);
    if (!request) return std::unexpected{request.error()};
    return connection(
        "ReceivingAccountsConnection", "ReceivingAccountEdge", services.directory.receiving_accounts(*request),
        [](const receiver_pointer& receiver) { return std::string{receiver->uuid}; },
        [](const receiver_pointer& receiver) { return to_value(receiving_account_view{*receiver}); });
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

/// Strangers choose their names, so the address is shown too.
std::string shown_name(const peer& peer) {
    return peer.given_name ? fmt::format("{} at {}", *peer.given_name, peer.address.text()) : peer.address.text();
}

std::string shown_name(const receiving_account& receiver) {
    return "receiving account " + receiver.name;
}

std::string shown_name(const asset& asset) {
    return asset_text(asset.code, asset.scale);
}

/// The UUIDs and names by which operators know accounts.
class account_names {
public:
    explicit account_names(const directory& directory) : directory_{directory} {}

    struct names {
        std::string id;
        std::optional<std::string> name;
    };

    /// The liquidity and settlement accounts of an asset share the asset's id.
    names of(account_id account) const {
        if (const auto peer = directory_.find_peer_by_account(account)) {
            return {std::string{peer->uuid}, shown_name(*peer)};
        }
        if (const auto receiver = directory_.find_receiving_account_by_account(account)) {
            return {std::string{receiver->uuid}, shown_name(*receiver)};
        }
        if (const auto asset = directory_.find_asset_by_account(account)) {
            const bool is_settlement = asset->asset->settlement->id == account;
            return {asset->asset->uuid, (is_settlement ? "settlement of " : "") + shown_name(*asset->asset)};
        }
        return {id_of_deleted_account(account), std::nullopt};
    }

private:
    const directory& directory_;
};

/// The account whose transfers are listed.
struct listed_account {
    account_id account{};
    std::uint32_t ledger = 0;
};

std::optional<listed_account> find_account(const directory& directory, const std::string& id) {
    if (const auto peer = directory.find_peer(id)) return listed_account{peer->liquidity->id, peer->asset->id};
    if (const auto receiver = directory.find_receiving_account(id)) {
        return listed_account{receiver->liquidity->id, receiver->asset->id};
    }
    if (const auto asset = directory.find_asset(std::string_view{id})) {
        return listed_account{asset->asset->liquidity->id, asset->asset->id};
    }
    return std::nullopt;
}

/// Rafiki's clients read it as a UInt8, so a node with more assets uses a number for several of them.
std::uint32_t ledger_number(std::uint32_t asset_id) {
    constexpr std::uint32_t numbers = 255;
    return (asset_id - 1) % numbers + 1;
}

value to_value(const listed_transfer& transfer, const listed_account& of, const account_names& names) {
    const auto type = [&] {
        if (!transfer.kind) return "TRANSFER";
        // Rafiki's clients know no other values.
        return *transfer.kind == transfer_kind::withdrawal ? "WITHDRAWAL" : "DEPOSIT";
    }();
    const auto state = [&] {
        if (transfer.state == transfer_state::pending) return "PENDING";
        return transfer.state == transfer_state::posted ? "POSTED" : "VOIDED";
    }();
    const auto id = transfer.uuid.empty() ? synthetic_uuid("9000", transfer.number) : transfer.uuid;
    const auto expires_at =
        transfer.expires_at ? std::optional{iso_text(*transfer.expires_at)} : std::optional<std::string>{};
    // The packets of one commit, and more so those of a day, may add up to more than an amount can hold.
    const auto amount =
        static_cast<std::uint64_t>(std::min<wide_amount>(transfer.amount, std::numeric_limits<std::uint64_t>::max()));
    wide_amount_buffer digits;
    const auto sum_of_day =
        transfer.sum_of_day ? std::optional{day_text(*transfer.sum_of_day)} : std::optional<std::string>{};
    const auto debit = names.of(transfer.debit);
    const auto credit = names.of(transfer.credit);
    return object{"AccountingTransfer",
                  {{"id", id},
                   {"isCorrection", transfer.kind == transfer_kind::correction},
                   {"debitAccountId", debit.id},
                   {"creditAccountId", credit.id},
                   {"debitAccountName", debit.name},
                   {"creditAccountName", credit.name},
                   {"incoming", transfer.credit == of.account},
                   {"amount", amount},
                   {"exactAmount", std::string{to_text(transfer.amount, digits)}},
                   {"packets", transfer.packets},
                   {"sumOfDay", sum_of_day},
                   {"transferType", type},
                   {"ledger", ledger_number(of.ledger)},
                   {"createdAt", iso_text(transfer.created_at)},
                   {"state", state},
                   {"expiresAt", expires_at}}};
}

/// Where the lists of an account's debits and credits continue. A side without a number is at its end.
struct transfer_place {
    account_id account{};
    std::optional<std::uint64_t> debit{};
    std::optional<std::uint64_t> credit{};
};

struct transfer_lists {
    std::vector<listed_transfer> debits;
    std::vector<listed_transfer> credits;
};

/// Lists both sides of the account, from `place` if there is one, else from the newest. Nullopt: there is no such
/// place.
std::expected<std::optional<transfer_lists>, refusal> list_both_sides(const services& services, account_id account,
                                                                      std::size_t size,
                                                                      const std::optional<transfer_place>& place) {
    using lists_or_none = std::optional<transfer_lists>;
    if (place && place->account != account) return lists_or_none{};
    return read_from_store<lists_or_none>(
        services.committer, [account, size, place](bookkeeper& keeper) -> std::expected<lists_or_none, store_error> {
            transfer_lists lists;
            bool is_known = true;
            const auto list = [&](account_side side, std::optional<std::uint64_t> from,
                                  std::vector<listed_transfer>& to) -> std::expected<void, store_error> {
                if (place && !from) return {};
                auto listed = keeper.list_transfers(account, side, size, from);
                if (!listed) return std::unexpected{listed.error()};
                to = std::move(*listed);
                // Row `from`, or the sum that has taken its place, is on the list.
                is_known = is_known && (!from || size == 0 || !to.empty());
                return {};
            };
            if (auto done = list(account_side::debit, place ? place->debit : std::nullopt, lists.debits); !done) {
                return std::unexpected{done.error()};
            }
            if (auto done = list(account_side::credit, place ? place->credit : std::nullopt, lists.credits); !done) {
                return std::unexpected{done.error()};
            }
            return is_known ? lists_or_none{std::move(lists)} : std::nullopt;
        });
}

field_result accounting_transfers(const services& services, const call& call) {
    const int limit = call.args.find<int>("limit").value_or(20);
    if (limit < 0 || limit > transfers_max) {
        return refuse(refusal_code::bad_user_input, fmt::format("limit must be from 0 to {}", transfers_max));
    }
    const auto account = find_account(services.directory, id_of(call.args.get<std::string>("id")));
    if (!account) return refuse(refusal_code::not_found, "Account not found");
    const auto found = list_both_sides(services, account->account, static_cast<std::size_t>(limit), std::nullopt);
    if (!found) return refuse(found.error());
    const account_names names{services.directory};
    const auto to_list = [&](const std::vector<listed_transfer>& transfers) {
        value::list list;
        for (const listed_transfer& transfer : transfers) list.push_back(to_value(transfer, *account, names));
        return list;
    };
    return object{"AccountingTransferConnection",
                  {{"debits", to_list((*found)->debits)}, {"credits", to_list((*found)->credits)}}};
}

/// A cursor has the number of the account, and the numbers of the rows at which its two sides continue: "3-12-7"; 0 is
/// the end of a side.
std::string cursor_of(const transfer_place& place) {
    return fmt::format("{}-{}-{}", std::to_underlying(place.account), place.debit.value_or(0),
                       place.credit.value_or(0));
}

/// Returns nullopt for a text that is not a cursor.
std::optional<transfer_place> place_at(std::string_view cursor) {
    std::array<std::uint64_t, 3> numbers{};
    for (std::uint64_t& number : numbers) {
        const bool is_last = &number == &numbers.back();
        const std::size_t end = is_last ? cursor.size() : cursor.find('-');
        if (end == std::string_view::npos) return std::nullopt;
        const auto parsed = config::parse_digits(cursor.substr(0, end));
        if (!parsed) return std::nullopt;
        number = *parsed;
        cursor.remove_prefix(is_last ? end : end + 1);
    }
    if (numbers[0] > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    const auto row = [](std::uint64_t number) { return number == 0 ? std::nullopt : std::optional{number}; };
    return transfer_place{account_id{static_cast<std::uint32_t>(numbers[0])}, row(numbers[1]), row(numbers[2])};
}

struct placed_transfer {
    listed_transfer transfer;
    transfer_place next;  ///< the place after it
};

/// Merges both sides of `account`, newest first. Each side has one more than `size` if it continues.
page<placed_transfer> merge(transfer_lists lists, account_id account, std::size_t size) {
    page<placed_transfer> merged;
    auto debit = lists.debits.begin();
    auto credit = lists.credits.begin();
    const auto number_at = [](const auto& place, const auto& list) {
        return place == list.end() ? std::nullopt : std::optional{place->number};
    };
    while (merged.entries.size() < size && (debit != lists.debits.end() || credit != lists.credits.end())) {
        const bool is_debit =
            credit == lists.credits.end() || (debit != lists.debits.end() && debit->number > credit->number);
        listed_transfer& next = is_debit ? *debit++ : *credit++;
        merged.entries.push_back(
            {std::move(next), {account, number_at(debit, lists.debits), number_at(credit, lists.credits)}});
    }
    merged.has_next = debit != lists.debits.end() || credit != lists.credits.end();
    return merged;
}

field_result account_transfers(const services& services, const call& call) {
    const auto request = page_of(call.args);
    if (!request) return std::unexpected{request.error()};
    const auto account = find_account(services.directory, id_of(call.args.get<std::string>("id")));
    if (!account) return refuse(refusal_code::not_found, "Account not found");
    const auto place = request->after ? place_at(*request->after) : std::nullopt;
    if (request->after && !place) return refuse_cursor();
    auto found = list_both_sides(services, account->account, request->size + 1, place);
    if (!found) return refuse(found.error());
    std::optional<page<placed_transfer>> page;
    if (*found) {
        page = merge(std::move(**found), account->account, request->size);
        page->has_previous = place.has_value();
    }
    const account_names names{services.directory};
    return connection(
        "AccountTransfersConnection", "AccountTransferEdge", page,
        [](const placed_transfer& placed) { return cursor_of(placed.next); },
        [&](const placed_transfer& placed) { return to_value(placed.transfer, *account, names); });
}

// --- Events

using event_page = std::optional<page<listed_event>>;

std::expected<event_page, store_error> read_events(bookkeeper& keeper, const page_request& request,
                                                   const event_query& query) {
    return read_page<listed_event>(
        request, query, [&keeper](const event_query& wanted) { return keeper.list_events(wanted); },
        [](const listed_event& event) { return event.event.uuid; });
}

/// The name of the peer, receiving account or asset with this id.
std::optional<std::string> name_behind(const directory& directory, std::string_view id) {
    if (const auto peer = directory.find_peer(id)) return shown_name(*peer);
    if (const auto receiver = directory.find_receiving_account(id)) return shown_name(*receiver);
    if (const auto asset = directory.find_asset(id)) return shown_name(*asset->asset);
    return std::nullopt;
}

/// The id of the peer, asset or receiving account that an event is about; null if its data does not say.
const boost::json::value* owner_in(const boost::json::value& data) {
    if (!data.is_object()) return nullptr;
    const auto* const account = data.get_object().if_contains("walletAddressId");
    return account != nullptr ? account : data.get_object().if_contains("id");
}

value to_value(const listed_event& event, const directory& directory) {
    boost::json::error_code ignored;
    const auto data = boost::json::parse(event.event.data, ignored);
    const auto* const id = owner_in(data);
    const auto name =
        id != nullptr && id->is_string() ? name_behind(directory, std::string_view{id->get_string()}) : std::nullopt;
    return object{"WebhookEvent",
                  {{"id", event.event.uuid},
                   {"type", event.event.type},
                   {"name", name},
                   {"data", data.is_object() ? data.as_object() : boost::json::object{}},
                   {"createdAt", iso_text(event.created_at)}}};
}

field_result webhook_events(const services& services, const call& call) {
    const auto request = page_of(call.args);
    if (!request) return std::unexpected{request.error()};
    event_query query;
    if (const auto filter = call.args.find<graphql::arguments>("filter")) {
        if (const auto type = filter->find<graphql::arguments>("type")) {
            // An empty list is no filter, neither here nor in `notIn`: clients send it for "all".
            query.types = type->find<std::vector<std::string>>("in").value_or(std::vector<std::string>{});
            query.not_types = type->find<std::vector<std::string>>("notIn").value_or(std::vector<std::string>{});
        }
    }
    event_page page = empty_page<listed_event>(*request);
    if (is_of_tenant(services, call.args)) {
        auto found = read_from_store<event_page>(
            services.committer, [request, query](bookkeeper& keeper) { return read_events(keeper, *request, query); });
        if (!found) return refuse(found.error());
        page = std::move(*found);
    }
    return connection(
        "WebhookEventsConnection", "WebhookEventsEdge", page,
        [](const listed_event& event) { return event.event.uuid; },
        [&services](const listed_event& event) { return to_value(event, services.directory); });
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
                   {"receivingAccounts", services.directory.receiving_account_count()},
                   {"spspListener", services.spsp_listener ? value{*services.spsp_listener} : value{}},
                   {"routes", services.directory.route_count()},
                   {"pendingWithdrawals", services.transfers.pending_count()}}};
}

/// Those that are not disabled; to these nothing is sent. The longest first.
std::vector<peer_pointer> unreachable_peers(const services& services) {
    auto found = services.unreachable_peers();
    std::ranges::sort(found, {}, &unreachable_peer::since);
    std::vector<peer_pointer> peers;
    for (const unreachable_peer& each : found) {
        auto peer = services.directory.find_peer(each.uuid.text());
        if (peer && peer->enabled) peers.push_back(std::move(peer));
    }
    return peers;
}

field_result unreachable_peers(const services& services, const call& call) {
    const auto request = page_of(call.args);
    if (!request) return std::unexpected{request.error()};
    auto found = unreachable_peers(services);
    found.resize(std::min(found.size(), request->size));
    value::list peers;
    for (const peer_pointer& peer : found) peers.push_back(to_value(peer_view{*peer}));
    return peers;
}

/// The peers whose books are in doubt, those with the smallest account number first.
std::vector<peer_pointer> peers_in_doubt(const services& services) {
    const auto doubts = services.committer.doubts();
    std::vector<peer_pointer> peers;
    if (doubts.empty()) return peers;
    for (auto& peer : services.directory.peers()) {
        if (doubts.contains(peer->liquidity->id)) peers.push_back(peer);
    }
    std::ranges::sort(peers, {}, [](const peer_pointer& peer) { return peer->liquidity->id; });
    return peers;
}

field_result peers_in_doubt(const services& services, const call& call) {
    const auto request = page_of(call.args);
    if (!request) return std::unexpected{request.error()};
    auto found = peers_in_doubt(services);
    found.resize(std::min(found.size(), request->size));
    value::list peers;
    for (const peer_pointer& peer : found) peers.push_back(to_value(peer_view{*peer}));
    return peers;
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
    to["Query.receivingAccount"] = [&services](const call& call) -> field_result {
        const auto found = services.directory.find_receiving_account(id_of(call.args.get<std::string>("id")));
        if (!found) return refuse(refusal_code::not_found, "unknown receiving account");
        return to_value(receiving_account_view{*found});
    };
    to["Query.receivingAccountByName"] = [&services](const call& call) -> field_result {
        const auto found = services.directory.find_receiving_account_by_name(call.args.get<std::string>("name"));
        if (!found) return value{};
        return to_value(receiving_account_view{*found});
    };
    to["Query.receivingAccounts"] = [&services](const call& call) { return receiving_accounts(services, call); };
    to["Query.routes"] = [&services](const call& call) { return routes(services, call); };
    to["Query.route"] = [&services](const call& call) { return route(services, call); };
    to["Query.accountingTransfers"] = [&services](const call& call) { return accounting_transfers(services, call); };
    to["Query.accountTransfers"] = [&services](const call& call) { return account_transfers(services, call); };
    to["Query.webhookEvents"] = [&services](const call& call) { return webhook_events(services, call); };
    to["Query.node"] = [&services](const call&) { return node(services); };
    to["Node.unreachablePeerCount"] = [&services](const call&) -> field_result {
        return unreachable_peers(services).size();
    };
    to["Node.peersInDoubtCount"] = [&services](const call&) -> field_result { return peers_in_doubt(services).size(); };
    to["Node.peersInDoubt"] = [&services](const call& call) { return peers_in_doubt(services, call); };
    to["Node.unreachablePeers"] = [&services](const call& call) { return unreachable_peers(services, call); };
}

}  // namespace peering::admin
