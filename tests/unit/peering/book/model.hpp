#pragma once

#include "tests/unit/peering/world.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace peering::testing {

/// A leg without a ledger.
struct movement {
    account_id debit{};
    account_id credit{};
    std::uint64_t amount = 0;
};

inline std::vector<movement> movements_of(std::span<const leg> legs) {
    std::vector<movement> movements;
    for (const leg& leg : legs) movements.push_back({leg.debit->id, leg.credit->id, leg.amount.value});
    return movements;
}

/// A threshold that was crossed downwards, and the balance afterwards.
struct crossing {
    account_id account{};
    std::uint64_t balance = 0;
    friend auto operator<=>(const crossing&, const crossing&) = default;
};

/// The money part written without regard to speed: one thread, wide numbers, and a check before each change.
class model {
public:
    void open(const account_balance& account) {
        accounts_[account.id] = {account.kind, account.asset, account.posted, 0, 0};
    }
    void watch(account_id account, std::uint64_t threshold) { thresholds_[account] = threshold; }

    bool hold(std::span<const movement> moves) {
        for (std::size_t i = 0; i < moves.size(); ++i) {
            reserve(moves[i], 1);
            if (is_within_bounds(moves[i].debit) && is_within_bounds(moves[i].credit)) continue;
            release(moves.first(i + 1));
            return false;
        }
        return true;
    }
    void release(std::span<const movement> moves) {
        for (const movement& move : moves) reserve(move, -1);
    }

    /// Commits held amounts once.
    std::vector<crossing> post(std::span<const movement> moves) {
        std::map<account_id, wide_balance> before;
        for (const movement& move : moves) {
            for (const account_id id : {move.debit, move.credit}) before.emplace(id, balance(id));
            reserve(move, -1);
            accounts_.at(move.debit).posted.debits_posted += move.amount;
            accounts_.at(move.credit).posted.credits_posted += move.amount;
        }
        std::vector<crossing> crossings;
        for (const auto& [id, balance_before] : before) {
            const auto watched = thresholds_.find(id);
            if (watched == thresholds_.end()) continue;
            const auto threshold = static_cast<wide_balance>(watched->second);
            if (balance_before <= threshold || balance(id) > threshold) continue;
            crossings.push_back({id, static_cast<std::uint64_t>(balance(id))});
        }
        return crossings;
    }

    /// A deposit or a withdrawal. It is pending if it has an expiry and is posted immediately otherwise.
    transfer_result make(const std::string& id, transfer_kind kind, const movement& move,
                         std::optional<ilp::timestamp> expiry, std::vector<crossing>& crossings) {
        using enum transfer_refusal;
        if (move.amount == 0) return amount_is_zero;
        if (transfers_.contains(id)) return already_exists;
        if (!hold({&move, 1})) {
            return kind == transfer_kind::deposit ? too_much_liquidity : insufficient_liquidity;
        }
        transfers_.emplace(id, transfer{kind, expiry ? transfer_state::pending : transfer_state::posted, move, expiry});
        if (expiry) {
            pending_.insert(id);
        } else {
            crossings = post({&move, 1});
        }
        return std::nullopt;
    }

    transfer_result end(const std::string& id, transfer_state state, ilp::timestamp now,
                        std::vector<crossing>& crossings) {
        using enum transfer_refusal;
        const auto found = transfers_.find(id);
        if (found == transfers_.end()) return unknown_transfer;
        transfer& known = found->second;
        if (known.state == transfer_state::posted) return already_posted;
        if (known.state == transfer_state::voided) return already_voided;
        if (known.state == transfer_state::expired) return already_expired;
        pending_.erase(id);
        const bool too_late = *known.expires_at <= now;
        known.state = too_late ? transfer_state::expired : state;
        if (known.state == transfer_state::posted) {
            crossings = post({&known.move, 1});
        } else {
            release({&known.move, 1});
        }
        if (too_late) return already_expired;
        return std::nullopt;
    }

