#pragma once

#include "ilp/amount.hpp"
#include "ilp/timestamp.hpp"
#include "peering/records/account.hpp"
#include "peering/records/event.hpp"
#include "peering/records/flight.hpp"
#include "peering/records/idempotency_record.hpp"
#include "peering/records/kept_terms.hpp"
#include "peering/records/payment.hpp"
#include "peering/records/posting.hpp"
#include "peering/records/transfer.hpp"
#include "peering/splitting/split_outcomes.hpp"
#include "peering/store/history.hpp"
#include "peering/store/tenancy.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace peering {

/// Why a store could not do what was asked: one sentence for the operator, without secrets.
struct store_error {
    std::string message;
    bool final = false;   ///< a retry cannot help: the database itself has refused the request, and nothing has changed
    bool in_use = false;  ///< another daemon has the store; unless `final`, it can be had when that one has gone
    bool taken_over = false;               ///< another daemon has written to it: this process can never use it again
    std::optional<daemon_place> holder{};  ///< if `in_use`: the other daemon, as far as it is known
};

/// Ids of assets, peers, receiving accounts and the ledger's accounts end here: there are tables that are indexed by
/// them.
inline constexpr std::uint32_t record_id_max = 1U << 26U;

/// Ids are chosen by the caller and never reused.
struct asset_record {
    std::uint32_t id = 0;
    std::string uuid;
    std::string code;
    std::uint8_t scale = 0;
    account_record liquidity;
    account_record settlement;
    ilp::timestamp created_at{};
    asset_terms terms{};
};

struct peer_record {
    std::uint32_t id = 0;
    std::string uuid;
    std::uint32_t asset_id = 0;
    account_record liquidity;
    ilp::timestamp created_at{};
    kept_peer_terms terms{};
};

/// A receiving account: payments over STREAM are credited to `liquidity`.
struct receiving_account_record {
    std::uint32_t id = 0;
    std::string uuid;
    std::uint32_t asset_id = 0;
    account_record liquidity;
    ilp::timestamp created_at{};
    receiving_account_terms terms{};
};

/// New terms for a known asset, peer or receiving account; its accounts and their history are kept.
struct asset_change {
    std::uint32_t id = 0;
    asset_terms terms;
};
struct peer_change {
    std::uint32_t id = 0;
    kept_peer_terms terms;
};
struct receiving_account_change {
    std::uint32_t id = 0;
    receiving_account_terms terms;
};

/// Everything that is loaded at start. All other transfers stay on disk.
struct catalogue {
    std::vector<asset_record> assets;                          ///< by id; includes deleted ones
    std::vector<peer_record> peers;                            ///< by id; includes deleted ones
    std::vector<receiving_account_record> receiving_accounts;  ///< by id; includes deleted ones
    std::vector<transfer_record> pending_withdrawals;          ///< in the order of creation
    std::vector<payment_record> open_payments;                 ///< that have not ended, by number
    std::uint64_t last_payment = 0;                            ///< number of the newest payment; 0: there is none
    std::vector<event_record> open_events;
    std::vector<pending_count> pending_events;  ///< each receiving account at most once
    std::vector<split_outcome> split_outcomes;  ///< whose time is not over
    std::vector<flight_record> flights;         ///< with a ceiling or a doubt, by account
};

/// What one transaction changes. The views must live until commit() returns.
struct changes {
    std::span<const asset_record> new_assets{};  ///< with both accounts, whose totals before this transaction are zero
    std::span<const asset_change> changed_assets{};
    std::span<const peer_record> new_peers{};  ///< with their account, whose totals before it are zero
    std::span<const peer_change> changed_peers{};
    /// With their account, whose totals before it are zero. Changes of others are written first, so a new one may have
    /// the name of one that the transaction deletes.
    std::span<const receiving_account_record> new_receiving_accounts{};
    std::span<const receiving_account_change> changed_receiving_accounts{};
    std::span<const posting> postings{};                 ///< postings of packets, netted per pair of accounts
    std::span<const transfer_record> new_transfers{};    ///< posted or pending
    std::span<const transfer_record> ended_transfers{};  ///< previously pending; with their new state
    std::span<const payment_record> new_payments{};
    std::span<const payment_change> changed_payments{};     ///< of known payments that have not ended
    std::span<const payment_progress> advanced_payments{};  ///< of known payments, each once
    std::span<const account_change> accounts{};             ///< the accounts whose totals change, each once
    std::span<const event_record> new_events{};
    /// Known open events with their new data, each once. Those that are not open any more are delivered, and count as
    /// created by this transaction.
    std::span<const event_record> changed_events{};
    std::span<const event_attempt> event_attempts{};
    std::span<const idempotency_record> new_answers{};
    std::optional<ilp::timestamp> forget_answers_before{};  ///< delete the answers kept before this time
    /// The first one of a peer and id is kept; another one of them, even in the same transaction, changes nothing. A
    /// transaction that writes any deletes first those whose time is over: at most `old_outcomes_max()`.
    std::span<const split_outcome> new_split_outcomes{};
    /// Each account once. Those without a ceiling and a doubt are deleted. A store that keeps nothing ignores them.
    std::span<const flight_record> changed_flights{};
};

