#include "connector/ilpctl/amount_text.hpp"

#include "peering/records/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace connector::ilpctl {
namespace {

constexpr std::size_t shown_decimals_min = 2;

bool is_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::string decimals(std::size_t count) {
    return count == 0 ? "no decimals" : count == 1 ? "one decimal" : fmt::format("{} decimals", count);
}

/// Formats the amount with all decimals of the scale.
std::string whole_text(std::string digits, std::uint8_t scale) {
    if (scale == 0) return digits;
    if (digits.size() <= scale) digits.insert(0, scale + 1U - digits.size(), '0');
    return digits.insert(digits.size() - scale, ".");
}

std::string trimmed(std::string text, std::uint8_t scale) {
    const auto shortest = text.size() - scale + std::min<std::size_t>(scale, shown_decimals_min);
    const auto last = text.find_last_not_of('0');
    if (scale > 0) text.resize(std::max(shortest, last + 1));
    return text;
}

}  // namespace

std::string to_string(const asset_unit& unit) {
    return peering::asset_text(unit.code, unit.scale);
}

std::optional<asset_unit> parse_asset_unit(std::string_view text) {
    const auto slash = text.rfind('/');
    if (slash == std::string_view::npos || slash == 0 || !is_digits(text.substr(slash + 1))) return std::nullopt;
    const auto scale = ilp::parse_amount(text.substr(slash + 1));
    if (!scale || scale->value > std::numeric_limits<std::uint8_t>::max()) return std::nullopt;
    return asset_unit{std::string{text.substr(0, slash)}, static_cast<std::uint8_t>(scale->value)};
}

std::expected<ilp::amount, std::string> parse_amount(std::string_view text, const asset_unit& unit, amount_form form) {
    const auto too_large = [&] {
        return std::unexpected{fmt::format("{} is too large: the largest possible amount is {}", text,
                                           show_amount(ilp::amount::max(), unit, form))};
    };
    if (form == amount_form::raw) {
        if (!is_digits(text))
            return std::unexpected{
                fmt::format("\"{}\" is not an amount in the smallest unit: expected only digits, such as 1250", text)};
        const auto amount = ilp::parse_amount(text);
        if (!amount) return too_large();
        return *amount;
    }
    auto number = text;
    if (const auto space = text.find(' '); space != std::string_view::npos) {
        number = text.substr(0, space);
        if (text.substr(space + 1) != unit.code)
            return std::unexpected{
                fmt::format("\"{}\" is in {}: expected an amount in {}", text, text.substr(space + 1), unit.code)};
    }
    const auto point = number.find('.');
    const auto whole = number.substr(0, point);
    const auto fraction = point == std::string_view::npos ? std::string_view{} : number.substr(point + 1);
    if (!is_digits(whole) || (point != std::string_view::npos && !is_digits(fraction)))
        return std::unexpected{
            fmt::format("\"{}\" is not an amount: expected digits with at most one decimal point, such as {}", text,
                        unit.scale == 0 ? "12" : "12.5")};
    if (fraction.size() > unit.scale)
        return std::unexpected{fmt::format("{} has {}: {} allows at most {}", text, decimals(fraction.size()),
                                           to_string(unit), decimals(unit.scale))};
    auto digits = std::string{whole};
    digits += fraction;
    // Zero stays zero at any scale; any other amount soon becomes too large.
    digits.append(unit.scale - fraction.size(), '0');
    const auto amount = ilp::parse_amount(digits);
    if (!amount) return too_large();
    return *amount;
}

std::string show_amount(ilp::amount amount, const asset_unit& unit, amount_form form) {
    return show_amount(std::to_string(amount.value), unit, form);
}

std::string show_amount(std::string_view digits, const asset_unit& unit, amount_form form) {
    if (form == amount_form::raw) return std::string{digits};
    return fmt::format("{} {}", trimmed(whole_text(std::string{digits}, unit.scale), unit.scale), unit.code);
}

}  // namespace connector::ilpctl
