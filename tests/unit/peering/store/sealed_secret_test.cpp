#include "peering/store/sealed_secret.hpp"

#include "ilp/base64url.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace sealed_secret_test {

using namespace peering;

namespace {

constexpr std::string_view one = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
constexpr std::string_view two = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

sealing_keys keys_of(std::string_view text) {
    return parse_sealing_keys(text).value();
}

std::string resealed(const std::string& octets) {
    std::string value = "sealed ";
    ilp::append_base64url(value, octets);
    return value;
}

}  // namespace

TEST_CASE("sealed secret: keys are lines of 64 hexadecimal digits") {
    CHECK(keys_of(one).size() == 1);
    CHECK(keys_of("\n" + std::string{one} + "\r\n\t" + std::string{two} + "\n").size() == 2);
    CHECK(keys_of(std::string{one} + "," + std::string{two}).size() == 2);
    CHECK(keys_of("000102030405060708090A0B0C0D0E0F101112131415161718191a1b1c1d1e1F")[0].octets ==
          keys_of(one)[0].octets);
    CHECK(keys_of(one)[0].id != keys_of(two)[0].id);
    for (const std::string& bad :
         {std::string{}, std::string{" \n"}, std::string{one.substr(1)}, std::string{one} + "0",
          std::string{one.substr(1)} + "g", std::string{one} + "\nsecret", std::string{one} + std::string{two}})
        CHECK_FALSE(parse_sealing_keys(bad));
}

TEST_CASE("sealed secret: what was sealed is opened with the same key for the same purpose only") {
    const sealing_keys keys = keys_of(one);
    for (const std::string& text :
         {std::string{}, std::string{"a token"}, std::string(5000, 'x'), std::string("\0\xff", 2)}) {
        const std::string value = seal(keys[0], text, "peer 7: outgoing token");
        CHECK(is_sealed(value));
        CHECK(is_sealed_with(keys[0], value));
        CHECK_FALSE(is_sealed_with(keys_of(two)[0], value));
        CHECK(open_sealed(keys, value, "peer 7: outgoing token") == text);
        CHECK(open_sealed(keys_of(std::string{two} + "\n" + std::string{one}), value, "peer 7: outgoing token") ==
              text);
        CHECK_FALSE(open_sealed(keys, value, "peer 8: outgoing token"));
        CHECK_FALSE(open_sealed(keys, value, ""));
        if (!text.empty()) CHECK_FALSE(value.contains(text));
    }
    CHECK(seal(keys[0], "x", "y") != seal(keys[0], "x", "y"));
}

TEST_CASE("sealed secret: a value that is not sealed is returned as it is") {
    CHECK(open_sealed({}, "token", "p") == "token");
    CHECK(open_sealed(keys_of(one), "", "p") == "");
    CHECK(open_sealed(keys_of(one), R"({"answer":1})", "p") == R"({"answer":1})");
    CHECK_FALSE(is_sealed_with(keys_of(one)[0], "token"));
}

TEST_CASE("sealed secret: the error names the key that is missing, and nothing secret") {
    const std::string value = seal(keys_of(one)[0], "a token", "p");
    const auto without = open_sealed({}, value, "p");
    REQUIRE_FALSE(without);
    CHECK(without.error().contains("store.key does not have (it is not set)"));
    const auto other = open_sealed(keys_of(two), value, "p");
    REQUIRE_FALSE(other);
    CHECK(other.error().contains("is sealed with the key "));
    CHECK_FALSE(other.error().contains("a token"));
    CHECK_FALSE(other.error().contains(one));
    CHECK_FALSE(other.error().contains(two));
}

TEST_CASE("sealed secret: any change of a value is noticed") {
    const sealing_keys keys = keys_of(one);
    const std::string octets = ilp::decode_base64url(seal(keys[0], "a token", "p").substr(7)).value();
    REQUIRE(open_sealed(keys, resealed(octets), "p") == "a token");
    for (std::size_t i = 0; i < octets.size(); ++i) {
        std::string changed = octets;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        INFO(i);
        CHECK_FALSE(open_sealed(keys, resealed(changed), "p"));
        CHECK_FALSE(open_sealed(keys, resealed(octets.substr(0, i)), "p"));
    }
    for (const std::string bad : {"sealed ", "sealed !", "sealed AQ==", "sealed  "})
        CHECK_FALSE(open_sealed(keys, bad, "p"));
    CHECK_FALSE(open_sealed(keys, resealed(octets + "x"), "p"));
}

}  // namespace sealed_secret_test
