#include "connector/loop/tcp_connection.hpp"

#include "tests/unit/connector/loop/scripted_filter.hpp"
#include "tests/unit/connector/loop/test_loop.hpp"

#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <memory>
#include <string>
#include <utility>

namespace tcp_connection_test {

using namespace connector;
using connector::testing::run_ready;
using connector::testing::run_until;
using connector::testing::scripted_filter;
using connector::testing::socket_pair;
using connector::testing::stream_script;

namespace {

/// A connection that records what happens to it, and opens its protected functions to the test.
class recorded final : public tcp_connection {
public:
    using tcp_connection::buffered;
    using tcp_connection::close;
    using tcp_connection::descriptor;
    using tcp_connection::end_sending;
    using tcp_connection::is_closed;
    using tcp_connection::is_established;
    using tcp_connection::is_receiving;
    using tcp_connection::is_send_blocked;
    using tcp_connection::receive;
    using tcp_connection::tcp_connection;

    bool start(socket_pair& pair, std::unique_ptr<stream_filter> filter = {}) {
        return adopt(std::move(pair.near), std::move(filter));
    }
    send_outcome say(std::string_view text) { return send(ilp::as_bytes(text)); }

    using tcp_connection::go_on_shaking_hands;

    bool shakes_hands = true;
    std::string events;  ///< one word per call
    std::string text;    ///< all bytes that were received
    bool keeps_reading = true;

private:
    void established() override {
        events += "established ";
        if (keeps_reading) receive();
    }
    void received() override {
        text += in_.text();
        in_.consume(in_.size());
        events += "received ";
        if (keeps_reading) receive();
    }
    void disconnected(end_of_stream how) override {
        events += how == end_of_stream::orderly ? "end " : "broken ";
        if (how == end_of_stream::broken) close();
    }
    bool may_shake_hands() override { return shakes_hands; }
    void sent_all() override { events += "sent "; }
    void released() override { events += "released "; }
};

/// A connection without a filter.
struct plain {
    plain() { REQUIRE(connection.start(pair)); }

    event_loop loop;
    socket_pair pair{loop};
    recorded connection{loop};
};

/// A connection over a scripted stream.
struct scripted {
    void start() { REQUIRE(connection.start(pair, std::make_unique<scripted_filter>(script))); }

    /// Raises "readable" at the near end; the bytes do not matter.
    void make_readable() {
        pair.say("x");
        run_ready(loop);
    }

