#pragma once

#include "ilp/clock.hpp"
#include "peering/records/account.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace peering {

/// Decides about packets for which a part is too small: which of them wait for a lease, and when one is asked for. The
/// caller has the packets themselves. Used by one thread.
class lease_queue {
public:
    /// A packet that has waited for this time is refused with T04.
    static constexpr std::chrono::milliseconds wait_max{50};
    /// So many packets wait at most, of all accounts together, and so many of one account.
    static constexpr std::size_t waiting_max = 1024;
    static constexpr std::size_t waiting_of_account_max = 128;
    /// After a refusal nothing as large is asked for during this time.
    static constexpr std::chrono::seconds refused_for{1};
    /// So many refusals are remembered. Without room for another, it is asked again.
    static constexpr std::size_t refusals_max = 10'000;

    enum class step : std::uint8_t {
        wait,          ///< a lease is under way
        ask_and_wait,  ///< ask for one
        refuse,        ///< T04
    };

    /// A packet lacks `lacking` on the account. Unless it is refused, it waits until end_wait().
    step decide(account_id account, std::uint64_t lacking, ilp::steady_time now);

    /// A packet does not wait any more: it has what it needs, or was refused.
    void end_wait(account_id account);

    /// The lease that was asked for has come. The packets of the account that wait are tried again; those that still
    /// lack something have to call decide() anew, after end_wait().
    void was_granted(account_id account);
    /// The vault did not have it. The packets of the account may wait until their time is over, because others return
    /// what they do not use. No packet that lacks as much joins them.
    void was_refused(account_id account, std::uint64_t lacking, ilp::steady_time now);

    std::size_t waiting() const noexcept { return waiting_; }

private:
    struct entry {
        std::size_t waiting = 0;
        bool is_asked_for = false;
    };
    struct refusal {
        std::uint64_t lacking = 0;
        ilp::steady_time until{};
    };

    void forget_if_idle(std::unordered_map<account_id, entry>::iterator found);

    std::unordered_map<account_id, entry> entries_;  // with a packet that waits, or a lease under way
    std::unordered_map<account_id, refusal> refusals_;
    std::size_t waiting_ = 0;
};

}  // namespace peering
