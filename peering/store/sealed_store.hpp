#pragma once

#include "peering/store/forwarding_store.hpp"
#include "peering/store/sealed_secret.hpp"

#include <memory>

namespace peering {

/// A store whose secrets are sealed in the database and plain in memory: the tokens that we present to peers, the
/// secrets of JSON Web Tokens, and the answers kept for idempotency keys, which may contain tokens. The tokens that
/// peers present are not among them, because only their hashes are kept. Values that were written without a key are
/// read as they are.
///
/// load() seals anew what the first key has not sealed, in one transaction, so that a kill leaves either all values
/// under their old keys or all under the new one. It fails before it has changed anything if a value cannot be opened.
class sealed_store final : public forwarding_store {
public:
    /// Without keys, nothing is sealed and nothing that is sealed can be opened.
    sealed_store(std::unique_ptr<store> inner, sealing_keys keys);

    std::expected<catalogue, store_error> load() override;
    std::expected<void, store_error> commit(const changes& changes) override;
    std::expected<std::optional<idempotency_record>, store_error> find_answer(std::string_view key) override;

private:
    void seal_terms(kept_peer_terms& terms, std::uint32_t peer) const;
    bool needs_sealing(const kept_peer_terms& terms) const;
    std::expected<void, store_error> open_terms(kept_peer_terms& terms, std::uint32_t peer) const;

    const sealing_keys keys_;
};

}  // namespace peering
