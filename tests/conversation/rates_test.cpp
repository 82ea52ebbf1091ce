#include "tests/conversation/world.hpp"

#include <catch2/catch.hpp>

#include <limits>

namespace rates_test {

using namespace conversation;

namespace {

constexpr std::uint64_t amount_max = std::numeric_limits<std::uint64_t>::max();

connector::rate_table::price price(std::string_view rate, std::uint16_t spread = 0) {
    return {.rate = ilp::parse_rate(rate).value(), .spread = spread};
}

/// Has a rate from USD to EUR and none in the other direction.
struct rated_world : world {
    explicit rated_world(std::string_view rate, std::uint16_t spread = 0,
                         const config::settings& settings = usual_settings())
        : world{settings} {
        rates.set("USD", "EUR", price(rate, spread));
    }
};

/// The amount that is forwarded to euro. The hold is released.
std::uint64_t forwarded(world& d, std::string_view from, std::uint64_t amount, const char* to = "test.euro") {
    const decision decided = d.send(from, prepare{.amount = amount, .destination = to});
    INFO(decided.outcome());
    REQUIRE(decided.what == step::go_on);
    d.release(decided);
    return decided.context.prepare->amount().value;
}

void expect_f08(const world& d, const decision& refused, std::uint64_t received, std::uint64_t maximum) {
    const auto reject = d.reject_of(refused);
    CHECK(reject.code == "F08");
    const auto data = ilp::serialize({{received}, {maximum}});
    CHECK(std::ranges::equal(reject.data, data));
}

}  // namespace

TEST_CASE("A27-33: a packet between two currencies is converted at the rate of its direction") {
    auto settings = usual_settings();
    settings.assets[2].liquidity = {1'000'000'000};
    rated_world d{"0.813399", 0, settings};
    CHECK(forwarded(d, "p1", 100'000) == 81'339);
    CHECK(forwarded(d, "cents", 1) == 8'133'990);
    CHECK(d.send("euro", prepare{.destination = "test.p1"}).refused_with(reject_reason::no_rate));
    d.rates.set("EUR", "USD", price("1.2"));
    CHECK(forwarded(d, "euro", 100, "test.p1") == 120);
    CHECK(d.at_rest());
}

TEST_CASE("A27-31: amount 0 is forwarded at any rate") {
    for (const char* const rate : {"0.5", "2"}) {
        rated_world d{rate, 100};
        const decision decided = d.send("p1", prepare{.amount = 0, .destination = "test.euro"});
        REQUIRE(decided.what == step::go_on);
        CHECK(decided.context.prepare->amount().is_zero());
        CHECK(decided.context.transfer.empty());
    }
}

TEST_CASE("A27-32 A27-69: an amount that converts to 0 at the rate is rejected with R01") {
    rated_world d{"0.1"};
    const decision refused = d.send("p1", prepare{.amount = 1, .destination = "test.euro"});
    CHECK(refused.refused_with(reject_reason::converts_to_zero));
    CHECK(d.code_of(refused) == "R01");
    CHECK(d.send("p1", prepare{.amount = 10, .destination = "test.euro"}).what == step::go_on);
}

TEST_CASE("A27-34 A27-58: an amount that does not fit at the rate is rejected with F08 and the largest that does") {
    auto settings = usual_settings();
    settings.assets[0].liquidity = {0};
    settings.peers[0].liquidity = {amount_max};
    settings.assets[2].liquidity = {amount_max};
    settings.peers[4].liquidity = {0};
    rated_world d{"4", 0, settings};
    const std::uint64_t half = std::uint64_t{1} << 63;
    const decision refused = d.send("p1", prepare{.amount = half, .destination = "test.euro"});
    CHECK(refused.refused_with(reject_reason::conversion_overflow));
    expect_f08(d, refused, half, amount_max / 4);
    CHECK(forwarded(d, "p1", amount_max / 4) == amount_max - 3);
}

TEST_CASE("A27-36: F08 carries the next hop's maximum in incoming units, computed with rate and spread") {
    auto settings = usual_settings();
    settings.peers[4].max_packet_amount = ilp::amount{1000};
    rated_world d{"2", 0, settings};
    const decision refused = d.send("p1", prepare{.amount = 501, .destination = "test.euro"});
    CHECK(refused.refused_with(reject_reason::amount_above_outgoing_maximum));
    expect_f08(d, refused, 501, 500);
    CHECK(forwarded(d, "p1", 500) == 1000);

    d.rates.set("USD", "EUR", price("2", 100));
    expect_f08(d, d.send("p1", prepare{.amount = 600, .destination = "test.euro"}), 600, 505);
    CHECK(forwarded(d, "p1", 505) == 999);
    CHECK(d.send("p1", prepare{.amount = 506, .destination = "test.euro"}).what == step::reject);
}

TEST_CASE("A27-60: a rate that is too old gives T00, and packets within one currency still pass") {
    auto settings = usual_settings();
    settings.peers[0].liquidity = {1'000'000'000};
    world d{settings};
    auto aging = price("0.8");
    aging.usable_until = d.now.steady + 10s;
    d.rates.set("USD", "EUR", aging);
    d.rates.set("EUR", "USD", price("1.25"));
    d.pass(10s);
    CHECK(forwarded(d, "p1", 100) == 80);
    d.pass(1ms);
    const decision refused = d.send("p1", prepare{.destination = "test.euro"});
    CHECK(refused.refused_with(reject_reason::rate_too_old));
    CHECK(d.code_of(refused) == "T00");
    CHECK(d.send("p1", prepare{.amount = 0, .destination = "test.euro"}).refused_with(reject_reason::rate_too_old));
    CHECK(forwarded(d, "p1", 100, "test.p2") == 100);
    CHECK(forwarded(d, "p1", 10'000'000, "test.cents") == 1);
    CHECK(forwarded(d, "euro", 100, "test.p1") == 125);
}

TEST_CASE("the spread is kept, and the sender's own spread overrides the one of the currencies") {
    auto settings = usual_settings();
    settings.peers[1].spread = std::uint16_t{1'000};
    settings.peers[2].spread = std::uint16_t{0};
    rated_world d{"2", 100, settings};
    CHECK(forwarded(d, "p1", 1000) == 1980);
    CHECK(forwarded(d, "p2", 1000) == 1800);
    CHECK(forwarded(d, "p3", 1000) == 2000);
    CHECK(d.send("p2", prepare{.amount = 0, .destination = "test.euro"}).what == step::go_on);
}

TEST_CASE("A32-09: the spread within one currency is credited to the asset") {
    auto settings = usual_settings();
    settings.peers[0].spread = std::uint16_t{50};
    settings.peers[0].liquidity = {1'000'000'000};
    world d{settings};
    const decision decided = d.send("p1", prepare{.amount = 1000});
    REQUIRE(decided.what == step::go_on);
    CHECK(decided.context.prepare->amount().value == 995);
    d.post(decided);
    CHECK(d.available("p1") == 1'000'000'000 - 1000);
    CHECK(d.available("p2") == 1'000'000 + 995);
    CHECK(d.asset_available("USD", 9) == 1'000'000'000'000 + 5);
    CHECK(d.at_rest());
    // In the other direction p2's terms apply.
    CHECK(forwarded(d, "p2", 1000, "test.p1") == 1000);
    // Even a hundredth of a percent takes the whole amount of 1.
    CHECK(d.send("p1", prepare{.amount = 1}).refused_with(reject_reason::converts_to_zero));
    CHECK(forwarded(d, "p1", 20'000'000, "test.cents") == 1);
}

TEST_CASE("A32-09: between currencies each side moves against its own asset, and both books stay in balance") {
    rated_world d{"0.8", 100};
    const decision decided = d.send("p1", prepare{.amount = 1000, .destination = "test.euro"});
    REQUIRE(decided.what == step::go_on);
    CHECK(decided.context.prepare->amount().value == 792);
    CHECK(d.available("p1") == 1'000'000 - 1000);
    CHECK(d.asset_available("EUR", 9) == 1'000'000 - 792);
    d.post(decided);
    CHECK(d.available("p1") == 1'000'000 - 1000);
    CHECK(d.asset_available("USD", 9) == 1'000'000'000'000 + 1000);
    CHECK(d.asset_available("EUR", 9) == 1'000'000 - 792);
    CHECK(d.available("euro") == 1'000'000 + 792);
    CHECK(d.at_rest());
}

TEST_CASE("A27-64: packets into a currency without liquidity are rejected, and nothing stays held") {
    auto settings = usual_settings();
    settings.assets[2].liquidity = {79};
    rated_world d{"0.8", 0, settings};
    const decision refused = d.send("p1", prepare{.amount = 100, .destination = "test.euro"});
    CHECK(refused.refused_with(reject_reason::asset_lacks_liquidity));
    CHECK(d.code_of(refused) == "T04");
    CHECK(d.at_rest());
    CHECK(d.available("p1") == 1'000'000);
    CHECK(forwarded(d, "p1", 99) == 79);
}

TEST_CASE("A27-37: a packet in flight keeps the rate at which it arrived") {
    rated_world d{"0.8"};
    const decision before = d.send("p1", prepare{.amount = 1000, .destination = "test.euro"});
    d.rates.set("USD", "EUR", price("0.5"));
    const decision after = d.send("p1", prepare{.amount = 1000, .destination = "test.euro"});
    d.post(before);
    CHECK(d.available("euro") == 1'000'000 + 800);
    d.post(after);
    CHECK(d.available("euro") == 1'000'000 + 800 + 500);
    CHECK(d.available("p1") == 1'000'000 - 2000);
    CHECK(d.at_rest());
}

}  // namespace rates_test
