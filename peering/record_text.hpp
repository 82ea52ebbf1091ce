#pragma once

#include "peering/account.hpp"
#include "peering/kept_terms.hpp"
#include "peering/transfer.hpp"

#include <optional>
#include <string_view>

namespace peering {

// The words by which every store keeps these; other programs read them.

std::string_view to_text(account_kind kind) noexcept;
std::string_view to_text(transfer_kind kind) noexcept;
std::string_view to_text(transfer_state state) noexcept;
std::string_view to_text(origin origin) noexcept;

/// Empty for anything that to_text() does not write.
std::optional<transfer_state> parse_transfer_state(std::string_view text) noexcept;
std::optional<origin> parse_origin(std::string_view text) noexcept;

/// What people call the peer: its name; one without goes by its address.
std::string_view shown_name(const kept_peer_terms& terms) noexcept;

}  // namespace peering
