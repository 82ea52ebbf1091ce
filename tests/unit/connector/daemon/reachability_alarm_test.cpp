#include "connector/daemon/reachability_alarm.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include <chrono>
#include <string>

namespace reachability_alarm_test {

using connector::reachability_alarm;
using namespace std::chrono_literals;
using peering::peer_reachability;
using peering::reachability_state;

namespace {

ilp::instant at(std::chrono::milliseconds time) {
    return {ilp::timestamp{1000h + time}, ilp::steady_time{1h + time}};
}

peer_reachability down(std::chrono::milliseconds since, std::chrono::milliseconds last_failure,
                       reachability_state state = reachability_state::unreachable) {
    return {.state = state, .since = at(since), .last_failure = at(last_failure), .last_error = "no"};
}

peer_reachability reachable(std::chrono::milliseconds since) {
    return {.state = reachability_state::reachable, .since = at(since), .last_answer = at(since)};
}

struct world {
    std::string look(const peer_reachability& found, std::chrono::milliseconds now) {
        switch (alarm.look(found, at(now).steady)) {
            case reachability_alarm::decision::lost:
                return "lost";
            case reachability_alarm::decision::back:
                return "back";
            case reachability_alarm::decision::nothing:
                break;
        }
        return "nothing";
    }
    bool is_idle(const peer_reachability& found, std::chrono::milliseconds now) const {
        return alarm.is_idle(found, at(now).steady);
    }

    reachability_alarm alarm;
};

}  // namespace

TEST_CASE("reachability alarm: a peer is lost when its packets have failed for ten seconds, and back at once") {
    world w;
    CHECK(w.look(reachable(0s), 1s) == "nothing");
    CHECK(w.is_idle(reachable(0s), 1s));
    CHECK(w.look(down(10s, 10s), 10s) == "nothing");
    CHECK_FALSE(w.is_idle(down(10s, 10s), 10s));
    CHECK(w.look(down(10s, 19'999ms), 20s) == "nothing");
    CHECK(w.look(down(10s, 20s), 20s) == "lost");
    CHECK(w.look(down(10s, 30s), 30s) == "nothing");  // once
    CHECK(w.look(down(10s, 90s), 90s) == "nothing");
    CHECK(w.look(reachable(95s), 95s) == "back");
    CHECK(w.alarm.lost_since()->steady == at(10s).steady);
    CHECK(w.look(reachable(95s), 96s) == "nothing");
    CHECK(w.is_idle(reachable(95s), 96s));
}

TEST_CASE("reachability alarm: a single packet that failed raises no event, however long ago it was") {
    world w;
    CHECK(w.look(down(10s, 10s), 10s) == "nothing");
    CHECK(w.look(down(10s, 10s), 10h) == "nothing");
    CHECK(w.look(reachable(11h), 11h) == "nothing");
}

TEST_CASE("reachability alarm: a peer that is connected to again but refuses our packets is not back") {
    world w;
    CHECK(w.look(down(10s, 20s, reachability_state::refusing), 20s) == "lost");
    CHECK(w.look(down(10s, 21s), 21s) == "nothing");
    CHECK(w.look(down(10s, 22s, reachability_state::refusing), 22s) == "nothing");
    CHECK(w.look(reachable(23s), 23s) == "back");
}

TEST_CASE("reachability alarm: after a change of the endpoint the peer is back with the first answer") {
    world w;
    CHECK(w.look(down(10s, 20s), 20s) == "lost");
    CHECK(w.look({}, 21s) == "nothing");
    CHECK_FALSE(w.is_idle({}, 1h));
    CHECK(w.look(reachable(2h), 2h) == "back");
}

TEST_CASE("reachability alarm: a peer that comes and goes raises one pair of events a minute") {
    world w;
    int lost = 0;
    int back = 0;
    for (auto now = 0s; now < 10min; now += 12s) {
        lost += w.look(down(now, now + 10s), now + 10s) == "lost";
        back += w.look(reachable(now + 11s), now + 11s) == "back";
    }
    CHECK(lost == 10);
    CHECK(back == 10);
}

TEST_CASE("reachability alarm: a loss within the minute is reported after it, unless the peer is back by then") {
    world w;
    CHECK(w.look(down(0s, 10s), 10s) == "lost");
    CHECK(w.look(reachable(11s), 11s) == "back");
    CHECK_FALSE(w.is_idle(reachable(11s), 11s));  // the minute must be remembered
    CHECK(w.look(down(20s, 69s), 69s) == "nothing");
    CHECK(w.look(down(20s, 69s), 70s) == "lost");
    CHECK(w.look(reachable(71s), 71s) == "back");
    CHECK(w.look(down(80s, 129s), 129s) == "nothing");
    CHECK(w.look(reachable(130s), 130s) == "nothing");
    CHECK(w.is_idle(reachable(130s), 130s));
}

TEST_CASE("reachability alarm: the events say who, since when and why") {
    const peering::uuid_text peer{"0b1d3ab8-0c34-4e0d-8a5b-2d2d4c2e0ad3"};
    auto lost = down(10s, 20s, reachability_state::refusing);
    lost.last_error = "HTTP status 401 \"\\\n";
    lost.last_answer = at(5s);
    const auto event = connector::peer_lost(peer, lost);
    CHECK(event.type == "peer.unreachable");
    CHECK(boost::json::parse(event.data) == boost::json::value{{"id", "0b1d3ab8-0c34-4e0d-8a5b-2d2d4c2e0ad3"},
                                                               {"state", "REFUSING"},
                                                               {"since", "1970-02-11T16:00:10.000Z"},
                                                               {"lastError", "HTTP status 401 \"\\\n"},
                                                               {"lastAnswerAt", "1970-02-11T16:00:05.000Z"}});
    const auto again = connector::peer_back(peer, reachable(30s), lost.since);
    CHECK(again.type == "peer.reachable");
    CHECK(again.uuid != event.uuid);
    CHECK(boost::json::parse(again.data) == boost::json::value{{"id", "0b1d3ab8-0c34-4e0d-8a5b-2d2d4c2e0ad3"},
                                                               {"state", "REACHABLE"},
                                                               {"since", "1970-02-11T16:00:30.000Z"},
                                                               {"unreachableSince", "1970-02-11T16:00:10.000Z"}});
}

}  // namespace reachability_alarm_test