    void expire(ilp::timestamp now) {
        std::erase_if(pending_, [&](const std::string& id) {
            transfer& known = transfers_.at(id);
            if (*known.expires_at > now) return false;
            known.state = transfer_state::expired;
            release({&known.move, 1});
            return true;
        });
    }

    std::uint64_t available(account_id id) const {
        return static_cast<std::uint64_t>(balance(id) - accounts_.at(id).debits_pending);
    }
    std::uint64_t headroom(account_id id) const {
        return static_cast<std::uint64_t>(static_cast<wide_balance>(amount_max) - balance(id) -
                                          accounts_.at(id).credits_pending);
    }
    const std::set<std::string>& pending() const noexcept { return pending_; }

    bool agrees_with(const std::vector<account_balance>& picture) const {
        const auto same = [this](const account_balance& seen) {
            const balances& mine = accounts_.at(seen.id);
            if (seen.kind != mine.kind || seen.asset != mine.asset || seen.posted != mine.posted) return false;
            if (seen.kind == account_kind::settlement) return true;
            return static_cast<wide_balance>(seen.debits_pending) == mine.debits_pending &&
                   static_cast<wide_balance>(seen.credits_pending) == mine.credits_pending;
        };
        return picture.size() == accounts_.size() && std::ranges::all_of(picture, same);
    }

    /// Whether a store keeps the same, while nothing is in progress.
    bool agrees_with(const catalogue& kept) const {
        const auto same = [this](const account_record& account) {
            const balances& mine = accounts_.at(account.id);
            return account.kind == mine.kind && account.totals == mine.posted;
        };
        const auto same_asset = [&](const asset_record& asset) {
            return same(asset.liquidity) && same(asset.settlement);
        };
        const auto same_owner = [&](const auto& owner) { return same(owner.liquidity); };
        const auto same_withdrawal = [this](const transfer_record& seen) {
            if (!pending_.contains(seen.uuid)) return false;
            const transfer& mine = transfers_.at(seen.uuid);
            return seen.kind == mine.kind && seen.state == transfer_state::pending && seen.debit == mine.move.debit &&
                   seen.credit == mine.move.credit && seen.amount.value == mine.move.amount &&
                   seen.expires_at == mine.expires_at;
        };
        return std::ranges::all_of(kept.assets, same_asset) && std::ranges::all_of(kept.peers, same_owner) &&
               std::ranges::all_of(kept.receiving_accounts, same_owner) &&
               std::ranges::all_of(kept.pending_withdrawals, same_withdrawal) &&
               2 * kept.assets.size() + kept.peers.size() + kept.receiving_accounts.size() == accounts_.size() &&
               kept.pending_withdrawals.size() == pending_.size();
    }

private:
    struct balances {
        account_kind kind{};
        std::uint32_t asset = 0;
        account_totals posted;
        wide_balance debits_pending = 0;
        wide_balance credits_pending = 0;
    };
    struct transfer {
        transfer_kind kind{};
        transfer_state state{};
        movement move;
        std::optional<ilp::timestamp> expires_at;
    };

    wide_balance balance(account_id id) const {
        const account_totals& posted = accounts_.at(id).posted;
        return static_cast<wide_balance>(posted.credits_posted) - static_cast<wide_balance>(posted.debits_posted);
    }
    void reserve(const movement& move, int sign) {
        accounts_.at(move.debit).debits_pending += static_cast<wide_balance>(move.amount) * sign;
        accounts_.at(move.credit).credits_pending += static_cast<wide_balance>(move.amount) * sign;
    }
    bool is_within_bounds(account_id id) const {
        const balances& account = accounts_.at(id);
        return account.kind == account_kind::settlement ||
               (account.debits_pending <= balance(id) &&
                balance(id) + account.credits_pending <= static_cast<wide_balance>(amount_max));
    }

    std::unordered_map<account_id, balances> accounts_;
    std::unordered_map<account_id, std::uint64_t> thresholds_;
    std::unordered_map<std::string, transfer> transfers_;
    std::set<std::string> pending_;
};

}  // namespace peering::testing
