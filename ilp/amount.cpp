#include "ilp/amount.hpp"

#include <charconv>

namespace ilp {

std::optional<amount> parse_amount(std::string_view digits) noexcept {
    amount result;
    const auto [stopped, error] = std::from_chars(digits.data(), digits.data() + digits.size(), result.value);
    if (error != std::errc{} || stopped != digits.data() + digits.size()) return std::nullopt;
    return result;
}

std::string to_string(amount value) {
    return std::to_string(value.value);
}

}  // namespace ilp
