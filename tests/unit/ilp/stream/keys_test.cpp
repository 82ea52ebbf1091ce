#include "ilp/stream/keys.hpp"

#include "tests/unit/ilp/vectors.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

namespace stream_keys_test {

namespace stream = ilp::stream;

TEST_CASE("A29-02: keys, fulfillment and condition of the vectors") {
    const auto vectors = vectors::load("generated/stream_crypto.json");
    for (const auto& vector : vectors.at("cases").as_array()) {
        const auto keys = stream::derive_keys(vectors::from_hex(vectors::text(vector.at("shared_secret_hex"))));
        CHECK(vectors::to_hex(keys.encryption) == vectors::text(vector.at("encryption_key_hex")));
        CHECK(keys.fulfillment == ilp::hmac_key{vectors::from_hex(vectors::text(vector.at("fulfillment_key_hex")))});
        const auto data = vectors::from_hex(vectors::text(vector.at("envelope_hex")));
        const auto fulfillment = stream::fulfillment_of(keys.fulfillment, data);
        CHECK(vectors::to_hex(fulfillment) == vectors::text(vector.at("fulfillment_hex")));
        CHECK(vectors::to_hex(ilp::sha256(fulfillment)) == vectors::text(vector.at("condition_hex")));
    }
}

TEST_CASE("A29-10: every octet of the data counts for the fulfillment") {
    const auto keys = stream::derive_keys(ilp::bytes(32, 7));
    ilp::bytes data(100, 1);
    const auto before = stream::fulfillment_of(keys.fulfillment, data);
    data.back() = 2;
    CHECK(stream::fulfillment_of(keys.fulfillment, data) != before);
    data.back() = 1;
    CHECK(stream::fulfillment_of(keys.fulfillment, data) == before);
    data.push_back(0);
    CHECK(stream::fulfillment_of(keys.fulfillment, data) != before);
}

}  // namespace stream_keys_test
