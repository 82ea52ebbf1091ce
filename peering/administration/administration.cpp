#include "peering/administration/administration.hpp"

#include "config/load.hpp"
#include "config/schema.hpp"
#include "config/value.hpp"
#include "peering/book/ledger.hpp"
#include "peering/records/uuid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

namespace peering {
namespace {

constexpr std::size_t name_size_max = 256;
constexpr std::size_t routes_max = 10'000;
constexpr std::size_t tokens_max = 100;

/// Number of transfers that has_history() examines on each side of an account. With this many on one side, the account
/// counts as having carried packets.
constexpr std::size_t history_looked_at = 1000;

using enum refusal_code;

refusal of_the_file(std::string_view what) {
    return {forbidden, fmt::format("{} is defined in the configuration file: change it there, then reload", what)};
}

std::string asset_text(const asset& asset) {
    return fmt::format("{}/{}", asset.code, asset.scale);
}

/// Peers of the API have no rate limits; they share this object.
std::shared_ptr<peer_limits> no_limits() {
    static const auto none = std::make_shared<peer_limits>();
    return none;
}

std::optional<refusal> set_address(peer& made, const std::string& text, const ilp::address& own_address) {
    const auto address = config::node_address().parse(text);
    if (!address || *address == own_address) return refusal{bad_user_input, "invalid ILP address"};
    made.address = *address;
    return std::nullopt;
}

/// The peer's own address is always a route and is not stored.
std::optional<refusal> set_routes(peer& made, const std::vector<std::string>& routes, const ilp::address& own_address) {
    if (routes.size() > routes_max) {
        return refusal{bad_user_input, fmt::format("invalid routes: there are more than {}", routes_max)};
    }
    std::vector<std::string> others;
    for (const std::string& route : routes) {
        if (!config::route_prefix().parse(route)) {
            return refusal{bad_user_input,
                           fmt::format("invalid route '{}': expected {}", route, config::route_prefix().expected)};
        }
        if (route == own_address.text()) {
            return refusal{bad_user_input, fmt::format("invalid route '{}': it is this node's own address", route)};
        }
        if (route != made.address.text()) others.push_back(route);
    }
    std::ranges::sort(others);
    const auto again = std::ranges::unique(others);
    others.erase(again.begin(), again.end());
    made.routes = prefix_list{others};
    return std::nullopt;
}

std::optional<refusal> set_name(peer& made, const std::optional<std::string>& name) {
    if (name && name->size() > name_size_max) {
        return refusal{bad_user_input, fmt::format("invalid name: it is longer than {} bytes", name_size_max)};
    }
    made.given_name = name;
    return std::nullopt;
}

std::optional<refusal> set_tokens(peer& made, const std::vector<std::string>& tokens) {
    if (tokens.size() > tokens_max) {
        return refusal{bad_user_input, fmt::format("invalid incoming tokens: there are more than {}", tokens_max)};
    }
    made.incoming_tokens.clear();
    for (const std::string& token : tokens) {
        if (!config::bearer_token().parse(token)) {
            return refusal{bad_user_input, "invalid incoming token: expected " + config::bearer_token().expected};
        }
        const ilp::digest hash = ilp::sha256(ilp::as_bytes(token));
        if (std::ranges::find(made.incoming_tokens, hash) != made.incoming_tokens.end())
            return refusal{duplicate, "duplicate incoming token"};
        made.incoming_tokens.push_back(hash);
    }
    return std::nullopt;
}

std::optional<refusal> set_endpoint(peer& made, const std::string& url) {
    const auto endpoint = config::http_url().parse(url);
    if (!endpoint) return refusal{bad_user_input, "invalid HTTP endpoint"};
    made.outgoing.endpoint = *endpoint;
    return std::nullopt;
}

/// The link checks the addresses that the endpoint's name resolves to, each time it connects.
void set_auto_peered(peer& made, const std::optional<auto_peered_terms>& terms) {
    made.auto_peered = terms ? std::make_shared<const auto_peered_terms>(*terms) : nullptr;
    made.outgoing.public_addresses_only = terms && terms->public_addresses_only;
}

std::optional<refusal> set_outgoing_token(peer& made, const std::string& token) {
    const auto parsed = config::bearer_token().parse(token);
    if (!parsed) return refusal{bad_user_input, "invalid outgoing token: expected " + config::bearer_token().expected};
    made.outgoing.auth_token = *parsed;
    return std::nullopt;
}

/// Returns the first refusal, if there is one.
template <class... Steps>
std::optional<refusal> first_refusal(Steps... steps) {
    std::optional<refusal> found;
    ((found = steps(), found.has_value()) || ...);
    return found;
}

std::optional<liquidity_watch> watch_of(const asset_entry& entry) {
    if (!entry.terms.liquidity_threshold || entry.terms.deleted_at) return std::nullopt;
    const asset& asset = *entry.asset;
    return liquidity_watch{*entry.terms.liquidity_threshold,
                           account_kind::asset_liquidity,
                           asset.uuid,
                           asset.uuid,
                           asset.code,
                           asset.scale};
}

std::optional<liquidity_watch> watch_of(const peer& peer) {
    if (!peer.liquidity_threshold) return std::nullopt;
    return liquidity_watch{*peer.liquidity_threshold, account_kind::peer_liquidity,
                           std::string{peer.uuid},    peer.asset->uuid,
                           peer.asset->code,          peer.asset->scale};
}

std::shared_ptr<const asset> asset_of(const asset_record& record, ledger& ledger) {
    return std::make_shared<const asset>(asset{.id = record.id,
                                               .uuid = record.uuid,
                                               .code = record.code,
                                               .scale = record.scale,
                                               .liquidity = ledger.find(record.liquidity.id),
                                               .settlement = ledger.find(record.settlement.id),
                                               .created_at = record.created_at});
}

}  // namespace

bool transaction::deposit(account_id settlement, account_id to, ilp::amount amount) {
    if (amount.is_zero()) return true;
    const ledger& ledger = keeper.ledger();
    const leg wanted{&ledger.at(settlement), &ledger.at(to), amount};
    if (!ledger::hold({&wanted, 1})) return false;
    held.push_back(wanted);
    new_transfers.push_back({.uuid = new_uuid(),
                             .kind = transfer_kind::deposit,
                             .state = transfer_state::posted,
                             .debit = settlement,
                             .credit = to,
                             .amount = amount,
                             .expires_at = {}});
    return true;
}

account_record transaction::open_account(account_kind kind, std::uint32_t asset) {
    const account_id id{std::to_underlying(keeper.ledger().last_id()) + 1};
    keeper.ledger().open(id, kind, asset, {});
    return {id, kind, {}};
}

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
        return std::unexpected{of_the_file("asset " + asset_text(*known->asset))};
    }
    const asset_terms terms{origin::api, thresholds.withdrawal, thresholds.liquidity, std::nullopt};
    transaction.changed_assets.push_back({known->asset->id, terms});
    transaction.assets.push_back({nullptr, known->asset->id, terms});
    return asset_entry{known->asset, terms, known->peers};
}

