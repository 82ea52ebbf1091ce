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

/// By currency: how many units of it one unit of the base buys.
using rates_by_quote = std::map<std::string, ilp::rate, std::less<>>;

/// What a source answered to `?base=...`: `{"base": "USD", "rates": {"EUR": 0.813399}}`. Rates are read from their
/// digits. What stands beside the two keys is not looked at; one wrong rate makes the whole answer wrong. The error
/// says what is wrong with it.
std::expected<rates_by_quote, std::string> parse_rates(std::string_view body, std::string_view base);

}  // namespace connector
