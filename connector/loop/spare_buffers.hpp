#pragma once

#include "ilp/bytes.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace connector {

/// Small buffers that one loop's connections use in turn. A connection has one only while it has bytes to send, so the
/// memory depends on how much is sent at a time, and not on the number of connections. It is bounded.
class spare_buffers {
public:
    static constexpr std::size_t count_max = 4096;
    static constexpr std::size_t capacity_max = 4096;

    /// Returns an empty buffer.
    ilp::bytes take() noexcept {
        if (spare_.empty()) return {};
        ilp::bytes taken = std::move(spare_.back());
        spare_.pop_back();
        return taken;
    }

    /// Frees a buffer that has grown large, or that would be one too many.
    void give_back(ilp::bytes buffer) {
        if (buffer.capacity() > capacity_max || spare_.size() == count_max) return;
        buffer.clear();
        spare_.push_back(std::move(buffer));
    }

    std::size_t size() const noexcept { return spare_.size(); }

private:
    std::vector<ilp::bytes> spare_;
};

}  // namespace connector
