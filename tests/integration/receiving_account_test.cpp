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
    const auto answer = a.admin.ask(all_accounts);
    json::array accounts;
    for (const json::value& edge : answer.field().at("edges").as_array()) {
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

TEST_CASE("receiving accounts: Rafiki's clients see them as wallet addresses") {
    const administered a{store_kind::sqlite};
    const auto create_address = [&](const std::string& address) {
        return a.admin.ask(
            "mutation C($input: CreateWalletAddressInput!) { createWalletAddress(input: $input) { walletAddress { id } "
            "} }",
            {{"input",
              {{"assetId", a.usd},
               {"address", address},
               {"publicName", "Alice"},
               {"additionalProperties", json::array{}}}}});
    };
    const std::string id = text_at(create_address("https://pay.example/alice").field().at("walletAddress"), "id");
    CHECK(create_address("https://pay.example/alice").code() == "DUPLICATE");
    for (const char* const address : {"https://pay.example/", "https://pay.example", "http://pay.example/carol",
                                      "carol", "https://pay.example/a/b", "https://pay.example/carol?x"}) {
        INFO(address);
        CHECK(create_address(address).code() == "BAD_USER_INPUT");
    }
    const auto update = a.admin.ask(
        "mutation U($input: UpdateWalletAddressInput!) { updateWalletAddress(input: $input) { walletAddress { id } } }",
        {{"input", {{"id", id}, {"publicName", "Alice B."}, {"status", "INACTIVE"}}}});
    CHECK(text_at(update.field().at("walletAddress"), "id") == id);
    const auto shown = a.admin.ask(
        "query G($id: String!) { walletAddress(id: $id) { id address publicName status "
        "createdAt liquidity tenantId asset { id code scale withdrawalThreshold } } }",
        {{"id", id}});
    CHECK(text_at(shown.field(), "address").ends_with("/alice"));
    CHECK(text_at(shown.field(), "publicName") == "Alice B.");
    CHECK(text_at(shown.field(), "status") == "INACTIVE");
    CHECK(text_at(shown.field(), "liquidity") == "0");
    CHECK(text_at(shown.field().at("asset"), "code") == "USD");
    const auto list = a.admin.ask(
        "{ walletAddresses(first: 10) { edges { cursor node { id publicName status address } } "
        "pageInfo { startCursor endCursor hasNextPage hasPreviousPage } } }");
    CHECK(list.field().at("edges").as_array().size() == 1);
    CHECK_FALSE(accounts_of(a).at(0).at("enabled").as_bool());
}

TEST_CASE("receiving accounts: those of the file follow it") {
    administered a{store_kind::sqlite,
                   [](daemon_terms& terms) { terms.accounts = {{.name = "alice", .public_name = "Alice"}}; }};
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
