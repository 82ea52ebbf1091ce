#include "connector/transport/http/incoming_connection.hpp"

#include "tests/unit/connector/loop/scripted_filter.hpp"
#include "tests/unit/connector/loop/test_loop.hpp"
#include "tests/unit/connector/peers.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace incoming_connection_test {

using namespace connector;
using namespace std::chrono_literals;
using connector::testing::run_ready;
using connector::testing::run_until;
using connector::testing::scripted_filter;
using connector::testing::socket_pair;
using connector::testing::stream_script;

namespace {

std::string request(std::string_view body, std::string_view token = "right") {
    return "POST / HTTP/1.1\r\nHost: us\r\nAuthorization: Bearer " + std::string{token} +
           "\r\nContent-Type: application/octet-stream\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string{body};
}

config::settings one_peer() {
    config::settings settings;
    settings.assets = {connector::testing::asset_settings("USD", 9, 0)};
    settings.peers = {connector::testing::peer_settings("p1", "USD", 9, 0)};
    return settings;
}

/// A connection whose worker is the test itself, which decides what to answer and when.
struct world final : prepare_handler, incoming_connection::owner {
    void start(std::unique_ptr<stream_filter> filter = {}) {
        loop.enter();
        REQUIRE(connection->start(std::move(pair.near), std::move(filter)));
    }

    void start_scripted(std::deque<stream_state> handshake) {
        script->handshake = std::move(handshake);
        start(std::make_unique<scripted_filter>(script));
    }

    void answer(std::size_t index, std::string_view text, bool held = false) {
        loop.enter();
        sink->answer(arrived[index].request, ilp::as_bytes(text), held);
    }

    /// Runs until the sender has got this many answers, and returns their bodies and statuses.
    std::string heard_until(std::string_view end) {
        run_until(loop, [&] { return (heard += pair.heard()).ends_with(end); });
        return heard;
    }

    // prepare_handler
    authenticated authenticate(std::string_view token, std::string_view, const ilp::digest*) override {
        ++authentications;
        return {token == "right" ? &book.peer("p1") : nullptr, valid_until};
    }
    void unauthenticated(const boost::asio::ip::address&) override { ++strangers; }
    owed_answer* prepare_received(answer_sink& from, std::uint64_t number, const peering::peer&,
                                  ilp::bytes_span body) override {
        sink = &from;
        arrived.push_back({number, std::string{ilp::as_text(body)}});
        if (answers_at_once) {
            from.answer(number, ilp::as_bytes("now"), false);
            return nullptr;
        }
        packet_in_flight& packet = *packets.emplace_back(std::make_unique<packet_in_flight>([](deadline&) {}));
        packet.answer_to = &from;
        packet.request = number;
        return &packet;
    }

    // owner
    void connection_closed(incoming_connection&) override {
        closed = true;
        loop.dispose(std::move(connection));
    }

    bool may_stay(incoming_connection&, const peering::peer& from) override {
        CHECK(&from == &book.peer("p1"));
        ++times_asked;
        return has_room;
    }

    struct prepare {
        std::uint64_t request;
        std::string body;
    };

    connector::testing::book book{one_peer()};
    event_loop loop;
    socket_pair pair{loop};
    incoming_timeouts timeouts{1h, 1h};
    std::shared_ptr<stream_script> script = std::make_shared<stream_script>();
    std::unique_ptr<incoming_connection> connection =
        std::make_unique<incoming_connection>(loop, *this, *this, timeouts);
    answer_sink* sink = nullptr;
    std::vector<prepare> arrived;
    std::vector<std::unique_ptr<packet_in_flight>> packets;
    std::string heard;
    int strangers = 0;  // requests with unknown tokens
    int authentications = 0;
    ilp::steady_time valid_until = ilp::steady_time::max();  // of the right token
    int times_asked = 0;                                     // whether a connection may stay
    bool has_room = true;
    bool answers_at_once = false;
    bool closed = false;
};

}  // namespace

TEST_CASE("incoming connection: answers are sent in the order of the requests, and held ones after their release") {
    world w;
    w.start();
    w.pair.say(request("one") + request("two") + request("three"));
    run_until(w.loop, [&] { return w.arrived.size() == 3; });
    CHECK(w.arrived[0].body == "one");
    CHECK(w.arrived[2].body == "three");
    w.answer(2, "third");
    w.answer(1, "second", true);
    w.answer(0, "first");
    CHECK(w.heard_until("first").ends_with("\r\n\r\nfirst"));
    run_ready(w.loop);
    CHECK((w.heard += w.pair.heard()).find("second") == std::string::npos);
    w.loop.enter();
    w.sink->release(w.arrived[1].request);
    w.heard_until("third");
    CHECK(w.heard.find("first") < w.heard.find("second"));
    CHECK(w.heard.find("second") < w.heard.find("third"));
}

