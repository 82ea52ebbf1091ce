#include "connector/routing/fair_share.hpp"

#include <catch2/catch.hpp>

#include <cstddef>
#include <vector>

namespace fair_share_test {

using connector::exceeds_fair_share;

TEST_CASE("fair share: a next hop may have four times as many packets in flight as there are free places") {
    CHECK_FALSE(exceeds_fair_share(0, 0, 100));
    CHECK_FALSE(exceeds_fair_share(79, 80, 100));
    CHECK(exceeds_fair_share(80, 80, 100));
    CHECK(exceeds_fair_share(4, 99, 100));
    CHECK_FALSE(exceeds_fair_share(3, 99, 100));
}

TEST_CASE("fair share: without a free place even a next hop without packets gets none") {
    CHECK(exceeds_fair_share(0, 100, 100));
}

TEST_CASE("fair share: however many next hops take all they may, a place stays free") {
    for (const std::size_t next_hops : {1U, 2U, 16U}) {
        std::vector<std::size_t> to(next_hops);
        std::size_t in_flight = 0;
        for (bool grows = true; grows;) {
            grows = false;
            for (auto& packets : to) {
                if (in_flight == 1000 || exceeds_fair_share(packets, in_flight, 1000)) continue;
                ++packets;
                ++in_flight;
                grows = true;
            }
        }
        CHECK(in_flight < 1000);
        CHECK(in_flight >= 1000 * 4 * next_hops / (4 * next_hops + 1));
    }
}

}  // namespace fair_share_test
