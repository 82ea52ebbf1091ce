#pragma once

#include "peering/store/sealed_secret.hpp"
#include "peering/store/store.hpp"

#include <memory>

namespace peering {

/// A store whose secrets are sealed in the database and plain in memory: the tokens that we present to peers, the
/// secrets of JSON Web Tokens, and the answers kept for idempotency keys, which may contain tokens. The tokens that
/// peers present are not among them, because only their hashes are kept. Values that were written without a key are
/// read as they are.
///
/// load() seals anew what the first key has not sealed, in one transaction, so that a kill leaves either all values
/// under their old keys or all under the new one. It fails before it has changed anything if a value cannot be opened.
class sealed_store final : public store {
public:
    /// Without keys, nothing is sealed and nothing that is sealed can be opened.
    sealed_store(std::unique_ptr<store> inner, sealing_keys keys);

    std::expected<catalogue, store_error> load() override;
    std::expected<void, store_error> commit(const changes& changes) override;
    std::expected<std::optional<idempotency_record>, store_error> find_answer(std::string_view key) override;

    bool is_durable() const noexcept override { return inner_->is_durable(); }
    std::expected<void, store_error> ping() override { return inner_->ping(); }
    std::expected<std::uint64_t, store_error> size() override { return inner_->size(); }
    std::optional<std::uint64_t> log_size() const override { return inner_->log_size(); }
    std::vector<std::string> take_remarks() override { return inner_->take_remarks(); }
    std::expected<std::optional<transfer_record>, store_error> find_transfer(std::string_view uuid) override {
        return inner_->find_transfer(uuid);
    }
    std::expected<std::vector<pending_event>, store_error> load_pending_events(std::size_t limit) override {
        return inner_->load_pending_events(limit);
    }
    std::expected<std::uint64_t, store_error> count_pending_events() override { return inner_->count_pending_events(); }
    using store::list_transfers;
    std::expected<std::vector<listed_transfer>, store_error> list_transfers(
        account_id account, account_side side, std::size_t limit, std::optional<std::uint64_t> from) override {
        return inner_->list_transfers(account, side, limit, from);
    }
    std::expected<std::vector<listed_event>, store_error> list_events(const event_query& query) override {
        return inner_->list_events(query);
    }
    std::expected<history_step, store_error> sum_history(const history_age& age, std::size_t rows_max) override {
        return inner_->sum_history(age, rows_max);
    }
    std::expected<history_step, store_error> forget_events(const history_age& age, std::size_t rows_max) override {
        return inner_->forget_events(age, rows_max);
    }

private:
    void seal_terms(kept_peer_terms& terms, std::uint32_t peer) const;
    bool needs_sealing(const kept_peer_terms& terms) const;
    std::expected<void, store_error> open_terms(kept_peer_terms& terms, std::uint32_t peer) const;

    std::unique_ptr<store> inner_;
    const sealing_keys keys_;
};

}  // namespace peering
