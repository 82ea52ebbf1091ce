#include "ilp/amount.hpp"

#include <charconv>

namespace ilp {

std::optional<amount> parse_amount(std::string_view digits) noexcept {
    amount result;
    const char* const end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, result.value);
    if (error != std::errc{} || stopped != end) return std::nullopt;
    return result;
}

std::string to_string(amount value) {
    return std::to_string(value.value);
}

}  // namespace ilp
