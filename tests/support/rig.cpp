#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

namespace support {

void rig::expect_untouched() const {
    d.wait_until_idle();
    CHECK(p1.request_count() == 0);
    CHECK(p2.request_count() == 0);
    CHECK(d.liquidity("p1") == default_liquidity);
    CHECK(d.liquidity("p2") == default_liquidity);
}

}  // namespace support
