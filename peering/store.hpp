#pragma once

#include "ilp/amount.hpp"
#include "peering/account.hpp"
#include "peering/ledger.hpp"
#include "peering/posting.hpp"

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace peering {

/// Why a store could not do what it was asked: one sentence for the operator, no secret in it.
struct store_error {
    std::string message;
};

struct asset_record {
    std::uint32_t id = 0;
    std::string uuid;
    std::string code;
    std::uint8_t scale = 0;
    account_record liquidity;
    account_record settlement;
};

struct peer_record {
    std::uint32_t id = 0;
    std::string uuid;
    std::string name;
    std::string ilp_address;
    std::uint32_t asset_id = 0;
    account_record liquidity;
};

/// Everything that is loaded at start. Transfers stay on disk.
struct catalogue {
    std::vector<asset_record> assets;
    std::vector<peer_record> peers;
};

/// A peer to add. Its first deposit is kept as a transfer of its own, with a UUID.
struct new_peer {
    std::string name;
    std::string ilp_address;
    std::uint32_t asset_id = 0;
    ilp::amount liquidity;
};

/// A known peer that goes by another name or address from now on; the account and its history stay.
struct peer_change {
    std::uint32_t id = 0;
    std::string name;
    std::string ilp_address;
};

/// Durable memory of one daemon. Blocking. Any thread: calls wait for each other. A call that fails changed nothing,
/// and may be made again.
class store {
public:
    virtual ~store() = default;

    virtual std::expected<catalogue, store_error> load() = 0;

    /// Adds an asset with both accounts, and its first deposit if the amount is not zero, in one transaction.
    virtual std::expected<asset_record, store_error> add_asset(const std::string& code, std::uint8_t scale,
                                                               ilp::amount liquidity) = 0;

    /// Adds peers with their accounts, and their first deposits where the amount is not zero, in one transaction. The
    /// records are in the order of `peers`.
    virtual std::expected<std::vector<peer_record>, store_error> add_peers(std::span<const new_peer> peers) = 0;

    /// In one transaction.
    virtual std::expected<void, store_error> change_peers(std::span<const peer_change> changes) = 0;

    /// False for a store that keeps nothing: there is nothing to wait for.
    virtual bool is_durable() const noexcept { return true; }

    /// Writes the postings as one transaction, and returns when they would survive a power cut. `totals` has the
    /// accounts that they touch as they are after the batch. After a failure the same batch comes again, before any
    /// other.
    virtual std::expected<void, store_error> commit(std::span<const posting> postings,
                                                    std::span<const account_record> totals) = 0;
};

/// Opens what `store.url` names: `sqlite:PATH` or `memory:`. Runs the migrations, and holds the database against a
/// second daemon until the store is destroyed.
std::expected<std::unique_ptr<store>, store_error> open_store(const std::string& url);

}  // namespace peering
