#pragma once

#include "connector/control/call_limit.hpp"
#include "connector/transport/probes.hpp"
#include "ilp/bytes.hpp"
#include "peering/admin/services.hpp"
#include "peering/directory/directory.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace connector {

/// Sends one Prepare of amount 0 with the condition of the one-way ping to an address, on the route and the link that
/// packets take, and waits for the answer. It bypasses limits and liquidity, as it only tests whether the address can
/// be reached.
class pinger {
public:
    static constexpr int pings_max = 2;  ///< at a time

    /// Sends a Prepare to the peer with this id and calls `done` with the outcome, from any thread: see
    /// worker::probe().
    using send_function =
        std::function<void(std::uint32_t peer, ilp::bytes prepare, std::chrono::milliseconds time_limit,
                           std::function<void(probes::outcome)> done)>;

    pinger(const peering::directory& directory, send_function send) : directory_{directory}, send_{std::move(send)} {}

    /// Blocks until the answer has arrived, for at most `timeout`. If `pings_max` are in progress, a further one fails
    /// at once. `next_hop` of the answer is the peer that the ping was sent to. Call it from any thread except the
    /// workers'.
    peering::admin::ping_answer ping(const std::string& address, std::chrono::milliseconds timeout);

private:
    void ask_next_hop(peering::admin::ping_answer& answer, const std::string& address,
                      std::chrono::milliseconds timeout) const;

    const peering::directory& directory_;
    const send_function send_;
    call_limit limit_{pings_max};
};

}  // namespace connector
