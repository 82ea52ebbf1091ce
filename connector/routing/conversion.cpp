#include "connector/routing/conversion.hpp"

#include "ilp/invariant.hpp"

#include <boost/multiprecision/cpp_int.hpp>

#include <algorithm>
#include <array>
#include <limits>

namespace connector {
namespace {

using ilp::uint128;
using uint256 = boost::multiprecision::uint256_t;

constexpr uint128 amount_max = ilp::amount::max().value;
constexpr unsigned whole = 10'000;  // 100 % in basis points
constexpr int whole_digits = 4;

constexpr int amount_power_max = 19;  // 10^20 exceeds every amount
constexpr int power_max = 38;         // 10^39 does not fit into 128 bits
constexpr auto powers = [] {
    std::array<uint128, power_max + 1> made{1};
    for (std::size_t i = 1; i < made.size(); ++i) made[i] = made[i - 1] * 10;
    return made;
}();

uint128 power_of_ten(int exponent) noexcept {
    return powers[static_cast<std::size_t>(exponent)];
}

/// Returns false if the product does not fit.
bool multiply(uint128 a, uint128 b, uint128& product) noexcept {
    return !__builtin_mul_overflow(a, b, &product);
}

}  // namespace

conversion::conversion(const ilp::rate& rate, std::uint16_t spread, std::uint8_t incoming_scale,
                       std::uint8_t outgoing_scale) noexcept
    : factor_{rate.digits}, exponent_{rate.exponent + outgoing_scale - incoming_scale} {
    ilp::require(rate.digits > 0 && rate.digits < power_of_ten(ilp::rate_digits_max), "a rate has 1 to 34 digits");
    ilp::require(spread < whole, "a spread leaves something of the amount");
    if (spread == 0) return;
    factor_ *= whole - spread;
    exponent_ -= whole_digits;
}

conversion::result conversion::convert(ilp::amount incoming) const noexcept {
    if (incoming.is_zero()) return {status::converted, {}};
    uint128 outgoing;
    const bool fits = multiply(incoming.value, factor_, outgoing);
    if (exponent_ >= 0) {
        if (!fits || exponent_ > amount_power_max) return {status::overflow, {}};
        if (!multiply(outgoing, power_of_ten(exponent_), outgoing)) return {status::overflow, {}};
    } else if (fits) {
        outgoing = -exponent_ > power_max ? 0 : outgoing / power_of_ten(-exponent_);
    } else {
        // Dividing twice and rounding down each time gives the same as dividing once by the product.
        const int first = std::min(-exponent_, power_max);
        const uint256 quotient = uint256{incoming.value} * factor_ / power_of_ten(first);
        if (quotient > std::numeric_limits<uint128>::max()) return {status::overflow, {}};  // the second divisor is 1
        outgoing = static_cast<uint128>(quotient) / power_of_ten(std::min(-exponent_ - first, power_max));
    }
    if (outgoing > amount_max) return {status::overflow, {}};
    if (outgoing == 0) return {status::to_zero, {}};
    return {status::converted, {static_cast<std::uint64_t>(outgoing)}};
}

ilp::amount conversion::largest_incoming(ilp::amount outgoing) const noexcept {
    if (exponent_ >= 0) {
        if (exponent_ > amount_power_max) return {};
        return {static_cast<std::uint64_t>(outgoing.value / factor_ / power_of_ten(exponent_))};
    }
    // factor_ is below 10^38, so that 10^58 times it exceeds every amount; 2^64 * 10^57 fits into 256 bits.
    constexpr int reach = power_max + amount_power_max;
    if (-exponent_ > reach) return ilp::amount::max();
    const int first = std::min(-exponent_, power_max);
    const uint256 beyond =
        (uint256{outgoing.value} + 1) * power_of_ten(first) * power_of_ten(std::min(-exponent_ - first, power_max));
    const uint256 largest = (beyond - 1) / factor_;
    return largest > amount_max ? ilp::amount::max() : ilp::amount{static_cast<std::uint64_t>(largest)};
}

}  // namespace connector
