#include "tests/integration/packet_under_way.hpp"
#include "tests/integration/small_file_system.hpp"
#include "tests/integration/store_place.hpp"
#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>

namespace store_outage_test {

namespace {

using namespace support;
using namespace std::chrono_literals;

/// Lets one packet be fulfilled while the store fails and checks that the next one is refused. Then lets the store come
/// back, and requires that the first one is answered and booked.
void expect_outage_survived(rig& r, const std::function<void()>& fail, const std::function<void()>& come_back) {
    const std::uint64_t before = r.d.settled_liquidity("p2");
    packet_under_way packet{r, 10};
    fail();
    packet.fulfill();
    REQUIRE(eventually([&] { return !r.d.is_ready(); }));
    expect_reject(r.send({.amount = 20, .expires_in = 30s}), "T00");
    CHECK(r.d.running());
    CHECK(!packet.is_answered());
    const metrics during = r.d.scrape();
    CHECK(during.sum("ilp_ready") == 0);
    CHECK(during.sum("ilp_packets_waiting", {{"waits_for", "store"}}) == 1);
    come_back();
    packet.expect_fulfilled();
    REQUIRE(eventually([&] { return r.d.is_ready(); }));
    CHECK(r.d.scrape().sum("ilp_ready") == 1);
    const prepare next{.amount = 100, .data = random_bytes(8)};
    expect_fulfill(r.send(next), next);
    CHECK(r.d.settled_liquidity("p2") == before + 110);
    CHECK(r.d.audit().status == 0);
}

/// False if the file system has no such attribute.
bool change_attribute(const char* change, const std::filesystem::path& file) {
    command what;
    what.arguments = {"chattr", change, file.string()};
    what.output = "/dev/null";
    return child_process{std::move(what)}.wait(patience) == 0;
}

/// True if nothing can be written to an immutable file in this directory, not even by who has opened it before: on a
/// tmpfs that goes on.
bool has_immutable_files(const std::filesystem::path& directory) {
    const std::filesystem::path file = directory / "immutable";
    std::ofstream opened{file};
    if (!change_attribute("+i", file)) return false;
    opened << "a line" << std::flush;
    const bool is_refused = !opened;
    return change_attribute("-i", file) && is_refused;
}

}  // namespace

TEMPLATE_TEST_CASE("money: a fulfillment that came in time waits for the store even beyond the sender's expiry", "",
                   on_sqlite, on_postgresql) {
    store_place place{TestType::kind};
    rig r{[&](daemon_terms& terms) {
        terms.connector = {"workers: 1", "min_expiration_window: 200ms"};
        terms.store = place.url();
    }};
    CHECK(outcome(r.send({.amount = 1})) == "fulfill");
    const ilp::timestamp expiry = now() + 3s;
    packet_under_way packet{r, 10, expiry};
    place.fail();
    packet.fulfill();
    // The transfer is not durable, so the sender gets no answer. New packets are refused as soon as the store is known
    // to be down.
    REQUIRE(eventually([&] { return outcome(r.send({.amount = 0, .expires_in = 300ms})) == "T00"; }));
    CHECK(r.d.running());
    while (now() <= expiry) CHECK(!packet.is_answered());
    CHECK(!r.d.is_ready());
    CHECK_NOTHROW(http_get(r.d.metrics_port(), "/healthz"));

    place.come_back();
    REQUIRE(eventually([&] { return outcome(r.send({.amount = 100})) == "fulfill"; }));
    CHECK(r.d.is_ready());
    CHECK(r.d.settled_liquidity("p2") == default_liquidity + 111);
    CHECK(r.d.liquidity("p1") == default_liquidity - 111);
    r.d.kill9();
    r.d.start();
    CHECK(r.d.liquidity("p2") == default_liquidity + 111);
    CHECK(r.d.liquidity("p1") == default_liquidity - 111);
}

TEMPLATE_TEST_CASE("store outage: nothing is lost when the store fails several times", "", on_sqlite, on_postgresql) {
    store_place place{TestType::kind};
    rig r{[&](daemon_terms& terms) { terms.store = place.url(); }};
    for (int round = 0; round < 3; ++round) {
        expect_outage_survived(r, [&] { place.fail(); }, [&] { place.come_back(); });
    }
}

TEMPLATE_TEST_CASE("store outage: memory does not grow with the packets that are refused", "", on_sqlite,
                   on_postgresql) {
    constexpr int packets = 20'000;
    constexpr std::uint64_t growth_max_kb = 16 * 1024;  // a packet that leaked would take more than 800 bytes
    store_place place{TestType::kind};
    rig r{[&](daemon_terms& terms) {
        terms.store = place.url();
        terms.log_level = "info";
    }};
    packet_under_way packet{r, 10};
    place.fail();
    packet.fulfill();
    REQUIRE(eventually([&] { return !r.d.is_ready(); }));

    http_connection refused{r.d.port()};
    const http_request request = ilp_request(encode({.amount = 20, .data = random_bytes(1000), .expires_in = 300s}));
    const auto refuse = [&](int count) {
        int others = 0;
        for (int i = 0; i < count; ++i) others += outcome(refused.exchange(request)) != "T00";
        CHECK(others == 0);
    };
    refuse(1000);
    const std::uint64_t before = r.d.process().resident_kilobytes();
    refuse(packets);
    if (memory_is_ours) CHECK(r.d.process().resident_kilobytes() <= before + growth_max_kb);
    place.come_back();
    packet.expect_fulfilled();
}

TEMPLATE_TEST_CASE("store outage: a daemon that is stopped during it says what it could not write", "", on_sqlite,
                   on_postgresql) {
    store_place place{TestType::kind};
    rig r{[&](daemon_terms& terms) { terms.store = place.url(); }};
    packet_under_way packet{r, 10};
    place.fail();
    packet.fulfill();
    REQUIRE(eventually([&] { return !r.d.is_ready(); }));
    r.d.process().signal(SIGTERM);
    REQUIRE(eventually([&] { return r.d.has_logged("stopping: new packets are refused"); }));
    CHECK(!r.d.process().wait(500ms));  // it still waits for the store
    r.d.process().signal(SIGTERM);
    CHECK(r.d.process().wait(patience) == std::optional{1});
    CHECK(r.d.logs("the store did not accept"));
    CHECK(!packet.is_answered());
    place.come_back();
    r.d.start();
    CHECK(r.d.liquidity("p1") == default_liquidity);
    CHECK(r.d.audit().status == 0);
}

TEMPLATE_TEST_CASE("store outage: a stop does not wait for packets whose answer only the store delays", "", on_sqlite,
                   on_postgresql) {
    // Without a bound of its own, the stop would last as long as a packet may be held.
    store_place place{TestType::kind};
    rig r{[&](daemon_terms& terms) {
        terms.store = place.url();
        terms.connector = {"workers: 1", "max_hold_time: 60s"};
    }};
    packet_under_way packet{r, 10, now() + 300s};
    place.fail();
    packet.fulfill();
    REQUIRE(eventually([&] { return !r.d.is_ready(); }));
    r.d.process().signal(SIGTERM);
    CHECK(r.d.process().wait(45s) == std::optional{1});
    CHECK(r.d.has_logged("the store did not accept"));
    CHECK(!packet.is_answered());
}

TEST_CASE("store outage: an SQLite file that cannot grow") {
    const store_place place{store_kind::sqlite};
    rig r{[&](daemon_terms& terms) {
        terms.store = place.url();
        terms.log_level = "info";
    }};
    const pid_t daemon = r.d.process().pid();
    const auto limit = [daemon](rlim_t size) {
        const rlimit wanted{size, RLIM_INFINITY};
        REQUIRE(::prlimit(daemon, RLIMIT_FSIZE, &wanted, nullptr) == 0);
    };
    expect_outage_survived(
        r, [&] { limit(std::filesystem::file_size(place.file().string() + "-wal")); }, [&] { limit(RLIM_INFINITY); });
}

TEST_CASE("store outage: the disk of an SQLite file is full") {
    const small_file_system disk{"1m"};
    if (!disk.is_there()) {
        WARN("this system lets us mount nothing: not checked");
        return;
    }
    rig r{[&](daemon_terms& terms) { terms.store = "sqlite:" + (disk.path() / "ilpd.db").string(); }};
    expect_outage_survived(r, [&] { disk.fill(); }, [&] { disk.make_room(); });
}

TEST_CASE("store outage: an SQLite file becomes read-only") {
    const store_place place{store_kind::sqlite};
    rig r{[&](daemon_terms& terms) { terms.store = place.url(); }};
    const std::string log = place.file().string() + "-wal";
    if (!has_immutable_files(place.file().parent_path())) {
        WARN("this file system has no immutable files: not checked");
        return;
    }
    // While the store does not work, no more than this can be in flight.
    const prepare first{.amount = 2000, .data = random_bytes(8)};
    expect_fulfill(r.send(first), first);
    REQUIRE(change_attribute("+i", log));
    const struct restorer {
        std::string file;
        ~restorer() { change_attribute("-i", file); }
    } at_end{log};
    expect_outage_survived(r, [] {}, [&] { change_attribute("-i", log); });
}

TEST_CASE("store outage: an SQLite file is removed, and the next start does not begin an empty book by itself") {
    const store_place place{store_kind::sqlite};
    rig r{[&](daemon_terms& terms) { terms.store = place.url(); }};
    const prepare first{.amount = 10, .data = random_bytes(8)};
    expect_fulfill(r.send(first), first);
    packet_under_way packet{r, 1000};
    for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
        std::filesystem::remove(place.file().string() + suffix);
    }
    SECTION("while packets flow") {
        packet.fulfill();
        REQUIRE(eventually([&] { return !r.d.is_ready(); }));
        CHECK(!packet.is_answered());
    }
    SECTION("while nothing happens") {
        REQUIRE(eventually([&] { return !r.d.is_ready(); }));
    }
    expect_reject(r.send({.amount = 20, .expires_in = 30s}), "T00");
    CHECK(r.d.logs(place.file().string() + " has gone"));
    r.d.kill9();
    r.d.launch();
    CHECK(r.d.process().wait(patience) == std::optional{1});
    CHECK(r.d.has_logged("ilpd has kept a book here"));
    CHECK(!std::filesystem::exists(place.file()));
    std::filesystem::remove(place.file().parent_path() / ".ilpd.db.mark");
    r.d.start();
    CHECK(r.d.liquidity("p2") == default_liquidity);
}

TEST_CASE("store outage: an SQLite file that is read-only from the start is reported") {
    const store_place place{store_kind::sqlite};
    daemon_terms terms{.peers = {{.name = "p1"}}, .store = place.url()};
    CHECK(ilpd_daemon{terms}.stop() == 0);
    if (!change_attribute("+i", place.file())) {
        WARN("this file system has no immutable files: not checked");
        return;
    }
    const auto refused = run_daemon(terms);
    change_attribute("-i", place.file());
    INFO(refused.standard_output << refused.standard_error);
    CHECK(refused.status == 1);
    CHECK((refused.standard_output + refused.standard_error).contains(place.file().string()));
}

}  // namespace store_outage_test
