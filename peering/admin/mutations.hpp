#pragma once

#include "ilp/condition.hpp"
#include "ilp/timestamp.hpp"
#include "peering/admin/services.hpp"
#include "peering/admin/views.hpp"
#include "peering/administration/refusal.hpp"
#include "peering/graphql/resolver.hpp"
#include "peering/records/idempotency_record.hpp"
#include "peering/store/store.hpp"

#include <chrono>
#include <expected>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace peering::admin {

/// The result of a mutation.
struct done_mutation {
    std::string message{};  ///< the message that older clients display
    std::optional<peer_view> peer{};
    std::optional<asset_view> asset{};

    std::string to_json() const;
    /// Precondition: `text` was written by to_json().
    static done_mutation from_json(std::string_view text);
};

using mutation_outcome = std::expected<done_mutation, refusal>;

/// Prepares the record of a mutation's answer, to be stored in the mutation's transaction. Stores nothing without an
/// idempotency key.
class idempotency_recorder {
public:
    idempotency_recorder() = default;
    idempotency_recorder(std::string key, std::string request, ilp::timestamp now)
        : answer_{idempotency_record{std::move(key), std::move(request), {}, now}} {}

    /// Returns changes that store `done` and delete expired answers. They are valid until the next call.
    changes recording(const done_mutation& done);

private:
    std::optional<idempotency_record> answer_;
};

/// Runs mutations on the committer's thread, one at a time, and each at most once per idempotency key. The answer is
/// stored in the same transaction as the change, so a retry after a lost connection or kill -9 does not repeat it.
class mutations {
public:
    /// Answers are kept for two days; clients may rely on one day.
    static constexpr std::chrono::hours kept_for{48};
    static constexpr std::chrono::seconds answer_timeout{10};

    explicit mutations(services& services) : services_{services} {}

    using finish = std::function<void(mutation_outcome)>;
    /// Runs on the committer's thread. Must call `finish` exactly once, immediately or later, from any thread.
    using work = std::function<void(bookkeeper& keeper, ilp::timestamp now, idempotency_recorder& answers,
                                    const finish& finish)>;

    // Work may outlive the call if the store takes longer than `answer_timeout`, so it must own everything it uses.

    /// Does `work`, or returns the stored answer if it was done before. Blocks until it is finished; do not call it on
    /// the committer's thread.
    mutation_outcome run(std::string_view operation, const graphql::arguments& input, work work);

    /// Like run(), for a change that the administration decides.
    using decision = std::function<mutation_outcome(transaction&)>;
    mutation_outcome decide(std::string_view operation, const graphql::arguments& input, decision decide);

    /// Like decide(), for a change that first needs another node's reply. Unless there is already a stored answer,
    /// `ask` runs on the calling thread. The key stays reserved until the end, so no two requests ask at the same time.
    using inquiry = std::function<std::expected<decision, refusal>()>;
    mutation_outcome ask_and_decide(std::string_view operation, const graphql::arguments& input, const inquiry& ask);

private:
    class turn;
    using shared_turn = std::shared_ptr<turn>;

    /// Returns null for a request without a key, and a refusal while another request holds the key.
    std::expected<shared_turn, refusal> take_turn(const graphql::arguments& input);

    mutation_outcome run(shared_turn turn, std::string_view operation, const graphql::arguments& input, work work);
    static std::string digest_of(std::string_view operation, const graphql::arguments& input);
    work deciding(decision decide);

    services& services_;
    std::mutex mutex_;
    std::unordered_set<std::string> under_way_;  // idempotency keys
};

}  // namespace peering::admin
