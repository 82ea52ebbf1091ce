#pragma once

#include "ilp/clock.hpp"
#include "ilp/condition.hpp"
#include "peering/directory/peer.hpp"

#include <cstddef>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace connector {

/// The sender of a request, and when its token ceases to be valid. After that time the request must be authenticated
/// again.
struct authenticated {
    const peering::peer* peer = nullptr;  ///< null: nobody
    ilp::steady_time until = ilp::steady_time::max();
};

/// Finds the peer that has signed a JSON Web Token. A token is verified once; from then on it costs what another token
/// costs, until it expires. Whose secret a token is verified with:
///
/// - those of the peer whose name or ILP address is the token's subject; else
/// - those of the peer that the path of the request names; else
/// - the first few of all peers, the oldest peers first, because ilp-plugin-http sends no subject.
///
/// None of these names is proof: only the signature is. What a stranger can have computed is bounded by `tries_max`.
class token_verifier {
public:
    static constexpr std::size_t tries_max = 16;  ///< secrets with which one token is verified

    /// Precondition: the peer outlives its entries.
    void add(const peering::peer& peer);
    void remove(const peering::peer& peer);

    /// True if no peer has a secret, so that no token can be valid.
    bool empty() const noexcept { return signers_.empty(); }

    /// `hash` is the SHA-256 of the token. `named` is the peer that the path names, or null.
    authenticated find(std::string_view token, const ilp::digest& hash, const peering::peer* named,
                       const ilp::instant& now);

private:
    /// A token that was verified. Each has one place in the table, which its hash determines, so memory is bounded and
    /// two tokens in the same place only cost the work of verifying them again.
    struct verified {
        ilp::digest hash{};
        authenticated sender{};
    };
    static constexpr std::size_t verified_max = 1024;

    verified& place_of(const ilp::digest& hash);
    const peering::peer* signer_of(std::string_view token, const peering::peer* named, const ilp::instant& now,
                                   ilp::timestamp& expires_at) const;

    std::vector<const peering::peer*> signers_;                                ///< the peers with secrets, by id
    std::unordered_multimap<std::string_view, const peering::peer*> by_name_;  ///< likewise
    std::vector<verified> verified_;                                           ///< empty until a token was verified
};

}  // namespace connector
