#include "connector/transport/fair_turns.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace fair_turns_test {

using namespace connector;
using namespace std::chrono_literals;

namespace {

/// A loop without sockets: every connection has an endless supply of work, unless the test says otherwise.
struct world {
    world() { end_turn(); }

    struct connection final : turn_taker {
        connection(world& all, std::string name, turn_share& share, std::size_t work)
            : all{all}, name{std::move(name)}, share{share}, work{work} {}

        /// An event has come for it.
        void is_ready() {
            if (work != 0 && share.try_take(*this)) on_turn();
        }
        void on_turn() override {
            all.done.push_back(name);
            --work;
            // Like a connection that has the next request in its buffer.
            if (pipelines) is_ready();
        }

        world& all;
        std::string name;
        turn_share& share;
        std::size_t work;
        bool pipelines = false;
    };

    turn_share& share() { return shares.emplace_back(turns, static_cast<std::uint32_t>(shares.size())); }
    connection& add(const std::string& name, turn_share& share, std::size_t work = endless) {
        return connections.emplace_back(*this, name, share, work);
    }

    /// Each connection has an event in each turn, as if its other side answered at once. Returns what was done.
    std::vector<std::string> turn() {
        done.clear();
        for (connection& each : connections) each.is_ready();
        turns.serve_waiting();
        end_turn();
        return done;
    }

    /// Like turn(), but nothing becomes ready.
    std::vector<std::string> quiet_turn() {
        done.clear();
        turns.serve_waiting();
        end_turn();
        return done;
    }

    void end_turn() {
        now += 100us;
        anything_waits = turns.next_turn(now);
    }

    static constexpr std::size_t endless = 1'000'000;

    std::vector<std::string> done;
    ilp::steady_time now = ilp::steady_time{} + 1000h;
    bool anything_waits = false;
    fair_turns turns;
    std::deque<turn_share> shares;
    std::deque<connection> connections;
};

std::size_t count(const std::vector<std::string>& done, const std::string& name) {
    return static_cast<std::size_t>(std::ranges::count(done, name));
}

}  // namespace

TEST_CASE("fair turns: a peer alone works as much as there is to do, and nothing waits") {
    world w;
    turn_share& alone = w.share();
    for (int i = 0; i < 200; ++i) w.add("a", alone);
    CHECK(w.turn().size() == 200);
    CHECK_FALSE(w.anything_waits);
}

TEST_CASE("fair turns: of two busy peers each has the same number of pieces, whatever their connections") {
    world w;
    turn_share& few = w.share();
    turn_share& many = w.share();
    for (int i = 0; i < 10; ++i) w.add("few", few);
    for (int i = 0; i < 1000; ++i) w.add("many", many);
    w.turn();
    std::map<std::string, std::size_t> sums;
    for (int i = 0; i < 100; ++i) {
        for (const std::string& name : w.turn()) ++sums[name];
    }
    CHECK(sums["few"] == 100 * fair_turns::pieces);
    CHECK(sums["many"] == 100 * fair_turns::pieces);
}

TEST_CASE("fair turns: a peer with little work does all of it at once beside a busy one") {
    world w;
    turn_share& little = w.share();
    turn_share& much = w.share();
    w.add("little", little);
    for (int i = 0; i < 1000; ++i) w.add("much", much);
    w.turn();
    for (int i = 0; i < 50; ++i) CHECK(count(w.turn(), "little") == 1);
}

TEST_CASE("fair turns: connections of a peer that wait have their turn in order") {
    world w;
    turn_share& other = w.share();
    turn_share& busy = w.share();
    w.add("other", other);
    w.add("opener", busy, 1);
    w.turn();
    constexpr std::size_t turns = 5;
    std::vector<std::string> expected;
    for (std::size_t i = 0; i < turns * fair_turns::pieces; ++i) {
        expected.push_back(std::to_string(i));
        w.add(expected.back(), busy, 1);
    }
    std::vector<std::string> seen = w.turn();
    CHECK(std::erase(seen, "other") == 1);
    for (std::size_t i = 1; i < turns; ++i) {
        CHECK(seen.size() == i * fair_turns::pieces);
        REQUIRE(w.anything_waits);
        std::ranges::copy(w.quiet_turn(), std::back_inserter(seen));
    }
    CHECK(seen == expected);
    CHECK_FALSE(w.anything_waits);
}

TEST_CASE("fair turns: a connection with many requests has no more than its peer's share") {
    world w;
    turn_share& pipelining = w.share();
    turn_share& other = w.share();
    w.add("many requests", pipelining).pipelines = true;
    w.add("one", pipelining);
    w.add("other", other);
    w.turn();
    std::map<std::string, std::size_t> sums;
    for (int i = 0; i < 30; ++i) {
        const auto done = w.turn();
        CHECK(count(done, "many requests") + count(done, "one") == fair_turns::pieces);
        CHECK(count(done, "other") == 1);
        for (const std::string& name : done) ++sums[name];
    }
    CHECK(sums["one"] >= 30);
}

TEST_CASE("fair turns: when the others have been quiet for a while, a peer is alone again") {
    world w;
    turn_share& quiet = w.share();
    turn_share& busy = w.share();
    w.add("quiet", quiet, 1);
    for (int i = 0; i < 100; ++i) w.add("busy", busy);
    w.turn();
    CHECK(count(w.turn(), "busy") == fair_turns::pieces);
    w.now += fair_turns::memory;
    w.end_turn();
    CHECK(count(w.turn(), "busy") == 100);
}

TEST_CASE("fair turns: strangers do not make the turns of a busy peer shorter, and have little beside it") {
    world w;
    turn_share strangers{w.turns, 1000, turn_user::stranger};
    turn_share& peer = w.share();
    for (int i = 0; i < 100; ++i) w.add("stranger", strangers);
    CHECK(count(w.turn(), "stranger") == 100);
    for (int i = 0; i < 100; ++i) w.add("peer", peer);
    w.turn();
    for (int i = 0; i < 10; ++i) {
        const auto done = w.turn();
        CHECK(count(done, "peer") == 100);
        CHECK(count(done, "stranger") == fair_turns::pieces);
    }
}

TEST_CASE("fair turns: what waits can stop waiting, or go") {
    world w;
    turn_share& share = w.share();
    turn_share& other = w.share();
    w.add("other", other);
    for (int i = 0; i < 8; ++i) w.add("busy", share);
    w.turn();
    w.turn();
    auto gone = std::make_unique<world::connection>(w, "gone", share, 1);
    CHECK_FALSE(share.try_take(*gone));
    CHECK(gone->is_waiting());
    CHECK_FALSE(share.try_take(*gone));
    gone.reset();
    world::connection stops{w, "stops", share, 1};
    CHECK_FALSE(share.try_take(stops));
    stops.stop_waiting();
    CHECK_FALSE(stops.is_waiting());
    while (w.anything_waits) {
        const auto done = w.quiet_turn();
        CHECK(count(done, "gone") == 0);
        CHECK(count(done, "stops") == 0);
    }
}

TEST_CASE("fair turns: a share with a bound does no more pieces than that in a turn, also when it is alone") {
    world w;
    turn_share few{w.turns, 1000, turn_user::peer, 2};
    auto& first = w.add("a", few, 5);
    first.pipelines = true;
    w.add("b", few, 1);
    CHECK(w.turn() == std::vector<std::string>{"a", "a"});
    CHECK(w.turn().size() == 2);
    CHECK(w.turn().size() == 2);
    CHECK(w.turn().empty());
    CHECK(first.work == 0);
}

}  // namespace fair_turns_test
