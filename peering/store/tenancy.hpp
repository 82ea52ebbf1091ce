#pragma once

#include "ilp/timestamp.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace peering {

/// Who opens a store that daemons on several machines can reach, and on which terms.
struct store_tenant {
    /// A holder of this name is known to have ended, so its place is taken at once. Empty: a new name, which nobody
    /// else has.
    std::string instance{};
    std::string host{};  ///< says to people where the daemon runs
    /// Another daemon may take over when there has been no sign of life for this time.
    std::chrono::milliseconds lease_time{40'000};
    /// For at most this time a packet is held. So much of the lease is left when the last one is accepted.
    std::chrono::milliseconds max_hold_time{30'000};
    bool waits = false;  ///< while another daemon has the store: as its standby
};

/// What a daemon that has such a store may do.
struct store_tenure {
    std::uint64_t epoch = 0;  ///< rises with each registration, of whatever daemon
    /// New packets must not be accepted after this time, unless the lease is renewed before.
    std::chrono::steady_clock::time_point accepts_until{};
    /// Another daemon leaves this one alone until then, unless the lease is renewed before.
    std::chrono::steady_clock::time_point lease_until{};
};

/// A place of a daemon in such a store, as it is written there.
struct daemon_place {
    std::uint32_t slot = 0;
    std::string instance{};  ///< of the daemon that has it; empty: nobody has it
    std::string host{};      ///< says to people where that daemon runs
    std::uint64_t epoch = 0;
    std::uint64_t last_commit = 0;
    ilp::timestamp lease_until{};            ///< by the clock of the store's server
    std::chrono::milliseconds lease_left{};  ///< when the place was read; not positive: it has ended
    bool is_own = false;                     ///< whoever has read it has the place
};

}  // namespace peering
