#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <utility>

namespace connector {

/// A few large blocks in which one loop's connections receive, in turn: a busy connection would otherwise allocate one
/// in each turn and free it at its end. The memory is bounded, whatever the number of connections.
class spare_blocks {
public:
    static constexpr std::size_t count_max = 4;
    static constexpr std::size_t capacity_max = 128 * 1024;  ///< of each

    struct block {
        std::unique_ptr<char[]> octets{};
        std::size_t capacity = 0;
    };

    /// Returns a block of at least this capacity; one that was kept, if there is one that is not much larger.
    block take(std::size_t capacity) {
        for (std::size_t i = 0; i < count_; ++i) {
            if (kept_[i].capacity < capacity || kept_[i].capacity > 4 * capacity) continue;
            std::swap(kept_[i], kept_[--count_]);
            return std::exchange(kept_[count_], {});
        }
        return {std::make_unique_for_overwrite<char[]>(capacity), capacity};
    }

    /// Keeps the block, unless there are enough of them or it is very large.
    void keep(block spare) noexcept {
        if (count_ == count_max || spare.capacity > capacity_max) return;
        kept_[count_++] = std::move(spare);
    }

private:
    std::array<block, count_max> kept_;
    std::size_t count_ = 0;
};

}  // namespace connector
