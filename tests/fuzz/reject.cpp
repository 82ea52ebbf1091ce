#include "ilp/packet.hpp"
#include "tests/fuzz/property.hpp"

#include <algorithm>

using fuzz::require;

namespace {

ilp::bytes encode(const ilp::reject_view& reject) {
    ilp::bytes out;
    ilp::serialize_reject(out, {reject.code(), reject.triggered_by(), reject.message(), reject.data()});
    return out;
}

}  // namespace

/// A Reject that is refused is left unchanged. One that is accepted equals, without trailing data, the encoding of its
/// fields.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const ilp::bytes_view input{octets, size};
    ilp::bytes buffer{input.begin(), input.end()};
    const auto reject = ilp::reject_view::parse(buffer);
    if (!reject) {
        require(std::ranges::equal(buffer, input), "a refused packet is not written to");
        return 0;
    }
    const ilp::bytes once = encode(*reject);
    require(std::ranges::equal(reject->bytes(), once), "decode, encode: the same octets");
    require(once.size() <= ilp::reject_size_max, "no Reject is larger than the largest");

    ilp::bytes again = once;
    const auto second = ilp::reject_view::parse(again);
    require(second && encode(*second) == once, "encode, decode, encode: the same octets");
    return 0;
}
