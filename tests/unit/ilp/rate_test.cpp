#include "ilp/rate.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <random>
#include <string>

namespace rate_test {

using ilp::parse_rate;
using ilp::rate;
using ilp::uint128;

namespace {

const std::string most_digits(34, '9');

/// 10^34 - 1.
uint128 largest_digits() {
    uint128 value = 0;
    for (int i = 0; i < ilp::rate_digits_max; ++i) value = value * 10 + 9;
    return value;
}

std::string repeated(const char* text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
}

}  // namespace

TEST_CASE("A27-33: a rate is read from its digits") {
    const auto reads = [](std::string_view text, std::uint64_t digits, int exponent) {
        CAPTURE(text);
        const auto read = parse_rate(text);
        REQUIRE(read);
        CHECK(read->digits == digits);
        CHECK(read->exponent == exponent);
    };
    reads("1", 1, 0);
    reads("0.813399", 813399, -6);
    reads("0.1", 1, -1);
    reads("1.10", 11, -1);
    reads("1200", 12, 2);
    reads("1200.00", 12, 2);
    reads("0.000120", 12, -5);
    reads("1001.001", 1001001, -3);
    reads("100.001", 100001, -3);
    reads("9007199254740993", 9007199254740993, 0);        // 2^53 + 1, which a double cannot represent
    reads("0.12345678901234567", 12345678901234567, -17);  // nor can it represent this
    reads("1.5e3", 15, 2);
    reads("1.5E+3", 15, 2);
    reads("15e-4", 15, -4);
    reads("10e-1", 1, 0);
    reads("1e255", 1, 255);
    reads("1e-255", 1, -255);
    reads("1e007", 1, 7);
    reads("0." + repeated("0", 254) + "1", 1, -255);
    reads("1" + repeated("0", 255), 1, 255);
    reads("0." + repeated("0", 300) + "1e100", 1, -201);
}

TEST_CASE("a rate has at most 34 digits") {
    CHECK(parse_rate(most_digits)->digits == largest_digits());
    CHECK(parse_rate("0." + most_digits) == rate{largest_digits(), -34});
    CHECK(parse_rate("000" + most_digits) == std::nullopt);
    CHECK(parse_rate("0.000" + most_digits + "000") == rate{largest_digits(), -37});
    CHECK_FALSE(parse_rate(most_digits + "9"));
    CHECK_FALSE(parse_rate(most_digits + ".9"));
    CHECK(parse_rate(most_digits + "0.0") == rate{largest_digits(), 1});
    CHECK_FALSE(parse_rate("1" + repeated("0", 33) + "1"));
    CHECK(parse_rate("1" + repeated("0", 32) + "1"));
}

TEST_CASE("anything but a decimal number above zero is refused as a rate") {
    for (const auto& text : {std::string{},
                             std::string{"0"},
                             std::string{"0.0"},
                             std::string{"0e5"},
                             std::string{"-1"},
                             std::string{"-0.5"},
                             std::string{"+1"},
                             std::string{".5"},
                             std::string{"5."},
                             std::string{"05"},
                             std::string{"00.5"},
                             std::string{"1e"},
                             std::string{"1e+"},
                             std::string{"1e1.5"},
                             std::string{"e5"},
                             std::string{"1.e5"},
                             std::string{" 1"},
                             std::string{"1 "},
                             std::string{"1,5"},
                             std::string{"1_000"},
                             std::string{"0x10"},
                             std::string{"NaN"},
                             std::string{"Infinity"},
                             std::string{"inf"},
                             std::string{"\"1\""},
                             std::string{"1\0", 2},
                             std::string{"1e256"},
                             std::string{"1e-256"},
                             std::string{"1e99999999999999999999"},
                             std::string{"1e-99999999999999999999"},
                             "0." + repeated("0", 255) + "1",
                             repeated("1", 2000),
                             repeated("0", 2000),
                             "1." + repeated("0", 2000)}) {
        CAPTURE(text);
        CHECK_FALSE(parse_rate(text));
    }
}

TEST_CASE("a rate that is written is read back as the same rate") {
    CHECK(to_string(rate{813399, -6}) == "0.813399");
    CHECK(to_string(rate{12, 2}) == "1200");
    CHECK(to_string(rate{15, -1}) == "1.5");
    CHECK(to_string(rate{1, -3}) == "0.001");
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    for (int i = 0; i < 100'000; ++i) {
        std::string text = std::to_string(random() >> (random() % 63)) + "." + std::to_string(random() % 1'000'000);
        if (random() % 2 == 0) text += "e" + std::to_string(static_cast<int>(random() % 400) - 200);
        const auto read = parse_rate(text);
        if (read && parse_rate(to_string(*read)) != read) FAIL(text);
        if (read && read->digits % 10 == 0) FAIL(text << " ends in a zero");
    }
}

}  // namespace rate_test
