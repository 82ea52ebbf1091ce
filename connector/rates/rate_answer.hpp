#pragma once

#include "ilp/rate.hpp"

#include <cstddef>
#include <expected>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace connector {

inline constexpr std::size_t rate_answer_size_max = 256 * 1024;

/// Maps a currency to the number of its units that one unit of the base buys.
using rates_by_quote = std::map<std::string, ilp::rate, std::less<>>;

/// Parses a source's answer to `?base=...`: `{"base": "USD", "rates": {"EUR": 0.813399}}`. Rates are parsed from their
/// decimal digits. Other keys are ignored; one invalid rate makes the whole answer invalid. The error says what is
/// wrong.
std::expected<rates_by_quote, std::string> parse_rates(std::string_view body, std::string_view base);

}  // namespace connector
