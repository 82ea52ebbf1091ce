#include "connector/transport/reachability_board.hpp"

#include "connector/transport/refusing_link.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace reachability_board_test {

using namespace connector;
using namespace std::chrono_literals;
using peering::peer_reachability;
using peering::reachability_state;

namespace {

const peering::uuid_text uuid{"0b1d3ab8-0c34-4e0d-8a5b-2d2d4c2e0ad3"};

ilp::instant at(std::chrono::milliseconds time) {
    return {ilp::timestamp{1000h + time}, ilp::steady_time{1h + time}};
}

peer_reachability reachable(std::chrono::milliseconds since, std::chrono::milliseconds last_answer,
                            std::uint64_t answers = 1, std::chrono::nanoseconds round_trip = 1ms) {
    return {.state = reachability_state::reachable,
            .since = at(since),
            .last_answer = at(last_answer),
            .round_trip = round_trip,
            .answers = answers};
}

peer_reachability down(std::chrono::milliseconds since, std::chrono::milliseconds last_failure,
                       reachability_state state = reachability_state::unreachable, std::string error = "no") {
    return {.state = state, .since = at(since), .last_failure = at(last_failure), .last_error = std::move(error)};
}

/// The state with the seconds since it began.
std::string text_of(const std::vector<peer_reachability>& views) {
    const auto found = merge(views);
    std::string text{to_text(found.state)};
    if (found.since) text += " " + std::to_string((found.since->steady - at(0ms).steady) / 1s);
    return text;
}

}  // namespace

TEST_CASE("reachability of several workers: no view, and views without an outcome, are unknown") {
    CHECK(text_of({}) == "UNKNOWN");
    CHECK(text_of({{}, {}}) == "UNKNOWN");
    CHECK(text_of({{}, reachable(1s, 2s)}) == "REACHABLE 1");
    CHECK(text_of({down(1s, 2s), {}}) == "UNREACHABLE 1");
}

TEST_CASE("reachability of several workers: the latest outcome decides") {
    CHECK(text_of({reachable(1s, 9s), down(3s, 8s)}) == "REACHABLE 8");
    CHECK(text_of({reachable(1s, 7s), down(3s, 8s)}) == "UNREACHABLE 7");
    CHECK(text_of({down(3s, 8s), reachable(1s, 9s)}) == "REACHABLE 8");
    CHECK(text_of({down(3s, 8s, reachability_state::refusing), down(2s, 7s)}) == "REFUSING 2");
    CHECK(text_of({down(3s, 8s, reachability_state::refusing), down(2s, 9s)}) == "UNREACHABLE 2");
}

TEST_CASE("reachability of several workers: it counts since the first of them that says so") {
    CHECK(text_of({reachable(5s, 9s), reachable(1s, 2s), reachable(7s, 8s)}) == "REACHABLE 1");
    CHECK(text_of({down(5s, 9s), down(2s, 3s)}) == "UNREACHABLE 2");
    // An idle worker has not noticed that the peer went. What it knows from before does not shorten the trouble.
    CHECK(text_of({reachable(1s, 2s), down(3s, 20s)}) == "UNREACHABLE 3");
    CHECK(text_of({down(1s, 2s), reachable(3s, 20s)}) == "REACHABLE 3");
}

TEST_CASE("reachability of several workers: times and the error are the latest, round trips are weighted") {
    auto first = reachable(1s, 9s, 3, 4ms);
    first.last_failure = at(5s);
    first.last_error = "older";
    const auto found = merge(std::vector{first, reachable(1s, 7s, 1, 8ms), down(3s, 6s)});
    CHECK(found.last_answer->steady == at(9s).steady);
    CHECK(found.last_answer->wall == at(9s).wall);
    CHECK(found.last_failure->steady == at(6s).steady);
    CHECK(found.last_error == "no");
    CHECK(found.answers == 4);
    CHECK(found.round_trip.value() == 5ms);
}

TEST_CASE("reachability of several workers: what the peer accepts in parts is what its latest answer has said") {
    auto first = reachable(1s, 9s);
    first.split_accepted = config::split_settings{ilp::amount{1000}, 16};
    auto second = reachable(1s, 8s);
    CHECK(merge(std::vector{first, second}).split_accepted == first.split_accepted);
    CHECK(merge(std::vector{second, first, down(3s, 20s)}).split_accepted == first.split_accepted);
    second.last_answer = at(10s);
    CHECK_FALSE(merge(std::vector{first, second}).split_accepted);
    CHECK_FALSE(merge(std::vector{second, first}).split_accepted);
}

TEST_CASE("reachability board: the records of two workers are one peer, and a change is noticed once") {
    reachability_board board;
    refusing_link link{reject_reason::next_hop_unreachable, "bob", "http://bob.example/", "it is closed"};
    const auto one = board.open(7, uuid);
    const auto two = board.open(7, uuid);
    const auto other = board.open(8, uuid);
    CHECK(board.all().empty());
    CHECK(board.take_changed().empty());
    CHECK(board.of(7).state == reachability_state::unknown);
    CHECK(board.of(9).state == reachability_state::unknown);

    one->failed(at(1s), reject_reason::next_hop_unreachable, link);
    two->failed(at(2s), reject_reason::next_hop_unreachable, link);
    auto changed = board.take_changed();
    REQUIRE(changed.size() == 1);
    CHECK(changed[0].peer == 7);
    CHECK(changed[0].uuid == uuid);
    CHECK(changed[0].reachability.state == reachability_state::unreachable);
    CHECK(changed[0].reachability.last_error == "it is closed");
    CHECK(board.take_changed().empty());

    two->answered(at(3s), 1ms);
    REQUIRE(board.all().size() == 1);
    CHECK(board.all()[0].peer == 7);
    CHECK(board.all()[0].reachability.state == reachability_state::reachable);
    CHECK(board.take_changed().size() == 1);

    two->note_split({ilp::amount{1000}, 16});
    CHECK(board.of(7).split_accepted == config::split_settings{ilp::amount{1000}, 16});
    CHECK_FALSE(board.of(8).split_accepted);

    // What was known about a link goes with it.
    board.close(7, two);
    CHECK(board.of(7).state == reachability_state::unreachable);
    CHECK_FALSE(board.of(7).split_accepted);
    board.close(7, one);
    CHECK(board.of(7).state == reachability_state::unknown);
    two->failed(at(4s), reject_reason::next_hop_unreachable, link);  // a ping that was still under way
    CHECK(board.take_changed().empty());
    board.close(7, one);
}

}  // namespace reachability_board_test
