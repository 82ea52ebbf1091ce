#include "connector/transport/http/known_head.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace known_head_test {

using connector::http::known_head;

TEST_CASE("a repeated head is recognized, whatever follows it") {
    known_head<int> known;
    CHECK(known.find("") == nullptr);
    CHECK(known.find("POST / HTTP/1.1\r\n\r\n") == nullptr);

    known.keep("POST / HTTP/1.1\r\n\r\n", 7);
    const int* const found = known.find("POST / HTTP/1.1\r\n\r\nbody");
    REQUIRE(found != nullptr);
    CHECK(*found == 7);
    CHECK(known.find("POST / HTTP/1.1\r\n\r\n") != nullptr);
}

TEST_CASE("a different head, or a part of one, is not recognized") {
    known_head<int> known;
    known.keep("A: token-1\r\n\r\n", 1);
    CHECK(known.find("A: token-2\r\n\r\n") == nullptr);
    CHECK(known.find("a: token-1\r\n\r\n") == nullptr);
    CHECK(known.find("A: token-1\r\n\r") == nullptr);
    CHECK(known.find("") == nullptr);
}

TEST_CASE("only the last head is recognized, and it can be forgotten") {
    known_head<int> known;
    known.keep("A\r\n\r\n", 1);
    known.keep("B\r\n\r\n", 2);
    CHECK(known.find("A\r\n\r\n") == nullptr);
    REQUIRE(known.find("B\r\n\r\n") != nullptr);
    CHECK(*known.find("B\r\n\r\n") == 2);
    CHECK(*known.meaning() == 2);
    known.forget();
    CHECK(known.meaning() == nullptr);
    CHECK(known.find("B\r\n\r\n") == nullptr);
}

TEST_CASE("a long head is not kept, nor the one before it") {
    known_head<int> known;
    known.keep("A\r\n\r\n", 1);
    const std::string longest = std::string(1020, 'x') + "\r\n\r\n";
    known.keep(longest, 2);
    CHECK(known.find(longest) != nullptr);
    known.keep("y" + longest, 3);
    CHECK(known.find("y" + longest) == nullptr);
    CHECK(known.find("A\r\n\r\n") == nullptr);
}

}  // namespace known_head_test
