#pragma once

#include "ilp/address.hpp"
#include "ilp/condition.hpp"
#include "peering/kept_terms.hpp"
#include "peering/page.hpp"
#include "peering/peer.hpp"
#include "peering/route_table.hpp"
#include "peering/store.hpp"
#include "peering/table_by_text.hpp"
#include "peering/token_table.hpp"

#include <boost/container/flat_map.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace peering {

/// An asset with its terms as they are now.
struct asset_entry {
    const peering::asset* asset = nullptr;  ///< stays while the daemon runs
    asset_terms terms;
    std::size_t peers = 0;  ///< that trade in it
};

/// An asset that is new or has other terms now.
struct asset_update {
    std::shared_ptr<const asset> added;  ///< null: known already
    std::uint32_t id = 0;
    asset_terms terms;
};

/// One route as operators see it.
struct listed_route {
    std::string prefix;
    std::shared_ptr<const peer> next_hop;
    std::string cursor{};
};

/// Whom we trade with, and in what: what operators see and decide by. Packet threads have tables of their own
/// (connector/network.hpp), which are brought up to date with the same updates.
///
/// Any thread may read. Only the committer's thread changes it, after the store has the change, so that thread may rely
/// on what it has read.
class directory {
public:
    explicit directory(ilp::address own_address) : own_address_{std::move(own_address)} {}
    directory(const directory&) = delete;
    directory& operator=(const directory&) = delete;

    const ilp::address& own_address() const noexcept { return own_address_; }

    // Assets; what begins with find_ finds deleted ones, too.

    std::optional<asset_entry> find_asset(std::uint32_t id) const;
    std::optional<asset_entry> find_asset(std::string_view uuid) const;
    std::optional<asset_entry> find_asset(std::string_view code, std::uint8_t scale) const;
    /// By its liquidity or settlement account.
    std::optional<asset_entry> find_asset_by_account(account_id account) const;
    std::vector<asset_entry> assets() const;  ///< in the order of their making
    page<asset_entry> assets(const page_request& request) const;
    std::size_t asset_count() const;

    // Peers. What is null is unknown.

    using peer_pointer = std::shared_ptr<const peer>;
    peer_pointer find_peer(std::string_view uuid) const;
    peer_pointer find_peer_by_name(std::string_view name) const;
    peer_pointer find_peer_by_token(const ilp::digest& token) const;
    /// The owner of a liquidity account.
    peer_pointer find_peer_by_account(account_id account) const;
    std::vector<peer_pointer> peers() const;  ///< in the order of their making
    page<peer_pointer> peers(const page_request& request) const;
    std::size_t peer_count() const;

    // Routes.

    /// As a packet to this address would go; `sent_in` decides between peers that share a prefix. The prefix that led
    /// there is given, too. Precondition: the address is valid.
    std::optional<listed_route> find_route(std::string_view address, const asset* sent_in) const;
    /// Those whose prefix begins with `beginning`, in the order of their peers' making. `after` is a cursor of such a
    /// page; an unknown one makes an empty page.
    page<listed_route> routes(const std::optional<std::string>& after, std::size_t size,
                              std::string_view beginning) const;
    /// The peer with the longest prefix of the address, among those of one asset.
    peer_pointer find_peer_by_address(std::string_view address, const asset& asset) const;
    /// Who has exactly this prefix.
    std::vector<peer_pointer> owners_of(std::string_view prefix) const;
    std::size_t route_count() const;

    // For the committer's thread.

    void apply(std::span<const asset_update> assets, std::span<const peer_update> peers);

    /// Peers of the file that have left it: their accounts wait for them.
    const std::map<std::uint32_t, peer_record>& absent_peers() const noexcept { return absent_; }
    void set_absent(peer_record peer) { absent_.insert_or_assign(peer.id, std::move(peer)); }
    void forget_absent(std::uint32_t id) { absent_.erase(id); }

    std::uint32_t last_asset_id() const noexcept { return last_asset_id_; }
    std::uint32_t last_peer_id() const noexcept { return last_peer_id_; }
    void count_peer_id(std::uint32_t id) noexcept { last_peer_id_ = std::max(last_peer_id_, id); }

private:
    struct known_asset {
        std::shared_ptr<const peering::asset> asset;
        asset_terms terms;
        std::size_t peers = 0;
    };

    static asset_entry entry_of(const known_asset& known) { return {known.asset.get(), known.terms, known.peers}; }
    peer_pointer pointer_to(const peer* peer) const;
    void add(const peer_pointer& peer);
    void remove(const peer& peer);

    const ilp::address own_address_;

    mutable std::shared_mutex mutex_;
    std::map<std::uint32_t, known_asset> assets_;
    std::unordered_map<std::string_view, std::uint32_t> asset_by_uuid_;
    std::map<std::pair<std::string_view, std::uint8_t>, std::uint32_t> asset_by_key_;

    boost::container::flat_map<std::uint32_t, peer_pointer>
        peers_;  ///< new ones come last; one that goes moves the rest
    table_by_text<peer, &peer::uuid> peer_by_uuid_;
    table_by_text<peer, &peer::name> peer_by_name_;
    boost::unordered_flat_map<account_id, std::uint32_t> peer_by_account_;
    token_table tokens_;
    route_table routes_;

    // The committer's thread alone.
    std::map<std::uint32_t, peer_record> absent_;
    std::uint32_t last_asset_id_ = 0;
    std::uint32_t last_peer_id_ = 0;
};

}  // namespace peering
