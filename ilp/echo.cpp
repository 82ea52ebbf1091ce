#include "ilp/echo.hpp"

#include "ilp/address.hpp"
#include "ilp/oer.hpp"

namespace ilp::echo {
namespace {

constexpr std::string_view prefix = "ECHOECHOECHOECHO";
constexpr octet request_octet = 0;
constexpr octet response_octet = 1;

}  // namespace

constinit const condition one_way_condition{0x8c, 0x00, 0xbc, 0x0c, 0x61, 0x4f, 0x64, 0xf7, 0xe1, 0xe0, 0x0b,
                                            0x59, 0xa5, 0x7b, 0xaf, 0x5c, 0x57, 0xb6, 0xa1, 0x19, 0xa9, 0x0d,
                                            0x54, 0xaf, 0x48, 0x98, 0x36, 0xa1, 0x3f, 0x9b, 0xc7, 0x7e};

constinit const fulfillment one_way_fulfillment{'p', 'i', 'n', 'g', 'p', 'i', 'n', 'g', 'p', 'i', 'n',
                                                'g', 'p', 'i', 'n', 'g', 'p', 'i', 'n', 'g', 'p', 'i',
                                                'n', 'g', 'p', 'i', 'n', 'g', 'p', 'i', 'n', 'g'};

payload parse(bytes_view data) noexcept {
    if (!as_text(data).starts_with(prefix)) return {kind::none, {}};
    oer::reader reader{data.subspan(prefix.size())};
    const auto what = reader.read_u8();
    if (what == response_octet) return {kind::response, {}};
    if (what != request_octet) return {kind::malformed, {}};
    const auto source = reader.read_variable();
    if (!source || !is_address(as_text(*source))) return {kind::malformed, {}};
    return {kind::request, as_text(*source)};
}

void serialize_request(bytes& out, std::string_view source) {
    append(out, prefix);
    oer::append_u8(out, request_octet);
    oer::append_variable(out, as_bytes(source));
}

void serialize_response(bytes& out) {
    append(out, prefix);
    oer::append_u8(out, response_octet);
}

}  // namespace ilp::echo
