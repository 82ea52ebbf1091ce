#include "ilp/echo.hpp"

#include "ilp/address.hpp"
#include "tests/fuzz/property.hpp"

#include <algorithm>

using fuzz::require;
namespace echo = ilp::echo;

namespace {

bool starts_with(ilp::bytes_view input, const ilp::bytes& begin) {
    return begin.size() <= input.size() && std::ranges::equal(begin, input.first(begin.size()));
}

}  // namespace

/// Data accepted as an echo begins with the encoding of its kind and source. Only trailing data is dropped.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const ilp::bytes_view input{octets, size};
    const echo::payload payload = echo::parse(input);
    require((payload.what == echo::kind::none) == !ilp::as_text(input).starts_with("ECHOECHOECHOECHO"),
            "the prefix alone decides whether it is an echo");
    require(payload.source.empty() || payload.what == echo::kind::request, "only a request has a source");
    ilp::bytes out;
    if (payload.what == echo::kind::request) {
        require(ilp::is_address(payload.source), "the source is an address");
        ilp::echo::serialize_request(out, payload.source);
    }
    if (payload.what == echo::kind::response) echo::serialize_response(out);
    require(starts_with(input, out), "decode, encode: the same octets");
    return 0;
}
