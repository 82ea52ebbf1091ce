#include "ilp/hex.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <string>

namespace hex_test {

TEST_CASE("octets are written as lower-case hexadecimal digits") {
    CHECK(ilp::to_hex({}).empty());
    CHECK(ilp::to_hex(std::array<ilp::octet, 4>{0x00, 0x09, 0xab, 0xff}) == "0009abff");
}

TEST_CASE("a digest is read from 64 lower-case digits and nothing else") {
    ilp::digest digest{};
    digest.front() = 0x0a;
    digest.back() = 0xf1;
    const std::string digits = ilp::to_hex(digest);
    CHECK(digits.size() == 64);
    CHECK(ilp::parse_hex_digest(digits) == digest);
    CHECK_FALSE(ilp::parse_hex_digest(digits.substr(1)));
    CHECK_FALSE(ilp::parse_hex_digest(digits + "0"));
    for (const char wrong : {'A', 'g', ' ', '\0'}) {
        std::string damaged = digits;
        damaged.back() = wrong;
        CHECK_FALSE(ilp::parse_hex_digest(damaged));
    }
}

}  // namespace hex_test
