#include "connector/transport/http2/http2_link.hpp"

#include "config/value.hpp"
#include "peering/splitting/split_plan.hpp"
#include "tests/support/packets.hpp"
#include "tests/support/socket.hpp"
#include "tests/unit/connector/loop/test_loop.hpp"
#include "tests/unit/connector/transport/http2/conversation.hpp"
#include "tests/unit/connector/transport/http2/link_rig.hpp"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace http2_link_test {

using namespace connector;
using namespace http2_conversation;
using connector::testing::run_ready;

namespace {

/// A peer's server: what it is told is collected, and the test answers. It runs on the test's thread, between two steps
/// of the loop.
struct far_server {
    struct connection {
        support::descriptor socket;
        server_side side{};
        lines told{};
        std::size_t read = 0;  ///< bytes
        bool ended = false;

        std::uint64_t number(std::uint32_t stream) { return side.numbers.at(stream); }
        void answer(std::uint32_t stream, std::string_view body) {
            side.session.answer(number(stream), ok_block(), ilp::as_bytes(body), side.out);
        }
        void refuse(std::uint32_t stream, error_code code) { side.session.reset(number(stream), code, side.out); }
        bool has_been_told(const std::string& line) const { return std::ranges::find(told, line) != told.end(); }
        void send() {
            if (!side.out.empty()) support::send_all(socket, ilp::as_text(std::exchange(side.out, {})));
        }
    };

    void step() {
        for (;;) {
            const int accepted = ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC);
            if (accepted < 0) break;
            connection& made = connections.emplace_back();
            made.socket = support::descriptor{accepted};
            if (!greeting.empty()) made.side.out = greeting;
        }
        for (connection& each : connections) {
            char octets[65'536];
            while (!each.ended && each.socket.is_open() && !is_deaf) {
                const auto count = ::recv(each.socket.get(), octets, sizeof octets, MSG_DONTWAIT);
                if (count < 0) break;
                each.ended = count == 0;
                each.read += static_cast<std::size_t>(count);
                for (const auto& line : each.side.receive({octets, octets + count})) each.told.push_back(line);
                if (echoes) answer_all(each);
            }
            if (each.socket.is_open() && !is_silent) each.send();
        }
    }

    static void answer_all(connection& on) {
        for (const auto& event : std::exchange(on.side.events, {})) {
            if (event.kind != event_kind::message) continue;
            const auto id = static_cast<std::uint32_t>(event.number);
            const std::string prefix = "message " + std::to_string(id) + " ";
            for (const auto& line : on.told) {
                if (line.starts_with(prefix)) on.answer(id, line.substr(prefix.size()));
            }
        }
    }

    support::descriptor listener = [] {
        auto made = support::listen_on(0);
        ::fcntl(made.get(), F_SETFL, O_NONBLOCK);
        return made;
    }();
    std::deque<connection> connections;
    ilp::bytes greeting{};  ///< instead of the usual one
    bool echoes = false;
    bool is_silent = false;
    bool is_deaf = false;  ///< it does not read
};

struct world final : connector::testing::link_rig<http2_link, far_server> {
    explicit world(std::uint32_t max_waiting = 2, std::uint16_t max_connections = 10) {
        settings.endpoint = config::http_url()
                                .parse(fmt::format("http://127.0.0.1:{}/ilp?x=1", support::local_port(peer.listener)))
                                .value();
        settings.auth_token = config::secret{"the-token"};
        settings.max_connections = max_connections;
        settings.max_waiting = max_waiting;
    }

    std::unique_ptr<http2_link> make_link() override {
        return std::make_unique<http2_link>(loop, settings, "bob", std::chrono::hours{1}, floods);
    }
    void await(std::size_t connection, const std::string& line) {
        run_until(
            [&] { return peer.connections.size() > connection && peer.connections[connection].has_been_told(line); });
    }
};

/// Sends another packet when one is answered.
struct chain final : link_listener {
    explicit chain(world& in) : w{in} {}
    void answered(carried_packet&, ilp::bytes_span) override { next = &w.send("two"); }
    void failed(carried_packet&, reject_reason) override {}
    world& w;
    carried_packet* next = nullptr;
};

}  // namespace

