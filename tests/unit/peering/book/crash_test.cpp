#include "peering/audit.hpp"
#include "tests/support/child_process.hpp"
#include "tests/unit/peering/book/commit_forever.hpp"
#include "tests/unit/peering/store_place.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <random>
#include <set>
#include <sstream>
#include <thread>

namespace crash_test {

using namespace peering;
using namespace peering::testing;
using namespace std::chrono_literals;

namespace {

using owner_totals = std::array<account_totals, crash_owners>;

constexpr ilp::timestamp now{1'800'000'000'000ms};

/// A daemon started on the store that the last one left.
struct restarted {
    explicit restarted(const store_place& place) : store{open_or_throw(place.url(), killed_before)} {
        const catalogue loaded = store->load().value();
        pending = loaded.pending_withdrawals;
        outcomes = loaded.split_outcomes;
        REQUIRE(transfers.restore(pending, books.ledger));
        committer.start();
    }

    owner_totals totals() const {
        owner_totals totals;
        for (std::size_t i = 0; i < crash_owners; ++i) {
            totals[i] = books.ledger.posted(crash_account(*registry, i).id);
        }
        return totals;
    }

    std::unique_ptr<peering::store> store;
    peering::testing::books books{*store};
    std::shared_ptr<const known_peers> registry = build_or_throw(crash_settings(), books.keeper);
    peering::committer committer{books.keeper};
    operator_transfers transfers{committer};
    operator_requests requests{committer, transfers};
    std::vector<transfer_record> pending;
    std::vector<split_outcome> outcomes;
};

/// The complete lines that the killed program wrote.
struct reports {
    explicit reports(const std::string& output) {
        std::istringstream lines{output.substr(0, output.rfind('\n') + 1)};
        char what = 0;
        for (std::uint32_t number = 0; lines >> what >> number;) {
            if (what == 'b') batches = number;
            if (what == 'm') made = number;
            if (what == 'p') posted.insert(number);
        }
    }
    commit_ticket batches = 0;
    std::uint32_t made = 0;
    std::set<std::uint32_t> posted;
};

/// Adds the transfers of a run that the store contains, and checks that no reported one is missing.
void add_transfers(store& store, std::uint32_t run, const reports& reported, owner_totals& totals) {
    for (std::uint32_t number = 1;; ++number) {
        CAPTURE(number);
        const auto found = store.find_transfer(crash_uuid(run, number)).value();
        CHECK((found.has_value() || number > reported.made));
        if (!found) {
            // Each was requested after the last one had been answered, so at most one more may exist than was reported.
            CHECK(number <= reported.made + 2);
            break;
        }
        const crash_transfer kind = crash_transfer_of(number);
        const bool may_be_posted = kind != crash_transfer::pending;
        const bool must_be_posted =
            kind == crash_transfer::deposit || kind == crash_transfer::withdrawal || reported.posted.contains(number);
        const bool is_posted = found->state == transfer_state::posted;
        CHECK((is_posted || found->state == transfer_state::pending));
        CHECK((is_posted ? may_be_posted : !must_be_posted));
        if (!is_posted) continue;
        account_totals& of = totals[crash_owner_of(number)];
        (kind == crash_transfer::deposit ? of.credits_posted : of.debits_posted) += crash_amount(number);
    }
}

/// How many of the first `batches` batches of a run have no outcome, although the store has their postings.
std::size_t missing_outcomes(const std::vector<split_outcome>& outcomes, std::uint32_t run, commit_ticket batches) {
    std::set<split_id> ids;
    for (const split_outcome& outcome : outcomes) {
        if (std::ranges::equal(outcome.id, outcome.fulfill)) ids.insert(outcome.id);
    }
    std::size_t missing = 0;
    for (commit_ticket ticket = 1; ticket <= batches; ++ticket) {
        if (!ids.contains(crash_outcome(run, ticket).id)) ++missing;
    }
    return missing;
}

}  // namespace

TEST_CASE("kill -9 at any moment loses nothing that was reported, and leaves nothing incomplete") {
    const store_place place{GENERATE(kinds_of_durable_stores())};
    const support::temporary_directory directory;
    const std::uint64_t seed = printed_seed("kill -9");
    CAPTURE(place.url(), seed);
    std::mt19937_64 random{seed};

    owner_totals totals;
    std::size_t outcomes = 0;
    {
        restarted first{place};
        const transfer_accounts received{crash_account(*first.registry, crash_peers),
                                         *first.registry->assets()[0].settlement};
        REQUIRE(first.requests.deposit(new_uuid(), received, {crash_liquidity}).get() == std::nullopt);
        totals = first.totals();
        CHECK(first.committer.stop(10s));
    }
    std::size_t ended = 0;
    for (std::uint32_t run = 1; run <= 15; ++run) {
        CAPTURE(run);
        support::command command;
        command.arguments = {ILPD_COMMIT_FOREVER, place.url(), std::to_string(run)};
        command.output = directory.path() / ("reports" + std::to_string(run));
        support::child_process child{command};
        child.wait_for_output("b ", 60s);
        std::this_thread::sleep_for(std::chrono::microseconds{random() % 40'000});
        child.signal(SIGKILL);
        REQUIRE(child.wait(60s) == 128 + SIGKILL);
        const reports reported{child.output()};
        REQUIRE(reported.batches > 0);

        restarted daemon{place};
        add_transfers(*daemon.store, run, reported, totals);
        const owner_totals found = daemon.totals();
        commit_ticket durable = 0;
        while (durable < reported.batches || (totals != found && durable < reported.batches + 1000)) {
            const crash_batch batch = crash_batch_of(++durable);
            totals[batch.debit].debits_posted += wide_amount{batch.amount} * batch.packets;
            totals[batch.credit].credits_posted += wide_amount{batch.amount} * batch.packets;
        }
        CHECK((totals == found));
        outcomes += durable;
        CHECK(daemon.outcomes.size() == outcomes);
        CHECK(missing_outcomes(daemon.outcomes, run, durable) == 0);
        CHECK(sums_are_zero(snapshot_of(daemon.books.ledger)));
        CHECK(audit(place.url()).value().faults == std::vector<std::string>{});

        // Pending withdrawals are still reserved and end as usual. Some are left for later runs.
        for (const transfer_record& withdrawal : daemon.pending) {
            const std::uint64_t choice = random() % 4;
            if (choice == 0) continue;
            const bool posts = choice == 1;
            const transfer_state state = posts ? transfer_state::posted : transfer_state::voided;
            CHECK(daemon.requests.end(withdrawal.uuid, state, now).get() == std::nullopt);
            ++ended;
            if (!posts) continue;
            const auto number = static_cast<std::uint32_t>(std::stoul(withdrawal.uuid.substr(24), nullptr, 16));
            totals[crash_owner_of(number)].debits_posted += crash_amount(number);
        }
        CHECK((daemon.totals() == totals));
        const auto balances = snapshot_of(daemon.books.ledger);
        const bool any_held =
            std::ranges::any_of(balances, [](const auto& account) { return account.debits_pending > 0; });
        CHECK(any_held == (daemon.transfers.pending_count() > 0));
        CHECK(daemon.committer.stop(10s));
    }
    CHECK(ended > 0);
    CHECK(audit(place.url()).value().faults == std::vector<std::string>{});
}

}  // namespace crash_test
