#pragma once

#include "ilp/amount.hpp"
#include "ilp/condition.hpp"
#include "peering/administration/peer_input.hpp"
#include "peering/administration/refusal.hpp"
#include "peering/administration/transaction.hpp"
#include "peering/book/bookkeeper.hpp"
#include "peering/directory/directory.hpp"
#include "peering/directory/peer.hpp"
#include "peering/directory/receiving_account.hpp"
#include "peering/directory/terms_update.hpp"
#include "peering/store/store.hpp"

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peering {

struct asset_thresholds {
    std::optional<ilp::amount> withdrawal{};
    std::optional<ilp::amount> liquidity{};
};

/// A receiving account as an operator describes it. The strings have not been validated yet.
struct receiving_account_wanted {
    std::string asset_uuid{};
    std::string name{};
    std::string public_name{};  ///< empty: none
};

/// Partial update: nullopt leaves a field as it is.
struct receiving_account_edit {
    std::optional<std::string> public_name{};  ///< empty: none
    std::optional<bool> enabled{};
};

/// The changes that operators can make to assets, peers and receiving accounts while the daemon runs. Each call runs on
/// the committer's thread, validates the request against the current directory and ledger, and either adds the changes
/// to the transaction or returns a refusal. commit() writes them. A transaction holds the changes of one call. Refusals
/// use the wording of the Admin API.
class administration {
public:
    /// Receives the peers and receiving accounts whose terms have changed, so that packets are handled by the new
    /// terms. Called on the committer's thread; must not block. It must arrange for `done` to be called, from any
    /// thread, once every packet thread uses the new terms.
    using publication = std::function<void(terms_update updates, std::function<void()> done)>;

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

    /// From now on, tokens that strangers could guess are refused. Call it if other machines can reach the listener for
    /// packets.
    void refuse_guessable_tokens() { strangers_may_guess_ = true; }

    /// From now on, packets may be sent in asynchronous mode. Before, that is refused. Call it like
    /// require_hold_times_above().
    void allow_asynchronous_mode() { has_callback_url_ = true; }
    /// The URL at which this node accepts packets, if it is known. No peer gets an endpoint there, because packets
    /// would come back.
    void set_own_url(std::optional<config::http_endpoint> url) { own_url_ = std::move(url); }

    using asset_outcome = std::expected<asset_entry, refusal>;
    asset_outcome create_asset(transaction& transaction, std::string_view code, std::uint8_t scale,
                               const asset_thresholds& thresholds);
    asset_outcome update_asset(transaction& transaction, std::string_view uuid, const asset_thresholds& thresholds);
    asset_outcome delete_asset(transaction& transaction, std::string_view uuid);

    using peer_outcome = std::expected<std::shared_ptr<const peer>, refusal>;
    peer_outcome create_peer(transaction& transaction, const peer_wanted& wanted);
    peer_outcome update_peer(transaction& transaction, std::string_view uuid, const peer_edit& edit);
    /// Deletes a peer from or to which no payment was made, and takes back what was deposited for it, in the same
    /// transaction. Returns the peer as it was before.
    peer_outcome delete_peer(transaction& transaction, std::string_view uuid);
    peer_outcome set_enabled(transaction& transaction, std::string_view uuid, bool enabled);

    using receiving_account_outcome = std::expected<std::shared_ptr<const receiving_account>, refusal>;
    receiving_account_outcome create_receiving_account(transaction& transaction,
                                                       const receiving_account_wanted& wanted);
    /// An account of the file can only be disabled and enabled.
    receiving_account_outcome update_receiving_account(transaction& transaction, std::string_view uuid,
                                                       const receiving_account_edit& edit);
    /// Deletes an account that has no balance and for which no packet is in flight. Its history is kept, and its name
    /// is free. Returns the account as it was before.
    receiving_account_outcome delete_receiving_account(transaction& transaction, std::string_view uuid);

    /// Writes the transaction, updates the directory and publishes what has changed for packets. `done` is called, on
    /// any thread, once every packet thread uses the new terms. If the write fails, nothing has changed and `done` is
    /// not called.
    std::expected<void, store_error> commit(transaction& transaction, std::function<void()> done);

    const directory& known() const noexcept { return directory_; }

private:
    std::optional<refusal> check_terms(const peer& made, std::optional<refusal> found) const;
    std::optional<refusal> check_tokens(const std::vector<ilp::digest>& tokens, std::uint32_t owner) const;
    std::optional<refusal> check_jwt_secrets(const peer& made) const;
    std::optional<refusal> check_client_keys(const peer& made) const;
    std::optional<refusal> check_endpoint(const peer& peer) const;
    std::optional<refusal> check_prefixes(const peer& peer) const;
    std::optional<refusal> check_unused(bookkeeper& keeper, const peer& peer) const;
    bool may_have_label(const peer& peer) const;
    kept_peer_terms terms_to_keep(const peer& peer) const;
    node_terms own_terms() const {
        return {directory_.own_address(), min_expiration_window_, strangers_may_guess_, has_callback_url_};
    }
    std::vector<watch_change> watches_of(const transaction& transaction) const;

    directory& directory_;
    bool strangers_may_guess_ = false;
    bool has_callback_url_ = false;
    std::optional<config::http_endpoint> own_url_;
    std::chrono::milliseconds min_expiration_window_{};
    publication publish_;
    std::function<void()> assets_changed_;
};

}  // namespace peering
