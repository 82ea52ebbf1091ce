#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

namespace {

using namespace support;
using namespace std::chrono_literals;

constexpr int senders = 6;
constexpr std::uint64_t amount_max = 1000;
constexpr std::uint64_t asset_deposit = 123'456;

int rounds() {
    const char* asked = std::getenv("ILPD_KILL_ROUNDS");
    return asked != nullptr ? std::max(std::atoi(asked), 1) : 20;
}

/// Sends until the daemon is gone. Returns the sum of what came back fulfilled.
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
            std::this_thread::sleep_for(1ms);  // not listening yet, or not any more
        }
    }
    return fulfilled;
}

}  // namespace

TEST_CASE("money: kill -9 under load loses nothing that a sender was told") {
    const int count = rounds();
    rig r{[](daemon_terms& terms) {
        terms.log_level = "info";
        terms.assets = {{"USD", 9, asset_deposit}};
    }};
    std::atomic<std::uint64_t> promised{0};  // by the next hop: no more than this can be booked
    r.p2.set_script([&](const http_message& request) {
        promised += decode_prepare(request.body).amount;
        return answer_fulfill(request);
    });
    std::mt19937 random{std::random_device{}()};
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
            // The moment is what is random here: nothing is waited for.
            std::this_thread::sleep_for(milliseconds{random() % 200});
            r.d.kill9();
            killed = true;
        }
        if (round % 4 == 3) {  // sometimes it dies again while it starts
            r.d.launch();
            std::this_thread::sleep_for(milliseconds{random() % 30});
            r.d.kill9();
        }
        r.d.start();
        const std::uint64_t now_booked = r.d.liquidity("p2") - default_liquidity;
        CHECK(now_booked >= booked + told);
        CHECK(now_booked <= booked + promised - promised_before);
        CHECK(now_booked - booked - told <= senders * amount_max);  // what was in flight
        CHECK(r.d.liquidity("p1") == default_liquidity - now_booked);
        CHECK(r.d.asset_liquidity("USD", 9) == asset_deposit);
        booked = now_booked;
        told_in_all += told;
    }
    CHECK(told_in_all > 0);
    CHECK(r.d.stop() == 0);
}

TEST_CASE("money: kill -9 in the first moments makes no deposit twice") {
    fake_peer receiver;
    daemon_terms terms;
    terms.peers = {{.name = "p1"}, {.name = "p2", .port = receiver.port()}};
    terms.assets = {{"USD", 9, asset_deposit}};
    ilpd_daemon d{terms};
    std::mt19937 random{std::random_device{}()};
    for (int round = 0; round < 5; ++round) {
        d.kill9();
        for (const char* name : {"ilpd.db", "ilpd.db-wal", "ilpd.db-shm"}) std::filesystem::remove(d.folder() / name);
        for (int attempt = 0; attempt < 3; ++attempt) {
            d.launch();
            std::this_thread::sleep_for(milliseconds{random() % 25});
            d.kill9();
        }
        d.start();
        CHECK(d.liquidity("p1") == default_liquidity);
        CHECK(d.liquidity("p2") == default_liquidity);
        CHECK(d.asset_liquidity("USD", 9) == asset_deposit);
    }
}
