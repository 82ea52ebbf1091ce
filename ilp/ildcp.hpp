#pragma once

#include "ilp/bytes.hpp"

#include <cstdint>
#include <string_view>

/// ILDCP (RFC 31), by which a peer learns its own address, asset code and asset scale from us.
namespace ilp::ildcp {

inline constexpr std::string_view destination = "peer.config";

/// Appends the data of the Fulfill to `out`.
void serialize_response(bytes& out, std::string_view client_address, std::uint8_t asset_scale,
                        std::string_view asset_code);

}  // namespace ilp::ildcp
