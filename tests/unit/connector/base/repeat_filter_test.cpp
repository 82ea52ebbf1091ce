#include "connector/base/repeat_filter.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>

namespace repeat_filter_test {

using connector::log::repeat_filter;
using namespace std::chrono_literals;

namespace {

const repeat_filter::time begin{1h};
constexpr std::size_t sources_max = 3;

}  // namespace

TEST_CASE("repeat filter: one line per kind and source within the quiet time, and then the number of the others") {
    repeat_filter filter;
    CHECK(filter.pass("k", "a", sources_max, begin));
    CHECK(filter.pass("k", "b", sources_max, begin));
    CHECK(filter.pass("other", "a", sources_max, begin));
    for (int i = 0; i < 5; ++i) CHECK_FALSE(filter.pass("k", "a", sources_max, begin + 59s));
    CHECK(filter.take_ended(begin + 59s).empty());
    const auto ended = filter.take_ended(begin + 60s);
    REQUIRE(ended.size() == 1);
    CHECK(ended[0].kind == "k");
    CHECK(ended[0].source == "a");
    CHECK(ended[0].count == 5);
    CHECK(filter.pass("k", "a", sources_max, begin + 60s));
    CHECK(filter.take_ended(begin + 61s).empty());
}

TEST_CASE("repeat filter: no count is lost if take_ended() is not called for a long time") {
    repeat_filter filter;
    CHECK(filter.pass("k", "a", sources_max, begin));
    CHECK_FALSE(filter.pass("k", "a", sources_max, begin + 1s));
    CHECK_FALSE(filter.pass("k", "a", sources_max, begin + 100s));
    const auto ended = filter.take_ended(begin + 101s);
    REQUIRE(ended.size() == 1);
    CHECK(ended[0].count == 2);
}

TEST_CASE("repeat filter: sources beyond the bound count as one, of one kind only") {
    repeat_filter filter;
    int passed = 0;
    for (int i = 0; i < 1000; ++i) passed += filter.pass("k", std::to_string(i), sources_max, begin) ? 1 : 0;
    CHECK(passed == sources_max + 1);
    CHECK(filter.pass("other", "x", sources_max, begin));
    const auto ended = filter.take_ended(begin + 60s);
    REQUIRE(ended.size() == 1);
    CHECK(ended[0].source == repeat_filter::other_sources);
    CHECK(ended[0].count == 1000 - sources_max - 1);
    CHECK(filter.pass("k", "new", sources_max, begin + 60s));

    const std::string long_source(100'000, 'x');
    CHECK(filter.pass("k", long_source + "1", sources_max, begin + 60s));
    CHECK_FALSE(filter.pass("k", long_source + "2", sources_max, begin + 60s));
}

}  // namespace repeat_filter_test
