#include "connector/webhooks/webhook_schedule.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace webhook_schedule_test {

using connector::webhook_schedule;
using peering::event_attempt;
using peering::pending_event;
using namespace std::chrono_literals;

namespace {

constexpr ilp::steady_time start{1000s};
constexpr ilp::timestamp wall{std::chrono::milliseconds{1'700'000'000'000}};  ///< at the start

/// Both clocks at `steady`, when the wall clock has been set by `set`.
ilp::instant at(ilp::steady_time steady, std::chrono::milliseconds set = {}) {
    return {wall + std::chrono::floor<std::chrono::milliseconds>(steady - start) + set, steady};
}

pending_event event(const std::string& uuid, ilp::timestamp due = wall, std::uint32_t attempts = 0) {
    return {{uuid, "peer.liquidity_low", "{}"}, attempts, due};
}

/// A store that carries out every request immediately.
struct outbox {
    void add(const pending_event& event) { events.emplace(event.event.uuid, event); }

    std::vector<pending_event> earliest() const {
        std::vector<pending_event> found;
        for (const auto& [uuid, event] : events) found.push_back(event);
        std::ranges::stable_sort(found, {}, &pending_event::due);
        if (found.size() > webhook_schedule::waiting_max) found.resize(webhook_schedule::waiting_max);
        return found;
    }

    void save(const event_attempt& attempt) {
        if (attempt.delivered || !attempt.due) {
            events.erase(attempt.uuid);
            return;
        }
        auto& event = events.at(attempt.uuid);
        ++event.attempts;
        event.due = *attempt.due;
    }

    std::map<std::string, pending_event> events;
};

void load(webhook_schedule& schedule, const outbox& outbox, const ilp::instant& now = at(start)) {
    schedule.begin_load();
    schedule.loaded(outbox.earliest(), now);
}

/// Posts the only event that is due without success.
event_attempt fail_once(webhook_schedule& schedule, outbox& outbox, const ilp::instant& now) {
    const auto taken = schedule.take(now.steady);
    REQUIRE(taken);
    auto attempt = schedule.ended(*taken, false, now);
    outbox.save(attempt);
    schedule.saved(attempt);
    return attempt;
}

/// The UUIDs of all events that can be taken at `now`.
std::vector<std::string> take_all(webhook_schedule& schedule, ilp::steady_time now) {
    std::vector<std::string> taken;
    while (const auto event = schedule.take(now)) taken.push_back(event->event.uuid);
    return taken;
}

using list = std::vector<std::string>;

}  // namespace

TEST_CASE("webhook schedule: it loads at first, and later only for a reason") {
    webhook_schedule schedule{10};
    CHECK(schedule.must_load(start));
    CHECK_FALSE(schedule.take(start));
    schedule.begin_load();
    CHECK_FALSE(schedule.must_load(start + 24h));
    schedule.loaded({}, at(start));
    CHECK_FALSE(schedule.must_load(start + 24h));
    CHECK_FALSE(schedule.next_due());
    schedule.request_load();
    CHECK(schedule.must_load(start));
}

TEST_CASE("webhook schedule: events that arrive during a load cause another load") {
    webhook_schedule schedule{10};
    schedule.begin_load();
    schedule.request_load();
    schedule.loaded({}, at(start));
    CHECK(schedule.must_load(start));
}

TEST_CASE("webhook schedule: an event is taken when it is due, the earliest first") {
    webhook_schedule schedule{10};
    schedule.begin_load();
    schedule.loaded({event("a", wall - 1h), event("b"), event("c", wall + 1ms, 1)}, at(start));
    CHECK(schedule.next_due() == start - 1h);
    CHECK(take_all(schedule, start) == list{"a", "b"});
    CHECK(schedule.next_due() == start + 1ms);
    CHECK_FALSE(schedule.take(start));
    CHECK(take_all(schedule, start + 1ms) == list{"c"});
    CHECK_FALSE(schedule.next_due());
}

TEST_CASE("webhook schedule: the number of events in progress is bounded") {
    webhook_schedule schedule{10};
    schedule.begin_load();
    schedule.loaded({event("a"), event("b"), event("c"), event("d"), event("e"), event("f")}, at(start));
    CHECK(take_all(schedule, start) == list{"a", "b", "c", "d"});
    CHECK_FALSE(schedule.next_due());
    const auto attempt = schedule.ended(event("c"), true, at(start));
    CHECK_FALSE(schedule.take(start));  // the store has not saved it yet
    schedule.saved(attempt);
    CHECK(schedule.next_due() == start);
    CHECK(take_all(schedule, start) == list{"e"});
}

