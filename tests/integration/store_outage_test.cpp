#include "tests/integration/store_blockade.hpp"
#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace support;
using namespace std::chrono_literals;
using integration::store_blockade;

}  // namespace

TEST_CASE("money: a fulfillment that came in time waits for the store, even beyond the sender's expiry") {
    rig r{[](daemon_terms& terms) { terms.connector = {"workers: 1", "min_expiration_window: 200ms"}; }};
    const prepare sent{.amount = 10, .expires_at = now() + 1500ms};
    CHECK(outcome(r.send({.amount = 1})) == "fulfill");

    store_blockade blockade{r.d.folder() / "ilpd.db"};
    http_connection connection{r.d.port()};
    connection.send(ilp_request(encode(sent)));
    REQUIRE(r.p2.wait_for_requests(2));
    // Not durable, so nobody is told; new packets are refused as soon as the store is known to be down.
    REQUIRE(eventually([&] { return outcome(r.send({.amount = 0, .expires_in = 300ms})) == "T00"; }));
    CHECK(r.d.running());
    while (now() <= *sent.expires_at) CHECK(!connection.receive(100ms));
    CHECK_THROWS(http_get(r.d.metrics_port(), "/readyz"));
    CHECK_NOTHROW(http_get(r.d.metrics_port(), "/healthz"));

    blockade.lift();
    REQUIRE(eventually([&] { return outcome(r.send({.amount = 100})) == "fulfill"; }));
    CHECK_NOTHROW(http_get(r.d.metrics_port(), "/readyz"));
    CHECK(r.d.settled_liquidity("p2") == default_liquidity + 111);
    CHECK(r.d.liquidity("p1") == default_liquidity - 111);
    r.d.kill9();
    r.d.start();
    CHECK(r.d.liquidity("p2") == default_liquidity + 111);
    CHECK(r.d.liquidity("p1") == default_liquidity - 111);
}
