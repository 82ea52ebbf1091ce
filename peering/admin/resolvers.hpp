#pragma once

#include "peering/admin/mutations.hpp"
#include "peering/admin/services.hpp"
#include "peering/graphql/engine.hpp"
#include "peering/graphql/resolver.hpp"
#include "peering/page.hpp"

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace peering::admin {

/// Answers everything that schema.graphql offers. Resolvers block while the committer's thread or another node works:
/// call the engine on threads that may. Both arguments must outlive it.
std::unique_ptr<const graphql::engine> make_engine(services& services, mutations& mutations);

// Its parts, each in a file of its own.

void add_type_resolvers(graphql::resolvers& to, services& services);
void add_query_resolvers(graphql::resolvers& to, services& services);
void add_asset_mutations(graphql::resolvers& to, services& services, mutations& mutations);
void add_peer_mutations(graphql::resolvers& to, services& services, mutations& mutations);
void add_liquidity_mutations(graphql::resolvers& to, services& services, mutations& mutations);

// What they share.

std::unexpected<graphql::refusal> refuse(const refusal& refusal);
std::unexpected<graphql::refusal> refuse(refusal_code code, std::string message);

/// An id as it is kept: UUIDs are the same in either case.
std::string id_of(std::string_view text);

/// An amount of the schema's type UInt64; empty: it was not given, or is null.
std::optional<ilp::amount> amount_of(const graphql::arguments& arguments, std::string_view name);

/// The arguments of a page, as Relay names them.
std::expected<page_request, graphql::refusal> page_of(const graphql::arguments& arguments);

/// A connection named `type`, of edges named `edge_type`; `entry_of` gives cursor and node of an entry.
template <class Entry, class CursorOf, class NodeOf>
graphql::value connection(std::string_view type, std::string_view edge_type, const page<Entry>& page,
                          CursorOf cursor_of, NodeOf node_of) {
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

/// The answer of a mutation, with the fields that older clients select.
graphql::outcome answer_of(std::string_view type, const mutation_outcome& outcome);

}  // namespace peering::admin
