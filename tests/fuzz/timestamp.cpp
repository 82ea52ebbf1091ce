#include "ilp/timestamp.hpp"

#include "tests/fuzz/property.hpp"

#include <algorithm>
#include <array>
#include <cstring>

using fuzz::require;
using digits = std::array<ilp::octet, ilp::timestamp_size>;

namespace {

digits write(ilp::timestamp instant) {
    digits out;
    ilp::write_timestamp(instant, out);
    return out;
}

}  // namespace

/// Digits that are a valid time are written back unchanged. Every instant of the years 1 to 9999, here derived from the
/// input's first bytes, is read back unchanged.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    if (size < ilp::timestamp_size) return 0;
    const std::span<const ilp::octet, ilp::timestamp_size> input{octets, ilp::timestamp_size};
    if (const auto instant = ilp::parse_timestamp(input)) {
        require(std::ranges::equal(write(*instant), input), "read, write: the same digits");
    }

    using namespace std::chrono;
    constexpr ilp::timestamp begin = sys_days{year{1} / January / 1};
    constexpr ilp::timestamp end = sys_days{year{10000} / January / 1};
    std::uint64_t number;
    std::memcpy(&number, octets, sizeof number);
    const auto offset = number % static_cast<std::uint64_t>((end - begin).count());
    const ilp::timestamp instant = begin + milliseconds{offset};
    require(ilp::parse_timestamp(write(instant)) == instant, "write, read: the same instant");
    return 0;
}
