#pragma once

#include "peering/records/kept_terms.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace peering {

// The JSON in which every store keeps the terms that have no column of their own. Amounts are strings of digits, token
// hashes are lower-case hexadecimal; unset terms are omitted.

/// Returns an empty string if there is nothing to keep.
std::string to_json(const asset_terms& terms);

/// Likewise. Nullopt if a string is not valid UTF-8, which JSON cannot represent.
std::optional<std::string> to_json(const kept_peer_terms& terms);

/// Sets the terms that are in the JSON and leaves the others as they are. Returns false for JSON that to_json() would
/// not write.
bool read_json(std::string_view text, asset_terms& terms);
bool read_json(std::string_view text, kept_peer_terms& terms);

}  // namespace peering
