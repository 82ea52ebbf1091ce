#include "peering/administration/administration.hpp"

#include "config/schema.hpp"
#include "config/value.hpp"
#include "peering/administration/stored_terms.hpp"
#include "peering/book/ledger.hpp"
#include "peering/records/text.hpp"
#include "peering/records/uuid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace peering {
namespace {

/// Number of transfers that check_unused() examines on each side of an account. With this many on one side, the account
/// counts as having carried packets.
constexpr std::size_t history_looked_at = 1000;

using enum refusal_code;

refusal of_the_file(std::string_view what) {
    return {forbidden, fmt::format("{} is defined in the configuration file: change it there, then reload", what)};
}

std::optional<refusal> check_public_name(const std::string& name) {
    if (name.empty() || config::display_name().parse(name)) return std::nullopt;
    return refusal{bad_user_input, "invalid public name: expected " + config::display_name().expected};
}

}  // namespace

administration::asset_outcome administration::create_asset(transaction& transaction, std::string_view code,
                                                           std::uint8_t scale, const asset_thresholds& thresholds) {
    if (!config::asset_code().parse(code)) {
        return refused(bad_user_input, "invalid asset code: expected " + config::asset_code().expected);
    }
    const asset_terms terms{origin::api, thresholds.withdrawal, thresholds.liquidity, std::nullopt};
    if (const auto known = directory_.find_asset(code, scale)) {
        if (!known->terms.deleted_at) return refused(duplicate, "Asset already exists");
        transaction.changed_assets.push_back({known->asset->id, terms});
        transaction.assets.push_back({nullptr, known->asset->id, terms});
        return asset_entry{known->asset, terms, 0};
    }
    asset_record& added = transaction.new_assets.emplace_back();
    added.id = directory_.last_asset_id() + 1;
    added.uuid = new_uuid();
    added.code = code;
    added.scale = scale;
    added.liquidity = transaction.open_account(account_kind::asset_liquidity, added.id);
    added.settlement = transaction.open_account(account_kind::settlement, added.id);
    added.created_at = transaction.now;
    added.terms = terms;
    transaction.assets.push_back({asset_of(added, transaction.keeper.ledger()), added.id, terms});
    return asset_entry{transaction.assets.back().added.get(), terms, 0};
}

administration::asset_outcome administration::update_asset(transaction& transaction, std::string_view uuid,
                                                           const asset_thresholds& thresholds) {
    const auto known = directory_.find_asset(uuid);
    if (!known || known->terms.deleted_at) return refused(not_found, "Asset not found");
    if (known->terms.origin == origin::file) {
        return std::unexpected{of_the_file("asset " + asset_text(known->asset->code, known->asset->scale))};
    }
    const asset_terms terms{origin::api, thresholds.withdrawal, thresholds.liquidity, std::nullopt};
    transaction.changed_assets.push_back({known->asset->id, terms});
    transaction.assets.push_back({nullptr, known->asset->id, terms});
    return asset_entry{known->asset, terms, known->peers, known->receiving_accounts};
}

administration::asset_outcome administration::delete_asset(transaction& transaction, std::string_view uuid) {
    const auto known = directory_.find_asset(uuid);
    if (!known || known->terms.deleted_at) return refused(not_found, "Asset not found");
    if (known->terms.origin == origin::file) {
        return std::unexpected{of_the_file("asset " + asset_text(known->asset->code, known->asset->scale))};
    }
    if (known->peers != 0 || known->receiving_accounts != 0) {
        return refused(forbidden, "Cannot delete! Asset in use.");
    }
    asset_terms terms = known->terms;
    terms.deleted_at = transaction.now;
    transaction.changed_assets.push_back({known->asset->id, terms});
    transaction.assets.push_back({nullptr, known->asset->id, terms});
    return asset_entry{known->asset, terms, 0};
}

std::optional<refusal> administration::check_tokens(const std::vector<ilp::digest>& tokens, std::uint32_t owner) const {
    for (const ilp::digest& token : tokens) {
        const auto other = directory_.find_peer_by_token(token);
        if (other && other->id != owner) return refusal{duplicate, "duplicate incoming token"};
    }
    return std::nullopt;
}

std::optional<refusal> administration::check_jwt_secrets(const peer& made) const {
    if (made.incoming_jwt_secrets.empty()) return std::nullopt;
    for (const auto& other : directory_.peers()) {
        if (other->id == made.id) continue;
        for (const config::secret& secret : other->incoming_jwt_secrets) {
            if (std::ranges::find(made.incoming_jwt_secrets, secret) != made.incoming_jwt_secrets.end())
                return refusal{duplicate, "duplicate JWT secret"};
        }
    }
    return std::nullopt;
}

