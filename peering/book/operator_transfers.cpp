#include "peering/book/operator_transfers.hpp"

#include "peering/records/text.hpp"
#include "peering/records/uuid.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace peering {
namespace {

constexpr std::chrono::years timeout_max{100};  // far in the future, yet every component can represent it

transfer_refusal refusal_of(transfer_state ended) noexcept {
    switch (ended) {
        case transfer_state::voided:
            return transfer_refusal::already_voided;
        case transfer_state::expired:
            return transfer_refusal::already_expired;
        case transfer_state::pending:
        case transfer_state::posted:
            break;
    }
    return transfer_refusal::already_posted;
}

/// A deposit or a correction.
transfer_record credit_of(transfer_kind kind, std::string_view id, transfer_accounts accounts, ilp::amount amount) {
    return {.uuid = std::string{id},
            .kind = kind,
            .state = transfer_state::posted,
            .debit = accounts.settlement.id,
            .credit = accounts.liquidity.id,
            .amount = amount,
            .expires_at = {}};
}

transfer_record withdrawal_of(std::string_view id, transfer_accounts accounts, ilp::amount amount,
                              std::chrono::seconds timeout, ilp::timestamp now) {
    const bool at_once = timeout.count() == 0;
    return {.uuid = std::string{id},
            .kind = transfer_kind::withdrawal,
            .state = at_once ? transfer_state::posted : transfer_state::pending,
            .debit = accounts.liquidity.id,
            .credit = accounts.settlement.id,
            .amount = amount,
            .expires_at =
                at_once ? std::nullopt
                        : std::optional<ilp::timestamp>{now + std::min<std::chrono::seconds>(timeout, timeout_max)}};
}

/// Why this transfer cannot be a new one, if it cannot. Its id gets its usual form.
std::optional<transfer_refusal> refusal_of_new(bookkeeper& keeper, transfer_record& transfer) {
    if (transfer.amount.is_zero()) return transfer_refusal::amount_is_zero;
    if (!is_uuid_v4(transfer.uuid)) return transfer_refusal::invalid_id;
    to_lower_case(transfer.uuid);
    const auto known = keeper.find_transfer(transfer.uuid);
    if (!known) return transfer_refusal::store_unavailable;
    if (*known) return transfer_refusal::already_exists;
    return std::nullopt;
}

}  // namespace

std::string_view describe(transfer_refusal refusal) noexcept {
    switch (refusal) {
        case transfer_refusal::amount_is_zero:
            return "Transfer amount is zero";
        case transfer_refusal::invalid_id:
            return "Invalid transfer id";
        case transfer_refusal::already_exists:
            return "Transfer already exists";
        case transfer_refusal::insufficient_liquidity:
            return "Insufficient transfer balance";
        case transfer_refusal::too_much_liquidity:
            return "Deposit would exceed the largest balance";
        case transfer_refusal::unknown_transfer:
            return "Unknown transfer";
        case transfer_refusal::already_posted:
            return "Transfer already posted";
        case transfer_refusal::already_voided:
            return "Transfer already voided";
        case transfer_refusal::already_expired:
            return "Transfer already expired";
        case transfer_refusal::no_doubt:
            return "The books of the peer are not in doubt";
        case transfer_refusal::above_doubt:
            return "The amount is above the amount in doubt";
        case transfer_refusal::store_unavailable:
            return "The ledger is not available now";
    }
    std::unreachable();
}

bool operator_transfers::restore(std::span<const transfer_record> pending, const ledger& ledger) {
    for (const transfer_record& transfer : pending) {
        const leg held{ledger.find(transfer.debit), ledger.find(transfer.credit), transfer.amount};
        const bool is_sound = transfer.kind == transfer_kind::withdrawal && held.debit != nullptr &&
                              held.credit != nullptr && held.debit->kind != account_kind::settlement &&
                              held.credit->kind == account_kind::settlement && !held.amount.is_zero() &&
                              transfer.expires_at.has_value() && ledger::is_within_one_asset(held);
        if (!is_sound || !ledger::hold({&held, 1})) return false;
        pending_.emplace(transfer.uuid, pending_withdrawal{transfer});
    }
    pending_changed();
    return true;
}

auto operator_transfers::deposit(bookkeeper& keeper, std::string_view id, transfer_accounts accounts,
                                 ilp::amount amount, const changes& beside) -> outcome {
    return add(keeper, credit_of(transfer_kind::deposit, id, accounts, amount), {}, beside);
}

auto operator_transfers::correct(bookkeeper& keeper, std::string_view id, transfer_accounts accounts,
                                 ilp::amount amount, const changes& beside) -> outcome {
    transfer_record made = credit_of(transfer_kind::correction, id, accounts, amount);
    // First, because the correction that has ended the doubt may be sent again.
    if (const auto refusal = refusal_of_new(keeper, made)) return std::unexpected{*refusal};
    const std::uint64_t doubt = keeper.flights().doubt_about(accounts.liquidity.id);
    if (doubt == 0) return std::unexpected{transfer_refusal::no_doubt};
    if (amount.value > doubt) return std::unexpected{transfer_refusal::above_doubt};
    const flight_record ended = keeper.flights().without_doubt(accounts.liquidity.id);
    changes with = beside;
    with.changed_flights = {&ended, 1};
    return add(keeper, std::move(made), {}, with);
}

