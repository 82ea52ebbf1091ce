#include "peering/administration/auto_peers.hpp"

#include "config/address_guard.hpp"
#include "config/value.hpp"
#include "peering/administration/shown_name.hpp"
#include "peering/book/ledger.hpp"
#include "peering/records/uuid.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace peering {
namespace {

using enum refusal_code;

constexpr std::string_view url_is_invalid = "Peer URL is invalid or peer does not support auto-peering";

/// Used where a precise message would tell a stranger something about other peers.
constexpr std::string_view invalid_request_message = "Invalid peering request";

/// The message does not depend on who created the peer or which token was presented.
constexpr std::string_view already_peered =
    "there is already a peer with this ILP address and asset. To renew its token and URL, send its current token as "
    "httpToken, or, with a new httpToken, as `Authorization: Bearer`. If you do not have it, ask the operator of this "
    "node";
constexpr std::string_view already_peered_elsewhere =
    "there is a peer with this ILP address in another asset. To add this asset, present that peer's token as "
    "`Authorization: Bearer`, or name that peer's ilpConnectorUrl after the operator of this node has put the address "
    "into auto_peering.further_assets";

constexpr std::string_view url_needs_tls =
    "ilpConnectorUrl: expected an https:// URL, because packets to an http:// URL would cross public networks "
    "unencrypted";

/// Follows each refusal that comes after the other node has answered.

/// Number of peers whose history is looked up in the store to find one that was never used.
constexpr std::size_t examined_max = 100;

bool overlap(std::string_view a, std::string_view b) {
    return ilp::covers(a, b) || ilp::covers(b, a);
}

bool is_auto_peered(const peer& peer) {
    return peer.origin == origin::api && peer.auto_peered != nullptr;
}

/// A peer that came at its own request.
bool is_stranger(const peer& peer) {
    return is_auto_peered(peer) && peer.auto_peered->url.empty();
}

std::optional<ilp::amount> smaller(std::optional<ilp::amount> a, std::optional<ilp::amount> b) {
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
}

/// The token that we present to the peer; nullopt if we sign one for each use instead.
std::optional<config::secret> token_for(const peer& peer) {
    return peer.outgoing.auth_token.reveal().empty() ? std::nullopt : std::optional{peer.outgoing.auth_token};
}

}  // namespace

/// The peers that have an address, or a prefix above or below it.
struct auto_peers::address_use {
    std::shared_ptr<const peer> same;                     ///< the peer with this address and asset
    std::vector<std::shared_ptr<const peer>> namesakes;   ///< peers with this address in other assets
    std::vector<std::shared_ptr<const peer>> neighbours;  ///< other peers with a prefix above or below this address
    bool is_kept = false;                                 ///< reserved for a peer that has been removed from the file
    std::size_t strangers = 0;                            ///< number of all peers that came at their own request
    std::size_t from_source = 0;                          ///< of these, from the source in question
};

