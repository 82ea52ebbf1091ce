#include "connector/routing/conversion.hpp"

#include <boost/multiprecision/cpp_int.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace conversion_test {

using boost::multiprecision::cpp_int;
using connector::conversion;
using status = connector::conversion::status;

namespace {

constexpr std::uint64_t amount_max = ilp::amount::max().value;

/// The exact quotient, rounded down, in arbitrary precision.
cpp_int exact(std::uint64_t amount, int incoming, int outgoing) {
    const cpp_int factor =
        boost::multiprecision::pow(cpp_int{10}, static_cast<unsigned>(std::abs(outgoing - incoming)));
    return outgoing >= incoming ? cpp_int{cpp_int{amount} * factor} : cpp_int{cpp_int{amount} / factor};
}

status expected_status(const cpp_int& converted, std::uint64_t amount) {
    if (converted > amount_max) return status::overflow;
    if (converted == 0 && amount != 0) return status::to_zero;
    return status::converted;
}

/// Between two scales of one currency, without a spread.
conversion between_scales(int incoming, int outgoing) {
    return {ilp::rate{}, 0, static_cast<std::uint8_t>(incoming), static_cast<std::uint8_t>(outgoing)};
}

/// Amounts at which results may change: the ends, the signed and floating-point bounds, and both sides of powers of
/// ten.
std::vector<std::uint64_t> boundary_amounts() {
    std::vector<std::uint64_t> amounts{0, 1, 2, amount_max - 1, amount_max};
    for (const int bit : {31, 32, 53, 63}) {
        const std::uint64_t power = std::uint64_t{1} << bit;
        amounts.insert(amounts.end(), {power - 1, power, power + 1});
    }
    std::uint64_t power = 10;
    for (int digits = 1; digits < 20; ++digits, power *= 10) {
        amounts.insert(amounts.end(), {power - 1, power, power + 1, amount_max / power, amount_max / power + 1});
    }
    return amounts;
}

/// Checks everything that the header promises for one amount.
bool agrees(std::uint64_t amount, int incoming, int outgoing) {
    const auto conversion = between_scales(incoming, outgoing);
    const cpp_int reference = exact(amount, incoming, outgoing);
    const auto [what, converted] = conversion.convert({amount});
    if (what != expected_status(reference, amount)) return false;
    if (what == status::converted && converted.value != reference) return false;

    // Takes `amount` as the outgoing maximum: the largest incoming amount must be the last one that stays within it.
    const std::uint64_t largest = conversion.largest_incoming({amount}).value;
    if (exact(largest, incoming, outgoing) > amount) return false;
    return largest == amount_max || exact(largest + 1, incoming, outgoing) > amount;
}

}  // namespace

TEST_CASE("A27-30: between equal scales every amount stays as it is") {
    for (const int scale : {0, 9, 255}) {
        const auto same = between_scales(scale, scale);
        for (const std::uint64_t amount : boundary_amounts()) {
            CAPTURE(scale, amount);
            const auto [what, converted] = same.convert({amount});
            CHECK(what == status::converted);
            CHECK(converted.value == amount);
            CHECK(same.largest_incoming({amount}).value == amount);
        }
    }
}

TEST_CASE("A27-31: zero stays zero between all scales") {
    for (int incoming = 0; incoming <= 255; ++incoming) {
        for (int outgoing = 0; outgoing <= 255; ++outgoing) {
            const auto [what, converted] = between_scales(incoming, outgoing).convert({0});
            if (what != status::converted || !converted.is_zero()) FAIL("from " << incoming << " to " << outgoing);
        }
    }
}

