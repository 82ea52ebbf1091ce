#pragma once

#include "ilp/address.hpp"
#include "ilp/condition.hpp"
#include "peering/directory/peer.hpp"
#include "peering/directory/receiving_account.hpp"
#include "peering/directory/route_table.hpp"
#include "peering/directory/table_by_text.hpp"
#include "peering/directory/token_table.hpp"
#include "peering/records/kept_terms.hpp"
#include "peering/records/page.hpp"
#include "peering/store/store.hpp"

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

/// An asset with its current terms.
struct asset_entry {
    const peering::asset* asset = nullptr;  ///< valid while the daemon runs
    asset_terms terms;
    std::size_t peers = 0;               ///< number of peers that trade in it
    std::size_t receiving_accounts = 0;  ///< number of receiving accounts in it
};

/// An asset that is new or whose terms have changed.
struct asset_update {
    std::shared_ptr<const asset> added;  ///< null if the asset is already known
    std::uint32_t id = 0;
    asset_terms terms;
};

/// A route as shown to operators.
struct listed_route {
    std::string prefix;
    std::shared_ptr<const peer> next_hop;
    std::string cursor{};
};

/// The assets and peers that we trade with, and our receiving accounts: what operators see, and what decisions are
/// based on. Packet threads have their own tables (connector/routing/forwarding_table.hpp), which receive the same
/// updates.
///
/// Any thread may read. Only the committer's thread modifies the directory, after the store has committed the change,
/// so what that thread has read cannot change under it.
class directory {
public:
    explicit directory(ilp::address own_address) : own_address_{std::move(own_address)} {}
    directory(const directory&) = delete;
    directory& operator=(const directory&) = delete;

    const ilp::address& own_address() const noexcept { return own_address_; }

    // Assets. The find_ functions also find deleted assets.

    std::optional<asset_entry> find_asset(std::uint32_t id) const;
    std::optional<asset_entry> find_asset(std::string_view uuid) const;
    std::optional<asset_entry> find_asset(std::string_view code, std::uint8_t scale) const;
    /// By its liquidity or settlement account.
    std::optional<asset_entry> find_asset_by_account(account_id account) const;
    std::vector<asset_entry> assets() const;                                     ///< in the order of creation
    std::optional<page<asset_entry>> assets(const page_request& request) const;  ///< nullopt: unknown cursor
    std::size_t asset_count() const;

    // Peers. Null means unknown.

    using peer_pointer = std::shared_ptr<const peer>;
    peer_pointer find_peer(std::string_view uuid) const;
    peer_pointer find_peer_by_name(std::string_view name) const;
    peer_pointer find_peer_by_token(const ilp::digest& token) const;
    /// The peer without tokens that has this client key.
    peer_pointer find_peer_by_lone_key(const ilp::digest& key) const;
    /// The owner of a liquidity account.
    peer_pointer find_peer_by_account(account_id account) const;
    std::vector<peer_pointer> peers() const;                                     ///< in the order of creation
    std::optional<page<peer_pointer>> peers(const page_request& request) const;  ///< nullopt: unknown cursor
    std::size_t peer_count() const;

    // Receiving accounts. Null means unknown.

    using receiver_pointer = std::shared_ptr<const receiving_account>;
    receiver_pointer find_receiving_account(std::string_view uuid) const;
    receiver_pointer find_receiving_account_by_name(std::string_view name) const;
    receiver_pointer find_receiving_account_by_account(account_id account) const;
    std::vector<receiver_pointer> receiving_accounts() const;  ///< in the order of creation
    /// Nullopt: unknown cursor.
    std::optional<page<receiver_pointer>> receiving_accounts(const page_request& request) const;
    std::size_t receiving_account_count() const;

    // Routes.

    /// The route that a packet to this address would take, with the prefix that matched. `packet_asset` decides between
    /// peers that share a prefix. Precondition: the address is valid.
    std::optional<listed_route> find_route(std::string_view address, const asset* packet_asset) const;
    /// The routes whose prefix begins with `beginning`, in the order in which their peers were created. `after` is a
    /// cursor from such a page, whose route may be gone meanwhile. Returns nullopt for what is not such a cursor.
    std::optional<page<listed_route>> routes(const std::optional<std::string>& after, std::size_t size,
                                             std::string_view beginning) const;
    /// The peer with the longest prefix that covers the address, among the peers of one asset.
    peer_pointer find_peer_by_address(std::string_view address, const asset& asset) const;
    /// The peers that have exactly this prefix.
    std::vector<peer_pointer> owners_of(std::string_view prefix) const;
    std::size_t route_count() const;

    // Only for the committer's thread.

    void apply(std::span<const asset_update> assets, std::span<const peer_update> peers,
               std::span<const receiving_account_update> receivers = {});

    /// Peers that have been removed from the file. Their accounts are kept for their return.
    const std::map<std::uint32_t, peer_record>& absent_peers() const noexcept { return absent_; }
    void set_absent(peer_record peer) { absent_.insert_or_assign(peer.id, std::move(peer)); }
    void forget_absent(std::uint32_t id) { absent_.erase(id); }

    std::uint32_t last_asset_id() const noexcept { return last_asset_id_; }
    std::uint32_t last_peer_id() const noexcept { return last_peer_id_; }
    std::uint32_t last_receiving_account_id() const noexcept { return last_receiver_id_; }
    void count_peer_id(std::uint32_t id) noexcept { last_peer_id_ = std::max(last_peer_id_, id); }
    void count_receiving_account_id(std::uint32_t id) noexcept { last_receiver_id_ = std::max(last_receiver_id_, id); }

private:
    struct known_asset {
        std::shared_ptr<const peering::asset> asset;
        asset_terms terms;
        std::size_t peers = 0;
        std::size_t receiving_accounts = 0;
    };

    static asset_entry entry_of(const known_asset& known) {
        return {known.asset.get(), known.terms, known.peers, known.receiving_accounts};
    }
    peer_pointer pointer_to(const peer* peer) const;
    receiver_pointer pointer_to(const receiving_account* receiver) const;
    void add(const peer_pointer& peer);
    void remove(const peer& peer);
    void add(const receiver_pointer& receiver);
    void remove(const receiving_account& receiver);

    const ilp::address own_address_;

    mutable std::shared_mutex mutex_;
    std::map<std::uint32_t, known_asset> assets_;
    std::unordered_map<std::string_view, std::uint32_t> asset_by_uuid_;
    std::map<std::pair<std::string_view, std::uint8_t>, std::uint32_t> asset_by_key_;

    boost::container::flat_map<std::uint32_t, peer_pointer>
        peers_;  ///< new peers are appended; erasing one moves those behind it
    table_by_text<peer, &peer::uuid> peer_by_uuid_;
    table_by_text<peer, &peer::name> peer_by_name_;
    boost::unordered_flat_map<account_id, std::uint32_t> peer_by_account_;
    token_table tokens_;
    lone_key_table lone_keys_;
    route_table routes_;

    std::map<std::uint32_t, receiver_pointer> receivers_;
    table_by_text<receiving_account, &receiving_account::uuid> receiver_by_uuid_;
    table_by_text<receiving_account, &receiving_account::name> receiver_by_name_;
    boost::unordered_flat_map<account_id, std::uint32_t> receiver_by_account_;

    // Used only by the committer's thread.
    std::map<std::uint32_t, peer_record> absent_;
    std::uint32_t last_asset_id_ = 0;
    std::uint32_t last_peer_id_ = 0;
    std::uint32_t last_receiver_id_ = 0;
};

}  // namespace peering
