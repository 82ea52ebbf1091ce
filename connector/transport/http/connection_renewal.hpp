#pragma once

#include "ilp/clock.hpp"

#include <chrono>
#include <cstdint>

namespace connector {

/// Decides how long a link uses its connections. A connection stays with the address that the peer's name had when it
/// was made. When the name moves to another host, the old one may go on answering, so only a new connection, with a new
/// look-up, finds the new one. It uses no clock of its own.
class connection_renewal {
public:
    explicit connection_renewal(std::chrono::milliseconds age_max) noexcept : age_max_{age_max} {}

    /// The time from which on a connection that is opened now carries no further packet. It varies by a quarter of the
    /// greatest age, so that connections that were opened together do not end together.
    ilp::steady_time use_until(ilp::steady_time now) noexcept {
        phase_ += 0x9e3779b9U;  // the golden ratio spreads them evenly
        const auto earlier = age_max_ / 4 * static_cast<double>(phase_) / 4294967296.0;
        return now + age_max_ - std::chrono::duration_cast<std::chrono::milliseconds>(earlier);
    }

    /// Call it with the HTTP status of each answer. Returns true if all connections are to be replaced: see failed().
    bool answered(unsigned status, ilp::steady_time now) noexcept {
        if (status < 300) [[likely]] {
            failures_ = 0;
            return false;
        }
        return failed(now);
    }

    /// Call it when a packet has expired without an answer. Returns true if all connections are to be replaced: the
    /// host refuses one packet after the other, or does not answer, and may not be the peer's any more. After that it
    /// returns false for `pause`, because there may be another cause.
    bool failed(ilp::steady_time now) noexcept {
        if (++failures_ < failures_max || now < not_before_) return false;
        failures_ = 0;
        not_before_ = now + pause;
        return true;
    }

    static constexpr unsigned failures_max = 5;
    static constexpr std::chrono::seconds pause{10};

private:
    std::chrono::milliseconds age_max_;
    std::uint32_t phase_ = 0;
    unsigned failures_ = 0;  ///< in a row
    ilp::steady_time not_before_;
};

}  // namespace connector
