#pragma once

#include <algorithm>
#include <cstddef>
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

/// How many connections a listener may have: as many as its setting says, or fewer while descriptors are short. A
/// connection that gives way frees a low number for the next one, so the number of a descriptor alone would let every
/// other connection in, until none is left.
class connection_room {
public:
    explicit connection_room(std::size_t max) noexcept : max_{max}, room_{max} {}

    /// `open`: the connections without a new one, which got a descriptor that is kept back or not. Returns true if the
    /// new one may stay only if another one gives way to it.
    bool is_full(std::size_t open, bool descriptor_is_kept_back) noexcept {
        if (descriptor_is_kept_back) {
            room_ = std::min(room_, open);
        } else if (open <= room_ / 2) {
            room_ = max_;
        }
        return open >= room_;
    }

    std::size_t max_now() const noexcept { return room_; }

    /// How many connections may exceed the bound until it is known whose they are: without a place for a newcomer, a
    /// peer whose connections take up all of the room could not be told from one that has none.
    std::size_t reserve() const noexcept { return room_ < max_ ? 1 : std::clamp<std::size_t>(max_ / 64, 1, 16); }

private:
    std::size_t max_;
    std::size_t room_;
};

}  // namespace connector
