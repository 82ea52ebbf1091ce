#include "peering/directory/limits.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <limits>
#include <memory>
#include <thread>
#include <vector>

namespace limits_test {

using namespace peering;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t amount_max = std::numeric_limits<std::uint64_t>::max();
const ilp::steady_time start = ilp::steady_time{} + 1000h;

}  // namespace

TEST_CASE("A27-65: a burst passes whole, the next packet waits for the refill") {
    for (const std::uint64_t rate : {1U, 3U, 7U, 10U, 999U, 1000U}) {
        CAPTURE(rate);
        token_bucket bucket{rate, rate};
        for (std::uint64_t i = 0; i < rate; ++i) CHECK(bucket.try_take(1, start));
        CHECK_FALSE(bucket.try_take(1, start));
        const auto one_token = std::chrono::nanoseconds{1'000'000'000 / rate};
        CHECK_FALSE(bucket.try_take(1, start + one_token - 10ns));
        CHECK(bucket.try_take(1, start + one_token + 10ns));
        CHECK_FALSE(bucket.try_take(1, start + one_token + 10ns));
    }
}

TEST_CASE("a bucket never holds more than its burst") {
    token_bucket bucket{10, 4};
    CHECK_FALSE(bucket.try_take(5, start));
    CHECK(bucket.try_take(4, start));
    CHECK_FALSE(bucket.try_take(1, start));
    CHECK(bucket.try_take(4, start + 1h));
    CHECK_FALSE(bucket.try_take(1, start + 1h));
    CHECK(bucket.try_take(0, start + 1h));
}

TEST_CASE("a refused request takes no tokens") {
    token_bucket bucket{1000, 1000};
    CHECK(bucket.try_take(400, start));
    for (int i = 0; i < 100; ++i) CHECK_FALSE(bucket.try_take(601, start));
    CHECK(bucket.try_take(600, start));
}

TEST_CASE("a bucket does not drift in a month of steady use") {
    const auto passed_in = [](token_bucket& bucket, std::uint64_t tokens, std::chrono::nanoseconds step,
                              std::chrono::nanoseconds length) {
        std::uint64_t passed = 0;
        for (auto at = 0ns; at < length; at += step) {
            if (bucket.try_take(tokens, start + at)) passed += tokens;
        }
        return passed;
    };
    SECTION("seven packets a second, asked for more often than they flow in") {
        token_bucket bucket{7, 1};
        const auto month = std::chrono::seconds{30 * 24h};
        const std::uint64_t exact = 7U * static_cast<std::uint64_t>(month.count());
        const std::uint64_t passed = passed_in(bucket, 1, 142'857'143ns, month);
        CHECK(passed <= exact + 1);
        CHECK(passed >= exact - 2);
    }
    SECTION("an amount per second that does not divide a second") {
        token_bucket bucket{999'999'937, 999'999'937};
        const std::uint64_t passed = passed_in(bucket, 333'333, 333us, 1000s);
        CHECK(passed <= 999'999'937ULL * 1001);
        CHECK(passed >= 999'999'937ULL * 999);
    }
    SECTION("10^15 a second in parts of 10^9") {
        token_bucket bucket{1'000'000'000'000'000, 1'000'000'000'000'000};
        const std::uint64_t passed = passed_in(bucket, 1'000'000'000, 900ns, 10s);
        CHECK(passed <= 11'000'000'000'000'000);
        CHECK(passed >= 10'999'990'000'000'000);
    }
}

TEST_CASE("amounts up to 2^64-1 do not overflow a bucket") {
    token_bucket widest{amount_max, amount_max};
    CHECK(widest.try_take(amount_max, start));
    CHECK_FALSE(widest.try_take(amount_max, start));
    CHECK_FALSE(widest.try_take(amount_max / 2, start + 499ms));
    CHECK(widest.try_take(amount_max / 2, start + 501ms));
    CHECK(widest.try_take(amount_max, start + 87600h));

    token_bucket half{amount_max / 2 + 1, amount_max / 2 + 1};
    CHECK_FALSE(half.try_take(amount_max / 2 + 2, start));
    CHECK(half.try_take(amount_max / 2 + 1, start));

    token_bucket slow{1, amount_max};
    CHECK(slow.try_take(amount_max, start));
    CHECK_FALSE(slow.try_take(amount_max, start));
    CHECK_FALSE(slow.try_take(amount_max, start + 87600h));
    CHECK(slow.try_take(1, start + 1s));

    token_bucket closed{0, 0};
    CHECK_FALSE(closed.try_take(1, start));
    CHECK(closed.try_take(0, start));
}

TEST_CASE("threads that share a bucket never take more than it holds") {
    constexpr int threads = 4;
    constexpr std::uint64_t rate = 1'000'000;
    token_bucket bucket{rate, 1000};
    std::atomic<std::uint64_t> taken{0};
    std::vector<std::jthread> takers;
    for (int t = 0; t < threads; ++t) {
        takers.emplace_back([&, t] {
            // The threads' clocks differ by some nanoseconds, as real ones do.
            for (int i = 0; i < 20'000; ++i) {
                if (bucket.try_take(1, start + std::chrono::nanoseconds{100 * i + t})) {
                    taken.fetch_add(1, std::memory_order_relaxed);
                }
            }
        });
    }
    takers.clear();
    // The refill of 2 ms at 10^6 per second, plus the burst.
    CHECK(taken.load() <= 1000 + 2000 + 1);
    CHECK(taken.load() >= 1000);
    CHECK_FALSE(bucket.try_take(1000, start + 2ms));
    CHECK(bucket.try_take(1000, start + 4ms));
}

TEST_CASE("tokens that are given back can be taken again, and do not overfill the bucket") {
    token_bucket bucket{1000, 1000};
    CHECK(bucket.try_take(1000, start));
    bucket.give_back(400);
    CHECK_FALSE(bucket.try_take(401, start));
    CHECK(bucket.try_take(400, start));
    bucket.give_back(1000);
    CHECK_FALSE(bucket.try_take(1001, start + 1h));
    CHECK(bucket.try_take(1000, start + 1h));
    CHECK_FALSE(bucket.try_take(1, start + 1h));
}

TEST_CASE("any sequence of takes and returns leaves a bucket as it was") {
    for (const std::uint64_t rate : {1U, 3U, 7U, 999U, 1'000'003U}) {
        CAPTURE(rate);
        token_bucket bucket{rate, rate};
        for (int i = 0; i < 1000; ++i) {
            REQUIRE(bucket.try_take(rate, start));
            REQUIRE_FALSE(bucket.try_take(1, start));
            bucket.give_back(rate);
        }
    }
}

TEST_CASE("an amount in use has a bound") {
    amount_in_use used{{100}};
    CHECK(used.max() == ilp::amount{100});
    CHECK_FALSE(used.try_take({101}));
    CHECK(used.try_take({60}));
    CHECK_FALSE(used.try_take({41}));
    CHECK(used.try_take({40}));
    CHECK(used.try_take({0}));
    CHECK_FALSE(used.try_take({1}));
    used.give_back({60});
    CHECK(used.try_take({60}));
    amount_in_use widest{{amount_max}};
    CHECK(widest.try_take({amount_max}));
    CHECK_FALSE(widest.try_take({amount_max}));
    widest.give_back({amount_max});
    CHECK(widest.try_take({amount_max}));
}

TEST_CASE("another bound on an amount in use counts what is in use already") {
    amount_in_use before{{1000}};
    CHECK(before.try_take({1000}));
    amount_in_use lower = before.with_max({500});
    CHECK(lower.max() == ilp::amount{500});
    CHECK(before.max() == ilp::amount{1000});
    CHECK_FALSE(lower.try_take({1}));
    CHECK(lower.try_take({0}));
    before.give_back({500});
    CHECK_FALSE(lower.try_take({1}));
    before.give_back({1});
    CHECK(lower.try_take({1}));
    amount_in_use higher = lower.with_max({amount_max});
    CHECK_FALSE(higher.try_take({amount_max - 499}));
    CHECK(higher.try_take({amount_max - 500}));

    CHECK_FALSE(with_max(before, std::nullopt));
    CHECK_FALSE(with_max(before, ilp::amount{1000})->try_take({1}));
    CHECK(with_max(std::nullopt, ilp::amount{1000})->try_take({1000}));
}

TEST_CASE("a packet that ends after a change of the limits gives back to those it has taken from") {
    const auto before = std::make_shared<peer_limits>();
    before->incoming_throughput = std::make_shared<token_bucket>(100, 100);
    before->in_flight_amount.emplace(ilp::amount{100});
    const auto after = std::make_shared<peer_limits>();
    const auto take = [](taken_limits& limits, const std::shared_ptr<peer_limits>& sender, std::uint64_t incoming) {
        return limits.try_take(sender, {incoming}, nullptr, {}, start);
    };
    using enum taken_limits::shortage;
    taken_limits first;
    taken_limits second;
    REQUIRE(take(first, before, 100) == none);

    SECTION("another bound on the amount in flight, and the same throughput") {
        after->incoming_throughput = before->incoming_throughput;
        after->in_flight_amount = with_max(before->in_flight_amount, ilp::amount{50});
        CHECK(take(second, after, 1) == in_flight_amount);
        first.end({100});
        CHECK(take(second, after, 51) == in_flight_amount);
        CHECK(take(second, after, 50) == incoming_throughput);
    }
    SECTION("another throughput, and the same bound on the amount in flight") {
        after->incoming_throughput = std::make_shared<token_bucket>(200, 200);
        after->in_flight_amount = before->in_flight_amount;
        CHECK(take(second, after, 1) == in_flight_amount);
        first.give_back_throughput({100}, {}, 0s);
        first.end({100});
        CHECK(before->incoming_throughput->try_take(100, start));
        REQUIRE(take(second, after, 100) == none);
        second.end({100});
    }
    SECTION("no bound any more") {
        after->incoming_throughput = before->incoming_throughput;
        CHECK(take(second, after, 1) == incoming_throughput);
        first.give_back_throughput({100}, {}, 0s);
        first.end({100});
        REQUIRE(take(second, after, 100) == none);
        second.end({100});
        CHECK(before->in_flight_amount->try_take({100}));
    }
}

TEST_CASE("throughput that would have flowed in again anyway is not given back, so that no burst exceeds the limit") {
    const auto sender = std::make_shared<peer_limits>();
    sender->incoming_throughput = std::make_shared<token_bucket>(100, 200);
    CHECK(sender->incoming_throughput->fill_time() == 2s);
    taken_limits packet;
    REQUIRE(packet.try_take(sender, {200}, nullptr, {}, start) == taken_limits::shortage::none);
    REQUIRE(sender->incoming_throughput->try_take(200, start + 2s));
    packet.give_back_throughput({200}, {}, 2s);
    CHECK_FALSE(sender->incoming_throughput->try_take(1, start + 2s));
    packet.give_back_throughput({200}, {}, 1999ms);
    CHECK(sender->incoming_throughput->try_take(200, start + 2s));
}

TEST_CASE("a packet takes from all limits or from none, and gives back to those it has taken from") {
    const auto sender = std::make_shared<peer_limits>();
    sender->incoming_throughput = std::make_shared<token_bucket>(100, 100);
    sender->in_flight_amount.emplace(ilp::amount{150});
    const auto next_hop = std::make_shared<peer_limits>();
    next_hop->outgoing_throughput = std::make_shared<token_bucket>(50, 50);
    const auto take = [&](taken_limits& limits, std::uint64_t incoming, std::uint64_t outgoing) {
        return limits.try_take(sender, {incoming}, &next_hop, {outgoing}, start);
    };
    using enum taken_limits::shortage;
    taken_limits first;
    CHECK(take(first, 151, 1) == in_flight_amount);
    CHECK(take(first, 101, 1) == incoming_throughput);
    CHECK(take(first, 100, 51) == outgoing_throughput);
    REQUIRE(take(first, 100, 50) == none);

    taken_limits second;
    CHECK(take(second, 1, 0) == incoming_throughput);
    CHECK(take(second, 0, 1) == outgoing_throughput);
    first.give_back_throughput({100}, {50}, 0s);
    CHECK(take(second, 51, 0) == in_flight_amount);
    first.end({100});
    REQUIRE(take(second, 100, 50) == none);

    // A fulfilled packet keeps its throughput.
    second.end({100});
    taken_limits third;
    CHECK(take(third, 1, 0) == incoming_throughput);
}

TEST_CASE("a bucket recognizes its terms") {
    const token_bucket bucket{10, 20};
    CHECK(bucket.has_terms(10, 20));
    CHECK_FALSE(bucket.has_terms(10, 10));
    CHECK_FALSE(bucket.has_terms(20, 20));
}

}  // namespace limits_test
