#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace peering::admin {

/// Packets in one direction over the link with a peer, since the start.
struct packet_counts {
    std::uint64_t prepares = 0;
    std::uint64_t fulfills = 0;
    std::uint64_t rejects = 0;
    double amount = 0;  ///< sum over the fulfilled Prepares
};

struct refusal_count {
    std::string_view reason;  ///< its identifier, as in the metrics; lives as long as the program
    std::string_view code;    ///< likewise
    std::uint64_t count = 0;
};

/// How many packets took up to so long.
struct duration_count {
    double seconds = 0;  ///< inclusive; infinite in the last one
    std::uint64_t count = 0;
};

/// What the metrics count for a peer, since the start.
struct peer_traffic {
    packet_counts incoming{};  ///< from the peer
    packet_counts outgoing{};  ///< to the peer
    std::uint64_t packets_in_flight = 0;
    double amount_in_flight = 0;
    std::vector<refusal_count> refusals{};    ///< of Prepares from the peer, by this node; only those that occurred
    std::vector<duration_count> durations{};  ///< of Prepares from the peer, from arrival to answer
};

}  // namespace peering::admin
