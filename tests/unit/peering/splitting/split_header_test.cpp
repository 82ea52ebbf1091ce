#include "peering/splitting/split_header.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <limits>
#include <random>
#include <string>

namespace split_header_test {

using namespace peering;

namespace {

template <typename Value>
std::string text_of(const Value& value) {
    std::string text;
    append(text, value);
    return text;
}

constexpr std::string_view valid_label = "id=:AAECAwQFBgcICQoLDA0ODw==:, part=0, parts=4, total=\"40000\"";

part_label example() {
    part_label label{.part = 0, .parts = 4, .total = {40'000}};
    for (std::size_t i = 0; i < label.id.size(); ++i) label.id[i] = static_cast<ilp::octet>(i);
    return label;
}

std::string replaced(std::string_view from, std::string_view to) {
    std::string text{valid_label};
    text.replace(text.find(from), from.size(), to);
    return text;
}

}  // namespace

TEST_CASE("ILP-Split says which part of which set a Prepare is") {
    CHECK(text_of(example()) == valid_label);
    CHECK(parse_part_label(valid_label) == example());
}

TEST_CASE("any label and any terms are read as they were written, within the sizes that are promised") {
    std::mt19937_64 random{7};
    for (int i = 0; i < 10'000; ++i) {
        part_label label;
        for (auto& octet : label.id) octet = static_cast<ilp::octet>(random());
        label.parts = 2 + static_cast<std::uint32_t>(random() % (split_parts_limit - 1));
        label.part = static_cast<std::uint32_t>(random() % label.parts);
        label.total = {random() >> random() % 64};
        CHECK(parse_part_label(text_of(label)) == label);
        const split_terms terms{{random() >> random() % 64}, label.parts};
        CHECK(parse_split_terms(text_of(terms)) == terms);
    }
    part_label longest = example();
    longest.parts = split_parts_limit;
    longest.part = split_parts_limit - 1;
    longest.total = ilp::amount::max();
    CHECK(text_of(longest).size() <= part_label_size_max);
    CHECK(text_of(split_terms{ilp::amount::max(), split_parts_limit}).size() <= split_terms_size_max);
}

TEST_CASE("a label that says anything else is no label") {
    CHECK(!parse_part_label(""));
    for (std::size_t size = 0; size < valid_label.size(); ++size) CHECK(!parse_part_label(valid_label.substr(0, size)));
    CHECK(!parse_part_label(std::string{valid_label} + " "));
    CHECK(!parse_part_label(std::string{valid_label} + ", part=1"));
    CHECK(!parse_part_label(replaced("part=0", "part=4")));
    CHECK(!parse_part_label(replaced("part=0", "part=00")));
    CHECK(!parse_part_label(replaced("part=0", "part=-1")));
    CHECK(!parse_part_label(replaced("part=0", "part=4294967296")));
    CHECK(!parse_part_label(replaced("parts=4", "parts=1")));
    CHECK(!parse_part_label(replaced("parts=4", "parts=0")));
    CHECK(!parse_part_label(replaced("parts=4", "parts=1025")));
    CHECK(parse_part_label(replaced("parts=4", "parts=1024")));
    CHECK(!parse_part_label(replaced("40000", "18446744073709551616")));
    CHECK(!parse_part_label(replaced("40000", "040000")));
    CHECK(!parse_part_label(replaced("40000", "")));
    CHECK(!parse_part_label(replaced("\"40000\"", "40000")));
    CHECK(!parse_part_label(replaced("AAEC", "AA C")));
    CHECK(!parse_part_label(replaced("AAEC", "AA-C")));
    CHECK(!parse_part_label(replaced("Dw==", "Dx==")));  // bits beyond the id
    CHECK(!parse_part_label(replaced("Dw==", "Dw=")));
    CHECK(!parse_part_label(replaced("AAEC", "")));
}

TEST_CASE("ILP-Split-Accept says what a peer takes together") {
    const split_terms terms{{1'000'000}, 16};
    CHECK(text_of(terms) == "max-total=\"1000000\", max-parts=16");
    CHECK(parse_split_terms("max-total=\"1000000\", max-parts=16") == terms);
    CHECK(!parse_split_terms("max-total=1000000, max-parts=16"));
    CHECK(!parse_split_terms("max-total=\"1000000\", max-parts=1"));
    CHECK(!parse_split_terms("max-total=\"1000000\", max-parts=1025"));
    CHECK(!parse_split_terms("max-total=\"1000000\""));
    CHECK(!parse_split_terms("max-parts=16, max-total=\"1000000\""));
    CHECK(!parse_split_terms(""));
}

}  // namespace split_header_test
