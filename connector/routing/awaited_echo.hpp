#pragma once

#include "ilp/bytes.hpp"
#include "ilp/condition.hpp"
#include "ilp/invariant.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <atomic>
#include <span>

namespace connector {

/// Lets any worker fulfill the response to an echo that this node has requested. One random condition serves for all
/// echoes of the process, so a peer that has fulfilled one of them could fulfill the next: they test the peer's way to
/// us, and do not prove anything to somebody who distrusts it. Any thread.
class awaited_echo {
public:
    awaited_echo() {
        const bool is_random = RAND_bytes(fulfillment_.data(), static_cast<int>(fulfillment_.size())) == 1;
        ilp::require(is_random, "libcrypto has random numbers");
        condition_ = ilp::sha256(fulfillment_);
    }

    const ilp::condition& condition() const noexcept { return condition_; }
    const ilp::fulfillment& fulfillment() const noexcept { return fulfillment_; }

    /// A response is awaited as long as one of these exists.
    class wait {
    public:
        explicit wait(awaited_echo& echo) noexcept : echo_{echo} {
            echo_.waits_.fetch_add(1, std::memory_order_relaxed);
        }
        ~wait() { echo_.waits_.fetch_sub(1, std::memory_order_relaxed); }
        wait(const wait&) = delete;
        wait& operator=(const wait&) = delete;

    private:
        awaited_echo& echo_;
    };

    bool is_awaited(std::span<const ilp::octet, ilp::hash_size> condition) const noexcept {
        return waits_.load(std::memory_order_relaxed) > 0 && std::ranges::equal(condition, condition_);
    }

private:
    ilp::fulfillment fulfillment_{};
    ilp::condition condition_{};
    std::atomic<int> waits_{0};
};

}  // namespace connector
