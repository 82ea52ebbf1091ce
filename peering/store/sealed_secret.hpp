#pragma once

#include "ilp/bytes.hpp"
#include "ilp/condition.hpp"

#include <array>
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peering {

/// A key that protects secrets at rest. Its id is kept with each value that it has sealed, and reveals nothing about
/// it.
struct sealing_key {
    using id_type = std::array<ilp::octet, 8>;

    ilp::digest octets{};
    id_type id{};
};

/// The first key seals; all of them open what they have sealed.
using sealing_keys = std::vector<sealing_key>;

/// Reads keys of 64 hexadecimal digits in any case, separated by white space or commas. Nullopt for anything else.
std::optional<sealing_keys> parse_sealing_keys(std::string_view text);

/// Seals a text with AES-256-GCM under a random nonce. `purpose` says where the value belongs, such as "peer 7:
/// outgoing token"; it can be opened for the same purpose only, so a value that was moved to another row is noticed.
/// The result is "sealed " and base64url of: version (1 byte), id of the key (8), nonce (12), ciphertext, tag (16).
std::string seal(const sealing_key& key, std::string_view text, std::string_view purpose);

/// True for a value that seal() may have returned. No token and no JSON text begins like one.
bool is_sealed(std::string_view value);

/// True if this key has sealed the value, as far as can be seen without opening it.
bool is_sealed_with(const sealing_key& key, std::string_view value);

/// Returns a value that is not sealed as it is. The error says what is wrong, and what to do.
std::expected<std::string, std::string> open_sealed(const sealing_keys& keys, std::string_view value,
                                                    std::string_view purpose);

}  // namespace peering
