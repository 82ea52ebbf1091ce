#include "ilp/ildcp.hpp"

#include "ilp/oer.hpp"

#include <algorithm>

namespace ilp::ildcp {
namespace {

/// Returns the size in octets of the UTF-8 character at the start of `text`, or 0 if it is invalid (RFC 3629: no
/// overlong form, no surrogate, nothing above U+10FFFF). Precondition: `text` is not empty.
std::size_t character_size(bytes_view text) noexcept {
    const octet first = text[0];
    if (first < 0x80) return 1;
    const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
    const bytes_view following = text.subspan(1, size - 1);
    if (!std::ranges::all_of(following, [](octet each) { return (each & 0xc0) == 0x80; })) return 0;
    const octet second = following[0];
    const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    const bool surrogate = first == 0xed && second >= 0xa0;
    const bool too_large = first == 0xf4 && second >= 0x90;
    return overlong || surrogate || too_large ? 0 : size;
}

bool is_utf8(bytes_view text) noexcept {
    while (!text.empty()) {
        const std::size_t size = character_size(text);
        if (size == 0) return false;
        text = text.subspan(size);
    }
    return true;
}

}  // namespace

void serialize_response(bytes& out, std::string_view client_address, std::uint8_t asset_scale,
                        std::string_view asset_code) {
    oer::append_variable(out, as_bytes(client_address));
    oer::append_u8(out, asset_scale);
    oer::append_variable(out, as_bytes(asset_code));
}

std::optional<response> parse_response(bytes_view data) {
    oer::reader reader{data};
    const auto address_octets = reader.read_variable();
    const auto scale = reader.read_u8();
    const auto code = reader.read_variable();
    if (!address_octets || !scale || !code || !is_utf8(*code)) return std::nullopt;
    auto client_address = address::parse(as_text(*address_octets));
    if (!client_address) return std::nullopt;
    return response{*std::move(client_address), *scale, std::string{as_text(*code)}};
}

}  // namespace ilp::ildcp
