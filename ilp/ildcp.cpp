#include "ilp/ildcp.hpp"

#include "ilp/address.hpp"
#include "ilp/oer.hpp"

namespace ilp::ildcp {
void serialize_response(bytes& out, std::string_view client_address, std::uint8_t asset_scale,
                        std::string_view asset_code) {
    oer::append_variable(out, as_bytes(client_address));
    oer::append_u8(out, asset_scale);
    oer::append_variable(out, as_bytes(asset_code));
}

std::optional<configuration> parse_response(bytes_view data) {
    oer::reader reader{data};
    const auto address = reader.read_variable();
    const auto scale = reader.read_u8();
    const auto code = reader.read_variable();
    if (!address || !scale || !code) return std::nullopt;
    if (!is_address(as_text(*address))) return std::nullopt;
    return configuration{.client_address = std::string{as_text(*address)},
                         .asset_scale = *scale,
                         .asset_code = std::string{as_text(*code)}};
}

}  // namespace ilp::ildcp
