#include "connector/transport/http/http_link.hpp"

#include "config/value.hpp"
#include "ilp/packet.hpp"
#include "peering/json/json_web_token.hpp"
#include "peering/splitting/split_header.hpp"
#include "peering/splitting/split_plan.hpp"
#include "tests/support/fake_peer.hpp"
#include "tests/support/packets.hpp"
#include "tests/unit/connector/loop/test_loop.hpp"
#include "tests/unit/connector/transport/recorded_outcomes.hpp"

#include <poll.h>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <sys/socket.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace http_link_test {

using namespace connector;
using connector::testing::recorded_outcomes;
using connector::testing::run_ready;
using connector::testing::run_until;
using support::answer_http;
using support::fake_peer;
using support::http_message;
using support::to_bytes;

namespace {

/// Answers each packet with its own bytes.
support::scripted_answer echo(const http_message& request) {
    return answer_http(200, request.body);
}

struct world {
    explicit world(std::uint16_t max_connections = 2, std::uint32_t max_waiting = 2) {
        settings.endpoint = config::http_url().parse(fmt::format("http://127.0.0.1:{}/ilp?x=1", peer.port())).value();
        settings.auth_token = config::secret{"the-token"};
        settings.max_connections = max_connections;
        settings.max_waiting = max_waiting;
    }
    ~world() { gate->open(); }

    http_link& link() {
        if (!made) made = std::make_unique<http_link>(loop, settings, "bob", connection_age_max);
        return *made;
    }

    /// Sends a packet. If the link refuses it, that is its outcome.
    carried_packet& send(std::string_view prepare) {
        loop.enter();
        auto& packet = outcomes.make();
        if (const auto refusal = link().send(packet, ilp::as_bytes(prepare))) outcomes.failed(packet, *refusal);
        return packet;
    }
    std::string outcome(const carried_packet& packet) const { return outcomes.outcome(packet); }

    std::string outcome_of(std::string_view prepare) {
        const auto& packet = send(prepare);
        run_until(loop, [&] { return !outcome(packet).empty(); });
        return outcome(packet);
    }

    /// From now on the peer holds its answers back until the gate is open.
    void hold_answers() {
        peer.set_script([gate = gate](const http_message& request) {
            auto answer = echo(request);
            answer.held_by = gate;
            return answer;
        });
    }

    std::shared_ptr<support::gate> gate = std::make_shared<support::gate>();
    fake_peer peer{echo};
    config::outgoing_http_settings settings;
    std::chrono::milliseconds connection_age_max = std::chrono::hours{1};
    event_loop loop;
    recorded_outcomes outcomes;
    std::unique_ptr<http_link> made;
};

}  // namespace

TEST_CASE("http link: it presents tokens that it signs, if the peer's terms say so") {
    world w;
    w.settings.auth_token = {};
    w.settings.jwt_secret = config::secret{"a secret"};
    w.settings.jwt_subject = "test.alice";
    CHECK(w.outcome_of("one") == "one");
    CHECK(w.outcome_of("two") == "two");
    const auto requests = w.peer.requests();
    REQUIRE(requests.size() == 2);
    const auto authorization = requests[0].header("authorization").value_or("");
    REQUIRE(authorization.starts_with("Bearer "));
    const auto token = peering::parse_json_web_token(std::string_view{authorization}.substr(7));
    REQUIRE(token);
    CHECK(peering::is_signed_with(*token, "a secret"));
    CHECK(token->subject == "test.alice");
    CHECK(requests[1].header("authorization") == authorization);
}

TEST_CASE("http link: a packet becomes a request, and its answer comes back, always on the same connection") {
    world w;
    for (const std::string prepare : {"one", "two", "three"}) CHECK(w.outcome_of(prepare) == prepare);
    CHECK(w.peer.connections_accepted() == 1);
    CHECK(w.link().connection_count() == 1);
    const auto request = w.peer.requests().back();
    CHECK(request.start_line == "POST /ilp?x=1 HTTP/1.1");
    CHECK(request.header("Authorization") == "Bearer the-token");
    CHECK(request.header("Content-Type") == "application/octet-stream");
    CHECK(request.header("Content-Length") == "5");
    CHECK(w.link().trouble().empty());
}

