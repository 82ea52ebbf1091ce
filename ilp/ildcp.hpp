#pragma once

#include "ilp/address.hpp"
#include "ilp/bytes.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// ILDCP (RFC 31), by which a peer learns its own address, asset code and asset scale.
namespace ilp::ildcp {

inline constexpr std::string_view destination = "peer.config";

struct response {
    address client_address;
    std::uint8_t asset_scale;
    std::string asset_code;
};

/// Appends the data of the Fulfill to `out`.
void serialize_response(bytes& out, std::string_view client_address, std::uint8_t asset_scale,
                        std::string_view asset_code);

/// Returns nullopt for an invalid address, a code that is not UTF-8, or truncated data. Octets after the last field are
/// ignored.
std::optional<response> parse_response(bytes_view data);

}  // namespace ilp::ildcp
