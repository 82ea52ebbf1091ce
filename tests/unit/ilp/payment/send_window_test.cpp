#include "ilp/payment/send_window.hpp"

#include <catch2/catch.hpp>

#include <cstddef>

namespace send_window_test {

using namespace std::chrono_literals;
using ilp::amount;
using ilp::round_trip_times;
using ilp::send_window;
using ilp::steady_time;

namespace {

constexpr steady_time start{1000s};
constexpr auto round_trip = 100ms;

round_trip_times known_times() {
    round_trip_times times;
    times.measured(round_trip);
    return times;
}

/// A whole window of packets is fulfilled.
void fulfill_all(send_window& window, steady_time now, amount each = {100}) {
    const std::size_t packets = window.packets();
    for (std::size_t i = 0; i < packets; ++i) window.fulfilled(each, now, known_times());
}

}  // namespace

TEST_CASE("send window: it doubles with each round trip up to its maximum") {
    send_window window{100};
    CHECK(window.packets() == send_window::packets_first);
    fulfill_all(window, start);
    CHECK(window.packets() == 2 * send_window::packets_first);
    fulfill_all(window, start);
    fulfill_all(window, start);
    CHECK(window.packets() == 100);
    CHECK(send_window{1}.packets() == 1);
    CHECK(window.value() == amount::max());
}

TEST_CASE("A27-63: T03 halves the window once a round trip, then it grows by one packet a round trip") {
    send_window window{100};
    fulfill_all(window, start);
    for (int i = 0; i < 10; ++i) window.busy(start, start + round_trip, 32, known_times());
    CHECK(window.packets() == 16);
    CHECK(window.opens_at() == start + 2 * round_trip);
    window.busy(start + 2 * round_trip, start + 3 * round_trip, 16, known_times());
    CHECK(window.packets() == 8);
    fulfill_all(window, start + 4 * round_trip);
    CHECK(window.packets() == 9);
    for (int i = 2; i < 20; ++i) {
        window.busy(start + 2 * i * round_trip, start + (2 * i + 1) * round_trip, 1, known_times());
    }
    CHECK(window.packets() == 1);
}

TEST_CASE("send window: it does not grow while the path is slow") {
    round_trip_times slow = known_times();
    for (int i = 0; i < 100; ++i) slow.measured(400ms);
    REQUIRE(slow.is_slow());
    send_window window{100};
    for (int i = 0; i < 100; ++i) window.fulfilled({100}, start, slow);
    CHECK(window.packets() == send_window::packets_first);
    // Then it grows slowly.
    fulfill_all(window, start);
    CHECK(window.packets() == send_window::packets_first + 1);
}

TEST_CASE("A27-65: T05 sets a pace of half of what was sent in a round trip, and half again") {
    send_window window{100};
    window.sent(start);
    CHECK(window.opens_at() <= start);  // no pace
    for (int i = 0; i < 10; ++i) window.rate_limited(start, start + round_trip, 10, known_times());
    // 10 packets in 100 ms was too fast: one each 20 ms, after a pause.
    auto now = window.opens_at();
    CHECK(now == start + 2 * round_trip);
    window.sent(now);
    CHECK(window.opens_at() == now + 8ms);  // 12 ms of lateness are made up for
    now = window.opens_at();
    window.sent(now);
    CHECK(window.opens_at() == now + 20ms);
    window.rate_limited(now, now + round_trip, 5, known_times());
    now = window.opens_at();
    window.sent(now);
    window.sent(now);
    CHECK(window.opens_at() >= now + 66ms);
    // It never ends in less than a packet a second.
    for (int i = 0; i < 100; ++i) {
        now += 10s;
        window.rate_limited(now, now, 1, known_times());
    }
    now = window.opens_at();
    window.sent(now);
    CHECK(window.opens_at() <= now + send_window::interval_max);
}

TEST_CASE("send window: a pace far above the steps of a timer is kept") {
    constexpr auto timer_step = 10ms;
    send_window window{1'000};
    window.rate_limited(start, start + round_trip, 200, known_times());  // one each millisecond
    const auto begin = window.opens_at();
    int sent = 0;
    for (auto now = begin; now < begin + 1s; now += timer_step) {
        for (; window.opens_at() <= now; ++sent) window.sent(now);
    }
    CHECK(sent >= 990);
    CHECK(sent <= 1'013);
}

TEST_CASE("send window: the pace becomes a sixteenth faster each round trip without T05") {
    send_window window{100};
    window.rate_limited(start, start, 10, known_times());
    const auto next_interval = [&window](steady_time now) {
        window.sent(now);
        window.sent(now);
        const auto first = window.opens_at();
        window.sent(now);
        return window.opens_at() - first;
    };
    CHECK(next_interval(start + 10s) == 20ms);
    window.fulfilled({100}, start + 10s, known_times());
    window.fulfilled({100}, start + 10s, known_times());
    CHECK(next_interval(start + 20s) == 20ms - 1250us);
}

TEST_CASE("A27-64: T04 halves the value in flight, which then grows by a packet a round trip") {
    send_window window{100};
    for (int i = 0; i < 10; ++i) window.short_of_liquidity(start, start + round_trip, {1'000}, known_times());
    CHECK(window.value() == amount{500});
    CHECK(window.packets() == send_window::packets_first);
    for (int i = 0; i < 5; ++i) window.fulfilled({100}, start + 2 * round_trip, known_times());
    CHECK(window.value() > amount{590});
    CHECK(window.value() < amount{610});
    for (int i = 1; i < 50; ++i) {
        window.short_of_liquidity(start + 2 * i * round_trip, start + (2 * i + 1) * round_trip, {1}, known_times());
    }
    CHECK(window.value() == amount{1});
    window.fulfilled(amount::max(), start, known_times());
    CHECK(window.value() == amount::max());
}

TEST_CASE("send window: pauses double until a packet is fulfilled, within bounds") {
    send_window window{100};
    window.pause(start, known_times());
    CHECK(window.opens_at() == start + round_trip);
    window.pause(start + 50ms, known_times());  // it is in a pause
    CHECK(window.opens_at() == start + round_trip);
    window.pause(start + 1s, known_times());
    CHECK(window.opens_at() == start + 1s + 2 * round_trip);
    window.fulfilled({100}, start + 2s, known_times());
    window.pause(start + 3s, known_times());
    CHECK(window.opens_at() == start + 3s + round_trip);
    auto now = start;
    for (int i = 0; i < 100; ++i) {
        now += 10s;
        window.pause(now, known_times());
    }
    CHECK(window.opens_at() == now + send_window::pause_max);
    round_trip_times quick;
    quick.measured(10us);
    send_window other{100};
    other.pause(start, quick);
    CHECK(other.opens_at() == start + send_window::pause_min);
}

}  // namespace send_window_test
