#include "ilp/error_code.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace ilp {
namespace {

struct entry {
    std::string_view text;
    std::string_view name;
};

/// In the order of the enumeration.
constexpr std::array<entry, error_code_count> entries{{
    {"F00", "Bad Request"},
    {"F01", "Invalid Packet"},
    {"F02", "Unreachable"},
    {"F03", "Invalid Amount"},
    {"F04", "Insufficient Destination Amount"},
    {"F05", "Wrong Condition"},
    {"F06", "Unexpected Payment"},
    {"F07", "Cannot Receive"},
    {"F08", "Amount Too Large"},
    {"F99", "Application Error"},
    {"T00", "Internal Error"},
    {"T01", "Peer Unreachable"},
    {"T02", "Peer Busy"},
    {"T03", "Connector Busy"},
    {"T04", "Insufficient Liquidity"},
    {"T05", "Rate Limited"},
    {"T99", "Application Error"},
    {"R00", "Transfer Timed Out"},
    {"R01", "Insufficient Source Amount"},
    {"R02", "Insufficient Timeout"},
    {"R99", "Application Error"},
}};

}  // namespace

std::string_view code_text(error_code code) noexcept {
    return entries[static_cast<std::size_t>(code)].text;
}

std::string_view name(error_code code) noexcept {
    return entries[static_cast<std::size_t>(code)].name;
}

std::optional<error_code> parse_error_code(std::string_view three_letters) noexcept {
    const auto found = std::ranges::find(entries, three_letters, &entry::text);
    if (found == entries.end()) return std::nullopt;
    return static_cast<error_code>(found - entries.begin());
}

}  // namespace ilp
