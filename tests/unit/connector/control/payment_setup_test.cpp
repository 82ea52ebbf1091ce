#include "connector/control/payment_setup.hpp"

#include "peering/administration/administration.hpp"
#include "peering/book/bookkeeper.hpp"
#include "peering/book/ledger.hpp"
#include "peering/book/thresholds.hpp"
#include "peering/open_store.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>

namespace payment_setup_test {

using namespace connector;

namespace {

std::shared_ptr<const ilp::stream::receiver_secrets> some_secrets(std::string_view seed = "a") {
    const std::array<ilp::digest, 1> secrets{ilp::sha256(ilp::as_bytes(seed))};
    return std::make_shared<const ilp::stream::receiver_secrets>(secrets);
}

/// A node with an account `alice`.
struct node {
    explicit node(std::string_view address = "test.d") : directory{ilp::address::parse(address).value()} {
        peering::transaction start{keeper, {}};
        if (!administration.create_asset(start, "USD", 9, {}) || !administration.commit(start, [] {})) {
            throw std::runtime_error{"no asset"};
        }
        peering::transaction next{keeper, {}};
        const auto usd = directory.find_asset("USD", 9)->asset->uuid;
        const auto made = administration.create_receiving_account(next, {.asset_uuid = usd, .name = "alice"});
        if (!made || !administration.commit(next, [] {})) throw std::runtime_error{"no account"};
    }
    void disable_alice() {
        peering::transaction change{keeper, {}};
        const auto uuid = std::string{directory.find_receiving_account_by_name("alice")->uuid.text()};
        REQUIRE(administration.update_receiving_account(change, uuid, {.enabled = false}));
        REQUIRE(administration.commit(change, [] {}));
    }

    std::unique_ptr<peering::store> store = peering::open_store("memory:").value();
    peering::ledger ledger;
    peering::thresholds thresholds;
    peering::bookkeeper keeper{ledger, *store, thresholds};
    peering::directory directory;
    peering::administration administration{directory};
};

constexpr std::chrono::hours lifetime{24};
constexpr ilp::timestamp now{std::chrono::milliseconds{1'700'000'000'123}};

}  // namespace

TEST_CASE("A09-04 A09-05: the details of a payment lead to the account, and are never the same") {
    const node d;
    const auto secrets = some_secrets();
    payment_setup setup{d.directory, {d.directory.own_address(), secrets, lifetime}};
    ilp::stream::envelope_cipher cipher;
    std::set<std::string> addresses;
    std::set<ilp::digest> shared_secrets;
    for (int i = 0; i < 1000; ++i) {
        const auto details = setup.details_for("alice", now);
        REQUIRE(details);
        REQUIRE(details->destination.text().starts_with("test.d."));
        const auto opened = secrets->open(cipher, details->destination.text().substr(7));
        REQUIRE(opened);
        CHECK(opened->shared_secret == details->shared_secret);
        CHECK(opened->contents.account == d.directory.find_receiving_account_by_name("alice")->id);
        CHECK(opened->contents.valid_until == now + lifetime);
        addresses.insert(details->destination.text());
        shared_secrets.insert(details->shared_secret);
    }
    CHECK(addresses.size() == 1000);
    CHECK(shared_secrets.size() == 1000);
}

TEST_CASE("nobody is paid who has no account, or a disabled one") {
    node d;
    payment_setup setup{d.directory, {d.directory.own_address(), some_secrets(), lifetime}};
    for (const char* const other : {"", "bob", "Alice", "alice ", "alice.x"})
        CHECK_FALSE(setup.details_for(other, now));
    REQUIRE(setup.details_for("alice", now));
    d.disable_alice();
    CHECK_FALSE(setup.details_for("alice", now));
}

TEST_CASE("a node whose own address leaves no room for a payment's has no details") {
    const node d{"test." + std::string(1000, 'd')};
    payment_setup setup{d.directory, {d.directory.own_address(), some_secrets(), lifetime}};
    CHECK_FALSE(setup.details_for("alice", now));
}

}  // namespace payment_setup_test
