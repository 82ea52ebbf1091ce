#include "ilp/payment/path_maximum.hpp"

#include "ilp/invariant.hpp"
#include "ilp/rate.hpp"

#include <algorithm>

namespace ilp {
namespace {

constexpr std::uint64_t near_enough = 16;  // a gap of a sixteenth is not worth another refusal

/// The largest amount that arrives as at most `data.maximum` if `sent` has arrived as `data.received`. The amount that
/// arrived was rounded down, so the ratio is below (received + 1) / sent. After several roundings it can be slightly
/// above that; then the result is refused in turn, and that answer makes it smaller.
amount largest_that_passes(amount sent, const amount_too_large& data) noexcept {
    const uint128 product = uint128{sent.value} * (uint128{data.maximum.value} + 1);
    const uint128 divisor = uint128{data.received.value} + 1;
    const uint128 rounded_up = product / divisor + (product % divisor != 0 ? 1 : 0);
    return {static_cast<std::uint64_t>(rounded_up - 1)};
}

}  // namespace

amount path_maximum::value() const noexcept {
    if (is_exact_) return refused_above_;
    const std::uint64_t gap = refused_above_.value - passed_.value;
    if (passed_.is_zero()) return {gap - gap / 2};
    return {gap <= passed_.value / near_enough ? passed_.value : passed_.value + gap / 2};
}

void path_maximum::passed(amount sent) noexcept {
    passed_ = std::max(passed_, std::min(sent, refused_above_));
}

void path_maximum::trial_passed(amount sent) noexcept {
    if (sent > refused_above_) *this = path_maximum{sent};
    passed(sent);
}

void path_maximum::trial_refused(amount sent, const std::optional<amount_too_large>& data) noexcept {
    const bool has_data = data && data->maximum < data->received;
    const amount largest = has_data ? largest_that_passes(sent, *data) : amount{};
    if (largest <= refused_above_) return refused(sent, data);
    refused_above_ = largest;
    is_exact_ = true;
}

void path_maximum::refused(amount sent, const std::optional<amount_too_large>& data) noexcept {
    require(!sent.is_zero(), "an amount of zero is never too large");
    if (data && data->maximum < data->received) {
        const amount largest = largest_that_passes(sent, *data);
        if (largest < refused_above_ || (largest == refused_above_ && !is_exact_)) {
            refused_above_ = largest;
            is_exact_ = true;
        }
    } else if (sent <= refused_above_) {
        refused_above_ = {sent.value - 1};
        is_exact_ = refused_above_.is_zero();
    }
    // What passed before may not pass any more.
    if (passed_ >= refused_above_) passed_ = is_exact_ ? refused_above_ : amount{};
}

}  // namespace ilp
