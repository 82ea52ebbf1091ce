#pragma once

#include "ilp/invariant.hpp"
#include "peering/account.hpp"

#include <cstdint>
#include <deque>
#include <vector>

namespace peering {

/// The last row of an account's history on each side; 0: there is none.
struct chain_ends {
    std::uint64_t debit = 0;
    std::uint64_t credit = 0;
    friend bool operator==(const chain_ends&, const chain_ends&) = default;
};

/// Number of a row of transfers, and of the rows before it that have the same debit and the same credit account; 0: it
/// is the first.
struct chain_link {
    std::uint64_t number = 0;
    std::uint64_t previous_of_debit = 0;
    std::uint64_t previous_of_credit = 0;
    friend bool operator==(const chain_link&, const chain_link&) = default;
};

/// Numbers the rows of transfers, and links each to the one before it, per account and side. So an account's latest
/// transfers are found from the end of its chain, without an index that every commit of packets would have to keep.
///
/// What a transaction adds counts from the start, and is taken back by undo(). Memory grows with the accounts, and with
/// the rows of the largest transaction.
class transfer_chain {
public:
    /// What the database has, before the first transaction.
    void restore(std::uint64_t last_number) noexcept { last_ = last_number; }
    void restore(account_id account, chain_ends ends) { place_of(account).ends = ends; }

    /// The next row.
    chain_link add(account_id debit, account_id credit);

    /// Where the chains of the account end, for the caller to write.
    chain_ends take_ends(account_id account);

    /// Shows the accounts whose ends this transaction has moved, and that nobody has taken: each(account, ends).
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

    /// One of them ends a transaction; without rows, and twice, they do no harm.
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

    std::deque<place> accounts_;  // by id
    std::vector<row> rows_;       // of the transaction
    std::uint64_t last_ = 0;
    std::uint64_t untaken_ = 0;  // accounts
};

}  // namespace peering
