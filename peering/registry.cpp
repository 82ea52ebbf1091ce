#include "peering/registry.hpp"

#include "peering/record_text.hpp"
#include "peering/uuid.hpp"

#include <boost/unordered/unordered_flat_map.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace peering {

/// Open addressing by the first octets of a token's hash, which are random whatever the tokens are.
struct registry::index {
    struct slot {
        const peer* owner = nullptr;
        ilp::digest token{};
    };
    std::vector<slot> by_token;
    boost::unordered_flat_map<std::string_view, const peer*> by_name;

    std::size_t home(const ilp::digest& token) const noexcept {
        std::uint64_t prefix = 0;
        std::memcpy(&prefix, token.data(), sizeof prefix);
        return prefix & (by_token.size() - 1);
    }
    std::size_t next(std::size_t place) const noexcept { return (place + 1) & (by_token.size() - 1); }
};

registry::registry(std::deque<asset> assets, std::vector<peer> peers, std::uint32_t slots_given)
    : assets_{std::move(assets)},
      peers_{std::move(peers)},
      slot_count_{slots_given},
      index_{std::make_unique<index>()} {
    std::size_t tokens = 0;
    for (const peer& peer : peers_) {
        tokens += peer.incoming_tokens.size();
        slot_count_ = std::max(slot_count_, std::to_underlying(peer.slot) + 1);
    }
    index_->by_token.resize(std::bit_ceil(2 * tokens + 1));
    index_->by_name.reserve(peers_.size());
    for (const peer& peer : peers_) {
        index_->by_name.emplace(peer.name, &peer);
        for (const ilp::digest& token : peer.incoming_tokens) {
            std::size_t place = index_->home(token);
            while (index_->by_token[place].owner != nullptr) place = index_->next(place);
            index_->by_token[place] = {&peer, token};
        }
    }
}

registry::~registry() = default;

const peer* registry::find_by_token(const ilp::digest& token_hash) const noexcept {
    for (std::size_t place = index_->home(token_hash);; place = index_->next(place)) {
        const index::slot& slot = index_->by_token[place];
        if (slot.owner == nullptr) return nullptr;
        if (ilp::equal_in_constant_time(slot.token, token_hash)) return slot.owner;
    }
}

const peer* registry::find_by_name(std::string_view name) const noexcept {
    const auto found = index_->by_name.find(name);
    return found == index_->by_name.end() ? nullptr : found->second;
}

