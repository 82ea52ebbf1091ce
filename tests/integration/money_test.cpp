#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <atomic>
#include <map>
#include <random>
#include <thread>

namespace money_test {

namespace {

using namespace support;
using namespace std::chrono_literals;

constexpr std::uint64_t deposit = 1'000'000;
constexpr std::uint64_t asset_deposit = 500'000;

/// The behaviour that the first octet of a packet's data asks of the next hop.
enum class wish : ilp::octet { fulfill, reject, late, wrong, drop, nonsense };

/// A next hop that does what each packet asks for.
scripted_answer obey(const http_message& request) {
    const auto prepare = decode_prepare(request.body);
    auto answer = answer_fulfill(request);
    switch (static_cast<wish>(prepare.data.at(0))) {
        case wish::fulfill:
            break;
        case wish::reject:
            return answer_reject("F99");
        case wish::late:
            answer.delay = prepare.expires_at - now() + 30ms;
            break;
        case wish::wrong:
            return answer_packet(encode_fulfill(ilp::fulfillment{}));
        case wish::drop:
            return answer_close();
        case wish::nonsense:
            return answer_http(200, to_bytes("nonsense"));
    }
    return answer;
}

wish draw(std::mt19937& random) {
    // Most are fulfilled, some are rejected, and few are slow.
    static constexpr std::array wishes{wish::fulfill, wish::fulfill, wish::fulfill, wish::fulfill, wish::fulfill,
                                       wish::reject,  wish::reject,  wish::wrong,   wish::drop,    wish::nonsense};
    if (random() % 60 == 0) return wish::late;
    return wishes[random() % wishes.size()];
}

/// The senders' view, per pair of peers.
struct flows {
    std::map<std::pair<std::string, std::string>, std::uint64_t> fulfilled;
    int packets = 0;
};

}  // namespace

TEST_CASE("money: random concurrent traffic keeps every sum, and no balance goes below zero") {
    // Four neighbours share an asset and one has the same currency at another scale. All of them send and receive.
    struct neighbour {
        std::string name;
        std::uint8_t scale;
        fake_peer server{obey};
    };
    std::array<neighbour, 5> neighbours{{{"n0", 9, fake_peer{obey}},
                                         {"n1", 9, fake_peer{obey}},
                                         {"n2", 9, fake_peer{obey}},
                                         {"n3", 9, fake_peer{obey}},
                                         {"n4", 6, fake_peer{obey}}}};
    daemon_terms terms;
    terms.log_level = "info";
    terms.connector = {"workers: 2", "min_expiration_window: 100ms"};
    terms.assets = {{"USD", 9, asset_deposit}, {"USD", 6, asset_deposit}};
    for (const auto& n : neighbours) {
        terms.peers.push_back({.name = n.name, .port = n.server.port(), .scale = n.scale, .liquidity = deposit});
    }
    const ilpd_daemon d{terms};

    std::atomic<bool> done{false};
    std::atomic<int> scrapes{0}, negative{0}, above{0};
    std::jthread watcher{[&] {
        while (!done) {
            const metrics m = d.scrape();
            double sum = 0;
            for (const auto& [series, value] : m.series()) {
                if (!series.starts_with("ilp_peer_liquidity{") && !series.starts_with("ilp_asset_liquidity{")) continue;
                if (value < 0 || value > 1e12) ++negative;
                if (series.contains("USD/9")) sum += value;
            }
            // The balances of one scrape are read one after the other while packets flow, so a transfer posted in
            // between can be counted on both sides. The sum can exceed the deposits by no more than that.
            if (sum > static_cast<double>(4 * deposit + asset_deposit) * 1.5) ++above;
            ++scrapes;
        }
    }};

    std::array<flows, 5> seen;
    {
        std::vector<std::jthread> senders;
        for (std::size_t self = 0; self < neighbours.size(); ++self) {
            senders.emplace_back([&, self] {
                std::mt19937 random{static_cast<std::uint32_t>(self + 1)};
                http_connection connection{d.port()};
                for (int i = 0; i < 250; ++i) {
                    std::size_t other = random() % neighbours.size();
                    if (other == self) other = (other + 1) % neighbours.size();
                    const bool from_small_scale = neighbours[self].scale == 6;
                    const auto wished = draw(random);
                    prepare sent{.amount = from_small_scale ? random() % 40 : random() % 40'000,
                                 .destination = "test." + neighbours[other].name + ".x",
                                 .data = random_bytes(9),
                                 .expires_in = wished == wish::late ? 500ms : 10'000ms};
                    sent.data[0] = static_cast<ilp::octet>(wished);
                    const auto response = connection.exchange(ilp_request(encode(sent), neighbours[self].name));
                    ++seen[self].packets;
                    if (outcome(response) == "fulfill") {
                        seen[self].fulfilled[{neighbours[self].name, neighbours[other].name}] += sent.amount;
                    }
                }
            });
        }
    }
    done = true;
    watcher.join();
    CHECK(scrapes > 0);
    CHECK(negative == 0);
    CHECK(above == 0);

    d.wait_until_idle();
    CHECK(d.scrape().sum("ilp_amount_in_flight") == 0);
    std::uint64_t nine = d.asset_liquidity("USD", 9);
    for (std::size_t i = 0; i < 4; ++i) nine += d.liquidity(neighbours[i].name);
    CHECK(nine == 4 * deposit + asset_deposit);
    CHECK(d.asset_liquidity("USD", 6) + d.liquidity("n4") == asset_deposit + deposit);

    // Nothing is rounded within one asset, so every balance follows from the answers that the senders received.
    std::map<std::string, std::int64_t> expected;
    bool any = false;
    std::uint64_t touches_small_scale = 0;
    for (const auto& flow : seen) {
        CHECK(flow.packets == 250);
        for (const auto& [pair, amount] : flow.fulfilled) {
            any = true;
            if (pair.first == "n4" || pair.second == "n4") touches_small_scale += amount;
            expected[pair.first] -= static_cast<std::int64_t>(amount);
            const std::uint64_t arrived = pair.first == "n4" ? amount * 1000 : amount;
            if (pair.second != "n4") expected[pair.second] += static_cast<std::int64_t>(arrived);
        }
    }
    CHECK(any);
    CHECK(touches_small_scale > 0);
    for (std::size_t i = 0; i < 4; ++i) {
        INFO(neighbours[i].name);
        CHECK(static_cast<std::int64_t>(d.liquidity(neighbours[i].name)) ==
              static_cast<std::int64_t>(deposit) + expected[neighbours[i].name]);
    }
}

TEST_CASE("money: liquidity is never spent twice under concurrency") {
    constexpr int senders = 16;
    fake_peer receiver;
    daemon_terms terms;
    terms.log_level = "info";
    terms.connector = {"workers: 2"};
    terms.peers = {{.name = "poor", .liquidity = 1000}, {.name = "rich", .port = receiver.port()}};
    const ilpd_daemon d{terms};
    std::atomic<int> fulfilled{0}, refused{0}, other{0};
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < senders; ++i) {
            threads.emplace_back([&] {
                http_connection connection{d.port()};
                for (int k = 0; k < 20; ++k) {
                    const prepare sent{.amount = 7, .destination = "test.rich", .data = random_bytes(8)};
                    const auto result = outcome(connection.exchange(ilp_request(encode(sent), "poor")));
                    ++(result == "fulfill" ? fulfilled : result == "T04" ? refused : other);
                }
            });
        }
    }
    CHECK(fulfilled == 142);  // 1000 / 7
    CHECK(refused == senders * 20 - 142);
    CHECK(other == 0);
    CHECK(d.settled_liquidity("poor") == 1000 - 142 * 7);
    CHECK(d.liquidity("rich") == default_liquidity + 142 * 7);
}

}  // namespace money_test
