#include "ilp/error_code.hpp"

#include <catch2/catch.hpp>

#include <set>

namespace error_code_test {

TEST_CASE("A27-50 A27-67: every code of RFC 27 has its text and its name") {
    std::set<std::string_view> texts;
    for (int i = 0; i < ilp::error_code_count; ++i) {
        const auto code = static_cast<ilp::error_code>(i);
        const std::string_view text = ilp::code_text(code);
        INFO(text);
        CHECK(text.size() == 3);
        CHECK(ilp::parse_error_code(text) == code);
        CHECK_FALSE(ilp::name(code).empty());
        texts.insert(text);
    }
    CHECK(texts.size() == ilp::error_code_count);

    using enum ilp::error_code;
    CHECK(ilp::code_text(f00_bad_request) == "F00");
    CHECK(ilp::code_text(f99_application_error) == "F99");
    CHECK(ilp::code_text(t00_internal_error) == "T00");
    CHECK(ilp::name(t00_internal_error) == "Internal Error");
    CHECK(ilp::code_text(t99_application_error) == "T99");
    CHECK(ilp::code_text(r00_transfer_timed_out) == "R00");
    CHECK(ilp::code_text(r99_application_error) == "R99");
    CHECK(ilp::name(f08_amount_too_large) == "Amount Too Large");
}

TEST_CASE("A27-17: codes that RFC 27 does not define are not recognized") {
    for (const auto* text : {"F09", "X42", "f00", "", "F0", "F000", "F98", "T06", "R03"}) {
        INFO(text);
        CHECK_FALSE(ilp::parse_error_code(text));
    }
}

}  // namespace error_code_test
