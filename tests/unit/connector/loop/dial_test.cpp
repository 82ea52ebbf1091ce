#include "connector/loop/dial.hpp"

#include "tests/support/socket.hpp"

#include <poll.h>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <sys/socket.h>

#include <optional>
#include <string>
#include <vector>

namespace dial_test {

using namespace connector;
using namespace std::chrono_literals;
using boost::asio::ip::tcp;

namespace {

tcp::endpoint loopback(std::uint16_t port) {
    return {boost::asio::ip::address_v4::loopback(), port};
}

/// A loopback address whose system answers no connection attempt, as if the host were dead: the queue of its listener
/// is full.
class dead_address {
public:
    dead_address() {
        REQUIRE(::listen(listener_.get(), 0) == 0);
        // Non-blocking, so that the one that finds the queue full does not wait.
        const sockaddr_in address = support::loopback(port());
        for (int i = 0; i < 3; ++i) {
            queued_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
            REQUIRE(queued_.back().is_open());
            ::connect(queued_.back().get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
        }
    }
    std::uint16_t port() const { return support::local_port(listener_); }

private:
    support::descriptor listener_ = support::listen_on(0);
    std::vector<support::descriptor> queued_;
};

/// Runs until the dial has called back, and returns "connected to PORT" or the failure.
struct caller {
    dial::handler record() {
        return [this](std::expected<tcp::socket, dial_failure> outcome) {
            ++calls;
            if (outcome) {
                text = "connected to " + std::to_string(outcome->remote_endpoint().port());
            } else {
                text = (outcome.error().not_allowed ? "not allowed: " : "") + outcome.error().why;
            }
        };
    }
    std::string run() {
        CHECK(calls == 0);  // never from within the constructor
        context.run();
        CHECK(calls == 1);
        return text;
    }

    boost::asio::io_context context{1};
    std::string text;
    int calls = 0;
};

std::string dialled(dial_target target) {
    caller c;
    const dial made{c.context, std::move(target), c.record()};
    return c.run();
}

std::string dialled(std::vector<tcp::endpoint> addresses, std::chrono::milliseconds limit = 0ms) {
    caller c;
    const dial made{c.context, std::move(addresses), limit, c.record()};
    return c.run();
}

std::string connected_to(std::uint16_t port) {
    return "connected to " + std::to_string(port);
}

}  // namespace

TEST_CASE("dial: a literal address and a name") {
    const auto listener = support::listen_on(0);
    const auto port = support::local_port(listener);
    CHECK(dialled(dial_target{"127.0.0.1", port}) == connected_to(port));
    CHECK(dialled(dial_target{"localhost", port}) == connected_to(port));
    CHECK_FALSE(dialled(dial_target{"no-such-host.invalid", port}).starts_with("connected"));
}

TEST_CASE("dial: an address that may not be connected to is not tried") {
    const auto listener = support::listen_on(0);
    for (const char* const host : {"127.0.0.1", "localhost"}) {
        const auto outcome =
            dialled(dial_target{host, support::local_port(listener), [](const auto& to) { return !to.is_loopback(); }});
        CHECK(outcome == "not allowed: the host has no address to which ilpd may connect");
        pollfd waiting{listener.get(), POLLIN, 0};
        CHECK(::poll(&waiting, 1, 0) == 0);
    }
}

TEST_CASE("dial: an address that refuses is followed by the next one, and the last failure is reported") {
    const auto listener = support::listen_on(0);
    const auto port = support::local_port(listener);
    const auto closed_port = support::local_port(support::listen_on(0));
    CHECK(dialled({loopback(closed_port), loopback(closed_port), loopback(port)}) == connected_to(port));
    CHECK(dialled({loopback(closed_port), loopback(closed_port)}) == "Connection refused");
    CHECK(dialled(std::vector<tcp::endpoint>{}) == "not allowed: the host has no address to which ilpd may connect");
}

TEST_CASE("dial: an address that does not answer does not keep the next one from being tried") {
    const dead_address dead;
    const auto listener = support::listen_on(0);
    const auto port = support::local_port(listener);
    CHECK(dialled({loopback(dead.port()), loopback(port)}) == connected_to(port));
    CHECK(dialled({loopback(dead.port()), loopback(dead.port()), loopback(port)}) == connected_to(port));
    const auto closed_port = support::local_port(support::listen_on(0));
    CHECK(dialled({loopback(dead.port()), loopback(closed_port), loopback(port)}) == connected_to(port));
}

TEST_CASE("dial: the time limit ends it") {
    const dead_address dead;
    CHECK(dialled({loopback(dead.port())}, 20ms) == "connecting took too long");
    const auto closed_port = support::local_port(support::listen_on(0));
    CHECK(dialled({loopback(dead.port()), loopback(closed_port)}, 600ms) == "connecting took too long");
    CHECK(dialled(dial_target{"127.0.0.1", dead.port(), {}, 20ms}) == "connecting took too long");
}

TEST_CASE("dial: its handler is not called after it has been destroyed") {
    const dead_address dead;
    const auto listener = support::listen_on(0);
    caller c;
    {
        const dial one{c.context, {loopback(dead.port())}, 10ms, c.record()};
        const dial two{c.context, dial_target{"localhost", support::local_port(listener)}, c.record()};
        dial three{c.context, dial_target{"127.0.0.1", support::local_port(listener)}, c.record()};
        three = dial{};
    }
    c.context.run();
    CHECK(c.calls == 0);
}

TEST_CASE("dial: its handler may destroy it") {
    const auto listener = support::listen_on(0);
    boost::asio::io_context context{1};
    std::optional<dial> made;
    int calls = 0;
    made.emplace(context, dial_target{"127.0.0.1", support::local_port(listener)}, [&](const auto& outcome) {
        CHECK(outcome.has_value());
        made.reset();
        ++calls;
    });
    context.run();
    CHECK(calls == 1);
}

}  // namespace dial_test
