#pragma once

#include <cstdint>
#include <limits>

namespace connector {

/// The kind of client of a listener. It decides which descriptors are kept back from its connections.
enum class client_kind : std::uint8_t { peer_or_stranger, operator_of_node };

/// How the file descriptors of the process are shared out, so that connections from outside leave some for links, the
/// store and the operator. The system gives each new descriptor the lowest free number: a socket with the number N
/// means that at least N others are open.
struct descriptor_shares {
    static constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

    std::uint64_t for_peers = unlimited;  ///< a connection from outside with this number or a higher one is too many
    /// The same for the listeners of operators, which may use half of what is kept back.
    std::uint64_t for_operators = unlimited;
    std::uint64_t connections = unlimited;  ///< how many connections from outside this leaves room for
};

/// `limit` is the number of descriptors that the process may open, `links` the number of connections to peers for which
/// some are to be kept back. At least half of those that the daemon does not need for itself remain for connections
/// from outside.
descriptor_shares share_descriptors(std::uint64_t limit, unsigned workers, std::uint64_t links) noexcept;

/// Raises the limit of this process as far as it is allowed to, and returns it.
std::uint64_t raise_descriptor_limit() noexcept;

/// Has is_kept_back() use these. Until then, no descriptor is kept back.
void apply(const descriptor_shares& shares) noexcept;

/// True if a new connection on a listener got a descriptor that is kept back for other purposes. Any thread.
bool is_kept_back(int descriptor, client_kind from) noexcept;

}  // namespace connector
