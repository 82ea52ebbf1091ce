#pragma once

#include "peering/splitting/split_header.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace connector {

/// What one peer takes in parts, as its last answer has said. Shared by all workers. Both numbers are read one by one:
/// whoever reads while they change may see one of before, and the peer then refuses what it does not take.
class accepted_terms {
public:
    peering::split_terms load() const noexcept {
        return {{max_total_.load(std::memory_order_relaxed)}, max_parts_.load(std::memory_order_relaxed)};
    }
    void store(const peering::split_terms& terms) noexcept {
        max_total_.store(terms.max_total.value, std::memory_order_relaxed);
        max_parts_.store(terms.max_parts, std::memory_order_relaxed);
    }

private:
    std::atomic<std::uint64_t> max_total_{0};
    std::atomic<std::uint32_t> max_parts_{0};
};

/// The same for each peer, by its id. Any thread.
class accepted_parts {
public:
    std::shared_ptr<accepted_terms> of(std::uint32_t peer) {
        const std::lock_guard lock{mutex_};
        if (peer >= peers_.size()) peers_.resize(std::size_t{peer} + 1);
        if (!peers_[peer]) peers_[peer] = std::make_shared<accepted_terms>();
        return peers_[peer];
    }

private:
    std::mutex mutex_;
    std::vector<std::shared_ptr<accepted_terms>> peers_;
};

}  // namespace connector
