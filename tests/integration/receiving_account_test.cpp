#include "tests/integration/administered.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace receiving_account_test {

// Receiving accounts in the real daemon: they and their money survive kill -9.
namespace {

using namespace support;
namespace json = boost::json;

constexpr std::string_view all_accounts =
    "{ receivingAccounts(sortOrder: ASC) { edges { node { id name publicName enabled origin liquidity createdAt "
    "asset { code scale } } } } }";

json::array accounts_of(const administered& a) {
    json::array accounts;
    for (const json::value& edge : a.admin.ask(all_accounts).field().at("edges").as_array()) {
        accounts.push_back(edge.at("node"));
    }
    return accounts;
}

std::string create(const administered& a, const std::string& name, const std::string& asset) {
    const auto answer =
        a.admin.mutate("createReceivingAccount", {{"assetId", asset}, {"name", name}, {"publicName", "The " + name}});
    return text_at(answer.field().at("receivingAccount"), "id");
}

json::object transfer_input(const std::string& account, std::uint64_t amount) {
    return {
        {"receivingAccountId", account}, {"amount", amount}, {"id", random_uuid()}, {"idempotencyKey", random_uuid()}};
}

std::uint64_t balance_of(const administered& a, const std::string& name, const std::string& asset) {
    return static_cast<std::uint64_t>(
        a.r.d.scrape().sum("ilp_account_liquidity", {{"account", name}, {"asset", asset}}));
}

}  // namespace

TEMPLATE_TEST_CASE("receiving accounts: they and their money survive kill -9", "", on_sqlite, on_postgresql) {
    administered a{TestType::kind};
    const std::string euro = a.admin.create_asset("EUR", 2);
    const std::string alice = create(a, "alice", a.usd);
    const std::string shop = create(a, "shop.1", euro);
    const std::string gone = create(a, "gone", euro);
    static_cast<void>(a.admin.mutate("deleteReceivingAccount", {{"id", gone}}).field());
    static_cast<void>(a.admin.mutate("updateReceivingAccount", {{"id", shop}, {"enabled", false}}).field());

    const json::object deposit = transfer_input(alice, 100);
    static_cast<void>(a.admin.mutate("depositReceivingAccountLiquidity", deposit).field());
    json::object withdrawal = transfer_input(alice, 30);
    withdrawal["timeoutSeconds"] = 3600;
    static_cast<void>(a.admin.mutate("createReceivingAccountLiquidityWithdrawal", withdrawal).field());
    CHECK(balance_of(a, "alice", "USD/9") == 70);
    const json::array accounts = accounts_of(a);
    REQUIRE(accounts.size() == 2);
    CHECK(text_at(accounts[0], "publicName") == "The alice");
    CHECK(text_at(accounts[0], "liquidity") == "70");

    for (int round = 0; round < 2; ++round) {
        a.kill9_and_start();
        CHECK(json::serialize(accounts_of(a)) == json::serialize(accounts));
        CHECK(balance_of(a, "alice", "USD/9") == 70);
        // What was answered before the kill is not done again.
        static_cast<void>(a.admin.mutate("depositReceivingAccountLiquidity", deposit).field());
        static_cast<void>(a.admin.mutate("createReceivingAccountLiquidityWithdrawal", withdrawal).field());
        CHECK(balance_of(a, "alice", "USD/9") == 70);
    }
    static_cast<void>(a.admin
                          .mutate("postLiquidityWithdrawal",
                                  {{"withdrawalId", withdrawal.at("id")}, {"idempotencyKey", random_uuid()}})
                          .field());
    CHECK(a.admin.mutate("deleteReceivingAccount", {{"id", alice}}).code() == "FORBIDDEN");
    CHECK(a.admin.mutate("deleteAsset", {{"id", euro}}).code() == "FORBIDDEN");
    json::object rest = transfer_input(alice, 70);
    rest["timeoutSeconds"] = 0;
    static_cast<void>(a.admin.mutate("createReceivingAccountLiquidityWithdrawal", rest).field());
    static_cast<void>(a.admin.mutate("deleteReceivingAccount", {{"id", alice}}).field());
    a.kill9_and_start();
    CHECK(accounts_of(a).size() == 1);
    CHECK(a.r.d.audit().status == 0);
}

TEST_CASE("receiving accounts: a mistake in a request is refused with its code") {
    const administered a{store_kind::sqlite};
    create(a, "alice", a.usd);
    const auto refused = [&](json::object input) { return a.admin.mutate("createReceivingAccount", input).code(); };
    CHECK(refused({{"assetId", a.usd}, {"name", "alice"}}) == "DUPLICATE");
    CHECK(refused({{"assetId", a.usd}, {"name", "Alice"}}) == "BAD_USER_INPUT");
    CHECK(refused({{"assetId", random_uuid()}, {"name", "carol"}}) == "NOT_FOUND");
    CHECK(a.admin.mutate("depositReceivingAccountLiquidity", transfer_input(random_uuid(), 5)).code() == "NOT_FOUND");
    CHECK(a.admin.ask("{ receivingAccount(id: \"" + random_uuid() + "\") { id } }").code() == "NOT_FOUND");
    CHECK(a.admin.ask("{ receivingAccountByName(name: \"carol\") { id } }").field().is_null());
    CHECK(text_at(a.admin.ask("{ receivingAccountByName(name: \"alice\") { name } }").field(), "name") == "alice");
}

TEST_CASE("receiving accounts: those of the file follow it") {
    administered a{store_kind::sqlite, [](daemon_terms& terms) {
                       terms.accounts = {"{name: alice, asset: {code: USD, scale: 9}, public_name: Alice}"};
                   }};
    REQUIRE(accounts_of(a).size() == 1);
    CHECK(text_at(accounts_of(a)[0], "origin") == "FILE");
    const std::string alice = text_at(accounts_of(a)[0], "id");
    CHECK(a.admin.mutate("deleteReceivingAccount", {{"id", alice}}).code() == "FORBIDDEN");
    static_cast<void>(a.admin.mutate("depositReceivingAccountLiquidity", transfer_input(alice, 7)).field());

    a.r.d.terms().accounts.clear();
    a.r.d.reload();
    REQUIRE(eventually([&] { return text_at(accounts_of(a).at(0), "origin") == "API"; }));
    CHECK(text_at(accounts_of(a)[0], "liquidity") == "7");
    CHECK_FALSE(accounts_of(a)[0].at("enabled").as_bool());
}

}  // namespace receiving_account_test