TEST_CASE("http2 link: many packets share one connection, and answers come in any order") {
    world w{100};
    auto& one = w.send("one");
    auto& two = w.send("two");
    w.await(0, "message 3 two");
    w.await(0, "message 1 one");
    CHECK(w.peer.connections[0].told.front() == "head 1 POST /ilp?x=1");
    auto& three = w.send("three");
    w.await(0, "message 5 three");
    CHECK(w.peer.connections[0].has_been_told("head 5 known"));
    w.peer.connections[0].answer(5, "third");
    w.run_until([&] { return !w.outcome(three).empty(); });
    CHECK(w.outcome(one).empty());
    w.peer.connections[0].answer(1, "first");
    w.peer.connections[0].answer(3, "second");
    w.run_until([&] { return !w.outcome(one).empty() && !w.outcome(two).empty(); });
    CHECK(w.outcome(one) == "first");
    CHECK(w.outcome(two) == "second");
    CHECK(w.outcome(three) == "third");
    CHECK(w.link().connection_count() == 1);
    CHECK(w.link().trouble().empty());
}

TEST_CASE("http2 link: the parts of a packet are streams of one connection, and the first answer ends it") {
    world w{100};
    const ilp::bytes whole = support::encode({.amount = 2500, .destination = "test.bob.x"});
    const parting how{{7}, peering::split_plan::make({2500}, {1000}, 16).value()};
    const auto send_parts = [&]() -> carried_packet& {
        w.loop.enter();
        auto& packet = w.outcomes.make();
        if (const auto refusal = w.link().send_parts(packet, whole, how)) w.outcomes.failed(packet, *refusal);
        return packet;
    };
    const auto has_streams = [&](std::size_t connection, std::size_t count) {
        const auto& connections = w.peer.connections;
        return connections.size() > connection &&
               connections[connection].side.numbers.size() - connections[connection].side.numbers.count(0) == count;
    };
    auto& packet = send_parts();  // it waits for the connection
    w.run_until([&] { return has_streams(0, 3); });
    SECTION("its other answers come later") {
        w.peer.connections[0].answer(3, "the answer");
        w.run_until([&] { return !w.outcome(packet).empty(); });
        CHECK(w.outcome(packet) == "the answer");
        auto& next = w.send("next");
        w.await(0, "message 7 next");
        w.peer.connections[0].answer(1, "dropped");
        w.peer.connections[0].answer(5, "dropped as well");
        w.peer.connections[0].answer(7, "of the next");
        w.run_until([&] { return !w.outcome(next).empty(); });
        CHECK(w.outcome(next) == "of the next");
        CHECK(w.link().connection_count() == 1);
    }
    SECTION("one part was certainly not processed") {
        w.peer.connections[0].refuse(3, error_code::refused_stream);
        w.run_until([&] { return !w.outcome(packet).empty(); });
        CHECK(w.outcome(packet) == "part_never_left");
        w.peer.connections[0].answer(1, "dropped");
        CHECK(has_streams(0, 3));  // nothing is sent again
    }
    SECTION("the connection is lost") {
        w.peer.connections[0].socket.close();
        w.run_until([&] { return !w.outcome(packet).empty(); });
        CHECK(w.outcome(packet) == "next_hop_connection_lost");
    }
    SECTION("it is forgotten") {
        w.link().forget(packet);
        auto& next = w.send("next");
        w.await(1, "message 1 next");  // the peer has been silent since the parts were sent
        w.peer.connections[1].answer(1, "of the next");
        w.run_until([&] { return !w.outcome(next).empty(); });
        CHECK(w.outcome(packet).empty());
    }
    SECTION("one of its streams is reset, the others go on, and it is forgotten as a whole") {
        const auto next_is_answered = [&w](std::uint32_t stream) {
            auto& next = w.send("next");
            w.await(0, "message " + std::to_string(stream) + " next");
            w.peer.connections[0].answer(stream, "of the next");
            w.run_until([&] { return !w.outcome(next).empty(); });
            return w.outcome(next) == "of the next";
        };
        w.peer.connections[0].refuse(5, error_code::cancel);
        CHECK(next_is_answered(7));
        CHECK(w.outcome(packet).empty());
        w.link().forget(packet);
        w.peer.connections[0].answer(1, "too late");
        w.peer.connections[0].answer(3, "too late");
        CHECK(next_is_answered(9));
        CHECK(w.outcome(packet).empty());
    }
    SECTION("two of them at a time") {
        auto& second = send_parts();
        w.run_until([&] { return has_streams(0, 6); });
        w.peer.connections[0].answer(9, "second");
        w.peer.connections[0].answer(5, "first");
        w.run_until([&] { return !w.outcome(packet).empty() && !w.outcome(second).empty(); });
        CHECK(w.outcome(packet) == "first");
        CHECK(w.outcome(second) == "second");
    }
}

