#include "connector/ilpctl/amount_text.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <limits>
#include <random>
#include <string>

namespace amount_text_test {

using namespace connector::ilpctl;

namespace {

constexpr auto most = std::numeric_limits<std::uint64_t>::max();

std::uint64_t typed(std::string_view text, std::uint8_t scale, amount_form form = amount_form::units) {
    const auto amount = parse_amount(text, {"USD", scale}, form);
    INFO(text << " with scale " << int{scale});
    INFO((amount ? std::string{} : amount.error()));
    REQUIRE(amount);
    return amount->value;
}

std::string refusal(std::string_view text, std::uint8_t scale, amount_form form = amount_form::units) {
    const auto amount = parse_amount(text, {"USD", scale}, form);
    INFO(text << " with scale " << int{scale});
    REQUIRE(!amount);
    return amount.error();
}

std::string shown(std::uint64_t amount, std::uint8_t scale, amount_form form = amount_form::units) {
    return show_amount({amount}, {"USD", scale}, form);
}

}  // namespace

TEST_CASE("ilpctl amounts: an amount is converted to the smallest unit") {
    CHECK(typed("12.50", 2) == 1250);
    CHECK(typed("12.5", 2) == 1250);
    CHECK(typed("12", 2) == 1200);
    CHECK(typed("12.50 USD", 9) == 12'500'000'000);
    CHECK(typed("007.10", 2) == 710);
    CHECK(typed("0", 0) == 0);
    CHECK(typed("12", 0) == 12);
    CHECK(typed("0.1", 1) == 1);
    CHECK(typed("0.0000000000000000001", 19) == 1);
    CHECK(typed("1.8446744073709551615", 19) == most);
    CHECK(typed("0.18446744073709551615", 20) == most);
    CHECK(typed("18446744073709551615", 0) == most);
    CHECK(typed("184467440737095516.15", 2) == most);
    CHECK(typed("0", 255) == 0);
    CHECK(typed("0." + std::string(254, '0') + "1", 255) == 1);
    CHECK(typed("1250", 2, amount_form::raw) == 1250);
    CHECK(typed("18446744073709551615", 255, amount_form::raw) == most);
}

TEST_CASE("ilpctl amounts: an error message says what would fit") {
    CHECK(refusal("12.505", 2) == "12.505 has 3 decimals: USD/2 allows at most 2 decimals");
    CHECK(refusal("12.5", 0) == "12.5 has one decimal: USD/0 allows at most no decimals");
    CHECK(refusal("12.500", 2).find("at most 2 decimals") != std::string::npos);
    CHECK(refusal("184467440737095516.16", 2) ==
          "184467440737095516.16 is too large: the largest possible amount is 184467440737095516.15 USD");
    CHECK(refusal("1", 20).find("0.18446744073709551615 USD") != std::string::npos);
    CHECK(refusal("1", 255).find("too large") != std::string::npos);
    CHECK(refusal("12.50 EUR", 2) == "\"12.50 EUR\" is in EUR: expected an amount in USD");
    CHECK(refusal("18446744073709551616", 0, amount_form::raw) ==
          "18446744073709551616 is too large: the largest possible amount is 18446744073709551615");
    for (const auto* text : {"", ".", "1.", ".5", "-1", "+1", "1e3", "1,000", "1_000", "0x10", " 1", "1 ", "1  USD",
                             "1.2.3", "USD", "NaN", "1\n"}) {
        INFO(text);
        CHECK(!refusal(text, 9).empty());
    }
    for (const auto* text : {"", "12.50", "-1", "12 USD"}) CHECK(!refusal(text, 9, amount_form::raw).empty());
}

TEST_CASE("ilpctl amounts: two decimals are shown where the scale has them, and more when they are not zero") {
    CHECK(shown(1250, 2) == "12.50 USD");
    CHECK(shown(12'500'000'000, 9) == "12.50 USD");
    CHECK(shown(12'000'000'000, 9) == "12.00 USD");
    CHECK(shown(12'345'000'000, 9) == "12.345 USD");
    CHECK(shown(1, 9) == "0.000000001 USD");
    CHECK(shown(0, 9) == "0.00 USD");
    CHECK(shown(0, 0) == "0 USD");
    CHECK(shown(100, 0) == "100 USD");
    CHECK(shown(10, 1) == "1.0 USD");
    CHECK(shown(5, 1) == "0.5 USD");
    CHECK(shown(most, 0) == "18446744073709551615 USD");
    CHECK(shown(most, 19) == "1.8446744073709551615 USD");
    CHECK(shown(most, 20) == "0.18446744073709551615 USD");
    CHECK(shown(most, 255) == "0." + std::string(235, '0') + "18446744073709551615 USD");
    CHECK(shown(1250, 2, amount_form::raw) == "1250");
}

TEST_CASE("ilpctl amounts: a shown amount can be entered again, at every scale") {
    auto random = std::mt19937_64{20261125};
    for (unsigned scale = 0; scale <= 255; ++scale) {
        for (const std::uint64_t amount : {std::uint64_t{0}, std::uint64_t{1}, most, random(), random() >> 32U}) {
            const auto unit = asset_unit{"USD", static_cast<std::uint8_t>(scale)};
            for (const auto form : {amount_form::units, amount_form::raw}) {
                const auto again = parse_amount(show_amount({amount}, unit, form), unit, form);
                REQUIRE(again);
                CHECK(again->value == amount);
            }
        }
    }
}

TEST_CASE("ilpctl amounts: an asset is a code and a scale") {
    CHECK(parse_asset_unit("USD/9") == asset_unit{"USD", 9});
    CHECK(parse_asset_unit("USD/255") == asset_unit{"USD", 255});
    CHECK(parse_asset_unit("A/B/2") == asset_unit{"A/B", 2});
    for (const auto* text : {"USD", "USD/", "/9", "USD/256", "USD/-1", "USD/9a", ""}) CHECK(!parse_asset_unit(text));
    CHECK(to_string(asset_unit{"USD", 9}) == "USD/9");
}

}  // namespace amount_text_test
