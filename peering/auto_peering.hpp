#pragma once

#include "ilp/address.hpp"
#include "ilp/amount.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

/// What two nodes say to each other when they make each other peers, as JSON over HTTP: one asks by POST, and each is
/// told the other's address, where it takes packets, and the token that it presents. The form is Rafiki's.
namespace peering {

/// Of a request or an answer.
inline constexpr std::size_t peering_message_size_max = 16 * 1024;

/// Fewer characters could be guessed, and what knows a peer's token may change where its packets go.
inline constexpr std::size_t peering_token_size_min = 16;
inline constexpr std::size_t peering_token_size_max = 256;

/// What a node says of itself.
struct peering_terms {
    ilp::address address;
    std::string connector_url;  ///< as config::http_url() takes it: where it takes packets
    std::string token;          ///< that it will present
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
    invalid_configuration,  ///< address or connector URL of who asks
    invalid_request,
    too_many_requests,
    unavailable,
};

/// Why a request is refused. The message goes to a stranger: it tells nothing of other peers.
struct peering_error {
    peering_fault fault{};
    std::string message{};
    friend bool operator==(const peering_error&, const peering_error&) = default;
};

inline std::unexpected<peering_error> refused(peering_fault fault, std::string message) {
    return std::unexpected{peering_error{fault, std::move(message)}};
}

/// As HTTP says it.
unsigned status_of(peering_fault fault) noexcept;

/// As `error.type` says it.
std::string_view type_of(peering_fault fault) noexcept;

/// `{staticIlpAddress, ilpConnectorUrl, asset {code, scale}, httpToken, maxPacketAmount?, name?}`. Other keys are
/// ignored; null counts as absent where a value may be.
std::expected<peering_request, peering_error> parse_peering_request(std::string_view json);
std::string to_json(const peering_request& request);

/// `{staticIlpAddress, ilpConnectorUrl, httpToken, name}`. The error says what is wrong with it.
std::expected<peering_terms, std::string> parse_peering_answer(std::string_view json);
std::string to_json(const peering_terms& answer);

/// `{error {code, message, type}}`. Empty for what is none, or none that we know.
std::optional<peering_error> parse_peering_error(std::string_view json);
std::string to_json(const peering_error& error);

/// 256 bits from the system's secure source, as hexadecimal digits.
std::string new_peering_token();

}  // namespace peering
