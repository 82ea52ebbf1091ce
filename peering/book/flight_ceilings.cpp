#include "peering/book/flight_ceilings.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <limits>
#include <unordered_map>

namespace peering {
namespace {

constexpr std::uint64_t amount_max = std::numeric_limits<std::uint64_t>::max();

/// What was in flight at the peak has to be this much smaller than the ceiling for the ceiling to sink.
constexpr std::uint64_t slack = 4;

std::uint64_t twice(std::uint64_t amount) noexcept {
    return amount > amount_max / 2 ? amount_max : 2 * amount;
}

}  // namespace

std::uint64_t flight_ceilings::ceiling_for(std::uint64_t amount) noexcept {
    if (amount == 0) return 0;
    return amount > amount_max / 2 + 1 ? amount_max : std::bit_ceil(amount);
}

bool flight_ceilings::concerns(std::span<const ceiling_request> requests) noexcept {
    return std::ranges::any_of(requests, [](const ceiling_request& request) {
        return request.amount > request.account->flight_ceiling.load(std::memory_order_relaxed);
    });
}

void flight_ceilings::raise(std::span<const ceiling_request> requests, std::vector<flight_record>& changed) {
    if (requests.empty()) return;
    std::unordered_map<account_id, std::size_t> places;  // in `changed`
    for (const flight_record& record : changed) places.emplace(record.account, places.size());
    for (const auto& [account, amount] : requests) {
        if (amount <= account->flight_ceiling.load(std::memory_order_relaxed)) continue;
        const std::uint64_t wanted = ceiling_for(amount);
        const auto [known, is_new] = places.try_emplace(account->id, changed.size());
        if (!is_new) {
            flight_record& record = changed[known->second];
            record.ceiling = std::max(record.ceiling, wanted);
            continue;
        }
        const auto kept = entries_.find(account->id);
        changed.push_back({account->id, wanted, kept == entries_.end() ? 0 : kept->second.kept.doubt});
    }
}

void flight_ceilings::sink(ilp::steady_time now, std::vector<flight_record>& changed) {
    if (now - looked_at_ < quiet_time) return;
    looked_at_ = now;
    const std::size_t before = changed.size();
    for (auto& [id, entry] : entries_) {
        if (changed.size() - before >= sinking_max) return;
        if (entry.kept.ceiling == 0) continue;
        liquidity_account& account = *entry.account;
        const std::uint64_t flying = account.in_flight.load();
        const std::uint64_t peak = std::max(account.flight_peak.exchange(flying), flying);
        if (peak > entry.kept.ceiling / slack) continue;
        const std::uint64_t present = account.flight_ceiling.load();  // lower than what is kept after a failed write
        const std::uint64_t lower = std::min(ceiling_for(twice(peak)), present);
        account.flight_ceiling.store(lower);
        if (account.in_flight.load() > lower) {  // something has taken off meanwhile
            account.flight_ceiling.store(present);
            continue;
        }
        changed.push_back({id, lower, entry.kept.doubt});
    }
}

void flight_ceilings::end(std::vector<flight_record>& changed) {
    for (auto& [id, entry] : entries_) {
        if (entry.kept.ceiling == 0) continue;
        const std::uint64_t present = entry.account->flight_ceiling.exchange(0);
        if (entry.account->in_flight.load() != 0) {
            entry.account->flight_ceiling.store(present);
            continue;
        }
        changed.push_back({id, 0, entry.kept.doubt});
    }
}

void flight_ceilings::find_doubts(std::vector<flight_record>& changed) const {
    for (const auto& [id, entry] : entries_) {
        const auto [account, ceiling, doubt] = entry.kept;
        if (ceiling == 0) continue;
        changed.push_back({account, 0, doubt > amount_max - ceiling ? amount_max : doubt + ceiling});
    }
    std::ranges::sort(changed, {}, &flight_record::account);
}

flight_record flight_ceilings::without_doubt(account_id account) const {
    const auto known = entries_.find(account);
    return {account, known == entries_.end() ? 0 : known->second.kept.ceiling, 0};
}

std::uint64_t flight_ceilings::doubt_about(account_id account) const {
    const std::lock_guard lock{mutex_};
    const auto found = doubts_.find(account);
    return found == doubts_.end() ? 0 : found->second;
}

void flight_ceilings::add(const flight_record& record, liquidity_account& account) {
    // A ceiling that has risen does not sink before it can be used.
    if (record.ceiling > account.flight_ceiling.load()) account.flight_peak.store(record.ceiling);
    account.flight_ceiling.store(record.ceiling);
    if (record.ceiling == 0 && record.doubt == 0) {
        entries_.erase(record.account);
    } else {
        entries_.insert_or_assign(record.account, entry{&account, record});
    }
    const std::lock_guard lock{mutex_};
    if (record.doubt == 0) {
        doubts_.erase(record.account);
    } else {
        doubts_.insert_or_assign(record.account, record.doubt);
    }
}

}  // namespace peering