TEST_CASE("incoming connection: an answer that is held can be replaced by a Reject, and nothing of it is sent") {
    world w;
    w.start();
    w.pair.say(request("one") + request("two"));
    run_until(w.loop, [&] { return w.arrived.size() == 2; });
    w.answer(0, "fulfill", true);
    w.answer(1, "fulfill", true);
    w.connection->drain();
    w.loop.enter();
    w.sink->revoke(w.arrived[1].request, ilp::as_bytes("second"), {});
    w.sink->revoke(w.arrived[0].request, ilp::as_bytes("first"), {});
    w.heard_until("second");
    CHECK(w.heard.find("first") < w.heard.find("Connection: close"));
    CHECK_FALSE(w.heard.contains("fulfill"));
}

TEST_CASE("incoming connection: a request with a wrong token, or whose body is not a Prepare, gets an HTTP status") {
    world w;
    w.start();
    w.pair.say(request("a", "wrong") + request("b"));
    run_until(w.loop, [&] { return w.arrived.size() == 1; });
    CHECK(w.arrived[0].body == "b");
    w.loop.enter();
    w.sink->refuse_malformed(w.arrived[0].request);
    run_until(w.loop, [&] { return (w.heard += w.pair.heard()).find("HTTP/1.1 400") != std::string::npos; });
    CHECK(w.heard.starts_with("HTTP/1.1 401"));
    CHECK(w.strangers == 1);
}

TEST_CASE("incoming connection: a head is remembered only as long as its token is valid") {
    world w;
    w.start();
    w.loop.enter();
    w.valid_until = w.loop.now().steady;
    w.pair.say(request("a") + request("b"));
    run_until(w.loop, [&] { return w.arrived.size() == 2; });
    CHECK(w.authentications == 2);
    w.valid_until = w.loop.now().steady + 1h;
    w.pair.say(request("c") + request("d") + request("e"));
    run_until(w.loop, [&] { return w.arrived.size() == 5; });
    CHECK(w.authentications == 3);
}

TEST_CASE("incoming connection: when it closes, only packets without an answer are detached from it") {
    world w;
    w.start();
    w.pair.say(request("one") + request("two"));
    run_until(w.loop, [&] { return w.arrived.size() == 2; });
    CHECK(w.packets[0]->answer_to == w.sink);
    w.answer(0, "first");
    w.heard_until("first");
    SECTION("a reset") {
        support::reset(w.pair.far);
        run_until(w.loop, [&] { return w.closed; });
        CHECK(w.packets[0]->answer_to != nullptr);  // it was answered; its worker has forgotten it
        CHECK(w.packets[1]->answer_to == nullptr);
    }
    SECTION("an orderly end, after which the sender still wants its answer") {
        REQUIRE(::shutdown(w.pair.far.get(), SHUT_WR) == 0);
        run_ready(w.loop);
        CHECK_FALSE(w.closed);
        CHECK(w.packets[1]->answer_to == w.sink);
        w.answer(1, "second");
        w.heard_until("second");
        run_until(w.loop, [&] { return w.closed; });
    }
}

TEST_CASE("incoming connection: a packet that was answered at once is not referred to") {
    world w;
    w.answers_at_once = true;
    w.start();
    w.pair.say(request("one"));
    w.heard_until("now");
    w.loop.enter();
    w.connection->abandon();
    run_ready(w.loop);
    CHECK(w.closed);
}

