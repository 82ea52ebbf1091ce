#pragma once

#include "ilp/address.hpp"
#include "ilp/amount.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

/// The messages by which two nodes become peers, as JSON over HTTP. One node sends a POST request. Each learns the
/// other's ILP address, the URL at which it accepts packets, and the token that it will present. The format is
/// Rafiki's.
namespace peering {

/// Maximum size of a request or a response body, in bytes.
inline constexpr std::size_t peering_message_size_max = 16 * 1024;

/// A shorter token could be guessed, and anyone who knows a peer's token can redirect that peer's packets.
inline constexpr std::size_t peering_token_size_min = 16;
inline constexpr std::size_t peering_token_size_max = 256;

/// A node's description of itself.
struct peering_terms {
    ilp::address address;
    std::string connector_url;  ///< where it accepts packets; in the form that config::packet_url() accepts
    std::string token;          ///< the token that it will present
    std::optional<std::string> name{};
    friend bool operator==(const peering_terms&, const peering_terms&) = default;
};

struct peering_request {
    peering_terms asker;
    std::string asset_code;
    std::uint8_t asset_scale = 0;
    std::optional<ilp::amount> max_packet_amount{};
    friend bool operator==(const peering_request&, const peering_request&) = default;
};

enum class peering_fault : std::uint8_t {
    unknown_asset,
    invalid_configuration,  ///< the requester's address or connector URL is not acceptable
    invalid_request,
    unsupported_media_type,
    too_many_requests,
    unavailable,
};

/// Why a request is refused. The message goes to a stranger, so it reveals nothing about other peers.
struct peering_error {
    peering_fault fault{};
    std::string message{};
    friend bool operator==(const peering_error&, const peering_error&) = default;
};

inline std::unexpected<peering_error> refused(peering_fault fault, std::string message) {
    return std::unexpected{peering_error{fault, std::move(message)}};
}

/// The HTTP status code.
unsigned status_of(peering_fault fault) noexcept;

/// The value of `error.type`.
std::string_view type_of(peering_fault fault) noexcept;

/// Parses `{staticIlpAddress, ilpConnectorUrl, asset {code, scale}, httpToken, maxPacketAmount?, name?}`. Other keys
/// are ignored. For an optional key, null means absent.
std::expected<peering_request, peering_error> parse_peering_request(std::string_view json);
std::string to_json(const peering_request& request);

/// Parses `{staticIlpAddress, ilpConnectorUrl, httpToken, name}`. The error message says what is wrong with the answer.
std::expected<peering_terms, std::string> parse_peering_answer(std::string_view json);
std::string to_json(const peering_terms& answer);

/// Parses `{error {code, message, type}}`. Nullopt if it is not an error or its type is unknown.
std::optional<peering_error> parse_peering_error(std::string_view json);
std::string to_json(const peering_error& error);

/// Returns 256 bits from the system's secure random source as hexadecimal digits.
std::string new_peering_token();

}  // namespace peering
