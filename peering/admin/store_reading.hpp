#pragma once

#include "peering/admin/mutations.hpp"
#include "peering/administration/refusal.hpp"
#include "peering/book/committer.hpp"
#include "peering/records/page.hpp"

#include <expected>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <utility>

namespace peering::admin {

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

/// A page of a list in the store. `list(query)` returns the entries that the query selects, or nullopt if one of its
/// cursors is unknown; `cursor_of(entry)` is an entry's cursor.
template <class Entry, class Query, class List, class CursorOf>
std::expected<std::optional<page<Entry>>, store_error> read_page(const page_request& request, Query query,
                                                                 const List& list, const CursorOf& cursor_of) {
    using page_or_none = std::optional<page<Entry>>;
    const bool backwards = !request.after && request.before;
    query.newest_first = request.newest_first;
    Query wanted = query;
    if (!backwards) wanted.after = request.after;
    if (backwards) wanted.before = request.before;
    wanted.from_the_end = backwards;
    wanted.limit = request.size + 1;
    auto found = list(wanted);
    if (!found) return std::unexpected{found.error()};
    if (!*found) return page_or_none{};
    page<Entry> page{std::move(**found)};
    const bool more = page.entries.size() > request.size;
    if (more) page.entries.erase(backwards ? page.entries.begin() : page.entries.end() - 1);
    if (page.entries.empty()) {
        // A page of size 0 tells what is on either side of its cursor; the cursor itself is one of these.
        const bool is_cut = request.size == 0;
        page.has_next = backwards ? is_cut : more;
        page.has_previous = backwards ? more : is_cut && request.after.has_value();
        return page;
    }

    Query other = query;
    other.limit = 1;
    other.from_the_end = !backwards;
    (backwards ? other.after : other.before) =
        backwards ? cursor_of(page.entries.back()) : cursor_of(page.entries.front());
    const auto beyond = list(other);
    if (!beyond) return std::unexpected{beyond.error()};
    const bool is_alone = !*beyond || (*beyond)->empty();
    page.has_next = backwards ? !is_alone : more;
    page.has_previous = backwards ? more : !is_alone;
    return page;
}

}  // namespace peering::admin
