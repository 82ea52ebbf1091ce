#include "peering/splitting/split_header.hpp"

#include "ilp/bytes.hpp"
#include "tests/fuzz/property.hpp"

#include <string>

using fuzz::require;
using namespace peering;

namespace {

template <typename Value>
void check(const Value& value, std::string_view text, std::size_t size_max) {
    std::string again;
    append(again, value);
    require(again == text, "each value has one text");
    require(again.size() <= size_max, "a text has at most the promised size");
}

}  // namespace

/// The input is the value of a header field.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const auto text = ilp::as_text({octets, size});
    if (const auto label = parse_part_label(text)) {
        check(*label, text, part_label_size_max);
        require(label->part < label->parts && label->parts >= 2 && label->parts <= split_parts_limit,
                "a part is one of a bounded number");
    }
    if (const auto terms = parse_split_terms(text)) {
        check(*terms, text, split_terms_size_max);
        require(terms->max_parts >= 2 && terms->max_parts <= split_parts_limit, "a set has a bounded number of parts");
    }
    return 0;
}
