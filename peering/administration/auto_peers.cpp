#include "peering/administration/auto_peers.hpp"

#include "config/value.hpp"
#include "peering/administration/address_guard.hpp"
#include "peering/records/uuid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace peering {
namespace {

using enum refusal_code;

constexpr std::string_view url_is_invalid = "Peer URL is invalid or peer does not support auto-peering";

/// The message is the same whoever made the peer and whatever token was presented.
constexpr std::string_view already_peered =
    "there is already a peer with this ILP address and asset. To renew its token and URL, send its current token "
    "as httpToken, or, with a new httpToken, as `Authorization: Bearer`. If you do not have it, ask the operator of "
    "this node";

bool overlap(std::string_view a, std::string_view b) {
    return ilp::covers(a, b) || ilp::covers(b, a);
}

bool is_auto_peered(const peer& peer) {
    return peer.origin == origin::api && peer.auto_peered != nullptr;
}

std::optional<ilp::amount> smaller(std::optional<ilp::amount> a, std::optional<ilp::amount> b) {
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
}

}  // namespace

/// The peers that have an address, or a prefix above or below it.
struct auto_peers::address_use {
    std::shared_ptr<const peer> same;                     ///< the peer with this address and asset
    std::vector<std::shared_ptr<const peer>> namesakes;   ///< peers with this address in other assets
    std::vector<std::shared_ptr<const peer>> neighbours;  ///< other peers with a prefix above or below this address
    bool is_kept = false;                                 ///< reserved for a peer that has been removed from the file
    std::size_t strangers = 0;                            ///< number of all peers that came at their own request
};

auto_peers::address_use auto_peers::look_up(const ilp::address& address, const asset& asset) const {
    address_use found;
    for (const auto& peer : directory_.peers()) {
        if (is_auto_peered(*peer) && peer->auto_peered->url.empty()) ++found.strangers;
        if (peer->address == address) {
            if (peer->asset == &asset) {
                found.same = peer;
            } else {
                found.namesakes.push_back(peer);
            }
            continue;
        }
        bool is_near = false;
        for_each_prefix(*peer, [&](std::string_view prefix) { is_near = is_near || overlap(prefix, address); });
        if (is_near) found.neighbours.push_back(peer);
    }
    found.is_kept = std::ranges::any_of(directory_.absent_peers(), [&](const auto& absent) {
        return overlap(absent.second.terms.ilp_address, address);
    });
    return found;
}

bool auto_peers::has_token(const peer& peer, std::string_view token) {
    if (token.empty()) return false;
    const ilp::digest hash = ilp::sha256(ilp::as_bytes(token));
    bool found = false;
    for (const ilp::digest& own : peer.incoming_tokens) found = ilp::equal_in_constant_time(own, hash) || found;
    return found;
}

/// A stranger's name is shown unless it could be mistaken for another peer: it must not be in use already, nor look
/// like an id or an ILP address.
std::optional<std::string> auto_peers::display_name_for(const peering_terms& terms) const {
    if (!terms.name || is_uuid_v4(*terms.name) || ilp::is_address(*terms.name)) return std::nullopt;
    const auto peers = directory_.peers();
    const auto has_it = [&](const auto& peer) { return peer->name() == *terms.name || peer->given_name == terms.name; };
    if (std::ranges::any_of(peers, has_it)) return std::nullopt;
    return terms.name;
}

/// Only literal IP addresses are checked here. Host names are checked when the connection is made.
bool auto_peers::is_forbidden_url(const std::string& url) const {
    const auto endpoint = config::http_url().parse(url);
    return !endpoint || (!settings_.allow_private_addresses && is_private_literal(endpoint->host()));
}

peering_terms auto_peers::own_terms(std::string token) const {
    const ilp::address& address = directory_.own_address();
    return {address, settings_.connector_url ? settings_.connector_url->url() : "", std::move(token),
            settings_.name.value_or(address.text().substr(0, config::display_name_size_max))};
}

void auto_peers::handle_request(bookkeeper& keeper, ilp::timestamp now, const peering_request& request,
                                std::string_view presented, const std::function<void(peering_result)>& done) {
    transaction transaction{keeper, now};
    peering_result decided = decide(transaction, request, presented);
    if (!decided) return done(std::move(decided));
    const auto written = administration_.commit(transaction, [done, decided] { done(decided); });
    if (!written) done(refused(peering_fault::unavailable, "the ledger is not available now: try again later"));
}