TEST_CASE("incoming connection: answers take memory only until they are sent, however large they are") {
    world w;
    w.start();
    std::string requests;
    for (int i = 0; i < 32; ++i) requests += request("one");
    w.pair.say(requests);
    run_until(w.loop, [&] { return w.arrived.size() == 32; });
    const std::string large(40'000, 'x');
    for (std::size_t i = 0; i < 32; ++i) w.answer(i, large, true);
    CHECK(w.loop.memory().used() > 32 * large.size());
    w.loop.enter();
    for (const auto& prepare : w.arrived) w.sink->release(prepare.request);
    std::size_t heard = 0;
    run_until(w.loop, [&] { return (heard += w.pair.heard().size()) >= 32 * large.size(); });
    run_ready(w.loop);
    CHECK(w.loop.memory().used() <= receive_buffer::capacity_kept_max);
    CHECK(w.loop.spare().size() == 0);  // none was small enough to be kept
    w.pair.say(request("small"));
    run_until(w.loop, [&] { return w.arrived.size() == 33; });
    w.answer(32, "small");
    w.heard_until("small");
    CHECK(w.loop.spare().size() == 1);
}

TEST_CASE("incoming connection: one that is closed for its memory leaves no packet that refers to it") {
    world w;
    w.start();
    w.pair.say(request("one") + request("two"));
    run_until(w.loop, [&] { return w.arrived.size() == 2; });
    w.answer(1, std::string(40'000, 'x'));
    w.loop.memory().set_bound(30'000);
    CHECK(w.loop.memory().relieve().bytes >= 40'000);
    run_until(w.loop, [&] { return w.closed; });
    CHECK(w.packets[0]->answer_to == nullptr);
    run_ready(w.loop);
    CHECK(w.loop.memory().used() == 0);
}

TEST_CASE("incoming connection: the handshake comes before HTTP, and has a time limit of its own") {
    world w;
    SECTION("it is never done") {
        w.timeouts.request = 1ms;
        w.start_scripted({stream_state::wants_reading, stream_state::wants_reading});
        run_until(w.loop, [&] { return w.closed; });
        CHECK(w.script->written.empty());
    }
    SECTION("it fails") {
        w.start_scripted({stream_state::broken});
        CHECK(w.closed);
    }
    SECTION("bytes of the stream are not yet bytes of HTTP") {
        w.start_scripted({stream_state::wants_reading, stream_state::wants_reading});
        run_ready(w.loop);
        w.pair.say("x");
        run_until(w.loop, [&] { return w.script->handshakes == 3; });
        w.pair.say("y");
        run_ready(w.loop);
        CHECK(w.arrived.empty());
        w.script->reads = {{stream_state::done, request("one")}};
        w.pair.say("z");
        run_until(w.loop, [&] { return w.arrived.size() == 1; });
        w.answer(0, "first");
        run_until(w.loop, [&] { return w.script->written.ends_with("first"); });
    }
}

TEST_CASE("incoming connection: a request has a time limit from its first byte, and an idle connection another one") {
    world w;
    SECTION("idle") {
        w.timeouts.idle = 1ms;
        w.start();
        run_until(w.loop, [&] { return w.closed; });
        CHECK(w.pair.heard().empty());
    }
    SECTION("half a request") {
        w.timeouts.request = 1ms;
        w.start();
        w.pair.say("POST / HT");
        run_until(w.loop, [&] { return (w.heard += w.pair.heard()).find("HTTP/1.1 408") != std::string::npos; });
    }
}

TEST_CASE("incoming connection: once it drains, its last answer ends it, and says so") {
    world w;
    const auto drain = [&] {
        w.loop.enter();
        w.connection->drain();
    };
    w.start();
    SECTION("the answer to the request that came last") {
        w.pair.say(request("one") + request("two"));
        run_until(w.loop, [&] { return w.arrived.size() == 2; });
        drain();
        w.answer(0, "first");
        CHECK_FALSE(w.heard_until("first").contains("Connection: close"));
        w.answer(1, "second");
        w.heard_until("second");
        CHECK(w.heard.contains("Connection: close"));
    }
    SECTION("an answer that waits for its commit") {
        w.pair.say(request("one"));
        run_until(w.loop, [&] { return w.arrived.size() == 1; });
        w.answer(0, "first", true);
        drain();
        w.loop.enter();
        w.sink->release(w.arrived[0].request);
        CHECK(w.heard_until("first").contains("Connection: close"));
    }
    SECTION("the answer to a request that has begun") {
        const std::string second = request("two");
        w.pair.say(request("one") + second.substr(0, 10));
        run_until(w.loop, [&] { return w.arrived.size() == 1; });
        drain();
        w.answer(0, "first");
        CHECK_FALSE(w.heard_until("first").contains("Connection: close"));
        w.pair.say(second.substr(10));
        run_until(w.loop, [&] { return w.arrived.size() == 2; });
        w.answer(1, "second");
        CHECK(w.heard_until("second").contains("Connection: close"));
    }
    SECTION("the answer to the next request") {
        drain();
        w.pair.say(request("one"));
        run_until(w.loop, [&] { return w.arrived.size() == 1; });
        w.answer(0, "first");
        CHECK(w.heard_until("first").contains("Connection: close"));
    }
    SECTION("a refusal of the next request") {
        drain();
        w.pair.say(request("one", "wrong"));
        run_until(w.loop, [&] { return (w.heard += w.pair.heard()).contains("HTTP/1.1 401"); });
        CHECK(w.heard.contains("Connection: close"));
    }
    w.pair.far.close();
    run_until(w.loop, [&] { return w.closed; });
}

TEST_CASE("incoming connection: the memory of an answer that a drain makes longer is counted as it is") {
    world w;
    w.start();
    w.pair.say(request("one") + request("two"));
    run_until(w.loop, [&] { return w.arrived.size() == 2; });
    const std::size_t without_answers = w.loop.memory().used();
    // The second answer fills its buffer, which the additional field makes the connection replace by a larger one.
    const std::string text(10'000, 'x');
    w.answer(1, text, true);
    const std::size_t before = w.loop.memory().used();
    w.loop.enter();
    w.connection->drain();
    CHECK(w.loop.memory().used() > before);
    w.answer(0, "first");
    w.loop.enter();
    w.sink->release(w.arrived[1].request);
    CHECK(w.heard_until(text).contains("Connection: close"));
    run_ready(w.loop);
    CHECK(w.loop.memory().used() == without_answers);
    w.pair.far.close();
    run_until(w.loop, [&] { return w.closed; });
}

TEST_CASE("incoming connection: a newcomer has a short time to show a valid token, and is in a list until then") {
    world w;
    newcomer_list newcomers;
    newcomers.push_back(*w.connection);
    w.timeouts.newcomer = 1ms;
    SECTION("it says nothing") {
        w.start();
        run_until(w.loop, [&] { return w.closed; });
        CHECK(w.pair.heard().empty());
    }
    SECTION("it sends half a head") {
        w.start();
        w.pair.say("POST / HT");
        run_until(w.loop, [&] { return (w.heard += w.pair.heard()).contains("HTTP/1.1 408"); });
    }
    SECTION("it shows a wrong token") {
        w.start();
        w.pair.say(request("one", "wrong"));
        run_until(w.loop, [&] { return w.closed; });
    }
    SECTION("it shows a valid token, and is no newcomer any more") {
        w.timeouts.newcomer = 1h;
        w.start();
        CHECK_FALSE(newcomers.empty());
        w.pair.say(request("one"));
        run_until(w.loop, [&] { return w.arrived.size() == 1; });
        CHECK(newcomers.empty());
        w.timeouts.newcomer = 0ms;
        w.timeouts.idle = 1h;
        w.answer(0, "first");
        w.heard_until("first");
        run_ready(w.loop);
        CHECK_FALSE(w.closed);
    }
}

TEST_CASE("incoming connection: one that may not stay is told so and ends, and remains a newcomer") {
    world w;
    newcomer_list newcomers;
    newcomers.push_back(*w.connection);
    w.has_room = false;
    w.start();
    w.pair.say(request("one") + request("two"));
    run_until(w.loop, [&] { return (w.heard += w.pair.heard()).contains("You have too many connections"); });
    CHECK(w.heard.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
    CHECK(w.heard.contains("Connection: close\r\n"));
    CHECK(w.arrived.empty());
    CHECK(w.times_asked == 1);
    CHECK_FALSE(newcomers.empty());
    CHECK(w.connection->is_ending());
    w.pair.far.close();
    run_until(w.loop, [&] { return w.closed; });
}

TEST_CASE("incoming connection: a repeated head with the same token is asked about once") {
    world w;
    w.answers_at_once = true;
    w.start();
    w.pair.say(request("one") + request("two") + request("end"));
    run_until(w.loop, [&] { return w.arrived.size() == 3; });
    CHECK(w.times_asked == 1);
}

TEST_CASE("incoming connection: it is idle while no request has begun and none waits for its answer") {
    world w;
    w.start();
    run_ready(w.loop);
    CHECK(w.connection->is_idle());
    SECTION("half a head") {
        w.pair.say("POST / HT");
        CHECK_FALSE(w.connection->is_idle());  // no event has announced it yet
        run_ready(w.loop);
        CHECK_FALSE(w.connection->is_idle());
    }
    SECTION("a request that waits for its answer") {
        w.pair.say(request("one"));
        run_until(w.loop, [&] { return w.arrived.size() == 1; });
        CHECK_FALSE(w.connection->is_idle());
        w.answer(0, "first");
        w.heard_until("first");
        CHECK(w.connection->is_idle());
        CHECK_FALSE(w.connection->is_ending());
    }
    SECTION("the end") {
        w.pair.far.close();
        CHECK_FALSE(w.connection->is_idle());
        run_until(w.loop, [&] { return w.closed; });
    }
}

TEST_CASE("incoming connection: a Reject comes with its trace id, and other answers without one") {
    world w;
    w.start();
    w.pair.say(request("one") + request("two"));
    run_until(w.loop, [&] { return w.arrived.size() == 2; });
    w.loop.enter();
    w.sink->reject(w.arrived[0].request, ilp::as_bytes("rejected"), {.trace = trace_id{0, 1}});
    w.answer(1, "fulfilled");
    const std::string heard = w.heard_until("fulfilled");
    const std::size_t second = heard.find("rejected");
    CHECK(heard.substr(0, second).contains("\r\nILP-Trace-Id: 00000000000000000000000000000001\r\n"));
    CHECK_FALSE(heard.substr(second).contains("ILP-Trace-Id"));
}

}  // namespace incoming_connection_test