TEST_CASE("A27-32: an amount that is not zero never silently becomes zero") {
    const auto tenth = between_scales(2, 1);
    CHECK(tenth.convert({1}).status == status::to_zero);
    CHECK(tenth.convert({9}).status == status::to_zero);
    CHECK(tenth.convert({10}).status == status::converted);
    CHECK(tenth.convert({10}).amount.value == 1);
    // 2^64-1 has 20 digits.
    CHECK(between_scales(19, 0).convert(ilp::amount::max()).amount.value == 1);
    CHECK(between_scales(20, 0).convert(ilp::amount::max()).status == status::to_zero);
    CHECK(between_scales(255, 0).convert(ilp::amount::max()).status == status::to_zero);
}

TEST_CASE("A27-34: an amount that does not fit overflows, it neither wraps nor is cut") {
    const auto tenfold = between_scales(0, 1);
    CHECK(tenfold.convert({1844674407370955161}).amount.value == 18446744073709551610U);
    CHECK(tenfold.convert({1844674407370955162}).status == status::overflow);
    CHECK(tenfold.largest_incoming(ilp::amount::max()).value == 1844674407370955161);
    CHECK(between_scales(0, 19).convert({1}).amount.value == 10'000'000'000'000'000'000U);
    CHECK(between_scales(0, 19).convert({2}).status == status::overflow);
    CHECK(between_scales(0, 20).convert({1}).status == status::overflow);
    CHECK(between_scales(0, 255).convert(ilp::amount::max()).status == status::overflow);
    CHECK(between_scales(0, 255).largest_incoming(ilp::amount::max()).is_zero());
}

