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

/// A source's answer. An entry of `rates` that is not a usable rate is in `odd` instead, with a fault that
/// continues "its response ...", such as `has null as the rate for EUR`. The caller knows whether the currency is in
/// use.
struct rate_answer {
    rates_by_quote rates{};
    std::map<std::string, std::string, std::less<>> odd{};  ///< by currency; none of them is among the rates
    friend bool operator==(const rate_answer&, const rate_answer&) = default;
};

/// Parses a source's answer to `?base=...`: `{"base": "USD", "rates": {"EUR": 0.813399}}`. Rates are parsed from their
/// decimal digits. Other keys are ignored. The answer is invalid as a whole if it is not of this form, is for another
/// base, or gives another rate than 1 for the base itself; the error says what is wrong.
std::expected<rate_answer, std::string> parse_rates(std::string_view body, std::string_view base);

}  // namespace connector
