#pragma once

#include "connector/routing/token_verifier.hpp"
#include "ilp/address.hpp"
#include "ilp/clock.hpp"
#include "ilp/condition.hpp"
#include "peering/directory/peer.hpp"
#include "peering/directory/receiving_account.hpp"
#include "peering/directory/route_table.hpp"
#include "peering/directory/table_by_text.hpp"
#include "peering/directory/token_table.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace connector {

/// The forwarding state of one worker: peers, their tokens and routes, and our receiving accounts. Each worker has its
/// own copy, so that it reads without locks, and an update costs only what it changes, however many peers there are.
class forwarding_table {
public:
    using peer_pointer = std::shared_ptr<const peering::peer>;
    using receiver_pointer = std::shared_ptr<const peering::receiving_account>;

    forwarding_table(ilp::address own_address, std::span<const peer_pointer> peers,
                     std::span<const receiver_pointer> receivers = {});
    forwarding_table(const forwarding_table&) = delete;
    forwarding_table& operator=(const forwarding_table&) = delete;

    /// Invalidates pointers to the peers that an update replaces or removes.
    void apply(std::span<const peering::peer_update> updates);
    /// Likewise for receiving accounts.
    void apply(std::span<const peering::receiving_account_update> updates);

    const ilp::address& own_address() const noexcept { return own_address_; }
    const peering::route_table& routes() const noexcept { return routes_; }

    // These return null if there is no such peer.

    const peering::peer* find(std::uint32_t id) const noexcept {
        return id < peers_.size() ? peers_[id].get() : nullptr;
    }
    const peering::peer* find_by_token(const ilp::digest& token) const noexcept { return tokens_.find(token); }
    const peering::peer* find_by_name(std::string_view name) const noexcept { return names_.find(name); }

    /// The receiving account with this id in the store; null if there is none.
    const peering::receiving_account* find_receiving_account(std::uint32_t id) const noexcept {
        return id < receivers_.size() ? receivers_[id].get() : nullptr;
    }

    /// The sender of a request with this token, whose path names this account (empty: none), over a connection whose
    /// client has proved to have this key (null: none). The token is one of the peer's, or a JSON Web Token that it has
    /// signed, which is valid for a time. It identifies the peer; a peer without tokens is identified by the key. A
    /// peer with keys must have shown one of them. A path that names another peer is a mistake and must not be
    /// accepted, but an unknown name does no harm.
    authenticated find_sender(std::string_view token, std::string_view account, const ilp::digest* client_key,
                              const ilp::instant& now);

private:
    const ilp::address own_address_;
    std::vector<peer_pointer> peers_;  ///< indexed by id
    peering::token_table tokens_;
    token_verifier verifier_;
    peering::lone_key_table lone_keys_;
    peering::route_table routes_;
    peering::table_by_text<peering::peer, &peering::peer::name> names_;
    std::vector<receiver_pointer> receivers_;  ///< indexed by id
};

}  // namespace connector
