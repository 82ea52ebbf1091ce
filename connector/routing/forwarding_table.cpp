#include "connector/routing/forwarding_table.hpp"

#include <algorithm>
#include <utility>

namespace connector {

forwarding_table::forwarding_table(ilp::address own_address, std::span<const peer_pointer> peers)
    : own_address_{std::move(own_address)} {
    std::vector<peering::peer_update> all;
    all.reserve(peers.size());
    for (const peer_pointer& peer : peers) all.push_back({nullptr, peer});
    apply(all);
}

void forwarding_table::apply(std::span<const peering::peer_update> updates) {
    // Remove all old entries first: a name, token or route may move from one peer to another.
    for (const auto& [before, after] : updates) {
        if (!before) continue;
        tokens_.remove(*before);
        lone_keys_.remove(*before);
        routes_.remove(*before);
        names_.remove(*before);
        peers_[before->id].reset();
    }
    for (const auto& [before, after] : updates) {
        if (!after) continue;
        if (after->id >= peers_.size()) peers_.resize(after->id + 1);
        tokens_.add(*after);
        lone_keys_.add(*after);
        routes_.add(*after);
        names_.add(*after);
        peers_[after->id] = after;
    }
}

const peering::peer* forwarding_table::find_sender(std::string_view token, std::string_view account,
                                                   const ilp::digest* client_key) const {
    const peering::peer* owner = token.empty() ? nullptr : find_by_token(ilp::sha256(ilp::as_bytes(token)));
    // A peer that is known by its key may send any token: it has to send something.
    if (owner == nullptr && client_key != nullptr) owner = lone_keys_.find(*client_key);
    if (owner == nullptr) return nullptr;
    const bool has_shown_key =
        client_key != nullptr && std::ranges::find(owner->client_keys, *client_key) != owner->client_keys.end();
    if (!owner->client_keys.empty() && !has_shown_key) return nullptr;
    if (account.empty() || account == owner->name()) return owner;
    return find_by_name(account) == nullptr ? owner : nullptr;
}

}  // namespace connector
