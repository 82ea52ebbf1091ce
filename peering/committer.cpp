#include "peering/committer.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace peering {

void posting_batch::add(std::span<const leg> legs) {
    for (const leg& leg : legs) add(*leg.debit, *leg.credit, leg.amount.value, 1);
    ++transfers_;
}

void posting_batch::merge(const posting_batch& other) {
    for (const posting& posting : other.postings_) {
        add(*posting.debit, *posting.credit, posting.amount, posting.packets);
    }
    transfers_ += other.transfers_;
}

void posting_batch::clear() noexcept {
    // Only the slots in use: a batch that was large once costs no more than another afterwards.
    const std::size_t mask = index_.size() - 1;
    for (std::size_t i = 0; i < postings_.size(); ++i) {
        std::size_t slot = home(postings_[i]);
        while (index_[slot] != i + 1) slot = (slot + 1) & mask;
        index_[slot] = 0;
    }
    postings_.clear();
    transfers_ = 0;
}

void posting_batch::add(liquidity_account& debit, liquidity_account& credit, wide_amount amount,
                        std::uint64_t packets) {
    if (2 * (postings_.size() + 1) > index_.size()) grow();
    const posting added{&debit, &credit, amount, packets};
    std::size_t slot = home(added);
    while (index_[slot] != 0) {
        posting& known = postings_[index_[slot] - 1];
        if (known.debit == &debit && known.credit == &credit) {
            known.amount += amount;
            known.packets += packets;
            return;
        }
        slot = (slot + 1) & (index_.size() - 1);
    }
    postings_.push_back(added);
    index_[slot] = static_cast<std::uint32_t>(postings_.size());
}

std::size_t posting_batch::home(const posting& posting) const noexcept {
    const std::uint64_t pair =
        std::uint64_t{std::to_underlying(posting.debit->id)} << 32 | std::to_underlying(posting.credit->id);
    return static_cast<std::size_t>(pair * 0x9e3779b97f4a7c15U >> 32) & (index_.size() - 1);
}

void posting_batch::grow() {
    index_.assign(std::max<std::size_t>(16, 2 * index_.size()), 0);
    for (std::size_t i = 0; i < postings_.size(); ++i) {
        std::size_t slot = home(postings_[i]);
        while (index_[slot] != 0) slot = (slot + 1) & (index_.size() - 1);
        index_[slot] = static_cast<std::uint32_t>(i + 1);
    }
}

committer::committer(ledger& ledger, store& store) : ledger_{ledger}, store_{store} {}

committer::~committer() {
    if (thread_.joinable()) stop(std::chrono::milliseconds{0});
}

std::size_t committer::add_listener(durable_callback callback) {
    assert(!thread_.joinable());
    listeners_.push_back(std::move(callback));
    concerned_.push_back(false);
    committing_for_.push_back(false);
    return listeners_.size() - 1;
}

void committer::on_health_change(health_callback callback) {
    assert(!thread_.joinable());
    health_callback_ = std::move(callback);
}

void committer::start() {
    assert(!thread_.joinable());
    thread_ = std::thread{[this] { run(); }};
}

commit_ticket committer::submit(std::size_t listener, posting_batch& batch) {
    assert(!batch.empty());
    if (!store_.is_durable()) {
        ledger_.apply(batch.postings());
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

std::string committer::last_error() const {
    const std::lock_guard lock{mutex_};
    return last_error_;
}

bool committer::stop(std::chrono::milliseconds patience) {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
        give_up_at_ = std::chrono::steady_clock::now() + patience;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
    return committing_.empty() && collecting_.empty();
}

void committer::run() {
    std::unique_lock lock{mutex_};
    for (;;) {
        while (collecting_.empty() && !stopping_) {
            idle_ = true;
            wake_.wait(lock);
        }
        idle_ = false;
        if (collecting_.empty()) return;
        std::swap(collecting_, committing_);
        std::swap(concerned_, committing_for_);
        const commit_ticket durable = tickets_;
        lock.unlock();

        if (!commit()) return;
        ledger_.apply(committing_.postings());
        committing_.clear();
        for (std::size_t i = 0; i < listeners_.size(); ++i) {
            if (committing_for_[i]) listeners_[i](durable);
            committing_for_[i] = false;
        }
        lock.lock();
    }
}

/// False: given up, because stop() lost its patience.
bool committer::commit() {
    ledger_.totals_after(committing_.postings(), totals_);
    std::chrono::milliseconds pause_length = retry_pause_min;
    for (;;) {
        const auto begin = std::chrono::steady_clock::now();
        const std::expected<void, store_error> result = store_.commit(committing_.postings(), totals_);
        if (result) {
            count(std::chrono::steady_clock::now() - begin);
            if (!store_is_healthy()) set_health(true, {});
            return true;
        }
        counters_.failures_total.fetch_add(1, std::memory_order_relaxed);
        set_health(false, result.error().message);
        if (!pause(pause_length)) return false;
        pause_length = std::min(2 * pause_length, retry_pause_max);
    }
}

/// False: stop() has lost its patience.
bool committer::pause(std::chrono::milliseconds length) {
    std::unique_lock lock{mutex_};
    const auto end = std::chrono::steady_clock::now() + length;
    wake_.wait_until(lock, end, [this] { return stopping_; });
    if (!stopping_) return true;
    wake_.wait_until(lock, std::min(end, give_up_at_), [] { return false; });
    return std::chrono::steady_clock::now() < give_up_at_;
}

void committer::set_health(bool healthy, const std::string& error) {
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
