#include "connector/conversion.hpp"

#include <boost/multiprecision/cpp_int.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <vector>

using boost::multiprecision::cpp_int;
using connector::conversion;
using outcome = connector::conversion::outcome;

namespace {

constexpr std::uint64_t amount_max = ilp::amount::max().value;

/// The exact quotient, rounded down, in numbers that have no end.
cpp_int exact(std::uint64_t amount, int incoming, int outgoing) {
    const cpp_int factor =
        boost::multiprecision::pow(cpp_int{10}, static_cast<unsigned>(std::abs(outgoing - incoming)));
    return outgoing >= incoming ? cpp_int{cpp_int{amount} * factor} : cpp_int{cpp_int{amount} / factor};
}

outcome expected_outcome(const cpp_int& converted, std::uint64_t amount) {
    if (converted > amount_max) return outcome::overflow;
    if (converted == 0 && amount != 0) return outcome::to_zero;
    return outcome::converted;
}

/// Numbers where something changes: the ends, the signed and floating point bounds, and both sides of powers of ten.
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

/// Everything that the header promises, at one point.
bool agrees(std::uint64_t amount, int incoming, int outgoing) {
    const auto conversion =
        conversion::between_scales(static_cast<std::uint8_t>(incoming), static_cast<std::uint8_t>(outgoing));
    const cpp_int reference = exact(amount, incoming, outgoing);
    const auto [what, converted] = conversion.convert({amount});
    if (what != expected_outcome(reference, amount)) return false;
    if (what == outcome::converted && converted.value != reference) return false;

    // `amount` as the maximum of the outgoing side: the largest incoming one is the last that keeps it.
    const std::uint64_t largest = conversion.largest_incoming({amount}).value;
    if (exact(largest, incoming, outgoing) > amount) return false;
    return largest == amount_max || exact(largest + 1, incoming, outgoing) > amount;
}

}  // namespace

TEST_CASE("A27-30: between equal scales every amount stays as it is") {
    for (const int scale : {0, 9, 255}) {
        const auto same =
            conversion::between_scales(static_cast<std::uint8_t>(scale), static_cast<std::uint8_t>(scale));
        for (const std::uint64_t amount : boundary_amounts()) {
            CAPTURE(scale, amount);
            const auto [what, converted] = same.convert({amount});
            CHECK(what == outcome::converted);
            CHECK(converted.value == amount);
            CHECK(same.largest_incoming({amount}).value == amount);
        }
    }
}

TEST_CASE("A27-31: zero stays zero between all scales") {
    for (int incoming = 0; incoming <= 255; ++incoming) {
        for (int outgoing = 0; outgoing <= 255; ++outgoing) {
            const auto [what, converted] =
                conversion::between_scales(static_cast<std::uint8_t>(incoming), static_cast<std::uint8_t>(outgoing))
                    .convert({0});
            if (what != outcome::converted || !converted.is_zero()) FAIL("from " << incoming << " to " << outgoing);
        }
    }
}

TEST_CASE("A27-32: what is not zero never becomes zero") {
    const auto tenth = conversion::between_scales(2, 1);
    CHECK(tenth.convert({1}).what == outcome::to_zero);
    CHECK(tenth.convert({9}).what == outcome::to_zero);
    CHECK(tenth.convert({10}).what == outcome::converted);
    CHECK(tenth.convert({10}).amount.value == 1);
    // 2^64-1 has 20 digits.
    CHECK(conversion::between_scales(19, 0).convert(ilp::amount::max()).amount.value == 1);
    CHECK(conversion::between_scales(20, 0).convert(ilp::amount::max()).what == outcome::to_zero);
    CHECK(conversion::between_scales(255, 0).convert(ilp::amount::max()).what == outcome::to_zero);
}

TEST_CASE("A27-34: an amount that does not fit overflows, it neither wraps nor is cut") {
    const auto tenfold = conversion::between_scales(0, 1);
    CHECK(tenfold.convert({1844674407370955161}).amount.value == 18446744073709551610U);
    CHECK(tenfold.convert({1844674407370955162}).what == outcome::overflow);
    CHECK(tenfold.largest_incoming(ilp::amount::max()).value == 1844674407370955161);
    CHECK(conversion::between_scales(0, 19).convert({1}).amount.value == 10'000'000'000'000'000'000U);
    CHECK(conversion::between_scales(0, 19).convert({2}).what == outcome::overflow);
    CHECK(conversion::between_scales(0, 20).convert({1}).what == outcome::overflow);
    CHECK(conversion::between_scales(0, 255).convert(ilp::amount::max()).what == outcome::overflow);
    CHECK(conversion::between_scales(0, 255).largest_incoming(ilp::amount::max()).is_zero());
}

TEST_CASE("A27-36: the largest incoming amount is exactly the last that converts to the maximum") {
    const auto hundredth = conversion::between_scales(4, 2);
    CHECK(hundredth.largest_incoming({1000}).value == 100'099);
    CHECK(hundredth.convert({100'099}).amount.value == 1000);
    CHECK(hundredth.convert({100'100}).amount.value == 1001);
    const auto hundredfold = conversion::between_scales(2, 4);
    CHECK(hundredfold.largest_incoming({1000}).value == 10);
    CHECK(hundredfold.largest_incoming({1099}).value == 10);
    CHECK(hundredfold.largest_incoming({99}).value == 0);
}

TEST_CASE("A27-33 A27-34 A27-36: boundary amounts between scales 0 to 255 agree with a big-integer reference") {
    const auto amounts = boundary_amounts();
    for (int difference = -255; difference <= 255; ++difference) {
        // Beyond 20 digits nothing new happens, and big integers are slow.
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
        // All sizes of numbers are as likely, and most pairs of scales are near each other.
        const std::uint64_t amount = random() >> (random() % 64);
        const int incoming = static_cast<int>(random() % 256);
        const int near = std::clamp(incoming + static_cast<int>(random() % 45) - 22, 0, 255);
        const int outgoing = random() % 8 == 0 ? static_cast<int>(random() % 256) : near;
        if (!agrees(amount, incoming, outgoing)) FAIL(amount << " from scale " << incoming << " to " << outgoing);
    }
}
