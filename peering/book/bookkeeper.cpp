#include "peering/book/bookkeeper.hpp"

#include <algorithm>
#include <iterator>

namespace peering {

bookkeeper::bookkeeper(peering::ledger& ledger, peering::store& store, peering::thresholds& thresholds)
    : ledger_{ledger}, store_{store}, thresholds_{thresholds} {
    if (store.is_durable()) ledger.bound_flights();
}

/// All postings that `changes` books: those of packets and those of operators' transfers.
std::span<const posting> bookkeeper::booked_by(const changes& changes) {
    if (changes.new_transfers.empty() && changes.ended_transfers.empty()) return changes.postings;
    booked_.assign(changes.postings.begin(), changes.postings.end());
    for (const auto transfers : {changes.new_transfers, changes.ended_transfers}) {
        for (const transfer_record& transfer : transfers) {
            if (transfer.state != transfer_state::posted) continue;
            booked_.push_back({&ledger_.at(transfer.debit), &ledger_.at(transfer.credit), transfer.amount.value, 0});
        }
    }
    return booked_;
}

/// Lets other threads see how long the store call has been running.
template <class Call>
auto bookkeeper::watched(Call call) {
    call_began_ = std::chrono::steady_clock::now();
    auto result = call();
    call_began_ = std::chrono::steady_clock::time_point{};
    return result;
}

namespace {

constexpr const char* earlier_in_doubt = "it is unknown whether an earlier transaction was written: restart ilpd";

}  // namespace

std::expected<void, store_error> bookkeeper::commit(const changes& changes) {
    // No other changes may follow a transaction whose outcome is unknown.
    if (in_doubt_) return std::unexpected{store_error{earlier_in_doubt}};
    for (;;) {
        const auto begin = std::chrono::steady_clock::now();
        auto result = watched([&] { return store_.commit(changes); });
        if (result) {
            last_commit_time_ = std::chrono::steady_clock::now() - begin;
            return result;
        }
        if (result.error().final) return result;
        in_doubt_ = !retry_policy_ || !retry_policy_(result.error());
        if (in_doubt_) return result;
    }
}

std::expected<void, store_error> bookkeeper::reach() {
    return watched([this] { return store_.ping(); });
}

std::expected<std::uint64_t, store_error> bookkeeper::store_size() {
    return watched([this] { return store_.size(); });
}

std::expected<history_step, store_error> bookkeeper::sum_history(const history_age& age, std::size_t rows_max) {
    if (in_doubt_) return std::unexpected{store_error{earlier_in_doubt}};
    return watched([&] { return store_.sum_history(age, rows_max); });
}

std::expected<history_step, store_error> bookkeeper::forget_events(const history_age& age, std::size_t rows_max) {
    if (in_doubt_) return std::unexpected{store_error{earlier_in_doubt}};
    return watched([&] { return store_.forget_events(age, rows_max); });
}

std::expected<std::optional<transfer_record>, store_error> bookkeeper::find_transfer(std::string_view uuid) {
    return watched([&] { return store_.find_transfer(uuid); });
}

std::expected<std::optional<idempotency_record>, store_error> bookkeeper::find_answer(std::string_view key) {
    return watched([&] { return store_.find_answer(key); });
}

std::expected<std::vector<listed_transfer>, store_error> bookkeeper::list_transfers(account_id account,
                                                                                    account_side side,
                                                                                    std::size_t limit,
                                                                                    std::optional<std::uint64_t> from) {
    return watched([&] { return store_.list_transfers(account, side, limit, from); });
}

std::expected<std::optional<payment_record>, store_error> bookkeeper::find_payment(std::string_view uuid) {
    return watched([&] { return store_.find_payment(uuid); });
}

std::expected<std::optional<std::vector<payment_record>>, store_error> bookkeeper::list_payments(
    const payment_query& query) {
    return watched([&] { return store_.list_payments(query); });
}

std::expected<std::optional<std::vector<listed_event>>, store_error> bookkeeper::list_events(const event_query& query) {
    return watched([&] { return store_.list_events(query); });
}

std::expected<void, store_error> bookkeeper::write(changes changes, std::span<const watch_change> watches) {
    const bool takes_along = pending_batch_ != nullptr && changes.postings.empty();
    if (takes_along) {
        changes.postings = pending_batch_->postings();
        if (!pending_batch_->payments().empty()) changes.advanced_payments = pending_batch_->payments();
        if (!pending_batch_->outcomes().empty()) changes.new_split_outcomes = pending_batch_->outcomes();
    }
    const bool changes_flights = gather_flights(changes, takes_along);
    if (changes_flights) changes.changed_flights = changed_flights_;
    const std::span<const posting> booked = booked_by(changes);
    ledger_.changes_of(booked, accounts_);
    ledger_.check(booked, accounts_);
    thresholds_.crossed(accounts_, events_, watches, [this](account_id account) { return ledger_.posted(account); });
    changes.accounts = accounts_;
    events_.insert(events_.end(), changes.new_events.begin(), changes.new_events.end());
    const bool reports = incoming_ && (takes_along || ends_idle_at_);
    if (reports) {
        static const table_by_connection<received_packets> nothing;
        incoming_->add(takes_along ? pending_batch_->received() : nothing, ends_idle_at_, new_reports_,
                       changed_reports_);
        events_.insert(events_.end(), new_reports_.begin(), new_reports_.end());
        if (!changed_reports_.empty()) changes.changed_events = changed_reports_;
    }
    changes.new_events = keeps_events_ ? std::span<const event_record>{events_} : std::span<const event_record>{};
    if (auto written = commit(changes); !written) return written;

    if (takes_along) set_pending_batch(nullptr);
    if (store_.is_durable()) undelivered_.written(changes);
    if (reports) incoming_->written();
    if (changes_flights) flights_.written(changed_flights_, [this](account_id id) -> auto& { return ledger_.at(id); });
    ledger_.apply(booked);
    for (const transfer_record& ended : changes.ended_transfers) {
        if (ended.state == transfer_state::posted) continue;
        const leg held{&ledger_.at(ended.debit), &ledger_.at(ended.credit), ended.amount};
        ledger::release({&held, 1});
    }
    for (const watch_change& changed : watches) thresholds_.watch(changed.account, changed.watch);
    const auto is_open = [](const event_record& event) { return event.is_open; };
    std::erase_if(events_, is_open);
    std::ranges::remove_copy_if(changes.changed_events, std::back_inserter(events_), is_open);
    if (!events_.empty() && event_callback_) event_callback_(events_);
    return {};
}

/// What packets that wait ask for is written with everything else. Most transactions have none.
bool bookkeeper::gather_flights(const changes& changes, bool takes_along) {
    changed_flights_.assign(changes.changed_flights.begin(), changes.changed_flights.end());
    if (takes_along) flights_.raise(pending_batch_->ceilings(), changed_flights_);
    return !changed_flights_.empty();
}

void bookkeeper::restore_flights(std::span<const flight_record> records) {
    flights_.restore(records, [this](account_id id) -> auto& { return ledger_.at(id); });
}

std::expected<void, store_error> bookkeeper::sink_ceilings(ilp::steady_time now) {
    decided_flights_.clear();
    flights_.sink(now, decided_flights_);
    return write_flights();
}

std::expected<void, store_error> bookkeeper::end_flights() {
    decided_flights_.clear();
    flights_.end(decided_flights_);
    return write_flights();
}

std::expected<void, store_error> bookkeeper::write_flights() {
    if (decided_flights_.empty()) return {};
    return write({.changed_flights = decided_flights_});
}

bool bookkeeper::has_effect(const posting_batch& batch) const {
    return !batch.postings().empty() || !batch.payments().empty() || !batch.outcomes().empty() ||
           flight_ceilings::concerns(batch.ceilings()) || (incoming_ && incoming_->concerns(batch.received()));
}

std::expected<void, store_error> bookkeeper::end_idle_payments(ilp::steady_time now) {
    if (!incoming_ || !incoming_->has_idle(now)) return {};
    ends_idle_at_ = now;
    auto written = write({});
    ends_idle_at_.reset();
    return written;
}

}  // namespace peering
