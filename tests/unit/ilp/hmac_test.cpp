#include "ilp/hmac.hpp"

#include "tests/unit/ilp/vectors.hpp"

#include <catch2/catch.hpp>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace hmac_test {

std::string hmac(ilp::bytes_view key, std::string_view text) {
    return vectors::to_hex(ilp::hmac_sha256(key, ilp::as_bytes(text)));
}

TEST_CASE("HMAC-SHA256: the test cases of RFC 4231, with keys shorter and longer than a block") {
    CHECK(hmac(ilp::bytes(20, 0x0b), "Hi There") == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    CHECK(hmac(ilp::as_bytes("Jefe"), "what do ya want for nothing?") ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(hmac(ilp::bytes(131, 0xaa), "Test Using Larger Than Block-Size Key - Hash Key First") ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("HMAC-SHA256: one key for several texts") {
    const ilp::hmac_key key{ilp::as_bytes("Jefe")};
    for (int i = 0; i < 2; ++i) {
        CHECK(vectors::to_hex(key.of(ilp::as_bytes("what do ya want for nothing?"))) ==
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        for (const std::size_t size : {0U, 1U, 55U, 56U, 64U, 65U, 1000U}) {
            const ilp::bytes text(size, 'x');
            ilp::digest expected;
            REQUIRE(HMAC(EVP_sha256(), "Jefe", 4, text.data(), text.size(), expected.data(), nullptr) != nullptr);
            CHECK(key.of(text) == expected);
        }
    }
    CHECK(key == ilp::hmac_key{ilp::as_bytes("Jefe")});
    CHECK(key != ilp::hmac_key{ilp::as_bytes("jefe")});
}

TEST_CASE("HMAC-SHA256: of nothing, with no key") {
    CHECK(hmac({}, {}) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

}  // namespace hmac_test