auto_peers::address_use auto_peers::look_up(const ilp::address& address, const asset& asset,
                                            std::string_view source) const {
    address_use found;
    for (const auto& peer : directory_.peers()) {
        if (is_stranger(*peer)) {
            ++found.strangers;
            if (peer->auto_peered->source == source) ++found.from_source;
        }
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

bool auto_peers::has_token(const peer& peer, std::string_view token) const {
    if (token.empty()) return false;
    const ilp::digest hash = ilp::sha256(ilp::as_bytes(token));
    bool found = false;
    for (const ilp::digest& own : peer.incoming_tokens) found = ilp::equal_in_constant_time(own, hash) || found;
    return found;
}

/// A node that asks for a further asset proves with its token that it is the peer with this address. If the operator
/// trusts the address, it is enough that packets would go to the same endpoint as before.
bool auto_peers::may_add_asset(const peer& namesake, const peering_request& request, std::string_view presented) const {
    if (!is_auto_peered(namesake)) return false;
    if (has_token(namesake, presented)) return true;
    const auto endpoint = config::packet_url().parse(request.asker.connector_url);
    return std::ranges::find(settings_.further_assets, namesake.address) != settings_.further_assets.end() &&
           endpoint && namesake.outgoing.endpoint.leads_where(*endpoint);
}

/// A stranger's name is shown unless it could be mistaken for another peer: it must not look like one that is in use
/// already, nor like an id or an ILP address.
std::optional<std::string> auto_peers::display_name_for(const peering_terms& terms) const {
    if (!terms.name || is_uuid_v4(*terms.name) || ilp::is_address(*terms.name)) return std::nullopt;
    if (!may_be_shown(*terms.name)) return std::nullopt;
    const auto peers = directory_.peers();
    const auto looks_like_it = [&](const auto& peer) {
        return look_alike(peer->name(), *terms.name) ||
               (peer->given_name && look_alike(*peer->given_name, *terms.name));
    };
    if (std::ranges::any_of(peers, looks_like_it)) return std::nullopt;
    return terms.name;
}

/// Only literal IP addresses are checked here. Host names are checked when the connection is made.
bool auto_peers::is_forbidden_url(const std::string& url) const {
    const auto endpoint = config::packet_url().parse(url);
    return !endpoint || (!settings_.allow_private_addresses && config::is_private_literal(endpoint->host()));
}

/// True if packets to a stranger's URL would cross public networks unencrypted: where private addresses are not
/// allowed, a name can lead nowhere else.
bool auto_peers::needs_tls(const std::string& url, bool allows_plain_http) const {
    const auto endpoint = config::packet_url().parse(url);
    if (!endpoint || endpoint->is_https() || allows_plain_http) return false;
    return !settings_.allow_private_addresses || config::is_public_literal(endpoint->host());
}

/// True if packets to the URL would come back to this node.
bool auto_peers::leads_back(const std::string& url) const {
    const auto endpoint = config::packet_url().parse(url);
    return endpoint && settings_.connector_url && endpoint->is_at_same_place_as(*settings_.connector_url);
}

/// A peer with such a token would close a loop: packets that we send to another peer with the token could come back as
/// packets of the first one, again and again.
bool auto_peers::is_presented_by_us(std::string_view token) const {
    bool found = false;
    for (const auto& peer : directory_.peers()) {
        const std::string& own = peer->outgoing.auth_token.reveal();
        const bool is_same = own.size() == token.size() && CRYPTO_memcmp(own.data(), token.data(), token.size()) == 0;
        found = found || is_same;
    }
    return found;
}

peering_terms auto_peers::own_terms(std::string token) const {
    const ilp::address& address = directory_.own_address();
    return {address, settings_.connector_url ? settings_.connector_url->url() : "", std::move(token),
            settings_.name.value_or(address.text().substr(0, config::display_name_size_max))};
}

void auto_peers::handle_request(bookkeeper& keeper, const ilp::instant& now, const peering_request& request,
                                const peering_sender& sender, const std::function<void(peering_result)>& done) {
    wall_.observe(now);
    transaction transaction{keeper, now.wall};
    peering_result result = decide(transaction, request, sender);
    if (!result) return done(std::move(result));
    const auto written = administration_.commit(transaction, [done, result] { done(result); });
    if (!written) done(refused(peering_fault::unavailable, "the ledger is not available now: try again later"));
}

auto_peers::peering_result auto_peers::decide(transaction& transaction, const peering_request& request,
                                              const peering_sender& sender) {
    using enum peering_fault;
    const std::string& presented = sender.presented;
    const auto asset = directory_.find_asset(request.asset_code, request.asset_scale);
    if (!asset || asset->terms.deleted_at) return refused(unknown_asset, "Unknown asset");
    if (is_forbidden_url(request.asker.connector_url)) {
        return refused(invalid_configuration, "ilpConnectorUrl: points to an address that is not public");
    }
    if (leads_back(request.asker.connector_url)) {
        return refused(invalid_configuration, "ilpConnectorUrl: is this node's own");
    }
    // The reason is not revealed, because it would confirm a guessed token.
    if (is_presented_by_us(request.asker.token)) return refused(invalid_request, std::string{invalid_request_message});
    const ilp::address& address = request.asker.address;
    const address_use found = look_up(address, *asset->asset, sender.source);
    if (found.same) return renew(transaction, *found.same, request, presented);
    if (overlap(directory_.own_address(), address)) {
        return refused(invalid_configuration,
                       "staticIlpAddress: is this node's own address, a prefix of it, or below it");
    }
    if (const auto why = ilp::unreachable_because(directory_.own_address(), address); !why.empty()) {
        return refused(invalid_configuration, fmt::format("staticIlpAddress: {}", why));
    }
    if (!found.neighbours.empty() || found.is_kept) {
        return refused(invalid_configuration,
                       "staticIlpAddress: another peer already has a route to it or to an address below it");
    }
    for (const auto& namesake : found.namesakes) {
        if (!may_add_asset(*namesake, request, presented)) {
            return refused(invalid_request, std::string{already_peered_elsewhere});
        }
    }
    if (needs_tls(request.asker.connector_url, settings_.allow_plain_http)) {
        return refused(invalid_configuration, std::string{url_needs_tls});
    }
    if (!has_place(transaction, found, sender.source)) {
        return refused(unavailable, "this node accepts no more peers by auto-peering: ask its operator");
    }
    return create(transaction, *asset, request, sender.source);
}

/// If all places are taken, the oldest peer that was never used is removed to make room.
bool auto_peers::has_place(transaction& transaction, const address_use& found, const std::string& source) {
    const bool source_has_all =
        settings_.max_peers_per_address != 0 && found.from_source >= settings_.max_peers_per_address;
    if (!source_has_all && found.strangers < settings_.max_peers) return true;
    std::size_t examined = 0;
    for (const auto& peer : directory_.peers()) {
        if (!is_stranger(*peer) || !peer->enabled || wall_.age_of(peer->created_at) < settings_.unused_after) continue;
        if (source_has_all && peer->auto_peered->source != source) continue;
        const account_totals posted = transaction.keeper.ledger().posted(peer->liquidity->id);
        if (posted.debits_posted != 0 || posted.credits_posted > settings_.initial_liquidity.value) continue;
        if (++examined > examined_max) return false;
        const auto deleted = administration_.delete_peer(transaction, peer->uuid.text());
        if (deleted) return true;
        if (deleted.error().code == refusal_code::internal_server_error) return false;  // the store cannot be asked
    }
    return false;
}

auto_peers::peering_result auto_peers::create(transaction& transaction, const asset_entry& asset,
                                              const peering_request& request, const std::string& source) {
    peer_wanted wanted;
    wanted.asset_uuid = asset.asset->uuid;
    wanted.ilp_address = request.asker.address.text();
    wanted.name = display_name_for(request.asker);
    wanted.max_packet_amount = smaller(settings_.max_packet_amount, request.max_packet_amount);
    wanted.initial_liquidity = settings_.initial_liquidity;
    wanted.incoming_tokens = {request.asker.token};
    wanted.outgoing_endpoint = request.asker.connector_url;
    wanted.outgoing_token = new_peering_token();
    wanted.transport.allow_plain_http = settings_.allow_plain_http;
    wanted.auto_peered = terms_from({}, source);
    // The reason is not revealed, because another peer may have the token.
    if (!administration_.create_peer(transaction, wanted)) {
        return refused(peering_fault::invalid_request, std::string{invalid_request_message});
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
    if (needs_tls(request.asker.connector_url, known.outgoing.allow_plain_http)) {
        return refused(peering_fault::invalid_configuration, std::string{url_needs_tls});
    }
    peer_edit edit;
    edit.incoming_tokens = {request.asker.token};
    if (by_bearer && presented != request.asker.token) edit.incoming_tokens->emplace_back(presented);
    edit.outgoing_endpoint = request.asker.connector_url;
    edit.outgoing_token = new_peering_token();
    edit.auto_peered = terms_from(known.auto_peered->url, known.auto_peered->source);
    if (!administration_.update_peer(transaction, known.uuid, edit)) {
        return refused(peering_fault::invalid_request, std::string{invalid_request_message});
    }
    return own_terms(*edit.outgoing_token);
}

std::expected<peering_question, refusal> auto_peers::ask(const peer_by_url& wanted) const {
    const auto asset = directory_.find_asset(std::string_view{wanted.asset_uuid});
    if (!asset || asset->terms.deleted_at) return refused(not_found, "Unknown asset");
    const auto endpoint = config::http_url().parse(wanted.url);
    if (!endpoint) {
        const auto& why = endpoint.error();
        return refused(not_found, fmt::format("{}: {}", url_is_invalid,
                                              why.empty() ? "expected " + config::http_url().expected : why));
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
    if (wanted.peer_uuid) {
        const auto peer = directory_.find_peer(*wanted.peer_uuid);
        if (!peer) return refused(not_found, "unknown peer");
        if (peer->origin == origin::file) {
            return refused(forbidden,
                           fmt::format("peer {} is in the configuration file: change its tokens there", peer->name()));
        }
        if (peer->asset != asset->asset) return refused(bad_user_input, "the peer trades in another asset");
        question.present_token = token_for(*peer);
        return question;
    }
    // The token is presented only to the node at the URL for which it was agreed: the address that a node will claim is
    // no proof.
    for (const auto& peer : directory_.peers()) {
        if (!is_auto_peered(*peer) || peer->auto_peered->url != wanted.url) continue;
        if (peer->asset == asset->asset || !question.present_token) question.present_token = token_for(*peer);
    }
    return question;
}

std::string_view auto_peers::after_its_answer() noexcept {
    return ". The node at this URL has answered: it may already present and expect new tokens, and have changed its "
           "name for "
           "this node. Until the terms here and there agree again, packets between the two may fail in both directions";
}

administration::peer_outcome auto_peers::apply_peering_answer(transaction& transaction, const peer_by_url& wanted,
                                                              const peering_question& question,
                                                              const peering_terms& answer) {
    auto applied = take(transaction, wanted, question, answer);
    if (!applied) applied.error().message += after_its_answer();
    return applied;
}

administration::peer_outcome auto_peers::take(transaction& transaction, const peer_by_url& wanted,
                                              const peering_question& question, const peering_terms& answer) {
    const auto asset = directory_.find_asset(std::string_view{wanted.asset_uuid});
    if (!asset || asset->terms.deleted_at) return refused(not_found, "Unknown asset");
    if (is_forbidden_url(answer.connector_url)) {
        return refused(not_found, fmt::format("{}: it asks for packets at an address that is not public, which "
                                              "auto_peering.allow_private_addresses does not allow",
                                              url_is_invalid));
    }
    if (leads_back(answer.connector_url) || is_presented_by_us(answer.token)) {
        return refused(bad_user_input,
                       "the node at this URL names this node's own URL or token as its own: packets would "
                       "come back");
    }
    const address_use found = look_up(answer.address, *asset->asset);
    if (wanted.peer_uuid && (!found.same || found.same->uuid.text() != *wanted.peer_uuid)) {
        return refused(bad_user_input,
                       fmt::format("the node at this URL says that its ILP address is {}, which is not that of peer {}",
                                   answer.address.text(), *wanted.peer_uuid));
    }
    if (found.same) return renew_from_answer(transaction, found.same, wanted, question, answer);
    const auto is_from_here = [&](const peer& peer) {
        return is_auto_peered(peer) && peer.auto_peered->url == wanted.url;
    };
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
                                              answer.address.text(), diverted.front()->uuid.text()));
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
    made.transport.allow_plain_http = settings_.allow_plain_http;
    made.auto_peered = terms_from(wanted.url, {});
    return administration_.create_peer(transaction, made);
}

/// Renews a peer that was made from the same URL or that the operator has named. Another peer is renewed only if it is
/// evidently the node that has answered: it is at the same host, and the answer leads to where its packets go already.
/// The address alone is no proof.
administration::peer_outcome auto_peers::renew_from_answer(transaction& transaction,
                                                           const std::shared_ptr<const peer>& known,
                                                           const peer_by_url& wanted, const peering_question& question,
                                                           const peering_terms& answer) {
    if (known->origin == origin::file) {
        return refused(duplicate, fmt::format("peer {} of the configuration file has the ILP address {} in this asset: "
                                              "change its tokens in the file, and tell them to its operator",
                                              known->name(), answer.address.text()));
    }
    const bool was_made_from_it = is_auto_peered(*known) && known->auto_peered->url == wanted.url;
    const auto endpoint = config::packet_url().parse(answer.connector_url);
    const bool goes_there_already = endpoint && known->outgoing.endpoint.leads_where(*endpoint);
    const bool is_at_same_place = goes_there_already && known->outgoing.endpoint.host() == question.endpoint.host();
    if (!was_made_from_it && !is_at_same_place && !wanted.peer_uuid) {
        return refused(duplicate,
                       fmt::format("peer {} already has the ILP address {} in this asset and was not created "
                                   "from this URL: repeat the request with its id as peerId if it is this node",
                                   known->uuid.text(), answer.address.text()));
    }
    peer_edit edit;
    if (wanted.name) edit.name = wanted.name;
    if (wanted.max_packet_amount) edit.max_packet_amount = wanted.max_packet_amount;
    if (wanted.liquidity_threshold) edit.liquidity_threshold = wanted.liquidity_threshold;
    edit.incoming_tokens = {answer.token};
    edit.outgoing_endpoint = answer.connector_url;
    edit.outgoing_token = question.request.asker.token;
    // A peer that an operator made stays one, unless its packets go elsewhere from now on.
    if (is_auto_peered(*known) || !goes_there_already) {
        edit.auto_peered = terms_from(wanted.url, {});
    }
    auto updated = administration_.update_peer(transaction, known->uuid, edit);
    if (updated && !transaction.deposit(known->asset->settlement->id, known->liquidity->id,
                                        wanted.liquidity_to_deposit.value_or(ilp::amount{}))) {
        return refused(bad_user_input, "Could not deposit liquidity to peer");
    }
    return updated;
}

}  // namespace peering
