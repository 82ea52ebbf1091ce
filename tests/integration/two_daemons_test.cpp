#include "tests/integration/store_place.hpp"
#include "tests/support/http2_client.hpp"
#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <future>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace two_daemons_test {

namespace {

using namespace support;
using namespace std::chrono_literals;

constexpr std::uint64_t u64_max = std::numeric_limits<std::uint64_t>::max();

/// The behaviour that a packet asks of its receiver, in the first octet of its data.
enum class wish : ilp::octet { fulfill, reject, wrong, late, silence };

scripted_answer obey(const http_message& request) {
    const received_prepare prepare = decode_prepare(request.body);
    switch (static_cast<wish>(prepare.data.at(0))) {
        case wish::fulfill:
            break;
        case wish::reject:
            return answer_reject("F99");
        case wish::wrong:
            return answer_packet(encode_fulfill(ilp::fulfillment{}));
        case wish::late: {
            auto answer = answer_fulfill(request);
            answer.delay = prepare.expires_at - now() + 50ms;
            return answer;
        }
        case wish::silence:
            return answer_silence();
    }
    return answer_fulfill(request);
}

/// Two daemons, alice and bob, that are peers of each other, each with one ordinary peer ("end") of its own. The
/// account between them is in USD/6; the ends may have other scales.
struct two_daemons {
    struct options {
        std::uint8_t alice_end_scale = 9;
        std::uint8_t bob_end_scale = 2;
        std::uint64_t alice_of_bob = default_liquidity;  // how much alice lets bob send
        std::uint64_t bob_of_alice = default_liquidity;
        std::uint64_t asset_liquidity = default_liquidity;
        std::uint64_t of_ends = default_liquidity;
        std::vector<std::string> link{};  ///< further lines of http.outgoing to the other daemon
    };

    explicit two_daemons(store_kind kind) : two_daemons{kind, options{}} {}
    two_daemons(store_kind kind, options wanted)
        : terms_{wanted},
          alice_place{kind},
          bob_place{kind},
          alice{terms("alice", "bob", bob_port, alice_end, wanted.alice_end_scale, wanted.alice_of_bob, alice_place),
                alice_port},
          bob{terms("bob", "alice", alice_port, bob_end, wanted.bob_end_scale, wanted.bob_of_alice, bob_place),
              bob_port} {}

    daemon_terms terms(const std::string& own, const std::string& other, std::uint16_t other_port, const fake_peer& end,
                       std::uint8_t end_scale, std::uint64_t liquidity, const store_place& place) const {
        daemon_terms terms{.address = "test." + own};
        terms.log_level = "info";
        terms.connector = {"workers: 1"};
        terms.store = place.url();
        terms.assets = {{"USD", 6, terms_.asset_liquidity}};
        if (end_scale != 6) terms.assets.push_back({"USD", end_scale, terms_.asset_liquidity});
        terms.peers = {
            {.name = other, .port = other_port, .scale = 6, .liquidity = liquidity, .tokens = {token_for(own)}},
            {.name = own + "-end",
             .address = "test." + own + ".end",
             .port = end.port(),
             .scale = end_scale,
             .liquidity = terms_.of_ends},
        };
        terms.peers[0].outgoing = terms_.link;
        return terms;
    }

    /// The exact change of the peer's account since its deposit, from the daemon's book.
    static wide gained(const ilpd_daemon& d, const store_place& place, const std::string& peer, std::uint64_t deposit) {
        d.wait_until_idle();
        return place.peers().at(peer).balance() - static_cast<wide>(deposit);
    }
    wide gained_by_bob() const { return gained(alice, alice_place, "bob", terms_.alice_of_bob); }
    wide gained_by_alice() const { return gained(bob, bob_place, "alice", terms_.bob_of_alice); }

    void expect_clean_books() const {
        CHECK(alice.audit().status == 0);
        CHECK(bob.audit().status == 0);
    }

    options terms_;
    std::uint16_t alice_port = free_port();
    std::uint16_t bob_port = free_port();
    fake_peer alice_end{obey};
    fake_peer bob_end{obey};
    store_place alice_place;
    store_place bob_place;
    ilpd_daemon alice;
    ilpd_daemon bob;
};

/// One of the two ends sends to the other one until stopped, or until `packets` are sent.
struct traffic {
    std::map<std::string, int> outcomes;

    std::string to_text() const {
        std::string text;
        for (const auto& [what, count] : outcomes) text += what + ": " + std::to_string(count) + " ";
        return text;
    }

