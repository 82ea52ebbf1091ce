#pragma once

#include "ilp/clock.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace connector {

/// What a link knows about its peer: whether connects succeed, whether the peer accepts our packets, and what has been
/// reported to the operator. It decides when to connect again and what is worth a line in the log.
///
/// After a failed connect there is a pause without attempts, which grows with each failure. After the pause
/// only one connect is made at a time: if the peer's host silently drops attempts, more packets would otherwise wait
/// for as long as a connect may take.
class reachability {
public:
    /// A change that is reported to the operator.
    struct news {
        bool good = true;
        std::string text{};
        unsigned kind = 0;  ///< news of the same kind count as one state; HTTP statuses of one class do
    };

    /// True if the last connect failed.
    bool is_failing() const noexcept { return pause_ != std::chrono::milliseconds{0}; }

    /// True during the pause after a failed connect.
    bool is_paused(ilp::steady_time now) const noexcept { return now < paused_until_; }

    /// True if a packet should be refused instead of waiting for a new connection. `connecting`: a connect is already
    /// in progress.
    bool refuses(ilp::steady_time now, bool connecting) const noexcept;

    // Each of these returns null unless there is news, which is valid until the next call.

    const news* connected();
    const news* connect_failed(ilp::steady_time now, std::string_view why);
    /// The peer has ended a connection that was made, before it has answered a packet on it, and has said why.
    const news* connection_refused(std::string_view why);
    /// `status`: the HTTP status of an answer.
    const news* answered(unsigned status) {
        const bool is_usual = reported_ == reported::nothing || reported_ == reported::accepts;
        return status < 300 && is_usual ? nullptr : answered_unusually(status);
    }

    /// The last news unless it was good; empty otherwise.
    std::string_view trouble() const noexcept { return news_.good ? std::string_view{} : news_.text; }

private:
    enum class reported : std::uint8_t { nothing, unreachable, reachable, accepts, refuses };

    const news* answered_unusually(unsigned status);
    const news* report(reported what, std::string text, unsigned kind);

    std::chrono::milliseconds pause_{0};  ///< 0 unless the last connect failed
    ilp::steady_time paused_until_;
    reported reported_ = reported::nothing;
    unsigned status_ = 0;  ///< the one that was reported last; 0: the peer has refused a connection
    news news_;
};

}  // namespace connector
