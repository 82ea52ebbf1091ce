#pragma once

#include "ilp/amount.hpp"
#include "peering/bookkeeper.hpp"
#include "peering/committer.hpp"
#include "peering/directory.hpp"
#include "peering/kept_answer.hpp"
#include "peering/operator_transfers.hpp"
#include "peering/peer.hpp"
#include "peering/refusal.hpp"
#include "peering/store.hpp"

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

struct asset_terms_wanted {
    std::optional<ilp::amount> withdrawal_threshold{};
    std::optional<ilp::amount> liquidity_threshold{};
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
};

/// What of a peer is to change. Absent: stays. An inner empty one clears.
struct peer_edit {
    std::optional<std::string> ilp_address{};
    std::optional<std::optional<std::string>> name{};
    std::optional<std::vector<std::string>> routes{};
    std::optional<std::optional<ilp::amount>> max_packet_amount{};
    std::optional<std::optional<ilp::amount>> liquidity_threshold{};
    std::optional<std::vector<std::string>> incoming_tokens{};
    std::optional<std::string> outgoing_endpoint{};
    std::optional<std::string> outgoing_token{};
};

/// One operator's change while it is being decided: what is to be written, and what follows from it once it is.
/// Destroyed without commit(), it has changed nothing.
class transaction {
public:
    explicit transaction(bookkeeper& keeper, ilp::timestamp now) : keeper{keeper}, now{now} {}
    ~transaction();
    transaction(const transaction&) = delete;
    transaction& operator=(const transaction&) = delete;

    bookkeeper& keeper;
    const ilp::timestamp now;

    std::vector<asset_record> new_assets;
    std::vector<asset_change> changed_assets;
    std::vector<peer_record> new_peers;
    std::vector<peer_change> changed_peers;
    std::vector<transfer_record> new_transfers;
    std::vector<transfer_record> ended_transfers;
    std::vector<kept_answer> new_answers;
    std::optional<ilp::timestamp> forget_answers_before;

    std::vector<leg> held;              ///< given back unless it is written
    std::vector<peer_update> peers;     ///< for the directory and the packet threads
    std::vector<asset_update> assets;   ///< for the directory
};

/// What operators may do to assets, peers and liquidity while the daemon runs. Each call decides on the committer's
/// thread, by the directory and the ledger as they are, and adds what is to be done to the transaction, or refuses;
/// commit() writes it. One transaction may hold several calls as long as they concern different things.
class administration {
public:
    /// Told of what has been written: from now on packets must go by it. On the committer's thread, must not block;
    /// `done` is to be called, from any thread, when every packet thread goes by it.
    using publication = std::function<void(std::vector<peer_update> updates, std::function<void()> done)>;

    administration(directory& directory, operator_transfers& transfers, publication publish);

    std::expected<const asset_entry*, refusal> create_asset(transaction& transaction, std::string_view code,
                                                            std::uint8_t scale, const asset_terms_wanted& terms);
    std::expected<const asset_entry*, refusal> update_asset(transaction& transaction, std::string_view uuid,
                                                            const asset_terms_wanted& terms);
    std::expected<const asset_entry*, refusal> delete_asset(transaction& transaction, std::string_view uuid);

    using peer_outcome = std::expected<std::shared_ptr<const peer>, refusal>;
    peer_outcome create_peer(transaction& transaction, const peer_wanted& wanted);
    peer_outcome update_peer(transaction& transaction, std::string_view uuid, const peer_edit& edit);
    peer_outcome delete_peer(transaction& transaction, std::string_view uuid);
    peer_outcome set_enabled(transaction& transaction, std::string_view uuid, bool enabled);

    /// Writes it and has it published; `done` is called when every packet thread goes by it. After a failure nothing has
    /// changed, and `done` is not called.
    std::expected<void, store_error> commit(transaction& transaction, std::function<void()> done);
};

}  // namespace peering
