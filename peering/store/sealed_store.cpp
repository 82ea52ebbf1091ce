#include "peering/store/sealed_store.hpp"

#include <fmt/format.h>

#include <utility>

namespace peering {
namespace {

/// Calls `visit(value, name)` for each secret in the terms, until it returns false. Returns whether it never did.
template <class Terms, class Visit>
bool for_each_secret(Terms& terms, Visit visit) {
    for (auto& secret : terms.incoming_jwt_secrets) {
        if (!visit(secret, "secret of incoming tokens")) return false;
    }
    return (terms.outgoing_token.empty() || visit(terms.outgoing_token, "outgoing token")) &&
           (terms.outgoing_jwt_secret.empty() || visit(terms.outgoing_jwt_secret, "secret of outgoing tokens"));
}

std::string purpose_in_peer(std::uint32_t peer, std::string_view name) {
    return fmt::format("peer {}: {}", peer, name);
}

std::string purpose_of_answer(std::string_view key) {
    return fmt::format("answer: {}", key);
}

}  // namespace

sealed_store::sealed_store(std::unique_ptr<store> inner, sealing_keys keys)
    : forwarding_store{std::move(inner)}, keys_{std::move(keys)} {}

void sealed_store::seal_terms(kept_peer_terms& terms, std::uint32_t peer) const {
    for_each_secret(terms, [&](std::string& value, std::string_view name) {
        value = seal(keys_.front(), value, purpose_in_peer(peer, name));
        return true;
    });
}

bool sealed_store::needs_sealing(const kept_peer_terms& terms) const {
    return !keys_.empty() && !for_each_secret(terms, [&](const std::string& value, std::string_view) {
        return is_sealed_with(keys_.front(), value);
    });
}

std::expected<void, store_error> sealed_store::open_terms(kept_peer_terms& terms, std::uint32_t peer) const {
    std::expected<void, store_error> result;
    for_each_secret(terms, [&](std::string& value, std::string_view name) {
        auto opened = open_sealed(keys_, value, purpose_in_peer(peer, name));
        if (opened) {
            value = *std::move(opened);
        } else {
            result = std::unexpected{
                store_error{fmt::format("the {} of the peer with the number {} {}", name, peer, opened.error()), true}};
        }
        return result.has_value();
    });
    return result;
}

std::expected<catalogue, store_error> sealed_store::load() {
    auto found = inner().load();
    if (!found) return found;
    std::vector<peer_change> sealed_anew;
    for (peer_record& peer : found->peers) {
        const bool is_due = needs_sealing(peer.terms);
        if (auto opened = open_terms(peer.terms, peer.id); !opened) return std::unexpected{std::move(opened).error()};
        if (!is_due) continue;
        seal_terms(sealed_anew.emplace_back(peer.id, peer.terms).terms, peer.id);
    }
    if (sealed_anew.empty()) return found;
    if (auto written = inner().commit({.changed_peers = sealed_anew}); !written) {
        return std::unexpected{std::move(written).error()};
    }
    return found;
}

std::expected<void, store_error> sealed_store::commit(const changes& plain) {
    if (keys_.empty() || (plain.new_peers.empty() && plain.changed_peers.empty() && plain.new_answers.empty())) {
        return inner().commit(plain);
    }
    std::vector<peer_record> new_peers{plain.new_peers.begin(), plain.new_peers.end()};
    std::vector<peer_change> changed_peers{plain.changed_peers.begin(), plain.changed_peers.end()};
    std::vector<idempotency_record> answers{plain.new_answers.begin(), plain.new_answers.end()};
    for (peer_record& peer : new_peers) seal_terms(peer.terms, peer.id);
    for (peer_change& peer : changed_peers) seal_terms(peer.terms, peer.id);
    for (idempotency_record& record : answers) {
        record.answer = seal(keys_.front(), record.answer, purpose_of_answer(record.key));
    }
    changes sealed = plain;
    sealed.new_peers = new_peers;
    sealed.changed_peers = changed_peers;
    sealed.new_answers = answers;
    return inner().commit(sealed);
}

std::expected<std::optional<idempotency_record>, store_error> sealed_store::find_answer(std::string_view key) {
    auto found = inner().find_answer(key);
    if (!found || !*found) return found;
    auto opened = open_sealed(keys_, (*found)->answer, purpose_of_answer(key));
    if (!opened) {
        return std::unexpected{
            store_error{"the answer that is kept for this idempotency key " + std::move(opened).error(), true}};
    }
    (*found)->answer = *std::move(opened);
    return found;
}

}  // namespace peering
