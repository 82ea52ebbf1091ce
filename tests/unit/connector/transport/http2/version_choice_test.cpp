#include "connector/transport/http2/version_choice.hpp"

#include <catch2/catch.hpp>

#include <chrono>

namespace version_choice_test {

using connector::version_choice;
using namespace std::chrono_literals;

constexpr ilp::steady_time start{1h};

TEST_CASE("version choice: a peer that chose HTTP/1.1 is asked again after a time") {
    version_choice choice{5s};
    choice.http1_chosen(start);
    CHECK_FALSE(choice.is_http2_avoided(start));
    CHECK_FALSE(choice.is_question_due(start + 4999ms));
    CHECK(choice.is_question_due(start + 5s));
    choice.http1_chosen(start + 5s);
    CHECK_FALSE(choice.is_question_due(start + 9s));
}

TEST_CASE("version choice: HTTP/2 that has failed is avoided, for longer each time, until it has been of use") {
    version_choice choice{5s};
    ilp::steady_time now = start;
    for (const auto avoided : {60s, 120s, 240s, 480s, 600s, 600s}) {
        choice.http2_failed(now);
        choice.http1_chosen(now);  // the next question is not earlier for that
        CHECK(choice.is_http2_avoided(now + avoided - 1ms));
        CHECK_FALSE(choice.is_question_due(now + avoided - 1ms));
        now += avoided;
        CHECK_FALSE(choice.is_http2_avoided(now));
        CHECK(choice.is_question_due(now));
    }
    CHECK_FALSE(choice.http2_ended(true));
    choice.http2_failed(now);
    CHECK_FALSE(choice.is_http2_avoided(now + 60s));
}

TEST_CASE("version choice: connections on which nothing was answered, one after the other, are a failure") {
    version_choice choice{5s};
    CHECK_FALSE(choice.http2_ended(false));
    CHECK_FALSE(choice.http2_ended(true));
    CHECK_FALSE(choice.http2_ended(false));
    CHECK(choice.http2_ended(false));
    choice.http2_failed(start);
    CHECK_FALSE(choice.http2_ended(false));
}

}  // namespace version_choice_test
