#pragma once

#include <array>
#include <cstddef>
#include <new>

namespace connector {

/// Memory for the handlers that one loop posts to itself, which is used again. Asio itself keeps two blocks for each
/// thread: a loop whose turns post more handlers would allocate in each turn. Not shared between threads.
class handler_memory {
public:
    static constexpr std::size_t block_size = 128;
    static constexpr std::size_t kept_max = 64;

    handler_memory() = default;
    ~handler_memory() {
        while (kept_ != 0) ::operator delete(blocks_[--kept_]);
    }
    handler_memory(const handler_memory&) = delete;
    handler_memory& operator=(const handler_memory&) = delete;

    void* take(std::size_t size) {
        if (size > block_size) return ::operator new(size);
        return kept_ == 0 ? ::operator new(block_size) : blocks_[--kept_];
    }
    void give_back(void* block, std::size_t size) noexcept {
        if (size > block_size || kept_ == kept_max) return ::operator delete(block);
        blocks_[kept_++] = block;
    }

    std::size_t kept() const noexcept { return kept_; }

private:
    std::array<void*, kept_max> blocks_{};  ///< the first `kept_` are free
    std::size_t kept_ = 0;
};

/// Gives a handler this memory: `boost::asio::bind_allocator(handler_allocator<>{memory}, ...)`.
template <typename T = std::byte>
class handler_allocator {
public:
    using value_type = T;

    explicit handler_allocator(handler_memory& memory) noexcept : memory_{&memory} {}
    template <typename U>
    handler_allocator(const handler_allocator<U>& other) noexcept : memory_{other.memory_} {}

    T* allocate(std::size_t count) {
        static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
        return static_cast<T*>(memory_->take(count * sizeof(T)));
    }
    void deallocate(T* block, std::size_t count) noexcept { memory_->give_back(block, count * sizeof(T)); }

    template <typename U>
    bool operator==(const handler_allocator<U>& other) const noexcept {
        return memory_ == other.memory_;
    }

private:
    template <typename U>
    friend class handler_allocator;

    handler_memory* memory_;
};

}  // namespace connector
