#pragma once

#include "ilp/bytes.hpp"
#include "ilp/oer.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The peer's side of echo and ILDCP: what a peer writes to the daemon, and how it reads the daemon's answer.
namespace support {

inline void append_echo_request(ilp::bytes& out, std::string_view source) {
    ilp::append(out, "ECHOECHOECHOECHO");
    out.push_back(0);
    ilp::oer::append_variable(out, ilp::as_bytes(source));
}

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
