#include "connector/metrics/counters.hpp"

#include <catch2/catch.hpp>

#include <numeric>
#include <utility>

namespace counters_test {

using namespace connector;

TEST_CASE("counters: a duration goes into the first bucket whose bound it does not exceed") {
    duration_histogram histogram;
    histogram.observe(0);
    histogram.observe(0.0005);  // a bound is inclusive
    histogram.observe(0.00051);
    histogram.observe(30);
    histogram.observe(30.1);
    CHECK(histogram.buckets.front() == 2);
    CHECK(histogram.buckets[1] == 1);
    CHECK(histogram.buckets[duration_bounds.size() - 1] == 1);
    CHECK(histogram.buckets.back() == 1);
    CHECK(std::accumulate(histogram.buckets.begin(), histogram.buckets.end(), std::uint64_t{0}) == 5);
    CHECK(histogram.sum == Approx(60.10101));
}

TEST_CASE("counters: Rejects are counted by code, those with codes unknown to RFC 27 together") {
    packet_counters counters;
    counters.count_reject("F00");
    counters.count_reject("R99");
    counters.count_reject(ilp::error_code::r99_application_error);
    counters.count_reject("F09");
    counters.count_reject("\x01\x02\x03");
    counters.count_reject("");
    CHECK(counters.rejects.front() == 1);
    CHECK(counters.rejects[ilp::error_code_count - 1] == 2);
    CHECK(counters.rejects.back() == 3);
}

TEST_CASE("counters: refusals are counted by reason, and take only a pointer while there are none") {
    static_assert(sizeof(refusal_counters) == sizeof(void*));
    refusal_counters refusals;
    CHECK(refusals.empty());
    CHECK(refusals[reject_reason::no_rate] == 0);
    refusals.count(reject_reason::no_rate);
    refusals.count(reject_reason::no_rate);
    refusals.count(reject_reason::wrong_fulfillment);
    CHECK_FALSE(refusals.empty());
    CHECK(refusals[reject_reason::draining] == 0);
    CHECK(refusals[reject_reason::no_rate] == 2);
    CHECK(refusals[reject_reason::wrong_fulfillment] == 1);
}

TEST_CASE("counters: a copy of refusals has its own numbers") {
    refusal_counters refusals;
    refusals.count(reject_reason::no_route);
    const refusal_counters copy = refusals;
    refusal_counters assigned;
    assigned = copy;
    refusals.count(reject_reason::no_route);
    CHECK(copy[reject_reason::no_route] == 1);
    CHECK(assigned[reject_reason::no_route] == 1);
    assigned = std::move(refusals);
    CHECK(assigned[reject_reason::no_route] == 2);
    assigned = refusal_counters{};
    CHECK(assigned.empty());
}

TEST_CASE("counters: refusals are added to those of a peer with some and of a peer with none") {
    refusal_counters refusals;
    refusals.count(reject_reason::no_route);
    refusal_counters sum;
    sum.add({});
    CHECK(sum.empty());
    sum.add(refusals);
    sum.add(refusals);
    sum.add({});
    CHECK(sum[reject_reason::no_route] == 2);
    CHECK(refusals[reject_reason::no_route] == 1);
}

TEST_CASE("counters: adding adds every number") {
    const auto filled = [](std::uint64_t unit) {
        peer_counters counters;
        std::uint64_t next = unit;
        for (packet_counters* const direction : {&counters.incoming, &counters.outgoing}) {
            direction->prepares = next += unit;
            direction->fulfills = next += unit;
            direction->amount = static_cast<double>(next += unit);
            for (std::uint64_t& count : direction->rejects) count = next += unit;
        }
        counters.packets_in_flight = next += unit;
        counters.amount_in_flight = static_cast<double>(next += unit);
        for (std::uint64_t& count : counters.duration.buckets) count = next += unit;
        counters.duration.sum = static_cast<double>(next += unit);
        for (std::uint64_t i = 0; i < unit; ++i) counters.refusals.count(reject_reason::no_route);
        return counters;
    };
    peer_counters sum = filled(1);
    sum.add(filled(1000));
    const peer_counters expected = filled(1001);
    for (const auto direction : {&peer_counters::incoming, &peer_counters::outgoing}) {
        CHECK((sum.*direction).prepares == (expected.*direction).prepares);
        CHECK((sum.*direction).fulfills == (expected.*direction).fulfills);
        CHECK((sum.*direction).amount == (expected.*direction).amount);
        CHECK((sum.*direction).rejects == (expected.*direction).rejects);
    }
    CHECK(sum.packets_in_flight == expected.packets_in_flight);
    CHECK(sum.amount_in_flight == expected.amount_in_flight);
    CHECK(sum.duration.buckets == expected.duration.buckets);
    CHECK(sum.duration.sum == expected.duration.sum);
    CHECK(sum.refusals[reject_reason::no_route] == expected.refusals[reject_reason::no_route]);
}

}  // namespace counters_test
