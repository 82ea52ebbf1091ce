#include "ilp/address.hpp"

#include "tests/unit/ilp/vectors.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace address_test {

using ilp::is_address;
using ilp::is_prefix;

namespace {

constexpr std::array<std::pair<std::string_view, ilp::scheme>, 10> schemes{{{"g", ilp::scheme::g},
                                                                            {"private", ilp::scheme::private_},
                                                                            {"example", ilp::scheme::example},
                                                                            {"peer", ilp::scheme::peer},
                                                                            {"self", ilp::scheme::self},
                                                                            {"test", ilp::scheme::test},
                                                                            {"test1", ilp::scheme::test1},
                                                                            {"test2", ilp::scheme::test2},
                                                                            {"test3", ilp::scheme::test3},
                                                                            {"local", ilp::scheme::local}}};

}  // namespace

TEST_CASE("A15-01 A15-02 A15-03 A15-04 A15-06: the valid and the invalid addresses of the vectors") {
    const auto vectors = vectors::load("generated/addresses.json");
    for (const auto& valid : vectors.at("valid").as_array()) {
        INFO(vectors::text(valid));
        CHECK(is_address(vectors::text(valid)));
        CHECK(is_prefix(vectors::text(valid)));
    }
    for (const auto& invalid : vectors.at("invalid").as_array()) {
        INFO(vectors::text(invalid.at("a")) << ": " << vectors::text(invalid.at("why")));
        CHECK_FALSE(is_address(vectors::text(invalid.at("a"))));
    }
}

TEST_CASE("A15-01 A15-06: segments consist only of A-Z a-z 0-9 _ ~ -") {
    constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_~-";
    for (int octet = 0; octet < 256; ++octet) {
        CAPTURE(octet);
        const char c = static_cast<char>(octet);
        const bool legal = allowed.find(c) != std::string_view::npos;
        CHECK(is_address(std::string{"g."} + c) == legal);
        CHECK(is_address(std::string{"g.a"} + c) == legal);
        CHECK(is_address(std::string{"g."} + c + "a") == legal);
        CHECK_FALSE(is_address(c + std::string{"g.a"}));
        CHECK_FALSE(is_address(std::string{"g"} + c + ".a"));
    }
}

TEST_CASE("A15-02: the ten schemes, in lower case, and nothing else") {
    for (const auto& [name, scheme] : schemes) {
        INFO(name);
        const std::string bare{name};
        CHECK(is_address(bare + ".a"));
        CHECK(ilp::scheme_of(bare) == scheme);
        CHECK(ilp::scheme_of(bare + ".a.b") == scheme);
        CHECK_FALSE(is_address(bare + "x.a"));
        CHECK_FALSE(is_address("x" + bare + ".a"));
        std::string capital = bare;
        capital[0] = static_cast<char>(capital[0] - 'a' + 'A');
        CHECK_FALSE(is_address(capital + ".a"));
        CHECK_FALSE(ilp::scheme_of(capital + ".a"));
    }
    using namespace std::string_view_literals;
    for (const auto text : {""sv, "."sv, ".g"sv, "\0g.a"sv, "g\0.a"sv, "privatex.a"sv, "\x01private.a"sv, "test4"sv}) {
        CHECK_FALSE(ilp::scheme_of(text));
    }
}

TEST_CASE("A15-03 A15-17: a bare scheme and an empty text are prefixes, but not addresses") {
    for (const auto& [name, scheme] : schemes) {
        CHECK_FALSE(is_address(name));
        CHECK_FALSE(is_address(std::string{name} + "."));
        CHECK(is_prefix(name));
        CHECK_FALSE(is_prefix(std::string{name} + "."));
    }
    CHECK_FALSE(is_address(""));
    CHECK(is_prefix(""));
    for (const auto* text : {"what", "test4", "G", "g..a", ".g", "g.a.", "g a", "."}) CHECK_FALSE(is_prefix(text));
}

TEST_CASE("A15-04: no empty segment") {
    for (const auto* text : {".g.a", "g..a", "g.a.", "g.a..b", "g...", "..", "g.a.b."}) {
        INFO(text);
        CHECK_FALSE(is_address(text));
    }
}

TEST_CASE("A15-05: at most 1023 octets") {
    const auto vectors = vectors::load("generated/addresses.json");
    for (const auto& vector : vectors.at("boundary").as_array()) {
        const std::string text = vectors::build(vectors::text(vector.at("build")));
        CAPTURE(text.size());
        REQUIRE(text.size() == vector.at("len").to_number<std::size_t>());
        CHECK(is_address(text) == vector.at("valid").as_bool());
        CHECK(is_prefix(text) == vector.at("valid").as_bool());
    }
}

TEST_CASE("A15-07: addresses are compared octet by octet") {
    const auto lower = ilp::address::parse("g.a");
    const auto upper = ilp::address::parse("g.A");
    REQUIRE(lower);
    REQUIRE(upper);
    CHECK(*lower != *upper);
    CHECK(*upper < *lower);
    CHECK(*lower == *ilp::address::parse("g.a"));
    CHECK(lower->text() == "g.a");
    CHECK_FALSE(ilp::covers("test.P2", "test.p2"));
    CHECK_FALSE(ilp::address::parse("g"));
    CHECK_FALSE(ilp::address::parse(""));
}

TEST_CASE("A15-08 A15-09: a prefix covers up to a segment boundary") {
    const auto vectors = vectors::load("generated/addresses.json");
    for (const auto& vector : vectors.at("prefix_match").as_array()) {
        const std::string_view destination = vectors::text(vector.at("dest"));
        INFO(destination);
        const boost::json::value* longest = nullptr;
        for (const auto& prefix : vector.at("table").as_array()) {
            if (!ilp::covers(vectors::text(prefix), destination)) continue;
            if (!longest || vectors::text(prefix).size() > vectors::text(*longest).size()) longest = &prefix;
        }
        CHECK((longest ? *longest : boost::json::value{}) == vector.at("match"));
    }
}

TEST_CASE("A15-14: nothing is forwarded to another network, or to schemes that end at a node") {
    for (const char* const reached : {"test.b", "test", "test.alice.x", "private.b", "example", ""}) {
        CAPTURE(reached);
        CHECK(ilp::unreachable_because("test.alice", reached).empty());
    }
    for (const char* const other : {"g.b", "g", "test1.b", "test2", "test3.b.c"}) {
        CAPTURE(other);
        CHECK(ilp::unreachable_because("test.alice", other) == "it is in another network than this node");
        CHECK(ilp::unreachable_because("private.alice", other).empty());
    }
    for (const char* const ends_here : {"local.b", "self.b", "peer.b", "local"}) {
        CAPTURE(ends_here);
        CHECK(ilp::unreachable_because("test.alice", ends_here) == "no packet is ever forwarded to its scheme");
    }
}

}  // namespace address_test
