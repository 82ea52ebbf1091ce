#pragma once

#include "connector/control/call_limit.hpp"
#include "connector/routing/awaited_echo.hpp"
#include "connector/transport/probes.hpp"
#include "ilp/bytes.hpp"
#include "ilp/condition.hpp"
#include "peering/admin/services.hpp"
#include "peering/directory/directory.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace connector {

/// Sends Prepares of amount 0 on the route and the link that packets take, and waits for the answers. They bypass
/// limits and liquidity, as they only test what can be reached.
class pinger {
public:
    static constexpr int pings_max = 2;  ///< at a time

    /// Sends a Prepare to the peer with this id and calls `done` with the outcome, from any thread: see
    /// worker::probe().
    using send_function =
        std::function<void(std::uint32_t peer, ilp::bytes prepare, std::chrono::milliseconds time_limit,
                           std::function<void(probes::outcome)> done)>;

    /// The directory and the echo must outlive the pinger.
    pinger(const peering::directory& directory, awaited_echo& echo, send_function send)
        : directory_{directory}, echo_{echo}, send_{std::move(send)} {}

    /// Sends a one-way ping. Blocks until the answer has arrived, for at most `timeout`. If `pings_max` are in
    /// progress, a further one fails at once. `next_hop` of the answer is the peer that the ping was sent to. Call it
    /// from any thread except the workers'.
    peering::admin::ping_answer ping(const std::string& address, std::chrono::milliseconds timeout);

    /// Asks the peer for our configuration (RFC 31), and, if it answers, to send an echo back to us. Waits for each of
    /// the two answers as ping() does, and counts as one ping.
    peering::admin::examination examine(const std::shared_ptr<const peering::peer>& peer,
                                        std::chrono::milliseconds timeout);

private:
    /// The answer to one Prepare, and the octets of its data if it was fulfilled as it should be.
    struct exchanged {
        peering::admin::ping_answer answer;
        ilp::bytes data{};
    };
    /// Sends a Prepare of amount 0 and checks what comes back.
    exchanged exchange(const std::shared_ptr<const peering::peer>& next_hop, const ilp::condition& condition,
                       std::string_view destination, ilp::bytes_view data, std::chrono::milliseconds timeout,
                       std::chrono::milliseconds expires_in) const;

    const peering::directory& directory_;
    awaited_echo& echo_;
    const send_function send_;
    call_limit limit_{pings_max};
};

}  // namespace connector
