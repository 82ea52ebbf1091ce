#pragma once

#include "ilp/bytes.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace connector {

/// Contiguous buffer of bytes received and not yet consumed. It starts small and grows when a message is longer. Views
/// into it are valid until space() is called.
class receive_buffer {
public:
    static constexpr std::size_t capacity_min = 2048;

    std::size_t size() const noexcept { return end_ - begin_; }
    bool empty() const noexcept { return begin_ == end_; }
    std::span<char> octets() noexcept { return {storage_.get() + begin_, size()}; }
    std::string_view text() const noexcept { return {storage_.get() + begin_, size()}; }

    /// Returns free space of at least `wanted` bytes behind the contents.
    std::span<char> space(std::size_t wanted) {
        if (capacity_ - end_ < wanted) make_room(wanted);
        return {storage_.get() + end_, capacity_ - end_};
    }
    void commit(std::size_t count) noexcept { end_ += count; }

    void consume(std::size_t count) noexcept {
        begin_ += count;
        if (begin_ == end_) begin_ = end_ = 0;
    }

private:
    void make_room(std::size_t wanted) {
        const std::size_t used = size();
        if (capacity_ - used >= wanted) {
            std::memmove(storage_.get(), storage_.get() + begin_, used);
        } else {
            const std::size_t capacity = std::max({capacity_min, used + wanted, capacity_ * 2});
            auto larger = std::make_unique_for_overwrite<char[]>(capacity);
            if (used != 0) std::memcpy(larger.get(), storage_.get() + begin_, used);
            storage_ = std::move(larger);
            capacity_ = capacity;
        }
        begin_ = 0;
        end_ = used;
    }

    std::unique_ptr<char[]> storage_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace connector