TEST_CASE("webhook schedule: an event in progress is not taken again, whatever the store still has") {
    webhook_schedule schedule{10};
    outbox store;
    store.add(event("a"));
    load(schedule, store);
    REQUIRE(take_all(schedule, start) == list{"a"});
    load(schedule, store);
    CHECK_FALSE(schedule.take(start));
    const auto attempt = schedule.ended(event("a"), true, at(start));
    CHECK(attempt.delivered);
    CHECK_FALSE(attempt.due);
    load(schedule, store);  // simulates a store that is down: it has not saved the attempt
    CHECK_FALSE(schedule.take(start + 1h));
    store.save(attempt);
    schedule.saved(attempt);
    load(schedule, store);
    CHECK_FALSE(schedule.take(start + 1h));
}

TEST_CASE("webhook schedule: an event is retried after 10 s, 20 s, up to 60 s, and then given up") {
    webhook_schedule schedule{10};
    outbox store;
    store.add(event("a"));
    ilp::steady_time now = start;
    for (const auto pause : {10s, 20s, 30s, 40s, 50s, 60s, 60s, 60s, 60s, 60s}) {
        REQUIRE(schedule.must_load(now));
        load(schedule, store, at(now));
        REQUIRE_FALSE(schedule.take(now - 1ms));
        const auto attempt = fail_once(schedule, store, at(now));
        CHECK_FALSE(attempt.delivered);
        REQUIRE(attempt.due);
        CHECK(*attempt.due == at(now).wall + pause);
        CHECK(schedule.next_due() == now + pause);
        CHECK_FALSE(schedule.must_load(now + pause - 1ms));
        now += pause;
    }
    load(schedule, store, at(now));
    const auto last = schedule.take(now);
    REQUIRE(last);
    CHECK(last->attempts == 10);
    const auto attempt = schedule.ended(*last, false, at(now));
    CHECK_FALSE(attempt.delivered);
    CHECK_FALSE(attempt.due);
    schedule.saved(attempt);
    CHECK_FALSE(schedule.next_due());
    CHECK_FALSE(schedule.must_load(now + 24h));
}

TEST_CASE("webhook schedule: without retries there is one attempt") {
    webhook_schedule schedule{0};
    CHECK_FALSE(schedule.ended(event("a"), false, at(start)).due);
}

TEST_CASE("webhook schedule: fewer retries are allowed than an event has had") {
    webhook_schedule schedule{3};
    CHECK_FALSE(schedule.ended(event("a", wall, 7), false, at(start)).due);
    CHECK(schedule.ended(event("a", wall, 2), false, at(start)).due == wall + 30s);
}

TEST_CASE("webhook schedule: later events do not delay a retry") {
    webhook_schedule schedule{10};
    outbox store;
    store.add(event("a"));
    load(schedule, store);
    fail_once(schedule, store, at(start));
    for (int i = 0; i < 100; ++i) store.add(event("later " + std::to_string(100 + i), wall + 60s, 6));
    schedule.request_load();
    REQUIRE(schedule.must_load(start));
    load(schedule, store);
    CHECK(schedule.next_due() == start + 10s);
    CHECK(take_all(schedule, start + 10s) == list{"a"});
}

TEST_CASE("webhook schedule: a full outbox is processed, each event once, with a few in memory") {
    webhook_schedule schedule{10};
    outbox store;
    for (int i = 0; i < 500; ++i) store.add(event(std::to_string(i)));
    int taken = 0;
    int loads = 0;
    for (;;) {
        if (schedule.must_load(start)) {
            load(schedule, store);
            ++loads;
        }
        const auto next = schedule.take(start);
        if (!next) break;
        ++taken;
        const auto attempt = schedule.ended(*next, true, at(start));
        store.save(attempt);
        schedule.saved(attempt);
    }
    CHECK(taken == 500);
    CHECK(store.events.empty());
    CHECK(loads <= 500 / 64 + 2);
}

