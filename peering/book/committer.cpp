#include "peering/book/committer.hpp"

#include "ilp/invariant.hpp"

#include <algorithm>
#include <utility>

namespace peering {

committer::committer(bookkeeper& keeper) : keeper_{keeper} {
    keeper_.set_retry_policy([this](const store_error& error) { return wait_for_store(error); });
}

committer::~committer() {
    if (thread_.joinable()) stop(std::chrono::milliseconds{0});
    keeper_.set_retry_policy({});
}

std::size_t committer::add_listener(durable_callback callback) {
    ilp::require(!thread_.joinable(), "listeners are added before the committer starts");
    listeners_.push_back(std::move(callback));
    concerned_.push_back(false);
    committing_for_.push_back(false);
    return listeners_.size() - 1;
}

void committer::on_health_change(health_callback callback) {
    ilp::require(!thread_.joinable(), "the callback for the store's health is set before the committer starts");
    health_callback_ = std::move(callback);
}

void committer::on_remark(remark_callback callback) {
    ilp::require(!thread_.joinable(), "the callback for the store's remarks is set before the committer starts");
    remark_callback_ = std::move(callback);
}

void committer::start() {
    ilp::require(!thread_.joinable(), "the committer is started once");
    is_started_ = true;
    note_tenure();
    thread_ = std::thread{[this] { run(); }};
}

commit_ticket committer::submit(std::size_t listener, posting_batch& batch) {
    ilp::require(!batch.empty(), "a submitted batch has something to write");
    if (!keeper_.store().is_durable()) {
        keeper_.ledger().apply(batch.postings());
        if (!batch.payments().empty()) advance(batch.payments());
        batch.clear();
        return nothing_to_wait_for;
    }
    commit_ticket ticket = 0;
    bool must_wake = false;
    {
        const std::lock_guard lock{mutex_};
        if (collecting_.empty()) {
            std::swap(collecting_, batch);
        } else {
            collecting_.merge(batch);
        }
        concerned_[listener] = true;
        ticket = ++tickets_;
        must_wake = std::exchange(idle_, false);
    }
    batch.clear();
    if (must_wake) wake_.notify_one();
    return ticket;
}

/// For a store that keeps nothing. What a payment has sent waits for the next batch, as with the other stores, and is
/// not lost when there are too many tasks.
void committer::advance(std::span<const payment_progress> payments) {
    bool must_wake = false;
    {
        const std::lock_guard lock{mutex_};
        for (const payment_progress& progress : payments) collecting_.advance(progress);
        must_wake = std::exchange(idle_, false);
    }
    if (must_wake) wake_.notify_one();
}

bool committer::execute(store_task task) {
    bool must_wake = false;
    {
        const std::lock_guard lock{mutex_};
        if (stopping_ || tasks_.size() >= tasks_max) return false;
        tasks_.push_back(std::move(task));
        must_wake = std::exchange(idle_, false);
    }
    if (must_wake) wake_.notify_one();
    return true;
}

void committer::watch(std::chrono::steady_clock::time_point now) {
    using time = std::chrono::steady_clock::time_point;
    look(now);
    const time began = keeper_.call_began();
    if (began == time{}) {
        if (now - last_probe_ < probe_interval || probe_waits_.exchange(true)) return;
        last_probe_ = now;
        if (!execute([this](bookkeeper&) { probe(); })) probe_waits_ = false;
        return;
    }
    if (!store_is_healthy() || now - began < commit_time_max) return;
    set_health(false, "the store does not respond");
    // If the call has just ended, the committer may have read the health before the line above. The empty task makes it
    // check again. Only its own check decides, because the call may have failed.
    if (keeper_.call_began() != began) execute([](bookkeeper&) {});
}

void committer::look(std::chrono::steady_clock::time_point now) {
    if (!keeper_.store().is_durable()) return;
    if (now - last_look_ < probe_interval || look_waits_.exchange(true)) return;
    last_look_ = now;
    const bool accepted = execute([this, now](bookkeeper& keeper) {
        look_waits_ = false;
        // What cannot be written now stays open until the next look.
        [[maybe_unused]] const auto ended = keeper.end_idle_payments(now);
        [[maybe_unused]] const auto sunk = keeper.sink_ceilings(now);
    });
    if (!accepted) look_waits_ = false;
}

std::string committer::last_error() const {
    const std::lock_guard lock{mutex_};
    return last_error_;
}

bool committer::stop(std::chrono::milliseconds timeout) {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
        give_up_at_ = std::chrono::steady_clock::now() + timeout;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
    return committing_.empty() && collecting_.empty() && !gave_up_;
}

bool committer::end_flights() {
    ilp::require(!thread_.joinable(), "the committer has stopped before ceilings end");
    return keeper_.end_flights().has_value();
}

void committer::run() {
    std::unique_lock lock{mutex_};
    for (;;) {
        while (collecting_.empty() && tasks_.empty() && !stopping_) {
            idle_ = true;
            wake_.wait(lock);
        }
        idle_ = false;
        if (collecting_.empty() && tasks_.empty()) return;
        ilp::require(committing_.empty(), "the last batch is durable before the next one is taken");
        std::swap(tasks_, executing_);
        std::swap(collecting_, committing_);
        std::swap(concerned_, committing_for_);
        const commit_ticket durable = tickets_;
        lock.unlock();

        execute_tasks(durable);
        if (!gave_up_ && !store_is_healthy()) probe();  // a task may have succeeded again
        if (!gave_up_ && !committing_.empty() && commit()) end_batch(durable);
        lock.lock();
        if (gave_up_) {
            if (taken_over_) refuse_tasks(lock);
            return;
        }
    }
}

/// Each task finds that nothing can be written any more, and whoever waits for it is told so.
void committer::refuse_tasks(std::unique_lock<std::mutex>& lock) {
    stopping_ = true;
    while (!tasks_.empty()) {
        std::swap(tasks_, executing_);
        lock.unlock();
        for (const store_task& task : executing_) task(keeper_);
        executing_.clear();
        lock.lock();
    }
}

/// The first task that writes includes the batch, so that packets wait for one transaction instead of two.
void committer::execute_tasks(commit_ticket durable) {
    keeper_.set_pending_batch(committing_.empty() ? nullptr : &committing_);
    for (const store_task& task : executing_) {
        task(keeper_);
        if (!committing_.empty() && !keeper_.has_pending_batch()) end_batch(durable);
    }
    keeper_.set_pending_batch(nullptr);
    executing_.clear();
}

/// Called once the batch is durable.
void committer::end_batch(commit_ticket durable) {
    if (committing_.transfers() != 0) count(keeper_.last_commit_time());
    committing_.clear();
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
        if (committing_for_[i]) listeners_[i](durable);
        committing_for_[i] = false;
    }
}

