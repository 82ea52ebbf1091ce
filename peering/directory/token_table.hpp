#pragma once

#include "ilp/condition.hpp"
#include "peering/directory/peer.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstring>

namespace peering {

/// Finds the owner of a token by the token's SHA-256. The look-up time does not depend on the number of tokens. The
/// hashes are stored in the terms of their peers.
class token_table {
public:
    /// Preconditions: no peer has one of the peer's tokens yet; the peer outlives its entries.
    void add(const peer& owner) {
        for (const ilp::digest& token : owner.incoming_tokens) owners_.emplace(&token, &owner);
    }
    void remove(const peer& owner) {
        for (const ilp::digest& token : owner.incoming_tokens) owners_.erase(&token);
    }

    /// Null if no peer has it. The comparison takes constant time, whatever matches.
    const peer* find(const ilp::digest& token) const noexcept {
        const auto found = owners_.find(&token);
        return found == owners_.end() ? nullptr : found->second;
    }

private:
    /// The first bytes of a hash are already random, whatever the tokens are.
    struct prefix_of {
        using is_avalanching = void;
        std::size_t operator()(const ilp::digest* token) const noexcept {
            std::size_t prefix = 0;
            std::memcpy(&prefix, token->data(), sizeof prefix);
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

}  // namespace peering
