#include "config/text.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace text_test {

using namespace std::string_literals;

TEST_CASE("UTF-8 is decoded in its shortest form only") {
    CHECK(config::decode_utf8("a")->value == 'a');
    CHECK(config::decode_utf8("\xc3\xa9x")->value == 0xe9);
    CHECK(config::decode_utf8("\xe2\x82\xac")->value == 0x20ac);
    CHECK(config::decode_utf8("\xf0\x9f\x92\xb0")->size == 4);
    for (const auto* text : {"", "\x80", "\xc3", "\xc3x", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                             "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff"})
        CHECK_FALSE(config::decode_utf8(text));
}

TEST_CASE("Quoted values are printable ASCII, and short") {
    CHECK(config::in_quotes("USD") == "\"USD\"");
    CHECK(config::in_quotes("a\"b\\c\x1b[2J\n\xc3\xa9\0"s) == "\"a\\\"b\\\\c\\x1b[2J\\x0a\\xc3\\xa9\\x00\"");
    CHECK(config::in_quotes(std::string(64, 'x')) == '"' + std::string(64, 'x') + '"');
    CHECK(config::in_quotes(std::string(65, 'x')) == '"' + std::string(64, 'x') + "...\"");
}

TEST_CASE("The nearest name is close enough to be a typing error") {
    CHECK(config::nearest("routs", {"name", "routes", "asset"}) == "routes");
    CHECK(config::nearest("max_packet_amout", {"max_packet_amount", "max_waiting"}) == "max_packet_amount");
    CHECK(config::nearest("tokens", {"auth_tokens"}).empty());
    CHECK(config::nearest("", {"name"}).empty());
    CHECK(config::nearest(std::string(100'000, 'a'), {"name"}).empty());
}

TEST_CASE("Names of environment variables") {
    CHECK(config::is_variable_name("ILPD_TOKEN_2"));
    for (const auto* text : {"", "2A", "A-B", "A B", "\xc3\xa9"}) CHECK_FALSE(config::is_variable_name(text));
}

}  // namespace text_test