/// More than the transaction writes, so that those of a busy hour are gone in time, and bounded, so that no transaction
/// takes long.
constexpr std::size_t old_outcomes_max(const changes& changes) noexcept {
    return changes.new_split_outcomes.size() + 100;
}

/// One row of an account's history: an operator's transfer, the packets that one commit moved between two accounts, or
/// the sum of those of a day.
struct listed_transfer {
    std::uint64_t number = 0;  ///< row number; later rows have higher numbers
    std::string uuid{};        ///< for an operator's transfer; empty for packets
    std::optional<transfer_kind> kind{};
    transfer_state state{};
    account_id debit{};
    account_id credit{};
    wide_amount amount = 0;
    std::uint64_t packets = 0;
    ilp::timestamp created_at{};
    std::optional<ilp::timestamp> expires_at{};
    std::optional<ilp::timestamp> sum_of_day{};  ///< start of the UTC day whose packets are summed up in this row
};

/// What a step of summing up old transfers, or of forgetting old events, has done.
struct history_step {
    std::uint64_t rows = 0;  ///< how many were summed up or forgotten
    bool has_more = false;   ///< there may be more that are old enough
};

enum class account_side : std::uint8_t { debit, credit };

/// Selects events, and one page of them.
struct event_query {
    std::optional<std::string> after{};   ///< uuid of the event just before the page, in the requested order
    std::optional<std::string> before{};  ///< uuid of the event just after the page
    bool newest_first = true;
    bool from_the_end = false;  ///< return the last `limit` matches rather than the first, still in the requested order
    std::vector<std::string> types{};      ///< only these types; empty means any
    std::vector<std::string> not_types{};  ///< exclude these types
    std::size_t limit = 20;
};

struct listed_event {
    event_record event;
    ilp::timestamp created_at;
    std::uint32_t attempts = 0;           ///< number of failed attempts
    std::optional<ilp::timestamp> due{};  ///< time of the next attempt; nullopt if there will be none
    std::optional<ilp::timestamp> delivered_at{};
};

/// Durable storage of one daemon. Calls block. Used by one thread at a time: the committer's, once it runs.
class store {
public:
    virtual ~store() = default;

    virtual std::expected<catalogue, store_error> load() = 0;

    /// False for a store that keeps nothing, so that there is nothing to wait for.
    virtual bool is_durable() const noexcept { return true; }

    /// Writes everything as one transaction, and returns once it would survive a power failure. After a failure that is
    /// not final, it is unknown whether the transaction was written: the caller must repeat the same changes before any
    /// others, and they will not be written twice.
    virtual std::expected<void, store_error> commit(const changes& changes) = 0;

    /// Checks whether the store can be reached, by trying.
    virtual std::expected<void, store_error> ping() { return {}; }

    /// Bytes that the store occupies, with its log; 0 if it keeps nothing.
    virtual std::expected<std::uint64_t, store_error> size() { return 0; }
    /// Size in bytes of the write-ahead log as the last ping() found it; nullopt for a store that keeps none here.
    virtual std::optional<std::uint64_t> log_size() const { return std::nullopt; }

    /// The registration of this daemon; nullopt for a store that only one machine can reach. Any commit and any ping()
    /// may renew it.
    virtual std::optional<store_tenure> tenure() const { return std::nullopt; }

    /// The places of daemons, by slot; empty for a store that only one machine can reach.
    virtual std::expected<std::vector<daemon_place>, store_error> list_daemons() { return std::vector<daemon_place>{}; }