administration::asset_outcome administration::delete_asset(transaction& transaction, std::string_view uuid) {
    const auto known = directory_.find_asset(uuid);
    if (!known || known->terms.deleted_at) return refused(not_found, "Asset not found");
    if (known->terms.origin == origin::file) {
        return std::unexpected{of_the_file("asset " + asset_text(*known->asset))};
    }
    if (known->peers != 0) return refused(forbidden, "Cannot delete! Asset in use.");
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
                                                  .max_packet_amount = wanted.max_packet_amount,
                                                  .spread = {},
                                                  .origin = origin::api,
                                                  .liquidity_threshold = wanted.liquidity_threshold,
                                                  .incoming_tokens = {},
                                                  .outgoing = config::initial_outgoing_http(),
                                                  .limits = no_limits(),
                                                  .created_at = transaction.now});
    const ilp::address& own = directory_.own_address();
    if (auto found = first_refusal(
            [&] { return set_address(*made, wanted.ilp_address, own); },
            [&] { return set_routes(*made, wanted.routes, own); },
            [&] { return set_endpoint(*made, wanted.outgoing_endpoint); },
            [&] { return set_outgoing_token(*made, wanted.outgoing_token); },
            [&] { return set_name(*made, wanted.name); }, [&] { return set_tokens(*made, wanted.incoming_tokens); },
            [&] { return check_tokens(made->incoming_tokens, made->id); }, [&] { return check_prefixes(*made); })) {
        return std::unexpected{std::move(*found)};
    }
    set_auto_peered(*made, wanted.auto_peered);
    made->has_label = may_have_label(*made);
    peer_record& added = transaction.new_peers.emplace_back();
    added.id = made->id;
    added.uuid = made->uuid.text();
    added.asset_id = made->asset->id;
    added.liquidity = transaction.open_account(account_kind::peer_liquidity, made->asset->id);
    added.created_at = transaction.now;
    added.terms = kept_terms_of(*made);
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
    const ilp::address& own = directory_.own_address();
    const auto when = [](const auto& given, auto set) -> std::optional<refusal> {
        return given ? set(*given) : std::nullopt;
    };
    if (edit.max_packet_amount) made->max_packet_amount = *edit.max_packet_amount;
    if (edit.liquidity_threshold) made->liquidity_threshold = *edit.liquidity_threshold;
    const auto routes = edit.routes ? *edit.routes : before->routes.to_vector();
    if (auto found = first_refusal(
            [&] { return when(edit.ilp_address, [&](const auto& text) { return set_address(*made, text, own); }); },
            [&] { return set_routes(*made, routes, own); },
            [&] { return when(edit.outgoing_endpoint, [&](const auto& url) { return set_endpoint(*made, url); }); },
            [&] {
                return when(edit.outgoing_token, [&](const auto& token) { return set_outgoing_token(*made, token); });
            },
            [&] { return when(edit.name, [&](const auto& name) { return set_name(*made, name); }); },
            [&] { return when(edit.incoming_tokens, [&](const auto& tokens) { return set_tokens(*made, tokens); }); },
            [&] { return check_tokens(made->incoming_tokens, made->id); }, [&] { return check_prefixes(*made); })) {
        return std::unexpected{std::move(*found)};
    }
    const bool leads_elsewhere = made->outgoing.endpoint != before->outgoing.endpoint;
    if (edit.auto_peered) {
        set_auto_peered(*made, edit.auto_peered);
    } else if (leads_elsewhere && made->auto_peered) {
        set_auto_peered(*made, auto_peered_terms{made->auto_peered->url, false});
    }
    made->has_label = may_have_label(*made);
    transaction.changed_peers.push_back({made->id, kept_terms_of(*made)});
    transaction.peers.push_back({before, made});
    return made;
}