TEST_CASE("webhook schedule: setting the wall clock neither hastens nor delays a retry") {
    for (const auto set : {1h, -1h}) {
        CAPTURE(set.count());
        webhook_schedule schedule{10};
        outbox store;
        store.add(event("a"));
        load(schedule, store);
        fail_once(schedule, store, at(start));
        // A new event has everything loaded again after the wall clock was set.
        store.add(event("b", at(start + 3s, set).wall));
        schedule.request_load();
        load(schedule, store, at(start + 3s, set));
        CHECK(take_all(schedule, start + 3s) == list{"b"});
        CHECK(schedule.next_due() == start + 10s);
        store.save(schedule.ended(event("b"), true, at(start + 4s, set)));
        load(schedule, store, at(start + 9s, set));
        CHECK_FALSE(schedule.take(start + 10s - 1ms));
        // The pauses after the next attempts are the usual ones as well.
        auto now = start + 10s;
        for (const auto pause : {20s, 30s}) {
            fail_once(schedule, store, at(now, set));
            CHECK(schedule.next_due() == now + pause);
            now += pause;
            CHECK_FALSE(schedule.must_load(now - 1ms));
            REQUIRE(schedule.must_load(now));
            load(schedule, store, at(now, set));
            CHECK(schedule.next_due() == now);
        }
    }
}

TEST_CASE("webhook schedule: after a start with another clock, no event waits longer than its pause") {
    webhook_schedule schedule{10};
    outbox store;
    store.add(event("new", wall + 24h));
    store.add(event("retried once", wall + 24h, 1));
    store.add(event("retried often", wall + 24h, 9));
    store.add(event("due long ago", wall - 24h, 9));
    load(schedule, store);
    CHECK(take_all(schedule, start) == list{"due long ago", "new"});
    CHECK_FALSE(schedule.take(start + 10s - 1ms));
    // Loading them again does not let them wait again.
    schedule.request_load();
    load(schedule, store, at(start + 5s));
    CHECK(schedule.next_due() == start + 10s);
    CHECK(take_all(schedule, start + 10s) == list{"retried once"});
    CHECK(schedule.next_due() == start + 60s);
}

// The store and the receiver answer at arbitrary times and in any order. Only the store's own answers stay in order,
// because it is a single thread.
TEST_CASE("webhook schedule: no order of responses loses an event or posts one in progress twice") {
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    const auto one_of = [&random](std::uint32_t count) { return random() % count == 0; };

    struct request {  // to the store, carried out once it is at the front
        std::optional<event_attempt> save;
        std::vector<pending_event> found;
        bool executed = false;
    };
    webhook_schedule schedule{2};
    outbox store;
    std::vector<request> requests;
    std::vector<pending_event> posted;
    std::map<std::string, int> attempts;
    int created = 0;
    int finished = 0;
    bool loading = false;
    ilp::steady_time now = start;
    std::chrono::milliseconds set{0};  // by how much the wall clock has been set

    for (int step = 0; step < 20'000 || finished < created; ++step) {
        REQUIRE(step < 200'000);
        if (step < 20'000 && one_of(10)) {
            store.add(event(std::to_string(++created), at(now, set).wall));
            schedule.request_load();
        }
        if (!loading && schedule.must_load(now)) {
            schedule.begin_load();
            loading = true;
            requests.push_back({});
        }
        if (auto next = schedule.take(now)) {
            REQUIRE(std::ranges::none_of(posted, [&](const auto& e) { return e.event.uuid == next->event.uuid; }));
            REQUIRE(++attempts[next->event.uuid] == static_cast<int>(next->attempts) + 1);
            posted.push_back(std::move(*next));
            REQUIRE(posted.size() <= webhook_schedule::under_way_max);
        }
        if (!posted.empty() && one_of(3)) {
            const auto which = posted.begin() + static_cast<std::ptrdiff_t>(random() % posted.size());
            requests.push_back({.save = schedule.ended(*which, one_of(2), at(now, set)), .found = {}});
            posted.erase(which);
        }
        if (const auto waiting = std::ranges::find(requests, false, &request::executed);
            waiting != requests.end() && one_of(2)) {
            if (waiting->save) {
                store.save(*waiting->save);
            } else {
                waiting->found = store.earliest();
            }
            waiting->executed = true;
        }
        if (!requests.empty() && requests.front().executed && one_of(2)) {
            if (requests.front().save) {
                finished += requests.front().save->delivered || !requests.front().save->due;
                schedule.saved(*requests.front().save);
            } else {
                schedule.loaded(std::move(requests.front().found), at(now, set));
                loading = false;
            }
            requests.erase(requests.begin());
        }
        now += one_of(50) ? 10s : 1ms;
        if (one_of(1000)) set = (static_cast<int>(random() % 7) - 3) * 1h;
    }
    CHECK(created > 1000);
    CHECK(store.events.empty());
    for (const auto& [uuid, count] : attempts) CHECK(count <= 3);
}

}  // namespace webhook_schedule_test
