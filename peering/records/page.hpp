#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace peering {

/// The part of a list that is requested, as in a Relay connection. A cursor is the id of an entry.
struct page_request {
    static constexpr std::size_t size_default = 20;
    static constexpr std::size_t size_max = 100;

    std::optional<std::string> after{};   ///< the page begins after this entry
    std::optional<std::string> before{};  ///< without `after`, the page ends before this entry
    std::size_t size = size_default;      ///< 0 asks for no entries, only for what is on either side
    bool newest_first = true;

    /// The one of the two that counts; nullopt for the first page.
    const std::optional<std::string>& cursor() const noexcept { return after ? after : before; }
};

template <class Entry>
struct page {
    std::vector<Entry> entries{};  ///< in the requested order
    bool has_next = false;
    bool has_previous = false;
};

/// Cuts a page out of a map whose keys follow the order of creation. `place_of(cursor)` returns the key for a cursor,
/// or nullopt if no entry has it; there is no page then, because an empty one would look like the end of the list.
/// O(page + log n).
template <class Map, class PlaceOf>
auto cut_page(const Map& all, const page_request& request, PlaceOf place_of)
    -> std::optional<page<typename Map::mapped_type>> {
    using Key = typename Map::key_type;
    using Entry = typename Map::mapped_type;
    page<Entry> cut;
    std::optional<Key> place;
    if (request.cursor()) {
        place = place_of(std::string_view{*request.cursor()});
        if (!place) return std::nullopt;
    }
    // Walks away from the cursor, towards larger or smaller keys.
    const bool backwards = !request.after && request.before.has_value();
    const bool ascending = request.newest_first == backwards;
    auto first = all.begin();  // the page is [first, last)
    auto last = all.end();
    if (ascending) {
        if (place) first = all.upper_bound(*place);
        last = first;
        while (last != all.end() && cut.entries.size() < request.size) cut.entries.push_back((last++)->second);
    } else {
        if (place) last = all.lower_bound(*place);
        first = last;
        while (first != all.begin() && cut.entries.size() < request.size) cut.entries.push_back((--first)->second);
    }
    if (cut.entries.empty() && request.size != 0) return cut;
    if (backwards)
        cut.entries = {std::make_move_iterator(cut.entries.rbegin()), std::make_move_iterator(cut.entries.rend())};
    const bool newer = last != all.end();
    const bool older = first != all.begin();
    cut.has_next = request.newest_first ? older : newer;
    cut.has_previous = request.newest_first ? newer : older;
    return cut;
}

}  // namespace peering
