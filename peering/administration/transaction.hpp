#pragma once

#include "ilp/amount.hpp"
#include "ilp/timestamp.hpp"
#include "peering/book/bookkeeper.hpp"
#include "peering/directory/directory.hpp"
#include "peering/directory/terms_update.hpp"
#include "peering/records/idempotency_record.hpp"
#include "peering/records/posting.hpp"
#include "peering/records/transfer.hpp"
#include "peering/store/store.hpp"

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace peering {

/// The part of a transaction that goes to the store.
struct written_part {
    std::vector<asset_record> new_assets;
    std::vector<asset_change> changed_assets;
    std::vector<peer_record> new_peers;
    std::vector<peer_change> changed_peers;
    std::vector<receiving_account_record> new_receiving_accounts;
    std::vector<receiving_account_change> changed_receiving_accounts;
    std::vector<transfer_record> new_transfers;
    std::vector<idempotency_record> new_answers;
    std::optional<ilp::timestamp> forget_answers_before;  ///< only together with new answers
};

/// A change of assets, peers, receiving accounts and liquidity while it is being prepared: what will be written, and
/// what has to follow once it has been written. If it is destroyed without administration::commit(), nothing has
/// changed.
struct transaction : written_part {
    transaction(bookkeeper& keeper, ilp::timestamp now) : keeper{keeper}, now{now} {}
    ~transaction() { give_up(); }
    transaction(const transaction&) = delete;
    transaction& operator=(const transaction&) = delete;

    bookkeeper& keeper;
    const ilp::timestamp now;

    // Applied elsewhere once the store has committed.
    std::vector<asset_update> assets;
    std::vector<peer_update> peers;
    std::vector<receiving_account_update> receiving_accounts;
    std::vector<peer_record> absent_peers;        ///< peers that have been removed from the file
    std::vector<std::uint32_t> no_longer_absent;  ///< ids of peers that are in the file again

    /// Lines for the log, once the transaction is written: the changes in the file that are not applied, and why.
    std::vector<std::string> notes;

    std::vector<leg> held;                   ///< released unless the transaction is written
    std::vector<liquidity_account*> closed;  ///< reopened unless the transaction is written

    /// Adds a deposit. Returns false if `to` lacks the headroom.
    bool deposit(account_id settlement, account_id to, ilp::amount amount);
    /// Adds a withdrawal in one phase. Returns false if `from` lacks the liquidity, or the settlement account headroom.
    bool withdraw(account_id from, account_id settlement, ilp::amount amount);
    account_record open_account(account_kind kind, std::uint32_t asset);

    /// Has the bookkeeper write everything that goes to the store, if there is anything. After a success the deposits
    /// are booked, the thresholds are watched, and nothing is held any more.
    std::expected<void, store_error> write(std::span<const watch_change> watches);

    /// Closes the account of a peer that is deleted, and withdraws what is left on it. Returns false, and changes
    /// nothing, if anything is held on it.
    bool close(liquidity_account& account, account_id settlement);
    /// Likewise, but returns false if there is anything on it as well.
    bool close_empty(liquidity_account& account);

private:
    void give_up() noexcept;
    bool transfer(transfer_kind kind, account_id debit, account_id credit, ilp::amount amount);
};

}  // namespace peering
