#pragma once

#include "ilp/amount.hpp"
#include "ilp/condition.hpp"
#include "peering/administration/refusal.hpp"
#include "peering/book/bookkeeper.hpp"
#include "peering/directory/directory.hpp"
#include "peering/directory/peer.hpp"
#include "peering/records/idempotency_record.hpp"
#include "peering/records/transfer.hpp"
#include "peering/store/store.hpp"

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace peering {

struct asset_thresholds {
    std::optional<ilp::amount> withdrawal{};
    std::optional<ilp::amount> liquidity{};
};

/// A peer as an operator describes it. The strings have not been validated yet.
struct peer_wanted {
    std::string asset_uuid{};
    std::string ilp_address{};
    std::optional<std::string> name{};
    std::vector<std::string> routes{};  ///< may include the peer's own address
    std::optional<ilp::amount> max_packet_amount{};
    std::optional<std::chrono::milliseconds> max_hold_time{};
    std::optional<ilp::amount> liquidity_threshold{};
    std::optional<ilp::amount> initial_liquidity{};
    std::vector<std::string> incoming_tokens{};
    std::string outgoing_endpoint{};
    std::string outgoing_token{};
    std::optional<auto_peered_terms> auto_peered{};
};

/// Partial update: an outer nullopt leaves a field as it is, an inner nullopt clears it.
struct peer_edit {
    std::optional<std::string> ilp_address{};
    std::optional<std::optional<std::string>> name{};
    std::optional<std::vector<std::string>> routes{};
    std::optional<std::optional<ilp::amount>> max_packet_amount{};
    std::optional<std::optional<std::chrono::milliseconds>> max_hold_time{};
    std::optional<std::optional<ilp::amount>> liquidity_threshold{};
    std::optional<std::vector<std::string>> incoming_tokens{};
    /// An endpoint chosen by an operator may be at any address, including private ones.
    std::optional<std::string> outgoing_endpoint{};
    std::optional<std::string> outgoing_token{};
    std::optional<auto_peered_terms> auto_peered{};
};

/// A change of assets, peers and liquidity while it is being prepared: what will be written, and what has to follow
/// once it has been written. If it is destroyed without administration::commit(), nothing has changed.
struct transaction {
    transaction(bookkeeper& keeper, ilp::timestamp now) : keeper{keeper}, now{now} {}
    ~transaction() { ledger::release(held); }
    transaction(const transaction&) = delete;
    transaction& operator=(const transaction&) = delete;

    bookkeeper& keeper;
    const ilp::timestamp now;

    // Written to the store.
    std::vector<asset_record> new_assets;
    std::vector<asset_change> changed_assets;
    std::vector<peer_record> new_peers;
    std::vector<peer_change> changed_peers;
    std::vector<transfer_record> new_transfers;
    std::vector<idempotency_record> new_answers;
    std::optional<ilp::timestamp> forget_answers_before;

    // Applied elsewhere once the store has committed.
    std::vector<asset_update> assets;
    std::vector<peer_update> peers;
    std::vector<peer_record> absent_peers;        ///< peers that have been removed from the file
    std::vector<std::uint32_t> no_longer_absent;  ///< ids of peers that are in the file again

    /// Lines for the log, once the transaction is written: what the file says and what does not happen all the same.
    std::vector<std::string> notes;

    std::vector<leg> held;  ///< released unless the transaction is written

    /// Adds a deposit. Returns false if `to` lacks the headroom.
    bool deposit(account_id settlement, account_id to, ilp::amount amount);
    account_record open_account(account_kind kind, std::uint32_t asset);
};

/// The changes that operators can make to assets and peers while the daemon runs. Each call runs on the committer's
/// thread, validates the request against the current directory and ledger, and either adds the changes to the
/// transaction or returns a refusal. commit() writes them. A transaction holds the changes of one call. Refusals use
/// the wording of the Admin API.
class administration {
public:
    /// Receives the peers whose terms have changed, so that packets are handled by the new terms. Called on the
    /// committer's thread; must not block. It must arrange for `done` to be called, from any thread, once every packet
    /// thread uses the new terms.
    using publication = std::function<void(std::vector<peer_update> updates, std::function<void()> done)>;

    /// `known` must outlive the object. Changes are not published until publish_with() is called, because no packet
    /// thread runs before that.
    explicit administration(directory& known) : directory_{known} {}
    void publish_with(publication publish) { publish_ = std::move(publish); }
    /// A peer's longest hold time must be above this (connector.min_expiration_window). Call it before any other thread
    /// uses the object.
    void require_hold_times_above(std::chrono::milliseconds window) { min_expiration_window_ = window; }
    /// `callback` is called on the committer's thread when assets were added or their terms have changed; it must not
    /// block.
    void on_assets_changed(std::function<void()> callback) { assets_changed_ = std::move(callback); }

    using asset_outcome = std::expected<asset_entry, refusal>;
    asset_outcome create_asset(transaction& transaction, std::string_view code, std::uint8_t scale,
                               const asset_thresholds& thresholds);
    asset_outcome update_asset(transaction& transaction, std::string_view uuid, const asset_thresholds& thresholds);
    asset_outcome delete_asset(transaction& transaction, std::string_view uuid);

    using peer_outcome = std::expected<std::shared_ptr<const peer>, refusal>;
    peer_outcome create_peer(transaction& transaction, const peer_wanted& wanted);
    peer_outcome update_peer(transaction& transaction, std::string_view uuid, const peer_edit& edit);
    /// Returns the peer as it was before the deletion.
    peer_outcome delete_peer(transaction& transaction, std::string_view uuid);
    peer_outcome set_enabled(transaction& transaction, std::string_view uuid, bool enabled);

    /// Writes the transaction, updates the directory and publishes the changed peers. `done` is called, on any thread,
    /// once every packet thread uses the new terms. If the write fails, nothing has changed and `done` is not called.
    std::expected<void, store_error> commit(transaction& transaction, std::function<void()> done);

    const directory& known() const noexcept { return directory_; }

private:
    std::optional<refusal> check_tokens(const std::vector<ilp::digest>& tokens, std::uint32_t owner) const;
    std::optional<refusal> check_prefixes(const peer& peer) const;
    std::expected<bool, refusal> has_history(bookkeeper& keeper, const peer& peer) const;
    bool may_have_label(const peer& peer) const;
    std::vector<watch_change> watches_of(const transaction& transaction) const;

    directory& directory_;
    std::chrono::milliseconds min_expiration_window_{};
    publication publish_;
    std::function<void()> assets_changed_;
};

/// The part of a peer's terms that the store keeps.
kept_peer_terms kept_terms_of(const peer& peer);

/// Fills the directory, the ledger and the thresholds from the store's content when the daemon starts. Peers of the
/// file count as absent until apply_file(). The error message is meant for the operator: the book is broken, or a row
/// is invalid.
std::expected<void, std::string> open_directory(directory& directory, const catalogue& known, bookkeeper& keeper);

}  // namespace peering