    /// Sentences about what an operator should look into although the store works, each returned once.
    virtual std::vector<std::string> take_remarks() { return {}; }

    /// The transfer with this UUID, in any state; nullopt if there is none.
    virtual std::expected<std::optional<transfer_record>, store_error> find_transfer(std::string_view uuid) = 0;

    /// The events of one line that have not been delivered yet, the earliest due first; at most `limit`. Open ones are
    /// not among them. The time depends on the limit, not on the number of events of either line.
    virtual std::expected<std::vector<pending_event>, store_error> load_pending_events(event_line line,
                                                                                       std::size_t limit) = 0;

    /// The transfers that debit or credit the account, newest first; at most `limit`. The list begins with row `from`,
    /// or with the newest row; it is empty if `from` is not a row of this account and side. If that row has been summed
    /// up meanwhile, the list begins with what comes after it. The time depends on the limit, not on the length of the
    /// history.
    virtual std::expected<std::vector<listed_transfer>, store_error> list_transfers(
        account_id account, account_side side, std::size_t limit, std::optional<std::uint64_t> from) = 0;
    std::expected<std::vector<listed_transfer>, store_error> list_transfers(account_id account, account_side side,
                                                                            std::size_t limit) {
        return list_transfers(account, side, limit, std::nullopt);
    }

    /// A page of events, delivered or not, without open ones; nullopt if a uuid in the query is unknown, because the
    /// event was forgotten or has never been there. Events are in the order of the transactions that wrote or closed
    /// them, so whoever asks for what comes after the newest one misses none.
    virtual std::expected<std::optional<std::vector<listed_event>>, store_error> list_events(
        const event_query& query) = 0;

    /// The payment with this UUID, in any status; nullopt if there is none.
    virtual std::expected<std::optional<payment_record>, store_error> find_payment(std::string_view uuid) = 0;

    /// A page of payments; nullopt if a uuid in the query is unknown.
    virtual std::expected<std::optional<std::vector<payment_record>>, store_error> list_payments(
        const payment_query& query) = 0;

    /// The idempotency record with this key; nullopt if there is none.
    virtual std::expected<std::optional<idempotency_record>, store_error> find_answer(std::string_view key) = 0;

    /// Sums up the oldest rows of packets that are old enough, per UTC day and pair of accounts: at most `rows_max` of
    /// them, in one transaction. Operators' transfers stay as they are, and so does every total. After a failure it may
    /// be unknown whether the step was written, which makes no difference to later calls.
    virtual std::expected<history_step, store_error> sum_history([[maybe_unused]] const history_age& age,
                                                                 [[maybe_unused]] std::size_t rows_max) {
        return history_step{};
    }

    /// Deletes the oldest events that are old enough, at most `rows_max`, in one transaction. Events that are still to
    /// be delivered stay, however old they are. After a failure it may be unknown whether the step was written, which
    /// makes no difference to later calls.
    virtual std::expected<history_step, store_error> forget_events([[maybe_unused]] const history_age& age,
                                                                   [[maybe_unused]] std::size_t rows_max) {
        return history_step{};
    }
};

/// Receives the content of a store, as one consistent snapshot.
class book_visitor {
public:
    /// `owner` is a description for people, such as "liquidity of peer bob"; `asset` has the form "USD/9".
    virtual void account(const account_record& account, std::string_view owner, std::string_view asset) = 0;
    /// One row of the history. The packets of one commit and pair of accounts share a row.
    virtual void transfer(account_id debit, account_id credit, wide_amount amount, transfer_state state) = 0;
    /// The rest of a transfer history that is known to be gone: its last row has the number `last`, and there was one
    /// with the number `lost`.
    virtual void loss([[maybe_unused]] std::uint64_t last, [[maybe_unused]] std::uint64_t lost) {}

protected:
    ~book_visitor() = default;
};

/// Receives the history of a store, row by row.
class history_visitor {
public:
    /// As for a book_visitor. The accounts come first.
    virtual void account(account_id account, std::string_view owner, std::string_view asset) = 0;
    /// By ascending number. False ends the visit.
    virtual bool transfer(const listed_transfer& transfer) = 0;

protected:
    ~history_visitor() = default;
};

}  // namespace peering
