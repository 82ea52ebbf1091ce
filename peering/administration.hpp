#pragma once

#include "ilp/amount.hpp"
#include "ilp/condition.hpp"
#include "peering/bookkeeper.hpp"
#include "peering/directory.hpp"
#include "peering/kept_answer.hpp"
#include "peering/peer.hpp"
#include "peering/refusal.hpp"
#include "peering/store.hpp"
#include "peering/transfer.hpp"

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

/// A peer as operators describe it: texts are not checked yet.
struct peer_wanted {
    std::string asset_uuid{};
    std::string ilp_address{};
    std::optional<std::string> name{};
    std::vector<std::string> routes{};  ///< its own address may stand among them
    std::optional<ilp::amount> max_packet_amount{};
    std::optional<ilp::amount> liquidity_threshold{};
    std::optional<ilp::amount> initial_liquidity{};
    std::vector<std::string> incoming_tokens{};
    std::string outgoing_endpoint{};
    std::string outgoing_token{};
    std::optional<auto_peered_terms> auto_peered{};
};

/// What of a peer is to change. Absent: stays. An inner empty one clears.
struct peer_edit {
    std::optional<std::string> ilp_address{};
    std::optional<std::optional<std::string>> name{};
    std::optional<std::vector<std::string>> routes{};
    std::optional<std::optional<ilp::amount>> max_packet_amount{};
    std::optional<std::optional<ilp::amount>> liquidity_threshold{};
    std::optional<std::vector<std::string>> incoming_tokens{};
    /// One that an operator has chosen may lead anywhere.
    std::optional<std::string> outgoing_endpoint{};
    std::optional<std::string> outgoing_token{};
    std::optional<auto_peered_terms> auto_peered{};
};

/// One change of assets, peers and liquidity while it is being decided: what is to be written, and what follows from it
/// once it is. Destroyed without administration::commit(), it has changed nothing.
struct transaction {
    transaction(bookkeeper& keeper, ilp::timestamp now) : keeper{keeper}, now{now} {}
    ~transaction() { ledger::release(held); }
    transaction(const transaction&) = delete;
    transaction& operator=(const transaction&) = delete;

    bookkeeper& keeper;
    const ilp::timestamp now;

    // For the store.
    std::vector<asset_record> new_assets;
    std::vector<asset_change> changed_assets;
    std::vector<peer_record> new_peers;
    std::vector<peer_change> changed_peers;
    std::vector<transfer_record> new_transfers;
    std::vector<kept_answer> new_answers;
    std::optional<ilp::timestamp> forget_answers_before;

    // For everything else, when the store has it.
    std::vector<asset_update> assets;
    std::vector<peer_update> peers;
    std::vector<peer_record> absent_peers;        ///< left the file
    std::vector<std::uint32_t> no_longer_absent;  ///< are back in it

    std::vector<leg> held;  ///< given back unless it is written

    /// A deposit that is part of it.
    bool deposit(account_id settlement, account_id to, ilp::amount amount);
    account_record open_account(account_kind kind, std::uint32_t asset);
};

/// What operators may do to assets and peers while the daemon runs. Each call decides on the committer's thread, by the
/// directory and the ledger as they are, and adds what is to be done to the transaction, or refuses; commit() writes
/// it. A transaction holds one call's changes. Refusals are worded as the Admin API words them.
class administration {
public:
    /// Told of peers whose terms have changed: packets must go by them. On the committer's thread, must not block.
    /// `done` is to be called, from any thread, when every packet thread goes by them.
    using publication = std::function<void(std::vector<peer_update> updates, std::function<void()> done)>;

    /// `known` must outlive it. Without a publication nobody is told: no packet thread runs yet.
    explicit administration(directory& known) : directory_{known} {}
    void publish_with(publication publish) { publish_ = std::move(publish); }
    /// Called when there are other assets than before; on the committer's thread, must not block.
    void on_assets_changed(std::function<void()> callback) { assets_changed_ = std::move(callback); }

    using asset_outcome = std::expected<asset_entry, refusal>;
    asset_outcome create_asset(transaction& transaction, std::string_view code, std::uint8_t scale,
                               const asset_thresholds& thresholds);
    asset_outcome update_asset(transaction& transaction, std::string_view uuid, const asset_thresholds& thresholds);
    asset_outcome delete_asset(transaction& transaction, std::string_view uuid);

    using peer_outcome = std::expected<std::shared_ptr<const peer>, refusal>;
    peer_outcome create_peer(transaction& transaction, const peer_wanted& wanted);
    peer_outcome update_peer(transaction& transaction, std::string_view uuid, const peer_edit& edit);
    /// Gives the peer as it was.
    peer_outcome delete_peer(transaction& transaction, std::string_view uuid);
    peer_outcome set_enabled(transaction& transaction, std::string_view uuid, bool enabled);

    /// Writes it, brings the directory up to date and has it published; `done` is called, on any thread, when every
    /// packet thread goes by it. After a failure nothing has changed, and `done` is not called.
    std::expected<void, store_error> commit(transaction& transaction, std::function<void()> done);

    const directory& known() const noexcept { return directory_; }

private:
    std::optional<refusal> check_tokens(const std::vector<ilp::digest>& tokens, std::uint32_t owner) const;
    std::optional<refusal> check_prefixes(const peer& peer) const;
    std::expected<bool, refusal> has_history(bookkeeper& keeper, const peer& peer) const;
    bool may_have_label(const peer& peer) const;

    directory& directory_;
    publication publish_;
    std::function<void()> assets_changed_;
};

/// What of a peer's terms the store keeps.
kept_peer_terms kept_terms_of(const peer& peer);

/// Fills the directory, the ledger and the thresholds with what the store has, when the daemon starts; peers of the
/// file count as absent until apply_file(). The error is for the operator: the book is broken, or a row is no good.
std::expected<void, std::string> open_directory(directory& directory, const catalogue& known, bookkeeper& keeper);

}  // namespace peering
