#include "connector/routing/token_verifier.hpp"

#include "peering/json/json_web_token.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace connector {
namespace {

/// A time that is farther away is not needed: the request is then authenticated again.
constexpr std::chrono::hours verified_for_max{1};

/// The names by which a token can mean a peer.
template <class Seen>
void for_each_name(const peering::peer& peer, Seen seen) {
    seen(peer.name());
    if (peer.name() != peer.address.text()) seen(std::string_view{peer.address.text()});
}

}  // namespace

void token_verifier::add(const peering::peer& peer) {
    if (peer.incoming_jwt_secrets.empty()) return;
    signers_.insert(std::ranges::upper_bound(signers_, peer.id, {}, &peering::peer::id), &peer);
    for_each_name(peer, [&](std::string_view name) { by_name_.emplace(name, &peer); });
}

void token_verifier::remove(const peering::peer& peer) {
    if (peer.incoming_jwt_secrets.empty()) return;
    std::erase(signers_, &peer);
    for_each_name(peer, [&](std::string_view name) {
        const auto [first, last] = by_name_.equal_range(name);
        const auto entry = std::find_if(first, last, [&](const auto& each) { return each.second == &peer; });
        if (entry != last) by_name_.erase(entry);
    });
    for (verified& each : verified_) {
        if (each.sender.peer == &peer) each = {};
    }
}

token_verifier::verified& token_verifier::place_of(const ilp::digest& hash) {
    std::size_t prefix = 0;
    std::memcpy(&prefix, hash.data(), sizeof prefix);
    return verified_[prefix % verified_max];
}

authenticated token_verifier::find(std::string_view token, const ilp::digest& hash, const peering::peer* named,
                                   const ilp::instant& now) {
    if (!verified_.empty()) {
        const verified& known = place_of(hash);
        if (known.sender.peer != nullptr && now.steady < known.sender.until &&
            ilp::equal_in_constant_time(known.hash, hash)) {
            return known.sender;
        }
    }
    ilp::timestamp expires_at;
    const peering::peer* const signer = signer_of(token, named, now, expires_at);
    if (signer == nullptr) return {};
    if (verified_.empty()) verified_.resize(verified_max);
    const authenticated found{signer, now.when(std::min(expires_at, now.wall + verified_for_max))};
    place_of(hash) = {hash, found};
    return found;
}

const peering::peer* token_verifier::signer_of(std::string_view text, const peering::peer* named,
                                               const ilp::instant& now, ilp::timestamp& expires_at) const {
    const auto token = peering::parse_json_web_token(text);
    if (!token || !peering::is_valid_at(*token, now.wall)) return nullptr;
    expires_at = token->expires_at;
    std::size_t tries = 0;
    const auto has_signed = [&](const peering::peer& peer) {
        return std::ranges::any_of(peer.incoming_jwt_secrets, [&](const config::secret& secret) {
            return tries++ < tries_max && peering::is_signed_with(*token, secret.reveal());
        });
    };
    if (const auto [first, last] = by_name_.equal_range(token->subject); first != last) {
        // One node may be several peers, with one address.
        if (std::any_of(first, last, [named](const auto& each) { return each.second == named; }))
            return has_signed(*named) ? named : nullptr;
        const auto signer = std::find_if(first, last, [&](const auto& each) { return has_signed(*each.second); });
        return signer == last ? nullptr : signer->second;
    }
    if (named != nullptr) return has_signed(*named) ? named : nullptr;
    for (const peering::peer* const peer : signers_) {
        if (tries >= tries_max) break;
        if (has_signed(*peer)) return peer;
    }
    return nullptr;
}

}  // namespace connector
