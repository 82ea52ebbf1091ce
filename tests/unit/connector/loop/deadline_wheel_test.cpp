#include "connector/loop/deadline_wheel.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <vector>

namespace deadline_wheel_test {

using connector::deadline;
using connector::deadline_of;
using connector::deadline_wheel;
using ilp::steady_time;
using namespace std::chrono_literals;

namespace {

const steady_time start{12345ms};

/// Counts how often it was woken, and gets the time from the test.
struct sleeper {
    void wake() { ++woken; }
    int woken = 0;
    deadline_of<sleeper, &sleeper::wake> alarm{*this};
};

struct sleeper_that_destroys {
    void wake() {
        if (other != nullptr) other->reset();
        self.reset();
    }
    std::unique_ptr<sleeper_that_destroys>& self;
    std::unique_ptr<sleeper>* other = nullptr;
    deadline_of<sleeper_that_destroys, &sleeper_that_destroys::wake> alarm{*this};
};

}  // namespace

TEST_CASE("deadline wheel: a deadline is never early and at most one tick late") {
    for (const auto delay : {0ms, 1ms, 9ms, 10ms, 11ms, 5000ms, 10230ms, 10240ms, 10250ms, 60001ms}) {
        CAPTURE(delay.count());
        deadline_wheel wheel{start};
        sleeper sleeper;
        wheel.set(sleeper.alarm, start + delay);
        for (auto now = start; now < start + delay; now += 1ms) wheel.advance(now);
        CHECK(sleeper.woken == 0);
        wheel.advance(start + delay + deadline_wheel::tick);
        CHECK(sleeper.woken == 1);
        CHECK_FALSE(sleeper.alarm.is_set());
        wheel.advance(start + delay + 1h);
        CHECK(sleeper.woken == 1);
    }
}

TEST_CASE("deadline wheel: a deadline in the past is due at the next tick") {
    deadline_wheel wheel{start};
    wheel.advance(start + 5s);
    sleeper past;
    sleeper before_the_start;
    wheel.set(past.alarm, start + 1s);
    wheel.set(before_the_start.alarm, start - 1s);
    CHECK(past.woken == 0);
    wheel.advance(start + 5s + deadline_wheel::tick);
    CHECK(past.woken == 1);
    CHECK(before_the_start.woken == 1);
}

TEST_CASE("deadline wheel: a deadline can be moved, cancelled and destroyed") {
    deadline_wheel wheel{start};
    sleeper moved;
    sleeper cancelled;
    auto destroyed = std::make_unique<sleeper>();
    wheel.set(moved.alarm, start + 1s);
    wheel.set(cancelled.alarm, start + 1s);
    wheel.set(destroyed->alarm, start + 1s);
    wheel.set(moved.alarm, start + 3s);
    cancelled.alarm.cancel();
    cancelled.alarm.cancel();
    CHECK_FALSE(cancelled.alarm.is_set());
    destroyed.reset();
    wheel.advance(start + 2s);
    CHECK(moved.woken == 0);
    CHECK(cancelled.woken == 0);
    wheel.advance(start + 4s);
    CHECK(moved.woken == 1);
    CHECK_FALSE(wheel.next_due());
}

TEST_CASE("deadline wheel: an action may destroy its owner and other due deadlines") {
    deadline_wheel wheel{start};
    auto victim = std::make_unique<sleeper>();
    auto later_victim = std::make_unique<sleeper>();
    std::unique_ptr<sleeper_that_destroys> first;
    std::unique_ptr<sleeper_that_destroys> second;
    first.reset(new sleeper_that_destroys{first, &victim});
    second.reset(new sleeper_that_destroys{second, &later_victim});
    sleeper last;
    wheel.set(first->alarm, start + 100ms);
    wheel.set(victim->alarm, start + 100ms);
    wheel.set(second->alarm, start + 100ms);
    wheel.set(last.alarm, start + 100ms);
    wheel.set(later_victim->alarm, start + 100ms + 1024 * deadline_wheel::tick);  // same slot, a turn later
    wheel.advance(start + 1s);
    CHECK_FALSE(victim);
    CHECK_FALSE(later_victim);
    CHECK_FALSE(first);
    CHECK_FALSE(second);
    CHECK(last.woken == 1);
    CHECK_FALSE(wheel.next_due());
}

TEST_CASE("deadline wheel: an action may set its own deadline and others again") {
    struct repeater {
        void wake() {
            ++woken;
            due += 100ms;
            wheel.set(alarm, due);
            wheel.set(other.alarm, due - 50ms);
        }
        deadline_wheel& wheel;
        steady_time due;
        sleeper& other;
        int woken = 0;
        deadline_of<repeater, &repeater::wake> alarm{*this};
    };
    deadline_wheel wheel{start};
    sleeper other;
    repeater repeater{wheel, start + 100ms, other};
    wheel.set(repeater.alarm, repeater.due);
    for (auto now = start; now <= start + 1s; now += 1ms) wheel.advance(now);
    CHECK(repeater.woken == 9);  // the tenth one is within the next tick
    CHECK(other.woken == 9);
    wheel.advance(start + 1s + deadline_wheel::tick);
    CHECK(repeater.woken == 10);
}

TEST_CASE("deadline wheel: after a long sleep every due deadline fires once") {
    deadline_wheel wheel{start};
    std::vector<std::unique_ptr<sleeper>> sleepers;
    for (int i = 0; i < 500; ++i) {
        wheel.set(sleepers.emplace_back(std::make_unique<sleeper>())->alarm, start + i * 97ms);
    }
    sleeper far;
    wheel.set(far.alarm, start + 24h + 1s);
    do wheel.advance(start + 24h);
    while (wheel.next_due() <= start + 24h);
    CHECK(std::ranges::all_of(sleepers, [](const auto& each) { return each->woken == 1; }));
    CHECK(far.woken == 0);
    wheel.advance(start + 24h + 1s + deadline_wheel::tick);
    CHECK(far.woken == 1);
}

TEST_CASE("deadline wheel: of many due deadlines a few fire at a time, in their order") {
    deadline_wheel wheel{start};
    std::array<sleeper, 3 * deadline_wheel::actions_max> sleepers;
    for (sleeper& each : sleepers) wheel.set(each.alarm, start + 1s);
    const steady_time late = start + 2s;
    const auto woken = [&sleepers] { return std::ranges::count(sleepers, 1, &sleeper::woken); };
    for (const auto expected : {64, 128}) {
        wheel.advance(late);
        CHECK(woken() == expected);
        CHECK(wheel.next_due().value() <= late);
    }
    CHECK(sleepers[127].woken == 1);
    CHECK(sleepers[128].woken == 0);

    // Alarms that are waiting can be cancelled and set again.
    sleepers[128].alarm.cancel();
    wheel.set(sleepers[129].alarm, late + 1s);
    wheel.advance(late);
    CHECK(woken() == 190);
    CHECK(wheel.next_due().value() > late);
    wheel.advance(late + 1s + deadline_wheel::tick);
    CHECK(woken() == 191);
    CHECK(sleepers[128].woken == 0);
}

TEST_CASE("deadline wheel: a clock that stops or goes back changes nothing") {
    deadline_wheel wheel{start};
    sleeper sleeper;
    wheel.advance(start + 1s);
    wheel.set(sleeper.alarm, start + 2s);
    wheel.advance(start + 1s);
    wheel.advance(start - 1h);
    CHECK(sleeper.woken == 0);
    CHECK(sleeper.alarm.is_set());
}

TEST_CASE("deadline wheel: it may be destroyed before the deadlines that are set in it") {
    std::array<sleeper, 3> sleepers;
    {
        deadline_wheel wheel{start};
        for (sleeper& each : sleepers) wheel.set(each.alarm, start + 1s);
    }
    CHECK(std::ranges::all_of(sleepers, [](const sleeper& each) { return each.woken == 0; }));
}

// Simulates the owner of the timer, which asks for next_due() when set() says so and after each advance(), and calls
// advance() at that time or up to `lateness` after it.
TEST_CASE("deadline wheel: random deadlines fire like those of a sorted reference") {
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    const auto below = [&random](std::uint32_t bound) { return static_cast<int>(random() % bound); };

    struct entry;
    using reference = std::multimap<steady_time, entry*>;
    struct entry {
        void wake() {
            REQUIRE(at->first <= *now);
            pending->erase(at);
            at = pending->end();
        }
        reference* pending = nullptr;
        const steady_time* now = nullptr;
        reference::iterator at;
        deadline_of<entry, &entry::wake> alarm{*this};
    };

    deadline_wheel wheel{start};
    reference pending;
    steady_time now = start;
    std::vector<std::unique_ptr<entry>> entries;
    const auto make = [&] { return std::unique_ptr<entry>{new entry{&pending, &now, pending.end()}}; };
    for (int i = 0; i < 300; ++i) entries.push_back(make());
    const auto forget = [&](entry& each) {
        if (each.at != pending.end()) pending.erase(each.at);
        each.at = pending.end();
    };

    std::optional<steady_time> wake_at;
    int met = 0;
    for (int round = 0; round < 5000; ++round) {
        for (int changes = below(10); changes > 0; --changes) {
            auto& each = entries[random() % entries.size()];
            forget(*each);
            switch (below(8)) {
                case 0:
                    each->alarm.cancel();
                    break;
                case 1:
                    each = make();
                    break;  // destroys it, whether or not it is set
                default: {
                    const steady_time due = now + std::chrono::microseconds{random() % 45'000'000} - 100ms;
                    each->at = pending.emplace(due, each.get());
                    if (wheel.set(each->alarm, due)) wake_at = wheel.next_due();
                }
            }
        }
        if (!pending.empty()) {
            REQUIRE(wake_at);
            REQUIRE(*wake_at <= std::max(pending.begin()->first, now) + deadline_wheel::tick);
        }
        // A short time passes, and occasionally the machine sleeps.
        const auto passed =
            below(200) == 0 ? std::chrono::milliseconds{below(60'000)} : std::chrono::milliseconds{below(40)};
        const auto lateness = std::chrono::microseconds{below(3000)};
        const steady_time until = now + passed;
        while (wake_at && *wake_at <= until) {
            now = std::max(now, *wake_at + lateness);
            const auto before = pending.size();
            wheel.advance(now);
            met += static_cast<int>(before - pending.size());
            // Every deadline that was due a tick ago has been met. One that was already past when it was set has one
            // tick more.
            REQUIRE((pending.empty() || pending.begin()->first + deadline_wheel::tick > now));
            wake_at = wheel.next_due();
        }
        now = std::max(now, until);
    }
    CHECK(met > 1000);
    for (const auto& each : entries) CHECK(each->alarm.is_set() == (each->at != pending.end()));
}

}  // namespace deadline_wheel_test
