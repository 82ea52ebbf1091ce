#pragma once

#include "peering/admin/mutations.hpp"
#include "peering/admin/services.hpp"
#include "peering/graphql/engine.hpp"
#include "peering/graphql/resolver.hpp"
#include "peering/records/page.hpp"

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace peering::admin {

/// Builds the engine that answers everything in schema.graphql. Resolvers block while the committer's thread or another
/// node works, so call the engine only on threads that may block. Both arguments must outlive it.
std::unique_ptr<const graphql::engine> make_engine(services& services, mutations& mutations);

// Parts of make_engine(), each in its own file.

void add_type_resolvers(graphql::resolvers& to, services& services);
void add_query_resolvers(graphql::resolvers& to, services& services);
/// The daemons that can use the store.
void add_cluster(graphql::resolvers& to, services& services);
void add_asset_mutations(graphql::resolvers& to, services& services, mutations& mutations);
void add_peer_mutations(graphql::resolvers& to, services& services, mutations& mutations);
void add_receiving_account_mutations(graphql::resolvers& to, services& services, mutations& mutations);
/// Receiving accounts in the words of Rafiki.
void add_wallet_addresses(graphql::resolvers& to, services& services, mutations& mutations);
/// The payments that this node makes, in the words of Rafiki.
void add_rafiki_payments(graphql::resolvers& to, const services& services);
/// The payments that this node makes.
void add_payments(graphql::resolvers& to, services& services, mutations& mutations);
void add_liquidity_mutations(graphql::resolvers& to, services& services, mutations& mutations);

// Helpers shared by these files.

std::unexpected<graphql::field_error> refuse(const refusal& refusal);
std::unexpected<graphql::field_error> refuse(refusal_code code, std::string message);

/// Converts an id to its stored form; UUIDs are case-insensitive.
std::string id_of(std::string_view text);

/// There is one tenant, the operator.
bool is_tenant(const services& services, std::string_view id);
refusal unknown_tenant();
/// Whether a list with these arguments is that of our tenant.
bool is_of_tenant(const services& services, const graphql::arguments& args);

/// Builds an id in the form of other objects' ids, for one that has only a number.
std::string synthetic_uuid(std::string_view group, std::uint64_t number);
/// The id of the receiving account that owns this account; one from its number if that was deleted.
std::string id_of_account(const services& services, account_id account);
std::string id_of_deleted_account(account_id account);

/// Reads an amount of schema type UInt64; returns nullopt if it is absent or null.
std::optional<ilp::amount> amount_of(const graphql::arguments& arguments, std::string_view name);

/// Reads the page arguments as defined by Relay. A size of 0 asks for an empty page.
std::expected<page_request, graphql::field_error> page_of(const graphql::arguments& arguments);

/// A cursor that is not, or no longer, one of the list.
std::unexpected<graphql::field_error> refuse_cursor();

/// The page of a list that has no entries, and therefore no cursors: nullopt if the request has one.
template <class Entry>
std::optional<page<Entry>> empty_page(const page_request& request) {
    return request.cursor() ? std::nullopt : std::optional{page<Entry>{}};
}

/// Builds a connection of type `type` with edges of type `edge_type`; `cursor_of` and `node_of` map an entry to its
/// cursor and node. All lists of the API end here: without a page, the cursor is unknown and is refused. An empty page
/// would tell the client that it has seen everything.
template <class Entry, class CursorOf, class NodeOf>
graphql::field_result connection(std::string_view type, std::string_view edge_type,
                                 const std::optional<page<Entry>>& found, CursorOf cursor_of, NodeOf node_of) {
    if (!found) return refuse_cursor();
    const page<Entry>& page = *found;
    graphql::value::list edges;
    for (const Entry& entry : page.entries) {
        edges.push_back(graphql::object{edge_type, {{"cursor", cursor_of(entry)}, {"node", node_of(entry)}}});
    }
    const bool empty = page.entries.empty();
    graphql::object info{"PageInfo",
                         {{"startCursor", empty ? graphql::value{} : graphql::value{cursor_of(page.entries.front())}},
                          {"endCursor", empty ? graphql::value{} : graphql::value{cursor_of(page.entries.back())}},
                          {"hasNextPage", page.has_next},
                          {"hasPreviousPage", page.has_previous}}};
    return graphql::object{type, {{"edges", std::move(edges)}, {"pageInfo", std::move(info)}}};
}

/// Builds a mutation's answer, including the fields that older clients select.
graphql::field_result answer_of(std::string_view type, const mutation_outcome& outcome);

}  // namespace peering::admin
