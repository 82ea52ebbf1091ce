#pragma once

#include "peering/store.hpp"

#include <unordered_map>

namespace peering {

/// Keeps nothing: for tests and benchmarks. It knows assets, peers and operators' transfers while the process lives, so
/// that a reload finds them again; but not what packets move, and no events.
class memory_store final : public store {
public:
    bool is_durable() const noexcept override { return false; }
    std::expected<catalogue, store_error> load() override;
    std::expected<void, store_error> commit(const changes& changes) override;
    std::expected<std::optional<transfer_record>, store_error> find_transfer(std::string_view uuid) override;
    std::expected<std::vector<pending_event>, store_error> load_pending_events(std::size_t limit) override;
    std::expected<std::uint64_t, store_error> count_pending_events() override;

private:
    account_record* find_account(account_id id);
    bool knows_everything_in(const changes& changes);

    catalogue catalogue_;
    std::unordered_map<std::string, transfer_record> transfers_;
};

}  // namespace peering