/// Returns false if it gave up: see wait_for_store().
bool committer::commit() {
    if (!keeper_.has_effect(committing_)) return true;
    for (;;) {
        keeper_.set_pending_batch(&committing_);
        const auto written = keeper_.write({});
        keeper_.set_pending_batch(nullptr);
        if (written) {
            pause_length_ = retry_pause_min;
            note_tenure();
            if (!store_is_healthy()) set_health(true, {});
            return true;
        }
        // A database that refuses these postings for good is broken. They are retried all the same, so that no
        // fulfillment is lost.
        if (gave_up_ || !wait_for_store(written.error())) return false;
    }
}

void committer::probe() {
    probe_waits_ = false;
    for (;;) {
        const auto reached = keeper_.reach();
        if (reached) break;
        if (!wait_for_store(reached.error())) return;
    }
    pause_length_ = retry_pause_min;
    note_tenure();
    if (!store_is_healthy()) set_health(true, {});
    if (const auto size = keeper_.store().log_size()) counters_.log_bytes = static_cast<std::int64_t>(*size);
    for (const std::string& remark : keeper_.store().take_remarks()) {
        if (remark_callback_) remark_callback_(remark);
    }
}

void committer::note_tenure() {
    const auto tenure = keeper_.store().tenure();
    if (!tenure) return;
    accepts_until_.store(tenure->accepts_until.time_since_epoch(), std::memory_order_relaxed);
    lease_until_.store(tenure->lease_until.time_since_epoch(), std::memory_order_relaxed);
    counters_.store_epoch.store(tenure->epoch, std::memory_order_relaxed);
}

/// Called after a failure. Returns false if the time allowed by stop() is over, or another daemon has the store. Before
/// start() nothing is retried: whoever opens the book decides whether to wait.
bool committer::wait_for_store(const store_error& error) {
    if (!is_started_) return false;
    counters_.failures_total.fetch_add(1, std::memory_order_relaxed);
    set_health(false, error.message);
    if (error.taken_over) taken_over_ = true;
    if (error.taken_over || !pause(pause_length_)) {
        gave_up_ = true;
        return false;
    }
    pause_length_ = std::min(2 * pause_length_, retry_pause_max);
    return true;
}

/// Returns false if the time allowed by stop() is over.
bool committer::pause(std::chrono::milliseconds length) {
    std::unique_lock lock{mutex_};
    const auto end = std::chrono::steady_clock::now() + length;
    wake_.wait_until(lock, end, [this] { return stopping_; });
    if (!stopping_) return true;
    wake_.wait_until(lock, std::min(end, give_up_at_), [] { return false; });
    return std::chrono::steady_clock::now() < give_up_at_;
}

void committer::set_health(bool healthy, const std::string& error) {
    const std::lock_guard telling{health_callback_mutex_};
    {
        const std::lock_guard lock{mutex_};
        if (healthy == store_is_healthy() && error == last_error_) return;
        healthy_.store(healthy, std::memory_order_relaxed);
        last_error_ = error;
    }
    if (health_callback_) health_callback_(healthy, error);
}

void committer::count(std::chrono::nanoseconds taken) noexcept {
    const auto bucket = [](const auto& bounds, double value) {
        return static_cast<std::size_t>(std::lower_bound(bounds.begin(), bounds.end(), value) - bounds.begin());
    };
    const std::uint64_t transfers = committing_.transfers();
    const double seconds = std::chrono::duration<double>{taken}.count();
    const auto add = [](std::atomic<std::uint64_t>& counter, std::uint64_t value) {
        counter.fetch_add(value, std::memory_order_relaxed);
    };
    add(counters_.seconds[bucket(counters::seconds_bounds, seconds)], 1);
    add(counters_.transfers[bucket(counters::transfers_bounds, static_cast<double>(transfers))], 1);
    add(counters_.nanoseconds_total, static_cast<std::uint64_t>(taken.count()));
    add(counters_.transfers_total, transfers);
    add(counters_.commits_total, 1);
}

}  // namespace peering
