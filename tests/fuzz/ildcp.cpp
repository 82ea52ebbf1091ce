#include "ilp/ildcp.hpp"

#include "tests/fuzz/property.hpp"

#include <algorithm>

using fuzz::require;

/// The data of an accepted response begins with the encoding of its fields. Only trailing data is dropped.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const ilp::bytes_view input{octets, size};
    const auto response = ilp::ildcp::parse_response(input);
    if (!response) return 0;
    ilp::bytes out;
    ilp::ildcp::serialize_response(out, response->client_address, response->asset_scale, response->asset_code);
    require(out.size() <= size && std::ranges::equal(out, input.first(out.size())), "decode, encode: the same octets");
    require(ilp::ildcp::parse_response(out).has_value(), "what was encoded is decoded");
    return 0;
}
