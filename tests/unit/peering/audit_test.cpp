#include "peering/audit.hpp"

#include "peering/records/uuid.hpp"
#include "tests/unit/peering/store_place.hpp"
#include "tests/unit/peering/world.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace audit_test {

using namespace peering;
using namespace peering::testing;

namespace {

/// The faults found after somebody has changed the store's book by hand: bob (account 3) and carol (account 4) had 90
/// and 110.
std::vector<std::string> faults_after(const std::string& sql) {
    const store_place place{store_kind::sqlite};
    {
        const auto store = place.open();
        traffic traffic{*store};
        REQUIRE(store->commit(traffic.commit()).has_value());
    }
    REQUIRE(audit(place.url()).value().faults.empty());
    place.execute(sql);
    return audit(place.url()).value().faults;
}

}  // namespace

TEST_CASE("an audit reports every account that differs from its transfers, and assets that do not add up") {
    const auto faults = faults_after("UPDATE accounts SET credits_posted = '112' WHERE id = 4");
    REQUIRE(faults.size() == 2);
    CHECK(faults[0] ==
          "account 4 (liquidity of peer carol): the store has debits 0 and credits 112, but its transfers add up to 0 "
          "and 110");
    CHECK(faults[1] == "asset USD/9: its accounts do not add up to zero: debits 210, credits 212");
}

TEST_CASE("an audit detects a transfer that is missing, doubled, or changed") {
    // Besides the account and the asset, the mark beside the database shows that a transfer is missing.
    CHECK(faults_after("DELETE FROM transfers WHERE packets > 0").size() == 3);
    CHECK(faults_after("INSERT INTO transfers (debit_account, credit_account, amount, packets, created_at) "
                       "SELECT debit_account, credit_account, amount, packets, created_at FROM transfers "
                       "WHERE packets > 0")
              .size() == 2);
    CHECK(faults_after("UPDATE transfers SET state = 'voided' WHERE packets > 0").size() == 2);
    CHECK(faults_after("UPDATE transfers SET credit_account = 1 WHERE packets > 0").size() == 2);
}

TEST_CASE("an audit detects balances that no sequence of transfers can produce") {
    const auto below_zero = faults_after(
        "UPDATE transfers SET amount = '101' WHERE packets > 0; UPDATE accounts SET debits_posted = '101' WHERE id = 3;"
        "UPDATE accounts SET credits_posted = '201' WHERE id = 4");
    REQUIRE(below_zero.size() == 1);
    CHECK(below_zero[0] == "account 3 (liquidity of peer bob) is below zero: 100 in, 101 out");

    const auto promised = faults_after(
        "INSERT INTO transfers (uuid, kind, state, debit_account, credit_account, amount, packets, created_at) VALUES "
        "('5c4ea3ad-3f4c-4d3e-8f0a-111111111111', 'withdrawal', 'pending', 3, 2, '91', 0, 1)");
    REQUIRE(promised.size() == 1);
    CHECK(promised[0] == "account 3 (liquidity of peer bob): withdrawals of 91 are pending, but it has only 90");

    const auto almost_wrapping = faults_after(
        "UPDATE accounts SET debits_posted = '340282366920938463463374607431768211000', "
        "credits_posted = '340282366920938463463374607431768210900' WHERE id = 2");
    CHECK(std::ranges::count(almost_wrapping,
                             "account 2 (settlement of asset USD/9) has totals that are too large: debits "
                             "340282366920938463463374607431768211000, credits "
                             "340282366920938463463374607431768210900") == 1);

    const auto stranger =
        faults_after("PRAGMA foreign_keys = OFF; UPDATE transfers SET credit_account = 77 WHERE packets > 0");
    CHECK(std::ranges::count(stranger,
                             "a transfer from account 3 to account 77 names an account that does not exist") == 1);
}

TEST_CASE("an audit needs a readable store, and does not change it") {
    CHECK_THAT(audit("memory:").error().message, Catch::Contains("keeps nothing"));
    const store_place place{store_kind::sqlite};
    CHECK_THAT(audit(place.url()).error().message, Catch::Contains("unable to open"));
    const auto store = place.open();  // while the daemon runs
    CHECK(audit(place.url()).value().accounts == 0);
    place.execute("PRAGMA user_version = 1");
    CHECK_THAT(audit(place.url()).error().message, Catch::Contains("schema version 1"));
}

}  // namespace audit_test
