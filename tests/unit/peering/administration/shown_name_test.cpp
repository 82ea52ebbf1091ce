#include "peering/administration/shown_name.hpp"

#include <catch2/catch.hpp>

namespace shown_name_test {

using namespace peering;

TEST_CASE("names in one writing system are shown") {
    for (const char* const name : {"Mallory", "Dora & Co.", "Zürich Bank (EU)", "7", "Алиса", "Ελλάδα", "שלום", "مرحبا",
                                   "トヨタ自動車", "株式会社ひかり", "한국은행", "中国银行", "Հայաստան", "ไทย", "भारत",
                                   "<script>alert(1)</script>", "Łódź № 3", "Banco Ñandú – Perú"}) {
        CAPTURE(name);
        CHECK(may_be_shown(name));
    }
}

TEST_CASE("names that mix letters, or use letters only because they look like others, are not shown") {
    for (const char* const name : {"Аlice",               // a Cyrillic A
                                   "B\u03bfb",            // a Greek o
                                   "p\u0430ypal",         // a Cyrillic a
                                   "\u0441\u0430\u0440",  // only Cyrillic letters that look Latin
                                   "\u039f\u039d\u0395",  // the same in Greek
                                   "\u0585\u0585",        // and in Armenian
                                   "Bob\u3164",           // a letter that shows nothing
                                   "\u2024", "test\u2024bob", "\uff22\uff4f\uff42", "\U0001d401ob", "B\u0301ob", "---",
                                   "...", "", "B\u00e9\u4e2d", "\u0251lice", "😀"}) {
        CAPTURE(name);
        CHECK_FALSE(may_be_shown(name));
    }
    CHECK_FALSE(may_be_shown("a\xff"));
}

TEST_CASE("names that people could take for each other look alike") {
    CHECK(look_alike("bob", "Bob"));
    CHECK(look_alike("bob", "b0b"));
    CHECK(look_alike("alice", "AL1CE"));
    CHECK(look_alike("Bank of Il", "bank-of_ll"));
    CHECK(look_alike("Алиса", "АЛИСА"));
    CHECK(look_alike("Zürich", "ZÜRICH"));
    CHECK(look_alike("", ""));
    CHECK_FALSE(look_alike("bob", "bobby"));
    CHECK_FALSE(look_alike("bob", ""));
    CHECK_FALSE(look_alike("bob", "rob"));
    CHECK_FALSE(look_alike("a\xff", "a"));
}

}  // namespace shown_name_test
