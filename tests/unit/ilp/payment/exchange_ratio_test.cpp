#include "ilp/payment/exchange_ratio.hpp"

#include "ilp/rate.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <limits>
#include <random>

namespace exchange_ratio_test {

using ilp::amount;
using ilp::exchange_ratio;
using ilp::uint128;

namespace {

constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

}  // namespace

TEST_CASE("exchange ratio: what is delivered is rounded down, a minimum up") {
    const exchange_ratio third{1, 3};
    CHECK(third.delivered_for({0}) == amount{0});
    CHECK(third.delivered_for({2}) == amount{0});
    CHECK(third.delivered_for({3}) == amount{1});
    CHECK(third.delivered_for({5}) == amount{1});
    CHECK(third.minimum_for({0}) == amount{0});
    CHECK(third.minimum_for({1}) == amount{1});
    CHECK(third.minimum_for({3}) == amount{1});
    CHECK(third.minimum_for({4}) == amount{2});
    CHECK(third.sent_for({0}) == amount{0});
    CHECK(third.sent_for({1}) == amount{3});
    CHECK(third.sent_for({2}) == amount{6});
}

TEST_CASE("exchange ratio: the largest numbers are exact, and results stop at the largest amount") {
    const exchange_ratio one{most, most};
    CHECK(one.delivered_for({most}) == amount{most});
    CHECK(one.minimum_for({most}) == amount{most});
    CHECK(one.sent_for({most}) == amount{most});
    const exchange_ratio huge{most, 1};
    CHECK(huge.delivered_for({2}) == amount::max());
    CHECK(huge.minimum_for({2}) == amount::max());
    CHECK(huge.sent_for({most}) == amount{1});
    const exchange_ratio tiny{1, most};
    CHECK(tiny.delivered_for({most}) == amount{1});
    CHECK(tiny.delivered_for({most - 1}) == amount{0});
    CHECK(tiny.minimum_for({1}) == amount{1});
    CHECK(tiny.sent_for({2}) == amount::max());
}

TEST_CASE("exchange ratio: sent_for is the least amount that delivers enough") {
    std::mt19937_64 random{7};
    for (int i = 0; i < 2'000; ++i) {
        const exchange_ratio ratio{random() % 1'000'000 + 1, random() % 1'000'000 + 1};
        const amount wanted{random() % 1'000'000 + 1};
        CAPTURE(ratio.delivered, ratio.sent, wanted.value);
        const amount sent = ratio.sent_for(wanted);
        CHECK(ratio.delivered_for(sent) >= wanted);
        CHECK(ratio.delivered_for({sent.value - 1}) < wanted);
    }
}

TEST_CASE("exchange ratio: slippage is deducted exactly") {
    CHECK(ilp::with_slippage({1, 1}, 0) == exchange_ratio{1, 1});
    CHECK(ilp::with_slippage({2, 4}, 0) == exchange_ratio{1, 2});
    CHECK(ilp::with_slippage({1, 1}, 100) == exchange_ratio{99, 100});
    CHECK(ilp::with_slippage({1, 1}, ilp::slippage_max) == exchange_ratio{1, 10'000});
    CHECK(ilp::with_slippage({most, most}, 100) == exchange_ratio{99, 100});
    CHECK(ilp::with_slippage({most, 1}, 0) == exchange_ratio{most, 1});
}

TEST_CASE("exchange ratio: a fraction that cannot be represented becomes the next one above, never below") {
    std::mt19937_64 random{11};
    for (int i = 0; i < 2'000; ++i) {
        const exchange_ratio quoted{random() | 1, random() | 1};
        const auto slippage = static_cast<unsigned>(random() % 10'000);
        CAPTURE(quoted.delivered, quoted.sent, slippage);
        const exchange_ratio minimum = ilp::with_slippage(quoted, slippage);
        REQUIRE(minimum.delivered > 0);
        REQUIRE(minimum.sent > 0);
        // The exact fraction and the result, scaled to the quoted numbers: minimum / (quoted * share) is 1 or little
        // more.
        const long double exact = static_cast<long double>(quoted.delivered) / static_cast<long double>(quoted.sent) *
                                  static_cast<long double>(10'000 - slippage) / 10'000;
        const long double got = static_cast<long double>(minimum.delivered) / static_cast<long double>(minimum.sent);
        CHECK(got >= exact * (1 - 1e-18L));
        CHECK(got <= exact * (1 + 1e-12L));
    }
    // One number is so large that the other is all that is left of the fraction.
    const exchange_ratio extreme = ilp::with_slippage({1, most}, 1);
    CHECK(uint128{extreme.delivered} * most * 10'000 / 9'999 >= extreme.sent);
}

}  // namespace exchange_ratio_test
