#pragma once

#include "ilp/condition.hpp"
#include "peering/directory/peer.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstring>
#include <vector>

namespace peering {

/// The hashes of a peer by which a table finds it.
using hashes_of_peer = const std::vector<ilp::digest>& (*)(const peer&);

/// Finds a peer by one of its hashes. The look-up time does not depend on their number. The hashes are stored in the
/// terms of their peers.
template <hashes_of_peer hashes_of>
class hash_table {
public:
    /// Preconditions: no peer has one of the peer's hashes yet; the peer outlives its entries.
    void add(const peer& owner) {
        for (const ilp::digest& hash : hashes_of(owner)) owners_.emplace(&hash, &owner);
    }
    void remove(const peer& owner) {
        for (const ilp::digest& hash : hashes_of(owner)) owners_.erase(&hash);
    }

    /// Null if no peer has it. The comparison takes constant time, whatever matches.
    const peer* find(const ilp::digest& hash) const noexcept {
        const auto found = owners_.find(&hash);
        return found == owners_.end() ? nullptr : found->second;
    }

private:
    /// The first bytes of a hash are already random, whatever is hashed.
    struct prefix_of {
        using is_avalanching = void;
        std::size_t operator()(const ilp::digest* hash) const noexcept {
            std::size_t prefix = 0;
            std::memcpy(&prefix, hash->data(), sizeof prefix);
            return prefix;
        }
    };
    struct in_constant_time {
        bool operator()(const ilp::digest* a, const ilp::digest* b) const noexcept {
            return ilp::equal_in_constant_time(*a, *b);
        }
    };
    boost::unordered_flat_map<const ilp::digest*, const peer*, prefix_of, in_constant_time> owners_;
};

inline const std::vector<ilp::digest>& tokens_of(const peer& peer) noexcept {
    return peer.incoming_tokens;
}

/// The client keys of a peer that is known by them alone; none if the peer has tokens.
inline const std::vector<ilp::digest>& lone_keys_of(const peer& peer) noexcept {
    static const std::vector<ilp::digest> none;
    return peer.incoming_tokens.empty() ? peer.client_keys : none;
}

/// By the SHA-256 of a token.
using token_table = hash_table<tokens_of>;

/// By the SHA-256 of the public key of its client certificate. It is not the same table, because a public key could
/// otherwise be presented as a token.
using lone_key_table = hash_table<lone_keys_of>;

}  // namespace peering
