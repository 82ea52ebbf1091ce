#include "connector/transport/probes.hpp"

#include "ilp/packet.hpp"
#include "tests/unit/connector/loop/test_loop.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <optional>
#include <string>

namespace probes_test {

using namespace connector;
using namespace std::chrono_literals;
using connector::testing::run_until;

namespace {

/// A link that does what the test says.
struct fake_link final : link {
    std::optional<reject_reason> send(carried_packet& packet, ilp::bytes_view prepare) override {
        sent = ilp::as_text(prepare);
        carried = &packet;
        return refusal;
    }
    std::optional<reject_reason> withdraw(carried_packet&) override {
        calls += "withdraw ";
        return still_waiting;
    }
    bool give_up_answer(carried_packet&) override { return !has_answer; }
    void forget(carried_packet&) override { calls += "forget "; }
    std::size_t connection_count() const noexcept override { return 0; }
    std::size_t waiting_count() const noexcept override { return 0; }
    std::string_view trouble() const noexcept override { return bad_news; }
    void retire() override {}
    bool is_done() const noexcept override { return false; }

    std::optional<reject_reason> refusal;
    std::optional<reject_reason> still_waiting;
    bool has_answer = false;  ///< it is about to be told
    std::string bad_news;
    std::string sent;
    std::string calls;
    carried_packet* carried = nullptr;
};

struct world {
    void send(std::chrono::milliseconds limit = 1h) {
        loop.enter();
        made.send(
            link, ilp::as_bytes("prepare"), loop.now().steady + limit,
            [this](const probes::outcome& outcome) {
                CHECK(text.empty());
                text = outcome ? "answer: " + std::string{ilp::as_text(*outcome)} : "failed: " + outcome.error();
            },
            record);
    }
    void answer(ilp::bytes answer) const { link.carried->listener->answered(*link.carried, answer); }

    event_loop loop;
    fake_link link;
    probes made{loop};
    std::string text;
    std::shared_ptr<reachability_record> record = std::make_shared<reachability_record>([] {});
};

}  // namespace

TEST_CASE("probes: the answer is handed over") {
    world w;
    w.send();
    CHECK(w.link.sent == "prepare");
    CHECK(w.made.in_flight() == 1);
    CHECK(w.text.empty());
    ilp::bytes answer{'a', 'b'};
    w.link.carried->listener->answered(*w.link.carried, answer);
    CHECK(w.text == "answer: ab");
    CHECK(w.made.in_flight() == 0);
}

TEST_CASE("probes: a failure is reported with the link's trouble") {
    world w;
    SECTION("at once") {
        w.link.refusal = reject_reason::next_hop_queue_full;
        w.send();
        CHECK(w.text == "failed: too many packets are waiting for the next hop");
    }
    SECTION("later") {
        w.send();
        w.link.bad_news = "peer answers with HTTP status 500";
        w.link.carried->listener->failed(*w.link.carried, reject_reason::next_hop_failed);
        CHECK(w.text == "failed: next hop failed (peer answers with HTTP status 500)");
    }
    CHECK(w.made.in_flight() == 0);
}

TEST_CASE("probes: a probe without an answer ends at its time, on the link as well") {
    world w;
    SECTION("sent") {
        w.send(1ms);
        run_until(w.loop, [&] { return !w.text.empty(); });
        CHECK(w.text == "failed: no response in time");
        CHECK(w.link.calls == "withdraw forget ");
    }
    SECTION("still waiting for a connection") {
        w.link.still_waiting = reject_reason::next_hop_queue_full;
        w.send(1ms);
        run_until(w.loop, [&] { return !w.text.empty(); });
        CHECK(w.text == "failed: too many packets are waiting for the next hop");
        CHECK(w.link.calls == "withdraw ");
    }
    CHECK(w.made.in_flight() == 0);
}

TEST_CASE("probes: a probe whose answer has come in time is answered, although its time is over before it is told") {
    world w;
    w.link.has_answer = true;
    w.send(1ms);
    run_until(w.loop, [&] { return !w.link.calls.empty(); });
    CHECK(w.link.calls == "withdraw ");
    CHECK(w.text.empty());
    w.answer({'a', 'b'});
    CHECK(w.text == "answer: ab");
    CHECK(w.made.in_flight() == 0);
}

TEST_CASE("probes: the outcome is noted in the peer's reachability") {
    using peering::reachability_state;
    world w;
    const auto state = [&] { return w.record->read().state; };
    w.link.refusal = reject_reason::next_hop_unreachable;
    w.link.bad_news = "Connection refused";
    w.send();
    CHECK(state() == reachability_state::unreachable);
    CHECK(w.record->read().last_error == "Connection refused");
    w.link.refusal.reset();

    const auto ping = [&](const ilp::bytes& answer) {
        w.text.clear();
        w.send();
        w.answer(answer);
    };
    ilp::bytes reject;
    ilp::serialize_reject(reject, {"F02", "test.bob", "no", {}});
    ping(reject);
    CHECK(state() == reachability_state::reachable);
    CHECK(w.record->read().answers == 1);
    CHECK_FALSE(w.record->read().split_accepted);
    w.text.clear();
    w.send();
    w.link.carried->accepts = {ilp::amount{1000}, 16};
    w.answer(reject);
    CHECK(w.record->read().split_accepted == config::split_settings{ilp::amount{1000}, 16});

    // A page of a web server is not an answer, and neither is silence.
    ping({'<', 'h', 't', 'm', 'l', '>'});
    ping({});
    CHECK(state() == reachability_state::reachable);
    CHECK(w.record->read().last_error == "next hop sent an invalid response");
    w.text.clear();
    w.send(1ms);
    run_until(w.loop, [&] { return !w.text.empty(); });
    CHECK(state() == reachability_state::unreachable);
    CHECK(w.record->read().last_error == "next hop did not answer in time");
}

}  // namespace probes_test
