#include "connector/daemon/liveness.hpp"

#include <catch2/catch.hpp>

namespace liveness_test {

using connector::liveness;
using namespace std::chrono_literals;

TEST_CASE("liveness: the next round begins after a pause, once every loop has answered") {
    const liveness::time start{100s};
    liveness loops{5s};
    REQUIRE(loops.is_due(start));
    const auto round = loops.begin(start);
    CHECK_FALSE(loops.is_due(start + 5s));
    loops.workers_answered(round);
    CHECK_FALSE(loops.is_due(start + 5s));
    CHECK(loops.awaits_committer());
    loops.committer_answered(round);
    CHECK_FALSE(loops.is_due(start + 4s));
    CHECK(loops.is_due(start + 5s));
}

TEST_CASE("liveness: a loop that is stuck keeps the next round from ever beginning") {
    const liveness::time start{100s};
    liveness without_workers{5s};
    without_workers.committer_answered(without_workers.begin(start));
    CHECK_FALSE(without_workers.is_due(start + 24h));
    liveness without_committer{5s};
    without_committer.workers_answered(without_committer.begin(start));
    CHECK_FALSE(without_committer.is_due(start + 24h));
}

TEST_CASE("liveness: an answer to an earlier round does not count for a later one") {
    const liveness::time start{100s};
    liveness loops{5s};
    const auto first = loops.begin(start);
    loops.workers_answered(first);
    loops.committer_answered(first);
    const auto second = loops.begin(start + 5s);
    loops.workers_answered(second);
    loops.committer_answered(first);
    CHECK_FALSE(loops.is_due(start + 24h));
    loops.committer_answered(second);
    CHECK(loops.is_due(start + 24h));
}

}  // namespace liveness_test
