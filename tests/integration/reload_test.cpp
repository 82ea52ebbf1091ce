#include "tests/integration/neighbourhood.hpp"
#include "tests/integration/packet_under_way.hpp"
#include "tests/integration/store_place.hpp"
#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace reload_test {

namespace {

using namespace support;

bool has_peer(const ilpd_daemon& d, const std::string& name) {
    return d.scrape().has("ilp_peer_liquidity", {{"peer", name}});
}

}  // namespace

TEMPLATE_TEST_CASE("reload: peers with deposits are added under load and nothing is lost", "", on_sqlite,
                   on_postgresql) {
    const store_place place{TestType::kind};
    neighbourhood peers;
    fake_peer newcomer;
    ilpd_daemon d{peers.terms(place.url())};
    {
        const neighbourhood::load load{peers, d};
        for (int i = 0; i < 8; ++i) {
            const std::string name = "new" + std::to_string(i);
            d.terms().peers.push_back(
                {.name = name, .port = newcomer.port(), .code = i % 2 == 0 ? "USD" : "EUR", .liquidity = 77});
            d.reload();
            REQUIRE(eventually([&] { return has_peer(d, name); }));
            if (i % 2 == 0) {
                const prepare sent{.amount = 7, .destination = "test.new0.x"};
                CHECK(outcome(d.post(sent, name)) == (i == 0 ? "F02" : "fulfill"));  // never back to its sender
            }
            const std::uint64_t before = peers.answers("fulfill");
            REQUIRE(eventually([&] { return peers.answers("fulfill") > before + 10; }));
        }
    }
    CHECK(peers.unanswered() == 0);
    CHECK(peers.answers("T00") == 0);
    CHECK(d.settled_liquidity("new0") == 77 + 3 * 7);
    CHECK(d.liquidity("new2") == 77 - 7);
    CHECK(d.liquidity("new7") == 77);
    // The new peers took part, so the neighbours' own sums are checked after their end.
    peers.expect_booked(d, place);
    d.kill9();
    d.start();
    CHECK(d.liquidity("new7") == 77);
    CHECK(d.audit().status == 0);
}

TEMPLATE_TEST_CASE("reload: while the store is down it is refused and the next one works", "", on_sqlite,
                   on_postgresql) {
    store_place place{TestType::kind};
    rig r{[&](daemon_terms& terms) { terms.store = place.url(); }};
    packet_under_way packet{r, 10};
    place.fail();
    packet.fulfill();
    REQUIRE(eventually([&] { return !r.d.is_ready(); }));

    r.d.terms().peers[0].terms = {"max_packet_amount: 50"};
    r.d.terms().peers.push_back({.name = "p3", .liquidity = 77});
    r.d.reload();
    REQUIRE(eventually([&] { return r.d.has_logged("the reload failed; nothing has changed"); }));
    CHECK(r.d.logs("the store is not available"));
    CHECK(!has_peer(r.d, "p3"));

    place.come_back();
    packet.expect_fulfilled();
    REQUIRE(eventually([&] { return r.d.is_ready(); }));
    CHECK(outcome(r.send({.amount = 51})) == "fulfill");
    CHECK(!has_peer(r.d, "p3"));
    r.d.reload();
    REQUIRE(eventually([&] { return has_peer(r.d, "p3"); }));
    CHECK(r.d.liquidity("p3") == 77);
    REQUIRE(eventually([&] { return outcome(r.send({.amount = 51})) == "F08"; }));
    CHECK(r.d.audit().status == 0);
}

TEMPLATE_TEST_CASE("reload: a reload during which the store fails takes effect once", "", on_sqlite, on_postgresql) {
    // The store fails without the daemon noticing. The reload notices, and is either refused or done later.
    store_place place{TestType::kind};
    rig r{[&](daemon_terms& terms) { terms.store = place.url(); }};
    place.fail();
    r.d.terms().peers.push_back({.name = "p3", .liquidity = 77});
    r.d.reload();
    REQUIRE(eventually([&] { return !r.d.is_ready() || r.d.has_logged("the reload failed"); }));
    place.come_back();
    REQUIRE(eventually([&] { return r.d.is_ready(); }));
    r.d.reload();
    REQUIRE(eventually([&] { return has_peer(r.d, "p3"); }));
    CHECK(r.d.liquidity("p3") == 77);
    CHECK(outcome(r.send({.amount = 51})) == "fulfill");
    CHECK(r.d.audit().status == 0);
}

}  // namespace reload_test
