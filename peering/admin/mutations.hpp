#pragma once

#include "ilp/condition.hpp"
#include "ilp/timestamp.hpp"
#include "peering/admin/services.hpp"
#include "peering/admin/views.hpp"
#include "peering/graphql/resolver.hpp"
#include "peering/kept_answer.hpp"
#include "peering/refusal.hpp"
#include "peering/store.hpp"

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

/// What a mutation did.
struct done_mutation {
    std::string message{};  ///< as older clients show it
    std::optional<peer_view> peer{};
    std::optional<asset_view> asset{};

    std::string to_json() const;
    /// Precondition: written by to_json().
    static done_mutation from_json(std::string_view text);
};

using mutation_outcome = std::expected<done_mutation, refusal>;

/// What is to be kept of one mutation's answer, and goes into its transaction: nothing without an idempotency key.
class answer_keeper {
public:
    answer_keeper() = default;
    answer_keeper(std::string key, std::string request, ilp::timestamp now)
        : answer_{kept_answer{std::move(key), std::move(request), {}, now}} {}

    /// Changes that keep `done`, and drop what was kept long enough; good until the next call.
    changes keeping(const done_mutation& done);

private:
    std::optional<kept_answer> answer_;
};

/// Runs mutations on the committer's thread, one after the other, and each once per idempotency key: the answer is kept
/// in the transaction that made the change, so that neither a lost connection nor kill -9 makes it happen twice.
class mutations {
public:
    /// An answer is kept for two days; a client may count on one.
    static constexpr std::chrono::hours kept_for{48};
    static constexpr std::chrono::seconds patience{10};

    explicit mutations(services& services) : services_{services} {}

    using finish = std::function<void(mutation_outcome)>;
    /// On the committer's thread. Calls `finish` once, now or later, from any thread.
    using work =
        std::function<void(bookkeeper& keeper, ilp::timestamp now, answer_keeper& answers, const finish& finish)>;

    // What is to be done may outlive the call, when the store takes longer than `patience`: it owns what it needs.

    /// Does `work`, or gives the answer that was given when it was done. Waits for it: not for the committer's thread.
    mutation_outcome run(std::string_view operation, const graphql::arguments& input, work work);

    /// The same as run(), for what is decided by the administration.
    using decision = std::function<mutation_outcome(transaction&)>;
    mutation_outcome decide(std::string_view operation, const graphql::arguments& input, decision decide);

    /// The same as decide(), when others have to be asked what to do. They are asked on this thread, unless there is an
    /// answer already; until the end the key is taken, so that nobody is asked twice at once.
    using inquiry = std::function<std::expected<decision, refusal>()>;
    mutation_outcome ask_and_decide(std::string_view operation, const graphql::arguments& input, const inquiry& ask);

private:
    class turn;
    using shared_turn = std::shared_ptr<turn>;

    /// Null for a request without a key; a refusal while another one has it.
    std::expected<shared_turn, refusal> take_turn(const graphql::arguments& input);

    mutation_outcome run(shared_turn turn, std::string_view operation, const graphql::arguments& input, work work);
    static std::string digest_of(std::string_view operation, const graphql::arguments& input);
    work deciding(decision decide);

    services& services_;
    std::mutex mutex_;
    std::unordered_set<std::string> under_way_;  // keys
};

}  // namespace peering::admin
