#pragma once

#include "tests/bench/admin_client.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace bench {

/// The operator's changes, in turn: adds a peer, changes it, deposits for another one, and removes the first again.
inline constexpr std::array<std::string_view, 4> deeds{"createPeer", "updatePeer", "depositPeerLiquidity",
                                                       "deletePeer"};

/// The durations of each kind of change in milliseconds, in the order of `deeds`.
using deed_times = std::array<std::vector<double>, deeds.size()>;

/// An operator who makes one of these changes at regular intervals through the Admin API, on a thread of its own.
class operator_work {
public:
    /// The thread runs on core `core`, beside the load.
    operator_work(std::uint16_t admin_port, std::chrono::milliseconds interval, int core);

    /// Stops the thread. Throws if any change failed.
    deed_times stop();

private:
    void run(const std::stop_token& stop, std::chrono::milliseconds interval);
    void prepare();
    void do_next();

    admin_client client_;
    std::string asset_;   // id of the bench's asset
    std::string sender_;  // id of the peer that receives the deposits
    std::string made_;    // id of the added peer
    std::size_t done_ = 0;
    deed_times times_;
    std::string trouble_;
    std::jthread thread_;  // last, because it uses all the others
};

}  // namespace bench