/// True if a packet was ever received from or sent to the peer, or is in flight.
std::expected<bool, refusal> administration::has_history(bookkeeper& keeper, const peer& peer) const {
    const account_totals posted = keeper.ledger().posted(peer.liquidity->id);
    const wide_amount balance = posted.credits_posted - posted.debits_posted;
    if (peer.liquidity->available != balance ||
        peer.liquidity->headroom != std::numeric_limits<std::uint64_t>::max() - balance) {
        return true;
    }
    for (const account_side side : {account_side::debit, account_side::credit}) {
        const auto listed = keeper.list_transfers(peer.liquidity->id, side, history_looked_at);
        if (!listed) return refused(internal_server_error, "The ledger is not available now");
        const auto is_packet = [](const listed_transfer& transfer) { return !transfer.kind; };
        if (listed->size() == history_looked_at || std::ranges::any_of(*listed, is_packet)) return true;
    }
    return false;
}

administration::peer_outcome administration::delete_peer(transaction& transaction, std::string_view uuid) {
    const auto before = directory_.find_peer(uuid);
    if (!before) return refused(not_found, "unknown peer");
    if (before->origin == origin::file) return std::unexpected{of_the_file(fmt::format("peer {}", before->name()))};
    const auto history = has_history(transaction.keeper, *before);
    if (!history) return std::unexpected{history.error()};
    if (*history) {
        return refused(forbidden,
                       "Cannot delete! There have been payments from or to the peer, and their history must be kept: "
                       "disable the peer instead");
    }
    if (before->liquidity->available != 0) {
        return refused(forbidden, "Cannot delete! The peer has liquidity: withdraw it first");
    }
    kept_peer_terms terms = kept_terms_of(*before);
    terms.deleted_at = transaction.now;
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
    transaction.changed_peers.push_back({made->id, kept_terms_of(*made)});
    transaction.peers.push_back({before, made});
    return made;
}

