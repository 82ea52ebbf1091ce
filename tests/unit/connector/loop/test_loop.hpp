#pragma once

#include "connector/loop/event_loop.hpp"
#include "tests/support/socket.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch.hpp>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <utility>

/// Helpers of the tests that run an event loop on the test's own thread.
namespace connector::testing {

/// Runs the loop until `done()` is true.
template <typename Done>
void run_until(event_loop& loop, const Done& done) {
    const auto end = std::chrono::steady_clock::now() + support::patience;
    while (!done()) {
        REQUIRE(std::chrono::steady_clock::now() < end);
        loop.context().run_one_for(std::chrono::milliseconds{10});
    }
}

/// Runs everything that is ready now and what follows from it.
inline void run_ready(event_loop& loop) {
    while (loop.context().poll() != 0) {
    }
}

/// A TCP connection on the loopback. The near end belongs to the code under test, the far end to the test.
struct socket_pair {
    explicit socket_pair(event_loop& loop) : near{loop.context()} {
        const support::descriptor listener = support::listen_on(0);
        far = support::connect_to(support::local_port(listener));
        const int accepted = ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC);
        REQUIRE(accepted >= 0);
        near.assign(boost::asio::ip::tcp::v4(), accepted);
    }

    void say(std::string_view text) const { REQUIRE(support::send_all(far, text)); }

    /// Sends from the near end until its socket accepts no more. Call it before the near end is given away.
    void fill() {
        const std::string much(1 << 20, 'f');
        while (::send(near.native_handle(), much.data(), much.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
        }
    }

    /// What has arrived at the far end.
    std::string heard() const {
        std::string text;
        char octets[4096];
        for (;;) {
            const auto count = ::recv(far.get(), octets, sizeof octets, MSG_DONTWAIT);
            if (count <= 0) return text;
            text.append(octets, static_cast<std::size_t>(count));
        }
    }

    boost::asio::ip::tcp::socket near;
    support::descriptor far;
};

}  // namespace connector::testing
