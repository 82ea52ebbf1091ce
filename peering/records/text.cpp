#include "peering/records/text.hpp"

#include <fmt/chrono.h>

#include <algorithm>
#include <chrono>

namespace peering {

void to_lower_case(std::string& text) noexcept {
    for (char& letter : text) {
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    }
}

std::string_view trimmed(std::string_view text) noexcept {
    constexpr std::string_view blanks = " \t";
    const auto begin = std::min(text.find_first_not_of(blanks), text.size());
    const auto end = text.find_last_not_of(blanks) + 1;
    return text.substr(begin, end - std::min(begin, end));
}

std::string asset_text(std::string_view code, std::uint8_t scale) {
    return std::string{code} + '/' + std::to_string(scale);
}

std::string iso_text(ilp::timestamp time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                       (time - seconds).count());
}

std::string day_text(ilp::timestamp day) {
    return iso_text(day).substr(0, 10);
}

}  // namespace peering
