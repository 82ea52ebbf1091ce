#include "peering/administration/administration.hpp"
#include "peering/administration/recovery.hpp"
#include "peering/audit.hpp"
#include "peering/book/committer.hpp"
#include "tests/unit/peering/store_place.hpp"
#include "tests/unit/peering/world.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace receiving_accounts_test {

using namespace peering;
using namespace peering::testing;

namespace {

constexpr ilp::timestamp noon{std::chrono::hours{24 * 20'000}};

config::account_settings account_of(const std::string& name, const std::string& code = "USD") {
    return make_account(name, code, 9);
}

config::settings file(std::vector<config::account_settings> accounts = {}) {
    config::settings settings;
    settings.ilp_address = *ilp::address::parse("test.us");
    settings.assets = {make_asset("USD", 9), make_asset("EUR", 9)};
    settings.peers = {make_peer("bob", "USD", 9, 100)};
    settings.accounts = std::move(accounts);
    return settings;
}

/// A daemon's book and directory over a store that outlives them, and the operations of an operator.
class office {
public:
    explicit office(store& store, const config::settings& settings = file())
        : books{store}, known{build_or_throw(settings, books.keeper)} {
        known->administration->publish_with([this](terms_update updates, const std::function<void()>& done) {
            for (auto& update : updates.receiving_accounts) published.push_back(std::move(update));
            done();
        });
    }

    const directory& all() const { return *known->directory; }
    directory::receiver_pointer named(std::string_view name) const {
        return all().find_receiving_account_by_name(name);
    }
    std::string uuid_of(std::string_view name) const { return std::string{named(name)->uuid}; }

    /// Decides and commits. Returns the message of the refusal, or nothing.
    template <class Decide>
    std::optional<std::string> attempt(Decide decide) {
        transaction transaction{books.keeper, noon};
        auto outcome = decide(*known->administration, transaction);
        if (!outcome) {
            code = outcome.error().code;
            return outcome.error().message;
        }
        const auto written = known->administration->commit(transaction, [] {});
        return written ? std::nullopt : std::optional{written.error().message};
    }
    std::optional<std::string> create(const std::string& name, const std::string& asset = "USD",
                                      const std::string& public_name = "") {
        const receiving_account_wanted wanted{all().find_asset(asset, 9)->asset->uuid, name, public_name};
        return attempt([&](administration& desk, transaction& t) { return desk.create_receiving_account(t, wanted); });
    }
    std::optional<std::string> edit(const std::string& name, const receiving_account_edit& edit) {
        return attempt([&, uuid = uuid_of(name)](administration& desk, transaction& t) {
            return desk.update_receiving_account(t, uuid, edit);
        });
    }
    std::optional<std::string> remove(const std::string& name) {
        return attempt([&, uuid = uuid_of(name)](administration& desk, transaction& t) {
            return desk.delete_receiving_account(t, uuid);
        });
    }
    bool reload(const config::settings& settings) {
        const auto built = build(settings, books.keeper, known.get());
        if (built)
            known = *built;
        else
            problem = built.error();
        return built.has_value();
    }

    /// What a packet from bob to the account does: a hold, a posting, and the booking.
    void receive(std::string_view name, std::uint64_t amount) {
        const leg packet{known->find_by_name("bob")->liquidity, named(name)->liquidity, {amount}};
        REQUIRE(ledger::hold({&packet, 1}));
        const std::array postings{posting{packet.debit, packet.credit, amount, 1}};
        REQUIRE(books.keeper.write({.postings = postings}));
    }

    peering::testing::books books;
    std::shared_ptr<const known_peers> known;
    std::vector<receiving_account_update> published;
    std::string problem;
    refusal_code code{};
};

const auto done = std::optional<std::string>{};

}  // namespace

TEST_CASE("a receiving account is there at once, and after a restart, with what it has received") {
    const store_place place{GENERATE(kinds_of_durable_stores())};
    auto store = place.open();
    {
        office office{*store};
        REQUIRE(office.create("alice", "USD", "Alice") == done);
        REQUIRE(office.create("shop.1") == done);
        REQUIRE(office.published.size() == 2);
        CHECK(office.published[0].before == nullptr);
        CHECK(office.published[0].after == office.named("alice"));
        CHECK(office.named("alice")->liquidity->kind == account_kind::receiving);
        office.receive("alice", 30);
        CHECK(office.known->find_by_name("bob")->liquidity->available == 70);
    }
    store.reset();
    store = place.open();
    office office{*store};
    const auto alice = office.named("alice");
    REQUIRE(alice);
    CHECK(alice->public_name == "Alice");
    CHECK(alice->asset->code == "USD");
    CHECK(alice->origin == origin::api);
    CHECK(alice->enabled);
    CHECK(alice->created_at == noon);
    CHECK(alice->liquidity->available == 30);
    CHECK(office.all().find_receiving_account(alice->uuid.text()) == alice);
    CHECK(office.all().find_receiving_account_by_account(alice->liquidity->id) == alice);
    CHECK(office.all().receiving_account_count() == 2);
    CHECK(office.all().receiving_accounts().front() == alice);
    CHECK(sums_are_zero(snapshot_of(office.books.ledger)));
    store.reset();
    CHECK(audit(place.url()).value().faults.empty());
}

TEST_CASE("a receiving account with a wrong name, or in no asset, is refused") {
    const auto store = open_or_throw("memory:");
    office office{*store};
    REQUIRE(office.create("alice") == done);
    CHECK(office.create("alice", "EUR") == "duplicate name: there is a receiving account alice");
    CHECK(office.code == refusal_code::duplicate);
    for (const std::string& name :
         {std::string{}, std::string{"Alice"}, std::string{".well-known"}, std::string{"-a"}, std::string{"a/b"},
          std::string{"a b"}, std::string{"\xc3\xa9"}, std::string(65, 'a')}) {
        INFO(name);
        CHECK_THAT(office.create(name).value_or(""),
                   Catch::StartsWith("invalid name of a receiving account: expected "));
        CHECK(office.code == refusal_code::bad_user_input);
    }
    CHECK(office.create(std::string(64, 'a')) == done);
    CHECK_THAT(office.create("carol", "USD", "two\nlines").value_or(""), Catch::StartsWith("invalid public name: "));
    CHECK(office.attempt([](administration& desk, transaction& t) {
        return desk.create_receiving_account(t, {"none", "dave", ""});
    }) == "unknown asset");
    CHECK(office.code == refusal_code::not_found);
    CHECK(office.all().receiving_account_count() == 2);
    CHECK(office.published.size() == 2);
}

TEST_CASE("a receiving account is disabled and enabled, and its public name changes") {
    const auto store = open_or_throw("memory:");
    office office{*store};
    REQUIRE(office.create("alice", "USD", "Alice") == done);
    office.published.clear();
    CHECK(office.edit("alice", {.enabled = true}) == done);
    CHECK(office.published.empty());
    CHECK(office.edit("alice", {.enabled = false}) == done);
    CHECK_FALSE(office.named("alice")->enabled);
    CHECK(office.named("alice")->public_name == "Alice");
    REQUIRE(office.published.size() == 1);
    CHECK(office.published[0].before->enabled);
    CHECK(office.edit("alice", {.public_name = ""}) == done);
    CHECK(office.named("alice")->public_name.empty());
    CHECK_FALSE(store->load()->receiving_accounts.at(0).terms.enabled);
    CHECK_THAT(office.edit("alice", {.public_name = "\n"}).value_or(""), Catch::StartsWith("invalid public name: "));
}

TEST_CASE("a receiving account is deleted when nothing is on it, and its name is free then") {
    const store_place place{GENERATE(kinds_of_stores())};
    const auto store = place.open();
    office office{*store};
    REQUIRE(office.create("alice") == done);
    office.receive("alice", 30);
    const auto alice = office.named("alice");
    CHECK_THAT(office.remove("alice").value_or(""), Catch::StartsWith("Cannot delete! "));
    CHECK(office.code == refusal_code::forbidden);
    CHECK(alice->liquidity->headroom == amount_max - 30);

    const leg out{alice->liquidity, alice->asset->settlement, {30}};
    REQUIRE(ledger::hold({&out, 1}));
    const std::array postings{posting{out.debit, out.credit, 30, 1}};
    REQUIRE(office.books.keeper.write({.postings = postings}));
    const leg in_flight{office.known->find_by_name("bob")->liquidity, alice->liquidity, {5}};
    REQUIRE(ledger::hold({&in_flight, 1}));
    CHECK_THAT(office.remove("alice").value_or(""), Catch::StartsWith("Cannot delete! "));
    ledger::release({&in_flight, 1});

    CHECK(office.remove("alice") == done);
    CHECK(office.named("alice") == nullptr);
    CHECK(office.all().find_receiving_account(alice->uuid.text()) == nullptr);
    CHECK_FALSE(ledger::hold({&in_flight, 1}));
    CHECK(office.known->find_by_name("bob")->liquidity->available == 70);
    CHECK(office.create("alice", "EUR") == done);
    CHECK(office.named("alice")->id == alice->id + 1);
    CHECK(store->load()->receiving_accounts.size() == 2);
}

TEST_CASE("an asset with a receiving account is in use") {
    const auto store = open_or_throw("memory:");
    office office{*store};
    REQUIRE(office.attempt([](administration& desk, transaction& t) { return desk.create_asset(t, "JPY", 9, {}); }) ==
            done);
    REQUIRE(office.create("alice", "JPY") == done);
    const auto delete_asset = [&] {
        return office.attempt([&](administration& desk, transaction& t) {
            return desk.delete_asset(t, office.all().find_asset("JPY", 9)->asset->uuid);
        });
    };
    CHECK(delete_asset() == "Cannot delete! Asset in use.");
    REQUIRE(office.remove("alice") == done);
    CHECK(delete_asset() == done);
}

TEST_CASE("the receiving accounts of the file are made once, and one that leaves it is disabled") {
    const store_place place{GENERATE(kinds_of_stores())};
    const auto store = place.open();
    office office{*store, file({account_of("alice")})};
    const auto alice = office.named("alice");
    REQUIRE(alice);
    CHECK(alice->origin == origin::file);
    office.receive("alice", 30);
    REQUIRE(office.reload(file({account_of("alice"), account_of("carol", "EUR")})));
    CHECK(office.named("alice") == alice);
    CHECK(office.named("carol")->asset->code == "EUR");
    CHECK_THAT(office.edit("alice", {.public_name = "A"}).value_or(""),
               Catch::StartsWith("receiving account alice is defined in the configuration file"));
    CHECK_THAT(office.remove("alice").value_or(""), Catch::Contains("is defined in the configuration file"));
    CHECK(office.edit("alice", {.enabled = false}) == done);
    REQUIRE(office.reload(file({account_of("alice"), account_of("carol", "EUR")})));
    CHECK_FALSE(office.named("alice")->enabled);
    CHECK(office.edit("alice", {.enabled = true}) == done);

    REQUIRE(office.reload(file({account_of("carol", "EUR")})));
    REQUIRE(office.known->notes.size() == 1);
    CHECK_THAT(office.known->notes[0], Catch::StartsWith("receiving account alice is no longer in the file"));
    CHECK(office.named("alice")->origin == origin::api);
    CHECK_FALSE(office.named("alice")->enabled);
    CHECK(office.named("alice")->liquidity->available == 30);

    REQUIRE(office.reload(file({account_of("alice"), account_of("carol", "EUR")})));
    CHECK(office.named("alice")->origin == origin::file);
    CHECK(office.named("alice")->enabled);
    CHECK(office.named("alice")->id == alice->id);
    CHECK(store->load()->receiving_accounts.size() == 2);
}

TEST_CASE("a file whose receiving accounts contradict the book changes nothing") {
    const auto store = open_or_throw("memory:");
    office office{*store, file({account_of("alice")})};
    CHECK_FALSE(office.reload(file({account_of("alice", "EUR")})));
    CHECK_THAT(office.problem, Catch::Contains("the asset of an account cannot change"));
    CHECK_FALSE(office.reload(file({account_of("carol"), account_of("carol")})));
    CHECK_FALSE(office.reload(file({account_of("carol", "JPY")})));
    CHECK_THAT(office.problem, Catch::Contains("is not in the list of assets"));
    CHECK(office.named("alice")->asset->code == "USD");
    CHECK(office.all().receiving_account_count() == 1);
}

TEST_CASE("a stored receiving account with a fault stops the start") {
    const auto source = open_or_throw("memory:");
    office office{*source, file({account_of("alice"), account_of("carol")})};
    catalogue found = source->load().value();
    const auto refusal = [&] {
        const auto kept = open_or_throw("memory:");
        books books{*kept};
        directory known{*ilp::address::parse("test.us")};
        const auto opened = open_directory(known, found, books.keeper);
        return opened ? std::string{} : opened.error();
    };
    CHECK(refusal().empty());
    auto& alice = found.receiving_accounts.at(0);
    SECTION("a name that is not one") {
        alice.terms.name = "A";
        CHECK_THAT(refusal(), Catch::Contains("has an invalid name in the store"));
    }
    SECTION("a name that occurs twice") {
        alice.terms.name = "carol";
        CHECK_THAT(refusal(), Catch::Contains("there are two receiving accounts carol in the store"));
    }
    SECTION("an account below zero") {
        alice.liquidity.totals = {5, 0};
        CHECK_THAT(refusal(), Catch::Contains("(receiving account alice) is below zero"));
    }
    SECTION("an account without an asset") {
        alice.asset_id = 99;
        CHECK_THAT(refusal(), Catch::Contains("(receiving account alice) has no asset"));
    }
    SECTION("an id that is too large") {
        alice.id = record_id_max + 1;
        CHECK_THAT(refusal(), Catch::Contains("has an id above"));
    }
}

TEST_CASE("money goes into a receiving account and out of it like that of a peer") {
    const store_place place{GENERATE(kinds_of_durable_stores())};
    auto store = place.open();
    const std::string pending_id = new_uuid();
    {
        office office{*store, file({account_of("alice")})};
        committer committer{office.books.keeper};
        operator_transfers transfers{committer};
        const auto alice = office.named("alice");
        const transfer_accounts accounts{*alice->liquidity, *alice->asset->settlement};
        const auto now = ilp::read_clocks();
        auto& keeper = office.books.keeper;
        REQUIRE(transfers.deposit(keeper, new_uuid(), accounts, {100}, {}));
        REQUIRE(transfers.withdraw(keeper, new_uuid(), accounts, {30}, std::chrono::seconds{0}, now, {}));
        REQUIRE(transfers.withdraw(keeper, pending_id, accounts, {20}, std::chrono::hours{1}, now, {}));
        CHECK(alice->liquidity->available == 50);
        CHECK(transfers.withdraw(keeper, new_uuid(), accounts, {51}, std::chrono::seconds{0}, now, {}).error() ==
              transfer_refusal::insufficient_liquidity);
    }
    store.reset();
    store = place.open();
    directory known{*ilp::address::parse("test.us")};
    books books{*store};
    committer committer{books.keeper};
    operator_transfers transfers{committer};
    payments payments;
    REQUIRE(recover(store->load().value(), known, books.keeper, transfers, payments));
    const auto alice = known.find_receiving_account_by_name("alice");
    CHECK(alice->liquidity->available == 50);
    REQUIRE(transfers.end_withdrawal(books.keeper, pending_id, transfer_state::posted, ilp::read_clocks(), {}));
    CHECK(balance_of(books.ledger, *alice->liquidity) == 50);
    CHECK(sums_are_zero(snapshot_of(books.ledger)));
    CHECK(store->list_transfers(alice->liquidity->id, account_side::debit, 10).value().size() == 2);
}

TEST_CASE("receiving accounts are listed in pages") {
    const auto store = open_or_throw("memory:");
    office office{*store, file({account_of("a"), account_of("b"), account_of("c")})};
    const auto first = office.all().receiving_accounts({.size = 2, .newest_first = false});
    REQUIRE(first);
    REQUIRE(first->entries.size() == 2);
    CHECK(first->entries[1]->name == "b");
    CHECK(first->has_next);
    const auto rest = office.all().receiving_accounts(
        {.after = std::string{first->entries[1]->uuid}, .size = 2, .newest_first = false});
    REQUIRE(rest);
    REQUIRE(rest->entries.size() == 1);
    CHECK(rest->entries[0]->name == "c");
    CHECK_FALSE(office.all().receiving_accounts({.after = "nobody"}));
}

}  // namespace receiving_accounts_test
