#include "ilp/packet.hpp"
#include "tests/fuzz/property.hpp"

#include <algorithm>

using fuzz::require;

namespace {

constexpr ilp::timestamp expiry = std::chrono::sys_days{std::chrono::year{2099} / 12 / 31};

ilp::bytes encode(const ilp::prepare_view& prepare) {
    ilp::condition condition;
    std::ranges::copy(prepare.condition(), condition.begin());
    ilp::bytes out;
    ilp::serialize_prepare(out,
                           {prepare.amount(), prepare.expires_at(), condition, prepare.destination(), prepare.data()});
    return out;
}

}  // namespace

/// A Prepare that is refused is left unchanged. One that is accepted equals, without trailing data, the encoding of its
/// fields. After the setters have run, the packet equals the encoding of the changed fields.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const ilp::bytes_view input{octets, size};
    ilp::bytes buffer{input.begin(), input.end()};
    auto prepare = ilp::prepare_view::parse(buffer);
    if (!prepare) {
        require(std::ranges::equal(buffer, input), "a refused packet is not written to");
        return 0;
    }
    const ilp::bytes once = encode(*prepare);
    require(std::ranges::equal(prepare->bytes(), once), "decode, encode: the same octets");
    require(once.size() <= ilp::prepare_size_max, "no Prepare is larger than the largest");

    ilp::bytes again = once;
    const auto second = ilp::prepare_view::parse(again);
    require(second && encode(*second) == once, "encode, decode, encode: the same octets");

    const ilp::amount amount{~prepare->amount().value};
    prepare->set_amount(amount);
    prepare->set_expires_at(expiry);
    require(prepare->amount() == amount && prepare->expires_at() == expiry, "the view shows what was set");
    require(std::ranges::equal(prepare->bytes(), encode(*prepare)), "set, encode: the same octets");
    return 0;
}
