#include "peering/admin/mutations.hpp"

#include "ilp/clock.hpp"
#include "ilp/condition.hpp"
#include "ilp/hex.hpp"
#include "peering/json/canonical_json.hpp"
#include "peering/records/idempotency_record.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <fmt/format.h>

#include <exception>
#include <future>
#include <memory>
#include <utility>

namespace peering::admin {
namespace {

namespace json = boost::json;

std::unexpected<refusal> unavailable() {
    return refused(refusal_code::internal_server_error, "The ledger is not available now: try again later");
}

std::string digest_of(std::string_view operation, const graphql::arguments& input) {
    const std::string text = fmt::format("{} {}", operation, exact_json(input.json()).value_or(""));
    return ilp::to_hex(ilp::sha256(ilp::as_bytes(text)));
}

}  // namespace

std::string done_mutation::to_json() const {
    json::object kept{{"message", message}};
    if (peer) kept["peer"] = peer->to_json();
    if (asset) kept["asset"] = asset->to_json();
    if (receiving_account) kept["receivingAccount"] = receiving_account->to_json();
    return json::serialize(kept);
}

std::optional<done_mutation> done_mutation::from_json(std::string_view text) {
    boost::system::error_code error;
    const json::value parsed = json::parse(text, error);
    const json::object* const kept = error ? nullptr : parsed.if_object();
    const auto member = [kept](std::string_view name) { return kept == nullptr ? nullptr : kept->if_contains(name); };
    const json::value* const message = member("message");
    if (message == nullptr || !message->is_string()) return std::nullopt;
    done_mutation done{json::value_to<std::string>(*message)};
    try {  // the views read the members that to_json() writes, and throw if one is missing or of another type
        if (const auto* const peer = member("peer")) done.peer = peer_view{peer->as_object()};
        if (const auto* const asset = member("asset")) done.asset = asset_view{asset->as_object()};
        if (const auto* const receiver = member("receivingAccount")) {
            done.receiving_account = receiving_account_view{receiver->as_object()};
        }
    } catch (const std::exception&) {
        return std::nullopt;
    }
    return done;
}

/// Reserves an idempotency key for one request at a time.
class mutations::reserved_key {
public:
    reserved_key(mutations& owner, std::string key) : owner_{owner}, key_{std::move(key)} {}
    ~reserved_key() {
        const std::lock_guard lock{owner_.mutex_};
        owner_.reserved_.erase(key_);
    }
    reserved_key(const reserved_key&) = delete;
    reserved_key& operator=(const reserved_key&) = delete;

    const std::string& text() const noexcept { return key_; }

private:
    mutations& owner_;
    const std::string key_;
};

/// A task for the committer's thread. Both threads own it, because the one that waits may give up.
struct mutations::request {
    request(std::shared_ptr<reserved_key> reserved, std::string digest, mutations::change change)
        : key{reserved ? reserved->text() : ""},
          digest{std::move(digest)},
          change{std::move(change)},
          reservation{std::move(reserved)} {}

    const std::string key;     ///< empty if the client sent none
    const std::string digest;  ///< of the operation and its arguments: the same key must come with the same request
    const mutations::change change;
    std::shared_ptr<reserved_key> reservation;
    std::promise<mutation_outcome> outcome;

    /// Called exactly once. The key is released first, because a client that has the answer may use the key again.
    void finish(mutation_outcome with) {
        reservation.reset();
        outcome.set_value(std::move(with));
    }

