#include "tests/integration/administered.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <cstddef>
#include <random>
#include <string>
#include <thread>
#include <vector>

/// What a crash leaves in doubt: at least what the next hop has fulfilled and the book lacks.
namespace doubt_test {

namespace {

using namespace support;
using namespace std::chrono_literals;

constexpr int senders = 6;
constexpr std::uint64_t amount_max = 1000;

/// Sends until the daemon is gone.
void send_until_death(std::uint16_t port, std::uint32_t seed, const std::atomic<bool>& killed) {
    std::mt19937 random{seed};
    while (!killed) {
        try {
            http_connection connection{port};
            while (connection.exchange(ilp_request(encode(prepare{.amount = 1 + random() % amount_max})))) {
            }
        } catch (const std::system_error&) {
            std::this_thread::sleep_for(1ms);  // not listening yet, or no longer
        }
    }
}

std::size_t count_in(const std::string& text, std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

double in_doubt(const administered& a) {
    return a.r.d.scrape().sum("ilp_books_in_doubt", {{"peer", "p2"}});
}

std::string peer_id(const administered& a) {
    return text_at(a.admin.peer_named("p2"), "id");
}

admin_answer correct(const administered& a, std::uint64_t amount, const std::string& key) {
    return a.admin.mutate(
        "correctPeerBooks",
        {{"peerId", peer_id(a)}, {"amount", std::to_string(amount)}, {"id", random_uuid()}, {"idempotencyKey", key}});
}

admin_answer agree(const administered& a, const std::string& key) {
    return a.admin.mutate("agreePeerBooks", {{"peerId", peer_id(a)}, {"idempotencyKey", key}});
}

constexpr std::string_view event = "peer.books_in_doubt";

}  // namespace

TEMPLATE_TEST_CASE("money: after kill -9 under load the doubt covers what the next hop fulfilled and the book lacks",
                   "", on_sqlite, on_postgresql) {
    administered a{TestType::kind};
    std::atomic<std::uint64_t> promised{0};
    a.r.p2.set_script([&](const http_message& request) {
        promised += decode_prepare(request.body).amount;
        return answer_fulfill(request);
    });
    std::uint64_t lacking = 0;
    double doubt = 0;
    for (std::uint32_t round = 1; round <= 4; ++round) {
        INFO("round " << round);
        std::atomic<bool> killed{false};
        {
            std::vector<std::jthread> threads;
            for (std::uint32_t i = 0; i < senders; ++i) {
                threads.emplace_back([&, i] { send_until_death(a.r.d.port(), 100 * round + i, killed); });
            }
            const std::uint64_t before = promised;
            CHECK(eventually([&] { return promised >= before + 20 * amount_max; }));
            a.r.d.kill9();
            killed = true;
        }
        a.start_after_kill();
        const std::uint64_t booked = a.r.d.liquidity("p2") - default_liquidity;
        REQUIRE(booked <= promised);
        lacking = promised - booked;
        const double found = in_doubt(a);
        CHECK(static_cast<double>(lacking) <= found);
        CHECK(found > doubt);
        CHECK(found - doubt <= 2 * senders * amount_max);
        doubt = found;
        CHECK(a.r.d.logs("up to addedAmount may have been fulfilled"));
        CHECK(count_in(a.r.d.log(), event) == round);
    }
    const auto node = a.admin.ask("{ node { peersInDoubtCount peersInDoubt { name amountInDoubt } } }").field();
    CHECK(node.at("peersInDoubtCount").to_number<int>() == 1);
    CHECK(text_at(node.at("peersInDoubt").at(0), "name") == "p2");
    CHECK(text_at(node.at("peersInDoubt").at(0), "amountInDoubt") == std::to_string(static_cast<std::uint64_t>(doubt)));

    CHECK(correct(a, static_cast<std::uint64_t>(doubt) + 1, "too much").code() == "BAD_USER_INPUT");
    CHECK(in_doubt(a) == doubt);
    if (lacking == 0) {
        CHECK(agree(a, "the incident").done());
    } else {
        CHECK(correct(a, lacking, "the incident").done());
        CHECK(correct(a, lacking, "another").code() == "CONFLICT");
    }
    CHECK(in_doubt(a) == 0);
    CHECK(a.r.d.liquidity("p2") == default_liquidity + promised);
    a.stop_and_start();
    CHECK(in_doubt(a) == 0);
    CHECK(a.r.d.liquidity("p2") == default_liquidity + promised);
    CHECK(count_in(a.r.d.log(), event) == 4);
    CHECK(a.r.d.stop() == 0);
    CHECK(a.r.d.audit().status == 0);
}

TEMPLATE_TEST_CASE("money: a stop in good order leaves no doubt, and one with a packet in flight does", "", on_sqlite,
                   on_postgresql) {
    administered a{TestType::kind};
    CHECK(outcome(a.r.send(prepare{.amount = 700})) == "fulfill");
    a.stop_and_start();
    CHECK(in_doubt(a) == 0);
    CHECK_FALSE(a.r.d.has_logged(event));

    a.r.p2.set_script([](const http_message&) { return answer_silence(); });
    http_connection connection{a.r.d.port()};
    const std::size_t before = a.r.p2.request_count();
    connection.send(ilp_request(encode(prepare{.amount = 700})));
    REQUIRE(a.r.p2.wait_for_requests(before + 1));
    a.kill9_and_start();
    CHECK(in_doubt(a) == 1024);
    // It stays until an operator ends it.
    a.stop_and_start();
    CHECK(in_doubt(a) == 1024);
    CHECK(agree(a, "they agree").done());
    CHECK(agree(a, "they agree").done());
    CHECK(agree(a, "once more").code() == "CONFLICT");
    CHECK(in_doubt(a) == 0);
    CHECK(a.r.d.liquidity("p2") == default_liquidity + 700);
    CHECK(a.r.d.stop() == 0);
    CHECK(a.r.d.audit().status == 0);
}

}  // namespace doubt_test
