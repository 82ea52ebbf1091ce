#include "ilp/payment/outgoing_payment.hpp"
#include "ilp/payment/payment_quote.hpp"
#include "tests/unit/ilp/payment/simulated_path.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace payment_simulation_test {

using namespace std::chrono_literals;
using ilp::amount;
using ilp::error_code;
using ilp::exchange_ratio;
using ilp::outgoing_payment;
using ilp::payment_end;
using ilp::payment_terms;
using simulated_path::connector;
using simulated_path::path;
using simulated_path::receiver;

namespace {

constexpr ilp::steady_time start{1000s};
constexpr unsigned slippage = 100;

/// ILPD_SEED=N repeats an earlier run.
std::uint64_t printed_seed() {
    const char* const given = std::getenv("ILPD_SEED");
    const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    std::cout << "payments from seed " << seed << '\n';
    return seed;
}

struct quoted {
    ilp::payment_quote::finished outcome;
    std::chrono::nanoseconds took;
};

quoted ask(path& path, amount wanted, const ilp::known_path& known = {}) {
    ilp::payment_quote quote{wanted, known};
    auto now = start;
    for (int step = 0; step < 1'000; ++step) {
        const auto next = quote.next(now);
        if (const auto* probe = std::get_if<ilp::payment_quote::send_probe>(&next)) {
            path.send(probe->number, probe->amount, {}, probe->expires_at, now, true);
        } else if (const auto* end = std::get_if<ilp::payment_quote::finished>(&next)) {
            while (path.next_arrival_at()) path.take_next_arrival();
            return {*end, now - start};
        } else {
            const auto wakes_at = std::get<ilp::payment_quote::wait_until>(next).time;
            const auto arrives_at = path.next_arrival_at();
            if (!arrives_at || *arrives_at > wakes_at) {
                REQUIRE(wakes_at != ilp::steady_time::max());
                now = wakes_at;
                continue;
            }
            now = *arrives_at;
            const auto arrival = path.take_next_arrival();
            if (!arrival.content) {
                quote.expired(arrival.number, now);
            } else {
                quote.rejected(arrival.number, std::get<ilp::payment_rejection>(*arrival.content), now);
            }
        }
    }
    FAIL("the quote does not end");
    return {std::unexpected{ilp::quote_refusal{}}, {}};
}

connector random_connector(std::mt19937_64& random) {
    connector made;
    const auto one_in = [&random](unsigned n) { return random() % n == 0; };
    if (one_in(2)) made.rate = {random() % 900 + 100, random() % 900 + 100};
    if (one_in(2)) made.maximum = {random() % 100'000 + 2'000};
    made.tells_maximum = !one_in(3);
    if (one_in(4)) made.packet_interval = std::chrono::microseconds{random() % 5'000 + 100};
    if (one_in(4)) made.liquidity = {random() % 200'000 + 5'000};
    if (one_in(4)) made.in_flight_max = random() % 20 + 1;
    if (one_in(3)) {
        made.faults = {error_code::t00_internal_error,     error_code::t01_peer_unreachable,
                       error_code::t02_peer_busy,          error_code::t03_connector_busy,
                       error_code::r00_transfer_timed_out, error_code::r02_insufficient_timeout,
                       error_code::f99_application_error,  error_code::f08_amount_too_large};
        made.faults_per_mille = static_cast<unsigned>(random() % 50);
    }
    if (one_in(4)) made.lost_per_mille = static_cast<unsigned>(random() % 20);
    return made;
}

exchange_ratio whole_rate(const std::vector<connector>& connectors) {
    constexpr std::uint64_t large = 1'000'000'000'000;
    amount passed{large};
    for (const auto& hop : connectors) passed = hop.rate.delivered_for(passed);
    return {passed.value, large};
}

}  // namespace

TEST_CASE("payments along random paths: no unit is lost, none is sent beyond the amount, the minimum holds") {
    const std::uint64_t seed = printed_seed();
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    int completed = 0;
    for (int run = 0; run < 300; ++run) {
        CAPTURE(run);
        std::vector<connector> connectors;
        for (auto i = random() % 3 + 1; i > 0; --i) connectors.push_back(random_connector(random));
        constexpr std::array receivers{receiver::honest,    receiver::honest,       receiver::honest,
                                       receiver::honest,    receiver::honest,       receiver::says_less,
                                       receiver::says_more, receiver::says_nothing, receiver::takes_none,
                                       receiver::is_silent};
        const receiver kind = receivers[random() % receivers.size()];
        const exchange_ratio rate = whole_rate(connectors);
        path path{connectors, kind, random()};
        path.jitter = std::chrono::milliseconds{random() % 20};
        const amount wanted{random() % 500'000 + 50'000};
        const bool is_delivery = random() % 3 == 0;
        const payment_terms terms =
            is_delivery ? ilp::deliver_exactly(wanted, rate, slippage) : ilp::send_exactly(wanted, rate, slippage);
        const std::uint64_t cancel_after = random() % 5 == 0 ? random() % 50 + 1 : ~std::uint64_t{0};
        outgoing_payment payment{terms, {}, {}, {.packets_in_flight_max = random() % 200 + 1, .progress = 10s}};
        const auto result = simulated_path::pay(payment, path, terms, start, cancel_after);
        CAPTURE(ilp::describe(result.finished.end), result.state.sent.value, result.state.delivered.value, wanted.value,
                is_delivery, static_cast<int>(kind), path.packets);

        CHECK(result.state.in_doubt.is_zero());
        CHECK(result.state.sent == result.fulfilled);
        CHECK(result.state.sent <= terms.send);
        // What the first connector has taken is what was sent; what each gave is what the next took, but for answers
        // that were lost between them, which cost the connector that did not get them.
        CHECK(path.connectors().front().taken == result.state.sent);
        for (std::size_t i = 1; i < connectors.size(); ++i) {
            CHECK(path.connectors()[i].taken >= path.connectors()[i - 1].given);
        }
        const amount known_received{path.received.value - path.lost_received.value};
        CHECK(path.received >= path.connectors().back().given);
        if (kind != receiver::is_silent && !is_delivery) {
            CHECK(known_received.value + 1 >= terms.minimum.minimum_for(result.state.sent).value);
        }
        switch (kind) {
            case receiver::honest:
                CHECK(result.state.delivered == known_received);
                break;
            case receiver::says_less:
                CHECK((path.packets == 0 || result.finished.end != payment_end::completed));
                break;
            case receiver::takes_none:
            case receiver::is_silent:
                CHECK(result.state == ilp::payment_state{});
                CHECK(result.finished.end != payment_end::completed);
                break;
            case receiver::says_nothing:
                CHECK(result.state.delivered <= known_received);
                break;
            case receiver::says_more:
                break;
        }
        if (result.finished.end == payment_end::completed) {
            ++completed;
            if (is_delivery) {
                CHECK(result.state.delivered >= wanted);
            } else {
                CHECK(result.state.sent == wanted);
            }
        }
    }
    CHECK(completed > 50);
}

TEST_CASE("payments along random paths without hostile receivers or lasting faults arrive to the unit") {
    const std::uint64_t seed = printed_seed();
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    for (int run = 0; run < 200; ++run) {
        CAPTURE(run);
        std::vector<connector> connectors;
        for (auto i = random() % 3 + 1; i > 0; --i) {
            connectors.push_back(random_connector(random));
            connectors.back().rate = {};
            connectors.back().faults_per_mille /= 4;
            connectors.back().lost_per_mille = 0;
        }
        path path{connectors, receiver::honest, random()};
        const amount wanted{random() % 500'000 + 1};
        const bool is_delivery = random() % 2 == 0;
        const payment_terms terms =
            is_delivery ? ilp::deliver_exactly(wanted, {}, slippage) : ilp::send_exactly(wanted, {}, 0);
        outgoing_payment payment{terms, {}, {}, {}};
        const auto result = simulated_path::pay(payment, path, terms, start);
        CAPTURE(wanted.value, is_delivery, path.packets, result.state.sent.value);
        CHECK(ilp::describe(result.finished.end) == ilp::describe(payment_end::completed));
        CHECK(result.state.sent == wanted);
        CHECK(result.state.delivered == wanted);
        CHECK(path.received == wanted);
    }
}

TEST_CASE("a payment of 10 000 packets takes the round trips of its window") {
    path path{{{.maximum = {1'000}}, {}}, receiver::honest, 1};
    const payment_terms terms = ilp::send_exactly({10'000'000}, {}, 0);
    outgoing_payment payment{terms, {}, {ilp::path_maximum{amount{1'000}}, {}}, {.packets_in_flight_max = 1'000}};
    const auto result = simulated_path::pay(payment, path, terms, start);
    CHECK(result.finished.end == payment_end::completed);
    CHECK(path.packets == 10'000);
    CHECK(path.received == amount{10'000'000});
    CHECK(result.packets_in_flight_max == 1'000);
    // 16, 32, 64, ... up to 1 000 in six round trips, then 1 000 in each.
    CHECK(result.took <= 17 * 20ms);
}

TEST_CASE("a connector that takes 166 packets a second gets nearly as many, and refuses few") {
    path path{{{.maximum = {1}, .packet_interval = 6ms, .burst = 10}, {}}, receiver::honest, 1};
    const payment_terms terms = ilp::send_exactly({10'000}, {}, 0);
    outgoing_payment payment{terms, {}, {ilp::path_maximum{amount{1}}, {}}, {}};
    const auto result = simulated_path::pay(payment, path, terms, start);
    CHECK(result.finished.end == payment_end::completed);
    CAPTURE(result.took / 1s, path.packets);
    CHECK(result.took < 2 * 60s);
    CHECK(path.packets < 11'000);
}

TEST_CASE("a path with little liquidity is filled, not overrun") {
    path path{{{.liquidity = {20'000}}, {}}, receiver::honest, 1};
    const payment_terms terms = ilp::send_exactly({1'000'000}, {}, 0);
    outgoing_payment payment{terms, {}, {ilp::path_maximum{amount{1'000}}, {}}, {}};
    const auto result = simulated_path::pay(payment, path, terms, start);
    CHECK(result.finished.end == payment_end::completed);
    CAPTURE(result.took / 1ms, path.packets);
    CHECK(path.packets < 1'500);
    CHECK(result.took < 10s);
}

TEST_CASE("a quote takes one round trip, whether or not the path has a maximum") {
    const auto takes = [](std::vector<connector> connectors, amount wanted) {
        path path{std::move(connectors), receiver::honest, 1};
        const auto quote = ask(path, wanted);
        REQUIRE(quote.outcome);
        CHECK(quote.outcome->rate.delivered_for({1'000'000}).value >= 499'000);
        CHECK(quote.outcome->rate.delivered_for({1'000'000}).value <= 500'000);
        return quote.took;
    };
    CHECK(takes({{}, {.rate = {1, 2}}}, {1'000'000'000}) == 20ms);
    CHECK(takes({{.maximum = {123'456}}, {.rate = {1, 2}}}, {1'000'000'000}) == 20ms);
    CHECK(takes({{.maximum = {123'456}, .tells_maximum = false}, {.rate = {1, 2}}}, {1'000'000'000}) == 20ms);
    CHECK(takes({{.rate = {1, 2}}, {.maximum = {1'000'000}}, {}}, {1'000'000'000'000}) == 20ms);
    // Only 1 of 1 000 000, 1 000, 1 passes: the second round asks for the maximum that the first has found.
    CHECK(takes({{.maximum = {800}}, {.rate = {1, 2}}}, {1'000'000}) == 40ms);
}

TEST_CASE("a payment after a quote arrives, with what the quote has learned") {
    const std::uint64_t seed = printed_seed();
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    for (int run = 0; run < 100; ++run) {
        CAPTURE(run);
        std::vector<connector> connectors;
        for (auto i = random() % 3 + 1; i > 0; --i) {
            connector made;
            made.rate = {random() % 900 + 500, random() % 900 + 500};
            made.maximum = {random() % 100'000 + 10'000};
            made.tells_maximum = random() % 2 == 0;
            connectors.push_back(made);
        }
        path path{connectors, receiver::honest, random()};
        const amount wanted{random() % 5'000'000 + 100'000};
        const auto quote = ask(path, wanted);
        REQUIRE(quote.outcome);
        CHECK(quote.took <= 60ms);
        const bool is_delivery = random() % 2 == 0;
        const payment_terms terms = is_delivery ? ilp::deliver_exactly(wanted, quote.outcome->rate, slippage)
                                                : ilp::send_exactly(wanted, quote.outcome->rate, slippage);
        outgoing_payment payment{terms, {}, quote.outcome->path, {}, quote.outcome->numbers_used};
        const auto result = simulated_path::pay(payment, path, terms, start);
        CAPTURE(wanted.value, is_delivery, path.packets, result.state.sent.value, result.state.delivered.value);
        CHECK(ilp::describe(result.finished.end) == ilp::describe(payment_end::completed));
        CHECK(path.received == result.state.delivered);
        if (is_delivery) {
            CHECK(result.state.delivered >= wanted);
            CHECK(result.state.delivered.value <= wanted.value + wanted.value / 100 + 10);
        }
    }
}

TEST_CASE("a payment along a path that keeps the quoted rate arrives, however coarse the units of the receiver are") {
    const std::uint64_t seed = printed_seed();
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    const auto between = [&random](std::uint64_t least, std::uint64_t most) {
        return least + random() % (most - least + 1);
    };
    const auto power_of_ten = [](std::uint64_t exponent) {
        std::uint64_t power = 1;
        while (exponent-- > 0) power *= 10;
        return power;
    };
    int split = 0;
    for (int run = 0; run < 2'000; ++run) {
        CAPTURE(run);
        // The nodes in the middle have finer units than the receiver, so only the last conversion loses something.
        std::vector<connector> connectors;
        std::uint64_t scale = between(2, 9);
        for (auto hops = between(1, 3); hops > 0; --hops) {
            const std::uint64_t next_scale = hops == 1 ? between(0, 9) : between(9, 12);
            connector made;
            made.rate = {between(100, 5'000) * power_of_ten(next_scale > scale ? next_scale - scale : 0),
                         1'000 * power_of_ten(next_scale < scale ? scale - next_scale : 0)};
            connectors.push_back(made);
            scale = next_scale;
        }
        const auto arrives = [&connectors](amount sent) {
            for (const auto& hop : connectors) {
                sent = hop.rate.delivered_for(sent);
                if (sent == amount::max()) break;
            }
            return sent;
        };
        const amount maximum{between(500, 999) * power_of_ten(between(0, 9))};
        const bool is_divisible = arrives(maximum).value >= 4;
        const bool is_exact = arrives({5 * maximum.value}) < amount::max();
        if (!is_divisible || !is_exact) continue;
        connectors.front().maximum = maximum;
        connectors.front().tells_maximum = random() % 2 == 0;
        const amount wanted{maximum.value / 1'000 * between(1, 5'000) + between(0, 499)};
        if (arrives(wanted).is_zero()) continue;
        path path{connectors, receiver::honest, random()};
        const auto quote = ask(path, wanted);
        if (!quote.outcome) {  // the probe was rounded to nothing
            CHECK(arrives(wanted).value < 4);
            continue;
        }
        const bool is_delivery = random() % 2 == 0;
        const amount deliver = std::max(quote.outcome->rate.delivered_for(wanted), amount{1});
        const payment_terms terms = is_delivery ? ilp::deliver_exactly(deliver, quote.outcome->rate, slippage)
                                                : ilp::send_exactly(wanted, quote.outcome->rate, slippage);
        outgoing_payment payment{terms, {}, quote.outcome->path, {}, quote.outcome->numbers_used};
        const auto result = simulated_path::pay(payment, path, terms, start);
        CAPTURE(wanted.value, maximum.value, is_delivery, quote.outcome->rate.delivered, quote.outcome->rate.sent,
                path.packets, result.state.sent.value, result.state.delivered.value, connectors.size());
        CHECK(ilp::describe(result.finished.end) == ilp::describe(payment_end::completed));
        CHECK(result.state.delivered.value + 1 >= terms.minimum.minimum_for(result.state.sent).value);
        if (wanted > maximum) ++split;
    }
    CHECK(split > 300);
}

TEST_CASE("a payment that is stopped at any moment and taken up again sends its amount once") {
    const std::uint64_t seed = printed_seed();
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    for (int run = 0; run < 100; ++run) {
        CAPTURE(run);
        const payment_terms terms = ilp::send_exactly({random() % 100'000 + 1}, {}, 0);
        ilp::payment_state stored{};
        amount debited{};
        for (int crash = 0; crash < 3; ++crash) {
            // The process ends with packets in flight: what was fulfilled is posted and stored, and nothing else is.
            outgoing_payment payment{terms, ilp::taken_up(stored), {ilp::path_maximum{amount{1'000}}, {}}, {}};
            auto now = start;
            for (auto steps = random() % 60; steps > 0; --steps) {
                const auto next = payment.next(now);
                const auto* const packet = std::get_if<outgoing_payment::send_packet>(&next);
                if (packet == nullptr) break;
                now += 1ms;
                if (random() % 2 == 0) continue;
                payment.fulfilled(packet->number, packet->amount, now);
                debited.value += packet->amount.value;
            }
            stored = payment.state();
            CHECK(stored.sent == debited);
            CHECK(stored.sent.value + stored.in_doubt.value <= terms.send.value);
        }
        outgoing_payment payment{terms, ilp::taken_up(stored), {}, {}};
        path path{{{}}, receiver::honest, random()};
        payment_terms rest = terms;
        rest.send.value -= stored.sent.value;
        const auto result = simulated_path::pay(payment, path, rest, start);
        CHECK(result.finished.end == payment_end::completed);
        CHECK(debited.value + result.fulfilled.value == terms.send.value);
        CHECK(result.state == ilp::payment_state{terms.send, terms.send, {}});
    }
}

}  // namespace payment_simulation_test
