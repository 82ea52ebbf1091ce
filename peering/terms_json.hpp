#pragma once

#include "peering/kept_terms.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace peering {

// The JSON by which every store keeps the terms that have no column of their own. Amounts are strings of digits, token
// hashes lower-case hexadecimal; what is not set is not there.

/// Empty: there is nothing to keep.
std::string to_json(const asset_terms& terms);

/// Likewise. Nullopt: a text among them is no UTF-8, which JSON cannot say.
std::optional<std::string> to_json(const kept_peer_terms& terms);

/// Puts into `terms` what the JSON says, and leaves the others as they are. False: to_json() does not write such.
bool read_json(std::string_view text, asset_terms& terms);
bool read_json(std::string_view text, kept_peer_terms& terms);

}  // namespace peering
