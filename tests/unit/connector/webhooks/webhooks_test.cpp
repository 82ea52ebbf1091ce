#include "connector/webhooks/webhooks.hpp"

#include "config/value.hpp"
#include "tests/support/fake_peer.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace webhooks_test {

using namespace connector;
using namespace support;
using namespace std::chrono_literals;

namespace {

/// A store that answers when the test tells it to.
struct scripted_outbox final : event_outbox {
    void load(peering::event_line line, std::size_t limit,
              std::function<void(std::expected<contents, std::string>)> done) override {
        CHECK(limit == webhook_schedule::waiting_max);
        (line == peering::event_line::payments ? payment_loads : loads).push_back(std::move(done));
    }
    void save(peering::event_attempt attempt, std::function<void(std::expected<void, std::string>)> done) override {
        saves.emplace_back(std::move(attempt), std::move(done));
    }

    std::deque<std::function<void(std::expected<contents, std::string>)>> loads;
    std::deque<std::function<void(std::expected<contents, std::string>)>> payment_loads;
    std::deque<std::pair<peering::event_attempt, std::function<void(std::expected<void, std::string>)>>> saves;
};

template <typename T>
T take_front(std::deque<T>& queue) {
    T front = std::move(queue.front());
    queue.pop_front();
    return front;
}

ilp::timestamp wall_clock() {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

peering::pending_event event(const std::string& uuid, const std::string& data = "{}") {
    return {{uuid, "peer.liquidity_low", data}, 0, wall_clock()};
}

/// The sender between a scripted store and a real receiver.
struct rig {
    explicit rig(int status = 200) : receiver{[status](const http_message&) { return answer_http(status); }} {
        settings.url = config::http_url().parse(fmt::format("http://127.0.0.1:{}/hook", receiver.port())).value();
        settings.timeout = 5s;
        settings.max_retry = 1;
    }

    webhooks& start() {
        sender = std::make_unique<webhooks>(control, settings, outbox);
        sender->look_for_events();
        return *sender;
    }

    void run_until(const std::function<bool()>& done) {
        const auto end = std::chrono::steady_clock::now() + patience;
        while (!done()) {
            REQUIRE(std::chrono::steady_clock::now() < end);
            control.restart();
            control.run_one_for(100ms);
        }
    }
    /// Runs long enough for everything pending to happen.
    void run_for_a_moment() {
        control.restart();
        control.run_for(100ms);
    }

    void load(std::vector<peering::pending_event> events) {
        REQUIRE(outbox.loads.size() == 1);
        const auto count = events.size();
        take_front(outbox.loads)(event_outbox::contents{std::move(events), count});
    }
    void load_payments(std::vector<peering::pending_event> events) {
        REQUIRE(outbox.payment_loads.size() == 1);
        const auto count = events.size();
        take_front(outbox.payment_loads)(event_outbox::contents{std::move(events), count});
    }

    fake_peer receiver;
    config::webhook_settings settings;
    scripted_outbox outbox;
    boost::asio::io_context control;
    std::unique_ptr<webhooks> sender;
};

}  // namespace

TEST_CASE("webhooks: an event is posted as canonical JSON and saved as delivered") {
    rig r;
    const webhooks& sender = r.start();
    r.load({event("1", R"({"b": "x", "a": {"scale": 9}})")});
    CHECK(sender.stats().pending == 1);
    r.run_until([&] { return !r.outbox.saves.empty(); });
    const http_message request = r.receiver.requests().at(0);
    CHECK(request.start_line == "POST /hook HTTP/1.1");
    CHECK(request.header("content-type") == "application/json");
    CHECK_FALSE(request.header("rafiki-signature"));
    CHECK(ilp::as_text(request.body) == R"({"data":{"a":{"scale":9},"b":"x"},"id":"1","type":"peer.liquidity_low"})");
    const auto [attempt, done] = take_front(r.outbox.saves);
    CHECK(attempt.uuid == "1");
    CHECK(attempt.delivered);
    CHECK(sender.stats().delivered == 1);
    CHECK(sender.stats().pending == 1);
    done({});
    CHECK(sender.stats().pending == 0);
}

TEST_CASE("webhooks: an event is not posted again while its outcome is not saved") {
    rig r;
    webhooks& sender = r.start();
    r.load({event("1")});
    r.run_until([&] { return !r.outbox.saves.empty(); });
    sender.look_for_events();
    r.load({event("1"), event("2")});  // still pending according to the store
    r.run_until([&] { return r.outbox.saves.size() == 2; });
    sender.look_for_events();
    r.load({event("1"), event("2")});
    r.run_for_a_moment();
    CHECK(r.receiver.request_count() == 2);

    // The result could not be saved. The save is repeated, but the event is not sent again.
    take_front(r.outbox.saves).second(std::unexpected{"no room"});
    r.run_until([&] { return r.outbox.saves.size() == 2; });
    CHECK(r.outbox.saves.back().first.uuid == "1");
    CHECK(r.receiver.request_count() == 2);
}

TEST_CASE("webhooks: no events are posted while the store does not accept outcomes") {
    rig r;
    r.start();
    std::vector<peering::pending_event> events;
    for (int i = 0; i < 20; ++i) events.push_back(event(std::to_string(i)));
    r.load(events);
    r.run_until([&] { return r.outbox.saves.size() == webhook_schedule::under_way_max; });
    r.run_for_a_moment();
    CHECK(r.receiver.request_count() == webhook_schedule::under_way_max);
    take_front(r.outbox.saves).second({});
    r.run_until([&] { return r.outbox.saves.size() == webhook_schedule::under_way_max; });
    r.run_for_a_moment();
    CHECK(r.receiver.request_count() == webhook_schedule::under_way_max + 1);
}

TEST_CASE("webhooks: a load that failed is tried again") {
    rig r;
    r.start();
    take_front(r.outbox.loads)(std::unexpected{"locked"});
    r.run_until([&] { return !r.outbox.loads.empty(); });
    r.load({event("1")});
    r.run_until([&] { return !r.outbox.saves.empty(); });
    CHECK(r.outbox.saves.front().first.delivered);
}

TEST_CASE("webhooks: any success status means that the receiver has the event") {
    const int status = GENERATE(200, 201, 202, 204, 299);
    rig r{status};
    const webhooks& sender = r.start();
    r.load({event("1")});
    r.run_until([&] { return !r.outbox.saves.empty(); });
    CHECK(r.outbox.saves.front().first.delivered);
    CHECK(sender.stats().delivered == 1);
}

TEST_CASE("webhooks: anything but a complete response with a success status in time is a failure") {
    rig r{200};
    SECTION("another success status when only 200 is accepted") {
        r.settings.only_status_200 = true;
        r.receiver.set_script([](const http_message&) { return answer_http(204); });
    }
    SECTION("a redirect") {
        r.receiver.set_script([](const http_message&) { return answer_http(302); });
    }
    SECTION("an error") {
        r.receiver.set_script([](const http_message&) { return answer_http(500); });
    }
    SECTION("a connection that ends") {
        r.receiver.set_script([](const http_message&) { return answer_close(); });
    }
    SECTION("nobody listens") {
        r.receiver.stop();
    }
    SECTION("no response in time") {
        r.settings.timeout = 100ms;
        r.receiver.set_script([](const http_message&) { return answer_silence(); });
    }
    SECTION("an endless answer") {
        r.receiver.set_script([](const http_message&) { return answer_http(200, ilp::bytes(100'000, 'x')); });
    }
    const webhooks& sender = r.start();
    r.load({event("1")});
    r.run_until([&] { return !r.outbox.saves.empty(); });
    const auto& attempt = r.outbox.saves.front().first;
    CHECK_FALSE(attempt.delivered);
    REQUIRE(attempt.due);
    CHECK(*attempt.due > wall_clock() + 5s);
    CHECK(*attempt.due <= wall_clock() + 10s);
    CHECK(sender.stats().failed == 1);
    CHECK(sender.stats().given_up == 0);
}

TEST_CASE("webhooks: after its last retry an event is given up") {
    rig r{500};
    const webhooks& sender = r.start();
    auto last = event("1");
    last.attempts = 1;
    r.load({last});
    r.run_until([&] { return !r.outbox.saves.empty(); });
    const auto [attempt, done] = take_front(r.outbox.saves);
    CHECK_FALSE(attempt.delivered);
    CHECK_FALSE(attempt.due);
    done({});
    CHECK(sender.stats().given_up == 1);
    CHECK(sender.stats().pending == 0);
}

TEST_CASE("webhooks: a malformed event is not posted and does not stop the others") {
    rig r;
    const webhooks& sender = r.start();
    r.load({event("1", "{"), event("2")});
    r.run_until([&] { return r.outbox.saves.size() == 2; });
    CHECK_FALSE(r.outbox.saves.front().first.delivered);
    CHECK(r.receiver.request_count() == 1);
    CHECK(sender.stats().failed == 1);
    CHECK(sender.stats().delivered == 1);
}

TEST_CASE("webhooks: events of payments that the receiver does not take delay no others") {
    rig r;
    r.settings.timeout = 1h;
    r.receiver.set_script([](const http_message& request) {
        return ilp::as_text(request.body).contains("incoming_payment") ? answer_silence() : answer_http(200);
    });
    r.start();
    std::vector<peering::pending_event> payments;
    for (int i = 0; i < 20; ++i) {
        payments.push_back(event("paid " + std::to_string(i)));
        payments.back().event.type = "incoming_payment.completed";
        payments.back().event.receiving_account = "alice";
    }
    r.load_payments(payments);
    r.load({});
    r.run_until([&] { return r.receiver.request_count() == webhook_schedule::under_way_max; });
    r.sender->look_for_events();
    r.load({event("low")});
    r.run_until([&] { return !r.outbox.saves.empty(); });
    CHECK(r.outbox.saves.front().first.uuid == "low");
    CHECK(r.outbox.saves.front().first.delivered);
    CHECK(r.outbox.saves.front().first.receiving_account.empty());
}

TEST_CASE("webhooks: the outcome of a payment's event names the receiving account") {
    rig r;
    r.start();
    auto paid = event("paid");
    paid.event.receiving_account = "alice";
    r.load_payments({paid});
    r.run_until([&] { return !r.outbox.saves.empty(); });
    CHECK(r.outbox.saves.front().first.delivered);
    CHECK(r.outbox.saves.front().first.receiving_account == "alice");
}

}  // namespace webhooks_test
