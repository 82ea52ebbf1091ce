#include "connector/transport/http/http_connection.hpp"

#include "tests/unit/connector/loop/scripted_filter.hpp"
#include "tests/unit/connector/loop/test_loop.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <utility>

namespace http_connection_test {

using namespace connector;
using connector::testing::run_ready;
using connector::testing::run_until;
using connector::testing::scripted_filter;
using connector::testing::stream_script;

namespace {

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n";

/// A connection whose owner records every call, and the peer's end of it.
struct world final : http_connection::owner {
    world() : connection{std::make_unique<http_connection>(*this, loop)} {}

    void connect(std::unique_ptr<stream_filter> filter = {}) {
        const auto listener = support::listen_on(0);
        connection->connect({"127.0.0.1", support::local_port(listener)}, std::move(filter));
        peer = support::descriptor{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
        run_until(loop, [&] { return !events.empty() || (script && script->handshakes != 0); });
    }

    void connect_scripted() {
        script = std::make_shared<stream_script>();
        connect(std::make_unique<scripted_filter>(script));
    }

    void send(std::string_view request = "request") {
        loop.enter();
        ilp::append(connection->carry(packet), request);
    }

    /// Sends a packet and waits until the peer has it.
    void send_and_wait() {
        send();
        run_until(loop, [&] { return !hear().empty(); });
    }

    std::string hear() {
        char octets[4096];
        const auto count = ::recv(peer.get(), octets, sizeof octets, MSG_DONTWAIT);
        return count > 0 ? std::string(octets, static_cast<std::size_t>(count)) : "";
    }

    void say(std::string_view text) const { REQUIRE(support::send_all(peer, text)); }

    std::string events_after(std::string_view text, bool then_ends = false) {
        events.clear();
        say(text);
        if (then_ends) peer.close();
        run_until(loop, [&] { return !events.empty(); });
        run_ready(loop);
        return events;
    }

    // owner
    void usable(http_connection& which) override { events += which.is_idle() ? "usable " : "not idle "; }
    void connect_failed(const connector::dial_failure& failure) override {
        events += "connect failed: " + failure.why + " ";
    }
    void free_again(http_connection& which) override { events += which.is_idle() ? "free again " : "not idle "; }
    void refused(std::string_view why) override { events += "refused: " + std::string{why} + " "; }
    void answered(http_connection& which, carried_packet& about, unsigned status, ilp::bytes_span body) override {
        CHECK(&about == &packet);
        events += std::to_string(status) + ":" + std::string{ilp::as_text(body)};
        events += which.is_idle() ? " " : "! ";
        if (next != nullptr) ilp::append(which.carry(*std::exchange(next, nullptr)), std::string_view{"next"});
    }
    void failed(carried_packet& about, reject_reason reason) override {
        CHECK(&about == &packet);
        events += std::string{describe(reason).identifier} + " ";
    }
    void not_sent(carried_packet& about, ilp::bytes request) override {
        CHECK(&about == &packet);
        events += "not sent: " + std::string{ilp::as_text(request)} + " ";
    }
    void not_taken(carried_packet& about, ilp::bytes request) override {
        CHECK(&about == &packet);
        events += "not taken: " + std::string{ilp::as_text(request)} + " ";
    }
    void not_idle_any_more(http_connection&) override { events += "busy "; }
    void closed(http_connection&) override {
        events += "closed ";
        loop.dispose(std::move(connection));
    }

    event_loop loop;
    std::string events;
    carried_packet packet;
    carried_packet* next = nullptr;
    std::shared_ptr<stream_script> script;
    std::unique_ptr<http_connection> connection;
    support::descriptor peer;
};

}  // namespace

TEST_CASE("http connection: it connects, sends a request at the end of the turn, and hands the answer over") {
    world w;
    w.connect();
    CHECK(w.events == "usable ");
    w.send();
    CHECK(w.connection->packet() == &w.packet);
    CHECK(w.hear().empty());
    std::string heard;
    run_until(w.loop, [&] { return (heard += w.hear()) == "request"; });
    CHECK(w.events_after(ok + "abc") == "200:abc ");
    CHECK(w.connection->packet() == nullptr);
    CHECK(w.connection->is_idle());
    w.send_and_wait();
    CHECK(w.events_after("HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n") == "503:de ");
}

TEST_CASE("http connection: the next packet may be given to it with the answer") {
    world w;
    carried_packet next;
    w.connect();
    w.send_and_wait();
    w.next = &next;
    CHECK(w.events_after(ok + "abc") == "200:abc ");
    CHECK(w.connection->packet() == &next);
    std::string heard;
    run_until(w.loop, [&] { return (heard += w.hear()) == "next"; });
}

TEST_CASE("http connection: the first answer to the parts of a packet is its own, and the others are dropped") {
    world w;
    w.packet.parts = 3;
    w.connect();
    w.send_and_wait();
    SECTION("all at once") {
        CHECK(w.events_after(ok + "abc" + ok + "def" + ok + "ghi") == "200:abc! free again ");
    }
    SECTION("one after the other, in pieces") {
        CHECK(w.events_after(ok + "abc" + ok.substr(0, 9)) == "200:abc! ");
        CHECK(w.connection->packet() == nullptr);
        CHECK_FALSE(w.connection->is_idle());
        CHECK(w.events_after(ok.substr(9) + "def" + ok + "ghi") == "free again ");
    }
    SECTION("the others do not come, and the connection ends") {
        CHECK(w.events_after(ok + "abc") == "200:abc! ");
        CHECK(w.events_after(ok + "d", true) == "closed ");
    }
    SECTION("no answer comes") {
        w.events.clear();
        w.peer.close();
        run_until(w.loop, [&] { return w.events.ends_with("closed "); });
        CHECK(w.events == "next_hop_connection_lost closed ");
    }
    SECTION("the first answer is the last of the connection") {
        CHECK(w.events_after("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na") == "200:a! closed ");
    }
    SECTION("one answer too many") {
        CHECK(w.events_after(ok + "abc" + ok + "def" + ok + "ghi" + ok) == "200:abc! closed ");
    }
}

TEST_CASE("http connection: it closes after a response that must be the last one") {
    world w;
    w.connect();
    w.send_and_wait();
    SECTION("it says so") {
        CHECK(w.events_after("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na") == "200:a! closed ");
    }
    SECTION("there are bytes behind it") {
        CHECK(w.events_after(ok + "abcd") == "200:abc! closed ");
    }
    SECTION("its end is that of the connection") {
        CHECK(w.events_after("HTTP/1.1 200 OK\r\n\r\nabc", true) == "200:abc! closed ");
    }
    SECTION("it is longer than any packet") {
        CHECK(w.events_after("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n") == "200:! closed ");
    }
    SECTION("it is not HTTP") {
        CHECK(w.events_after("nonsense\r\n\r\n") == "next_hop_answered_nonsense closed ");
    }
}

TEST_CASE("http connection: an answer that comes before the whole request has left ends the connection") {
    world w;
    w.connect_scripted();
    run_until(w.loop, [&] { return w.events == "usable "; });
    w.script->writes = {{stream_state::wants_writing, 3}, {stream_state::wants_writing, 0}};
    w.send();
    run_until(w.loop, [&] { return w.script->written == "req"; });
    w.script->writes.assign(100, {stream_state::wants_writing, 0});
    w.script->reads = {{stream_state::done, ok + "abc"}};
    CHECK(w.events_after("x") == "200:abc! closed ");
}

TEST_CASE("http connection: an answer may come after a few interim ones, but not after many") {
    world w;
    w.connect();
    w.send_and_wait();
    const auto interim = [](int count) {
        std::string all;
        for (int i = 0; i < count; ++i) all += "HTTP/1.1 10" + std::to_string(i % 2 * 3) + " Wait\r\nA: b\r\n\r\n";
        return all;
    };
    SECTION("a few") {
        CHECK(w.events_after(interim(8) + ok + "abc") == "200:abc ");
        w.send_and_wait();
        CHECK(w.events_after(interim(8) + ok + "abc") == "200:abc ");
    }
    SECTION("many, all at once") {
        CHECK(w.events_after(interim(11) + ok) == "next_hop_answered_nonsense closed ");
    }
    SECTION("many, one after the other") {
        for (int i = 0; i < 8; ++i) {
            w.say(interim(1));
            run_ready(w.loop);
        }
        CHECK(w.events_after(interim(1)) == "next_hop_answered_nonsense closed ");
    }
    SECTION("one that says that other bytes than HTTP follow") {
        CHECK(w.events_after("HTTP/1.1 101 Switching Protocols\r\n\r\n") == "next_hop_answered_nonsense closed ");
    }
}

TEST_CASE("http connection: what can never become an answer is not waited for") {
    world w;
    w.connect();
    w.send_and_wait();
    const auto* const nonsense = "next_hop_answered_nonsense closed ";
    SECTION("lines that end without CR") {
        CHECK(w.events_after("HTTP/1.1 200 OK\nContent-Length: 3\n\nabc") == nonsense);
    }
    SECTION("one such line, and only in the second piece") {
        w.say("HTTP/1.1 200 OK\r\nContent-");
        run_ready(w.loop);
        CHECK(w.events_after("Length: 3\n") == nonsense);
    }
    SECTION("another protocol") {
        CHECK(w.events_after("220 mail.example ESMTP\r\n") == nonsense);
    }
    SECTION("a head beyond the bound, without an end and with one") {
        const std::string line = "A: " + std::string(5000, 'b') + "\r\n";
        const std::string head = "HTTP/1.1 200 OK\r\n" + line + line + line + line;
        SECTION("without") {
            CHECK(w.events_after(head) == nonsense);
        }
        SECTION("with") {
            CHECK(w.events_after(head + "Content-Length: 0\r\n\r\n") == nonsense);
        }
    }
}

TEST_CASE("http connection: an idle one has given back what its last packet took") {
    world w;
    w.connect();
    w.send(std::string(60'000, 'r'));
    std::string heard;
    run_until(w.loop, [&] { return (heard += w.hear()).size() == 60'000; });
    const std::string body(60'000, 'b');
    w.events.clear();
    w.say("HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" + body);
    run_until(w.loop, [&] { return !w.events.empty(); });
    CHECK(w.connection->is_idle());
    CHECK(w.loop.memory().used() <= receive_buffer::capacity_min);
}

TEST_CASE("http connection: one that is closed for its memory has failed") {
    world w;
    w.connect();
    w.send_and_wait();
    w.say("HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n");
    run_ready(w.loop);
    w.say("abc");
    run_until(w.loop, [&] { return w.loop.memory().used() > 60'000; });
    w.events.clear();
    w.loop.enter();
    w.loop.memory().set_bound(50'000);
    CHECK(w.loop.memory().relieve().connections == 1);
    CHECK(w.events == "next_hop_connection_lost closed ");
    run_ready(w.loop);
    CHECK(w.loop.memory().used() == 0);
}

TEST_CASE("http connection: bytes or an end while it is idle close it") {
    world w;
    w.connect();
    SECTION("bytes") {
        CHECK(w.events_after("hello") == "busy closed ");
    }
    SECTION("the end") {
        CHECK(w.events_after("", true) == "busy closed ");
    }
}

TEST_CASE("http connection: a packet that was sent has failed when the connection ends before its answer") {
    world w;
    w.connect();
    w.send_and_wait();
    CHECK(w.events_after("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", true) == "next_hop_connection_lost closed ");
}

TEST_CASE("http connection: a request that meets the end of its connection may be sent again if it was not taken") {
    world w;
    w.connect();
    const auto outcome = [&] {
        run_until(w.loop, [&] { return w.events.contains("closed"); });
        return w.events;
    };
    const auto carry_one_packet = [&] {
        w.send_and_wait();
        CHECK(w.events_after(ok + "abc") == "200:abc ");
        w.events.clear();
    };
    /// Sends the request before the loop learns what the peer has done.
    const auto send_unaware = [&](std::string_view last_words) {
        w.send();
        w.say(last_words);
        w.peer.close();
        w.connection->flush();
    };
    SECTION("the peer had closed") {
        carry_one_packet();
        send_unaware("");
        CHECK(outcome() == "closed not taken: request ");
    }
    SECTION("the peer had given up waiting, and closed") {
        carry_one_packet();
        send_unaware("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        CHECK(outcome() == "closed not taken: request ");
    }
    SECTION("the peer had closed with any other error") {
        carry_one_packet();
        send_unaware("HTTP/1.1 503 No\r\n\r\nbye");
        CHECK(outcome() == "closed not taken: request ");
    }
    SECTION("the peer gives up waiting while the request arrives") {
        carry_one_packet();
        w.send_and_wait();
        CHECK(w.events_after("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n") ==
              "closed not taken: request ");
    }
    SECTION("not if the peer has the request") {
        carry_one_packet();
        w.send_and_wait();
        CHECK(w.events_after("", true) == "next_hop_connection_lost closed ");
    }
    SECTION("not if the peer resets the connection, because it may have read the request") {
        carry_one_packet();
        w.send();
        w.connection->flush();
        support::reset(w.peer);
        CHECK(outcome() == "next_hop_connection_lost closed ");
    }
    SECTION("not on a new connection, because a peer that closes those would close the next one, too") {
        w.events.clear();
        send_unaware("");
        CHECK(outcome() == "next_hop_connection_lost closed ");
    }
    SECTION("not a third time") {
        carry_one_packet();
        w.packet.sent_again = 1;
        send_unaware("");
        CHECK(outcome() == "next_hop_connection_lost closed ");
    }
    SECTION("not once an answer has begun, although its end comes before the whole request has arrived") {
        carry_one_packet();
        send_unaware("HTTP/1.1 200 OK\r\nContent-Le");
        CHECK(outcome() == "next_hop_connection_lost closed ");
    }
    SECTION("not once a part of the body has come") {
        carry_one_packet();
        send_unaware("HTTP/1.1 503 No\r\nContent-Length: 9\r\n\r\nbu");
        CHECK(outcome() == "next_hop_connection_lost closed ");
    }
    SECTION("not after another answer") {
        carry_one_packet();
        w.send_and_wait();
        CHECK(w.events_after("HTTP/1.1 503 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n") == "503:! closed ");
    }
}

TEST_CASE("http connection: it is not used again when its end has come together with an answer") {
    world w;
    carried_packet next;
    w.connect();
    w.send_and_wait();
    CHECK(w.events_after(ok + "abc", true) == "200:abc! closed ");
}

TEST_CASE("http connection: a packet may use another connection only if a broken send left nothing with the peer") {
    world w;
    w.connect_scripted();
    run_until(w.loop, [&] { return w.events == "usable "; });
    w.events.clear();
    w.script->writes = {{stream_state::broken, 0, false}};
    SECTION("nothing has left") {
        w.send();
        run_until(w.loop, [&] { return w.events.contains("closed"); });
        CHECK(w.events == "not sent: request closed ");
    }
    SECTION("part of it may have left") {
        w.script->writes.front().part_may_have_left = true;
        w.send();
        run_until(w.loop, [&] { return w.events.contains("closed"); });
        CHECK(w.events == "next_hop_connection_lost closed ");
    }
}

TEST_CASE("http connection: a connection that cannot be made fails with the reason") {
    world w;
    SECTION("nobody listens") {
        const std::uint16_t closed_port = support::local_port(support::listen_on(0));
        w.connection->connect({"127.0.0.1", closed_port});
        run_until(w.loop, [&] { return w.events.contains("closed"); });
        CHECK(w.events == "connect failed: Connection refused closed ");
    }
    SECTION("the address may not be connected to") {
        const auto listener = support::listen_on(0);
        w.connection->connect({"localhost", support::local_port(listener), [](const auto&) { return false; }});
        run_until(w.loop, [&] { return w.events.contains("closed"); });
        CHECK(w.events == "connect failed: the host has no address to which ilpd may connect closed ");
    }
    SECTION("it is abandoned first") {
        const auto listener = support::listen_on(0);
        w.connection->connect({"127.0.0.1", support::local_port(listener)});
        w.loop.enter();
        w.connection->abandon();
        run_ready(w.loop);
        CHECK(w.events == "closed ");
    }
}

TEST_CASE("http connection: a peer that refuses us once we are connected is reported, unless it has answered before") {
    world w;
    w.connect_scripted();
    run_until(w.loop, [&] { return w.events == "usable "; });
    const auto refuse = [&] {
        w.script->refusal = "we need a certificate";
        w.script->reads = {{stream_state::broken}};
        return w.events_after("x");
    };
    SECTION("with a packet on its way") {
        w.send();
        run_until(w.loop, [&] { return !w.script->written.empty(); });
        CHECK(refuse() == "refused: we need a certificate next_hop_refused_us closed ");
    }
    SECTION("while it is idle") {
        CHECK(refuse() == "refused: we need a certificate busy closed ");
    }
    SECTION("after an answer") {
        w.send();
        run_until(w.loop, [&] { return !w.script->written.empty(); });
        w.script->reads = {{stream_state::done, ok + "abc"}};
        CHECK(w.events_after("x") == "200:abc ");
        w.send();
        run_until(w.loop, [&] { return w.script->written == "requestrequest"; });
        CHECK(refuse() == "next_hop_connection_lost closed ");
    }
}

TEST_CASE("http connection: a connected one is usable only after the handshake") {
    world w;
    w.script = std::make_shared<stream_script>();
    w.script->handshake = {stream_state::wants_reading, stream_state::wants_reading};
    SECTION("which succeeds") {
        w.connect(std::make_unique<scripted_filter>(w.script));
        run_ready(w.loop);
        CHECK(w.events.empty());
        CHECK_FALSE(w.connection->is_usable());
        w.say("x");
        w.script->reads = {{stream_state::wants_reading, "", true}};  // bytes of the stream, none of HTTP
        run_until(w.loop, [&] { return !w.events.empty(); });
        run_ready(w.loop);
        CHECK(w.events == "usable ");
        w.say("y");
        run_ready(w.loop);
        CHECK(w.connection->is_idle());
        w.send();
        run_until(w.loop, [&] { return w.script->written == "request"; });
        w.script->reads = {{stream_state::done, ok + "abc"}};
        CHECK(w.events_after("z") == "200:abc ");
    }
    SECTION("which fails") {
        w.script->handshake.push_back(stream_state::broken);
        w.connect(std::make_unique<scripted_filter>(w.script));
        run_ready(w.loop);
        w.say("x");
        run_until(w.loop, [&] { return w.events.contains("closed"); });
        CHECK(w.events == "connect failed: the connection broke during the handshake closed ");
    }
}

}  // namespace http_connection_test
