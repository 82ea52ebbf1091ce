#include "peering/json/signature.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>

namespace signature_test {

using namespace peering;

TEST_CASE("signature: HMAC-SHA256 gives the test cases of RFC 4231") {
    CHECK(hmac_sha256_hex(std::string(20, '\x0b'), "Hi There") ==
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    CHECK(hmac_sha256_hex("Jefe", "what do ya want for nothing?") ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(hmac_sha256_hex(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First") ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("signature: an empty secret is allowed") {
    CHECK(hmac_sha256_hex("", "x") == "4cbc96099a6467ce002461f10549b4898265ebe6188b45efacc44293516e62c4");
}

// printf '1718000000123.{"a":1}' | openssl dgst -sha256 -hmac s3cret
TEST_CASE("signature: the header equals the one that openssl computes") {
    const ilp::timestamp time{std::chrono::milliseconds{1'718'000'000'123}};
    CHECK(signature_header("s3cret", time, R"({"a":1})") ==
          "t=1718000000123, v1=baad45e06805030735b4b403afe00ca72b1313a61d195284f0d397dae8cb8475");
}

}  // namespace signature_test
