#include "peering/admin/mutations.hpp"

#include "ilp/clock.hpp"
#include "peering/json/canonical_json.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <fmt/format.h>

#include <future>
#include <iterator>
#include <memory>
#include <utility>

namespace peering::admin {
namespace {

namespace json = boost::json;

std::unexpected<refusal> unavailable() {
    return refused(refusal_code::internal_server_error, "The ledger is not available now: try again later");
}

}  // namespace

std::string done_mutation::to_json() const {
    json::object kept{{"message", message}};
    if (peer) kept["peer"] = peer->to_json();
    if (asset) kept["asset"] = asset->to_json();
    return json::serialize(kept);
}

done_mutation done_mutation::from_json(std::string_view text) {
    const json::value parsed = json::parse(text);
    const json::object& kept = parsed.as_object();
    done_mutation done{json::value_to<std::string>(kept.at("message"))};
    if (const auto* const peer = kept.if_contains("peer")) done.peer = peer_view{peer->as_object()};
    if (const auto* const asset = kept.if_contains("asset")) done.asset = asset_view{asset->as_object()};
    return done;
}

changes idempotency_recorder::recording(const done_mutation& done) {
    changes with;
    if (!answer_) return with;
    answer_->answer = done.to_json();
    with.new_answers = {&*answer_, 1};
    with.forget_answers_before = answer_->kept_at - mutations::kept_for;
    return with;
}

/// Holds an idempotency key. All owners must release it before the request is answered, because a client that has the
/// answer may use the key again.
class mutations::turn {
public:
    turn(mutations& owner, std::string key) : owner_{owner}, key_{std::move(key)} {}
    ~turn() {
        const std::lock_guard lock{owner_.mutex_};
        owner_.under_way_.erase(key_);
    }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;

private:
    mutations& owner_;
    const std::string key_;
};

auto mutations::take_turn(const graphql::arguments& input) -> std::expected<shared_turn, refusal> {
    const std::string key = input.find<std::string>("idempotencyKey").value_or("");
    if (key.empty()) return nullptr;
    const std::lock_guard lock{mutex_};
    if (!under_way_.insert(key).second) {
        return refused(refusal_code::conflict, fmt::format("Concurrent request for idempotencyKey: {}", key));
    }
    return std::make_shared<turn>(*this, key);
}

std::string mutations::digest_of(std::string_view operation, const graphql::arguments& input) {
    const std::string text = fmt::format("{} {}", operation, canonical_json(input.json()).value_or(""));
    std::string digest;
    for (const ilp::octet octet : ilp::sha256(ilp::as_bytes(text))) {
        fmt::format_to(std::back_inserter(digest), "{:02x}", octet);
    }
    return digest;
}

mutation_outcome mutations::run(std::string_view operation, const graphql::arguments& input, work work) {
    auto turn = take_turn(input);
    if (!turn) return std::unexpected{std::move(turn.error())};
    return run(std::move(*turn), operation, input, std::move(work));
}

mutation_outcome mutations::run(shared_turn turn, std::string_view operation, const graphql::arguments& input,
                                work work) {
    const std::string key = input.find<std::string>("idempotencyKey").value_or("");
    const auto promise = std::make_shared<std::promise<mutation_outcome>>();
    auto future = promise->get_future();
    // Copies of a function share the turn; copies that remain after the end must not keep it.
    const auto held = std::make_shared<shared_turn>(std::move(turn));
    const finish finish = [promise, held](mutation_outcome outcome) {
        held->reset();
        promise->set_value(std::move(outcome));
    };
    auto task = [finish, key, request = digest_of(operation, input), work = std::move(work)](bookkeeper& keeper) {
        const ilp::timestamp now = ilp::wall_clock();
        idempotency_recorder answers;
        if (!key.empty()) {
            const auto known = keeper.find_answer(key);
            if (!known) return finish(unavailable());
            if (*known && (*known)->request != request) {
                return finish(refused(
                    refusal_code::conflict,
                    fmt::format("Incoming arguments are different than the original request for idempotencyKey: {}",
                                key)));
            }
            if (*known) return finish(done_mutation::from_json((*known)->answer));
            answers = {key, request, now};
        }
        work(keeper, now, answers, finish);
    };
    // While the store is down, refuse at once instead of accepting work that would have to wait for it.
    if (!services_.committer.store_is_healthy() || !services_.committer.execute(std::move(task))) return unavailable();
    if (future.wait_for(answer_timeout) != std::future_status::ready) {
        return refused(refusal_code::timeout,
                       "The change was not completed in time and may still take effect: repeat the request with the "
                       "same idempotencyKey, or query the current state");
    }
    return future.get();
}

mutation_outcome mutations::decide(std::string_view operation, const graphql::arguments& input, decision decide) {
    return run(operation, input, deciding(std::move(decide)));
}

mutation_outcome mutations::ask_and_decide(std::string_view operation, const graphql::arguments& input,
                                           const inquiry& ask) {
    const auto turn = take_turn(input);
    if (!turn) return std::unexpected{turn.error()};
    // An answer without a message means that nothing was stored for the key: this work stores nothing and sets no
    // message, while stored answers always have one.
    const work nothing = [](bookkeeper&, ilp::timestamp, idempotency_recorder&, const finish& finish) {
        finish(done_mutation{});
    };
    auto known = run(*turn, operation, input, nothing);
    if (!known || !known->message.empty()) return known;
    auto decision = ask();
    if (!decision) return std::unexpected{std::move(decision.error())};
    return run(*turn, operation, input, deciding(std::move(*decision)));
}

auto mutations::deciding(decision decide) -> work {
    return [this, decide = std::move(decide)](bookkeeper& keeper, ilp::timestamp now, idempotency_recorder& answers,
                                              const finish& finish) {
        transaction transaction{keeper, now};
        mutation_outcome outcome = decide(transaction);
        if (!outcome) return finish(std::move(outcome));
        const changes kept = answers.recording(*outcome);
        transaction.new_answers.assign(kept.new_answers.begin(), kept.new_answers.end());
        transaction.forget_answers_before = kept.forget_answers_before;
        const auto written = services_.administration.commit(transaction, [finish, outcome] { finish(outcome); });
        if (!written) finish(unavailable());
    };
}

}  // namespace peering::admin
