#include "tests/integration/paying_account.hpp"
#include "tests/integration/store_place.hpp"
#include "tests/support/daemon.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <map>
#include <string>

namespace payment_chain_test {

// A payment through three daemons and four assets, each hop with a maximum of its own, and a spread in the middle.
namespace {

using namespace support;

constexpr std::uint64_t deposit = 10'000'000'000;  // 10 USD

/// alice, in USD/9, is an account of the first daemon, which is a peer of the second in USD/6. That one exchanges into
/// EUR/6, with a spread, for the third, where bob has an account in GBP/4.
struct chain {
    explicit chain(store_kind kind, std::uint64_t last_maximum = 54'321, std::uint8_t scale_of_bob = 4)
        : maximum{last_maximum},
          bobs_scale{scale_of_bob},
          first_place{kind},
          second_place{kind},
          third_place{kind},
          third{third_terms(), third_port},
          second{second_terms(), second_port},
          first{first_terms(), first_port} {}

    daemon_terms terms_of(const std::string& name, const store_place& place) const {
        daemon_terms terms{.address = "test." + name};
        terms.log_level = "info";
        terms.connector = {"workers: 2", "max_hold_time: 5s"};
        terms.store = place.url();
        return terms;
    }
    daemon_terms first_terms() const {
        daemon_terms terms = terms_of("first", first_place);
        terms.accounts = {{.name = "alice"}};
        terms.assets = {{"USD", 9, default_liquidity}, {"USD", 6, default_liquidity}};
        terms.peers = {{.name = "second",
                        .port = second_port,
                        .scale = 6,
                        .routes = {"test.second", "test.third"},
                        .terms = {"max_packet_amount: 500000"},
                        .tokens = {token_for("first")}}};
        return terms;
    }
    daemon_terms second_terms() const {
        daemon_terms terms = terms_of("second", second_place);
        terms.assets = {{"USD", 6, default_liquidity}, {"EUR", 6, default_liquidity}};
        terms.rates = {"fixed: [{base: USD, quote: EUR, rate: 0.813399}]",
                       "spreads: [{base: USD, quote: EUR, basis_points: 35}]"};
        terms.peers = {
            {.name = "first", .port = first_port, .scale = 6, .tokens = {token_for("second")}},
            {.name = "third", .port = third_port, .code = "EUR", .scale = 6, .terms = {"max_packet_amount: 98765"}}};
        return terms;
    }
    daemon_terms third_terms() const {
        daemon_terms terms = terms_of("third", third_place);
        terms.accounts = {{.name = "bob", .code = "GBP", .scale = bobs_scale}};
        terms.assets = {{"EUR", 6, default_liquidity}, {"GBP", bobs_scale, default_liquidity}};
        terms.rates = {"fixed: [{base: EUR, quote: GBP, rate: 0.8571}]"};
        terms.receiving = {"secret: \"" + std::string(64, '1') + "\""};
        terms.spsp = {"enabled: true", "listen: 127.0.0.1:" + std::to_string(spsp_port)};
        terms.peers = {{.name = "second",
                        .port = second_port,
                        .code = "EUR",
                        .scale = 6,
                        .terms = {"max_packet_amount: " + std::to_string(maximum)},
                        .outgoing = {"auth_token: \"" + token_of("third") + "\""},
                        .tokens = {token_for("third")},
                        .presents_token = false}};
        return terms;
    }

    std::string bob() const { return "http://127.0.0.1:" + std::to_string(spsp_port) + "/bob"; }

    /// Requires that each account has what the others say.
    void expect_agreement(const paying_account& alice, const payment_shown& made) const {
        CHECK(deposit - alice.balance() == made.sent);
        CHECK(balance_of(third, "bob") == made.delivered);
        CHECK(first.settled_liquidity("second") - default_liquidity ==
              default_liquidity - second.settled_liquidity("first"));
        CHECK(second.settled_liquidity("third") - default_liquidity ==
              default_liquidity - third.settled_liquidity("second"));
    }

    /// In each asset of a book, all that was debited was credited.
    static void expect_conserved(const store_place& place) {
        std::map<std::string, totals> assets;
        for (const auto& row : place.rows("SELECT asset_id, debits_posted, credits_posted FROM accounts")) {
            assets[row.at(0)].debits += static_cast<wide>(std::stoull(row.at(1)));
            assets[row.at(0)].credits += static_cast<wide>(std::stoull(row.at(2)));
        }
        CHECK(assets.size() == 2);
        for (const auto& [asset, sums] : assets) CHECK(sums.debits == sums.credits);
    }
    void expect_clean_books() {
        for (ilpd_daemon* const each : {&first, &second, &third}) {
            CHECK(each->stop() == 0);
            CHECK(each->audit().status == 0);
        }
        expect_conserved(first_place);
        expect_conserved(second_place);
        expect_conserved(third_place);
    }

    const std::uint64_t maximum;  ///< of a packet to the third
    const std::uint8_t bobs_scale;
    store_place first_place;
    store_place second_place;
    store_place third_place;
    std::uint16_t first_port = free_port();
    std::uint16_t second_port = free_port();
    std::uint16_t third_port = free_port();
    std::uint16_t spsp_port = free_port();
    ilpd_daemon third;
    ilpd_daemon second;
    ilpd_daemon first;
};

/// What 5 USD are worth in GBP/4: 5 times 0.813399, less 35 basis points, times 0.8571, rounded down.
constexpr std::uint64_t worth_of_five_dollars = 34'736;

}  // namespace

TEMPLATE_TEST_CASE("A29-02 money: a payment through three daemons and four assets agrees in every book", "", on_sqlite,
                   on_postgresql) {
    chain d{TestType::kind};
    const paying_account alice{d.first, "alice", deposit};
    constexpr std::uint64_t amount = 5'000'000'001;
    const payment_shown made = alice.wait_for(alice.begin("sendAmount", amount, d.bob()));
    INFO(made.failure);
    CHECK(made.status == "COMPLETED");
    CHECK(made.sent == amount);
    // Each connector rounds each packet down.
    CHECK(made.delivered <= worth_of_five_dollars);
    CHECK(made.delivered >= worth_of_five_dollars - worth_of_five_dollars / 100);
    d.expect_agreement(alice, made);
    d.expect_clean_books();
}

TEST_CASE("A29-02 money: what is to be delivered arrives through three daemons and four assets, in every book") {
    chain d{store_kind::sqlite};
    const paying_account alice{d.first, "alice", deposit};
    constexpr std::uint64_t amount = 20'000;  // 2 GBP
    const payment_shown made = alice.wait_for(alice.begin("deliverAmount", amount, d.bob()));
    INFO(made.failure);
    CHECK(made.status == "COMPLETED");
    CHECK(made.delivered >= amount);
    CHECK(made.delivered <= amount + amount / 100);
    d.expect_agreement(alice, made);
    d.expect_clean_books();
}

TEST_CASE("money: a daemon on the way of a payment is killed, and what was sent and what arrived agree") {
    chain d{store_kind::sqlite, 500, 9};
    const paying_account alice{d.first, "alice", deposit};
    constexpr std::uint64_t amount = 5'000'000'000;
    const std::string id = alice.begin("sendAmount", amount, d.bob());
    for (int kill = 0; kill < 3; ++kill) {
        const std::uint64_t before = alice.payment(id).sent;
        CHECK(eventually([&] {
            const payment_shown shown = alice.payment(id);
            return shown.has_ended() || shown.sent > before + 100'000'000;
        }));
        d.second.kill9();
        d.second.start();
    }
    const payment_shown made = alice.wait_for(id);
    CAPTURE(made.failure);
    CHECK(made.has_ended());  // it gives up if the start takes too long
    CHECK((made.status == "COMPLETED") == (made.sent == amount));
    CHECK(deposit - alice.balance() == made.sent);
    // A Fulfill that is lost on its way back costs the one who has not got it.
    CHECK(d.first.settled_liquidity("second") - default_liquidity <=
          default_liquidity - d.second.settled_liquidity("first"));
    CHECK(d.second.settled_liquidity("third") - default_liquidity <=
          default_liquidity - d.third.settled_liquidity("second"));
    CHECK(balance_of(d.third, "bob") >= made.delivered);
    d.expect_clean_books();
}

TEST_CASE("money: an account pays another one of the same daemon, in another asset, but not itself") {
    const std::uint16_t spsp_port = free_port();
    daemon_terms terms;
    terms.log_level = "info";
    terms.accounts = {{.name = "alice"}, {.name = "bob", .code = "EUR", .scale = 6}};
    terms.assets = {{"USD", 9, default_liquidity}, {"EUR", 6, default_liquidity}};
    terms.rates = {"fixed: [{base: USD, quote: EUR, rate: 0.8}]"};
    terms.receiving = {"secret: \"" + std::string(64, '1') + "\""};
    terms.spsp = {"enabled: true", "listen: 127.0.0.1:" + std::to_string(spsp_port)};
    terms.peers = {{.name = "p1"}};
    ilpd_daemon d{terms};
    const paying_account alice{d, "alice", deposit};
    const std::string pointers = "http://127.0.0.1:" + std::to_string(spsp_port) + "/";
    const payment_shown made = alice.wait_for(alice.begin("sendAmount", 1'000'000'000, pointers + "bob"));
    INFO(made.failure);
    CHECK(made.status == "COMPLETED");
    CHECK(made.delivered == 800'000);
    CHECK(balance_of(d, "bob") == 800'000);
    const payment_shown to_itself = alice.wait_for(alice.begin("sendAmount", 1'000'000, pointers + "alice"));
    CHECK(to_itself.status == "FAILED");
    CHECK(to_itself.failure == "This account cannot pay itself");
    CHECK(alice.balance() == deposit - 1'000'000'000);
    CHECK(d.asset_liquidity("USD", 9) == default_liquidity + 1'000'000'000);
    CHECK(d.asset_liquidity("EUR", 6) == default_liquidity - 800'000);
    CHECK(d.stop() == 0);
    CHECK(d.audit().status == 0);
}

}  // namespace payment_chain_test
