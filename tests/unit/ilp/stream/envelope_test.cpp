#include "ilp/stream/envelope.hpp"

#include "tests/unit/ilp/vectors.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <vector>

namespace stream_envelope_test {

using ilp::bytes;
using ilp::stream::envelope_cipher;
using ilp::stream::envelope_overhead;

ilp::digest as_key(const bytes& octets) {
    REQUIRE(octets.size() == ilp::hash_size);
    ilp::digest key;
    std::ranges::copy(octets, key.begin());
    return key;
}

bytes seal(envelope_cipher& cipher, const ilp::digest& key, const bytes& plaintext) {
    bytes envelope(plaintext.size() + envelope_overhead);
    CHECK(cipher.seal(key, plaintext, envelope).size() == envelope.size());
    return envelope;
}

std::optional<bytes> open(envelope_cipher& cipher, const ilp::digest& key, ilp::bytes_view envelope) {
    bytes plaintext(envelope.size());
    const auto opened = cipher.open(key, envelope, plaintext);
    if (!opened) return std::nullopt;
    return bytes{opened->begin(), opened->end()};
}

TEST_CASE("A29-02: envelopes of the vectors, both ways") {
    envelope_cipher cipher;
    const auto vectors = vectors::load("generated/stream_crypto.json");
    for (const auto& vector : vectors.at("cases").as_array()) {
        const ilp::digest key = as_key(vectors::from_hex(vectors::text(vector.at("encryption_key_hex"))));
        const bytes iv = vectors::from_hex(vectors::text(vector.at("iv_hex")));
        const bytes plaintext = vectors::from_hex(vectors::text(vector.at("plaintext_hex")));
        const bytes envelope = vectors::from_hex(vectors::text(vector.at("envelope_hex")));
        REQUIRE(iv.size() == ilp::stream::iv_size);
        bytes sealed(plaintext.size() + envelope_overhead);
        cipher.seal_with(key, std::span<const ilp::octet, ilp::stream::iv_size>{iv}, plaintext, sealed);
        CHECK(sealed == envelope);
        CHECK(open(cipher, key, envelope) == plaintext);
    }
}

TEST_CASE("A29-03: an envelope opens only with its key, whole and unchanged") {
    envelope_cipher cipher;
    const ilp::digest key = ilp::sha256(ilp::as_bytes("a key"));
    const bytes plaintext(40, 0x5a);
    bytes envelope = seal(cipher, key, plaintext);
    CHECK(open(cipher, key, envelope) == plaintext);
    CHECK_FALSE(open(cipher, ilp::sha256(ilp::as_bytes("another")), envelope));
    for (std::size_t i = 0; i < envelope.size(); ++i) {
        envelope[i] ^= 1;
        CHECK_FALSE(open(cipher, key, envelope));
        envelope[i] ^= 1;
    }
    const ilp::bytes_view whole{envelope};
    for (std::size_t size = 0; size < envelope.size(); ++size) CHECK_FALSE(open(cipher, key, whole.first(size)));
    bytes tag_last = envelope;
    std::rotate(tag_last.begin() + ilp::stream::iv_size, tag_last.begin() + envelope_overhead, tag_last.end());
    CHECK_FALSE(open(cipher, key, tag_last));
    CHECK_FALSE(open(cipher, key, bytes(200, 0x11)));
    CHECK(open(cipher, key, envelope) == plaintext);
}

TEST_CASE("A29-03: keys may change with each envelope, in both directions") {
    envelope_cipher cipher;
    const bytes plaintext(40, 0x5a);
    const std::array<ilp::digest, 2> keys{ilp::sha256(ilp::as_bytes("one")), ilp::sha256(ilp::as_bytes("two"))};
    std::vector<bytes> envelopes;
    for (const std::size_t key : {0U, 1U, 1U, 0U}) envelopes.push_back(seal(cipher, keys.at(key), plaintext));
    envelope_cipher fresh;
    for (const std::size_t i : {0U, 3U, 1U, 2U}) {
        const std::size_t key = i == 0 || i == 3 ? 0 : 1;
        CHECK(open(cipher, keys.at(key), envelopes[i]) == plaintext);
        CHECK(open(fresh, keys.at(key), envelopes[i]) == plaintext);
        CHECK_FALSE(open(cipher, keys.at(1 - key), envelopes[i]));
        CHECK(open(fresh, keys.at(1 - key), seal(cipher, keys.at(1 - key), plaintext)) == plaintext);
    }
}

TEST_CASE("A29-02: the smallest and the largest plaintext come back") {
    envelope_cipher cipher;
    const ilp::digest key = ilp::sha256(ilp::as_bytes("a key"));
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, ilp::stream::plaintext_size_max}) {
        const bytes plaintext(size, 0xa5);
        CHECK(open(cipher, key, seal(cipher, key, plaintext)) == plaintext);
    }
}

TEST_CASE("A29-11: no initialization vector is used twice") {
    envelope_cipher first;
    envelope_cipher second;
    const ilp::digest key = ilp::sha256(ilp::as_bytes("a key"));
    std::set<bytes> seen;
    constexpr std::size_t count = 5000;
    for (std::size_t i = 0; i < count; ++i) {
        bytes iv = seal(i % 2 == 0 ? first : second, key, {});
        iv.resize(ilp::stream::iv_size);
        seen.insert(std::move(iv));
    }
    CHECK(seen.size() == count);
}

}  // namespace stream_envelope_test