TEST_CASE("http2 link: a packet in parts waits until one connection has room for all, or is refused if none ever has") {
    world w{2, 1};
    w.peer.greeting = settings({{setting::max_concurrent_streams, 3}});
    const ilp::bytes whole = support::encode({.amount = 3, .destination = "test.bob.x"});
    const auto send_parts = [&](std::uint32_t parts) -> carried_packet& {
        w.loop.enter();
        auto& packet = w.outcomes.make();
        const parting how{{7}, peering::split_plan::make({parts}, {1}, parts).value()};
        if (const auto refusal = w.link().send_parts(packet, whole, how)) w.outcomes.failed(packet, *refusal);
        return packet;
    };
    auto& one = w.send("one");
    w.await(0, "message 1 one");
    auto& packet = send_parts(3);
    CHECK(w.link().waiting_count() == 1);
    CHECK(w.outcome(send_parts(4)) == "next_hop_queue_full");
    w.peer.connections[0].answer(1, "first");
    w.run_until([&] { return w.peer.connections[0].has_been_told("head 7 POST /ilp?x=1"); });
    CHECK(w.outcome(one) == "first");
    CHECK(w.link().waiting_count() == 0);
    w.peer.connections[0].answer(5, "whole");
    w.run_until([&] { return !w.outcome(packet).empty(); });
    CHECK(w.outcome(packet) == "whole");
    SECTION("the peer takes fewer streams than the packet has parts, from then on") {
        auto& two = w.send("two");
        w.await(0, "message 9 two");
        auto& for_three = send_parts(3);
        CHECK(w.link().waiting_count() == 1);
        ilp::append(w.peer.connections[0].side.out, settings({{setting::max_concurrent_streams, 2}}));
        w.peer.connections[0].answer(3, "late");
        w.peer.connections[0].answer(7, "late");
        w.peer.connections[0].answer(9, "second");
        w.run_until([&] { return !w.outcome(for_three).empty(); });
        CHECK(w.outcome(for_three) == "next_hop_queue_full");
        CHECK(w.outcome(two) == "second");
        CHECK(w.link().waiting_count() == 0);
        w.send("next");
        w.await(0, "message 11 next");
    }
}

TEST_CASE("http2 link: a thousand packets at a time") {
    world w{5000};
    w.peer.echoes = true;
    std::vector<carried_packet*> packets;
    for (int i = 0; i < 1000; ++i) packets.push_back(&w.send("packet " + std::to_string(i)));
    w.run_until([&] { return w.outcomes.outcomes.size() == 1000; });
    for (std::size_t i = 0; i < packets.size(); ++i) CHECK(w.outcome(*packets[i]) == "packet " + std::to_string(i));
    CHECK(w.link().connection_count() <= 2);
    CHECK(w.link().waiting_count() == 0);
}

TEST_CASE("http2 link: beyond the peer's streams packets wait, and beyond its queue they are refused") {
    world w{2, 2};
    w.peer.greeting = settings({{setting::max_concurrent_streams, 1}});
    auto& one = w.send("one");
    w.await(0, "message 1 one");
    auto& two = w.send("two");  // makes the second connection
    w.await(1, "message 1 two");
    auto& three = w.send("three");
    auto& four = w.send("four");
    CHECK(w.outcome(w.send("five")) == "next_hop_queue_full");
    CHECK(w.link().waiting_count() == 2);
    CHECK(w.link().withdraw(four) == reject_reason::next_hop_queue_full);
    CHECK_FALSE(w.link().withdraw(one));
    w.peer.connections[1].answer(1, "second");
    w.run_until([&] { return !w.outcome(two).empty(); });
    w.await(1, "message 3 three");
    w.peer.connections[1].answer(3, "third");
    w.run_until([&] { return !w.outcome(three).empty(); });
    CHECK(w.outcome(one).empty());
}