    void run(const ilpd_daemon& from, const std::string& peer, const std::string& destination, std::uint64_t amount_max,
             bool slow_ones, int packets, const std::stop_token& stop = {}) {
        std::mt19937 random{std::random_device{}()};
        for (int i = 0; i < packets && !stop.stop_requested();) {
            try {
                http_connection connection{from.port()};
                for (bool answered = true; answered && i < packets && !stop.stop_requested(); ++i) {
                    static constexpr std::array wishes{wish::fulfill, wish::fulfill, wish::fulfill, wish::reject,
                                                       wish::wrong};
                    const bool slow = slow_ones && i % 50 == 25;
                    const wish wished = !slow ? wishes[random() % wishes.size()] : i < 50 ? wish::late : wish::silence;
                    // A slow packet must reach the next hop, and a small amount may be refused on the way.
                    prepare sent{.amount = slow ? amount_max - 1 : random() % amount_max,
                                 .destination = destination,
                                 .data = random_bytes(9),
                                 // more than the sum of the two minimum windows on the way
                                 .expires_in = slow ? 4s : 25s};
                    sent.data[0] = static_cast<ilp::octet>(wished);
                    const auto response = connection.exchange(ilp_request(encode(sent), peer));
                    answered = response.has_value();
                    ++outcomes[outcome(response)];
                }
            } catch (const std::system_error&) {
                std::this_thread::sleep_for(1ms);  // currently dead
            }
        }
    }
};

}  // namespace

TEMPLATE_TEST_CASE("A32-01 A32-04 A32-09: two daemons with random traffic both ways show each other's negation", "",
                   on_sqlite, on_postgresql) {
    const two_daemons pair{TestType::kind};
    std::array<traffic, 4> senders;
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < senders.size(); ++i) {
            threads.emplace_back([&, i] {
                if (i % 2 == 0) {
                    senders[i].run(pair.alice, "alice-end", "test.bob.end.x", 100'000'000, true, 100);
                } else {
                    senders[i].run(pair.bob, "bob-end", "test.alice.end.x", 100, true, 100);
                }
            });
        }
    }
    const auto of_alice = pair.gained_by_alice();
    CHECK(pair.gained_by_bob() == -of_alice);
    CHECK(of_alice != 0);
    for (const traffic& sender : senders) {
        INFO(sender.to_text());
        CHECK(sender.outcomes.contains("fulfill"));
        CHECK(sender.outcomes.contains("F99"));
        CHECK(sender.outcomes.contains("R00"));
        CHECK(sender.outcomes.contains("F05"));
        CHECK(!sender.outcomes.contains("no answer"));
    }
    pair.expect_clean_books();
}

TEMPLATE_TEST_CASE("A32-04: balances of two daemons, one of them killed repeatedly, differ only by packets in flight",
                   "", on_sqlite, on_postgresql) {
    constexpr int senders_each = 2;
    constexpr std::uint64_t amount_max = 1000;
    two_daemons pair{TestType::kind, {.alice_end_scale = 6, .bob_end_scale = 6}};
    std::mt19937 random{std::random_device{}()};
    wide in_flight_max = 0;
    for (int round = 0; round < 6; ++round) {
        INFO("round " << round);
        ilpd_daemon& victim = round % 2 == 0 ? pair.bob : pair.alice;
        std::array<traffic, 2 * senders_each> senders;
        {
            std::vector<std::jthread> threads;
            for (std::size_t i = 0; i < senders.size(); ++i) {
                threads.emplace_back([&, i](const std::stop_token& stop) {
                    const auto& from = i % 2 == 0 ? pair.alice : pair.bob;
                    senders[i].run(from, i % 2 == 0 ? "alice-end" : "bob-end",
                                   i % 2 == 0 ? "test.bob.end.x" : "test.alice.end.x", amount_max, false, 1'000'000,
                                   stop);
                });
            }
            std::this_thread::sleep_for(milliseconds{100 + random() % 200});
            victim.kill9();
        }
        for (std::size_t i = 0; i < senders.size(); ++i) {
            const bool from_victim = (i % 2 == 0) == (&victim == &pair.alice);
            INFO(senders[i].to_text());
            CHECK((from_victim || !senders[i].outcomes.contains("no answer")));
        }
        victim.start();
        in_flight_max += static_cast<wide>(senders.size() * amount_max);
        const wide difference = pair.gained_by_alice() + pair.gained_by_bob();
        WARN("after " << round + 1 << " deaths the books differ by " << to_text(difference) << "; in flight were up to "
                      << to_text(in_flight_max));
        CHECK(difference <= in_flight_max);
        CHECK(difference >= -in_flight_max);
        pair.expect_clean_books();
    }
    CHECK(pair.alice_end.request_count() > 0);
    CHECK(pair.bob_end.request_count() > 0);
}

