#include "connector/loop/socket_set.hpp"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <sys/socket.h>

#include <array>
#include <string>
#include <string_view>

namespace socket_set_test {

using connector::socket_set;

namespace {

/// Two connected sockets, the first of which is in the set.
class watched_pair final : public socket_set::member {
public:
    explicit watched_pair(socket_set& set) {
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends_.data()) == 0);
        REQUIRE(set.add(ends_[0], *this));
    }
    ~watched_pair() {
        ::close(ends_[0]);
        if (ends_[1] >= 0) ::close(ends_[1]);
    }
    watched_pair(const watched_pair&) = delete;
    watched_pair& operator=(const watched_pair&) = delete;

    void write(std::string_view text) const {
        REQUIRE(::write(ends_[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    }
    void end() {
        ::close(ends_[1]);
        ends_[1] = -1;
    }

    std::string seen;  ///< one letter per notification

private:
    void ready(bool readable, bool writable, bool ended) override {
        seen += readable ? "r" : "";
        seen += writable ? "w" : "";
        seen += ended ? "e" : "";
        seen += ";";
    }

    std::array<int, 2> ends_{-1, -1};
};

struct set_of_a_loop {
    boost::asio::io_context context{1};
    int turns = 0;
    socket_set set{context, [this] { ++turns; }};

    /// Runs until nothing is ready any more.
    void run() {
        while (context.poll_one() != 0) {
        }
        context.restart();
    }
};

}  // namespace

TEST_CASE("socket set: readiness is reported once, and again when more arrives") {
    set_of_a_loop loop;
    watched_pair pair{loop.set};
    loop.run();
    CHECK(pair.seen == "w;");

    pair.write("a");
    loop.run();
    CHECK(pair.seen == "w;rw;");
    loop.run();
    CHECK(pair.seen == "w;rw;");

    pair.write("b");
    loop.run();
    CHECK(pair.seen == "w;rw;rw;");
}

TEST_CASE("socket set: the end of the other side is reported") {
    set_of_a_loop loop;
    watched_pair pair{loop.set};
    loop.run();
    pair.seen.clear();
    pair.end();
    loop.run();
    CHECK(pair.seen.find('e') != std::string::npos);
    CHECK(pair.seen.find('r') != std::string::npos);
}

TEST_CASE("socket set: sockets that are ready together are reported in one turn") {
    set_of_a_loop loop;
    watched_pair one{loop.set};
    watched_pair other{loop.set};
    loop.run();
    const int turns = loop.turns;
    one.write("a");
    other.write("b");
    loop.run();
    CHECK(loop.turns == turns + 1);
    CHECK(one.seen == "w;rw;");
    CHECK(other.seen == "w;rw;");
}

}  // namespace socket_set_test