namespace {

using error = std::optional<std::string>;
using asset_key = std::pair<std::string, std::uint8_t>;

std::string asset_text(std::string_view code, std::uint8_t scale) {
    return fmt::format("{}/{}", code, scale);
}

/// Every liquidity account holds what an amount can say, and every asset adds up to zero.
error check_book(const catalogue& book) {
    struct asset_sum {
        std::string name;
        wide_amount debits = 0;
        wide_amount credits = 0;
    };
    std::unordered_map<std::uint32_t, asset_sum> sums;
    const auto broken = [](const account_record& account, const std::string& owner, std::string_view what) {
        return fmt::format("the book is broken: account {} ({}) {}: restore the store from a backup",
                           std::to_underlying(account.id), owner, what);
    };
    const auto count = [](asset_sum& sum, const account_record& account) {
        sum.debits += account.totals.debits_posted;  // both wrap alike: the comparison holds all the same
        sum.credits += account.totals.credits_posted;
    };
    const auto check = [&broken](const account_record& account, const std::string& owner) -> error {
        const account_totals& totals = account.totals;
        if (totals.credits_posted < totals.debits_posted) return broken(account, owner, "is below zero");
        if (totals.credits_posted - totals.debits_posted > std::numeric_limits<std::uint64_t>::max()) {
            return broken(account, owner, "is above the largest amount");
        }
        return std::nullopt;
    };
    for (const asset_record& asset : book.assets) {
        asset_sum& sum = sums[asset.id];
        sum.name = asset_text(asset.code, asset.scale);
        count(sum, asset.liquidity);
        count(sum, asset.settlement);
        if (error found = check(asset.liquidity, "liquidity of asset " + sum.name)) return found;
    }
    for (const peer_record& peer : book.peers) {
        const std::string owner = fmt::format("liquidity of peer {}", shown_name(peer.terms));
        const auto sum = sums.find(peer.asset_id);
        if (sum == sums.end()) return broken(peer.liquidity, owner, "has no asset");
        count(sum->second, peer.liquidity);
        if (error found = check(peer.liquidity, owner)) return found;
    }
    for (const asset_record& asset : book.assets) {
        const asset_sum& sum = sums[asset.id];
        if (sum.debits == sum.credits) continue;
        return broken(asset.settlement, "settlement of asset " + sum.name,
                      "does not balance the others: the sum over the asset is not zero");
    }
    return std::nullopt;
}

std::shared_ptr<peer_limits> make_limits(const config::peer_settings& settings, const peer* before) {
    struct terms {
        std::uint64_t rate;
        std::uint64_t burst;
    };
    const auto throughput = [](const std::optional<ilp::amount>& limit) -> std::optional<terms> {
        if (!limit) return std::nullopt;
        return terms{limit->value, limit->value};
    };
    std::optional<terms> packets;
    if (settings.packet_rate) {
        packets =
            terms{*settings.packet_rate, settings.packet_burst != 0 ? settings.packet_burst : *settings.packet_rate};
    }
    const std::optional<terms> incoming = throughput(settings.incoming_throughput);
    const std::optional<terms> outgoing = throughput(settings.outgoing_throughput);

    const auto same = [](const std::optional<token_bucket>& bucket, const std::optional<terms>& wanted) {
        if (!bucket || !wanted) return bucket.has_value() == wanted.has_value();
        return bucket->has_terms(wanted->rate, wanted->burst);
    };
    if (before != nullptr && same(before->limits->packet_rate, packets) &&
        same(before->limits->incoming_throughput, incoming) && same(before->limits->outgoing_throughput, outgoing)) {
        return before->limits;
    }
    auto limits = std::make_shared<peer_limits>();
    if (packets) limits->packet_rate.emplace(packets->rate, packets->burst);
    if (incoming) limits->incoming_throughput.emplace(incoming->rate, incoming->burst);
    if (outgoing) limits->outgoing_throughput.emplace(outgoing->rate, outgoing->burst);
    return limits;
}

/// One run of build_registry(). What can be refused is refused before anything is changed; what changes the store is
/// collected first, and written in one transaction.
class builder {
public:
    builder(const config::settings& settings, const catalogue& known, bookkeeper& keeper, const registry* previous)
        : settings_{settings}, known_{known}, keeper_{keeper}, ledger_{keeper.accounts()}, previous_{previous} {}

    error check();
    error match_peers();
    error write();
    std::shared_ptr<const registry> make();

private:
    /// A peer of the file with what the store knows of it.
    struct pairing {
        const config::peer_settings* wanted = nullptr;
        const peer_record* known = nullptr;  // null: new
    };

    void open_known_accounts();
    void collect_assets();
    void collect_peers();
    account_record new_account(account_kind kind, std::uint32_t asset);
    void deposit(const asset_record& asset, const account_record& to, ilp::amount amount);
    void watch_asset(const asset_record& asset, std::optional<ilp::amount> threshold);
    void watch_peer(const peer_record& peer, const asset_record& asset, std::optional<ilp::amount> threshold);

    const config::settings& settings_;
    const catalogue& known_;
    bookkeeper& keeper_;
    ledger& ledger_;
    const registry* previous_;
    ilp::timestamp now_ = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());

    std::map<asset_key, asset_record> assets_;
    std::vector<pairing> peers_;  // in the order of the file

