#include "peering/admin/seen_signatures.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>
#include <vector>

namespace seen_signatures_test {

using namespace peering::admin;
using namespace std::chrono_literals;
using verdict = seen_signatures::verdict;

namespace {

const ilp::timestamp then{1'718'000'000'000ms};
const ilp::timestamp before = then - 24h;  ///< the daemon's start

checked_signature signature(ilp::timestamp time, std::uint8_t number = 0) {
    return {time, {number}};
}

}  // namespace

TEST_CASE("seen signatures: each is accepted once while it is valid") {
    seen_signatures seen{before};
    CHECK(seen.record(signature(then, 1), then) == verdict::first_use);
    CHECK(seen.record(signature(then, 1), then) == verdict::repeated);
    CHECK(seen.record(signature(then, 2), then) == verdict::first_use);
    CHECK(seen.record(signature(then + 1ms, 1), then) == verdict::first_use);
    CHECK(seen.record(signature(then, 1), then + 30s) == verdict::repeated);
    CHECK(seen.record(signature(then + 30s, 1), then) == verdict::first_use);
    CHECK(seen.record(signature(then + 30s, 1), then + 60s) == verdict::repeated);
}

TEST_CASE("seen signatures: a clock that goes back does not make old signatures acceptable again") {
    seen_signatures seen{before};
    CHECK(seen.record(signature(then, 1), then) == verdict::first_use);
    CHECK(seen.record(signature(then + 31s, 1), then + 31s) == verdict::first_use);
    CHECK(seen.record(signature(then, 1), then) == verdict::repeated);
    CHECK(seen.record(signature(then + 1s, 1), then + 1s) == verdict::first_use);
}

TEST_CASE("seen signatures: a clock that goes back does not lock out new signatures") {
    seen_signatures seen{before};
    CHECK(seen.record(signature(then, 1), then) == verdict::first_use);
    CHECK(seen.record(signature(then + 30min, 1), then + 30min) == verdict::first_use);
    CHECK(seen.record(signature(then + 1h, 1), then + 1h) == verdict::first_use);
    CHECK(seen.record(signature(then + 1s, 1), then + 1s) == verdict::first_use);
    CHECK(seen.record(signature(then, 1), then + 1s) == verdict::repeated);
    CHECK(seen.record(signature(then + 1h, 1), then + 1h) == verdict::repeated);
}

TEST_CASE("seen signatures: a signature older than one that was forgotten counts as used") {
    seen_signatures seen{before, 2};
    CHECK(seen.record(signature(then, 1), then) == verdict::first_use);
    CHECK(seen.record(signature(then + 1s, 1), then + 1s) == verdict::first_use);
    CHECK(seen.record(signature(then + 40s, 1), then + 40s) == verdict::first_use);  // forgets the first
    CHECK(seen.record(signature(then, 1), then) == verdict::repeated);
    CHECK(seen.record(signature(then, 2), then) == verdict::repeated);
}

TEST_CASE("seen signatures: a signature from before the start is refused, because it may have been used") {
    seen_signatures seen{then};
    CHECK(seen.record(signature(then - 1ms, 1), then) == verdict::before_start);
    CHECK(seen.record(signature(then, 1), then) == verdict::first_use);
    CHECK(seen.record(signature(then, 1), then) == verdict::repeated);
}

TEST_CASE("seen signatures: none is forgotten when the set is full") {
    seen_signatures seen{before, 2};
    CHECK(seen.record(signature(then, 1), then) == verdict::first_use);
    CHECK(seen.record(signature(then + 1ms, 2), then) == verdict::first_use);
    CHECK(seen.record(signature(then, 3), then) == verdict::full);
    CHECK(seen.record(signature(then, 1), then) == verdict::repeated);
    CHECK(seen.record(signature(then + 1s, 3), then + 30s) == verdict::full);
    CHECK(seen.record(signature(then + 1s, 3), then + 30s + 1ms) == verdict::first_use);
    CHECK(seen_signatures_max == 65'536);
}

TEST_CASE("seen signatures: of many threads exactly one is the first") {
    seen_signatures seen{before};
    std::atomic<int> firsts = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (std::uint8_t number = 0; number < 200; ++number)
                if (seen.record(signature(then, number), then) == verdict::first_use) ++firsts;
        });
    for (auto& thread : threads) thread.join();
    CHECK(firsts == 200);
}

}  // namespace seen_signatures_test
