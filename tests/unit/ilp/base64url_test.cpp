#include "ilp/base64url.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <string>

namespace base64url_test {

TEST_CASE("base64url: without padding, one encoding for each text") {
    const auto encode = [](std::string_view text) {
        std::string encoded;
        ilp::append_base64url(encoded, text);
        return encoded;
    };
    for (const std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar", "\xff\xfe\xfd\xfc"}) {
        INFO(text);
        CHECK(ilp::decode_base64url(encode(text)) == text);
    }
    CHECK(encode("foob") == "Zm9vYg");
    CHECK(encode("\xfb\xff") == "-_8");
    for (const std::string_view bad : {"Z", "Zm9vYg==", "Zm9v Yg", "+/8", "Zm9vYh", "Zh", "Zm9vY", "Zm9\n", "\xc3\xa4"})
        CHECK_FALSE(ilp::decode_base64url(bad));
}

TEST_CASE("base64url: octets are written to and read from memory of the caller, of exactly that size") {
    const ilp::bytes octets{0xff, 0, 1, 0x80, 0x7f};
    for (std::size_t size = 0; size <= octets.size(); ++size) {
        CAPTURE(size);
        const ilp::bytes_view some{octets.data(), size};
        std::array<char, 8> text{};
        const std::size_t written = static_cast<std::size_t>(ilp::write_base64url(text.data(), some) - text.data());
        CHECK(written == ilp::base64url_size(size));
        ilp::bytes again(size);
        CHECK(ilp::read_base64url({text.data(), written}, again));
        CHECK(std::equal(again.begin(), again.end(), some.begin(), some.end()));
        ilp::bytes longer(size + 1);
        CHECK_FALSE(ilp::read_base64url({text.data(), written}, longer));
    }
}

}  // namespace base64url_test