    // Of the transaction.
    std::vector<asset_record> new_assets_;
    std::vector<peer_record> new_peers_;
    std::vector<peer_change> changed_peers_;
    std::vector<transfer_record> deposits_;
};

error builder::check() {
    // Later the ledger is ahead of what the store has of open accounts, if that keeps anything at all.
    if (previous_ == nullptr) {
        if (error broken = check_book(known_)) return broken;
    }
    for (const asset_record& asset : known_.assets) assets_.emplace(asset_key{asset.code, asset.scale}, asset);
    return std::nullopt;
}

error builder::match_peers() {
    std::unordered_map<std::string_view, const peer_record*> by_name;
    std::multimap<std::pair<std::string_view, std::uint32_t>, const peer_record*> by_address;
    std::unordered_map<std::uint32_t, const asset_record*> asset_by_id;
    for (const asset_record& asset : known_.assets) asset_by_id.emplace(asset.id, &asset);
    for (const peer_record& peer : known_.peers) {
        if (peer.terms.name) by_name.emplace(*peer.terms.name, &peer);
    }

    std::unordered_set<const peer_record*> taken;
    for (const config::peer_settings& wanted : settings_.peers) {
        const auto is_listed = [&wanted](const config::asset_settings& asset) {
            return asset.code == wanted.asset.code && asset.scale == wanted.asset.scale;
        };
        if (std::ranges::none_of(settings_.assets, is_listed)) {
            return fmt::format("peer {} (line {}): its asset {} is not in the list of assets: add it there",
                               wanted.name, wanted.line, asset_text(wanted.asset.code, wanted.asset.scale));
        }
        pairing& added = peers_.emplace_back(&wanted, nullptr);
        const auto found = by_name.find(wanted.name);
        if (found == by_name.end()) continue;
        const asset_record& asset = *asset_by_id.at(found->second->asset_id);
        if (asset.code != wanted.asset.code || asset.scale != wanted.asset.scale) {
            return fmt::format(
                "peer {} (line {}): the file says asset {}, but this peer has an account in {}: the asset of a peer "
                "cannot change, so give the peer in {} another name",
                wanted.name, wanted.line, asset_text(wanted.asset.code, wanted.asset.scale),
                asset_text(asset.code, asset.scale), asset_text(wanted.asset.code, wanted.asset.scale));
        }
        taken.insert(found->second);
        added.known = found->second;
    }

    for (const peer_record& peer : known_.peers) {
        if (!taken.contains(&peer))
            by_address.emplace(std::pair{std::string_view{peer.terms.ilp_address}, peer.asset_id}, &peer);
    }
    for (pairing& match : peers_) {
        if (match.known != nullptr) continue;
        const auto asset = assets_.find({match.wanted->asset.code, match.wanted->asset.scale});
        if (asset == assets_.end()) continue;
        const auto found = by_address.find({std::string_view{match.wanted->ilp_address.text()}, asset->second.id});
        if (found == by_address.end()) continue;
        match.known = found->second;
        by_address.erase(found);
    }
    return std::nullopt;
}

void builder::open_known_accounts() {
    const auto open = [this](const account_record& account, std::uint32_t asset) {
        if (ledger_.find(account.id) == nullptr) ledger_.open(account.id, account.kind, asset, account.totals);
    };
    for (const asset_record& asset : known_.assets) {
        open(asset.liquidity, asset.id);
        open(asset.settlement, asset.id);
    }
    for (const peer_record& peer : known_.peers) open(peer.liquidity, peer.asset_id);
}

account_record builder::new_account(account_kind kind, std::uint32_t asset) {
    const account_id id{std::to_underlying(ledger_.last_id()) + 1};
    ledger_.open(id, kind, asset, {});
    return {id, kind, {}};
}

