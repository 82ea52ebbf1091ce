#include "peering/store/record_text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace peering {
namespace {

constexpr std::array<std::string_view, 4> state_texts{"pending", "posted", "voided", "expired"};
constexpr std::array<std::string_view, 6> payment_status_texts{"quoting",   "sending", "cancelling",
                                                               "completed", "failed",  "cancelled"};

}  // namespace

std::string_view to_text(account_kind kind) noexcept {
    switch (kind) {
        case account_kind::asset_liquidity:
            return "asset_liquidity";
        case account_kind::settlement:
            return "settlement";
        case account_kind::peer_liquidity:
            return "peer_liquidity";
        case account_kind::receiving:
            return "receiving";
    }
    std::unreachable();
}

std::string_view to_text(transfer_kind kind) noexcept {
    if (kind == transfer_kind::correction) return "correction";
    return kind == transfer_kind::deposit ? "deposit" : "withdrawal";
}

std::string_view to_text(transfer_state state) noexcept {
    return state_texts[static_cast<std::size_t>(state)];
}

std::string_view to_text(origin origin) noexcept {
    return origin == peering::origin::file ? "file" : "api";
}

std::string_view to_text(payment_status status) noexcept {
    return payment_status_texts[static_cast<std::size_t>(status)];
}

std::string to_text(const ilp::exchange_ratio& ratio) {
    return std::to_string(ratio.delivered) + '/' + std::to_string(ratio.sent);
}

std::optional<transfer_state> parse_transfer_state(std::string_view text) noexcept {
    const auto found = std::ranges::find(state_texts, text);
    if (found == state_texts.end()) return std::nullopt;
    return static_cast<transfer_state>(found - state_texts.begin());
}

std::optional<origin> parse_origin(std::string_view text) noexcept {
    if (text == to_text(origin::file)) return origin::file;
    if (text == to_text(origin::api)) return origin::api;
    return std::nullopt;
}

std::optional<payment_status> parse_payment_status(std::string_view text) noexcept {
    const auto found = std::ranges::find(payment_status_texts, text);
    if (found == payment_status_texts.end()) return std::nullopt;
    return static_cast<payment_status>(found - payment_status_texts.begin());
}

std::optional<ilp::exchange_ratio> parse_exchange_ratio(std::string_view text) noexcept {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const auto delivered = ilp::parse_amount(text.substr(0, slash));
    const auto sent = ilp::parse_amount(text.substr(slash + 1));
    if (!delivered || !sent || delivered->is_zero() || sent->is_zero()) return std::nullopt;
    return ilp::exchange_ratio{delivered->value, sent->value};
}

std::string_view shown_name(const kept_peer_terms& terms) noexcept {
    return terms.name && !terms.name->empty() ? std::string_view{*terms.name} : std::string_view{terms.ilp_address};
}

std::string owner_text(const receiving_account_terms& terms) {
    return (terms.deleted_at ? "deleted receiving account " : "receiving account ") + terms.name;
}

}  // namespace peering
