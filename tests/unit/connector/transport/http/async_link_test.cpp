#include "connector/transport/http/async_link.hpp"

#include "config/value.hpp"
#include "connector/transport/http/http_link.hpp"
#include "tests/support/fake_peer.hpp"
#include "tests/unit/connector/loop/test_loop.hpp"
#include "tests/unit/connector/transport/recorded_outcomes.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace async_link_test {

using namespace connector;
using namespace std::chrono_literals;
using connector::testing::recorded_outcomes;
using connector::testing::run_ready;
using connector::testing::run_until;
using support::answer_http;

namespace {

constexpr std::uint32_t peer = 7;

struct world {
    world() {
        settings.endpoint = config::packet_url().parse(fmt::format("http://127.0.0.1:{}/", server.port())).value();
        settings.auth_token = config::secret{"t"};
        settings.max_connections = 10;
        settings.max_waiting = 10;
        link = std::make_unique<async_link>(std::make_unique<http_link>(loop, settings, "bob", 1h), peer,
                                            config::packet_url().parse("http://us.example/answers").value(), replies);
    }

    carried_packet& send(std::string_view prepare = "prepare") {
        loop.enter();
        auto& packet = outcomes.make();
        packet.due = loop.now().steady + 1h;
        REQUIRE_FALSE(link->send(packet, ilp::as_bytes(prepare)));
        return packet;
    }
    void await_requests(std::size_t count) {
        run_until(loop, [&] { return server.request_count() == count; });
    }
    request_id id_of(std::size_t request) const {
        return request_id::parse(server.requests().at(request).header("Request-Id").value_or("")).value();
    }
    /// The peer's answer arrives. False if it is refused.
    bool reply(const request_id& id, std::string_view answer, std::uint32_t from = peer, const trace_id& trace = {}) {
        auto* const receiver = shared->claim(id, from, loop.now().steady);
        if (receiver == nullptr) return false;
        receiver->take_reply(id, {answer.begin(), answer.end()}, trace);
        return true;
    }

    support::fake_peer server{[](const auto&) { return answer_http(202); }};
    config::outgoing_http_settings settings;
    event_loop loop;
    std::shared_ptr<expected_replies> shared = std::make_shared<expected_replies>();
    awaited_replies replies{loop, shared};
    recorded_outcomes outcomes;
    std::unique_ptr<async_link> link;
};

}  // namespace

TEST_CASE("A35-19: async link: the outcome of a packet is the first answer that comes with its id") {
    world w;
    auto& one = w.send("one");
    auto& two = w.send("two");
    w.await_requests(2);
    CHECK_FALSE(w.id_of(0) == w.id_of(1));
    for (const auto& request : w.server.requests()) {
        CHECK(request.header("Prefer") == "respond-async");
        CHECK(request.header("Callback-Url") == "http://us.example/answers");
    }
    const bool is_first = w.server.requests().front().body == support::to_bytes("one");
    const auto id = w.id_of(is_first ? 0 : 1);
    CHECK_FALSE(w.reply(id, "answer", peer + 1));
    CHECK(w.reply(id, "answer"));
    CHECK_FALSE(w.reply(id, "another"));
    run_until(w.loop, [&] { return !w.outcomes.outcome(one).empty(); });
    CHECK(w.outcomes.outcome(one) == "answer");
    CHECK(one.came_in_time);
    CHECK(w.outcomes.outcome(two).empty());
    CHECK(w.replies.size() == 1);
}

TEST_CASE("A35-19: async link: a packet whose answer was taken in time does not expire before it is told") {
    world w;
    auto& packet = w.send();
    w.await_requests(1);
    CHECK(w.reply(w.id_of(0), "answer"));
    CHECK_FALSE(w.link->give_up_answer(packet));
    CHECK_FALSE(w.link->withdraw(packet));
    run_ready(w.loop);
    CHECK(w.outcomes.outcome(packet) == "answer");
}