void builder::deposit(const asset_record& asset, const account_record& to, ilp::amount amount) {
    if (amount.is_zero()) return;
    const leg held{ledger_.find(asset.settlement.id), ledger_.find(to.id), amount};
    ledger::hold({&held, 1});  // the account is empty: it has the room
    deposits_.push_back({.uuid = new_uuid(),
                         .kind = transfer_kind::deposit,
                         .state = transfer_state::posted,
                         .debit = asset.settlement.id,
                         .credit = to.id,
                         .amount = amount,
                         .expires_at = {}});
}

void builder::collect_assets() {
    std::uint32_t last_id = known_.assets.empty() ? 0 : known_.assets.back().id;
    for (const config::asset_settings& wanted : settings_.assets) {
        if (assets_.contains({wanted.code, wanted.scale})) continue;
        asset_record added;
        added.id = ++last_id;
        added.uuid = new_uuid();
        added.code = wanted.code;
        added.scale = wanted.scale;
        added.created_at = now_;
        added.liquidity = new_account(account_kind::asset_liquidity, added.id);
        added.settlement = new_account(account_kind::settlement, added.id);
        deposit(added, added.liquidity, wanted.liquidity);
        new_assets_.push_back(added);
        assets_.emplace(asset_key{wanted.code, wanted.scale}, std::move(added));
    }
}

void builder::collect_peers() {
    std::uint32_t last_id = known_.peers.empty() ? 0 : known_.peers.back().id;
    const auto is_new = [](const pairing& match) { return match.known == nullptr; };
    new_peers_.reserve(static_cast<std::size_t>(std::ranges::count_if(peers_, is_new)));  // pairings point into it
    for (pairing& match : peers_) {
        const config::peer_settings& wanted = *match.wanted;
        if (match.known != nullptr) {
            const kept_peer_terms& terms = match.known->terms;
            if (terms.name != wanted.name || terms.ilp_address != wanted.ilp_address.text()) {
                peer_change& changed = changed_peers_.emplace_back(match.known->id, terms);
                changed.terms.name = wanted.name;
                changed.terms.ilp_address = wanted.ilp_address.text();
            }
            continue;
        }
        const asset_record& asset = assets_.at({wanted.asset.code, wanted.asset.scale});
        peer_record& added = new_peers_.emplace_back();
        added.id = ++last_id;
        added.uuid = new_uuid();
        added.created_at = now_;
        added.terms.name = wanted.name;
        added.terms.ilp_address = wanted.ilp_address.text();
        added.asset_id = asset.id;
        added.liquidity = new_account(account_kind::peer_liquidity, asset.id);
        deposit(asset, added.liquidity, wanted.liquidity);
        match.known = &added;
    }
}

error builder::write() {
    open_known_accounts();
    collect_assets();
    collect_peers();
    if (new_assets_.empty() && new_peers_.empty() && changed_peers_.empty()) return std::nullopt;
    const auto written = keeper_.write({.new_assets = new_assets_,
                                        .new_peers = new_peers_,
                                        .changed_peers = changed_peers_,
                                        .new_transfers = deposits_});
    return written ? std::nullopt : error{written.error().message};
}

void builder::watch_asset(const asset_record& asset, std::optional<ilp::amount> threshold) {
    std::optional<liquidity_watch> watch;
    if (threshold) {
        watch = {*threshold, account_kind::asset_liquidity, asset.uuid, asset.uuid, asset.code, asset.scale};
    }
    keeper_.watches().watch(asset.liquidity.id, std::move(watch));
}

void builder::watch_peer(const peer_record& peer, const asset_record& asset, std::optional<ilp::amount> threshold) {
    std::optional<liquidity_watch> watch;
    if (threshold) {
        watch = {*threshold, account_kind::peer_liquidity, peer.uuid, asset.uuid, asset.code, asset.scale};
    }
    keeper_.watches().watch(peer.liquidity.id, std::move(watch));
}

