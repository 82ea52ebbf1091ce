#pragma once

#include "ilp/bytes.hpp"
#include "ilp/oer.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The peer's side of ILDCP: how a peer reads the daemon's answer.
namespace support {

struct ildcp_response {
    std::string client_address;
    std::uint8_t asset_scale = 0;
    std::string asset_code;
};

/// Returns nullopt unless `data` is exactly one response.
inline std::optional<ildcp_response> parse_ildcp_response(ilp::bytes_view data) {
    ilp::oer::reader reader{data};
    const auto address = reader.read_variable();
    const auto scale = reader.read_u8();
    const auto code = reader.read_variable();
    if (!address || !scale || !code || !reader.at_end()) return std::nullopt;
    return ildcp_response{std::string{ilp::as_text(*address)}, *scale, std::string{ilp::as_text(*code)}};
}

}  // namespace support
