#include "ilp/oer.hpp"

#include "tests/fuzz/property.hpp"

#include <algorithm>
#include <array>
#include <optional>

using fuzz::require;

namespace {

template <class Value, class Append>
bool copy_value(const std::optional<Value>& value, Append append) {
    if (value) append(*value);
    return value.has_value();
}

void append_length(ilp::bytes& out, std::uint64_t length) {
    std::array<ilp::octet, 9> octets;
    const ilp::octet* const end = ilp::oer::write_length(octets.data(), length);
    out.insert(out.end(), octets.cbegin(), octets.cbegin() + (end - octets.data()));
}

/// Reads one item of the kind that `choice` selects and appends it to `out`. False if it cannot be read.
bool copy_one(std::uint8_t choice, ilp::oer::reader& in, ilp::bytes& out) {
    switch (choice % 4) {
        case 0:
            return copy_value(in.read_u8(), [&](auto value) { ilp::oer::append_u8(out, value); });
        case 1:
            return copy_value(in.read_variable(), [&](auto octets) { ilp::oer::append_variable(out, octets); });
        case 2:
            return copy_value(in.read_fixed(choice),
                              [&](auto octets) { out.insert(out.end(), octets.begin(), octets.end()); });
        default:
            return copy_value(in.read_length(), [&](auto length) { append_length(out, length); });
    }
}

}  // namespace

/// There is only one encoding, so everything that can be read is written back as the octets that it was read from. A
/// failed read consumes nothing. The input is a sequence of items, each preceded by an octet that selects its kind.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    ilp::oer::reader in{{octets, size}};
    ilp::bytes out;
    while (const auto choice = in.read_u8()) {
        const ilp::bytes_view before = in.rest();
        out.clear();
        if (!copy_one(*choice, in, out)) {
            require(in.rest().data() == before.data() && in.rest().size() == before.size(),
                    "a read that fails leaves the reader where it was");
            return 0;
        }
        const ilp::bytes_view taken = before.first(before.size() - in.rest().size());
        require(std::ranges::equal(taken, out), "read, write: the same octets");
    }
    return 0;
}
