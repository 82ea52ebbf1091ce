#pragma once

#include "connector/loop/buffer_memory.hpp"
#include "ilp/bytes.hpp"

#include <cstddef>

namespace connector {

/// The bytes that a socket has not accepted yet. Those that it accepts are only skipped, and moved out of the way
/// rarely: a reader that takes few bytes at a time must not cause a copy of the rest each time. The memory is freed
/// when all are sent.
class unsent_bytes {
public:
    explicit unsent_bytes(buffer_memory::user& user) : user_{user} {}

    bool empty() const noexcept { return octets_.empty(); }
    ilp::bytes_view octets() const noexcept { return ilp::bytes_view{octets_}.subspan(sent_); }

    void append(ilp::bytes_view octets) {
        if (sent_ > octets_.size() / 2) {
            octets_.erase(octets_.begin(), octets_.begin() + static_cast<std::ptrdiff_t>(sent_));
            sent_ = 0;
        }
        const std::size_t before = octets_.capacity();
        ilp::append(octets_, octets);
        user_.took(octets_.capacity() - before);
    }

    void consume(std::size_t count) {
        sent_ += count;
        if (sent_ != octets_.size()) return;
        user_.gave_back(octets_.capacity());
        octets_ = ilp::bytes{};  // `= {}` would keep the memory
        sent_ = 0;
    }

private:
    buffer_memory::user& user_;
    ilp::bytes octets_;
    std::size_t sent_ = 0;  ///< the first bytes, which the socket has accepted
};

}  // namespace connector
