#include "peering/records/wide_amount.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <limits>
#include <string>

namespace wide_amount_test {

using namespace peering;

namespace {

std::string text_of(wide_amount value) {
    wide_amount_buffer buffer;
    return std::string{to_text(value, buffer)};
}

}  // namespace

TEST_CASE("amounts are kept as decimal digits and read back") {
    const wide_amount word_max = std::numeric_limits<std::uint64_t>::max();
    const wide_amount max = ~wide_amount{0};
    CHECK(text_of(0) == "0");
    CHECK(text_of(10) == "10");
    CHECK(text_of(word_max) == "18446744073709551615");
    CHECK(text_of(word_max + 1) == "18446744073709551616");
    CHECK(text_of(max) == "340282366920938463463374607431768211455");
    for (const wide_amount value : {wide_amount{0}, wide_amount{1}, word_max / 2, word_max / 2 + 1, word_max,
                                    word_max + 1, word_max * 10, word_max * word_max, max - 1, max}) {
        CHECK((parse_wide_amount(text_of(value)) == value));
    }
}

TEST_CASE("text that is not an amount is refused") {
    for (const std::string text :
         {"", "-1", "+1", "00", "01", " 1", "1 ", "1.0", "1e3", "0x1", "340282366920938463463374607431768211456",
          "999999999999999999999999999999999999999", "1000000000000000000000000000000000000000"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_wide_amount(text).has_value());
    }
    CHECK(parse_wide_amount("340282366920938463463374607431768211455").has_value());
}

}  // namespace wide_amount_test
