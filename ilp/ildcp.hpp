#pragma once

#include "ilp/address.hpp"
#include "ilp/bytes.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// ILDCP (RFC 31): how a peer learns its own address, asset code and scale.
namespace ilp::ildcp {

inline constexpr std::string_view destination = "peer.config";

struct response {
    address client_address;
    std::uint8_t asset_scale;
    std::string asset_code;
};

/// Appends the data of the Fulfill.
void serialize_response(bytes& out, std::string_view client_address, std::uint8_t asset_scale,
                        std::string_view asset_code);

/// Empty for a bad address, a code that is no UTF-8, or truncated data; octets behind the last field are ignored.
std::optional<response> parse_response(bytes_view data);

}  // namespace ilp::ildcp
