#include "connector/routing/forwarding_table.hpp"

#include <algorithm>
#include <utility>

namespace connector {

forwarding_table::forwarding_table(ilp::address own_address, std::span<const peer_pointer> peers,
                                   std::span<const receiver_pointer> receivers)
    : own_address_{std::move(own_address)} {
    std::vector<peering::peer_update> all;
    all.reserve(peers.size());
    for (const peer_pointer& peer : peers) all.push_back({nullptr, peer});
    apply(all);
    for (const receiver_pointer& receiver : receivers) {
        const peering::receiving_account_update added{nullptr, receiver};
        apply({&added, 1});
    }
}

void forwarding_table::apply(std::span<const peering::receiving_account_update> updates) {
    for (const auto& [before, after] : updates) {
        if (before) receivers_[before->id].reset();
        if (!after) continue;
        if (after->id >= receivers_.size()) receivers_.resize(after->id + 1);
        receivers_[after->id] = after;
    }
}

void forwarding_table::apply(std::span<const peering::peer_update> updates) {
    // Remove all old entries first: a name, token or route may move from one peer to another.
    for (const auto& [before, after] : updates) {
        if (!before) continue;
        tokens_.remove(*before);
        verifier_.remove(*before);
        lone_keys_.remove(*before);
        routes_.remove(*before);
        names_.remove(*before);
        peers_[before->id].reset();
    }
    for (const auto& [before, after] : updates) {
        if (!after) continue;
        if (after->id >= peers_.size()) peers_.resize(after->id + 1);
        tokens_.add(*after);
        verifier_.add(*after);
        lone_keys_.add(*after);
        routes_.add(*after);
        names_.add(*after);
        peers_[after->id] = after;
    }
}

authenticated forwarding_table::find_sender(std::string_view token, std::string_view account,
                                            const ilp::digest* client_key, const ilp::instant& now) {
    const peering::peer* const named = account.empty() ? nullptr : find_by_name(account);
    authenticated sender;
    if (!token.empty()) {
        const ilp::digest hash = ilp::sha256(ilp::as_bytes(token));
        sender.peer = find_by_token(hash);
        if (sender.peer == nullptr && !verifier_.empty()) sender = verifier_.find(token, hash, named, now);
    }
    // A peer that is known by its key may send any token: it has to send something.
    if (sender.peer == nullptr && client_key != nullptr) sender = {lone_keys_.find(*client_key)};
    if (sender.peer == nullptr || (named != nullptr && named != sender.peer)) return {};
    const auto& keys = sender.peer->client_keys;
    const bool has_shown_key = client_key != nullptr && std::ranges::find(keys, *client_key) != keys.end();
    return keys.empty() || has_shown_key ? sender : authenticated{};
}

}  // namespace connector
