#include "ilp/oer.hpp"

#include "tests/unit/ilp/vectors.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

namespace oer_test {

using ilp::bytes;
using ilp::bytes_view;
using ilp::oer::reader;

namespace {

constexpr std::uint64_t u64_max = std::numeric_limits<std::uint64_t>::max();

/// The values just below and just above each change in the number of octets.
constexpr std::array<std::uint64_t, 22> boundaries{0,
                                                   1,
                                                   126,
                                                   127,
                                                   128,
                                                   255,
                                                   256,
                                                   65535,
                                                   65536,
                                                   (1U << 24) - 1,
                                                   1U << 24,
                                                   0xffffffff,
                                                   0x100000000,
                                                   0xffffffffff,
                                                   0x10000000000,
                                                   0xffffffffffff,
                                                   1ULL << 48,
                                                   (1ULL << 56) - 1,
                                                   1ULL << 56,
                                                   (1ULL << 63) - 1,
                                                   1ULL << 63,
                                                   u64_max};

std::uint64_t value_of(const boost::json::value& vector) {
    return std::stoull(std::string{vectors::text(vector.at("value"))});
}

}  // namespace

TEST_CASE("A30-01: integers are big-endian and of fixed width") {
    bytes out;
    ilp::oer::append_u8(out, 0x01);
    out.resize(13);
    ilp::oer::store(out.data() + 1, std::uint32_t{0x02030405});
    ilp::oer::store(out.data() + 5, std::uint64_t{0x060708090a0b0c0d});
    CHECK(vectors::to_hex(out) == "0102030405060708090a0b0c0d");

    reader in{out};
    CHECK(in.read_u8() == 0x01);
    CHECK(ilp::oer::load<std::uint32_t>(in.rest().data()) == 0x02030405U);
    CHECK(ilp::oer::load<std::uint64_t>(in.rest().data() + 4) == 0x060708090a0b0c0dU);
}

TEST_CASE("a read that fails leaves the reader where it was") {
    const bytes octets = vectors::from_hex("05616263");
    reader in{octets};
    CHECK_FALSE(in.read_fixed(5));
    CHECK_FALSE(in.read_variable());
    CHECK(in.rest().size() == octets.size());
    CHECK(in.read_fixed(4));
    CHECK_FALSE(in.read_u8());
    CHECK_FALSE(in.read_length());
    CHECK(in.read_fixed(0));
}

TEST_CASE("A30-02 A30-04 A30-05 A27-02: length determinants of the vectors, only canonical ones are read") {
    const auto vectors = vectors::load("generated/oer.json");
    for (const auto& vector : vectors.at("length").as_array()) {
        const bytes octets = vectors::from_hex(vectors::text(vector.at("hex")));
        INFO(vectors::text(vector.at("hex")));
        reader in{octets};
        const auto length = in.read_length();
        REQUIRE(length.has_value() == vector.at("canonical").as_bool());
        CHECK(in.at_end() == (length || octets.empty()));
        if (length) CHECK(*length == value_of(vector));
    }
}

TEST_CASE("A30-02 A30-03 A29-15: integers of variable size of the vectors, only canonical ones are read") {
    const auto vectors = vectors::load("generated/oer.json");
    for (const auto& vector : vectors.at("varuint").as_array()) {
        const bytes octets = vectors::from_hex(vectors::text(vector.at("hex")));
        INFO(vectors::text(vector.at("hex")));
        const bool is_canonical = vector.at("canonical").as_bool();
        const bool is_too_large = vector.as_object().contains("exceeds_u64");
        reader in{octets};
        const auto value = in.read_var_uint();
        REQUIRE(value.has_value() == (is_canonical && !is_too_large));
        CHECK(in.at_end() == (value || octets.empty()));
        if (value) {
            CHECK(*value == value_of(vector));
            bytes written(ilp::oer::var_uint_size(*value));
            CHECK(ilp::oer::write_var_uint(written.data(), *value) == written.data() + written.size());
            CHECK(written == octets);
        }
        reader again{octets};
        const auto saturated = again.read_saturated_var_uint();
        REQUIRE(saturated.has_value() == is_canonical);
        if (saturated) CHECK(*saturated == (is_too_large ? u64_max : *value));
    }
}

TEST_CASE("A30-02 A30-03: a length is written in its only canonical form, and read back") {
    for (const std::uint64_t length : boundaries) {
        CAPTURE(length);
        std::array<ilp::octet, 9> octets{};
        const ilp::octet* const end = ilp::oer::write_length(octets.data(), length);
        const bytes_view written{octets.data(), end};
        CHECK(written.size() == ilp::oer::length_size(length));
        CHECK((written.size() == 1) == (length <= 127));
        reader in{written};
        CHECK(in.read_length() == length);
        CHECK(in.at_end());
    }
}

TEST_CASE("A30-02 A30-03: strings of octets at the boundaries of their length come back") {
    for (const std::size_t size : {0U, 1U, 126U, 127U, 128U, 255U, 256U, 65535U, 65536U}) {
        CAPTURE(size);
        const bytes octets(size, 0x5a);
        bytes out;
        ilp::oer::append_variable(out, octets);
        CHECK(out.size() == ilp::oer::length_size(size) + size);
        bytes written(out.size());
        CHECK(ilp::oer::write_variable(written.data(), octets) == written.data() + written.size());
        CHECK(written == out);

        reader in{out};
        const auto read = in.read_variable();
        REQUIRE(read);
        CHECK(std::ranges::equal(*read, octets));
        CHECK(in.at_end());

        out.pop_back();
        if (size > 0) CHECK_FALSE(reader{out}.read_variable());
    }
}

TEST_CASE("A27-92: lengths that promise the impossible are refused without overflow") {
    for (const auto* hex : {"80", "8061", "88ffffffffffffffff61", "88800000000000000061", "887fffffffffffffff61",
                            "8901000000000000000061", "ff61"}) {
        INFO(hex);
        const bytes octets = vectors::from_hex(hex);
        reader in{octets};
        CHECK_FALSE(in.read_variable());
        CHECK(in.rest().size() == octets.size());
    }
}

}  // namespace oer_test