TEST_CASE("http2 link: a peer that takes few streams gets connections until as much is in flight as with HTTP/1.1") {
    world w{100, 10};
    const auto in_flight = [&w] {
        std::size_t heads = 0;
        for (const auto& each : w.peer.connections) heads += each.side.numbers.size() - each.side.numbers.count(0);
        return heads;
    };
    SECTION("one at a time") {
        w.peer.greeting = settings({{setting::max_concurrent_streams, 1}});
        for (int i = 0; i < 15; ++i) w.send(std::to_string(i));
        w.run_until([&] { return in_flight() == 10; });
        CHECK(w.link().connection_count() == 10);
        CHECK(w.link().waiting_count() == 5);
        w.peer.connections[3].answer(1, "an answer");
        w.run_until([&] { return in_flight() == 11; });
        CHECK(w.link().connection_count() == 10);
    }
    SECTION("a few at a time") {
        w.peer.greeting = settings({{setting::max_concurrent_streams, 4}});
        for (int i = 0; i < 20; ++i) w.send(std::to_string(i));
        w.run_until([&] { return in_flight() == 12; });
        CHECK(w.link().connection_count() == 3);
        CHECK(w.link().waiting_count() == 8);
    }
    SECTION("enough") {
        w.peer.greeting = settings({{setting::max_concurrent_streams, 10}});
        for (int i = 0; i < 40; ++i) w.send(std::to_string(i));
        w.run_until([&] { return in_flight() == 20; });
        CHECK(w.link().connection_count() == 2);
        CHECK(w.link().waiting_count() == 20);
    }
}

TEST_CASE("http2 link: a packet that was certainly not processed is sent again, three times at most") {
    world w;
    auto& one = w.send("one");
    for (std::uint32_t stream = 1; stream <= 7; stream += 2) {
        w.await(0, "message " + std::to_string(stream) + " one");
        CHECK(one.sent_again == stream / 2);
        w.peer.connections[0].refuse(stream, error_code::refused_stream);
    }
    w.run_until([&] { return !w.outcome(one).empty(); });
    CHECK(w.outcome(one) == "next_hop_busy");
}

TEST_CASE("http2 link: an answer in very many frames comes whole, and those behind it come as well") {
    world w{100};
    auto& one = w.send("one");
    auto& two = w.send("two");
    w.await(0, "message 1 one");
    w.await(0, "message 3 two");
    auto& far = w.peer.connections[0];
    constexpr std::size_t frames = 5000;
    ilp::append(far.side.out, headers(1, ok_block()));
    for (std::size_t i = 0; i < frames; ++i) ilp::append(far.side.out, data(1, "x", false));
    ilp::append(far.side.out, data(1, "y"));
    far.answer(3, "two");
    w.run_until([&] { return !w.outcome(two).empty(); });
    CHECK(w.outcome(one) == std::string(frames, 'x') + "y");
    CHECK(w.outcome(two) == "two");
}

TEST_CASE("http2 link: a request may have a form of its own, also when it is sent again or has waited") {
    world w;
    const http::header_field field{"request-id", "an id"};
    const auto send = [&](std::string_view body, std::string_view target) -> carried_packet& {
        w.loop.enter();
        auto& packet = w.outcomes.make();
        const auto refusal = w.link().send(packet, ilp::as_bytes(body), {.target = target, .fields = {&field, 1}});
        CHECK_FALSE(refusal);
        return packet;
    };
    auto& one = send("one", "/callback?x");  // it waits for the connection
    w.await(0, "message 1 one");
    CHECK(w.peer.connections[0].has_been_told("head 1 POST /callback?x"));
    w.peer.connections[0].refuse(1, error_code::refused_stream);
    w.await(0, "message 3 one");
    CHECK((w.peer.connections[0].has_been_told("head 3 POST /callback?x") ||
           w.peer.connections[0].has_been_told("head 3 known")));
    w.peer.connections[0].answer(3, "first");
    w.run_until([&] { return !w.outcome(one).empty(); });
    CHECK(w.outcome(one) == "first");
    CHECK(one.status == 200);
    send("two", "");
    w.await(0, "message 5 two");
    CHECK(w.peer.connections[0].has_been_told("head 5 POST /ilp?x=1"));
    w.send("three");
    w.await(0, "message 7 three");
    CHECK(w.peer.connections[0].has_been_told("head 7 POST /ilp?x=1"));  // without the field, so it is another head
}