std::optional<refusal> administration::check_client_keys(const peer& made) const {
    for (const ilp::digest& key : lone_keys_of(made)) {
        const auto other = directory_.find_peer_by_lone_key(key);
        if (!other || other->id == made.id) continue;
        return refusal{duplicate,
                       fmt::format("duplicate client key: peer {} has it, too, and neither peer has incoming "
                                   "tokens: give one of them a token",
                                   other->uuid.text())};
    }
    return std::nullopt;
}

std::optional<refusal> administration::check_endpoint(const peer& peer) const {
    if (!own_url_ || !peer.outgoing.endpoint.leads_where(*own_url_)) return std::nullopt;
    return refusal{bad_user_input, "invalid HTTP endpoint: it is this node's own, so that packets would come back"};
}

std::optional<refusal> administration::check_prefixes(const peer& peer) const {
    std::optional<refusal> found;
    for_each_prefix(peer, [&](std::string_view prefix) {
        for (const auto& owner : directory_.owners_of(prefix)) {
            if (found || owner->id == peer.id || owner->asset != peer.asset) continue;
            const bool same_address = prefix == peer.address.text() && owner->address == peer.address;
            found = refusal{duplicate, same_address ? "duplicate peer found for same ILP address and asset"
                                                    : fmt::format("duplicate route '{}': it belongs to peer {}", prefix,
                                                                  owner->uuid.text())};
        }
    });
    return found;
}

/// Continues with what set_terms() could not check: that no other peer has one of the peer's tokens, keys or routes.
std::optional<refusal> administration::check_terms(const peer& made, std::optional<refusal> found) const {
    if (!found) found = check_tokens(made.incoming_tokens, made.id);
    if (!found) found = check_jwt_secrets(made);
    if (!found) found = check_client_keys(made);
    if (!found) found = check_prefixes(made);
    return found;
}

/// A name that another peer has too, or that does not fit into a URL, cannot identify a peer.
bool administration::may_have_label(const peer& peer) const {
    if (!peer.given_name || !config::peer_name().parse(*peer.given_name)) return false;
    const auto namesake = directory_.find_peer_by_name(*peer.given_name);
    return namesake == nullptr || namesake->id == peer.id;
}

administration::peer_outcome administration::create_peer(transaction& transaction, const peer_wanted& wanted) {
    const auto asset = directory_.find_asset(std::string_view{wanted.asset_uuid});
    if (!asset || asset->terms.deleted_at) return refused(not_found, "unknown asset");
    const auto made = std::make_shared<peer>(peer{.id = directory_.last_peer_id() + 1,
                                                  .uuid = uuid_text{new_uuid()},
                                                  .given_name = {},
                                                  .address = directory_.own_address(),
                                                  .asset = asset->asset,
                                                  .routes = {},
                                                  .max_packet_amount = {},
                                                  .max_hold_time = {},
                                                  .spread = {},
                                                  .origin = origin::api,
                                                  .liquidity_threshold = {},
                                                  .incoming_tokens = {},
                                                  .outgoing = config::initial_outgoing_http(),
                                                  .limits = limits_of_api_peer(std::nullopt),
                                                  .created_at = transaction.now});
    auto fault = set_terms(*made, wanted, own_terms());
    if (!fault) fault = check_endpoint(*made);
    if (auto found = check_terms(*made, std::move(fault))) {
        return std::unexpected{std::move(*found)};
    }
    made->has_label = may_have_label(*made);
    peer_record& added = transaction.new_peers.emplace_back();
    added.id = made->id;
    added.uuid = made->uuid.text();
    added.asset_id = made->asset->id;
    added.liquidity = transaction.open_account(account_kind::peer_liquidity, made->asset->id);
    added.created_at = transaction.now;
    added.terms = terms_to_keep(*made);
    made->liquidity = transaction.keeper.ledger().find(added.liquidity.id);
    if (!transaction.deposit(made->asset->settlement->id, added.liquidity.id,
                             wanted.initial_liquidity.value_or(ilp::amount{}))) {
        return refused(bad_user_input, "invalid initial liquidity for peer");
    }
    transaction.peers.push_back({nullptr, made});
    return made;
}

