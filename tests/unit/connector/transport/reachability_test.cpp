#include "connector/transport/reachability.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>

namespace reachability_test {

using connector::reachability;
using namespace std::chrono_literals;

namespace {

constexpr ilp::steady_time start{1h};

std::string text_of(const reachability::news* news) {
    if (news == nullptr) return "nothing";
    return (news->good ? "good: " : "bad: ") + news->text;
}

}  // namespace

TEST_CASE("reachability: a new link may connect, and its success is no news") {
    reachability r;
    CHECK_FALSE(r.is_failing());
    CHECK_FALSE(r.refuses(start, false));
    CHECK_FALSE(r.refuses(start, true));
    CHECK(text_of(r.connected()) == "nothing");
    CHECK(text_of(r.answered(200)) == "nothing");
    CHECK(r.trouble().empty());
}

TEST_CASE("reachability: the pause after a failed connect doubles from 50 ms to 1 s, and a success ends it") {
    reachability r;
    auto now = start;
    for (const auto pause : {50ms, 100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
        CAPTURE(pause.count());
        r.connect_failed(now, "no");
        CHECK(r.is_failing());
        CHECK(r.is_paused(now + pause - 1ms));
        CHECK(r.refuses(now + pause - 1ms, false));
        CHECK_FALSE(r.is_paused(now + pause));
        CHECK_FALSE(r.refuses(now + pause, false));
        now += pause;
    }
    r.connected();
    CHECK_FALSE(r.is_failing());
    CHECK_FALSE(r.refuses(now - 1ms, false));
    r.connect_failed(now, "no");
    CHECK_FALSE(r.is_paused(now + 50ms));
}

TEST_CASE("reachability: after the pause only one connect is made at a time, for ten seconds") {
    reachability r;
    r.connect_failed(start, "no");
    CHECK(r.refuses(start + 50ms, true));
    CHECK(r.refuses(start + 10'049ms, true));
    CHECK_FALSE(r.refuses(start + 10'050ms, true));
}

TEST_CASE("reachability: a change is reported once") {
    reachability r;
    CHECK(text_of(r.connect_failed(start, "Connection refused")) == "bad: peer is unreachable: Connection refused");
    CHECK(r.trouble() == "peer is unreachable: Connection refused");
    CHECK(text_of(r.connect_failed(start, "timed out")) == "nothing");
    CHECK(text_of(r.connected()) == "good: peer is reachable again");
    CHECK(r.trouble().empty());
    CHECK(text_of(r.connected()) == "nothing");
    CHECK(text_of(r.answered(204)) == "good: peer accepts our packets again");
    CHECK(text_of(r.answered(200)) == "nothing");

    CHECK(text_of(r.answered(503)) == "bad: peer answers with HTTP status 503");
    CHECK(text_of(r.answered(503)) == "nothing");
    for (const unsigned status : {401U, 403U, 404U}) {
        CHECK(text_of(r.answered(status)) ==
              "bad: peer refuses our packets with HTTP status " + std::to_string(status) +
                  ": check endpoint, auth_token or jwt_secret of http.outgoing, and whether the peer knows "
                  "the certificate that we show");
    }
    CHECK(text_of(r.answered(503)) == "bad: peer answers with HTTP status 503");
    CHECK(text_of(r.connected()) == "nothing");  // it was not unreachable
    CHECK(text_of(r.answered(200)) == "good: peer accepts our packets again");
    CHECK(text_of(r.connect_failed(start, "no")) == "bad: peer is unreachable: no");
}

TEST_CASE("reachability: a peer that refuses connections is reported once, until it answers") {
    reachability r;
    CHECK(text_of(r.connection_refused("why")) == "bad: peer refuses our connections: why");
    CHECK(r.trouble() == "peer refuses our connections: why");
    CHECK(text_of(r.connected()) == "nothing");  // it is refused only afterwards
    CHECK(text_of(r.connection_refused("why")) == "nothing");
    CHECK(text_of(r.answered(401)).starts_with("bad: peer refuses our packets with HTTP status 401"));
    CHECK(text_of(r.connection_refused("why")) == "bad: peer refuses our connections: why");
    CHECK(text_of(r.answered(200)) == "good: peer accepts our packets again");
    CHECK_FALSE(r.is_failing());
}

TEST_CASE("reachability: statuses of one class are one kind of news, and those that an operator must mend are not") {
    reachability r;
    const unsigned failing = r.answered(503)->kind;
    CHECK(r.answered(500)->kind == failing);
    const unsigned refused = r.answered(401)->kind;
    CHECK(refused != r.answered(403)->kind);
}

}  // namespace reachability_test