TEST_CASE("http2 link: a packet that may have been processed is not sent again") {
    world w;
    auto& one = w.send("one");
    auto& two = w.send("two");
    w.await(0, "message 3 two");
    w.peer.connections[0].refuse(1, error_code::cancel);
    w.run_until([&] { return !w.outcome(one).empty(); });
    CHECK(w.outcome(one) == "next_hop_connection_lost");
    CHECK(w.outcome(two).empty());
    support::reset(w.peer.connections[0].socket);
    w.run_until([&] { return !w.outcome(two).empty(); });
    CHECK(w.outcome(two) == "next_hop_connection_lost");
    w.peer.echoes = true;
    CHECK(w.outcome_of("three") == "three");
}

TEST_CASE("http2 link: GOAWAY moves what was not processed to a new connection, and the rest gets its answers") {
    world w;
    auto& one = w.send("one");
    w.await(0, "message 1 one");
    w.peer.connections[0].side.session.drain_at_once(w.peer.connections[0].side.out);
    auto& two = w.send("two");  // on its way when the GOAWAY comes
    run_ready(w.loop);
    w.await(1, "message 1 two");
    CHECK(w.outcome(one).empty());
    w.peer.connections[1].answer(1, "second");
    w.run_until([&] { return !w.outcome(two).empty(); });
    CHECK(w.outcome(two) == "second");
    w.peer.connections[0].answer(1, "first");
    w.run_until([&] { return !w.outcome(one).empty(); });
    CHECK(w.outcome(one) == "first");
    w.run_until([&] { return w.link().connection_count() == 1; });
    CHECK(w.peer.connections[0].ended);
}

TEST_CASE("http2 link: behind a GOAWAY, packets get another connection although the old one has others in flight") {
    world w{2, 1};
    auto& one = w.send("one");
    auto& two = w.send("two");
    w.await(0, "message 3 two");
    ilp::append(w.peer.connections[0].side.out, frame(frame_type::goaway, 0, 0, number(1) + number(0)));
    w.await(1, "message 1 two");
    CHECK(w.outcome(one).empty());
    w.peer.connections[1].answer(1, "second");
    w.run_until([&] { return !w.outcome(two).empty(); });
    w.peer.connections[0].answer(1, "first");
    w.run_until([&] { return !w.outcome(one).empty(); });
    CHECK(w.outcome(one) == "first");
    CHECK(w.outcome(two) == "second");
}

TEST_CASE("http2 link: a peer that says GOAWAY before the first packet is unreachable") {
    world w;
    w.peer.greeting = settings() + frame(frame_type::goaway, 0, 0, number(0) + number(0));
    CHECK(w.outcome_of("one") == "next_hop_unreachable");
    CHECK(w.link().trouble().contains("GOAWAY"));
    CHECK(w.outcome_of("two") == "next_hop_unreachable");
}

TEST_CASE("http2 link: a packet of the turn in which its connection breaks uses another one") {
    world w;
    chain listener{w};
    carried_packet one{.listener = &listener};
    w.loop.enter();
    REQUIRE_FALSE(w.link().send(one, ilp::as_bytes("one")));
    w.await(0, "message 1 one");
    // Both are read together: the answer, and what ends the connection.
    w.peer.connections[0].answer(1, "first");
    ilp::append(w.peer.connections[0].side.out, data(0, "x"));
    w.await(1, "message 1 two");
    w.peer.connections[1].answer(1, "second");
    REQUIRE(listener.next != nullptr);
    w.run_until([&] { return !w.outcome(*listener.next).empty(); });
    CHECK(w.outcome(*listener.next) == "second");
    CHECK(std::ranges::count(w.peer.connections[0].told, "message 3 two") == 0);
}

