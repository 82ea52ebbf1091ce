#pragma once

#include "config/settings.hpp"
#include "ilp/amount.hpp"
#include "ilp/bytes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace peering {

// The two header fields with which nodes split a packet across their link, in lower case. Both are structured fields
// (RFC 8941) in exactly the form that is written here: nobody but ilpd sends them, so nothing else is read.

inline constexpr std::string_view split_field = "ilp-split";
inline constexpr std::string_view split_accept_field = "ilp-split-accept";

inline constexpr std::uint32_t split_parts_limit = config::split_settings::parts_limit;

/// Random, chosen by the node that splits. A new attempt has a new one.
using split_id = std::array<ilp::octet, 16>;

/// Says which part of which set a Prepare is: `id=:<base64>:, part=0, parts=4, total="40000"`.
struct part_label {
    split_id id{};
    std::uint32_t part = 0;   ///< counted from 0
    std::uint32_t parts = 0;  ///< 2 to `split_parts_limit`
    ilp::amount total;        ///< the sum of the amounts of all parts

    friend bool operator==(const part_label&, const part_label&) = default;
};

/// What a peer takes together: `max-total="1000000", max-parts=16`.
using split_terms = config::split_settings;

inline constexpr std::size_t part_label_size_max = 88;
inline constexpr std::size_t split_terms_size_max = 48;

/// Append at most `part_label_size_max` and `split_terms_size_max` characters.
void append(std::string& out, const part_label& label);
void append(std::string& out, const split_terms& terms);

/// Nullopt for everything that append() does not write.
std::optional<part_label> parse_part_label(std::string_view value) noexcept;
std::optional<split_terms> parse_split_terms(std::string_view value) noexcept;

}  // namespace peering
