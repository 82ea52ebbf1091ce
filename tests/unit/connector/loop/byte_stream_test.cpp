#include "connector/loop/byte_stream.hpp"

#include "tests/unit/connector/loop/scripted_filter.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <sys/socket.h>

#include <array>
#include <string>
#include <string_view>

namespace byte_stream_test {

using namespace connector;
using connector::testing::scripted_filter;
using connector::testing::stream_script;

namespace {

/// A stream without a filter, and the other end of its socket.
struct plain_pair {
    plain_pair() {
        std::array<int, 2> ends{};
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
        stream = byte_stream{ends[0]};
        far = ends[1];
    }
    ~plain_pair() { close_far(); }
    plain_pair(const plain_pair&) = delete;
    plain_pair& operator=(const plain_pair&) = delete;

    void close_far() {
        if (far >= 0) ::close(std::exchange(far, -1));
    }
    void say(std::string_view text) const {
        REQUIRE(::write(far, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    }

    byte_stream stream;
    int far = -1;
    std::array<char, 8> buffer{};
};

}  // namespace

TEST_CASE("byte stream: a short read of a plain socket shows that it is drained, a full one does not") {
    plain_pair pair;
    pair.say("0123456789");
    auto result = pair.stream.read(pair.buffer);
    CHECK(result.state == stream_state::done);
    CHECK(result.count == 8);
    CHECK_FALSE(result.drained);
    result = pair.stream.read(pair.buffer);
    CHECK(result.count == 2);
    CHECK(result.drained);
    result = pair.stream.read(pair.buffer);
    CHECK(result.state == stream_state::wants_reading);
    CHECK(result.count == 0);
}

TEST_CASE("byte stream: a plain socket ends in an orderly way, or breaks") {
    plain_pair pair;
    CHECK_FALSE(pair.stream.needs_handshake());
    pair.close_far();
    CHECK(pair.stream.read(pair.buffer).state == stream_state::ended);
    const auto result = pair.stream.write(ilp::as_bytes("a"));
    CHECK(result.state == stream_state::broken);
    CHECK_FALSE(result.part_may_have_left);
    pair.stream.close();
    CHECK_FALSE(pair.stream.is_open());
    CHECK(pair.stream.read(pair.buffer).state == stream_state::broken);
}

TEST_CASE("byte stream: a plain socket takes what fits, and then wants writing") {
    plain_pair pair;
    const std::string much(1 << 22, 'x');
    auto result = pair.stream.write(ilp::as_bytes(much));
    CHECK(result.state == stream_state::wants_writing);
    CHECK(result.count > 0);
    CHECK(result.count < much.size());
    result = pair.stream.write(ilp::as_bytes(much));
    CHECK(result.state == stream_state::wants_writing);
    CHECK(result.count == 0);
}

TEST_CASE("byte stream: the end of a plain socket's direction leaves the other one open") {
    plain_pair pair;
    CHECK(pair.stream.end_sending().state == stream_state::done);
    char octet = 0;
    CHECK(::read(pair.far, &octet, 1) == 0);
    pair.say("a");
    CHECK(pair.stream.read(pair.buffer).count == 1);
}

TEST_CASE("byte stream: every call goes through the filter") {
    const auto script = std::make_shared<stream_script>();
    script->handshake = {stream_state::wants_writing};
    script->reads = {{stream_state::done, "decoded"}};
    script->writes = {{stream_state::wants_reading, 2}};
    script->ends = {stream_state::wants_writing};
    byte_stream stream{-1, std::make_unique<scripted_filter>(script)};
    std::array<char, 16> buffer{};
    CHECK(stream.needs_handshake());
    CHECK(stream.handshake().state == stream_state::wants_writing);
    CHECK(stream.read(buffer).count == 7);
    CHECK(stream.write(ilp::as_bytes("abc")).count == 2);
    CHECK(script->written == "ab");
    CHECK(stream.end_sending().state == stream_state::wants_writing);
}

}  // namespace byte_stream_test
