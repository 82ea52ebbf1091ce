#pragma once

#include "connector/loop/buffer_memory.hpp"
#include "ilp/bytes.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace connector {

/// Contiguous buffer of bytes received and not yet consumed. It starts small, grows when a message is longer, and gives
/// a large buffer back once it is empty, from where the loop's next connection gets it. Views into it are valid until
/// space(), consume() or give_back() is called.
class receive_buffer {
public:
    static constexpr std::size_t capacity_min = 2048;
    static constexpr std::size_t capacity_kept_max = 4096;  ///< while it is empty

    receive_buffer() = default;
    /// `user` accounts for the memory.
    explicit receive_buffer(buffer_memory::user* user) noexcept : user_{user} {}
    receive_buffer(const receive_buffer&) = delete;
    receive_buffer& operator=(const receive_buffer&) = delete;

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
        if (begin_ != end_) return;
        begin_ = end_ = 0;
        if (capacity_ > capacity_kept_max) [[unlikely]]
            give_back_large();
    }

    /// Frees the memory. Precondition: it is empty.
    void give_back() noexcept {
        if (user_ != nullptr) user_->gave_back(capacity_ + small_.capacity);
        storage_.reset();
        capacity_ = 0;
        small_ = {};
    }

private:
    void make_room(std::size_t wanted) {
        const std::size_t used = size();
        if (capacity_ - used >= wanted) {
            std::memmove(storage_.get(), storage_.get() + begin_, used);
        } else {
            const std::size_t capacity = std::max({capacity_min, used + wanted, capacity_ * 2});
            auto larger = allocate(capacity);
            if (used != 0) std::memcpy(larger.octets.get(), storage_.get() + begin_, used);
            replace_by(std::move(larger));
        }
        begin_ = 0;
        end_ = used;
    }

    spare_blocks::block allocate(std::size_t capacity) {
        if (user_ != nullptr && capacity > capacity_kept_max) return user_->spare().take(capacity);
        return {std::make_unique_for_overwrite<char[]>(capacity), capacity};
    }

    void replace_by(spare_blocks::block larger) noexcept {
        if (user_ != nullptr) user_->took(larger.capacity);
        if (capacity_ > capacity_kept_max) {
            keep_spare();
        } else if (larger.capacity > capacity_kept_max) {
            small_ = {std::move(storage_), capacity_};
        } else if (user_ != nullptr) {
            user_->gave_back(capacity_);
        }
        storage_ = std::move(larger.octets);
        capacity_ = larger.capacity;
    }

    /// The small one that it has replaced serves again: it is not allocated anew after each burst.
    void give_back_large() noexcept {
        keep_spare();
        storage_ = std::move(small_.octets);
        capacity_ = std::exchange(small_.capacity, 0);
    }

    void keep_spare() noexcept {
        if (user_ == nullptr) return;
        user_->gave_back(capacity_);
        user_->spare().keep({std::move(storage_), capacity_});
    }

    buffer_memory::user* user_ = nullptr;
    spare_blocks::block small_;  ///< while a larger one is in use
    std::unique_ptr<char[]> storage_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace connector
