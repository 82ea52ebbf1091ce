#include "peering/administration/file_terms.hpp"

#include "peering/administration/stored_terms.hpp"
#include "peering/book/ledger.hpp"
#include "peering/records/text.hpp"
#include "peering/records/uuid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace peering {
namespace {

using error = std::optional<std::string>;

/// Shares each bucket of `before` that has the same terms, so that a reload does not refill it, and goes on counting
/// what is in flight. The object itself is the same if no limit has changed.
std::shared_ptr<peer_limits> make_limits(const config::peer_settings& settings, const peer* before) {
    struct limit {
        std::shared_ptr<token_bucket> peer_limits::* bucket;
        std::optional<std::uint64_t> rate;
        std::uint64_t burst;
    };
    const auto throughput = [](auto bucket, const std::optional<ilp::amount>& limit_of) {
        return limit_of ? limit{bucket, limit_of->value, limit_of->value} : limit{bucket, std::nullopt, 0};
    };
    const std::uint64_t burst = settings.packet_burst != 0 ? settings.packet_burst : settings.packet_rate.value_or(0);
    const std::array wanted{limit{&peer_limits::packet_rate, settings.packet_rate, burst},
                            throughput(&peer_limits::incoming_throughput, settings.incoming_throughput),
                            throughput(&peer_limits::outgoing_throughput, settings.outgoing_throughput)};
    static_assert(sizeof(peer_limits) ==
                      wanted.size() * sizeof(std::shared_ptr<token_bucket>) + sizeof(std::optional<amount_in_use>),
                  "none is forgotten");

    const auto is_kept = [before](const limit& limit) {
        if (before == nullptr) return false;
        const std::shared_ptr<token_bucket>& bucket = *before->limits.*limit.bucket;
        return limit.rate ? bucket && bucket->has_terms(*limit.rate, limit.burst) : !bucket;
    };
    if (before != nullptr && std::ranges::all_of(wanted, is_kept) &&
        max_in_flight_amount_of(*before) == settings.max_in_flight_amount) {
        return before->limits;
    }
    auto limits = std::make_shared<peer_limits>();
    for (const limit& limit : wanted) {
        if (is_kept(limit)) {
            *limits.*limit.bucket = *before->limits.*limit.bucket;
        } else if (limit.rate) {
            *limits.*limit.bucket = std::make_shared<token_bucket>(*limit.rate, limit.burst);
        }
    }
    limits->in_flight_amount =
        with_max(before != nullptr ? before->limits->in_flight_amount : std::nullopt, settings.max_in_flight_amount);
    return limits;
}

/// Names and tokens must be unique among the peers of the file, and so must the client keys of those without tokens.
error check_unique(const config::settings& settings) {
    std::unordered_map<std::string_view, const config::peer_settings*> names;
    std::unordered_map<std::string_view, const config::peer_settings*> tokens;
    std::unordered_map<std::string_view, const config::peer_settings*> secrets;
    std::map<ilp::digest, const config::peer_settings*> lone_keys;
    for (const config::peer_settings& peer : settings.peers) {
        const auto [namesake, is_new_name] = names.emplace(peer.name, &peer);
        if (!is_new_name) {
            return fmt::format("peer {} (line {}): the peer in line {} has the same name", peer.name, peer.line,
                               namesake->second->line);
        }
        for (const config::secret& token : peer.http.incoming.auth_tokens) {
            const auto [owner, is_new_token] = tokens.emplace(token.reveal(), &peer);
            if (is_new_token) continue;
            return fmt::format("peer {} (line {}): one of its incoming tokens is also a token of peer {} (line {})",
                               peer.name, peer.line, owner->second->name, owner->second->line);
        }
        for (const config::secret& secret : peer.http.incoming.jwt_secrets) {
            const auto [owner, is_new_secret] = secrets.emplace(secret.reveal(), &peer);
            if (is_new_secret) continue;
            return fmt::format("peer {} (line {}): one of its JWT secrets is also a secret of peer {} (line {})",
                               peer.name, peer.line, owner->second->name, owner->second->line);
        }
        if (!peer.http.incoming.auth_tokens.empty() || !peer.http.incoming.jwt_secrets.empty()) continue;
        for (const ilp::digest& key : peer.http.incoming.client_keys) {
            const auto [owner, is_new_key] = lone_keys.emplace(key, &peer);
            if (is_new_key) continue;
            return fmt::format("peer {} (line {}): one of its client keys is also a key of peer {} (line {})",
                               peer.name, peer.line, owner->second->name, owner->second->line);
        }
    }
    return std::nullopt;
}

/// One run of apply_file().
class file_reader {
public:
    file_reader(const config::settings& settings, const directory& directory, transaction& transaction)
        : settings_{settings}, directory_{directory}, transaction_{transaction} {}

