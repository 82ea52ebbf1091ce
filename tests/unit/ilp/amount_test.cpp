#include "ilp/amount.hpp"

#include <catch2/catch.hpp>

namespace amount_test {

using ilp::amount;

TEST_CASE("A27-30: the whole range of u64 is read from and written as digits") {
    for (const auto* digits : {"0", "1", "9007199254740991", "9007199254740992", "9007199254740993",
                               "9223372036854775807", "9223372036854775808", "18446744073709551615"}) {
        const auto value = ilp::parse_amount(digits);
        REQUIRE(value);
        CHECK(ilp::to_string(*value) == digits);
    }
    CHECK(ilp::parse_amount("18446744073709551615") == amount::max());
    CHECK(ilp::parse_amount("00000000000000000000000000007") == amount{7});
}

TEST_CASE("text that is not an amount is refused") {
    using namespace std::string_view_literals;
    for (const auto digits : {""sv, "18446744073709551616"sv, "99999999999999999999999"sv, "-1"sv, "-0"sv, "+1"sv,
                              " 1"sv, "1 "sv, "1,000"sv, "1_000"sv, "1.0"sv, "1e3"sv, "0x10"sv, "1\0"sv, "\0"sv}) {
        INFO(digits);
        CHECK_FALSE(ilp::parse_amount(digits));
    }
}

}  // namespace amount_test