administration::peer_outcome administration::update_peer(transaction& transaction, std::string_view uuid,
                                                         const peer_edit& edit) {
    const auto before = directory_.find_peer(uuid);
    if (!before) return refused(not_found, "unknown peer");
    if (before->origin == origin::file) return std::unexpected{of_the_file(fmt::format("peer {}", before->name()))};
    const auto made = std::make_shared<peer>(*before);
    auto fault = set_terms(*made, edit, own_terms());
    if (!fault && edit.outgoing_endpoint) fault = check_endpoint(*made);
    if (auto found = check_terms(*made, std::move(fault))) {
        return std::unexpected{std::move(*found)};
    }
    made->has_label = may_have_label(*made);
    transaction.changed_peers.push_back({made->id, terms_to_keep(*made)});
    transaction.peers.push_back({before, made});
    return made;
}

/// A default that follows our address is not kept, so that it goes on following it.
kept_peer_terms administration::terms_to_keep(const peer& peer) const {
    kept_peer_terms terms = kept_terms_of(peer);
    if (terms.outgoing_jwt_subject == directory_.own_address().text()) terms.outgoing_jwt_subject.clear();
    return terms;
}

/// Refuses if a packet was ever paid for from or to the peer.
std::optional<refusal> administration::check_unused(bookkeeper& keeper, const peer& peer) const {
    for (const account_side side : {account_side::debit, account_side::credit}) {
        const auto listed = keeper.list_transfers(peer.liquidity->id, side, history_looked_at);
        if (!listed) return refusal{internal_server_error, "The ledger is not available now"};
        const auto is_packet = [](const listed_transfer& transfer) { return !transfer.kind; };
        if (listed->size() == history_looked_at || std::ranges::any_of(*listed, is_packet)) {
            return refusal{forbidden,
                           "Cannot delete! There have been payments from or to the peer, and their history must be "
                           "kept: disable the peer instead, and withdraw what is left of its liquidity"};
        }
    }
    return std::nullopt;
}

/// Packet threads learn of the deletion later. Until then, a packet from or to the peer finds its account closed, with
/// nothing to spend and no room to receive.
administration::peer_outcome administration::delete_peer(transaction& transaction, std::string_view uuid) {
    const auto before = directory_.find_peer(uuid);
    if (!before) return refused(not_found, "unknown peer");
    if (before->origin == origin::file) return std::unexpected{of_the_file(fmt::format("peer {}", before->name()))};
    if (auto found = check_unused(transaction.keeper, *before)) return std::unexpected{std::move(*found)};
    if (transaction.keeper.flights().doubt_about(before->liquidity->id) != 0) {
        return refused(forbidden,
                       "Cannot delete! It is in doubt what the peer has fulfilled before a crash: compare the books, "
                       "and end the doubt with agreePeerBooks or correctPeerBooks");
    }
    if (!transaction.close(*before->liquidity, before->asset->settlement->id)) {
        return refused(forbidden,
                       "Cannot delete! A packet from or to the peer is in flight, or a withdrawal of its liquidity is "
                       "pending: post or void the withdrawal, or disable the peer instead");
    }
    kept_peer_terms terms = terms_to_keep(*before);
    terms.deleted_at = transaction.now;
    // Secrets of a peer that is gone have no use any more.
    terms.incoming_tokens.clear();
    terms.incoming_jwt_secrets.clear();
    terms.outgoing_token.clear();
    terms.outgoing_jwt_secret.clear();
    transaction.changed_peers.push_back({before->id, std::move(terms)});
    transaction.peers.push_back({before, nullptr});
    return before;
}

administration::peer_outcome administration::set_enabled(transaction& transaction, std::string_view uuid,
                                                         bool enabled) {
    const auto before = directory_.find_peer(uuid);
    if (!before) return refused(not_found, "unknown peer");
    if (before->enabled == enabled) return before;
    const auto made = std::make_shared<peer>(*before);
    made->enabled = enabled;
    transaction.changed_peers.push_back({made->id, terms_to_keep(*made)});
    transaction.peers.push_back({before, made});
    return made;
}

