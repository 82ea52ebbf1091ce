#pragma once

#include "ilp/invariant.hpp"
#include "peering/records/account.hpp"

#include <cstdint>
#include <deque>
#include <vector>

namespace peering {

/// The last row of an account's history on each side; 0 if there is none.
struct chain_ends {
    std::uint64_t debit = 0;
    std::uint64_t credit = 0;
    friend bool operator==(const chain_ends&, const chain_ends&) = default;
};

/// The number of a transfer row, and the numbers of the preceding rows with the same debit account and with the same
/// credit account; 0 if the row is the first.
struct chain_link {
    std::uint64_t number = 0;
    std::uint64_t previous_of_debit = 0;
    std::uint64_t previous_of_credit = 0;
    friend bool operator==(const chain_link&, const chain_link&) = default;
};

/// Numbers the transfer rows, and links each row to its predecessor per account and side. An account's latest transfers
/// can be found from the end of its chain, without an index that every packet commit would have to maintain.
///
/// The additions of a transaction take effect immediately, and undo() takes them back. Memory grows with the number of
/// accounts, and with the number of rows in the largest transaction.
class transfer_chain {
public:
    /// Loads the state of the database, before the first transaction.
    void restore(std::uint64_t last_number) noexcept { last_ = last_number; }
    void restore(account_id account, chain_ends ends) { place_of(account).ends = ends; }

    /// The number of the last row, including those that were added and neither kept nor undone.
    std::uint64_t last_number() const noexcept { return last_; }

    /// Adds the next row.
    chain_link add(account_id debit, account_id credit);

    /// Returns the ends of the account's chains, for the caller to write.
    chain_ends take_ends(account_id account);

    /// Calls each(account, ends) for the accounts whose ends this transaction has moved and which have not been taken
    /// yet.
    template <class Each>
    void take_others(Each each) {
        if (untaken_ == 0) return;
        for (const row& row : rows_) {
            for (const account_id account : {row.debit, row.credit}) {
                if (place_of(account).is_untaken) each(account, take_ends(account));
            }
        }
        ilp::require(untaken_ == 0, "a transaction writes the end of every chain that it has moved");
    }

    /// One of these ends a transaction; without rows, or when repeated, they have no effect.
    void keep() noexcept { rows_.clear(); }
    void undo() noexcept;

private:
    struct place {
        chain_ends ends;
        bool is_untaken = false;
    };
    struct row {
        chain_link link;
        account_id debit{};
        account_id credit{};
    };

    void set_untaken(place& place, bool is_untaken) noexcept;

    place& place_of(account_id account);

    std::deque<place> accounts_;  // indexed by id
    std::vector<row> rows_;       // rows of the current transaction
    std::uint64_t last_ = 0;
    std::uint64_t untaken_ = 0;  // number of accounts with is_untaken
};

}  // namespace peering
