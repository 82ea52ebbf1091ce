#include "ilp/ildcp.hpp"

#include "ilp/address.hpp"
#include "tests/fuzz/property.hpp"

#include <algorithm>

using fuzz::require;
namespace ildcp = ilp::ildcp;

/// A response that is accepted begins with the encoding of what was read. Only trailing data is dropped.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const ilp::bytes_view input{octets, size};
    const auto read = ildcp::parse_response(input);
    if (!read) return 0;
    require(ilp::is_address(read->client_address), "the address is valid");
    ilp::bytes out;
    ildcp::serialize_response(out, read->client_address, read->asset_scale, read->asset_code);
    require(out.size() <= size && std::ranges::equal(out, input.first(out.size())), "decode, encode: the same octets");
    return 0;
}