auto_peers::peering_result auto_peers::decide(transaction& transaction, const peering_request& request,
                                              std::string_view presented) {
    using enum peering_fault;
    const auto asset = directory_.find_asset(request.asset_code, request.asset_scale);
    if (!asset || asset->terms.deleted_at) return refused(unknown_asset, "Unknown asset");
    if (is_forbidden_url(request.asker.connector_url)) {
        return refused(invalid_configuration, "ilpConnectorUrl: points to an address that is not public");
    }
    const ilp::address& address = request.asker.address;
    const address_use found = look_up(address, *asset->asset);
    if (found.same) return renew(transaction, *found.same, request, presented);
    if (overlap(directory_.own_address(), address)) {
        return refused(invalid_configuration,
                       "staticIlpAddress: is this node's own address, a prefix of it, or below it");
    }
    if (!found.neighbours.empty() || found.is_kept) {
        return refused(invalid_configuration,
                       "staticIlpAddress: another peer already has a route to it or to an address below it");
    }
    for (const auto& namesake : found.namesakes) {
        if (!is_auto_peered(*namesake) || !has_token(*namesake, presented)) {
            return refused(invalid_request, std::string{already_peered});
        }
    }
    if (found.strangers >= settings_.max_peers) {
        return refused(unavailable, "this node accepts no more peers by auto-peering: ask its operator");
    }
    return create(transaction, *asset, request);
}

auto_peers::peering_result auto_peers::create(transaction& transaction, const asset_entry& asset,
                                              const peering_request& request) {
    peer_wanted wanted;
    wanted.asset_uuid = asset.asset->uuid;
    wanted.ilp_address = request.asker.address.text();
    wanted.name = display_name_for(request.asker);
    wanted.max_packet_amount = smaller(settings_.max_packet_amount, request.max_packet_amount);
    wanted.initial_liquidity = settings_.initial_liquidity;
    wanted.incoming_tokens = {request.asker.token};
    wanted.outgoing_endpoint = request.asker.connector_url;
    wanted.outgoing_token = new_peering_token();
    wanted.auto_peered = terms_from({});
    // The reason is not revealed, because it may be that somebody else has the token.
    if (!administration_.create_peer(transaction, wanted)) {
        return refused(peering_fault::invalid_request, "Invalid peering request");
    }
    return own_terms(wanted.outgoing_token);
}

/// Changes only the tokens and the endpoint; whatever an operator has set is kept. The token that authenticated the
/// requester stays valid alongside the new one, so that a requester who never receives the answer can still send
/// packets, and ask again.
auto_peers::peering_result auto_peers::renew(transaction& transaction, const peer& known,
                                             const peering_request& request, std::string_view presented) {
    const bool by_bearer = has_token(known, presented);
    if (!is_auto_peered(known) || (!by_bearer && !has_token(known, request.asker.token))) {
        return refused(peering_fault::invalid_request, std::string{already_peered});
    }
    peer_edit edit;
    edit.incoming_tokens = {request.asker.token};
    if (by_bearer && presented != request.asker.token) edit.incoming_tokens->emplace_back(presented);
    edit.outgoing_endpoint = request.asker.connector_url;
    edit.outgoing_token = new_peering_token();
    edit.auto_peered = terms_from(known.auto_peered->url);
    if (!administration_.update_peer(transaction, known.uuid, edit)) {
        return refused(peering_fault::invalid_request, "Invalid peering request");
    }
    return own_terms(*edit.outgoing_token);
}

