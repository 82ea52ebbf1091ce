#pragma once

#include "config/settings.hpp"

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// The value types of settings: how a value is parsed, printed, and described with its bounds.
namespace config {

template <typename T>
struct value_type {
    std::string expected;  ///< completes "expected ..."; includes the bounds

    /// On failure, the error is a complete message, or empty for "expected ..., found ...".
    std::function<std::expected<T, std::string>(std::string_view)> parse;
    std::function<std::string(const T&)> print;

    bool plain = false;  ///< printed values need no quotes in YAML
    T placeholder{};     ///< replaces a rejected list element
};

template <typename T>
inline constexpr bool is_secret_v = std::is_same_v<T, secret>;

inline constexpr std::string_view hidden = "(hidden)";

/// Accepts decimal digits only; returns nullopt above 2^64-1.
std::optional<std::uint64_t> parse_digits(std::string_view text);

template <typename T>
value_type<T> integer(T min, T max) {
    return {.expected = "a whole number from " + std::to_string(min) + " to " + std::to_string(max),
            .parse = [min, max](std::string_view text) -> std::expected<T, std::string> {
                const auto value = parse_digits(text);
                if (!value || *value < min || *value > max) return std::unexpected{std::string{}};
                return static_cast<T>(*value);
            },
            .print = [](const T& value) { return std::to_string(value); },
            .plain = true};
}

template <typename T>
value_type<T> choice(const std::vector<std::pair<std::string_view, T>>& names) {
    auto expected = std::string{"one of"};
    for (const auto& [name, value] : names) {
        expected += expected.size() == 6 ? " " : ", ";
        expected += name;
    }
    return {.expected = std::move(expected),
            .parse = [names](std::string_view text) -> std::expected<T, std::string> {
                for (const auto& [name, value] : names)
                    if (name == text) return value;
                return std::unexpected{std::string{}};
            },
            .print =
                [names](const T& value) {
                    for (const auto& [name, named] : names)
                        if (named == value) return std::string{name};
                    std::unreachable();
                },
            .plain = true};
}

value_type<bool> boolean();

/// A duration in ms, s, m, h or d; a day has 24 hours.
value_type<std::chrono::milliseconds> duration(std::chrono::milliseconds min, std::chrono::milliseconds max);

/// True for text that other programs would replace by a variable, and this one does not. `${NAME}` is not among it: in
/// the file, only `$${NAME}` leads to that text.
bool looks_like_variable(std::string_view text);

/// The type of a limit on the time for which a forwarded packet is held.
value_type<std::chrono::milliseconds> hold_time();

/// Into how many parts a packet to a peer may be split.
value_type<std::uint32_t> split_parts();

/// Parsed from its digits, never through floating point.
value_type<ilp::amount> amount(std::uint64_t min = 0);

/// Also parsed from its digits.
value_type<ilp::rate> exchange_rate();

/// A literal IP address and a port.
value_type<listen_address> listener();

/// A host name or a literal IP address without brackets, stored in lower case.
value_type<std::string> host();

/// The address of a node that packets can be sent to; schemes peer and self are refused.
value_type<ilp::address> node_address();

/// A valid route table prefix, except in schemes that are never routed; the placeholder is in one of those.
value_type<std::string> route_prefix();

value_type<http_endpoint> http_url();
/// A URL at which a node accepts packets. It may be an https:// URL, although packets cannot be sent to one yet.
value_type<http_endpoint> packet_url();
/// An https:// URL with a host, perhaps a port, and no path but "/".
value_type<http_endpoint> https_origin();
value_type<std::string> store_url();

/// The path of a file, as written: `reader` completes a relative one.
value_type<file_path> path_of_file();
/// The path of a file with certificates, as written: `reader` completes it and reads the certificates.
value_type<trusted_certificates> path_of_certificates();

/// The SHA-256 of a public key: 64 hexadecimal digits, or 32 pairs of them with colons in between.
value_type<ilp::digest> key_hash();

value_type<http_protocol> protocol();
value_type<answer_mode> mode();

value_type<std::string> asset_code();

/// Usable as a metrics label and as a URL segment.
value_type<std::string> peer_name();

/// The name of a receiving account. It is a segment of a URL and part of a payment pointer, which people type, so it
/// has no upper case, and begins with a letter or digit.
value_type<std::string> account_name();

inline constexpr std::size_t display_name_size_max = 64;  ///< characters

/// A name for people: any single-line text.
value_type<std::string> display_name();

/// Accepts both cases; stored in lower case.
value_type<std::string> uuid();

value_type<secret> bearer_token();

/// The `sub` of a JSON Web Token.
value_type<std::string> token_subject();

/// Keys of 256 bits in hexadecimal digits, separated by white space or commas.
value_type<secret> hex_keys();

/// The key of an HMAC.
value_type<secret> signing_secret();

}  // namespace config
