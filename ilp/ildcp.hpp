#pragma once

#include "ilp/bytes.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// ILDCP (RFC 31), by which a peer learns its own address, asset code and asset scale from us.
namespace ilp::ildcp {

inline constexpr std::string_view destination = "peer.config";

/// What a node tells a peer about the peer's account.
struct configuration {
    std::string client_address;
    std::uint8_t asset_scale = 0;
    std::string asset_code;

    friend bool operator==(const configuration&, const configuration&) = default;
};

/// Appends the data of the Fulfill to `out`.
void serialize_response(bytes& out, std::string_view client_address, std::uint8_t asset_scale,
                        std::string_view asset_code);

/// Reads the data of a Fulfill. Returns nullopt if it is cut short, or if the address is invalid. The code may be any
/// octets, and octets after it are ignored.
std::optional<configuration> parse_response(bytes_view data);

}  // namespace ilp::ildcp
