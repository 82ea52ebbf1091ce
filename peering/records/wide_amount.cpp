#include "peering/records/wide_amount.hpp"

#include <cstdint>
#include <limits>

namespace peering {

std::string_view to_text(wide_amount value, wide_amount_buffer& buffer) noexcept {
    char* const end = buffer.data() + buffer.size();
    char* begin = end;
    while (value > std::numeric_limits<std::uint64_t>::max()) {
        *--begin = static_cast<char>('0' + static_cast<int>(value % 10));
        value /= 10;
    }
    auto rest = static_cast<std::uint64_t>(value);
    do {
        *--begin = static_cast<char>('0' + static_cast<int>(rest % 10));
        rest /= 10;
    } while (rest != 0);
    return {begin, end};
}

std::optional<wide_amount> parse_wide_amount(std::string_view text) noexcept {
    if (text.empty() || text.size() > wide_amount_digits_max) return std::nullopt;
    if (text.front() == '0' && text.size() > 1) return std::nullopt;
    constexpr wide_amount max = ~wide_amount{0};
    wide_amount value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        const auto digit = static_cast<wide_amount>(c - '0');
        if (value > (max - digit) / 10) return std::nullopt;
        value = value * 10 + digit;
    }
    return value;
}

}  // namespace peering
