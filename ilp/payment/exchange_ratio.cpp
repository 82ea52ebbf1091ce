#include "ilp/payment/exchange_ratio.hpp"

#include "ilp/invariant.hpp"
#include "ilp/rate.hpp"

#include <limits>

namespace ilp {
namespace {

constexpr unsigned whole_slippage = 10'000;  // basis points

amount capped(uint128 value) noexcept {
    constexpr uint128 most = amount::max().value;
    return {static_cast<std::uint64_t>(value < most ? value : most)};
}

uint128 divide_up(uint128 dividend, std::uint64_t divisor) noexcept {
    return dividend / divisor + (dividend % divisor != 0 ? 1 : 0);
}

uint128 common_divisor(uint128 a, uint128 b) noexcept {
    while (b != 0) {
        const uint128 rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

}  // namespace

amount exchange_ratio::delivered_for(amount sent_amount) const noexcept {
    return capped(uint128{sent_amount.value} * delivered / sent);
}

amount exchange_ratio::minimum_for(amount sent_amount) const noexcept {
    return capped(divide_up(uint128{sent_amount.value} * delivered, sent));
}

amount exchange_ratio::sent_for(amount delivered_amount) const noexcept {
    return capped(divide_up(uint128{delivered_amount.value} * sent, delivered));
}

exchange_ratio with_slippage(const exchange_ratio& quoted, unsigned slippage) noexcept {
    require(slippage <= slippage_max, "a slippage leaves something of the amount");
    require(quoted.delivered > 0 && quoted.sent > 0, "an exchange ratio has no zero");
    constexpr uint128 most = std::numeric_limits<std::uint64_t>::max();
    uint128 delivered = uint128{quoted.delivered} * (whole_slippage - slippage);
    uint128 sent = uint128{quoted.sent} * whole_slippage;
    const uint128 divisor = common_divisor(delivered, sent);
    delivered /= divisor;
    sent /= divisor;
    while (delivered > most || sent > most) {
        delivered = delivered / 2 + delivered % 2;
        sent = sent > 1 ? sent / 2 : 1;
    }
    return {static_cast<std::uint64_t>(delivered), static_cast<std::uint64_t>(sent)};
}

}  // namespace ilp
