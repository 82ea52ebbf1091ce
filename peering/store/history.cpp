#include "peering/store/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <tuple>

namespace peering {
namespace {

ilp::timestamp day_of(ilp::timestamp time) noexcept {
    return std::chrono::floor<std::chrono::days>(time);
}

bool add(day_sum& sum, wide_amount amount, std::uint64_t packets) noexcept {
    if (amount > total_max || sum.amount > total_max - amount) return false;
    sum.amount += amount;
    sum.packets += packets;
    return true;
}

/// The first of the rows, up to the last that may be summed up.
std::span<const packet_row> old_part(std::span<const packet_row> rows, const history_age& age, bool old_follows) {
    std::size_t end = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (age.is_old(rows[i].created_at)) {
            end = i + 1;
        } else if (!age.is_from_future(rows[i].created_at)) {
            return rows.first(end);
        }
    }
    return old_follows ? rows : rows.first(end);
}

}  // namespace

std::optional<history_sums> sum_by_day(std::span<const packet_row> rows, const history_age& age, bool old_follows) {
    history_sums result;
    std::map<std::tuple<account_id, account_id, ilp::timestamp>, std::size_t> place_of;
    for (const packet_row& row : old_part(rows, age, old_follows)) {
        result.last = row.number;
        ++result.rows;
        const ilp::timestamp day = day_of(row.created_at);
        const auto [place, is_new] = place_of.try_emplace({row.debit, row.credit, day}, result.sums.size());
        if (is_new) {
            result.sums.push_back({.number = row.number,
                                   .debit = row.debit,
                                   .credit = row.credit,
                                   .day = day,
                                   .amount = 0,
                                   .packets = 0});
        }
        if (!add(result.sums[place->second], row.amount, row.packets)) return std::nullopt;
    }
    return result;
}

std::string query_for_later_old_row(std::uint64_t after, std::uint64_t last, const history_age& age) {
    return fmt::format(
        "WITH RECURSIVE probe (distance) AS (SELECT CAST(1 AS bigint) UNION ALL SELECT 2 * distance FROM probe "
        "WHERE {0} + 2 * distance <= {1}) SELECT count(*) FROM probe WHERE (SELECT created_at FROM transfers "
        "WHERE id >= {0} + probe.distance ORDER BY id LIMIT 1) < {2}",
        after, last, age.older_than.time_since_epoch().count());
}

std::size_t count_old_events(std::span<const ended_event> events, const history_age& age) noexcept {
    const auto is_young = [&age](const ended_event& event) { return !age.is_old(event.created_at); };
    return static_cast<std::size_t>(std::ranges::find_if(events, is_young) - events.begin());
}

bool add_to_known(day_sum& sum, std::uint64_t number, wide_amount amount, std::uint64_t packets) noexcept {
    sum.number = number;
    sum.is_known = true;
    return add(sum, amount, packets);
}

}  // namespace peering