    error run() {
        if (error found = check_unique(settings_)) return found;
        for (const auto& peer : directory_.peers()) {
            for (const config::secret& secret : peer->incoming_jwt_secrets)
                owners_of_secrets_.emplace(secret.reveal(), peer);
            if (peer->origin != origin::file) continue;
            live_by_name_.emplace(peer->name(), peer);
            live_by_address_.emplace(std::pair{std::string_view{peer->address.text()}, peer->asset->id}, peer);
        }
        for (const auto& [id, record] : directory_.absent_peers()) {
            if (record.terms.name) absent_by_name_.emplace(*record.terms.name, &record);
            absent_by_address_.emplace(std::pair{std::string_view{record.terms.ilp_address}, record.asset_id}, &record);
        }
        read_assets();
        if (error found = match_peers()) return found;
        for (const match& match : matches_) {
            if (error found = make_peer(match)) return found;
        }
        drop_the_others();
        name_others_anew();
        return read_accounts();
    }

private:
    /// A peer of the file with its known counterpart: at most one of `live` and `absent` is set.
    struct match {
        const config::peer_settings* wanted = nullptr;
        std::shared_ptr<const peer> live{};
        const peer_record* absent = nullptr;
    };
    using address_key = std::pair<std::string_view, std::uint32_t>;

    void read_assets();
    error match_peers();
    error match_by_name(match& match);
    void match_by_address(match& match);
    error make_peer(const match& match);
    error check_against_api(const peer& made, const config::peer_settings& wanted) const;
    void drop_the_others();
    void name_others_anew();
    error read_accounts();
    error take_account(const config::account_settings& wanted);
    void give_up_accounts();
    void note_deposit(const std::string& whose, std::string_view account, ilp::amount wanted,
                      std::optional<ilp::amount> before, bool was_made_by_api);

    const asset* asset_of(const config::asset_reference& reference) const {
        const auto found = assets_.find({reference.code, reference.scale});
        return found == assets_.end() ? nullptr : found->second;
    }

    const config::settings& settings_;
    const directory& directory_;
    transaction& transaction_;

    std::map<std::pair<std::string, std::uint8_t>, const asset*> assets_;  // assets of the file
    std::unordered_map<std::string_view, std::shared_ptr<const peer>> live_by_name_;
    std::map<address_key, std::shared_ptr<const peer>> live_by_address_;
    std::unordered_map<std::string_view, std::shared_ptr<const peer>> owners_of_secrets_;  // that sign tokens
    std::unordered_map<std::string_view, const peer_record*> absent_by_name_;
    std::map<address_key, const peer_record*> absent_by_address_;

    std::vector<match> matches_;  // in the order of the file
    std::unordered_set<std::uint32_t> taken_;
    std::uint32_t last_peer_id_ = directory_.last_peer_id();