TEMPLATE_TEST_CASE("A32-02 A32-03 A32-05 A32-06 A32-10: the RFC's example between two daemons", "", on_sqlite,
                   on_postgresql) {
    // Bob's maximum for alice is 20.
    two_daemons pair{TestType::kind, {.alice_end_scale = 6, .bob_end_scale = 6, .bob_of_alice = 20}};
    const auto send = [&](std::uint64_t amount) {
        return pair.alice.post(
            prepare{.amount = amount, .destination = "test.bob.end.x", .data = {0}, .expires_in = 25s}, "alice-end");
    };
    CHECK(outcome(send(12)) == "fulfill");
    CHECK(pair.gained_by_alice() == -12);
    CHECK(pair.gained_by_bob() == 12);
    expect_reject(send(9), "T04", "test.bob");
    CHECK(outcome(send(7)) == "fulfill");
    CHECK(pair.gained_by_alice() == -19);

    // Packets in flight count as well.
    const auto hold = std::make_shared<gate>();
    pair.bob_end.set_script([hold](const http_message& request) {
        auto answer = answer_fulfill(request);
        if (decode_prepare(request.body).amount != 0) answer.held_by = hold;
        return answer;
    });
    http_connection last{pair.alice.port()};
    const std::size_t before = pair.bob_end.request_count();
    last.send(ilp_request(encode({.amount = 1, .destination = "test.bob.end.x"}), "alice-end"));
    REQUIRE(pair.bob_end.wait_for_requests(before + 1));
    expect_reject(send(1), "T04", "test.bob");
    CHECK(outcome(send(0)) == "fulfill");
    hold->open();
    CHECK(outcome(last.receive()) == "fulfill");

    // Bob's maximum is reached: only amount 0 passes.
    CHECK(pair.gained_by_alice() == -20);
    CHECK(pair.gained_by_bob() == 20);
    expect_reject(send(1), "T04", "test.bob");
    CHECK(outcome(send(0)) == "fulfill");
    // Packets in the other direction free it again.
    CHECK(outcome(pair.bob.post(prepare{.amount = 5, .destination = "test.alice.end.x", .data = {0}}, "bob-end")) ==
          "fulfill");
    CHECK(outcome(send(5)) == "fulfill");
    CHECK(pair.gained_by_alice() == -20);
    CHECK(pair.gained_by_bob() == 20);
    pair.expect_clean_books();
}

TEMPLATE_TEST_CASE("A32-12: amounts near the largest between two daemons", "", on_sqlite, on_postgresql) {
    constexpr std::uint64_t half = std::uint64_t{1} << 63;
    two_daemons pair{TestType::kind,
                     {.alice_end_scale = 6,
                      .bob_end_scale = 6,
                      .alice_of_bob = 0,
                      .bob_of_alice = u64_max,
                      .asset_liquidity = 0,
                      .of_ends = half}};
    const auto there = [&](std::uint64_t amount) {
        return outcome(pair.alice.post(
            prepare{.amount = amount, .destination = "test.bob.end.x", .data = {0}, .expires_in = 25s}, "alice-end"));
    };
    const auto back = [&](std::uint64_t amount) {
        return outcome(pair.bob.post(
            prepare{.amount = amount, .destination = "test.alice.end.x", .data = {0}, .expires_in = 25s}, "bob-end"));
    };
    CHECK(back(1) == "T04");  // alice grants bob no credit while she owes him nothing
    // The account of bob's end can take half - 1 more.
    CHECK(there(half) == "T04");
    for (int round = 0; round < 3; ++round) {
        CHECK(there(half - 1) == "fulfill");
        CHECK(pair.gained_by_bob() == static_cast<wide>(half - 1));
        CHECK(pair.gained_by_alice() == -static_cast<wide>(half - 1));
        CHECK(there(2) == "T04");
        CHECK(back(half) == "T04");
        CHECK(back(half - 1) == "fulfill");
        CHECK(pair.gained_by_bob() == 0);
        CHECK(pair.gained_by_alice() == 0);
    }
    pair.alice.kill9();
    pair.alice.start();
    CHECK(there(half - 1) == "fulfill");
    CHECK(pair.gained_by_alice() == -static_cast<wide>(half - 1));
    pair.expect_clean_books();
}