TEST_CASE("http2 link: a packet that comes back while no connection can be made is refused, and does not wait") {
    world w{2, 2};
    w.peer.greeting = settings({{setting::max_concurrent_streams, 1}});
    chain listener{w};
    carried_packet one{.listener = &listener};
    w.loop.enter();
    REQUIRE_FALSE(w.link().send(one, ilp::as_bytes("one")));
    w.await(0, "message 1 one");
    w.peer.listener.close();
    auto& waits = w.send("waits");
    w.run_until([&] { return w.link().trouble().contains("unreachable"); });
    w.loop.enter();
    CHECK(w.link().withdraw(waits));
    w.peer.connections[0].answer(1, "first");
    ilp::append(w.peer.connections[0].side.out, data(0, "x"));
    w.run_until([&] { return listener.next != nullptr && !w.outcome(*listener.next).empty(); });
    CHECK(w.outcome(*listener.next) == "next_hop_unreachable");
}

TEST_CASE("http2 link: a peer that does not read keeps packets waiting, and the end of the link comes when it reads") {
    world w{100, 1};
    const int small = 4096;
    ::setsockopt(w.peer.listener.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    w.peer.echoes = true;
    CHECK(w.outcome_of("one") == "one");
    w.peer.is_deaf = true;
    const std::string much(60'000, 'x');
    std::vector<carried_packet*> sent;
    while (w.link().waiting_count() == 0) {
        REQUIRE(sent.size() < 100);
        sent.push_back(&w.send(much));
        run_ready(w.loop);
    }
    CHECK(w.link().withdraw(*sent.back()) == reject_reason::next_hop_queue_full);
    sent.pop_back();
    w.loop.enter();
    for (carried_packet* const each : sent) {
        CHECK_FALSE(w.link().withdraw(*each));
        w.link().forget(*each);
    }
    w.link().retire();
    run_ready(w.loop);
    CHECK_FALSE(w.link().is_done());
    const std::size_t read_before = w.peer.connections[0].read;
    w.peer.is_deaf = false;
    w.run_until([&] { return w.link().is_done() && w.peer.connections[0].ended; });
    CHECK(w.peer.connections[0].read > read_before + much.size());
    for (const carried_packet* const each : sent) CHECK(w.outcome(*each).empty());
}

TEST_CASE("http2 link: a peer that floods us is left, and counted") {
    world w;
    auto& one = w.send("one");
    w.await(0, "message 1 one");
    for (int i = 0; i < 200; ++i) {
        ilp::append(w.peer.connections[0].side.out, frame(frame_type::ping, 0, 0, "12345678"));
    }
    w.run_until([&] { return !w.outcome(one).empty(); });
    CHECK(w.outcome(one) == "next_hop_answered_nonsense");
    CHECK(w.floods.by_kind[static_cast<std::size_t>(flood::pings)] == 1);
    CHECK(std::ranges::count(w.floods.by_kind, 0U) == static_cast<std::ptrdiff_t>(flood_kinds) - 1);
}

TEST_CASE("http2 link: a forgotten packet is cancelled, and others go on") {
    world w;
    auto& one = w.send("one");
    auto& two = w.send("two");
    w.await(0, "message 3 two");
    w.loop.enter();
    w.peer.connections[0].answer(3, "second");
    w.run_until([&] { return !w.outcome(two).empty(); });
    w.loop.enter();
    w.link().forget(one);
    w.await(0, "reset 1 CANCEL");
    w.peer.echoes = true;
    CHECK(w.outcome_of("three") == "three");
    CHECK(w.outcome(one).empty());
    CHECK(w.peer.connections.size() == 1);
}

TEST_CASE("http2 link: a connection on which nothing comes any more is replaced") {
    world w;
    w.peer.echoes = true;
    CHECK(w.outcome_of("one") == "one");
    w.peer.is_silent = true;
    auto& two = w.send("two");
    w.await(0, "message 3 two");
    w.loop.enter();
    w.link().forget(two);
    w.peer.is_silent = false;
    CHECK(w.outcome_of("three") == "three");
    CHECK(w.peer.connections.size() == 2);
}

TEST_CASE("http2 link: statuses are told as with HTTP/1.1") {
    world w;
    for (const auto& [status, reason] :
         std::vector<std::pair<unsigned, std::string>>{{503, "next_hop_busy"},
                                                       {502, "next_hop_behind_dead_gateway"},
                                                       {500, "next_hop_failed"},
                                                       {401, "next_hop_refused_us"}}) {
        auto& packet = w.send(std::to_string(status));
        w.run_until([&] { return !w.peer.connections.empty() && !w.peer.connections[0].side.numbers.empty(); });
        const auto last = [&] { return w.peer.connections[0].side.numbers.rbegin()->first; };
        w.run_until([&] {
            return w.peer.connections[0].has_been_told("message " + std::to_string(last()) + " " +
                                                       std::to_string(status));
        });
        ilp::bytes block;
        append_status(block, status);
        auto& on = w.peer.connections[0];
        on.side.session.answer(on.number(last()), block, {}, on.side.out);
        w.run_until([&] { return !w.outcome(packet).empty(); });
        CHECK(w.outcome(packet) == reason);
    }
    CHECK(w.link().trouble().contains("401"));
}

TEST_CASE("http2 link: a peer that does not speak HTTP/2 is unreachable, and the log says why") {
    world w;
    w.peer.greeting = bytes_of("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    CHECK(w.outcome_of("one") == "next_hop_unreachable");
    CHECK(w.link().trouble().contains("it does not speak HTTP/2"));
    CHECK(w.outcome_of("two") == "next_hop_unreachable");
}

TEST_CASE("http2 link: nobody listens") {
    world w;
    w.peer.listener.close();
    CHECK(w.outcome_of("one") == "next_hop_unreachable");
    CHECK(w.link().trouble().contains("unreachable"));
}

TEST_CASE("http2 link: a retired link finishes its packets") {
    world w;
    auto& one = w.send("one");
    w.await(0, "message 1 one");
    w.loop.enter();
    w.link().retire();
    CHECK_FALSE(w.link().is_done());
    w.peer.connections[0].answer(1, "first");
    w.run_until([&] { return w.link().is_done(); });
    CHECK(w.outcome(one) == "first");

    world idle;
    idle.peer.echoes = true;
    CHECK(idle.outcome_of("one") == "one");
    idle.loop.enter();
    idle.link().retire();
    idle.run_until([&] { return idle.link().is_done(); });

    world early;  // retired before it is connected
    early.peer.echoes = true;
    auto& waits = early.send("one");
    early.link().retire();
    early.run_until([&] { return early.link().is_done(); });
    CHECK(early.outcome(waits) == "one");
}

TEST_CASE("http2 link: a peer that breaks the rules") {
    world w;
    auto& one = w.send("one");
    w.await(0, "message 1 one");
    ilp::append(w.peer.connections[0].side.out, data(7, "x"));
    w.run_until([&] { return !w.outcome(one).empty(); });
    CHECK(w.outcome(one) == "next_hop_answered_nonsense");
    w.peer.echoes = true;
    CHECK(w.outcome_of("two") == "two");
}

TEST_CASE("http2 link: a Reject brings its trace id to its packet, and to no other one") {
    const auto reject = support::encode_reject("F99");
    world w{100};
    w.peer.echoes = false;
    auto& one = w.send("one");
    auto& two = w.send("two");
    auto& three = w.send("three");
    two.trace = trace_id{7, 7};  // of an earlier packet in the same place
    w.await(0, "message 5 three");
    auto& far = w.peer.connections[0];
    const auto answer = [&](std::uint32_t stream, ilp::bytes_view body, bool has_trace) {
        ilp::bytes block = ok_block();
        if (has_trace) append_named(block, trace_field, "0123456789abcdef0fedcba987654321");
        far.side.session.answer(far.number(stream), block, body, far.side.out);
    };
    answer(1, reject, true);
    answer(3, reject, false);
    answer(5, ilp::as_bytes("other"), true);
    w.run_until([&] { return !w.outcome(three).empty(); });
    CHECK(one.trace == trace_id::parse("0123456789abcdef0fedcba987654321"));
    CHECK_FALSE(two.trace);
    CHECK_FALSE(three.trace);
}

}  // namespace http2_link_test