    std::unordered_set<std::string_view> accounts_;  // names of the receiving accounts of the file
    std::uint32_t last_account_id_ = directory_.last_receiving_account_id();
};

void file_reader::read_assets() {
    std::uint32_t last_id = directory_.last_asset_id();
    for (const config::asset_settings& wanted : settings_.assets) {
        const asset_terms terms{origin::file, std::nullopt, wanted.liquidity_threshold, std::nullopt, wanted.liquidity};
        const asset*& place = assets_[{wanted.code, wanted.scale}];
        if (const auto known = directory_.find_asset(wanted.code, wanted.scale)) {
            place = known->asset;
            if (known->terms == terms) continue;
            const std::string name = asset_text(wanted.code, wanted.scale);
            note_deposit(fmt::format("asset {} (line {})", name, wanted.line), name, wanted.liquidity,
                         known->terms.initial_liquidity, known->terms.origin == origin::api);
            transaction_.changed_assets.push_back({known->asset->id, terms});
            transaction_.assets.push_back({nullptr, known->asset->id, terms});
            continue;
        }
        asset_record& added = transaction_.new_assets.emplace_back();
        added.id = ++last_id;
        added.uuid = new_uuid();
        added.code = wanted.code;
        added.scale = wanted.scale;
        added.liquidity = transaction_.open_account(account_kind::asset_liquidity, added.id);
        added.settlement = transaction_.open_account(account_kind::settlement, added.id);
        added.created_at = transaction_.now;
        added.terms = terms;
        transaction_.deposit(added.settlement.id, added.liquidity.id, wanted.liquidity);  // cannot fail: it is empty
        auto made = peering::asset_of(added, transaction_.keeper.ledger());
        place = made.get();
        transaction_.assets.push_back({std::move(made), added.id, terms});
    }
    for (const asset_entry& entry : directory_.assets()) {
        if (entry.terms.origin != origin::file || assets_.contains({entry.asset->code, entry.asset->scale})) continue;
        asset_terms terms = entry.terms;
        terms.origin = origin::api;
        transaction_.changed_assets.push_back({entry.asset->id, terms});
        transaction_.assets.push_back({nullptr, entry.asset->id, terms});
    }
}

/// The initial liquidity is deposited only once. If the file now says something else, its owner may expect more.
void file_reader::note_deposit(const std::string& whose, std::string_view account, ilp::amount wanted,
                               std::optional<ilp::amount> before, bool was_made_by_api) {
    if (before == wanted) return;
    if (!before && (!was_made_by_api || wanted.is_zero())) return;  // written by a version that did not keep it
    const std::string what =
        before ? fmt::format("is now {} instead of {}", ilp::to_string(wanted), ilp::to_string(*before))
               : fmt::format("is {}, but the account existed before", ilp::to_string(wanted));
    transaction_.notes.push_back(
        fmt::format("{}: initial_liquidity {}; it is deposited only once, with a new account, so the balance is as "
                    "before: to change it, "
                    "run `ilpctl liquidity deposit {} AMOUNT`, or `withdraw`",
                    whose, what, account));
}

error file_reader::match_peers() {
    for (const config::peer_settings& wanted : settings_.peers) {
        if (asset_of(wanted.asset) == nullptr) {
            return fmt::format("peer {} (line {}): its asset {} is not in the list of assets: add it there",
                               wanted.name, wanted.line, peering::asset_text(wanted.asset.code, wanted.asset.scale));
        }
        if (error found = match_by_name(matches_.emplace_back(&wanted))) return found;
    }
    for (match& match : matches_) {
        if (!match.live && match.absent == nullptr) match_by_address(match);
    }
    return std::nullopt;
}

error file_reader::match_by_name(match& match) {
    const config::peer_settings& wanted = *match.wanted;
    std::uint32_t asset = 0;
    if (const auto live = live_by_name_.find(wanted.name); live != live_by_name_.end()) {
        match.live = live->second;
        asset = match.live->asset->id;
        taken_.insert(match.live->id);
    } else if (const auto absent = absent_by_name_.find(wanted.name); absent != absent_by_name_.end()) {
        match.absent = absent->second;
        asset = match.absent->asset_id;
        taken_.insert(match.absent->id);
    } else {
        return std::nullopt;
    }
    if (asset == asset_of(wanted.asset)->id) return std::nullopt;
    const auto known = directory_.find_asset(asset);
    return fmt::format(
        "peer {} (line {}): the file names asset {}, but this peer has an account in {}: the asset of a peer "
        "cannot change, so give the peer in {} another name",
        wanted.name, wanted.line, peering::asset_text(wanted.asset.code, wanted.asset.scale),
        peering::asset_text(known->asset->code, known->asset->scale),
        peering::asset_text(wanted.asset.code, wanted.asset.scale));
}

void file_reader::match_by_address(match& match) {
    const asset* const asset = asset_of(match.wanted->asset);
    const std::string& address = match.wanted->ilp_address.text();
    const address_key key{address, asset->id};
    const auto take = [&](std::uint32_t id) { return taken_.insert(id).second; };
    if (const auto live = live_by_address_.find(key); live != live_by_address_.end() && take(live->second->id)) {
        match.live = live->second;
        return;
    }
    const auto absent = absent_by_address_.find(key);
    if (absent != absent_by_address_.end() && take(absent->second->id)) {
        match.absent = absent->second;
        return;
    }
    for (const auto& owner : directory_.owners_of(address)) {
        const bool is_it = owner->origin == origin::api && owner->asset == asset && owner->address.text() == address;
        if (is_it && take(owner->id)) match.live = owner;
    }
}

error file_reader::make_peer(const match& match) {
    const config::peer_settings& wanted = *match.wanted;
    const asset& asset = *asset_of(wanted.asset);
    std::vector<std::string> routes = wanted.routes;
    std::erase(routes, wanted.ilp_address.text());
    const auto made = std::make_shared<peer>(peer{.uuid = {},
                                                  .given_name = wanted.name,
                                                  .address = wanted.ilp_address,
                                                  .asset = &asset,
                                                  .routes = prefix_list{routes},
                                                  .max_packet_amount = wanted.max_packet_amount,
                                                  .split = wanted.split,
                                                  .max_hold_time = wanted.max_hold_time,
                                                  .spread = wanted.spread,
                                                  .has_label = true,
                                                  .return_to_source = wanted.return_to_source,
                                                  .origin = origin::file,
                                                  .liquidity_threshold = wanted.liquidity_threshold,
                                                  .initial_liquidity = wanted.liquidity,
                                                  .incoming_tokens = {},
                                                  .incoming_jwt_secrets = wanted.http.incoming.jwt_secrets,
                                                  .client_keys = wanted.http.incoming.client_keys,
                                                  .outgoing = wanted.http.outgoing,
                                                  .limits = make_limits(wanted, match.live.get())});
    if (!made->outgoing.jwt_secret.reveal().empty() && made->outgoing.jwt_subject.empty()) {
        made->outgoing.jwt_subject = directory_.own_address().text();
    }
    for (const config::secret& token : wanted.http.incoming.auth_tokens) {
        made->incoming_tokens.push_back(ilp::sha256(ilp::as_bytes(token.reveal())));
    }
    const auto note = [&](std::optional<ilp::amount> before, bool was_made_by_api) {
        note_deposit(fmt::format("peer {} (line {})", wanted.name, wanted.line), wanted.name, wanted.liquidity, before,
                     was_made_by_api);
    };
    const ledger& ledger = transaction_.keeper.ledger();
    if (match.live) {
        const peer& before = *match.live;
        made->id = before.id;
        made->uuid = before.uuid;
        made->enabled = before.enabled;
        made->liquidity = before.liquidity;
        made->created_at = before.created_at;
        if (before == *made) return std::nullopt;
        note(before.initial_liquidity, before.origin == origin::api);
        kept_peer_terms terms = kept_terms_of(*made);
        if (terms != kept_terms_of(before)) transaction_.changed_peers.push_back({made->id, std::move(terms)});
    } else if (match.absent != nullptr) {
        const peer_record& before = *match.absent;
        made->id = before.id;
        made->uuid = uuid_text{before.uuid};
        made->enabled = before.terms.enabled;
        made->liquidity = ledger.find(before.liquidity.id);
        made->created_at = before.created_at;
        kept_peer_terms terms = kept_terms_of(*made);
        note(before.terms.initial_liquidity, false);
        if (terms != before.terms) transaction_.changed_peers.push_back({made->id, std::move(terms)});
        transaction_.no_longer_absent.push_back(made->id);
    } else {
        peer_record& added = transaction_.new_peers.emplace_back();
        added.id = made->id = ++last_peer_id_;
        added.uuid = new_uuid();
        made->uuid = uuid_text{added.uuid};
        added.asset_id = asset.id;
        added.liquidity = transaction_.open_account(account_kind::peer_liquidity, asset.id);
        added.created_at = made->created_at = transaction_.now;
        added.terms = kept_terms_of(*made);
        made->liquidity = ledger.find(added.liquidity.id);
        transaction_.deposit(asset.settlement->id, added.liquidity.id, wanted.liquidity);  // cannot fail: it is empty
    }
    if (error found = check_against_api(*made, wanted)) return found;
    transaction_.peers.push_back({match.live, made});
    return std::nullopt;
}

/// Only conflicts with peers of the API are checked here; the file's own peers have been checked already.
error file_reader::check_against_api(const peer& made, const config::peer_settings& wanted) const {
    const auto is_other = [&](const std::shared_ptr<const peer>& owner) {
        return owner && owner->origin == origin::api && !taken_.contains(owner->id);
    };
    for (const ilp::digest& token : made.incoming_tokens) {
        const auto owner = directory_.find_peer_by_token(token);
        if (!is_other(owner)) continue;
        return fmt::format(
            "peer {} (line {}): one of its incoming tokens belongs to peer {}, which was created through the Admin API",
            wanted.name, wanted.line, owner->uuid.text());
    }
    for (const config::secret& secret : made.incoming_jwt_secrets) {
        const auto owner = owners_of_secrets_.find(secret.reveal());
        if (owner == owners_of_secrets_.end() || !is_other(owner->second)) continue;
        return fmt::format(
            "peer {} (line {}): one of its JWT secrets belongs to peer {}, which was created through the Admin API",
            wanted.name, wanted.line, owner->second->uuid.text());
    }
    for (const ilp::digest& key : lone_keys_of(made)) {
        const auto owner = directory_.find_peer_by_lone_key(key);
        if (!is_other(owner)) continue;
        return fmt::format(
            "peer {} (line {}): one of its client keys belongs to peer {}, which was created through the Admin API, "
            "and neither has a token: give one of them a token",
            wanted.name, wanted.line, owner->uuid.text());
    }
    error found;
    for_each_prefix(made, [&](std::string_view prefix) {
        for (const auto& owner : directory_.owners_of(prefix)) {
            if (found || !is_other(owner) || owner->asset != made.asset) continue;
            found = fmt::format(
                "peer {} (line {}): peer {}, which was created through the Admin API, has the route '{}' in the same "
                "asset",
                wanted.name, wanted.line, owner->uuid.text(), prefix);
        }
    });
    return found;
}

void file_reader::drop_the_others() {
    for (const auto& [name, live] : live_by_name_) {
        if (taken_.contains(live->id)) continue;
        peer_record record;
        record.id = live->id;
        record.uuid = live->uuid.text();
        record.asset_id = live->asset->id;
        record.liquidity = {live->liquidity->id, account_kind::peer_liquidity, {}};
        record.created_at = live->created_at;
        record.terms = kept_terms_of(*live);
        record.terms.deleted_at = transaction_.now;
        transaction_.changed_peers.push_back({record.id, record.terms});
        transaction_.absent_peers.push_back(std::move(record));
        transaction_.peers.push_back({live, nullptr});
    }
    for (const auto& [id, record] : directory_.absent_peers()) {
        if (taken_.contains(id) || record.terms.deleted_at) continue;
        transaction_.absent_peers.push_back(record);
        transaction_.absent_peers.back().terms.deleted_at = transaction_.now;
        transaction_.changed_peers.push_back({id, transaction_.absent_peers.back().terms});
    }
}

/// A peer of the API loses its name to a peer of the file with the same name, and is identified by its id from then on.
void file_reader::name_others_anew() {
    for (const config::peer_settings& wanted : settings_.peers) {
        const auto namesake = directory_.find_peer_by_name(wanted.name);
        if (!namesake || namesake->origin == origin::file || taken_.contains(namesake->id)) continue;
        const auto renamed = std::make_shared<peer>(*namesake);
        renamed->has_label = false;
        transaction_.peers.push_back({namesake, renamed});
    }
}

error file_reader::read_accounts() {
    for (const config::account_settings& wanted : settings_.accounts) {
        if (error found = take_account(wanted)) return found;
    }
    give_up_accounts();
    return std::nullopt;
}

/// A receiving account is known by its name. One that was made through the Admin API becomes one of the file, and is
/// enabled by that.
error file_reader::take_account(const config::account_settings& wanted) {
    const auto refuse = [&](std::string_view why) {
        return fmt::format("receiving account {} (line {}): {}", wanted.name, wanted.line, why);
    };
    if (!accounts_.insert(wanted.name).second) return refuse("another account in the list has the same name");
    const std::string asset_name = asset_text(wanted.asset.code, wanted.asset.scale);
    const asset* const asset = asset_of(wanted.asset);
    if (asset == nullptr) {
        return refuse(fmt::format("its asset {} is not in the list of assets: add it there", asset_name));
    }
    const auto before = directory_.find_receiving_account_by_name(wanted.name);
    if (before && before->asset != asset) {
        return refuse(
            fmt::format("the file names asset {}, but this account is in {}: the asset of an account cannot "
                        "change, so give the account in {} another name",
                        asset_name, asset_text(before->asset->code, before->asset->scale), asset_name));
    }
    if (before) {
        const auto made = std::make_shared<receiving_account>(*before);
        made->public_name = wanted.public_name.value_or("");
        made->origin = origin::file;
        made->enabled = before->enabled || before->origin == origin::api;
        if (*made == *before) return std::nullopt;
        transaction_.changed_receiving_accounts.push_back({made->id, kept_terms_of(*made)});
        transaction_.receiving_accounts.push_back({before, made});
        return std::nullopt;
    }
    receiving_account_record& added = transaction_.new_receiving_accounts.emplace_back();
    added.id = ++last_account_id_;
    added.uuid = new_uuid();
    added.asset_id = asset->id;
    added.liquidity = transaction_.open_account(account_kind::receiving, asset->id);
    added.created_at = transaction_.now;
    added.terms = {.name = wanted.name,
                   .public_name = wanted.public_name.value_or(""),
                   .origin = origin::file,
                   .enabled = true,
                   .deleted_at = std::nullopt};
    auto made = receiving_account_of(added, *asset, transaction_.keeper.ledger());
    if (!made) return refuse(made.error());
    transaction_.receiving_accounts.push_back({nullptr, *std::move(made)});
    return std::nullopt;
}

/// An account that is no longer in the file belongs to the Admin API from then on, so that what is on it can be
/// withdrawn. Whoever removed it expects no further payments to it.
void file_reader::give_up_accounts() {
    for (const auto& before : directory_.receiving_accounts()) {
        if (before->origin != origin::file || accounts_.contains(before->name)) continue;
        const auto made = std::make_shared<receiving_account>(*before);
        made->origin = origin::api;
        made->enabled = false;
        transaction_.changed_receiving_accounts.push_back({made->id, kept_terms_of(*made)});
        transaction_.receiving_accounts.push_back({before, made});
        transaction_.notes.push_back(
            fmt::format("receiving account {} is no longer in the file: it is disabled, and what is on it stays there; "
                        "to withdraw it, run `ilpctl account withdraw {} AMOUNT`, and then `ilpctl account delete {}`",
                        made->name, made->name, made->name));
    }
}

}  // namespace

std::optional<std::string> apply_file(const config::settings& settings, const directory& directory,
                                      transaction& transaction) {
    return file_reader{settings, directory, transaction}.run();
}

std::expected<std::vector<std::string>, std::string> take_file(const config::settings& settings,
                                                               administration& administration, bookkeeper& keeper,
                                                               ilp::timestamp now, std::function<void()> done) {
    transaction transaction{keeper, now};
    if (auto problem = apply_file(settings, administration.known(), transaction)) {
        return std::unexpected{std::move(*problem)};
    }
    if (auto written = administration.commit(transaction, std::move(done)); !written) {
        return std::unexpected{std::move(written).error().message};
    }
    return std::move(transaction.notes);
}

}  // namespace peering
