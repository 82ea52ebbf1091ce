#pragma once

#include "peering/store/store.hpp"
#include "peering/store/transfer_chain.hpp"

#include <map>
#include <unordered_map>

namespace peering {

/// A store without durability, for tests and benchmarks. While the process lives it remembers assets, peers, receiving
/// accounts, operators' transfers and payments, so that a reload finds them again, and idempotency records; but no
/// packet postings and no events.
class memory_store final : public store {
public:
    bool is_durable() const noexcept override { return false; }
    std::expected<catalogue, store_error> load() override;
    std::expected<void, store_error> commit(const changes& changes) override;
    std::expected<std::optional<transfer_record>, store_error> find_transfer(std::string_view uuid) override;
    std::expected<std::vector<pending_event>, store_error> load_pending_events(event_line line,
                                                                               std::size_t limit) override;
    using store::list_transfers;
    std::expected<std::vector<listed_transfer>, store_error> list_transfers(account_id account, account_side side,
                                                                            std::size_t limit,
                                                                            std::optional<std::uint64_t> from) override;
    std::expected<std::optional<std::vector<listed_event>>, store_error> list_events(const event_query& query) override;
    std::expected<std::optional<payment_record>, store_error> find_payment(std::string_view uuid) override;
    std::expected<std::optional<std::vector<payment_record>>, store_error> list_payments(
        const payment_query& query) override;
    std::expected<std::optional<idempotency_record>, store_error> find_answer(std::string_view key) override;

private:
    struct kept_transfer {
        transfer_record record;
        chain_link link;
        ilp::timestamp created_at;
    };

    account_record* find_account(account_id id);
    bool has_all_records_of(const changes& changes);
    bool has_unique_names_after(const changes& changes) const;
    bool has_all_payments_of(const changes& changes) const;
    const payment_record* payment_with(std::string_view uuid) const;

    catalogue catalogue_;
    std::vector<kept_transfer> transfers_;                      // numbered 1, 2, ...
    std::unordered_map<std::string, std::uint64_t> number_of_;  // by uuid
    transfer_chain chain_;
    std::map<std::uint64_t, payment_record> payments_;  // by number
    std::unordered_map<std::string, idempotency_record> answers_;
};

}  // namespace peering
