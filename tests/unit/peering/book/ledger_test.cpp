#include "peering/book/ledger.hpp"

#include "tests/support/end_of_process.hpp"
#include "tests/unit/peering/world.hpp"

#include <catch2/catch.hpp>

#include <array>

namespace ledger_test {

using namespace peering;
using namespace peering::testing;

namespace {

/// One asset with two peers, the asset's liquidity, and a settlement account that owes all of it.
struct book {
    peering::ledger ledger;
    liquidity_account& alice;
    liquidity_account& bob;
    liquidity_account& asset;
    liquidity_account& settlement;

    book(std::uint64_t alice_has, std::uint64_t bob_has, std::uint64_t asset_has = 0)
        : alice{open(1, account_kind::peer_liquidity, alice_has)},
          bob{open(2, account_kind::peer_liquidity, bob_has)},
          asset{open(3, account_kind::asset_liquidity, asset_has)},
          settlement{ledger.open(account_id{4}, account_kind::settlement, 1,
                                 {.debits_posted = wide_amount{alice_has} + bob_has + asset_has})} {}

    liquidity_account& open(std::uint32_t id, account_kind kind, std::uint64_t balance) {
        return ledger.open(account_id{id}, kind, 1, {.credits_posted = balance});
    }

    static bool hold(liquidity_account& debit, liquidity_account& credit, std::uint64_t amount) {
        const leg leg{&debit, &credit, {amount}};
        return peering::ledger::hold({&leg, 1});
    }
    static void release(liquidity_account& debit, liquidity_account& credit, std::uint64_t amount) {
        const leg leg{&debit, &credit, {amount}};
        peering::ledger::release({&leg, 1});
    }
    void post(liquidity_account& debit, liquidity_account& credit, std::uint64_t amount) {
        const posting posting{&debit, &credit, amount, 1};
        ledger.apply({&posting, 1});
    }
    account_balance picture(const liquidity_account& account) const {
        for (const account_balance& balance : snapshot_of(ledger)) {
            if (balance.id == account.id) return balance;
        }
        return {};
    }
};

}  // namespace

TEST_CASE("A27-11 A32-06: amounts in flight are subtracted from the liquidity") {
    book book{100, 0};
    CHECK_FALSE(book.hold(book.alice, book.bob, 101));
    CHECK(book.hold(book.alice, book.bob, 60));
    CHECK_FALSE(book.hold(book.alice, book.bob, 60));
    CHECK(book.hold(book.alice, book.bob, 40));
    CHECK(book.picture(book.alice).debits_pending == 100);
    CHECK(book.picture(book.bob).credits_pending == 100);
}

TEST_CASE("A27-12: a hold is released when the transfer is voided, and booked when it is posted") {
    book book{100, 50};
    REQUIRE(book.hold(book.alice, book.bob, 30));
    CHECK(balance_of(book.ledger, book.alice) == 100);
    book.release(book.alice, book.bob, 30);
    CHECK(book.alice.available == 100);
    CHECK(book.bob.headroom == amount_max - 50);

    REQUIRE(book.hold(book.alice, book.bob, 30));
    CHECK(book.alice.available == 70);
    CHECK(book.bob.available == 50);
    book.post(book.alice, book.bob, 30);
    CHECK(balance_of(book.ledger, book.alice) == 70);
    CHECK(balance_of(book.ledger, book.bob) == 80);
    CHECK(book.alice.available == 70);
    CHECK(book.alice.headroom == amount_max - 70);
    CHECK(book.bob.available == 80);
    CHECK(book.bob.headroom == amount_max - 80);
    CHECK(book.picture(book.alice).debits_pending == 0);
    CHECK(book.picture(book.bob).credits_pending == 0);
    CHECK(sums_are_zero(snapshot_of(book.ledger)));
}

TEST_CASE("A32-01 A32-02 A32-03: only posted packets change a balance, by their amount, in both directions") {
    book book{1000, 1000};
    REQUIRE(book.hold(book.alice, book.bob, 10));
    REQUIRE(book.hold(book.bob, book.alice, 3));
    book.post(book.alice, book.bob, 10);
    book.post(book.bob, book.alice, 3);
    REQUIRE(book.hold(book.alice, book.bob, 500));
    book.release(book.alice, book.bob, 500);
    CHECK(balance_of(book.ledger, book.alice) == 993);
    CHECK(balance_of(book.ledger, book.bob) == 1007);
}

TEST_CASE("A32-05: an amount up to the remaining liquidity passes, one more does not") {
    // RFC 32's example: a maximum of 20 with a balance of 12 leaves 8 of credit.
    book book{8, 0};
    CHECK_FALSE(book.hold(book.alice, book.bob, 9));
    CHECK(book.hold(book.alice, book.bob, 7));
    book.release(book.alice, book.bob, 7);
    CHECK(book.hold(book.alice, book.bob, 8));
}

TEST_CASE("A32-10: a transfer of 0 passes at the maximum, and changes nothing") {
    book book{0, amount_max};
    packet_transfer transfer;
    transfer.add(book.alice, book.bob, {0});
    CHECK(transfer.empty());
    CHECK(ledger::hold(transfer.legs()));
    CHECK(book.hold(book.alice, book.bob, 0));
    CHECK(book.alice.available == 0);
    CHECK(book.bob.headroom == 0);
}

TEST_CASE("A32-12: amounts at the edge of 64 bits neither wrap nor are lost") {
    const std::uint64_t half = std::uint64_t{1} << 63;
    SECTION("the largest amount moves whole") {
        book book{amount_max, 0};
        REQUIRE(book.hold(book.alice, book.bob, amount_max));
        CHECK_FALSE(book.hold(book.alice, book.bob, 1));
        book.post(book.alice, book.bob, amount_max);
        CHECK(balance_of(book.ledger, book.alice) == 0);
        CHECK(balance_of(book.ledger, book.bob) == amount_max);
        CHECK(book.bob.headroom == 0);
        CHECK_FALSE(book.hold(book.asset, book.bob, 1));
        CHECK(sums_are_zero(snapshot_of(book.ledger)));
    }
    SECTION("an account that is nearly full has no room for more") {
        book book{half, half};
        CHECK_FALSE(book.hold(book.alice, book.bob, half));
        CHECK(book.alice.available == half);
        CHECK(book.bob.headroom == half - 1);
        CHECK(book.hold(book.alice, book.bob, half - 1));
        CHECK_FALSE(book.hold(book.alice, book.bob, 1));
    }
    SECTION("totals grow past 2^64") {
        book book{amount_max, 0};
        for (int i = 0; i < 3; ++i) {
            REQUIRE(book.hold(book.alice, book.bob, amount_max));
            book.post(book.alice, book.bob, amount_max);
            REQUIRE(book.hold(book.bob, book.alice, amount_max));
            book.post(book.bob, book.alice, amount_max);
        }
        CHECK((book.ledger.posted(book.alice.id).debits_posted == wide_amount{amount_max} * 3));
        CHECK((book.ledger.posted(book.alice.id).credits_posted == wide_amount{amount_max} * 4));
        CHECK(balance_of(book.ledger, book.alice) == amount_max);
    }
}

TEST_CASE("a transfer holds all of its legs or none") {
    book book{100, 5, 3};
    const std::array<leg, 3> legs{leg{&book.alice, &book.bob, {90}}, leg{&book.alice, &book.asset, {10}},
                                  leg{&book.asset, &book.bob, {4}}};
    CHECK_FALSE(ledger::hold(legs));
    CHECK(ledger::try_hold(legs) == ledger::shortage::asset_liquidity);
    for (const liquidity_account* account : {&book.alice, &book.bob, &book.asset}) {
        CHECK(account->available == balance_of(book.ledger, *account));
        CHECK(account->headroom == amount_max - balance_of(book.ledger, *account));
    }
    const leg too_much{&book.alice, &book.bob, {101}};
    CHECK(ledger::try_hold({&too_much, 1}) == ledger::shortage::peer_liquidity);
    CHECK(ledger::try_hold(std::span{legs}.first(2)) == ledger::shortage::none);
    ledger::release(std::span{legs}.first(2));
    CHECK(book.alice.available == 100);
}

TEST_CASE("a settlement account represents money outside and has no bound") {
    book book{100, 0};
    CHECK(book.hold(book.settlement, book.alice, amount_max - 100));
    CHECK_FALSE(book.hold(book.settlement, book.alice, 1));
    book.post(book.settlement, book.alice, amount_max - 100);
    CHECK(balance_of(book.ledger, book.alice) == amount_max);
    CHECK(sums_are_zero(snapshot_of(book.ledger)));
    CHECK(book.hold(book.alice, book.settlement, amount_max));
}

TEST_CASE("the changes of a batch name each account once") {
    book book{100, 100, 100};
    const std::array<posting, 3> postings{posting{&book.alice, &book.bob, 10, 1}, posting{&book.bob, &book.alice, 4, 2},
                                          posting{&book.alice, &book.asset, 1, 1}};
    std::vector<account_change> changed;
    for (int i = 0; i < 2; ++i) {
        book.ledger.changes_of(postings, changed);
        REQUIRE(changed.size() == 3);
        CHECK((changed[0].id == book.alice.id && changed[0].after == account_totals{11, 104}));
        CHECK((changed[1].id == book.bob.id && changed[1].after == account_totals{4, 110}));
        CHECK((changed[0].before == account_totals{0, 100}));
        CHECK((changed[2].id == book.asset.id && changed[2].after == account_totals{0, 101}));
    }
    CHECK(balance_of(book.ledger, book.alice) == 100);
}

TEST_CASE("A32-09: accounts know their asset, and are found by their id") {
    ledger ledger;
    liquidity_account& usd = ledger.open(account_id{7}, account_kind::peer_liquidity, 1, {});
    liquidity_account& eur = ledger.open(account_id{900'000}, account_kind::peer_liquidity, 2, {});
    CHECK(ledger.find(account_id{7}) == &usd);
    CHECK(ledger.find(account_id{900'000}) == &eur);
    CHECK(ledger.find(account_id{8}) == nullptr);
    const auto picture = snapshot_of(ledger);
    REQUIRE(picture.size() == 2);
    CHECK(picture[0].asset == 1);
    CHECK(picture[1].asset == 2);
}

TEST_CASE("the asset of an account is known by its id, as long as the ledger exists") {
    book book{100, 0};
    book.ledger.open(account_id{7}, account_kind::receiving, 9, {});
    CHECK(book.ledger.asset_of(account_id{1}) == 1);
    CHECK(book.ledger.asset_of(account_id{7}) == 9);
    CHECK(book.ledger.asset_of(account_id{8}) == std::nullopt);
    REQUIRE(book.ledger.close(*book.ledger.find(account_id{7})));
    CHECK(book.ledger.asset_of(account_id{7}) == 9);
}

TEST_CASE("a part receives nothing before it is open, and then no more than its maximum") {
    peering::ledger ledger;
    ledger.keep_parts();
    liquidity_account& alice = ledger.open(account_id{1}, account_kind::peer_liquidity, 1, {});
    liquidity_account& bob = ledger.open(account_id{2}, account_kind::peer_liquidity, 1, {});
    const part_move lease{&alice, 70, part_move::direction::lease};
    CHECK_FALSE(ledger::hold(lease));
    ledger.open_part(alice, 100);
    ledger.open_part(bob, 50);
    REQUIRE(ledger::hold(lease));
    CHECK(alice.available == 0);  // not before the store has moved it
    CHECK(alice.headroom == 30);
    ledger.apply(lease);
    CHECK(alice.available == 70);
    CHECK(ledger.posted(alice.id) == account_totals{.debits_posted = 0, .credits_posted = 70});

    CHECK_FALSE(book::hold(alice, bob, 51));
    REQUIRE(book::hold(alice, bob, 50));
    const posting posting{&alice, &bob, 50, 1};
    std::vector<account_change> changed;
    ledger.changes_of({&posting, 1}, changed);
    ledger.check({&posting, 1}, changed);
    ledger.apply({&posting, 1});
    CHECK(bob.available == 50);
    CHECK(bob.headroom == 0);
    CHECK(alice.headroom == 80);
}

TEST_CASE("what is returned to the vault cannot be spent meanwhile, and can be again if the vault does not take it") {
    peering::ledger ledger;
    ledger.keep_parts();
    liquidity_account& alice = ledger.open(account_id{1}, account_kind::peer_liquidity, 1, {});
    ledger.open_part(alice, 100);
    const part_move lease{&alice, 100, part_move::direction::lease};
    REQUIRE(ledger::hold(lease));
    ledger.apply(lease);

    const part_move back{&alice, 60, part_move::direction::give_back};
    REQUIRE(ledger::hold(back));
    CHECK_FALSE(ledger::hold(back));
    CHECK(alice.available == 40);
    CHECK(alice.headroom == 0);
    ledger::release(back);
    CHECK(alice.available == 100);
    REQUIRE(ledger::hold(back));
    ledger.apply(back);
    CHECK(alice.available == 40);
    CHECK(alice.headroom == 60);
    CHECK(ledger.posted(alice.id) == account_totals{.debits_posted = 0, .credits_posted = 40});
    CHECK(ledger.close(alice));
    CHECK(alice.headroom == 0);
    ledger.reopen(alice);
    CHECK(alice.headroom == 60);

    CHECK(support::run_in_a_copy([&] {
              ledger.open_part(alice, 99);
          }).is_broken_invariant("a part is opened once, and no settlement account"));
    CHECK(support::run_in_a_copy([&] {
              ledger.apply({&alice, 41, part_move::direction::give_back});
          }).is_broken_invariant("a part returns only what it has"));
}

TEST_CASE("an inconsistent book stops the daemon before it is written to the store") {
    const auto broken = [](auto break_it, const std::string& sentence) {
        book book{100, 50};
        return support::run_in_a_copy([&] { break_it(book); }).is_broken_invariant(sentence);
    };
    // The committer's check before it writes.
    const auto check = [](book& book, liquidity_account& debit, liquidity_account& credit, std::uint64_t amount) {
        const posting posting{&debit, &credit, amount, 1};
        std::vector<account_change> changed;
        book.ledger.changes_of({&posting, 1}, changed);
        book.ledger.check({&posting, 1}, changed);
    };
    CHECK(
        broken([&](book& book) { check(book, book.alice, book.bob, 10); }, "an account pays only what was held on it"));
    CHECK(broken([&](book& book) { check(book, book.settlement, book.bob, 10); },
                 "an account receives only what headroom was held for"));
    CHECK(broken([&](book& book) { check(book, book.alice, book.settlement, 101); },
                 "no liquidity account falls below zero"));
    CHECK(broken([&](book& book) { check(book, book.settlement, book.alice, amount_max); },
                 "every balance stays below 2^64"));
    CHECK(broken(
        [&](book& book) {
            if (!book.hold(book.alice, book.bob, 10)) return;
            book.release(book.alice, book.bob, 10);
            check(book, book.alice, book.bob, 10);
        },
        "an account pays only what was held on it"));
    CHECK(broken(
        [&](book& book) {
            check(book, book.alice,
                  book.ledger.open(account_id{9}, account_kind::peer_liquidity, 2, {.credits_posted = 7}), 10);
        },
        "a posting moves money within one asset"));

    book book{100, 50};
    REQUIRE(book.hold(book.alice, book.bob, 100));
    CHECK(support::run_in_a_copy([&] { check(book, book.alice, book.bob, 100); }).is_success());
}

TEST_CASE("incorrect use of the ledger stops the daemon") {
    const auto broken = [](auto break_it, const std::string& sentence) {
        book book{100, 50};
        return support::run_in_a_copy([&] { break_it(book); }).is_broken_invariant(sentence);
    };
    CHECK(broken([](book& book) { book.release(book.alice, book.asset, 1); },
                 "what an account can spend or receive stays below 2^64"));
    CHECK(broken(
        [](book& book) {
            if (book.hold(book.settlement, book.alice, 50)) book.post(book.alice, book.bob, 101);
        },
        "no liquidity account falls below zero"));
    CHECK(
        broken([](book& book) { book.open(1, account_kind::peer_liquidity, 5); }, "no two accounts have the same id"));
    CHECK(broken([](book& book) { (void)book.ledger.at(account_id{77}); }, "a transfer names only open accounts"));
}

}  // namespace ledger_test
