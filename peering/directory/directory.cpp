#include "peering/directory/directory.hpp"

#include "peering/directory/next_hop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <mutex>
#include <ranges>

namespace peering {

using reading = std::shared_lock<std::shared_mutex>;

std::optional<asset_entry> directory::find_asset(std::uint32_t id) const {
    const reading lock{mutex_};
    const auto found = assets_.find(id);
    return found == assets_.end() ? std::nullopt : std::optional{entry_of(found->second)};
}

std::optional<asset_entry> directory::find_asset(std::string_view uuid) const {
    const reading lock{mutex_};
    const auto found = asset_by_uuid_.find(uuid);
    return found == asset_by_uuid_.end() ? std::nullopt : std::optional{entry_of(assets_.at(found->second))};
}

std::optional<asset_entry> directory::find_asset(std::string_view code, std::uint8_t scale) const {
    const reading lock{mutex_};
    const auto found = asset_by_key_.find({code, scale});
    return found == asset_by_key_.end() ? std::nullopt : std::optional{entry_of(assets_.at(found->second))};
}

std::optional<asset_entry> directory::find_asset_by_account(account_id account) const {
    const reading lock{mutex_};
    for (const auto& [id, known] : assets_) {
        if (known.asset->liquidity->id == account || known.asset->settlement->id == account) return entry_of(known);
    }
    return std::nullopt;
}

namespace {

constexpr auto is_live = [](const auto& known) { return !known.second.terms.deleted_at.has_value(); };

}  // namespace

std::vector<asset_entry> directory::assets() const {
    const reading lock{mutex_};
    std::vector<asset_entry> live;
    for (const auto& [id, known] : assets_ | std::views::filter(is_live)) live.push_back(entry_of(known));
    return live;
}

std::optional<page<asset_entry>> directory::assets(const page_request& request) const {
    const reading lock{mutex_};
    std::map<std::uint32_t, asset_entry> live;
    for (const auto& [id, known] : assets_ | std::views::filter(is_live)) live.emplace(id, entry_of(known));
    return cut_page(live, request, [&](std::string_view uuid) -> std::optional<std::uint32_t> {
        const auto found = asset_by_uuid_.find(uuid);
        if (found == asset_by_uuid_.end() || !live.contains(found->second)) return std::nullopt;
        return found->second;
    });
}

std::size_t directory::asset_count() const {
    const reading lock{mutex_};
    return static_cast<std::size_t>(std::ranges::count_if(assets_, is_live));
}

directory::peer_pointer directory::pointer_to(const peer* peer) const {
    return peer == nullptr ? nullptr : peers_.at(peer->id);
}

directory::peer_pointer directory::find_peer(std::string_view uuid) const {
    const reading lock{mutex_};
    return pointer_to(peer_by_uuid_.find(uuid));
}

directory::peer_pointer directory::find_peer_by_name(std::string_view name) const {
    const reading lock{mutex_};
    return pointer_to(peer_by_name_.find(name));
}

directory::peer_pointer directory::find_peer_by_token(const ilp::digest& token) const {
    const reading lock{mutex_};
    return pointer_to(tokens_.find(token));
}

directory::peer_pointer directory::find_peer_by_lone_key(const ilp::digest& key) const {
    const reading lock{mutex_};
    return pointer_to(lone_keys_.find(key));
}

directory::peer_pointer directory::find_peer_by_account(account_id account) const {
    const reading lock{mutex_};
    const auto found = peer_by_account_.find(account);
    return found == peer_by_account_.end() ? nullptr : peers_.at(found->second);
}

std::vector<directory::peer_pointer> directory::peers() const {
    const reading lock{mutex_};
    const auto all = peers_ | std::views::values;
    return {all.begin(), all.end()};
}

std::optional<page<directory::peer_pointer>> directory::peers(const page_request& request) const {
    const reading lock{mutex_};
    return cut_page(peers_, request, [&](std::string_view uuid) -> std::optional<std::uint32_t> {
        const peer* const found = peer_by_uuid_.find(uuid);
        return found == nullptr ? std::nullopt : std::optional{found->id};
    });
}

std::size_t directory::peer_count() const {
    const reading lock{mutex_};
    return peers_.size();
}

directory::receiver_pointer directory::pointer_to(const receiving_account* receiver) const {
    return receiver == nullptr ? nullptr : receivers_.at(receiver->id);
}

directory::receiver_pointer directory::find_receiving_account(std::string_view uuid) const {
    const reading lock{mutex_};
    return pointer_to(receiver_by_uuid_.find(uuid));
}

directory::receiver_pointer directory::find_receiving_account_by_name(std::string_view name) const {
    const reading lock{mutex_};
    return pointer_to(receiver_by_name_.find(name));
}

directory::receiver_pointer directory::find_receiving_account_by_account(account_id account) const {
    const reading lock{mutex_};
    const auto found = receiver_by_account_.find(account);
    return found == receiver_by_account_.end() ? nullptr : receivers_.at(found->second);
}

std::vector<directory::receiver_pointer> directory::receiving_accounts() const {
    const reading lock{mutex_};
    const auto all = receivers_ | std::views::values;
    return {all.begin(), all.end()};
}

std::optional<page<directory::receiver_pointer>> directory::receiving_accounts(const page_request& request) const {
    const reading lock{mutex_};
    return cut_page(receivers_, request, [&](std::string_view uuid) -> std::optional<std::uint32_t> {
        const receiving_account* const found = receiver_by_uuid_.find(uuid);
        return found == nullptr ? std::nullopt : std::optional{found->id};
    });
}

std::size_t directory::receiving_account_count() const {
    const reading lock{mutex_};
    return receivers_.size();
}

std::optional<listed_route> directory::find_route(std::string_view address, const asset* packet_asset) const {
    const reading lock{mutex_};
    const peer* const next_hop = find_next_hop(routes_, own_address_, address, packet_asset).peer;
    if (next_hop == nullptr) return std::nullopt;
    std::string_view longest;
    for_each_prefix(*next_hop, [&](std::string_view prefix) {
        if (ilp::covers(prefix, address) && prefix.size() > longest.size()) longest = prefix;
    });
    return listed_route{std::string{longest}, pointer_to(next_hop)};
}

std::optional<page<listed_route>> directory::routes(const std::optional<std::string>& after, std::size_t size,
                                                    std::string_view beginning) const {
    // A cursor consists of the id of a peer and the index of the prefix among that peer's prefixes.
    std::pair<std::uint32_t, std::uint32_t> place{0, 0};
    if (after) {
        const char* const end = after->data() + after->size();
        const auto id = std::from_chars(after->data(), end, place.first);
        if (id.ec != std::errc{} || id.ptr == end || *id.ptr != '.') return std::nullopt;
        const auto number = std::from_chars(id.ptr + 1, end, place.second);
        if (number.ec != std::errc{} || number.ptr != end) return std::nullopt;
    }
    const reading lock{mutex_};
    if (place.first > last_peer_id_) return std::nullopt;
    page<listed_route> found;
    for (auto peer = peers_.lower_bound(place.first); peer != peers_.end() && !found.has_next; ++peer) {
        std::uint32_t number = 0;
        for_each_prefix(*peer->second, [&](std::string_view prefix) {
            const std::pair here{peer->first, number++};
            if (!prefix.starts_with(beginning)) return;
            if (after && here <= place) {
                found.has_previous = true;
            } else if (found.entries.size() == size) {
                found.has_next = true;
            } else {
                found.entries.push_back(
                    {std::string{prefix}, peer->second, fmt::format("{}.{}", here.first, here.second)});
            }
        });
    }
    found.has_previous = found.has_previous || (after && !found.entries.empty() && place.first > 0);
    return found;
}

directory::peer_pointer directory::find_peer_by_address(std::string_view address, const asset& asset) const {
    const reading lock{mutex_};
    for (std::string_view prefix = address;;) {
        const auto owners = routes_.owners(prefix);
        const auto found = std::ranges::find(owners, &asset, &peer::asset);
        if (found != owners.end()) return pointer_to(*found);
        if (prefix.empty()) return nullptr;
        const std::size_t dot = prefix.rfind('.');
        prefix = prefix.substr(0, dot == std::string_view::npos ? 0 : dot);
    }
}

std::vector<directory::peer_pointer> directory::owners_of(std::string_view prefix) const {
    const reading lock{mutex_};
    std::vector<peer_pointer> owners;
    for (const peer* const owner : routes_.owners(prefix)) owners.push_back(pointer_to(owner));
    return owners;
}

std::size_t directory::route_count() const {
    const reading lock{mutex_};
    return routes_.size();
}

void directory::add(const peer_pointer& peer) {
    peers_.insert_or_assign(peer->id, peer);
    peer_by_uuid_.add(*peer);
    peer_by_name_.add(*peer);
    peer_by_account_.emplace(peer->liquidity->id, peer->id);
    tokens_.add(*peer);
    lone_keys_.add(*peer);
    routes_.add(*peer);
    ++assets_.at(peer->asset->id).peers;
    last_peer_id_ = std::max(last_peer_id_, peer->id);
}

void directory::remove(const peer& peer) {
    routes_.remove(peer);
    lone_keys_.remove(peer);
    tokens_.remove(peer);
    peer_by_account_.erase(peer.liquidity->id);
    peer_by_name_.remove(peer);
    peer_by_uuid_.remove(peer);
    --assets_.at(peer.asset->id).peers;
}

void directory::add(const receiver_pointer& receiver) {
    receivers_.insert_or_assign(receiver->id, receiver);
    receiver_by_uuid_.add(*receiver);
    receiver_by_name_.add(*receiver);
    receiver_by_account_.emplace(receiver->liquidity->id, receiver->id);
    ++assets_.at(receiver->asset->id).receiving_accounts;
    last_receiver_id_ = std::max(last_receiver_id_, receiver->id);
}

void directory::remove(const receiving_account& receiver) {
    receiver_by_account_.erase(receiver.liquidity->id);
    receiver_by_name_.remove(receiver);
    receiver_by_uuid_.remove(receiver);
    --assets_.at(receiver.asset->id).receiving_accounts;
}

void directory::apply(std::span<const asset_update> assets, std::span<const peer_update> peers,
                      std::span<const receiving_account_update> receivers) {
    const std::lock_guard lock{mutex_};
    for (const asset_update& update : assets) {
        if (update.added) {
            const asset& added =
                *assets_.emplace(update.id, known_asset{.asset = update.added, .terms = {}}).first->second.asset;
            asset_by_uuid_.emplace(added.uuid, added.id);
            asset_by_key_.emplace(std::pair{std::string_view{added.code}, added.scale}, added.id);
            last_asset_id_ = std::max(last_asset_id_, added.id);
        }
        assets_.at(update.id).terms = update.terms;
    }
    // Removals come first, because a name, token or route may pass from one peer to another.
    for (const peer_update& update : peers) {
        if (!update.before) continue;
        remove(*update.before);
        if (!update.after) peers_.erase(update.before->id);
    }
    if (peers_.empty()) peers_.reserve(peers.size());
    for (const peer_update& update : peers) {
        if (update.after) add(update.after);
    }
    for (const receiving_account_update& update : receivers) {
        if (!update.before) continue;
        remove(*update.before);
        if (!update.after) receivers_.erase(update.before->id);
    }
    for (const receiving_account_update& update : receivers) {
        if (update.after) add(update.after);
    }
}

}  // namespace peering
