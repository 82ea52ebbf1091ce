#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <limits>

namespace amount_test {

namespace {

using namespace support;

constexpr std::uint64_t u64_max = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t plenty = 1'000'000'000'000'000'000;

std::uint64_t power_of_ten(int exponent) {
    std::uint64_t value = 1;
    for (int i = 0; i < exponent; ++i) value *= 10;
    return value;
}

/// p1 in USD/`incoming` and p2 in USD/`outgoing`, both with enough liquidity.
auto scales(std::uint8_t incoming, std::uint8_t outgoing) {
    return [=](daemon_terms& terms) {
        terms.peers[0].scale = incoming;
        terms.peers[0].liquidity = plenty;
        terms.peers[1].scale = outgoing;
        terms.peers[1].liquidity = 0;
        terms.assets = {{"USD", outgoing, plenty}};
    };
}

}  // namespace

TEST_CASE("A27-30: the whole range of amounts passes unchanged") {
    rig r{[](daemon_terms& terms) {
        terms.peers[0].liquidity = u64_max;
        terms.peers[1].liquidity = 0;
    }};
    for (const std::uint64_t amount :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 53, (std::uint64_t{1} << 53) - 1,
          (std::uint64_t{1} << 53) + 1, std::uint64_t{1} << 63, (std::uint64_t{1} << 63) - 1, u64_max}) {
        INFO(amount);
        r.p2.set_script([](const http_message&) { return answer_reject("F99"); });
        CHECK(outcome(r.send({.amount = amount})) == "F99");
        CHECK(r.p2.last_prepare().amount == amount);
    }
    r.p2.set_script([](const http_message& request) { return answer_fulfill(request); });
    const prepare everything{.amount = u64_max};
    expect_fulfill(r.send(everything), everything);
    expect_reject(r.send({.amount = 1}), "T04");
}

TEST_CASE("A27-31: amount 0 is forwarded and touches no balance") {
    const auto [incoming, outgoing] = GENERATE(std::pair{9, 9}, std::pair{9, 2}, std::pair{2, 9});
    const rig r{scales(static_cast<std::uint8_t>(incoming), static_cast<std::uint8_t>(outgoing))};
    const prepare sent{.amount = 0};
    expect_fulfill(r.send(sent), sent);
    CHECK(r.p2.last_prepare().amount == 0);
    CHECK(r.d.settled_liquidity("p1") == plenty);
    CHECK(r.d.liquidity("p2") == 0);
}

TEST_CASE("A27-32 A27-69: an amount that converts to zero is refused with R01") {
    const rig r{scales(9, 2)};
    expect_reject(r.send({.amount = 1}), "R01");
    expect_reject(r.send({.amount = 9'999'999}), "R01");
    CHECK(r.p2.request_count() == 0);
    const prepare enough{.amount = 10'000'000};
    expect_fulfill(r.send(enough), enough);
    CHECK(r.p2.last_prepare().amount == 1);
}

TEST_CASE("A27-33 A32-09: conversion between scales is exact and rounds down") {
    SECTION("to a smaller scale") {
        const rig r{scales(9, 2)};
        std::uint64_t sent_sum = 0, arrived_sum = 0;
        for (const std::uint64_t amount :
             {std::uint64_t{10'000'000}, std::uint64_t{19'999'999}, std::uint64_t{123'456'789'012},
              (std::uint64_t{1} << 53) + 1, std::uint64_t{99'999'999'999'999'999}}) {
            INFO(amount);
            const prepare sent{.amount = amount};
            expect_fulfill(r.send(sent), sent);
            CHECK(r.p2.last_prepare().amount == amount / power_of_ten(7));
            sent_sum += amount;
            arrived_sum += amount / power_of_ten(7);
        }
        CHECK(r.d.settled_liquidity("p1") == Approx(static_cast<double>(plenty - sent_sum)).epsilon(1e-14));
        CHECK(r.d.liquidity("p2") == arrived_sum);
        CHECK(r.d.asset_liquidity("USD", 2) == Approx(static_cast<double>(plenty - arrived_sum)).epsilon(1e-14));
    }
    SECTION("to a larger scale") {
        const rig r{scales(2, 9)};
        for (const std::uint64_t amount : {std::uint64_t{1}, std::uint64_t{12'345'678'901}}) {
            const prepare sent{.amount = amount};
            expect_fulfill(r.send(sent), sent);
            CHECK(r.p2.last_prepare().amount == amount * power_of_ten(7));
        }
    }
    SECTION("the extremes") {
        const rig up{scales(0, 255)};
        expect_amount_too_large(up.send({.amount = 1}), 1, 0);
        const rig down{scales(255, 0)};
        expect_reject(down.send({.amount = plenty}), "R01");
        const rig same{scales(255, 255)};
        const prepare sent{.amount = 12345};
        expect_fulfill(same.send(sent), sent);
    }
}

TEST_CASE("A27-34 A27-58: a converted amount above 2^64-1 is refused with F08 and the largest that fits") {
    const rig r{scales(0, 3)};
    const std::uint64_t largest = u64_max / 1000;
    expect_amount_too_large(r.send({.amount = largest + 1}), largest + 1, largest);
    expect_amount_too_large(r.send({.amount = u64_max}), u64_max, largest);
    CHECK(r.p2.request_count() == 0);
}

TEST_CASE("A27-35 A27-58 A18-04: above the maximum packet amount comes F08, the maximum itself passes") {
    const rig r{[](daemon_terms& terms) { terms.peers[0].terms = {"max_packet_amount: 1000"}; }};
    const prepare largest{.amount = 1000};
    expect_fulfill(r.send(largest), largest);
    expect_amount_too_large(r.send({.amount = 1001}), 1001, 1000);
    expect_amount_too_large(r.send({.amount = u64_max}), u64_max, 1000);
    CHECK(r.p2.request_count() == 1);
}

TEST_CASE("A27-36: F08 carries the next hop's maximum in incoming units, and that amount is delivered") {
    const auto with_maximum = [](std::uint8_t incoming, std::uint8_t outgoing, const char* maximum) {
        return [=](daemon_terms& terms) {
            scales(incoming, outgoing)(terms);
            terms.peers[1].terms = {maximum};
        };
    };
    SECTION("same scale") {
        const rig r{with_maximum(9, 9, "max_packet_amount: 500")};
        expect_amount_too_large(r.send({.amount = 501}), 501, 500);
    }
    SECTION("larger scale") {
        const rig r{with_maximum(2, 3, "max_packet_amount: 1009")};
        expect_amount_too_large(r.send({.amount = 101}), 101, 100);
        const prepare largest{.amount = 100};
        expect_fulfill(r.send(largest), largest);
        CHECK(r.p2.last_prepare().amount == 1000);
    }
    SECTION("smaller scale") {
        const rig r{with_maximum(3, 2, "max_packet_amount: 100")};
        expect_amount_too_large(r.send({.amount = 1010}), 1010, 1009);
        const prepare largest{.amount = 1009};
        expect_fulfill(r.send(largest), largest);
        CHECK(r.p2.last_prepare().amount == 100);
    }
}

}  // namespace amount_test
