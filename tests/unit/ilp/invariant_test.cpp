#include "ilp/invariant.hpp"

#include "tests/support/end_of_process.hpp"

#include <catch2/catch.hpp>

#include <cstdio>
#include <string>
#include <string_view>

namespace invariant_test {

namespace {

void spend(int balance, int amount) {
    ilp::require(amount <= balance, "nobody spends more than they have");
}
constexpr int line_of_check = __LINE__ - 2;

}  // namespace

TEST_CASE("a broken invariant says in one line what must hold, and where, and ends the program") {
    const auto end = support::run_in_a_copy([] { spend(1, 2); });
    CHECK(end.is_aborted());
    const std::string begin = "ilpd: broken invariant: nobody spends more than they have (invariant_test.cpp:" +
                              std::to_string(line_of_check) + ", ";
    CHECK(end.errors.starts_with(begin));
    CHECK(end.errors.find("spend") != std::string::npos);
    CHECK(end.errors.ends_with(")\n"));
    CHECK(end.errors.find('\n') == end.errors.size() - 1);
}

TEST_CASE("an invariant that holds says nothing") {
    const auto end = support::run_in_a_copy([] { spend(2, 2); });
    CHECK(end.is_success());
    CHECK(end.errors.empty());
}

TEST_CASE("invariant: a listener gets the line instead of standard error") {
    const auto end = support::run_in_a_copy([] {
        ilp::tell_broken_invariants_to([](std::string_view line) noexcept {
            std::fprintf(stderr, "heard: %.*s", static_cast<int>(line.size()), line.data());
        });
        ilp::require(false, "the listener hears");
    });
    CHECK(end.is_aborted());
    CHECK(end.errors.starts_with("heard: ilpd: broken invariant: the listener hears ("));
    CHECK(end.errors.ends_with(")\n"));
}

}  // namespace invariant_test
