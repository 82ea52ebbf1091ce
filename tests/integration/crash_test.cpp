#include "tests/integration/neighbourhood.hpp"
#include "tests/integration/store_place.hpp"
#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

namespace crash_test {

namespace {

using namespace support;
using namespace std::chrono_literals;

constexpr int senders = 6;
constexpr std::uint64_t amount_max = 1000;
constexpr std::uint64_t asset_deposit = 123'456;

int rounds(int otherwise) {
    const char* asked = std::getenv("ILPD_KILL_ROUNDS");
    return asked != nullptr ? std::max(std::atoi(asked), 1) : otherwise;
}

/// The delays in these tests are deliberately random: they do not wait for any condition.
void wait_for_a_random_moment(int ms_max = 200) {
    static std::mt19937 random{std::random_device{}()};
    std::this_thread::sleep_for(milliseconds{random() % static_cast<unsigned>(ms_max)});
}

/// A database server takes some time after a daemon's death to notice that its session has ended and to release the
/// lock.
void wait_until_free(const store_place& place) {
    if (!place.url().starts_with("postgresql:")) return;
    place.server().wait_for("SELECT count(*) FROM pg_stat_activity WHERE usename = 'ilpd'", "0");
}

/// True if packets are being fulfilled, one after the other.
bool packets_flow(const neighbourhood& peers) {
    const std::uint64_t before = peers.answers("fulfill");
    return eventually([&] { return peers.answers("fulfill") >= before + 20; });
}

/// Sends until the daemon is gone. Returns the sum of the amounts that were fulfilled.
std::uint64_t send_until_death(std::uint16_t port, const std::atomic<bool>& killed) {
    thread_local std::mt19937 random{std::random_device{}()};
    std::uint64_t fulfilled = 0;
    while (!killed) {
        try {
            http_connection connection{port};
            for (;;) {
                const prepare sent{.amount = 1 + random() % amount_max, .data = random_bytes(8)};
                const auto response = connection.exchange(ilp_request(encode(sent)));
                if (!response) break;
                if (outcome(response) == "fulfill") fulfilled += sent.amount;
            }
        } catch (const std::system_error&) {
            std::this_thread::sleep_for(1ms);  // not listening yet, or no longer
        }
    }
    return fulfilled;
}

}  // namespace

TEST_CASE("money: kill -9 under load loses no payment whose Fulfill a sender has received") {
    const int count = rounds(20);
    rig r{[](daemon_terms& terms) {
        terms.log_level = "info";
        terms.assets = {{"USD", 9, asset_deposit}};
    }};
    std::atomic<std::uint64_t> promised{0};  // fulfilled by the next hop: an upper bound of what can be booked
    r.p2.set_script([&](const http_message& request) {
        promised += decode_prepare(request.body).amount;
        return answer_fulfill(request);
    });
    std::uint64_t booked = 0;
    std::uint64_t told_in_all = 0;
    for (int round = 0; round < count; ++round) {
        INFO("round " << round);
        const std::uint64_t promised_before = promised;
        std::atomic<bool> killed{false};
        std::atomic<std::uint64_t> told{0};
        {
            std::vector<std::jthread> threads;
            for (int i = 0; i < senders; ++i) {
                threads.emplace_back([&] { told += send_until_death(r.d.port(), killed); });
            }
            wait_for_a_random_moment();
            r.d.kill9();
            killed = true;
        }
        if (round % 4 == 3) {  // sometimes it dies again during startup
            r.d.launch();
            wait_for_a_random_moment(30);
            r.d.kill9();
        }
        r.d.start();
        const std::uint64_t now_booked = r.d.liquidity("p2") - default_liquidity;
        CHECK(now_booked >= booked + told);
        CHECK(now_booked <= booked + promised - promised_before);
        CHECK(now_booked - booked - told <= senders * amount_max);  // the packets in flight
        CHECK(r.d.liquidity("p1") == default_liquidity - now_booked);
        CHECK(r.d.asset_liquidity("USD", 9) == asset_deposit);
        booked = now_booked;
        told_in_all += told;
    }
    CHECK(told_in_all > 0);
    CHECK(r.d.stop() == 0);
}

TEST_CASE("money: kill -9 during the start repeats no deposit") {
    fake_peer receiver;
    daemon_terms terms;
    terms.peers = {{.name = "p1"}, {.name = "p2", .port = receiver.port()}};
    terms.assets = {{"USD", 9, asset_deposit}};
    ilpd_daemon d{terms};
    for (int round = 0; round < 5; ++round) {
        d.kill9();
        for (const char* name : {"ilpd.db", "ilpd.db-wal", "ilpd.db-shm", ".ilpd.db.mark"}) {
            std::filesystem::remove(d.folder() / name);
        }
        for (int attempt = 0; attempt < 3; ++attempt) {
            d.launch();
            wait_for_a_random_moment(25);
            d.kill9();
        }
        d.start();
        CHECK(d.liquidity("p1") == default_liquidity);
        CHECK(d.liquidity("p2") == default_liquidity);
        CHECK(d.asset_liquidity("USD", 9) == asset_deposit);
    }
}

TEMPLATE_TEST_CASE("money: kill -9 while many peers send to each other loses nothing", "", on_sqlite, on_postgresql) {
    const int count = rounds(6);
    store_place place{TestType::kind};
    neighbourhood peers;
    ilpd_daemon d{peers.terms(place.url())};
    for (int round = 0; round < count; ++round) {
        INFO("round " << round);
        {
            const neighbourhood::load load{peers, d, 2};
            wait_for_a_random_moment();
            if (round % 2 == 1) {  // in the middle of a commit
                place.stall();
                wait_for_a_random_moment(50);
            }
            d.kill9();
            if (round % 2 == 1) place.lose_what_hangs();
        }
        wait_until_free(place);
        if (round % 3 == 2) {  // sometimes it dies again during startup
            d.launch();
            wait_for_a_random_moment(100);
            d.kill9();
            wait_until_free(place);
        }
        d.start();
        peers.expect_booked(d, place);
    }
    CHECK(peers.answers("fulfill") > 0);
    CHECK(d.stop() == 0);
    WARN(peers.report());
}

TEST_CASE("money: PostgreSQL is killed under load and the daemon continues when it is back") {
    const int count = rounds(4);
    const store_place place{store_kind::postgresql};
    neighbourhood peers;
    ilpd_daemon d{peers.terms(place.url())};
    {
        const neighbourhood::load load{peers, d};
        for (int round = 0; round < count; ++round) {
            INFO("round " << round);
            CHECK(packets_flow(peers));
            wait_for_a_random_moment();
            place.server().kill9();
            CHECK(eventually([&] { return !d.is_ready(); }));
            CHECK(outcome(d.post(prepare{.amount = 0, .destination = "test.n1"}, "n0")) == "T00");
            place.server().start();
            CHECK(eventually([&] { return d.is_ready(); }));
        }
        CHECK(packets_flow(peers));
    }
    // The daemon was never killed, so every sender received an answer.
    CHECK(peers.unanswered() == 0);
    peers.expect_booked(d, place);
    CHECK(d.stop() == 0);
    WARN(peers.report());
}

TEST_CASE("money: kill -9 of daemon and PostgreSQL together loses no payment whose Fulfill a sender has received") {
    const int count = rounds(4);
    const store_place place{store_kind::postgresql};
    neighbourhood peers;
    ilpd_daemon d{peers.terms(place.url())};
    for (int round = 0; round < count; ++round) {
        INFO("round " << round);
        {
            const neighbourhood::load load{peers, d, 2};
            wait_for_a_random_moment();
            if (round % 2 == 0) {
                place.server().kill9();
                wait_for_a_random_moment(50);
            }
            d.kill9();
            if (round % 2 == 1) place.server().kill9();
        }
        place.server().start();
        d.start();
        peers.expect_booked(d, place);
    }
    CHECK(peers.answers("fulfill") > 0);
    CHECK(d.stop() == 0);
    WARN(peers.report());
}

TEST_CASE("money: PostgreSQL is stopped or suspended under load and nothing is lost") {
    const store_place place{store_kind::postgresql};
    postgres_server& server = place.server();
    neighbourhood peers;
    ilpd_daemon d{peers.terms(place.url())};
    const auto survives = [&](const char* what, const auto& fail, const auto& come_back) {
        INFO(what);
        CHECK(packets_flow(peers));
        fail();
        CHECK(eventually([&] { return !d.is_ready(); }));
        come_back();
        CHECK(eventually([&] { return d.is_ready(); }));
        CHECK(packets_flow(peers));
    };
    {
        const neighbourhood::load load{peers, d};
        survives("stop, fast", [&] { server.stop(postgres_server::stop_mode::fast); }, [&] { server.start(); });
        survives(
            "stop, immediate", [&] { server.stop(postgres_server::stop_mode::immediate); }, [&] { server.start(); });
        survives("a short pause", [&] { server.pause(); }, [&] { server.resume(); });
        survives(
            "a pause after which the session counts as lost", [&] { server.pause(); },
            [&] {
                CHECK(eventually([&] { return d.has_logged("has not responded"); }));
                server.resume();
            });
    }
    CHECK(peers.unanswered() == 0);
    peers.expect_booked(d, place);
    CHECK(d.stop() == 0);
    WARN(peers.report());
}

}  // namespace crash_test