    /// The record of the answer, for the mutation's transaction; nullopt without a key.
    std::optional<idempotency_record> record_of(const done_mutation& done, ilp::timestamp now) const {
        if (key.empty()) return std::nullopt;
        return idempotency_record{key, digest, done.to_json(), now};
    }
};

// --- On the thread of the request

mutation_outcome mutations::decide(std::string_view operation, const graphql::arguments& input, decision decide) {
    return run(operation, input, std::move(decide));
}

mutation_outcome mutations::transfer_money(std::string_view operation, const graphql::arguments& input,
                                           done_mutation done, transfer transfer) {
    return run(operation, input, money_transfer{std::move(done), std::move(transfer)});
}

mutation_outcome mutations::ask_and_decide(std::string_view operation, const graphql::arguments& input,
                                           const inquiry& ask) {
    const auto key = reserve_key(input);
    if (!key) return std::unexpected{key.error()};
    const std::string digest = digest_of(operation, input);
    auto known = hand_over(std::make_shared<request>(*key, digest, std::monostate{}));
    if (!known || !known->message.empty()) return known;
    auto decision = ask();
    if (!decision) return std::unexpected{std::move(decision.error())};
    return hand_over(std::make_shared<request>(*key, digest, std::move(*decision)));
}

mutation_outcome mutations::run(std::string_view operation, const graphql::arguments& input, change change) {
    auto key = reserve_key(input);
    if (!key) return std::unexpected{std::move(key.error())};
    return hand_over(std::make_shared<request>(std::move(*key), digest_of(operation, input), std::move(change)));
}

/// Returns null for a request without a key, and a refusal while another request holds the key.
auto mutations::reserve_key(const graphql::arguments& input) -> std::expected<std::shared_ptr<reserved_key>, refusal> {
    const std::string key = input.find<std::string>("idempotencyKey").value_or("");
    if (key.empty()) return nullptr;
    const std::lock_guard lock{mutex_};
    if (!reserved_.insert(key).second) {
        return refused(refusal_code::conflict, fmt::format("Concurrent request for idempotencyKey: {}", key));
    }
    return std::make_shared<reserved_key>(*this, key);
}

/// While the store is down, refuses at once instead of accepting work that would have to wait for it.
mutation_outcome mutations::hand_over(const std::shared_ptr<request>& request) {
    auto outcome = request->outcome.get_future();
    const bool taken = services_.committer.store_is_healthy() &&
                       services_.committer.execute([this, request](bookkeeper& keeper) { carry_out(request, keeper); });
    if (!taken) return unavailable();
    if (outcome.wait_for(answer_timeout) != std::future_status::ready) {
        return refused(refusal_code::timeout,
                       "The change was not completed in time and may still take effect: repeat the request with the "
                       "same idempotencyKey, or query the current state");
    }
    return outcome.get();
}

// --- On the committer's thread

void mutations::carry_out(const std::shared_ptr<request>& request, bookkeeper& keeper) {
    const ilp::instant now = ilp::read_clocks();
    if (!request->key.empty()) {
        const auto known = keeper.find_answer(request->key);
        if (!known && known.error().final)
            return request->finish(refused(refusal_code::internal_server_error, known.error().message));
        if (!known) return request->finish(unavailable());
        if (*known && (*known)->request != request->digest) {
            return request->finish(
                refused(refusal_code::conflict,
                        fmt::format("Incoming arguments are different than the original request for idempotencyKey: {}",
                                    request->key)));
        }
        if (*known) {
            auto done = done_mutation::from_json((*known)->answer);
            if (done) return request->finish(std::move(*done));
            return request->finish(refused(refusal_code::internal_server_error,
                                           "The answer that the store has for this idempotencyKey is damaged"));
        }
    }
    if (const auto* const decide = std::get_if<decision>(&request->change)) {
        commit_decision(request, *decide, keeper, now);
    } else if (const auto* const transfer = std::get_if<money_transfer>(&request->change)) {
        const auto record = request->record_of(transfer->done, now.wall);
        changes beside;
        if (record) beside = {.new_answers = {&*record, 1}, .forget_answers_before = oldest_kept_answer(now)};
        const auto made = transfer->make(keeper, now, beside);
        request->finish(made ? mutation_outcome{transfer->done} : std::unexpected{made.error()});
    } else {
        request->finish(done_mutation{});  // stored answers have a message, so this one says that there is none
    }
}

/// Setting the wall clock forward must not make a retry a second mutation.
ilp::timestamp mutations::oldest_kept_answer(const ilp::instant& now) {
    wall_.observe(now);
    return wall_.earliest_within(kept_for);
}

/// The answer waits until every packet thread uses the new terms.
void mutations::commit_decision(const std::shared_ptr<request>& request, const decision& decide, bookkeeper& keeper,
                                const ilp::instant& now) {
    transaction transaction{keeper, now.wall};
    mutation_outcome outcome = decide(transaction);
    if (!outcome) return request->finish(std::move(outcome));
    if (auto record = request->record_of(*outcome, now.wall)) {
        transaction.new_answers.push_back(std::move(*record));
        transaction.forget_answers_before = oldest_kept_answer(now);
    }
    const auto written = services_.administration.commit(transaction, [request, outcome] { request->finish(outcome); });
    if (!written) request->finish(unavailable());
}

}  // namespace peering::admin