auto operator_transfers::agree(bookkeeper& keeper, const liquidity_account& account, const changes& beside) -> outcome {
    if (keeper.flights().doubt_about(account.id) == 0) return std::unexpected{transfer_refusal::no_doubt};
    const flight_record ended = keeper.flights().without_doubt(account.id);
    changes with = beside;
    with.changed_flights = {&ended, 1};
    if (!keeper.write(with)) return std::unexpected{transfer_refusal::store_unavailable};
    return {};
}

auto operator_transfers::withdraw(bookkeeper& keeper, std::string_view id, transfer_accounts accounts,
                                  ilp::amount amount, std::chrono::seconds timeout, const ilp::instant& now,
                                  const changes& beside) -> outcome {
    transfer_record made = withdrawal_of(id, accounts, amount, timeout, now.wall);
    const auto ends_at = made.expires_at ? std::optional{now.when(*made.expires_at)} : std::nullopt;
    return add(keeper, std::move(made), ends_at, beside);
}

void operator_transfers::expire(const ilp::instant& now) {
    const bool is_due = earliest_wall_.load(std::memory_order_relaxed) <= now.wall ||
                        earliest_steady_.load(std::memory_order_relaxed) <= now.steady;
    if (!is_due || expiry_waits_.exchange(true)) return;
    const bool taken = committer_.execute([this, now](bookkeeper& keeper) {
        expiry_waits_ = false;
        std::vector<transfer_record> expired;
        for (const auto& [id, withdrawal] : pending_) {
            if (!withdrawal.has_expired(now)) continue;
            expired.push_back(withdrawal.record);
            expired.back().state = transfer_state::expired;
        }
        if (expired.empty() || !keeper.write({.ended_transfers = expired})) return;
        for (const transfer_record& transfer : expired) pending_.erase(transfer.uuid);
        pending_changed();
    });
    if (!taken) expiry_waits_ = false;
}

auto operator_transfers::add(bookkeeper& keeper, transfer_record transfer, std::optional<ilp::steady_time> ends_at,
                             changes with) -> outcome {
    if (const auto refusal = refusal_of_new(keeper, transfer)) return std::unexpected{*refusal};
    const leg wanted{&keeper.ledger().at(transfer.debit), &keeper.ledger().at(transfer.credit), transfer.amount};
    if (!ledger::hold({&wanted, 1})) {
        return std::unexpected{transfer.kind == transfer_kind::withdrawal ? transfer_refusal::insufficient_liquidity
                                                                          : transfer_refusal::too_much_liquidity};
    }
    with.new_transfers = {&transfer, 1};
    if (!keeper.write(with)) {
        ledger::release({&wanted, 1});
        return std::unexpected{transfer_refusal::store_unavailable};
    }
    if (transfer.state == transfer_state::pending) {
        pending_.emplace(transfer.uuid, pending_withdrawal{transfer, ends_at});
        pending_changed();
    }
    return {};
}

auto operator_transfers::end_withdrawal(bookkeeper& keeper, std::string_view uuid, transfer_state state,
                                        const ilp::instant& now, const changes& beside) -> outcome {
    std::string id{uuid};
    if (!is_uuid_v4(id)) return std::unexpected{transfer_refusal::invalid_id};
    to_lower_case(id);
    const auto found = pending_.find(id);
    if (found == pending_.end()) {
        const auto known = keeper.find_transfer(id);
        if (!known) return std::unexpected{transfer_refusal::store_unavailable};
        return std::unexpected{*known ? refusal_of((*known)->state) : transfer_refusal::unknown_transfer};
    }
    const bool too_late = found->second.has_expired(now);
    transfer_record ended = found->second.record;
    ended.state = too_late ? transfer_state::expired : state;
    changes with = too_late ? changes{} : beside;
    with.ended_transfers = {&ended, 1};
    if (!keeper.write(with)) return std::unexpected{transfer_refusal::store_unavailable};
    pending_.erase(found);
    pending_changed();
    if (too_late) return std::unexpected{transfer_refusal::already_expired};
    return {};
}

void operator_transfers::pending_changed() {
    auto wall = ilp::timestamp::max();
    auto steady = ilp::steady_time::max();
    for (const auto& [id, withdrawal] : pending_) {
        if (withdrawal.ends_at) {
            steady = std::min(steady, *withdrawal.ends_at);
        } else {
            wall = std::min(wall, *withdrawal.record.expires_at);
        }
    }
    earliest_wall_ = wall;
    earliest_steady_ = steady;
    pending_count_ = pending_.size();
}

}  // namespace peering
