#include "ilp/packet.hpp"
#include "tests/fuzz/property.hpp"

#include <algorithm>

using fuzz::require;

namespace {

ilp::bytes encode(const ilp::fulfill_view& fulfill) {
    ilp::bytes out;
    ilp::serialize_fulfill(out, fulfill.fulfillment(), fulfill.data());
    return out;
}

}  // namespace

/// A Fulfill that is refused is left unchanged. One that is accepted equals, without trailing data, the encoding of its
/// fields.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const ilp::bytes_view input{octets, size};
    ilp::bytes buffer{input.begin(), input.end()};
    const auto fulfill = ilp::fulfill_view::parse(buffer);
    if (!fulfill) {
        require(std::ranges::equal(buffer, input), "a refused packet is not written to");
        return 0;
    }
    const ilp::bytes once = encode(*fulfill);
    require(std::ranges::equal(fulfill->bytes(), once), "decode, encode: the same octets");
    require(once.size() <= ilp::fulfill_size_max, "no Fulfill is larger than the largest");

    ilp::bytes again = once;
    const auto second = ilp::fulfill_view::parse(again);
    require(second && encode(*second) == once, "encode, decode, encode: the same octets");
    return 0;
}
