#pragma once

#include "peering/store/store.hpp"

#include <memory>
#include <utility>

namespace peering {

/// A store before another one. Each call is forwarded unless a derived class overrides it.
class forwarding_store : public store {
public:
    explicit forwarding_store(std::unique_ptr<store> inner) : inner_{std::move(inner)} {}

    bool is_durable() const noexcept override { return inner_->is_durable(); }
    std::expected<catalogue, store_error> load() override { return inner_->load(); }
    std::expected<void, store_error> commit(const changes& changes) override { return inner_->commit(changes); }
    std::expected<void, store_error> ping() override { return inner_->ping(); }
    std::expected<std::uint64_t, store_error> size() override { return inner_->size(); }
    std::optional<std::uint64_t> log_size() const override { return inner_->log_size(); }
    std::optional<store_tenure> tenure() const override { return inner_->tenure(); }
    std::expected<std::vector<daemon_place>, store_error> list_daemons() override { return inner_->list_daemons(); }
    std::vector<std::string> take_remarks() override { return inner_->take_remarks(); }
    std::expected<std::optional<transfer_record>, store_error> find_transfer(std::string_view uuid) override {
        return inner_->find_transfer(uuid);
    }
    std::expected<std::vector<pending_event>, store_error> load_pending_events(event_line line,
                                                                               std::size_t limit) override {
        return inner_->load_pending_events(line, limit);
    }
    using store::list_transfers;
    std::expected<std::vector<listed_transfer>, store_error> list_transfers(
        account_id account, account_side side, std::size_t limit, std::optional<std::uint64_t> from) override {
        return inner_->list_transfers(account, side, limit, from);
    }
    std::expected<std::optional<std::vector<listed_event>>, store_error> list_events(
        const event_query& query) override {
        return inner_->list_events(query);
    }
    std::expected<std::optional<payment_record>, store_error> find_payment(std::string_view uuid) override {
        return inner_->find_payment(uuid);
    }
    std::expected<std::optional<std::vector<payment_record>>, store_error> list_payments(
        const payment_query& query) override {
        return inner_->list_payments(query);
    }
    std::expected<std::optional<idempotency_record>, store_error> find_answer(std::string_view key) override {
        return inner_->find_answer(key);
    }
    std::expected<history_step, store_error> sum_history(const history_age& age, std::size_t rows_max) override {
        return inner_->sum_history(age, rows_max);
    }
    std::expected<history_step, store_error> forget_events(const history_age& age, std::size_t rows_max) override {
        return inner_->forget_events(age, rows_max);
    }

protected:
    store& inner() noexcept { return *inner_; }

private:
    const std::unique_ptr<store> inner_;
};

}  // namespace peering
