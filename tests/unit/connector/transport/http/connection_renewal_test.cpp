#include "connector/transport/http/connection_renewal.hpp"

#include <catch2/catch.hpp>

#include <set>

namespace connection_renewal_test {

using connector::connection_renewal;
using namespace std::chrono_literals;

TEST_CASE(
    "connection renewal: connections are used for at least three quarters of the greatest age, each differently") {
    connection_renewal renewal{60s};
    const ilp::steady_time now{1h};
    std::set<ilp::steady_time> ends;
    for (int i = 0; i < 100; ++i) ends.insert(renewal.use_until(now));
    CHECK(ends.size() == 100);
    CHECK(*ends.begin() >= now + 45s);
    CHECK(*ends.rbegin() <= now + 60s);
    CHECK(*ends.rbegin() - *ends.begin() > 14s);
}

TEST_CASE("connection renewal: after several refusals in a row connections are replaced, and then not for a while") {
    connection_renewal renewal{60s};
    ilp::steady_time now{1h};
    const auto refused = [&](unsigned times) {
        int replaced = 0;
        for (unsigned i = 0; i < times; ++i) replaced += renewal.answered(503, now);
        return replaced;
    };
    CHECK(refused(connection_renewal::failures_max - 1) == 0);
    CHECK_FALSE(renewal.answered(200, now));
    CHECK(refused(connection_renewal::failures_max - 1) == 0);
    CHECK(refused(1) == 1);
    CHECK(refused(1000) == 0);
    now += connection_renewal::pause;
    CHECK(refused(1) == 1);
}

TEST_CASE("connection renewal: packets without an answer count as refusals do, and an answer ends the count") {
    connection_renewal renewal{60s};
    const ilp::steady_time now{1h};
    CHECK_FALSE(renewal.failed(now));
    CHECK_FALSE(renewal.answered(200, now));
    for (unsigned i = 0; i + 2 < connection_renewal::failures_max; ++i) CHECK_FALSE(renewal.failed(now));
    CHECK_FALSE(renewal.answered(503, now));
    CHECK(renewal.failed(now));
    CHECK_FALSE(renewal.failed(now));
}

}  // namespace connection_renewal_test
