#include "ilp/ildcp.hpp"

#include "ilp/oer.hpp"

namespace ilp::ildcp {

void serialize_response(bytes& out, std::string_view client_address, std::uint8_t asset_scale,
                        std::string_view asset_code) {
    oer::append_variable(out, as_bytes(client_address));
    oer::append_u8(out, asset_scale);
    oer::append_variable(out, as_bytes(asset_code));
}

}  // namespace ilp::ildcp