TEST_CASE("A35-19: async link: an answer that has been given up is refused, although the packet has not ended yet") {
    world w;
    auto& packet = w.send();
    w.await_requests(1);
    CHECK(w.link->give_up_answer(packet));
    CHECK_FALSE(w.reply(w.id_of(0), "answer"));
    w.loop.enter();
    w.link->forget(packet);
    run_ready(w.loop);
    CHECK(w.outcomes.outcomes.empty());
}

TEST_CASE("async link: a packet that has expired leaves nothing that could be answered") {
    world w;
    auto& packet = w.send();
    w.await_requests(1);
    const auto id = w.id_of(0);
    w.loop.enter();
    w.link->forget(packet);
    CHECK_FALSE(w.reply(id, "answer"));
    CHECK(w.replies.size() == 0);
    w.link->retire();
    run_until(w.loop, [&] { return w.link->is_done(); });
    CHECK(w.outcomes.outcomes.empty());
}

TEST_CASE("async link: a refused request is the outcome, unless the answer has come already") {
    world w;
    const auto hold = std::make_shared<support::gate>();
    w.server.set_script([hold](const auto&) {
        auto answer = answer_http(500);
        answer.held_by = hold;
        return answer;
    });
    auto& one = w.send("one");
    w.await_requests(1);
    auto& two = w.send("two");
    w.await_requests(2);
    CHECK(w.reply(w.id_of(0), "answer"));
    run_until(w.loop, [&] { return !w.outcomes.outcome(one).empty(); });
    hold->open();
    run_until(w.loop, [&] { return !w.outcomes.outcome(two).empty(); });
    CHECK(w.outcomes.outcome(one) == "answer");
    CHECK(w.outcomes.outcome(two) == "next_hop_failed");
    CHECK(w.replies.size() == 0);
}

TEST_CASE("async link: a response that never comes is not waited for when the packet has its answer") {
    world w;
    w.server.set_script([](const auto&) { return support::answer_silence(); });
    auto& packet = w.send();
    w.await_requests(1);
    CHECK(w.reply(w.id_of(0), "answer"));
    run_until(w.loop, [&] { return !w.outcomes.outcome(packet).empty(); });
    CHECK(w.link->connection_count() == 1);
    run_until(w.loop, [&] { return w.link->connection_count() == 0; });
    w.link->retire();
    CHECK(w.link->is_done());
}

TEST_CASE("async link: a lost connection says nothing, because the packet may have arrived") {
    world w;
    w.server.set_script([](const auto&) { return support::answer_close(); });
    auto& packet = w.send();
    w.await_requests(1);
    run_until(w.loop, [&] { return w.link->connection_count() == 0; });
    CHECK(w.outcomes.outcomes.empty());
    CHECK(w.reply(w.id_of(0), "answer"));
    run_ready(w.loop);
    CHECK(w.outcomes.outcome(packet) == "answer");
    CHECK(w.replies.size() == 0);
}

TEST_CASE("async link: the trace id of an answer goes to its packet") {
    world w;
    SECTION("it comes in a request") {
        auto& packet = w.send();
        w.await_requests(1);
        CHECK(w.reply(w.id_of(0), "answer", peer, trace_id{0, 1}));
        run_until(w.loop, [&] { return !w.outcomes.outcome(packet).empty(); });
        CHECK(packet.trace == trace_id{0, 1});
    }
    SECTION("the peer answers at once") {
        const auto reject = support::encode_reject("F99");
        w.server.set_script([reject](const auto&) {
            auto answer = answer_http(200, reject);
            answer.octets.insert(answer.octets.find("\r\n"), "\r\nILP-Trace-Id: 00000000000000000000000000000001");
            return answer;
        });
        auto& packet = w.send();
        run_until(w.loop, [&] { return !w.outcomes.outcome(packet).empty(); });
        CHECK(packet.trace == trace_id{0, 1});
    }
}

}  // namespace async_link_test
