#include "peering/store/history.hpp"

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

}  // namespace

std::optional<history_sums> sum_by_day(std::span<const packet_row> rows, const history_age& age) {
    history_sums result;
    std::map<std::tuple<account_id, account_id, ilp::timestamp>, std::size_t> place_of;
    for (const packet_row& row : rows) {
        if (!age.is_old(row.created_at)) break;
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

bool add_to_known(day_sum& sum, std::uint64_t number, wide_amount amount, std::uint64_t packets) noexcept {
    sum.number = number;
    sum.is_known = true;
    return add(sum, amount, packets);
}

}  // namespace peering
