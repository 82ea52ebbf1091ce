#include "ilp/rate.hpp"

#include <algorithm>

namespace ilp {
namespace {

constexpr std::size_t text_size_max = 1000;
constexpr int exponent_too_large = 100'000;  // regardless of the digits

std::string_view take_digits(std::string_view& text) {
    const auto digits = text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size()));
    text.remove_prefix(digits.size());
    return digits;
}

bool take(std::string_view& text, char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
}

/// Collects digits in order; zeros count only once another digit follows them.
class significant_digits {
public:
    /// Returns false if there are too many digits.
    bool add(std::string_view digits) {
        for (const char c : digits) {
            if (c == '0') {
                if (count_ > 0) ++zeros_;
                continue;
            }
            count_ += zeros_ + 1;
            if (count_ > rate_digits_max) return false;
            for (; zeros_ > 0; --zeros_) value_ *= 10;
            value_ = value_ * 10 + static_cast<unsigned>(c - '0');
        }
        return true;
    }
    uint128 value() const { return value_; }
    int zeros_behind() const { return zeros_; }

private:
    uint128 value_ = 0;
    int count_ = 0;
    int zeros_ = 0;
};

std::optional<int> parse_exponent(std::string_view& text) {
    const bool negative = take(text, '-');
    if (!negative) take(text, '+');
    const auto digits = take_digits(text);
    if (digits.empty()) return std::nullopt;
    int value = 0;
    for (const char c : digits) value = std::min(value * 10 + (c - '0'), exponent_too_large);
    return negative ? -value : value;
}

}  // namespace

std::optional<rate> parse_rate(std::string_view text) noexcept {
    if (text.size() > text_size_max) return std::nullopt;
    const auto whole = take_digits(text);
    if (whole.empty() || (whole.size() > 1 && whole.front() == '0')) return std::nullopt;
    std::string_view fraction;
    if (take(text, '.')) {
        fraction = take_digits(text);
        if (fraction.empty()) return std::nullopt;
    }
    std::optional<int> exponent = 0;
    if (take(text, 'e') || take(text, 'E')) exponent = parse_exponent(text);
    if (!exponent || !text.empty()) return std::nullopt;

    significant_digits digits;
    if (!digits.add(whole) || !digits.add(fraction) || digits.value() == 0) return std::nullopt;
    const int shift = *exponent - static_cast<int>(fraction.size()) + digits.zeros_behind();
    if (shift < -rate_exponent_max || shift > rate_exponent_max) return std::nullopt;
    return rate{digits.value(), shift};
}

std::string to_string(const rate& rate) {
    std::string text;
    for (uint128 rest = rate.digits; rest != 0; rest /= 10)
        text += static_cast<char>('0' + static_cast<int>(rest % 10));
    std::ranges::reverse(text);
    if (rate.exponent >= 0) return text.append(static_cast<std::size_t>(rate.exponent), '0');
    const auto places = static_cast<std::size_t>(-rate.exponent);
    if (text.size() <= places) text.insert(0, places - text.size() + 1, '0');
    return text.insert(text.size() - places, ".");
}

}  // namespace ilp