std::expected<void, store_error> administration::commit(transaction& transaction, std::function<void()> done) {
    const bool nothing = transaction.new_assets.empty() && transaction.changed_assets.empty() &&
                         transaction.new_peers.empty() && transaction.changed_peers.empty() &&
                         transaction.new_transfers.empty() && transaction.new_answers.empty();
    if (!nothing) {
        if (auto written = transaction.keeper.write({.new_assets = transaction.new_assets,
                                                     .changed_assets = transaction.changed_assets,
                                                     .new_peers = transaction.new_peers,
                                                     .changed_peers = transaction.changed_peers,
                                                     .new_transfers = transaction.new_transfers,
                                                     .new_answers = transaction.new_answers,
                                                     .forget_answers_before = transaction.forget_answers_before});
            !written) {
            return written;
        }
    }
    transaction.held.clear();
    directory_.apply(transaction.assets, transaction.peers);
    for (const std::uint32_t id : transaction.no_longer_absent) directory_.forget_absent(id);
    for (peer_record& peer : transaction.absent_peers) directory_.set_absent(std::move(peer));

    thresholds& watches = transaction.keeper.thresholds();
    for (const asset_update& update : transaction.assets) {
        const auto entry = directory_.find_asset(update.id);
        watches.watch(entry->asset->liquidity->id, watch_of(*entry));
    }
    for (const peer_update& update : transaction.peers) {
        watches.watch((update.after ? update.after : update.before)->liquidity->id,
                      update.after ? watch_of(*update.after) : std::nullopt);
    }
    if (!transaction.assets.empty() && assets_changed_) assets_changed_();
    if (publish_ && !transaction.peers.empty()) {
        publish_(std::move(transaction.peers), std::move(done));
    } else {
        done();
    }
    return {};
}

kept_peer_terms kept_terms_of(const peer& peer) {
    kept_peer_terms terms;
    terms.name = peer.given_name;
    terms.ilp_address = peer.address.text();
    terms.origin = peer.origin;
    terms.enabled = peer.enabled;
    if (peer.origin == origin::file) return terms;
    terms.max_packet_amount = peer.max_packet_amount;
    terms.liquidity_threshold = peer.liquidity_threshold;
    terms.routes = peer.routes.to_vector();
    terms.incoming_tokens = peer.incoming_tokens;
    terms.outgoing_endpoint = peer.outgoing.endpoint.url();
    terms.outgoing_token = peer.outgoing.auth_token.reveal();
    if (peer.auto_peered) terms.auto_peered = *peer.auto_peered;
    return terms;
}

namespace {

/// Checks that the balance of every liquidity account is within 0..2^64-1, and that the accounts of every asset sum to
/// zero.
std::optional<std::string> check_book(const catalogue& book) {
    struct asset_sum {
        std::string name;
        wide_amount debits = 0;
        wide_amount credits = 0;
    };
    std::unordered_map<std::uint32_t, asset_sum> sums;
    const auto broken = [](const account_record& account, const std::string& owner, std::string_view what) {
        return fmt::format("the book is inconsistent: account {} ({}) {}: restore the store from a backup",
                           std::to_underlying(account.id), owner, what);
    };
    const auto count = [](asset_sum& sum, const account_record& account) {
        sum.debits += account.totals.debits_posted;  // both sums wrap alike, so the comparison remains valid
        sum.credits += account.totals.credits_posted;
    };
    const auto check = [&broken](const account_record& account,
                                 const std::string& owner) -> std::optional<std::string> {
        const account_totals& totals = account.totals;
        if (totals.credits_posted < totals.debits_posted) return broken(account, owner, "is below zero");
        if (totals.credits_posted - totals.debits_posted > std::numeric_limits<std::uint64_t>::max()) {
            return broken(account, owner, "has more than the largest amount");
        }
        return std::nullopt;
    };
    for (const asset_record& asset : book.assets) {
        asset_sum& sum = sums[asset.id];
        sum.name = fmt::format("{}/{}", asset.code, asset.scale);
        count(sum, asset.liquidity);
        count(sum, asset.settlement);
        if (auto found = check(asset.liquidity, "liquidity of asset " + sum.name)) return found;
    }
    for (const peer_record& peer : book.peers) {
        const std::string owner = "liquidity of peer " + peer.terms.name.value_or(peer.uuid);
        const auto sum = sums.find(peer.asset_id);
        if (sum == sums.end()) return broken(peer.liquidity, owner, "has no asset");
        count(sum->second, peer.liquidity);
        if (auto found = check(peer.liquidity, owner)) return found;
    }
    for (const asset_record& asset : book.assets) {
        const asset_sum& sum = sums[asset.id];
        if (sum.debits == sum.credits) continue;
        return broken(asset.settlement, "settlement of asset " + sum.name,
                      "does not balance the other accounts: the sum over the asset is not zero");
    }
    return std::nullopt;
}

}  // namespace