std::shared_ptr<const registry> builder::make() {
    std::deque<asset> assets;
    std::map<asset_key, const asset*> asset_by_key;
    for (const config::asset_settings& wanted : settings_.assets) {
        const asset_record& record = assets_.at({wanted.code, wanted.scale});
        asset& made = assets.emplace_back();
        made.id = record.id;
        made.uuid = record.uuid;
        made.code = record.code;
        made.scale = record.scale;
        made.liquidity_threshold = wanted.liquidity_threshold;
        made.liquidity = ledger_.find(record.liquidity.id);
        made.settlement = ledger_.find(record.settlement.id);
        asset_by_key.emplace(asset_key{wanted.code, wanted.scale}, &made);
        watch_asset(record, wanted.liquidity_threshold);
    }

    std::unordered_map<std::uint32_t, const peer*> before;
    std::uint32_t slots = 0;
    if (previous_ != nullptr) {
        slots = previous_->slot_count();
        for (const peer& peer : previous_->peers()) before.emplace(peer.id, &peer);
    }
    std::vector<peer> peers;
    peers.reserve(peers_.size());
    ilp::sha256 sha256;
    for (const pairing& match : peers_) {
        const config::peer_settings& wanted = *match.wanted;
        const auto found = before.find(match.known->id);
        const peer* const old = found == before.end() ? nullptr : found->second;
        std::vector<ilp::digest> tokens;
        tokens.reserve(wanted.http.incoming.auth_tokens.size());
        for (const config::secret& token : wanted.http.incoming.auth_tokens) {
            tokens.push_back(sha256(ilp::as_bytes(token.reveal())));
        }
        peers.push_back({
            .id = match.known->id,
            .uuid = match.known->uuid,
            .slot = old != nullptr ? old->slot : peer_slot{slots++},
            .name = wanted.name,
            .address = wanted.ilp_address,
            .asset = asset_by_key.at({wanted.asset.code, wanted.asset.scale}),
            .routes = wanted.routes,
            .max_packet_amount = wanted.max_packet_amount,
            .spread = wanted.spread,
            .liquidity_threshold = wanted.liquidity_threshold,
            .return_to_source = wanted.return_to_source,
            .incoming_tokens = std::move(tokens),
            .outgoing = wanted.http.outgoing,
            .liquidity = ledger_.find(match.known->liquidity.id),
            .limits = make_limits(wanted, old),
        });
        watch_peer(*match.known, assets_.at({wanted.asset.code, wanted.asset.scale}), wanted.liquidity_threshold);
    }
    return std::make_shared<const registry>(std::move(assets), std::move(peers), slots);
}

/// The file's names and tokens must tell its peers apart.
error check_unique(const config::settings& settings) {
    std::unordered_map<std::string_view, const config::peer_settings*> names;
    std::unordered_map<std::string_view, const config::peer_settings*> tokens;
    for (const config::peer_settings& peer : settings.peers) {
        const auto [namesake, is_new_name] = names.emplace(peer.name, &peer);
        if (!is_new_name) {
            return fmt::format("peer {} (line {}): line {} has a peer of the same name", peer.name, peer.line,
                               namesake->second->line);
        }
        for (const config::secret& token : peer.http.incoming.auth_tokens) {
            const auto [owner, is_new_token] = tokens.emplace(token.reveal(), &peer);
            if (is_new_token) continue;
            return fmt::format("peer {} (line {}): an incoming token stands twice, here and at peer {} (line {})",
                               peer.name, peer.line, owner->second->name, owner->second->line);
        }
    }
    return std::nullopt;
}

}  // namespace

std::expected<std::shared_ptr<const registry>, std::string> build_registry(const config::settings& settings,
                                                                           const catalogue& known, bookkeeper& keeper,
                                                                           const registry* previous) {
    if (error found = check_unique(settings)) return std::unexpected{std::move(*found)};
    builder builder{settings, known, keeper, previous};
    for (const auto step : {&builder::check, &builder::match_peers, &builder::write}) {
        if (error found = (builder.*step)()) return std::unexpected{std::move(*found)};
    }
    return builder.make();
}

}  // namespace peering
