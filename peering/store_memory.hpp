#pragma once

#include "peering/store.hpp"

#include <mutex>

namespace peering {

/// Keeps nothing: for tests and benchmarks. It knows assets, peers and first deposits while the process lives, so that
/// a reload finds them again; commit() forgets at once, so load() gives the totals of the first deposits alone.
class memory_store final : public store {
public:
    bool is_durable() const noexcept override { return false; }
    std::expected<catalogue, store_error> load() override;
    std::expected<asset_record, store_error> add_asset(const std::string& code, std::uint8_t scale,
                                                       ilp::amount liquidity) override;
    std::expected<std::vector<peer_record>, store_error> add_peers(std::span<const new_peer> peers) override;
    std::expected<void, store_error> change_peers(std::span<const peer_change> changes) override;
    std::expected<void, store_error> commit(std::span<const posting> postings,
                                            std::span<const account_record> totals) override;

private:
    account_record open_account(account_kind kind) noexcept;

    std::mutex mutex_;
    catalogue catalogue_;
    std::uint32_t accounts_ = 0;
};

}  // namespace peering
