#include "ilp/condition.hpp"

#include "tests/unit/ilp/vectors.hpp"

#include <catch2/catch.hpp>

namespace condition_test {

TEST_CASE("SHA-256 of known texts") {
    CHECK(vectors::to_hex(ilp::sha256({})) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(vectors::to_hex(ilp::sha256(ilp::as_bytes("abc"))) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("A27-13: a condition is fulfilled only by its preimage") {
    CHECK(ilp::fulfills(ilp::peer_protocol_fulfillment, ilp::peer_protocol_condition));
    for (std::size_t i = 0; i < ilp::hash_size; ++i) {
        ilp::fulfillment other = ilp::peer_protocol_fulfillment;
        other[i] = 1;
        CHECK_FALSE(ilp::fulfills(other, ilp::peer_protocol_condition));
        ilp::condition condition = ilp::peer_protocol_condition;
        condition[i] ^= 0x80;
        CHECK_FALSE(ilp::fulfills(ilp::peer_protocol_fulfillment, condition));
    }
}

TEST_CASE("the comparison in constant time looks at every octet") {
    const ilp::digest one = ilp::peer_protocol_condition;
    CHECK(ilp::equal_in_constant_time(one, one));
    for (std::size_t i = 0; i < ilp::hash_size; ++i) {
        ilp::digest other = one;
        other[i] ^= 1;
        CHECK_FALSE(ilp::equal_in_constant_time(one, other));
    }
}

}  // namespace condition_test