TEST_CASE("http link: a packet in parts is sent on one connection, which others then use again") {
    world w{1, 2};
    CHECK(w.outcome_of("one") == "one");
    const ilp::bytes whole = support::encode({.amount = 2500, .destination = "test.bob.x"});
    const parting how{{1, 2, 3}, peering::split_plan::make({2500}, {1000}, 16).value()};
    w.hold_answers();
    w.loop.enter();
    auto& packet = w.outcomes.make();
    REQUIRE_FALSE(w.link().send_parts(packet, whole, how));
    auto& behind = w.send("two");
    w.gate->open();
    run_until(w.loop, [&] { return !w.outcome(packet).empty() && !w.outcome(behind).empty(); });
    CHECK(w.outcome(behind) == "two");
    CHECK(w.peer.connections_accepted() == 1);
    const auto requests = w.peer.requests();
    REQUIRE(requests.size() == 5);
    for (const std::uint32_t part : {0U, 1U, 2U}) {
        const http_message& request = requests[1 + part];
        const auto label = peering::parse_part_label(request.header("ILP-Split").value_or(""));
        CHECK(label == peering::part_label{{1, 2, 3}, part, 3, {2500}});
        CHECK(support::decode_prepare(request.body).amount == (part < 2 ? 1000 : 500));
        CHECK(ilp::differ_only_in_amount(request.body, whole));
        CHECK(request.header("Authorization") == "Bearer the-token");
    }
    CHECK_FALSE(requests[4].header("ILP-Split"));
    CHECK(w.outcome(packet) == std::string{ilp::as_text(requests[1].body)});
}

TEST_CASE("http link: it tells what the peer says that it takes in parts, and asks it for an outcome") {
    world w;
    w.peer.set_script([](const http_message& request) {
        auto answer = echo(request);
        answer.octets.insert(answer.octets.find("\r\n") + 2, "ILP-Split-Accept: max-total=\"9000\", max-parts=8\r\n");
        return answer;
    });
    auto& packet = w.send("one");
    run_until(w.loop, [&] { return !w.outcome(packet).empty(); });
    CHECK(packet.accepts == peering::split_terms{{9000}, 8});
    w.loop.enter();
    auto& question = w.outcomes.make();
    REQUIRE_FALSE(w.link().ask_outcome(question, {0xab, 0xcd}));
    run_until(w.loop, [&] { return w.peer.request_count() == 2; });
    CHECK(w.peer.requests().back().start_line == "GET /ilp/outcome/abcd0000000000000000000000000000 HTTP/1.1");
    w.peer.set_script(echo);
    auto& next = w.send("two");
    run_until(w.loop, [&] { return !w.outcome(next).empty(); });
    CHECK(next.accepts == peering::split_terms{});
}

TEST_CASE("http link: a question does not wait behind packets, and leaves no further connection behind") {
    world w{1, 2};
    w.peer.set_script([gate = w.gate](const http_message& request) {
        auto answer = echo(request);
        if (!request.start_line.starts_with("GET ")) answer.held_by = gate;
        return answer;
    });
    auto& one = w.send("one");
    auto& two = w.send("two");
    run_until(w.loop, [&] { return w.peer.request_count() == 1; });
    auto& question = w.outcomes.make();
    w.loop.enter();
    REQUIRE_FALSE(w.link().ask_outcome(question, {1}));
    CHECK(w.link().waiting_count() == 2);
    run_until(w.loop, [&] { return w.outcomes.outcomes.contains(&question); });
    CHECK(w.peer.requests().back().start_line.starts_with("GET "));
    CHECK(w.outcome(one).empty());
    run_until(w.loop, [&] { return w.link().connection_count() == 1; });
    CHECK(w.link().waiting_count() == 1);
    w.gate->open();
    run_until(w.loop, [&] { return !w.outcome(one).empty() && !w.outcome(two).empty(); });
    CHECK(w.outcome(two) == "two");
    CHECK(w.peer.connections_accepted() == 2);
}

TEST_CASE("http link: questions that wait for a connection can be withdrawn, and end with it") {
    world w{1, 2};
    w.peer.stop();
    auto& withdrawn = w.outcomes.make();
    auto& refused = w.outcomes.make();
    w.loop.enter();
    REQUIRE_FALSE(w.link().ask_outcome(withdrawn, {1}));
    REQUIRE_FALSE(w.link().ask_outcome(refused, {2}));
    CHECK(w.link().withdraw(withdrawn) == reject_reason::next_hop_unreachable);
    run_until(w.loop, [&] { return !w.outcome(refused).empty(); });
    CHECK(w.outcome(refused) == "next_hop_unreachable");
    CHECK(w.outcome(withdrawn).empty());
    CHECK(w.link().waiting_count() == 0);
}

