#pragma once

#include "config/settings.hpp"
#include "ilp/amount.hpp"
#include "peering/account.hpp"
#include "peering/ledger.hpp"
#include "peering/posting.hpp"

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace peering {

/// Why a store could not do what it was asked: one sentence for the operator, no secret in it.
struct store_error {
    std::string message;
};

struct account_record {
    account_id id{};
    account_kind kind{};
    account_totals totals;
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

/// A transfer that the operator asked for: kept one by one, with an id of its own.
struct deposit {
    std::string uuid;
    account_id debit{};   ///< the asset's settlement account
    account_id credit{};  ///< the account that gains liquidity
    ilp::amount amount;
};

/// Durable memory of one daemon. Blocking: everything but open() is called from one thread at a time. A call that
/// fails changed nothing, and may be made again.
class store {
public:
    virtual ~store() = default;

    virtual std::expected<catalogue, store_error> load() = 0;

    /// Adds an asset with both accounts, and its first deposit if the amount is not zero, in one transaction.
    virtual std::expected<asset_record, store_error> add_asset(const std::string& code, std::uint8_t scale,
                                                               ilp::amount liquidity) = 0;

    /// Adds a peer with its account, and its first deposit if the amount is not zero, in one transaction.
    virtual std::expected<peer_record, store_error> add_peer(const std::string& name, const std::string& ilp_address,
                                                             std::uint32_t asset_id, ilp::amount liquidity) = 0;

    /// Brings name and address up to date; the account and its history stay.
    virtual std::expected<void, store_error> update_peer(std::uint32_t id, const std::string& name,
                                                         const std::string& ilp_address) = 0;

    /// Writes the postings as one transaction, and returns when they would survive a power cut. `totals` has the
    /// accounts that they touch as they are after the batch.
    virtual std::expected<void, store_error> commit(std::span<const posting> postings,
                                                    std::span<const account_record> totals) = 0;
};

/// Opens what `store.url` names: `sqlite:PATH` or `memory:`. Runs the migrations, and holds the database against a
/// second daemon until the store is destroyed.
std::expected<std::unique_ptr<store>, store_error> open_store(const std::string& url);

}  // namespace peering
