#include "tests/bench/histogram.hpp"

#include <catch2/catch.hpp>

#include <limits>

namespace histogram_test {

using bench::histogram;

TEST_CASE("quantiles of a histogram lie within a bucket of the exact ones") {
    histogram latencies;
    for (std::uint64_t value = 1; value <= 100'000; ++value) latencies.add(value);
    CHECK(latencies.total() == 100'000);
    CHECK(latencies.quantile(0.5) == Approx(50'000).epsilon(1.0 / 64));
    CHECK(latencies.quantile(0.99) == Approx(99'000).epsilon(1.0 / 64));
    CHECK(latencies.quantile(0.999) == Approx(99'900).epsilon(1.0 / 64));
}

TEST_CASE("small values have buckets of their own") {
    histogram latencies;
    latencies.add(0);
    latencies.add(63);
    CHECK(latencies.quantile(0.5) == 0);
    CHECK(latencies.quantile(1) == 63);
}

TEST_CASE("the largest value has a bucket, and an empty histogram has a quantile") {
    histogram latencies;
    CHECK(latencies.quantile(0.5) == 0);
    latencies.add(std::numeric_limits<std::uint64_t>::max());
    CHECK(latencies.quantile(0.5) == Approx(1.8446744e19).epsilon(1.0 / 64));
}

}  // namespace histogram_test