    event_loop loop;
    socket_pair pair{loop};
    recorded connection{loop};
    std::shared_ptr<stream_script> script = std::make_shared<stream_script>();
};

}  // namespace

TEST_CASE("tcp connection: a plain one is established at once, and receives what comes") {
    plain p;
    CHECK(p.connection.events == "established ");
    p.pair.say("hello");
    run_until(p.loop, [&] { return p.connection.text == "hello"; });
    CHECK(p.connection.say("answer") == send_outcome::accepted);
    std::string heard;
    run_until(p.loop, [&] { return (heard += p.pair.heard()) == "answer"; });
    CHECK_FALSE(p.connection.is_send_blocked());
}

TEST_CASE("tcp connection: more bytes than the buffer holds arrive without a further event") {
    plain p;
    const std::string much(100'000, 'x');
    p.pair.say(much);
    run_until(p.loop, [&] { return p.connection.text.size() == much.size(); });
}

TEST_CASE("tcp connection: bytes stay in the socket while the connection does not read") {
    plain p;
    p.connection.keeps_reading = false;
    p.pair.say("one");
    run_until(p.loop, [&] { return p.connection.text == "one"; });
    p.pair.say("two");
    run_ready(p.loop);
    CHECK(p.connection.text == "one");
    p.connection.receive();
    run_until(p.loop, [&] { return p.connection.text == "onetwo"; });
}

TEST_CASE("tcp connection: the rest of a short send follows when the socket takes it") {
    plain p;
    const std::string much(20'000'000, 'y');
    CHECK(p.connection.say(much) == send_outcome::accepted);
    CHECK(p.connection.is_send_blocked());
    CHECK(p.connection.say("behind it") == send_outcome::accepted);
    std::string heard;
    run_until(p.loop, [&] {
        heard += p.pair.heard();
        return heard.size() == much.size() + 9;
    });
    CHECK(heard.ends_with("ybehind it"));
    CHECK(p.connection.events == "established sent ");
}

TEST_CASE("tcp connection: the system keeps little for a side that does not read") {
    plain p;
    const std::string piece(33'000, 'z');
    while (p.connection.buffered() < 8'000'000) {
        CHECK(p.connection.say(piece) == send_outcome::accepted);
        run_ready(p.loop);
    }
    int kept_by_system = 0;
    REQUIRE(::ioctl(p.connection.descriptor(), SIOCOUTQ, &kept_by_system) == 0);
    CHECK(kept_by_system > 0);
    CHECK(kept_by_system < 512 * 1024);
    p.connection.close();
}

TEST_CASE("tcp connection: an orderly end leaves the other direction open, a reset does not") {
    plain p;
    SECTION("end") {
        REQUIRE(::shutdown(p.pair.far.get(), SHUT_WR) == 0);
        run_until(p.loop, [&] { return p.connection.events == "established end "; });
        CHECK(p.connection.say("still") == send_outcome::accepted);
        p.connection.end_sending();
        std::string heard;
        CHECK(support::read_some(p.pair.far, heard, support::patience) == support::read_result::data);
        CHECK(support::read_some(p.pair.far, heard, support::patience) == support::read_result::end);
        CHECK(heard == "still");
    }
    SECTION("reset") {
        support::reset(p.pair.far);
        run_until(p.loop, [&] { return p.connection.events == "established broken released "; });
        CHECK(p.connection.say("no") == send_outcome::nothing_has_left);
    }
}

TEST_CASE("tcp connection: a send that breaks in the middle is reported by disconnected(), and the rest is dropped") {
    plain p;
    REQUIRE(p.connection.say(std::string(20'000'000, 'y')) == send_outcome::accepted);
    support::reset(p.pair.far);
    run_until(p.loop, [&] { return p.connection.events == "established broken released "; });
    CHECK(p.connection.say("no") == send_outcome::nothing_has_left);
}

TEST_CASE("tcp connection: nothing is called after close, except that it is released once") {
    plain p;
    p.pair.say("late");
    p.connection.close();
    p.connection.close();
    run_ready(p.loop);
    CHECK(p.connection.events == "established released ");
    CHECK(p.connection.say("no") == send_outcome::nothing_has_left);
}

TEST_CASE("tcp connection: a handshake comes first, and each event continues it") {
    scripted s;
    s.script->handshake = {stream_state::wants_writing, stream_state::wants_reading};
    s.script->reads = {{stream_state::done, "first"}};
    s.start();
    CHECK(s.connection.events.empty());
    CHECK(s.connection.say("too early") == send_outcome::nothing_has_left);
    run_ready(s.loop);  // the socket is writable
    CHECK(s.script->handshakes == 2);
    CHECK_FALSE(s.connection.is_established());
    s.make_readable();
    CHECK(s.connection.events == "established received ");
    CHECK(s.connection.text == "first");
    CHECK(s.script->written.empty());
}

TEST_CASE("tcp connection: a handshake that fails, at once or later, ends the connection") {
    scripted s;
    SECTION("at once") {
        s.script->handshake = {stream_state::broken};
        s.start();
    }
    SECTION("later") {
        s.script->handshake = {stream_state::wants_reading, stream_state::ended};
        s.start();
        s.make_readable();
    }
    CHECK(s.connection.events == "broken released ");
}

TEST_CASE("tcp connection: bytes that the handshake has already taken from the socket are read without an event") {
    scripted s;
    s.script->reads = {{stream_state::done, "early"}};
    s.start();
    run_ready(s.loop);
    CHECK(s.connection.text == "early");
}

TEST_CASE("tcp connection: a short read of a filter does not mean that there is no more") {
    scripted s;
    s.start();
    run_ready(s.loop);
    s.script->reads = {{stream_state::done, "a"}, {stream_state::done, "b"}, {stream_state::done, "c"}};
    s.make_readable();  // a single event
    CHECK(s.connection.text == "abc");
}

TEST_CASE("tcp connection: bytes of the stream that carry none of the connection's are not reported") {
    scripted s;
    s.start();
    run_ready(s.loop);
    s.script->reads = {{stream_state::wants_reading, "", true}};
    s.make_readable();
    CHECK(s.connection.events == "established ");
    CHECK(s.connection.is_receiving());
}

TEST_CASE("tcp connection: a read that wants writing continues when the socket is writable") {
    scripted s;
    s.pair.fill();
    s.script->reads = {{stream_state::wants_writing}, {stream_state::done, "late"}};
    s.start();
    run_ready(s.loop);
    CHECK(s.connection.text.empty());
    run_until(s.loop, [&] {
        static_cast<void>(s.pair.heard());
        return s.connection.text == "late";
    });
}

TEST_CASE("tcp connection: a write that wants reading continues when the socket is readable") {
    scripted s;
    s.connection.keeps_reading = false;
    s.start();
    run_ready(s.loop);
    s.script->writes = {{stream_state::wants_reading, 2}};
    CHECK(s.connection.say("abcdef") == send_outcome::accepted);
    CHECK(s.connection.is_send_blocked());
    CHECK(s.script->written == "ab");
    run_ready(s.loop);
    CHECK(s.script->written == "ab");
    s.make_readable();
    CHECK(s.script->written == "abcdef");
    CHECK(s.connection.events == "established sent ");
}

TEST_CASE("tcp connection: a write that wants reading continues when a read has taken the bytes that it waits for") {
    scripted s;
    s.start();
    run_ready(s.loop);
    s.script->writes = {{stream_state::wants_reading, 0}, {stream_state::wants_reading, 0}};
    s.script->reads = {{stream_state::done, "bytes", true}};
    CHECK(s.connection.say("abc") == send_outcome::accepted);
    s.make_readable();  // the first repetition comes before the read, the second after it
    CHECK(s.connection.text == "bytes");
    CHECK(s.script->written == "abc");
}

TEST_CASE("tcp connection: a filter may take a part at a time") {
    scripted s;
    s.start();
    s.script->writes = {{stream_state::done, 2}, {stream_state::done, 1}};
    CHECK(s.connection.say("abcdef") == send_outcome::accepted);
    CHECK(s.script->written == "abcdef");
}

TEST_CASE("tcp connection: a broken send says whether anything can have left") {
    scripted s;
    s.start();
    SECTION("nothing was taken") {
        s.script->writes = {{stream_state::broken, 0, false}};
        CHECK(s.connection.say("abc") == send_outcome::nothing_has_left);
    }
    SECTION("the filter cannot tell") {
        s.script->writes = {{stream_state::broken, 0, true}};
        CHECK(s.connection.say("abc") == send_outcome::part_may_have_left);
    }
    SECTION("a part was taken before") {
        s.script->writes = {{stream_state::done, 1}, {stream_state::broken, 0, false}};
        CHECK(s.connection.say("abc") == send_outcome::part_may_have_left);
    }
}

TEST_CASE("tcp connection: the stream ends its direction itself, and continues to do so at the next event") {
    scripted s;
    s.start();
    run_ready(s.loop);
    s.script->ends = {stream_state::wants_writing};
    s.connection.end_sending();
    CHECK(s.script->ended == 1);
    s.make_readable();
    CHECK(s.script->ended == 2);
    s.make_readable();
    CHECK(s.script->ended == 2);
    CHECK(s.pair.heard().empty());
    std::string heard;
    CHECK(support::read_some(s.pair.far, heard, std::chrono::milliseconds{0}) == support::read_result::timeout);
}

TEST_CASE("tcp connection: the memory of a filter counts among the buffers, from its handshake to its end") {
    scripted s;
    s.script->handshake = {stream_state::wants_reading, stream_state::done};
    s.script->memory = 1'000'000;
    s.start();
    CHECK(s.connection.buffered() == 1'000'000);
    CHECK(s.loop.memory().used() == 1'000'000);
    s.script->memory = 500;
    s.make_readable();
    REQUIRE(s.connection.is_established());
    const std::size_t receiving = s.connection.buffered() - 500;  // the buffer of the read that it has begun
    CHECK(receiving <= 4096);
    s.script->memory = 60'000;
    CHECK(s.connection.say("answer") == send_outcome::accepted);
    CHECK(s.connection.buffered() == 60'000 + receiving);
    s.script->memory = 0;
    s.script->reads = {{stream_state::done, "text", true}};
    s.make_readable();
    CHECK(s.connection.text == "text");
    CHECK(s.connection.buffered() == receiving);
}

TEST_CASE("tcp connection: a step of a handshake can be put off") {
    scripted s;
    s.connection.shakes_hands = false;
    s.start();
    run_ready(s.loop);
    s.make_readable();
    CHECK(s.script->handshakes == 0);
    s.connection.go_on_shaking_hands();
    CHECK(s.script->handshakes == 1);
    CHECK(s.connection.is_established());
    s.connection.go_on_shaking_hands();
    CHECK(s.script->handshakes == 1);
}

TEST_CASE("tcp connection: closing it tells the other side of a filter that no more bytes follow") {
    scripted s;
    s.start();
    run_ready(s.loop);
    s.connection.close();
    s.connection.close();
    CHECK(s.script->ended == 1);
}

}  // namespace tcp_connection_test
