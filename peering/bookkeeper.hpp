#pragma once

#include "peering/event.hpp"
#include "peering/ledger.hpp"
#include "peering/store.hpp"
#include "peering/thresholds.hpp"

#include <atomic>
#include <chrono>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace peering {

/// The only way in which totals change: first on disk, then in the ledger. One thread at a time: who starts the daemon,
/// then the committer's.
class bookkeeper {
public:
    /// Asked after a failure that is not final: whether to try again. May wait.
    using patience = std::function<bool(const store_error&)>;

    /// Told which events a transaction has brought about. On the thread that writes.
    using event_callback = std::function<void(std::span<const event_record>)>;

    /// All three must outlive the bookkeeper.
    bookkeeper(ledger& ledger, store& store, thresholds& thresholds);

    /// Without one, nothing is tried again.
    void set_patience(patience patience) { patience_ = std::move(patience); }

    /// Whether events are written for delivery; they are told in either case.
    void keep_events(bool keep) { keeps_events_ = keep; }
    void on_events(event_callback callback) { event_callback_ = std::move(callback); }

    /// Writes `changes` as one transaction, then books it. `accounts` and `new_events` follow from the rest and are
    /// filled in here. What moves money was held before; an end of a withdrawal that is no posting releases its hold.
    /// Accounts of new assets and peers are open already. On failure nothing was booked, and holds stay the caller's;
    /// when nobody had the patience to learn how it ended, every later write fails too: what the store has now is known
    /// when it is opened anew.
    std::expected<void, store_error> write(changes changes);

    /// Postings of packets that are due: the next write() without postings of its own takes them along, so that what
    /// operators do costs packets no transaction of its own. When it fails, they are still due. They must live until
    /// they are replaced; empty: there are none.
    void set_due(std::span<const posting> postings) noexcept { due_ = postings; }
    bool has_due() const noexcept { return !due_.empty(); }

    // As the store's.

    std::expected<std::optional<transfer_record>, store_error> find_transfer(std::string_view uuid);
    std::expected<std::optional<kept_answer>, store_error> find_answer(std::string_view key);
    std::expected<std::vector<listed_transfer>, store_error> list_transfers(account_id account, account_side side,
                                                                            std::size_t limit);
    std::expected<std::vector<listed_event>, store_error> list_events(const event_query& query);

    /// Asks the store whether it is there.
    std::expected<void, store_error> reach();

    /// How long the last successful transaction took in the store.
    std::chrono::nanoseconds last_commit_time() const noexcept { return last_commit_time_; }

    /// When that began what the store is at now, one of the calls above; the epoch: nothing. Any thread.
    std::chrono::steady_clock::time_point call_began() const noexcept { return call_began_.load(); }

    ledger& accounts() noexcept { return ledger_; }
    store& durable() noexcept { return store_; }
    thresholds& watches() noexcept { return thresholds_; }

private:
    std::span<const posting> booked_by(const changes& changes);
    std::expected<void, store_error> commit(const changes& changes);

    template <class Call>
    auto watched(Call call);

    ledger& ledger_;
    store& store_;
    thresholds& thresholds_;
    patience patience_;
    event_callback event_callback_;
    bool keeps_events_ = true;

    std::span<const posting> due_;
    std::vector<posting> booked_;
    std::vector<account_change> accounts_;
    std::vector<event_record> events_;
    std::chrono::nanoseconds last_commit_time_{};
    std::atomic<std::chrono::steady_clock::time_point> call_began_{};
    bool in_doubt_ = false;  // whether the last transaction was written
};

}  // namespace peering
