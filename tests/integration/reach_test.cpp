#include "tests/integration/store_place.hpp"
#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <limits>
#include <map>
#include <random>

namespace reach_test {

namespace {

using namespace support;

constexpr std::uint64_t u64_max = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t half = std::uint64_t{1} << 63;

}  // namespace

TEMPLATE_TEST_CASE("A27-30 A32-12: the largest amounts go back and forth and survive kill -9", "", on_sqlite,
                   on_postgresql) {
    const store_place place{TestType::kind};
    rig r{[&](daemon_terms& terms) {
        terms.store = place.url();
        terms.peers[0].liquidity = u64_max;
        terms.peers[1].liquidity = 0;
    }};
    const auto there = [&](std::uint64_t amount) { return outcome(r.send({.amount = amount})); };
    const auto back = [&](std::uint64_t amount) {
        return outcome(r.d.post(prepare{.amount = amount, .destination = "test.p1.x"}, "p2"));
    };
    CHECK(there(half) == "fulfill");
    CHECK(r.p2.last_prepare().amount == half);
    CHECK(there(half) == "T04");
    CHECK(there(half - 1) == "fulfill");
    CHECK(there(1) == "T04");
    CHECK(back(u64_max) == "fulfill");
    CHECK(r.p1.last_prepare().amount == u64_max);
    // The totals exceed 2^64 many times over.
    for (int round = 0; round < 5; ++round) {
        CHECK(there(u64_max) == "fulfill");
        CHECK(back(u64_max) == "fulfill");
    }
    CHECK(there(u64_max - 1) == "fulfill");
    r.d.kill9();
    r.d.start();
    CHECK(place.peers()["p1"].balance() == 1);
    CHECK(place.peers()["p2"].balance() == u64_max - 1);
    CHECK(there(2) == "T04");
    CHECK(there(1) == "fulfill");
    CHECK(back(u64_max) == "fulfill");
    CHECK(r.d.audit().status == 0);
}

TEMPLATE_TEST_CASE("A27-33 A27-34: scales 0 and 255", "", on_sqlite, on_postgresql) {
    const store_place place{TestType::kind};
    fake_peer server;
    daemon_terms terms;
    terms.store = place.url();
    for (const auto& [name, scale] : {std::pair{"coarse", 0}, {"fine", 255}, {"mid", 19}}) {
        terms.assets.push_back({"USD", static_cast<std::uint8_t>(scale), u64_max - 1});
        for (const char* number : {"1", "2"}) {
            terms.peers.push_back({.name = std::string{name} + number,
                                   .port = server.port(),
                                   .scale = static_cast<std::uint8_t>(scale),
                                   .liquidity = half});
        }
    }
    ilpd_daemon d{terms};
    const auto send = [&](const char* from, const char* to, std::uint64_t amount) {
        return outcome(d.post(prepare{.amount = amount, .destination = std::string{"test."} + to}, from));
    };
    // At one scale nothing is converted.
    CHECK(send("coarse1", "coarse2", half - 1) == "fulfill");
    CHECK(send("fine1", "fine2", half - 1) == "fulfill");
    CHECK(server.last_prepare().amount == half - 1);
    // Between the two extremes of scale, no amount but 0 can be converted.
    CHECK(send("coarse2", "fine1", 1) == "F08");
    CHECK(send("coarse2", "fine1", u64_max) == "F08");
    CHECK(send("fine2", "coarse1", u64_max) == "R01");
    CHECK(send("coarse2", "fine1", 0) == "fulfill");
    CHECK(send("fine2", "coarse1", 0) == "fulfill");
    // 10^19 is the largest power of ten that an amount can hold.
    CHECK(send("coarse2", "mid1", 2) == "F08");
    CHECK(send("mid1", "coarse1", 9'999'999'999'999'999'999U) == "R01");
    CHECK(send("coarse2", "mid1", 1) == "T04");  // exceeds what the account of mid1 can still take
    CHECK(send("mid1", "mid2", half - 1) == "fulfill");
    CHECK(send("coarse2", "mid1", 1) == "fulfill");
    CHECK(server.last_prepare().amount == 10'000'000'000'000'000'000U);
    CHECK(d.stop() == 0);
    d.start();
    CHECK(place.peers()["coarse1"].balance() == 1);
    CHECK(place.peers()["mid1"].balance() == 10'000'000'000'000'000'001U);
    CHECK(place.peers()["fine2"].balance() == u64_max);
    CHECK(d.audit().status == 0);
}

TEMPLATE_TEST_CASE("scale: ten thousand peers in fifty assets", "", on_sqlite, on_postgresql) {
    constexpr std::size_t peers = 10'000;
    constexpr std::size_t assets = 50;
    const store_place place{TestType::kind};
    fake_peer server;
    daemon_terms terms;
    terms.log_level = "info";
    terms.store = place.url();
    terms.peers.reserve(peers);
    for (std::size_t i = 0; i < peers; ++i) {
        terms.peers.push_back({.name = "p" + std::to_string(i),
                               .port = server.port(),
                               .code = "A" + std::to_string(i % assets),
                               .scale = static_cast<std::uint8_t>(i % assets)});
    }
    ilpd_daemon d{terms};
    std::mt19937 random{1};
    std::map<std::size_t, std::uint64_t> balances;
    for (int i = 0; i < 300; ++i) {
        const std::size_t asset = random() % assets;
        const std::size_t from = asset + assets * (random() % (peers / assets));
        const std::size_t to = asset + assets * (random() % (peers / assets));
        if (from == to) continue;
        const std::uint64_t amount = random() % 1'000'000;
        const prepare sent{.amount = amount, .destination = "test.p" + std::to_string(to) + ".x"};
        const auto response = d.post(sent, "p" + std::to_string(from));
        REQUIRE(outcome(response) == "fulfill");
        balances.try_emplace(from, default_liquidity).first->second -= amount;
        balances.try_emplace(to, default_liquidity).first->second += amount;
    }
    const auto expect_balances = [&] {
        const metrics shown = d.scrape();
        int wrong = 0;
        for (std::size_t i = 0; i < peers; ++i) {
            const auto changed = balances.find(i);
            const std::uint64_t expected = changed == balances.end() ? default_liquidity : changed->second;
            const std::string series = "ilp_peer_liquidity{peer=\"p" + std::to_string(i) + "\",asset=\"A" +
                                       std::to_string(i % assets) + "/" + std::to_string(i % assets) + "\"}";
            const auto found = shown.series().find(series);
            wrong += found == shown.series().end() || found->second != static_cast<double>(expected);
        }
        CHECK(wrong == 0);
    };
    expect_balances();
    d.kill9();
    d.start();
    expect_balances();
    const auto audit = d.audit();
    INFO(audit.standard_error);
    CHECK(audit.status == 0);
    CHECK(audit.standard_output.contains("10100 accounts in 50 assets"));
}

}  // namespace reach_test