TEST_CASE("A27-36: the largest incoming amount is exactly the last that converts to the maximum") {
    const auto hundredth = between_scales(4, 2);
    CHECK(hundredth.largest_incoming({1000}).value == 100'099);
    CHECK(hundredth.convert({100'099}).amount.value == 1000);
    CHECK(hundredth.convert({100'100}).amount.value == 1001);
    const auto hundredfold = between_scales(2, 4);
    CHECK(hundredfold.largest_incoming({1000}).value == 10);
    CHECK(hundredfold.largest_incoming({1099}).value == 10);
    CHECK(hundredfold.largest_incoming({99}).value == 0);
}

TEST_CASE("A27-33 A27-34 A27-36: boundary amounts between scales 0 to 255 agree with a big-integer reference") {
    const auto amounts = boundary_amounts();
    for (int difference = -255; difference <= 255; ++difference) {
        // Differences beyond 20 digits add no new cases, and big integers are slow.
        if (std::abs(difference) > 24 && std::abs(difference) % 33 != 0 && std::abs(difference) != 255) continue;
        const int incoming = difference < 0 ? 255 : 0;
        for (const std::uint64_t amount : amounts) {
            if (!agrees(amount, incoming, incoming + difference)) FAIL(amount << " over " << difference << " digits");
        }
    }
}

TEST_CASE("A27-33 A27-34 A27-36: random amounts between random scales agree with a big-integer reference") {
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    for (int i = 0; i < 20'000; ++i) {
        // Amounts of every magnitude are equally likely, and most pairs of scales are close to each other.
        const std::uint64_t amount = random() >> (random() % 64);
        const int incoming = static_cast<int>(random() % 256);
        const int near = std::clamp(incoming + static_cast<int>(random() % 45) - 22, 0, 255);
        const int outgoing = random() % 8 == 0 ? static_cast<int>(random() % 256) : near;
        if (!agrees(amount, incoming, outgoing)) FAIL(amount << " from scale " << incoming << " to " << outgoing);
    }
}

namespace {

/// The parameters of a conversion.
struct terms {
    ilp::rate rate;
    std::uint16_t spread = 0;
    int incoming_scale = 0;
    int outgoing_scale = 0;

    connector::conversion conversion() const {
        return {rate, spread, static_cast<std::uint8_t>(incoming_scale), static_cast<std::uint8_t>(outgoing_scale)};
    }
};

std::string to_text(const terms& t, std::uint64_t amount) {
    return std::to_string(amount) + " at " + to_string(t.rate) + " less " + std::to_string(t.spread) + ", scales " +
           std::to_string(t.incoming_scale) + " and " + std::to_string(t.outgoing_scale);
}

/// The conversion as one fraction, with numerator and denominator in arbitrary precision.
struct fraction {
    cpp_int numerator;
    cpp_int denominator = 10'000;

    explicit fraction(const terms& t) : numerator{cpp_int{t.rate.digits} * (10'000 - t.spread)} {
        const int exponent = t.rate.exponent + t.outgoing_scale - t.incoming_scale;
        (exponent < 0 ? denominator : numerator) *=
            boost::multiprecision::pow(cpp_int{10}, static_cast<unsigned>(std::abs(exponent)));
    }
    cpp_int of(const cpp_int& amount) const { return amount * numerator / denominator; }

    /// The largest amount that converts to no more than this.
    std::uint64_t last_up_to(std::uint64_t outgoing) const {
        const cpp_int last = ((cpp_int{outgoing} + 1) * denominator - 1) / numerator;
        return last > amount_max ? amount_max : static_cast<std::uint64_t>(last);
    }
};

bool agrees(const terms& t, const fraction& reference, std::uint64_t amount) {
    const auto [what, converted] = t.conversion().convert({amount});
    const cpp_int expected = reference.of(amount);
    return what == expected_status(expected, amount) && (what != status::converted || converted.value == expected);
}

/// Checks this amount and the nearby ones at which the result changes.
void check(const terms& t, std::uint64_t amount) {
    const fraction reference{t};
    const auto must_agree = [&](std::uint64_t at) {
        if (!agrees(t, reference, at)) FAIL(to_text(t, at));
    };
    must_agree(amount);
    for (const std::uint64_t outgoing : {amount, std::uint64_t{0}, amount_max}) {
        const std::uint64_t largest = t.conversion().largest_incoming({outgoing}).value;
        if (largest != reference.last_up_to(outgoing)) FAIL("largest for " << outgoing << ": " << to_text(t, largest));
        must_agree(largest);
        if (largest != amount_max) must_agree(largest + 1);
    }
}

ilp::rate random_rate(std::mt19937_64& random) {
    std::string text(1 + random() % (random() % 3 == 0 ? ilp::rate_digits_max : 8), '0');
    for (char& digit : text) digit = static_cast<char>('0' + random() % 10);
    text.front() = static_cast<char>('1' + random() % 9);
    const int near = -static_cast<int>(random() % (text.size() + 4));
    return ilp::parse_rate(text + "e" + std::to_string(random() % 16 == 0 ? near * 5 : near)).value();
}

}  // namespace

TEST_CASE("A27-33: a rate, a spread and two scales make one conversion, rounded down once") {
    const auto converted = [](const char* rate, std::uint16_t spread, std::uint8_t incoming, std::uint8_t outgoing,
                              std::uint64_t amount) {
        const auto [what, result] =
            conversion{ilp::parse_rate(rate).value(), spread, incoming, outgoing}.convert({amount});
        CHECK(what == status::converted);
        return result.value;
    };
    CHECK(converted("0.813399", 0, 9, 9, 1'000'000'000) == 813'399'000);
    CHECK(converted("0.813399", 0, 9, 2, 1'000'000'000) == 81);
    CHECK(converted("0.813399", 0, 2, 9, 1) == 8'133'990);
    CHECK(converted("0.813399", 50, 9, 9, 1'000'000'000) == 809'332'005);
    CHECK(converted("1", 1, 0, 0, 10'000) == 9'999);
    CHECK(converted("1", 9'999, 0, 0, 10'000) == 1);
    // If it were rounded twice, the results would be 0 and 8.
    CHECK(converted("0.9", 1'000, 1, 0, 13) == 1);
    CHECK(converted("1.111111111111111111111111111111111", 0, 0, 0, 9) == 9);
    CHECK(converted("1.111111111111111111111111111111111", 0, 0, 0, 10) == 11);
    // One third, as precisely as a rate can express it.
    CHECK(converted("0.3333333333333333333333333333333333", 0, 0, 0, amount_max) == 6'148'914'691'236'517'204);
}

TEST_CASE("A27-30: at rate 1 every amount stays unchanged, however the rate is written") {
    for (const char* const rate : {"1", "1.000", "10e-1", "0.001e3"}) {
        const conversion same{ilp::parse_rate(rate).value(), 0, 9, 9};
        for (const std::uint64_t amount : boundary_amounts()) {
            CHECK(same.convert({amount}).status == status::converted);
            CHECK(same.convert({amount}).amount.value == amount);
        }
    }
}

TEST_CASE("A27-31 A27-32 A27-34 A27-36: a rate converts the smallest and largest amounts correctly") {
    const auto with = [](const char* rate, std::uint16_t spread = 0) {
        return conversion{ilp::parse_rate(rate).value(), spread, 0, 0};
    };
    CHECK(with("0.5").convert({0}).amount.is_zero());
    CHECK(with("0.5").convert({0}).status == status::converted);
    CHECK(with("2").convert({0}).status == status::converted);
    CHECK(with("0.1").convert({1}).status == status::to_zero);
    CHECK(with("1", 1).convert({1}).status == status::to_zero);
    CHECK(with("4").convert({std::uint64_t{1} << 63}).status == status::overflow);
    CHECK(with("4").largest_incoming(ilp::amount::max()).value == amount_max / 4);
    CHECK(with("2").largest_incoming({1000}).value == 500);
    CHECK(with("2").largest_incoming({1001}).value == 500);
    CHECK(with("0.5").largest_incoming({1000}).value == 2001);
}

TEST_CASE("A27-33 A27-34 A27-36: boundary amounts, rates and scales agree with a big-integer reference") {
    const std::string digits(ilp::rate_digits_max, '9');
    std::vector<ilp::rate> rates;
    for (const std::string& text :
         {std::string{"1"}, std::string{"0.813399"}, std::string{"18446744073709551615"},
          std::string{"18446744073709551616"}, std::string{"0.00000000000000000001"}, digits, "0." + digits,
          "1." + digits.substr(1), digits + "e255", digits + "e-255", std::string{"1e255"}, std::string{"1e-255"},
          std::string{"3.402823669209384634633746074317682e38"}}) {
        rates.push_back(ilp::parse_rate(text).value());
    }
    const std::vector<std::pair<int, int>> scales{{0, 0},  {9, 9},  {0, 255}, {255, 0}, {2, 9},  {9, 2},
                                                  {0, 19}, {19, 0}, {20, 0},  {0, 38},  {38, 0}, {39, 0},
                                                  {57, 0}, {58, 0}, {76, 0},  {77, 0}};
    const auto amounts = boundary_amounts();
    for (const ilp::rate& rate : rates) {
        for (const auto& [incoming, outgoing] : scales) {
            for (const std::uint16_t spread : std::vector<std::uint16_t>{0, 1, 50, 5'000, 9'999}) {
                for (std::size_t i = 0; i < amounts.size(); i += 3)
                    check({rate, spread, incoming, outgoing}, amounts[i]);
            }
        }
    }
}

TEST_CASE("A27-33 A27-34 A27-36: a million random conversions agree with a big-integer reference") {
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    constexpr int rounds = 12'500;  // with 80 conversions each
    for (int i = 0; i < rounds; ++i) {
        terms t{random_rate(random), 0, static_cast<int>(random() % 256), 0};
        if (random() % 2 == 0) t.spread = static_cast<std::uint16_t>(random() % 10'000);
        // In most cases the result fits an amount, because the scales compensate for the rate's exponent.
        const int even = t.incoming_scale + static_cast<int>(random() % 33) - 16;
        t.outgoing_scale = random() % 8 == 0 ? static_cast<int>(random() % 256) : std::clamp(even, 0, 255);
        for (int amounts = 0; amounts < 8; ++amounts) check(t, random() >> (random() % 64));
    }
}

}  // namespace conversion_test
