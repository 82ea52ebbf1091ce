#pragma once

#include "peering/book/flight_ceilings.hpp"
#include "peering/book/incoming_payments.hpp"
#include "peering/book/ledger.hpp"
#include "peering/book/posting_batch.hpp"
#include "peering/book/thresholds.hpp"
#include "peering/book/undelivered_events.hpp"
#include "peering/records/event.hpp"
#include "peering/store/store.hpp"

#include <atomic>
#include <chrono>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace peering {

/// The only place where totals change: first in the store, then in the ledger. Used by one thread at a time: the thread
/// that starts the daemon, then the committer's.
class bookkeeper {
public:
    /// Called after a failure that is not final. Returns whether to retry; may block to wait before the retry.
    using retry_policy = std::function<bool(const store_error&)>;

    /// Receives the events that a transaction has raised, on the thread that writes.
    using event_callback = std::function<void(std::span<const event_record>)>;

    /// All three must outlive the bookkeeper.
    bookkeeper(peering::ledger& ledger, peering::store& store, peering::thresholds& thresholds);

    /// Without a retry policy, nothing is retried.
    void set_retry_policy(retry_policy policy) { retry_policy_ = std::move(policy); }

    /// Sets whether events are written for delivery. The event callback receives them in either case.
    void keep_events(bool keep) { keeps_events_ = keep; }
    void on_events(event_callback callback) { event_callback_ = std::move(callback); }

    /// Has payments that arrive reported by events. One has ended when nothing more of it has come for `idle_time`.
    /// Call it before any other thread uses the bookkeeper.
    void report_incoming_payments(std::chrono::milliseconds idle_time) { incoming_.emplace(idle_time, undelivered_); }
    /// Any thread.
    bool reports_incoming_payments() const noexcept { return incoming_.has_value(); }
    /// Ends the payments that have been idle for long enough. They stay as they are if that cannot be written.
    std::expected<void, store_error> end_idle_payments(ilp::steady_time now);

    /// The events of the store, as load() has found them. Call it before the first transaction with events.
    void restore_events(std::span<const pending_count> pending, std::span<const event_record> open) {
        undelivered_.restore(pending, open);
    }
    /// On the thread that writes.
    const undelivered_events& undelivered() const noexcept { return undelivered_; }

    /// What may be in flight to each peer, and what is in doubt since a crash. Other threads may ask for doubts only.
    flight_ceilings& flights() noexcept { return flights_; }
    const flight_ceilings& flights() const noexcept { return flights_; }
    /// Loads what the store has. Call it when the accounts are open.
    void restore_flights(std::span<const flight_record> records);
    /// Lowers the ceilings that have been much too high for a while. What cannot be written now is tried again.
    std::expected<void, store_error> sink_ceilings(ilp::steady_time now);
    /// After a stop in good order: nothing is in flight, so the next start has no doubt.
    std::expected<void, store_error> end_flights();

    /// Writes `changes` as one transaction, then books it. `accounts` is derived from the other members and is filled
    /// in here, and the events of thresholds and of payments that arrive are added. Everything that moves money must
    /// have been held before; ending a withdrawal without posting it releases its hold. The accounts of new assets and
    /// peers must be open already. If the write fails, nothing has been booked and the holds remain the caller's. If
    /// the retry policy gave up before the outcome was known, every later write fails too, because only reopening the
    /// store shows what it contains. `watches` are the thresholds that the transaction sets; they take effect with it.
    std::expected<void, store_error> write(changes changes, std::span<const watch_change> watches = {});

    /// Sets the pending batch of packets. The next write() without postings of its own includes it, so that operators'
    /// changes do not cost packets an extra transaction. If that write fails, the batch remains pending. It must live
    /// until it is replaced; null means that there is none.
    void set_pending_batch(const posting_batch* batch) noexcept { pending_batch_ = batch; }
    bool has_pending_batch() const noexcept { return pending_batch_ != nullptr; }

    /// False for a batch that has nothing to write: it ends payments that nobody knows.
    bool has_effect(const posting_batch& batch) const;

    // Same as the functions of the store.

    std::expected<std::optional<transfer_record>, store_error> find_transfer(std::string_view uuid);
    std::expected<std::optional<idempotency_record>, store_error> find_answer(std::string_view key);
    std::expected<std::vector<listed_transfer>, store_error> list_transfers(
        account_id account, account_side side, std::size_t limit, std::optional<std::uint64_t> from = std::nullopt);
    std::expected<std::optional<std::vector<listed_event>>, store_error> list_events(const event_query& query);

    std::expected<std::optional<payment_record>, store_error> find_payment(std::string_view uuid);
    std::expected<std::optional<std::vector<payment_record>>, store_error> list_payments(const payment_query& query);

    std::expected<std::uint64_t, store_error> store_size();

    /// Sums up old transfers. No total changes, so nothing is booked, and a failure is not retried.
    std::expected<history_step, store_error> sum_history(const history_age& age, std::size_t rows_max);

    /// Deletes old events that need no further attempt to deliver them. A failure is not retried.
    std::expected<history_step, store_error> forget_events(const history_age& age, std::size_t rows_max);

    /// Checks that the store can be reached.
    std::expected<void, store_error> reach();

    /// Time that the last successful transaction took in the store.
    std::chrono::nanoseconds last_commit_time() const noexcept { return last_commit_time_; }

    /// Start time of the store call in progress; the epoch if there is none. Any thread.
    std::chrono::steady_clock::time_point call_began() const noexcept { return call_began_.load(); }

    peering::ledger& ledger() noexcept { return ledger_; }
    peering::store& store() noexcept { return store_; }
    peering::thresholds& thresholds() noexcept { return thresholds_; }

private:
    std::span<const posting> booked_by(const changes& changes);
    std::expected<void, store_error> commit(const changes& changes);
    bool gather_flights(const changes& changes, bool takes_along);
    std::expected<void, store_error> write_flights();

    template <class Call>
    auto watched(Call call);

    peering::ledger& ledger_;
    peering::store& store_;
    peering::thresholds& thresholds_;
    retry_policy retry_policy_;
    event_callback event_callback_;
    bool keeps_events_ = true;

    const posting_batch* pending_batch_ = nullptr;
    undelivered_events undelivered_;
    flight_ceilings flights_;
    std::vector<flight_record> changed_flights_;  // in the transaction that is being written
    std::vector<flight_record> decided_flights_;  // for the next transaction
    std::optional<incoming_payments> incoming_;
    std::optional<ilp::steady_time> ends_idle_at_;  // in the transaction that is being written
    std::vector<posting> booked_;
    std::vector<account_change> accounts_;
    std::vector<event_record> events_;
    std::vector<event_record> new_reports_;      // of payments that arrive
    std::vector<event_record> changed_reports_;  // the same
    std::chrono::nanoseconds last_commit_time_{};
    std::atomic<std::chrono::steady_clock::time_point> call_began_{};
    bool in_doubt_ = false;  // it is unknown whether the last transaction was written
};

}  // namespace peering
