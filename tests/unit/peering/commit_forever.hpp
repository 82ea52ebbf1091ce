#pragma once

#include "tests/unit/peering/world.hpp"

#include <cstdint>
#include <string>

/// What the crash test and the program that it kills agree on.
namespace peering::testing {

inline constexpr std::size_t crash_peers = 4;

inline config::settings crash_settings() {
    config::settings settings;
    settings.assets = {make_asset("USD", 9)};
    for (std::size_t i = 0; i < crash_peers; ++i) {
        settings.peers.push_back(make_peer("p" + std::to_string(i), "USD", 9, std::uint64_t{1} << 60));
    }
    return settings;
}

/// What batch `ticket` of a run moves: so much from one peer to another, so many times.
struct crash_batch {
    std::size_t debit;
    std::size_t credit;
    std::uint64_t amount;
    std::uint64_t packets;
};

inline crash_batch crash_batch_of(commit_ticket ticket) {
    return {ticket % crash_peers, (ticket * 7 + 1) % crash_peers, 1 + ticket % 1000, 1 + ticket % 3};
}

}  // namespace peering::testing
