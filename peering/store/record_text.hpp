#pragma once

#include "peering/records/account.hpp"
#include "peering/records/kept_terms.hpp"
#include "peering/records/payment.hpp"
#include "peering/records/transfer.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace peering {

// The words that every store uses for these values; other programs read them.

std::string_view to_text(account_kind kind) noexcept;
std::string_view to_text(transfer_kind kind) noexcept;
std::string_view to_text(transfer_state state) noexcept;
std::string_view to_text(origin origin) noexcept;
std::string_view to_text(payment_status status) noexcept;
/// Delivered and sent, with a slash between them.
std::string to_text(const ilp::exchange_ratio& ratio);

/// Nullopt for anything that to_text() does not write.
std::optional<transfer_state> parse_transfer_state(std::string_view text) noexcept;
std::optional<origin> parse_origin(std::string_view text) noexcept;
std::optional<payment_status> parse_payment_status(std::string_view text) noexcept;
std::optional<ilp::exchange_ratio> parse_exchange_ratio(std::string_view text) noexcept;

/// The name shown to people: the peer's name, or its address if it has none.
std::string_view shown_name(const kept_peer_terms& terms) noexcept;

/// How the audit and the exported history name a receiving account. A name may be given again once its account is
/// deleted.
std::string owner_text(const receiving_account_terms& terms);

}  // namespace peering
