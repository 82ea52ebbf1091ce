#include "peering/records/page.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace page_test {

using peering::page;
using peering::page_request;

namespace {

/// Entries 1 to `count`. The cursor of an entry is its number as text.
std::map<int, int> numbers(int count) {
    std::map<int, int> all;
    for (int i = 1; i <= count; ++i) all.emplace(i, i);
    return all;
}

std::optional<page<int>> cut_known(const std::map<int, int>& all, const page_request& request) {
    return peering::cut_page(all, request, [&](std::string_view cursor) -> std::optional<int> {
        const int number = std::atoi(std::string{cursor}.c_str());
        return all.contains(number) ? std::optional{number} : std::nullopt;
    });
}

page<int> cut(const std::map<int, int>& all, const page_request& request) {
    return cut_known(all, request).value();
}

page_request after(int cursor, std::size_t size = 3) {
    page_request request;
    request.after.emplace(std::to_string(cursor));
    request.size = size;
    return request;
}

page_request before(int cursor, std::size_t size = 3) {
    page_request request;
    request.before.emplace(std::to_string(cursor));
    request.size = size;
    return request;
}

}  // namespace

TEST_CASE("pages: the first page begins with the newest, or with the oldest") {
    page_request request;
    request.size = 3;
    const auto newest = cut(numbers(5), request);
    CHECK(newest.entries == std::vector{5, 4, 3});
    CHECK(newest.has_next);
    CHECK_FALSE(newest.has_previous);
    request.newest_first = false;
    const auto oldest = cut(numbers(5), request);
    CHECK(oldest.entries == std::vector{1, 2, 3});
    CHECK(oldest.has_next);
    CHECK_FALSE(oldest.has_previous);
    request.size = 5;
    CHECK_FALSE(cut(numbers(5), request).has_next);
}

TEST_CASE("pages: a cursor is not on its page, in either direction") {
    const auto behind = cut(numbers(7), after(5));
    CHECK(behind.entries == std::vector{4, 3, 2});
    CHECK(behind.has_next);
    CHECK(behind.has_previous);
    const auto ahead = cut(numbers(7), before(3));
    CHECK(ahead.entries == std::vector{6, 5, 4});
    CHECK(ahead.has_next);
    CHECK(ahead.has_previous);
    const auto to_the_end = cut(numbers(7), before(5));
    CHECK(to_the_end.entries == std::vector{7, 6});
    CHECK_FALSE(to_the_end.has_previous);
    CHECK(to_the_end.has_next);
}

TEST_CASE("pages: an unknown cursor makes no page, because an empty one would look like the end") {
    for (const auto& request : {after(9), before(0), after(9, 0), before(9, 0)}) {
        CHECK_FALSE(cut_known(numbers(7), request).has_value());
    }
    CHECK_FALSE(cut_known({}, after(1)).has_value());
    page_request both = after(9);
    both.before.emplace("3");
    CHECK_FALSE(cut_known(numbers(7), both).has_value());
}

TEST_CASE("pages: the end and an empty list make an empty page") {
    for (const auto& request : {after(1), before(7)}) {
        const auto empty = cut(numbers(7), request);
        CHECK(empty.entries.empty());
        CHECK_FALSE(empty.has_next);
        CHECK_FALSE(empty.has_previous);
    }
    CHECK(cut({}, {}).entries.empty());
}

TEST_CASE("pages: one of size 0 is empty and tells what is on either side") {
    for (const bool newest_first : {false, true}) {
        page_request request;
        request.size = 0;
        request.newest_first = newest_first;
        const auto first = cut(numbers(7), request);
        CHECK(first.entries.empty());
        CHECK(first.has_next);
        CHECK_FALSE(first.has_previous);
        CHECK_FALSE(cut({}, request).has_next);
    }
    for (const auto& request : {after(4, 0), before(4, 0)}) {
        const auto middle = cut(numbers(7), request);
        CHECK(middle.entries.empty());
        CHECK(middle.has_next);
        CHECK(middle.has_previous);
    }
    CHECK_FALSE(cut(numbers(7), after(1, 0)).has_next);
    CHECK_FALSE(cut(numbers(7), before(7, 0)).has_previous);
}

TEST_CASE("pages: if both cursors are given, the one after which the page begins is used") {
    page_request request = after(5, 2);
    request.before.emplace(std::to_string(2));
    CHECK(cut(numbers(7), request).entries == std::vector{4, 3});
}

TEST_CASE("pages: walking shows each entry once, both ways and in both orders") {
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    for (int round = 0; round < 200; ++round) {
        const auto all = numbers(static_cast<int>(random() % 12));
        const bool newest_first = random() % 2 == 0;
        const std::size_t size = 1 + random() % 4;
        std::vector<int> wanted;
        for (const auto& [key, entry] : all) wanted.push_back(entry);
        if (newest_first) std::ranges::reverse(wanted);

        std::vector<int> forwards;
        page_request request;
        request.size = size;
        request.newest_first = newest_first;
        for (auto found = cut(all, request); !found.entries.empty(); found = cut(all, request)) {
            CHECK(found.has_previous == request.after.has_value());
            forwards.insert(forwards.end(), found.entries.begin(), found.entries.end());
            CHECK(found.has_next == (forwards.size() < wanted.size()));
            request.after.emplace(std::to_string(found.entries.back()));
        }
        CHECK(forwards == wanted);
        if (wanted.empty()) continue;

        std::vector<int> backwards{wanted.back()};
        request.after.reset();
        request.before.emplace(std::to_string(wanted.back()));
        for (auto found = cut(all, request); !found.entries.empty(); found = cut(all, request)) {
            CHECK(found.has_next);
            backwards.insert(backwards.begin(), found.entries.begin(), found.entries.end());
            CHECK(found.has_previous == (backwards.size() < wanted.size()));
            request.before.emplace(std::to_string(found.entries.front()));
        }
        CHECK(backwards == wanted);
    }
}

}  // namespace page_test