std::expected<void, std::string> open_directory(directory& directory, const catalogue& known, bookkeeper& keeper) {
    if (auto broken = check_book(known)) return std::unexpected{std::move(*broken)};
    ledger& ledger = keeper.ledger();
    const auto open = [&](const account_record& account, std::uint32_t asset) {
        ledger.open(account.id, account.kind, asset, account.totals);
    };
    std::vector<asset_update> assets;
    for (const asset_record& asset : known.assets) {
        open(asset.liquidity, asset.id);
        open(asset.settlement, asset.id);
        assets.push_back({asset_of(asset, ledger), asset.id, asset.terms});
    }
    directory.apply(assets, {});
    for (const asset_update& update : assets) {
        keeper.thresholds().watch(update.added->liquidity->id, watch_of({update.added.get(), update.terms, 0}));
    }

    std::vector<peer_update> peers;
    std::unordered_map<std::string_view, std::size_t> names;
    for (const peer_record& record : known.peers) {
        if (record.uuid.size() != uuid_text::size) {
            return std::unexpected{
                fmt::format("peer number {} has an id in the store that is not a UUID: restore a backup", record.id)};
        }
        open(record.liquidity, record.asset_id);
        directory.count_peer_id(record.id);
        const kept_peer_terms& terms = record.terms;
        if (terms.origin == origin::file) {
            directory.set_absent(record);
            continue;
        }
        if (terms.deleted_at) continue;
        const auto address = ilp::address::parse(terms.ilp_address);
        const auto endpoint = config::http_url().parse(terms.outgoing_endpoint);
        if (!address || !endpoint) {
            return std::unexpected{fmt::format("peer {} has {} in the store that is not valid: restore a backup",
                                               record.uuid, address ? "an endpoint" : "an ILP address")};
        }
        const bool has_label =
            terms.name && config::peer_name().parse(*terms.name) && names.emplace(*terms.name, peers.size()).second;
        config::outgoing_http_settings outgoing = config::initial_outgoing_http();
        outgoing.endpoint = *endpoint;
        outgoing.auth_token = config::secret{terms.outgoing_token};
        const auto made = std::make_shared<peer>(peer{.id = record.id,
                                                      .uuid = uuid_text{record.uuid},
                                                      .given_name = terms.name,
                                                      .address = *address,
                                                      .asset = directory.find_asset(record.asset_id)->asset,
                                                      .routes = prefix_list{terms.routes},
                                                      .max_packet_amount = terms.max_packet_amount,
                                                      .spread = {},
                                                      .has_label = has_label,
                                                      .enabled = terms.enabled,
                                                      .origin = origin::api,
                                                      .liquidity_threshold = terms.liquidity_threshold,
                                                      .incoming_tokens = terms.incoming_tokens,
                                                      .outgoing = std::move(outgoing),
                                                      .liquidity = ledger.find(record.liquidity.id),
                                                      .limits = no_limits(),
                                                      .created_at = record.created_at});
        set_auto_peered(*made, terms.auto_peered);
        keeper.thresholds().watch(made->liquidity->id, watch_of(*made));
        peers.push_back({nullptr, made});
    }
    directory.apply({}, peers);
    return {};
}

}  // namespace peering