administration::receiving_account_outcome administration::create_receiving_account(
    transaction& transaction, const receiving_account_wanted& wanted) {
    const auto asset = directory_.find_asset(std::string_view{wanted.asset_uuid});
    if (!asset || asset->terms.deleted_at) return refused(not_found, "unknown asset");
    if (!config::account_name().parse(wanted.name)) {
        return refused(bad_user_input,
                       "invalid name of a receiving account: expected " + config::account_name().expected);
    }
    if (auto found = check_public_name(wanted.public_name)) return std::unexpected{std::move(*found)};
    if (directory_.find_receiving_account_by_name(wanted.name)) {
        return refused(duplicate, fmt::format("duplicate name: there is a receiving account {}", wanted.name));
    }
    receiving_account_record& added = transaction.new_receiving_accounts.emplace_back();
    added.id = directory_.last_receiving_account_id() + 1;
    added.uuid = new_uuid();
    added.asset_id = asset->asset->id;
    added.liquidity = transaction.open_account(account_kind::receiving, added.asset_id);
    added.created_at = transaction.now;
    added.terms = {.name = wanted.name,
                   .public_name = wanted.public_name,
                   .origin = origin::api,
                   .enabled = true,
                   .deleted_at = std::nullopt};
    std::shared_ptr<const receiving_account> made =
        receiving_account_of(added, *asset->asset, transaction.keeper.ledger()).value();
    transaction.receiving_accounts.push_back({nullptr, made});
    return made;
}

administration::receiving_account_outcome administration::update_receiving_account(transaction& transaction,
                                                                                   std::string_view uuid,
                                                                                   const receiving_account_edit& edit) {
    const auto before = directory_.find_receiving_account(uuid);
    if (!before) return refused(not_found, "unknown receiving account");
    const auto made = std::make_shared<receiving_account>(*before);
    made->public_name = edit.public_name.value_or(before->public_name);
    made->enabled = edit.enabled.value_or(before->enabled);
    if (*made == *before) return before;
    if (before->origin == origin::file && made->public_name != before->public_name) {
        return std::unexpected{of_the_file("receiving account " + before->name)};
    }
    if (auto found = check_public_name(made->public_name)) return std::unexpected{std::move(*found)};
    transaction.changed_receiving_accounts.push_back({made->id, kept_terms_of(*made)});
    transaction.receiving_accounts.push_back({before, made});
    return made;
}

/// Packet threads learn of the deletion later. Until then, a packet to the account finds no room to receive.
administration::receiving_account_outcome administration::delete_receiving_account(transaction& transaction,
                                                                                   std::string_view uuid) {
    const auto before = directory_.find_receiving_account(uuid);
    if (!before) return refused(not_found, "unknown receiving account");
    if (before->origin == origin::file) return std::unexpected{of_the_file("receiving account " + before->name)};
    if (!transaction.close_empty(*before->liquidity)) {
        return refused(forbidden,
                       "Cannot delete! The account has a balance, or a packet or a withdrawal that is pending: disable "
                       "the account, and withdraw what is on it");
    }
    receiving_account_terms terms = kept_terms_of(*before);
    terms.deleted_at = transaction.now;
    transaction.changed_receiving_accounts.push_back({before->id, std::move(terms)});
    transaction.receiving_accounts.push_back({before, nullptr});
    return before;
}

/// The thresholds that the transaction sets or ends.
std::vector<watch_change> administration::watches_of(const transaction& transaction) const {
    std::vector<watch_change> watches;
    watches.reserve(transaction.assets.size() + transaction.peers.size() + transaction.absent_peers.size());
    for (const asset_update& update : transaction.assets) {
        const asset* const asset = update.added ? update.added.get() : directory_.find_asset(update.id)->asset;
        watches.push_back({asset->liquidity->id, watch_of({asset, update.terms, 0})});
    }
    for (const peer_update& update : transaction.peers) {
        watches.push_back({(update.after ? update.after : update.before)->liquidity->id,
                           update.after ? watch_of(*update.after) : std::nullopt});
    }
    for (const peer_record& absent : transaction.absent_peers) watches.push_back({absent.liquidity.id, std::nullopt});
    return watches;
}

std::expected<void, store_error> administration::commit(transaction& transaction, std::function<void()> done) {
    if (auto written = transaction.write(watches_of(transaction)); !written) return written;
    directory_.apply(transaction.assets, transaction.peers, transaction.receiving_accounts);
    for (const std::uint32_t id : transaction.no_longer_absent) directory_.forget_absent(id);
    for (peer_record& peer : transaction.absent_peers) directory_.set_absent(std::move(peer));

    if (!transaction.assets.empty() && assets_changed_) assets_changed_();
    const bool changes_packets = !transaction.peers.empty() || !transaction.receiving_accounts.empty();
    if (publish_ && changes_packets) {
        publish_({std::move(transaction.peers), std::move(transaction.receiving_accounts)}, std::move(done));
    } else {
        done();
    }
    return {};
}

}  // namespace peering
