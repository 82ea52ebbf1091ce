#pragma once

#include "ilp/bytes.hpp"

#include <cstddef>
#include <vector>

namespace connector {

/// Small buffers for answers that one loop's connections use in turn. A connection has them only while it has answers
/// to send, so the memory depends on how much is sent at a time, and not on the number of connections. It is bounded.
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
        if (buffer.capacity() > capacity_max || count_ == count_max) [[unlikely]] {
            buffer = ilp::bytes{};  // `= {}` would keep the memory
            return;
        }
        buffer.clear();
        if (count_ == spare_.size()) spare_.emplace_back();
        buffer.swap(spare_[count_++]);
    }

    std::size_t size() const noexcept { return count_; }

private:
    std::vector<ilp::bytes> spare_;  ///< those from count_ on have no memory
    std::size_t count_ = 0;
};

}  // namespace connector
