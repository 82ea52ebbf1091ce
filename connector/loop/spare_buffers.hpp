#pragma once

#include "ilp/bytes.hpp"

#include <array>
#include <cstddef>
#include <vector>

namespace connector {

/// Buffers for output that one loop's connections use in turn: small ones for answers, and a few large ones for what a
/// connection with many packets sends in a turn. A connection has them only while it has something to send, so the
/// memory depends on how much is sent at a time, and not on the number of connections. It is bounded.
class spare_buffers {
public:
    static constexpr std::size_t count_max = 4096;
    static constexpr std::size_t capacity_max = 4096;

    /// Gives `buffer`, which has no memory, that of a buffer returned before, if there is one.
    void lend(ilp::bytes& buffer) noexcept {
        if (count_ != 0) buffer.swap(spare_[--count_]);
    }

    /// Takes the memory of `buffer`, and frees it if it has grown large, or if there is enough of it.
    void give_back(ilp::bytes& buffer) {
        if (buffer.capacity() == 0) return;
        if (buffer.capacity() > capacity_max || count_ == count_max) [[unlikely]] {
            buffer = ilp::bytes{};  // `= {}` would keep the memory
            return;
        }
        buffer.clear();
        if (count_ == spare_.size()) spare_.emplace_back();
        buffer.swap(spare_[count_++]);
    }

    /// Does what lend() does, for output that may become large.
    void lend_large(ilp::bytes& buffer) noexcept {
        if (large_count_ == 0) return lend(buffer);
        buffer.swap(large_[--large_count_]);
    }

    /// Takes the memory of a buffer of lend_large(), too.
    void give_back_large(ilp::bytes& buffer) {
        const bool is_large = buffer.capacity() > capacity_max && buffer.capacity() <= large_capacity_max;
        if (!is_large || large_count_ == large_.size()) return give_back(buffer);
        buffer.clear();
        buffer.swap(large_[large_count_++]);
    }

    std::size_t size() const noexcept { return count_; }

private:
    static constexpr std::size_t large_count_max = 8;
    static constexpr std::size_t large_capacity_max = 512 * 1024;

    std::array<ilp::bytes, large_count_max> large_;  ///< those from large_count_ on have no memory
    std::size_t large_count_ = 0;
    std::vector<ilp::bytes> spare_;  ///< those from count_ on have no memory
    std::size_t count_ = 0;
};

}  // namespace connector
