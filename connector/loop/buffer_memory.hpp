#pragma once

#include "connector/loop/spare_blocks.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace connector {

/// The memory that one loop uses for bytes on their way: what its connections have received and not processed or not
/// yet sent, and what waits for a connection. It has a bound, because others decide how much that is.
class buffer_memory {
public:
    /// A connection with its buffers. It counts until it is destroyed.
    class user {
    public:
        explicit user(buffer_memory& memory);
        virtual ~user();
        user(const user&) = delete;
        user& operator=(const user&) = delete;

        std::size_t buffered() const noexcept { return bytes_; }
        void took(std::size_t bytes) noexcept {
            bytes_ += bytes;
            memory_.used_ += bytes;
        }
        void gave_back(std::size_t bytes) noexcept {
            bytes_ -= bytes;
            memory_.used_ -= bytes;
        }
        spare_blocks& spare() noexcept { return memory_.spare_; }

    private:
        friend class buffer_memory;

        /// Closes the connection; its memory may be freed later in the turn.
        virtual void shed() = 0;

        /// True if closing it would leave open whether the next hop fulfills a packet. Such connections are closed
        /// last.
        virtual bool leaves_doubt() const noexcept { return false; }

        /// True if nobody has shown a valid token on the connection.
        virtual bool is_of_stranger() const noexcept { return false; }

        buffer_memory& memory_;
        std::size_t place_;
        std::size_t bytes_ = 0;
        const std::uint64_t number_;  ///< later ones have higher numbers
    };

    /// Bytes that wait for a connection, while this exists.
    class waiting {
    public:
        waiting() = default;
        waiting(buffer_memory& memory, std::size_t bytes) noexcept : memory_{&memory}, bytes_{bytes} {
            memory.waiting_ += bytes;
        }
        ~waiting() {
            if (memory_ != nullptr) memory_->waiting_ -= bytes_;
        }
        waiting(waiting&& other) noexcept
            : memory_{std::exchange(other.memory_, nullptr)}, bytes_{std::exchange(other.bytes_, 0)} {}
        waiting& operator=(waiting&& other) noexcept {
            std::swap(memory_, other.memory_);
            std::swap(bytes_, other.bytes_);
            return *this;
        }

    private:
        buffer_memory* memory_ = nullptr;
        std::size_t bytes_ = 0;
    };

    /// What relieve() has done.
    struct relief {
        std::size_t connections = 0;
        std::size_t bytes = 0;
    };

    /// The bound, in bytes, on what connections use. What waits for one has a bound of its own, a quarter of it.
    void set_bound(std::size_t bytes) noexcept { bound_ = bytes; }

    std::size_t used() const noexcept { return used_; }
    bool is_over_bound() const noexcept { return used_ > bound_; }
    bool is_waiting_full() const noexcept { return waiting_ >= bound_ / 4; }

    /// Closes the connections that use most, until an eighth of the bound is free again; of those that use the same,
    /// such as handshakes, the oldest first. Those of strangers go before all others while they use more than half of
    /// the bound. Connections that use little are left alone: closing many of them would free little.
    relief relieve();

private:
    static constexpr std::size_t little = 16 * 1024;

    spare_blocks spare_;
    std::size_t bound_ = std::numeric_limits<std::size_t>::max();
    std::size_t used_ = 0;
    std::size_t waiting_ = 0;
    std::uint64_t last_number_ = 0;
    std::vector<user*> users_;
};

}  // namespace connector