std::expected<peering_question, refusal> auto_peers::ask(const peer_by_url& wanted) const {
    const auto asset = directory_.find_asset(std::string_view{wanted.asset_uuid});
    if (!asset || asset->terms.deleted_at) return refused(not_found, "Unknown asset");
    const auto endpoint = config::http_url().parse(wanted.url);
    if (!endpoint) {
        return refused(not_found,
                       fmt::format("{}{}{}", url_is_invalid, endpoint.error().empty() ? "" : ": ", endpoint.error()));
    }
    if (is_forbidden_url(wanted.url)) {
        return refused(not_found, fmt::format("{}: it points to an address that is not public, which "
                                              "auto_peering.allow_private_addresses does not allow",
                                              url_is_invalid));
    }
    if (!settings_.connector_url) {
        return refused(
            inactive,
            "auto_peering.connector_url is not set, so the peer would not know where to send packets: set it");
    }
    peering_question question{
        *endpoint, {own_terms(new_peering_token()), asset->asset->code, asset->asset->scale, wanted.max_packet_amount}};
    // The token is presented only to the node at the URL for which it was agreed: the address that a node will claim is
    // no proof.
    for (const auto& peer : directory_.peers()) {
        if (!is_auto_peered(*peer) || peer->auto_peered->url != wanted.url) continue;
        if (peer->asset == asset->asset || !question.present_token) question.present_token = peer->outgoing.auth_token;
    }
    return question;
}

administration::peer_outcome auto_peers::apply_peering_answer(transaction& transaction, const peer_by_url& wanted,
                                                              const peering_question& question,
                                                              const peering_terms& answer) {
    const auto asset = directory_.find_asset(std::string_view{wanted.asset_uuid});
    if (!asset || asset->terms.deleted_at) return refused(not_found, "Unknown asset");
    if (is_forbidden_url(answer.connector_url)) {
        return refused(not_found, fmt::format("{}: it asks for packets at an address that is not public, which "
                                              "auto_peering.allow_private_addresses does not allow",
                                              url_is_invalid));
    }
    const auto is_from_here = [&](const peer& peer) {
        return is_auto_peered(peer) && peer.auto_peered->url == wanted.url;
    };
    const address_use found = look_up(answer.address, *asset->asset);
    if (found.same) {
        if (!is_from_here(*found.same)) {
            return refused(duplicate,
                           fmt::format("peer {} already has the ILP address {} in this asset and was not created "
                                       "from this URL: delete it first, or change it with updatePeer",
                                       found.same->uuid, answer.address.text()));
        }
        peer_edit edit;
        if (wanted.name) edit.name = wanted.name;
        if (wanted.max_packet_amount) edit.max_packet_amount = wanted.max_packet_amount;
        if (wanted.liquidity_threshold) edit.liquidity_threshold = wanted.liquidity_threshold;
        edit.incoming_tokens = {answer.token};
        edit.outgoing_endpoint = answer.connector_url;
        edit.outgoing_token = question.request.asker.token;
        edit.auto_peered = terms_from(wanted.url);
        auto updated = administration_.update_peer(transaction, found.same->uuid, edit);
        if (updated && !transaction.deposit(asset->asset->settlement->id, found.same->liquidity->id,
                                            wanted.liquidity_to_deposit.value_or(ilp::amount{}))) {
            return refused(bad_user_input, "Could not deposit liquidity to peer");
        }
        return updated;
    }
    // A route more specific than a default route is what an operator adds a peer for. A route more specific than
    // another peer's own prefix would divert that peer's packets on the word of a third party.
    std::vector<std::shared_ptr<const peer>> diverted;
    for (const auto& namesake : found.namesakes) {
        if (!is_from_here(*namesake)) diverted.push_back(namesake);
    }
    for (const auto& neighbour : found.neighbours) {
        for_each_prefix(*neighbour, [&](std::string_view prefix) {
            if (prefix.contains('.') && ilp::covers(prefix, answer.address)) diverted.push_back(neighbour);
        });
    }
    if (!diverted.empty()) {
        return refused(duplicate, fmt::format("the node at this URL claims the ILP address {}, for which packets go "
                                              "to peer {}: if the claim is right, create the peer with createPeer",
                                              answer.address.text(), diverted.front()->uuid));
    }
    peer_wanted made;
    made.asset_uuid = asset->asset->uuid;
    made.ilp_address = answer.address.text();
    made.name = wanted.name ? wanted.name : display_name_for(answer);
    made.max_packet_amount = wanted.max_packet_amount;
    made.liquidity_threshold = wanted.liquidity_threshold;
    made.initial_liquidity = wanted.liquidity_to_deposit;
    made.incoming_tokens = {answer.token};
    made.outgoing_endpoint = answer.connector_url;
    made.outgoing_token = question.request.asker.token;
    made.auto_peered = terms_from(wanted.url);
    return administration_.create_peer(transaction, made);
}

}  // namespace peering
