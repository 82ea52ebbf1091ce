#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// `ilpctl top` computes rates here, from two looks at the peers' counters.
namespace connector::ilpctl {

/// A peer's packets in the time between two looks, per second.
struct peer_rates {
    double received = 0;   ///< Prepares from the peer
    double sent = 0;       ///< Prepares to the peer
    double fulfilled = 0;  ///< of those from the peer
    double rejected = 0;   ///< of those from the peer, by this node or another
    double refused = 0;    ///< of those from the peer, by this node
    /// In seconds, the bucket's bound below which half of the packets stayed, and 99 of 100. Infinite: above all
    /// bounds. Nullopt: there were none.
    std::optional<double> median{};
    std::optional<double> percentile_99{};
};

/// Both are objects of the type PeerTraffic; `before` is null if there was none. If a counter has become smaller, the
/// daemon has started anew, and everything counts from zero.
peer_rates rates_between(const boost::json::value& before, const boost::json::object& after, double seconds);

/// Formats a number of packets per second with few digits, such as 0, 0.25, 17.3, 1234 and 57k.
std::string show_rate(double per_second);

/// Formats such a bound, such as "2 ms" and ">30 s"; "-" for nullopt.
std::string show_bound(const std::optional<double>& seconds);

}  // namespace connector::ilpctl