TEST_CASE("A35-27 A35-28: two daemons send each other many packets at a time on one connection of HTTP/2") {
    two_daemons d{store_kind::sqlite,
                  {.alice_end_scale = 6, .bob_end_scale = 6, .link = {"protocol: http2", "max_connections: 1"}}};
    const auto hold = std::make_shared<gate>();
    const ilp::bytes slow = to_bytes("slow");
    d.bob_end.set_script([hold, slow](const http_message& request) {
        auto answer = answer_fulfill(request);
        if (decode_prepare(request.body).data == slow) answer.held_by = hold;
        return answer;
    });
    const auto send = [&d](const ilp::bytes& data) {
        return outcome(
            d.alice.post({.amount = 1, .destination = "test.bob.end.x", .data = data, .expires_in = 60s}, "alice-end"));
    };
    auto first = std::async(std::launch::async, [&] { return send(slow); });
    REQUIRE(d.bob_end.wait_for_requests(1));
    for (int i = 0; i < 20; ++i) CHECK(send(to_bytes("next " + std::to_string(i))) == "fulfill");
    hold->open();
    CHECK(first.get() == "fulfill");
    CHECK(d.alice.settled_liquidity("bob") == default_liquidity + 21);
    CHECK(d.bob.settled_liquidity("alice") == default_liquidity - 21);
    CHECK(d.alice.audit().status == 0);
    CHECK(d.bob.audit().status == 0);
}

TEST_CASE(
    "A32-04 A35-28: two daemons over HTTP/2, one of them killed with 1000 streams in flight, agree about the rest") {
    constexpr std::size_t clients = 4;
    constexpr std::size_t streams_each = 250;
    two_daemons d{store_kind::sqlite,
                  {.alice_end_scale = 6, .bob_end_scale = 6, .link = {"protocol: http2", "max_connections: 1000"}}};
    ilpd_daemon& victim = GENERATE(true, false) ? d.alice : d.bob;
    const bool is_alice = &victim == &d.alice;
    const auto hold = std::make_shared<gate>();
    d.bob_end.set_script([hold](const http_message& request) {
        auto answer = answer_fulfill(request);
        answer.held_by = hold;
        return answer;
    });
    const auto post = [](http2_client& client) {
        return client.post(
            encode({.amount = 1, .destination = "test.bob.end.x", .data = random_bytes(8), .expires_in = 60s}),
            token_of("alice-end"));
    };
    std::vector<std::unique_ptr<http2_client>> senders;
    std::vector<std::vector<std::uint64_t>> numbers(clients);
    for (std::size_t i = 0; i < clients; ++i) {
        auto& sender = *senders.emplace_back(std::make_unique<http2_client>(d.alice.port()));
        while (numbers[i].size() < streams_each) {
            while (!sender.may_send()) REQUIRE(sender.read());
            numbers[i].push_back(post(sender));
        }
    }
    const auto in_flight = [](const ilpd_daemon& at, const std::string& peer) {
        return at.scrape().sum("ilp_packets_in_flight", {{"peer", peer}});
    };
    REQUIRE(eventually([&] { return in_flight(d.bob, "bob-end") == clients * streams_each; }));
    CHECK(d.alice.scrape().sum("ilp_link_connections", {{"peer", "bob"}}) <= 2);

    // Part of them is answered while the daemon dies.
    hold->open();
    REQUIRE(d.bob_end.wait_for_requests(300));
    victim.kill9();
    std::size_t fulfilled = 0;
    std::size_t answered = 0;
    for (std::size_t i = 0; i < clients; ++i) {
        for (const auto number : numbers[i]) {
            const auto answer = senders[i]->wait_for(number);
            if (!answer) break;  // this connection has ended
            ++answered;
            if (answer->status == 200 && answer->body.at(0) == 13) ++fulfilled;
        }
    }
    if (!is_alice) CHECK(answered == clients * streams_each);  // what bob cannot answer any more is rejected
    victim.start();
    const wide of_alice = -d.gained_by_alice();  // what bob has paid on for alice
    const wide of_bob = d.gained_by_bob();
    WARN((is_alice ? "alice" : "bob") << " died; fulfilled " << fulfilled << " of " << answered
                                      << " answers, booked by alice " << to_text(of_bob) << " and by bob "
                                      << to_text(of_alice));
    // Whoever was told of a fulfillment finds it in the books, and nobody pays for what the next one has not booked.
    CHECK(static_cast<wide>(fulfilled) <= of_bob);
    CHECK(of_bob <= of_alice);
    CHECK(of_alice <= static_cast<wide>(clients * streams_each));
    if (!is_alice) CHECK(static_cast<wide>(fulfilled) == of_bob);
    d.expect_clean_books();

    http2_client again{d.alice.port()};
    const auto answer = again.wait_for(post(again));
    REQUIRE(answer);
    CHECK(answer->body.at(0) == 13);
}

}  // namespace two_daemons_test
