#pragma once

#include "ilp/clock.hpp"
#include "ilp/condition.hpp"
#include "ilp/wall_history.hpp"
#include "peering/admin/services.hpp"
#include "peering/admin/views.hpp"
#include "peering/administration/refusal.hpp"
#include "peering/administration/transaction.hpp"
#include "peering/graphql/resolver.hpp"
#include "peering/store/store.hpp"

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <variant>

namespace peering::admin {

/// The result of a mutation.
struct done_mutation {
    std::string message{};  ///< the message that older clients display
    std::optional<peer_view> peer{};
    std::optional<asset_view> asset{};
    std::optional<receiving_account_view> receiving_account{};

    std::string to_json() const;
    /// nullopt if the text is not what to_json() writes, as in a damaged store.
    static std::optional<done_mutation> from_json(std::string_view text);
};

using mutation_outcome = std::expected<done_mutation, refusal>;

/// Runs mutations on the committer's thread, one at a time, and each at most once per idempotency key. The answer is
/// stored in the same transaction as the change, so a retry after a lost connection or kill -9 does not repeat it.
///
/// Each function blocks until the mutation is done, or returns the stored answer if it was done before; do not call
/// them on the committer's thread. What they are given runs on the committer's thread, perhaps after the call has
/// returned: if the store takes longer than `answer_timeout`. So it must own everything it uses.
class mutations {
public:
    /// Answers are kept for two days; clients may rely on one day.
    static constexpr std::chrono::hours kept_for{48};
    static constexpr std::chrono::seconds answer_timeout{10};

    explicit mutations(services& services) : services_{services} {
        wall_.observe(ilp::read_clocks());  // so that it knows of every change since the start
    }

    /// Adds a change to the transaction, or refuses it.
    using decision = std::function<mutation_outcome(transaction&)>;
    mutation_outcome decide(std::string_view operation, const graphql::arguments& input, decision decide);

    /// Makes or completes an operator's transfer, and writes it together with the changes in `beside`.
    using transfer =
        std::function<std::expected<void, refusal>(bookkeeper& keeper, const ilp::instant& now, const changes& beside)>;
    /// `done` is the answer if the transfer succeeds.
    mutation_outcome transfer_money(std::string_view operation, const graphql::arguments& input, done_mutation done,
                                    transfer transfer);

    /// Like decide(), for a change that first needs another node's reply. Unless there is already a stored answer,
    /// `ask` runs on the calling thread. The key stays reserved until the end, so no two requests ask at the same time.
    using inquiry = std::function<std::expected<decision, refusal>()>;
    mutation_outcome ask_and_decide(std::string_view operation, const graphql::arguments& input, const inquiry& ask);

private:
    class reserved_key;
    struct request;
    struct money_transfer {
        done_mutation done;
        transfer make;
    };
    /// Nothing: only looks for a stored answer.
    using change = std::variant<std::monostate, decision, money_transfer>;

    // The steps of a mutation, in this order; the thread is that of the request, or the committer's.
    mutation_outcome run(std::string_view operation, const graphql::arguments& input, change change);
    std::expected<std::shared_ptr<reserved_key>, refusal> reserve_key(const graphql::arguments& input);
    mutation_outcome hand_over(const std::shared_ptr<request>& request);
    void carry_out(const std::shared_ptr<request>& request, bookkeeper& keeper);
    void commit_decision(const std::shared_ptr<request>& request, const decision& decide, bookkeeper& keeper,
                         const ilp::instant& now);
    ilp::timestamp oldest_kept_answer(const ilp::instant& now);

    services& services_;
    ilp::wall_history wall_;  // used only by the committer's thread
    std::mutex mutex_;
    std::unordered_set<std::string> reserved_;  // idempotency keys
};

}  // namespace peering::admin
