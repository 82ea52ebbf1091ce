#pragma once

#include "tests/bench/measure.hpp"
#include "tests/bench/proxies.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace bench {

/// Two daemons in a row: the generator sends to the first, and the second to the constant peer. The link between the
/// two has a maximum.
class chain {
public:
    /// Throws if a daemon does not start. `name` is that of their directory. `connections`: the most that the generator
    /// will have; the first daemon may have as many to the second, and the second to the constant peer.
    /// `max_parts`: in which a packet crosses the link; 0: none.
    chain(const setup& setup, std::string_view name, bool http2, std::size_t connections, std::size_t max_parts);

    /// Sends one packet of one unit, with whose answer the first daemon learns what the second takes in parts. Throws
    /// if it does not arrive.
    void greet(const setup& setup, const constant_peers& next_hops) const;

    /// The first daemon, with the processes of both.
    const proxy& daemons() const noexcept { return daemons_.back(); }

    static constexpr std::uint64_t maximum = 1000;  ///< of a packet, or of a part, on the link

private:
    std::vector<proxy> daemons_;  ///< the second, then the first
};

}  // namespace bench