TEST_CASE("http link: beyond its connections packets wait in order, and beyond its queue they are refused") {
    world w{1, 2};
    CHECK(w.outcome_of("first") == "first");
    w.hold_answers();
    const auto& carried = w.send("carried");
    run_until(w.loop, [&] { return w.peer.request_count() == 2; });
    const auto& second = w.send("second");
    const auto& third = w.send("third");
    CHECK(w.outcome(w.send("fourth")) == "next_hop_queue_full");
    w.gate->open();
    run_until(w.loop, [&] { return !w.outcome(third).empty(); });
    CHECK(w.outcome(carried) == "carried");
    CHECK(w.outcome(second) == "second");
    CHECK(w.outcome(third) == "third");
    CHECK(w.peer.requests()[2].body == to_bytes("second"));
    CHECK(w.peer.requests()[3].body == to_bytes("third"));
    CHECK(w.peer.connections_accepted() == 1);
}

TEST_CASE("http link: packets do not wait when those of all links take too much memory together") {
    world w{1, 100};
    CHECK(w.outcome_of("first") == "first");
    w.hold_answers();
    const auto& carried = w.send("carried");
    run_until(w.loop, [&] { return w.peer.request_count() == 2; });
    w.loop.memory().set_bound(4 * 50'000);
    const std::string large(30'000, 'x');
    const auto& second = w.send(large);
    auto& third = w.send(large);
    CHECK(w.outcome(w.send("fourth")) == "next_hop_queue_full");
    CHECK(w.link().withdraw(third));
    const auto& fifth = w.send("fifth");
    w.gate->open();
    run_until(w.loop, [&] { return !w.outcome(fifth).empty(); });
    CHECK(w.outcome(carried) == "carried");
    CHECK(w.outcome(second) == large);
    CHECK(w.outcome(fifth) == "fifth");
    w.loop.memory().set_bound(4);
    CHECK_FALSE(w.loop.memory().is_waiting_full());  // nothing counts any more
}

TEST_CASE("http link: one packet may wait although those of other links take all the memory") {
    world w{2, 100};
    w.loop.memory().set_bound(4 * 1000);
    const buffer_memory::waiting of_others{w.loop.memory(), 1000};
    REQUIRE(w.loop.memory().is_waiting_full());
    const auto& first = w.send("first");  // there is no connection yet, and nothing else would make one
    CHECK(w.outcome(w.send("second")) == "next_hop_queue_full");
    run_until(w.loop, [&] { return !w.outcome(first).empty(); });
    CHECK(w.outcome(first) == "first");
    CHECK(w.outcome_of("third") == "third");
}

TEST_CASE("http link: a packet that waits can be withdrawn, one that was sent only forgotten") {
    world w{1, 2};
    CHECK(w.outcome_of("first") == "first");
    w.hold_answers();
    auto& carried = w.send("carried");
    run_until(w.loop, [&] { return w.peer.request_count() == 2; });
    auto& waiting = w.send("waiting");
    CHECK(w.link().withdraw(waiting) == reject_reason::next_hop_queue_full);
    CHECK_FALSE(w.link().withdraw(waiting));
    CHECK_FALSE(w.link().withdraw(carried));
    w.loop.enter();
    w.link().forget(carried);
    w.gate->open();
    CHECK(w.outcome_of("after") == "after");
    CHECK(w.outcome(carried).empty());
    CHECK(w.outcome(waiting).empty());
    CHECK(w.peer.connections_accepted() == 2);  // a late answer must not meet another packet
}

TEST_CASE("http link: while the peer cannot be reached, packets are refused at once, and the link has the reason") {
    world w;
    w.peer.stop();
    const auto& one = w.send("one");
    const auto& two = w.send("two");
    run_until(w.loop, [&] { return !w.outcome(two).empty(); });
    CHECK(w.outcome(one) == "next_hop_unreachable");
    CHECK(w.outcome(two) == "next_hop_unreachable");
    CHECK(w.link().trouble() == "peer is unreachable: Connection refused");
    run_until(w.loop, [&] { return w.link().connection_count() == 0; });
    w.peer.start();
    const carried_packet* again = nullptr;
    run_until(w.loop, [&] {
        again = &w.send("again");
        return w.outcome(*again).empty();  // the pause is over
    });
    run_until(w.loop, [&] { return w.outcome(*again) == "again"; });
    CHECK(w.outcome_of("and again") == "and again");
    CHECK(w.link().trouble().empty());
}

TEST_CASE("http link: packets that meet connections which the peer has closed are sent again, on new ones") {
    // The peer is the test itself, so that it can close the connections before the link learns of it.
    world w{2, 4};
    const auto listener = support::listen_on(0);
    w.settings.endpoint = config::http_url().parse(fmt::format("http://127.0.0.1:{}/", local_port(listener))).value();
    const auto accept = [&] {
        pollfd waiting{listener.get(), POLLIN, 0};
        run_until(w.loop, [&] { return ::poll(&waiting, 1, 0) == 1; });
        return support::descriptor{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    };
    const auto answer_next = [&](const support::descriptor& from) {
        std::string heard;
        std::optional<http_message> request;
        run_until(w.loop, [&] {
            char octets[4096];
            const auto count = ::recv(from.get(), octets, sizeof octets, MSG_DONTWAIT);
            if (count > 0) heard.append(octets, static_cast<std::size_t>(count));
            return (request = support::take_message(heard)).has_value();
        });
        REQUIRE(support::send_all(from, echo(*request).octets));
    };
    const auto expect_outcomes = [&](const carried_packet& one, const carried_packet& other) {
        run_until(w.loop, [&] { return !w.outcome(one).empty() && !w.outcome(other).empty(); });
        run_ready(w.loop);
    };
    const auto& first = w.send("first");
    const auto& second = w.send("second");
    {
        const auto one = accept();
        const auto other = accept();
        answer_next(one);
        answer_next(other);
        expect_outcomes(first, second);
    }  // closes both
    const auto& third = w.send("third");
    const auto& fourth = w.send("fourth");
    const auto one = accept();
    const auto other = accept();
    answer_next(one);
    answer_next(other);
    expect_outcomes(third, fourth);
    CHECK(w.outcome(third) == "third");
    CHECK(w.outcome(fourth) == "fourth");
    CHECK(w.link().connection_count() == 2);
}

TEST_CASE("http link: an HTTP status says what became of the packet") {
    world w;
    const auto outcome_with = [&](int status) {
        w.peer.set_script([status](const http_message&) { return answer_http(status, to_bytes("x")); });
        return w.outcome_of("packet");
    };
    CHECK(outcome_with(200) == "x");
    CHECK(outcome_with(202) == "x");
    CHECK(outcome_with(503) == "next_hop_busy");
    CHECK(outcome_with(429) == "next_hop_busy");
    CHECK(outcome_with(500) == "next_hop_failed");
    CHECK(outcome_with(200) == "x");
    CHECK(outcome_with(502) == "next_hop_behind_dead_gateway");
    CHECK(outcome_with(504) == "next_hop_behind_dead_gateway");
    CHECK(outcome_with(302) == "next_hop_refused_us");
    CHECK(outcome_with(401) == "next_hop_refused_us");
    CHECK(w.link().trouble() ==
          "peer refuses our packets with HTTP status 401: check endpoint, auth_token or jwt_secret "
          "of http.outgoing, and whether the peer knows the certificate that we show");
    CHECK(w.peer.connections_accepted() == 1);
}

TEST_CASE("http link: a retired link finishes its packets and then closes") {
    world w{1, 2};
    w.hold_answers();
    const auto& carried = w.send("carried");
    run_until(w.loop, [&] { return w.peer.request_count() == 1; });
    const auto& waiting = w.send("waiting");
    w.link().retire();
    CHECK_FALSE(w.link().is_done());
    w.gate->open();
    run_until(w.loop, [&] { return w.link().is_done(); });
    CHECK(w.outcome(carried) == "carried");
    CHECK(w.outcome(waiting) == "waiting");
}

TEST_CASE("http link: a link that is left serves what it has, and then has no connections") {
    world w{1, 2};
    SECTION("a packet that is carried, and one that waits") {
        w.hold_answers();
        const auto& carried = w.send("carried");
        const auto& waits = w.send("waits");
        run_until(w.loop, [&] { return w.peer.request_count() == 1; });
        w.loop.enter();
        w.link().leave();
        w.gate->open();
        run_until(w.loop, [&] { return !w.outcome(waits).empty(); });
        CHECK(w.outcome(carried) == "carried");
        CHECK(w.outcome(waits) == "waits");
        CHECK(w.peer.connections_accepted() == 1);
    }
    SECTION("an idle connection") {
        CHECK(w.outcome_of("one") == "one");
        w.loop.enter();
        w.link().leave();
    }
    SECTION("a connection that is being made for nobody") {
        auto& packet = w.send("withdrawn");
        CHECK(w.link().withdraw(packet) == reject_reason::next_hop_unreachable);
        CHECK(w.link().connection_count() == 1);
        w.link().leave();
    }
    CHECK(w.link().connection_count() == 0);
    w.loop.enter();
    w.link().come_back();
    CHECK(w.outcome_of("again") == "again");
    CHECK(w.link().connection_count() == 1);
}

TEST_CASE("http link: what waits in a link that is left is refused if it cannot be sent, and that is no news") {
    world w{2, 4};
    w.peer.stop();
    const auto& waits = w.send("waits");
    w.link().leave();
    run_until(w.loop, [&] { return !w.outcome(waits).empty(); });
    CHECK(w.outcome(waits) == "next_hop_unreachable");
    CHECK(w.link().trouble().empty());
    CHECK(w.link().is_failing());
    w.link().come_back();
    CHECK_FALSE(w.link().is_failing());
}

TEST_CASE("http link: it is failing if the last packet got no response") {
    world w;
    CHECK(w.outcome_of("one") == "one");
    CHECK_FALSE(w.link().is_failing());
    w.peer.set_script([](const auto&) { return answer_http(500); });
    CHECK(w.outcome_of("two") == "next_hop_failed");
    CHECK_FALSE(w.link().is_failing());
    w.peer.set_script([](const auto&) { return support::answer_close(); });
    CHECK(w.outcome_of("three") == "next_hop_connection_lost");
    CHECK(w.link().is_failing());
    w.peer.set_script(echo);
    CHECK(w.outcome_of("four") == "four");
    CHECK_FALSE(w.link().is_failing());
}

TEST_CASE("http link: what waits is refused without a connection, although another link has just reached the peer") {
    world w{1, 2};
    const auto hop = std::make_shared<next_hop>(w.loop, w.settings, "bob", std::chrono::hours{1}, nullptr);
    w.made = std::make_unique<http_link>(w.loop, hop);
    w.peer.set_script([gate = w.gate](const http_message&) {
        auto answer = support::answer_close();
        answer.held_by = gate;
        return answer;
    });
    const auto& carried = w.send("carried");
    run_until(w.loop, [&] { return w.peer.request_count() == 1; });
    const auto& waits = w.send("waits");
    w.gate->open();
    // Connections of the other link have failed, so there is a pause, and then one was made.
    run_until(w.loop, [&] {
        w.loop.enter();
        for (int i = 0; i < 6; ++i) hop->connect_failed({.why = "of the other link"});
        hop->connected();
        return !w.outcome(carried).empty();
    });
    run_until(w.loop, [&] { return !w.outcome(waits).empty(); });
    CHECK(w.link().waiting_count() == 0);
}

TEST_CASE("http link: a retired link without packets is done at once") {
    world w;
    CHECK(w.outcome_of("first") == "first");
    w.loop.enter();
    w.link().retire();
    CHECK(w.link().is_done());
    run_ready(w.loop);
}

TEST_CASE("http link: a peer that added itself is reached at public addresses only") {
    world w;
    w.settings.public_addresses_only = true;
    w.settings.allow_plain_http = GENERATE(true, false);
    CHECK(w.outcome_of("packet") == "next_hop_unreachable");
    CHECK(w.link().trouble().find("no public address") != std::string_view::npos);
    CHECK(w.peer.connections_accepted() == 0);
}

TEST_CASE("http link: a connection that has reached its greatest age carries no further packet") {
    world w{2, 2};
    w.connection_age_max = std::chrono::milliseconds{0};
    for (const std::string prepare : {"one", "two", "three"}) CHECK(w.outcome_of(prepare) == prepare);
    CHECK(w.peer.connections_accepted() == 3);
    w.hold_answers();
    const auto& carried = w.send("carried");
    run_until(w.loop, [&] { return w.peer.request_count() == 4; });
    run_ready(w.loop);
    CHECK(w.outcome(carried).empty());  // its age does not end a packet
    const auto& waiting = w.send("waiting");
    const auto& last = w.send("last");
    w.gate->open();
    run_until(w.loop,
              [&] { return !w.outcome(carried).empty() && !w.outcome(waiting).empty() && !w.outcome(last).empty(); });
    CHECK(w.outcome(carried) == "carried");
    CHECK(w.outcome(waiting) == "waiting");
    CHECK(w.outcome(last) == "last");
    CHECK(w.peer.connections_accepted() == 6);
}

TEST_CASE("http link: a peer that refuses one packet after the other is connected to again, which looks its name up") {
    world w;
    w.peer.set_script([](const http_message&) { return answer_http(503); });
    for (unsigned i = 0; i < connection_renewal::failures_max; ++i) CHECK(w.outcome_of("packet") == "next_hop_busy");
    CHECK(w.peer.connections_accepted() == 1);
    CHECK(w.outcome_of("packet") == "next_hop_busy");
    CHECK(w.peer.connections_accepted() == 2);
}

TEST_CASE("http link: an http:// URL at a public address is not dialled unless the terms allow it") {
    world w;
    // The address is refused before anything is sent to it.
    w.settings.endpoint = config::http_url().parse("http://1.1.1.1:9/").value();
    CHECK(w.outcome_of("secret") == "next_hop_unreachable");
    CHECK_THAT(std::string{w.link().trouble()}, Catch::Contains("is an http:// URL at a public address") &&
                                                    Catch::Contains("set allow_plain_http: true"));
}

TEST_CASE("http link: after several packets without an answer no idle connection is trusted any more") {
    constexpr unsigned packets = connection_renewal::failures_max + 1;
    world w{packets, packets};
    w.hold_answers();
    for (unsigned i = 0; i < packets; ++i) w.send("packet");
    run_until(w.loop, [&] { return w.peer.request_count() == packets; });
    w.gate->open();
    run_until(w.loop, [&] { return w.outcomes.outcomes.size() == packets; });
    REQUIRE(w.link().connection_count() == packets);  // all of them idle

    w.peer.set_script([](const http_message&) { return support::answer_silence(); });
    for (unsigned i = 0; i + 1 < packets; ++i) {
        auto& lost = w.send("lost");
        run_until(w.loop, [&] { return w.peer.request_count() == packets + i + 1; });
        w.link().forget(lost);
    }
    w.peer.set_script(echo);
    CHECK(w.outcome_of("packet") == "packet");
    CHECK(w.peer.connections_accepted() == packets + 1);
}

TEST_CASE("http link: a Reject brings its trace id to its packet, and to no other one") {
    const auto with_trace = [](ilp::bytes_view body, std::string_view trace) {
        auto answer = answer_http(200, body);
        const std::string field = fmt::format("\r\nILP-Trace-Id: {}", trace);
        answer.octets.insert(answer.octets.find("\r\n"), field);
        return answer;
    };
    const ilp::bytes reject = support::encode_reject("F99");
    world w;
    w.peer.set_script([&](const http_message& request) {
        const std::string wish{ilp::as_text(request.body)};
        if (wish == "reject") return answer_http(200, reject);
        if (wish == "other") return with_trace(ilp::as_bytes("other"), "0123456789abcdef0fedcba987654321");
        return with_trace(reject, wish);
    });
    const auto trace_of = [&w](const std::string& wish) {
        const auto& packet = w.send(wish);
        run_until(w.loop, [&] { return !w.outcome(packet).empty(); });
        return packet.trace;
    };
    const std::string id = "0123456789abcdef0fedcba987654321";
    CHECK_FALSE(trace_of("reject"));
    CHECK(trace_of(id) == trace_id::parse(id));
    CHECK_FALSE(trace_of("reject"));
    CHECK_FALSE(trace_of("no id"));
    CHECK_FALSE(trace_of("other"));
    CHECK(trace_of(id) == trace_id::parse(id));
    CHECK(w.peer.connections_accepted() == 1);
}

TEST_CASE("http link: questions without an answer say nothing of the next hop") {
    constexpr unsigned packets = connection_renewal::failures_max + 1;
    world w{packets, packets};
    w.hold_answers();
    for (unsigned i = 0; i < packets; ++i) w.send("packet");
    run_until(w.loop, [&] { return w.peer.request_count() == packets; });
    w.gate->open();
    run_until(w.loop, [&] { return w.outcomes.outcomes.size() == packets; });
    w.peer.set_script([](const http_message&) { return support::answer_silence(); });
    for (unsigned i = 0; i + 1 < packets; ++i) {
        w.loop.enter();
        auto& question = w.outcomes.make();
        REQUIRE_FALSE(w.link().ask_outcome(question, {1}));
        run_until(w.loop, [&] { return w.peer.request_count() == packets + i + 1; });
        w.link().forget(question);
    }
    w.peer.set_script(echo);
    CHECK(w.outcome_of("packet") == "packet");
    CHECK(w.peer.connections_accepted() == packets);
}

}  // namespace http_link_test
