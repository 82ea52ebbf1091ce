#include "tests/support/child_process.hpp"
#include "tests/unit/peering/commit_forever.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <random>
#include <thread>

using namespace peering;
using namespace peering::testing;
using namespace std::chrono_literals;

namespace {

using peer_totals = std::array<account_totals, crash_peers>;

/// Starts as the daemon does: a broken book would be refused.
peer_totals load(const std::string& url) {
    const auto store = open_or_throw(url);
    ledger ledger;
    const auto registry = build_or_throw(crash_settings(), *store, ledger);
    peer_totals totals;
    for (std::size_t i = 0; i < crash_peers; ++i) totals[i] = ledger.posted(registry->peers()[i].liquidity->id);
    return totals;
}

/// The last number on a line that is complete; 0: none.
commit_ticket last_reported(const std::string& output) {
    const std::size_t end = output.rfind('\n');
    if (end == std::string::npos || end == 0) return 0;
    const std::size_t begin = output.rfind('\n', end - 1);
    return std::stoull(output.substr(begin == std::string::npos ? 0 : begin + 1, end));
}

}  // namespace

TEST_CASE("kill -9 at any moment loses no commit that was reported, and leaves no half of one") {
    const support::temporary_directory directory;
    const std::string path = directory.path() / "ilpd.db";
    const std::string url = "sqlite:" + path;
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    WARN("seed " << seed);
    std::mt19937_64 random{seed};

    peer_totals totals = load(url);
    for (int round = 0; round < 20; ++round) {
        CAPTURE(round);
        const auto output = directory.path() / ("reports" + std::to_string(round));
        support::command command;
        command.arguments = {ILPD_COMMIT_FOREVER, url};
        command.output = output;
        support::child_process child{command};
        child.wait_for_output("\n", 60s);
        std::this_thread::sleep_for(std::chrono::microseconds{random() % 30'000});
        child.signal(SIGKILL);
        REQUIRE(child.wait(60s) == 128 + SIGKILL);
        const commit_ticket reported = last_reported(child.output());
        REQUIRE(reported > 0);

        const peer_totals found = load(url);
        commit_ticket durable = 0;
        while (durable < reported || (totals != found && durable < reported + 1000)) {
            const crash_batch batch = crash_batch_of(++durable);
            totals[batch.debit].debits_posted += wide_amount{batch.amount} * batch.packets;
            totals[batch.credit].credits_posted += wide_amount{batch.amount} * batch.packets;
        }
        CHECK((totals == found));
        reader reader{path};
        CHECK(reader.book_is_sound());
        CHECK(reader.accounts_agree_with_transfers());
        totals = found;
    }
}
