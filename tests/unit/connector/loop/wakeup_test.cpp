#include "connector/loop/wakeup.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

namespace wakeup_test {

using connector::socket_set;
using connector::wakeup;

TEST_CASE("wakeup: the loop sees one that another thread raises") {
    boost::asio::io_context context{1};
    socket_set sockets{context, [] {}};
    std::atomic<int> written = 0;
    int seen = 0;
    wakeup raised{sockets, [&] {
                      seen = written;
                      context.stop();
                  }};
    std::thread other{[&] {
        written = 7;
        raised.raise();
    }};
    context.run();
    other.join();
    CHECK(seen == 7);
}

TEST_CASE("wakeup: several before the loop looks are one, and a later one is seen again") {
    boost::asio::io_context context{1};
    socket_set sockets{context, [] {}};
    int seen = 0;
    wakeup raised{sockets, [&] { ++seen; }};
    const auto run = [&context] {
        while (context.poll_one() != 0) {
        }
        context.restart();
    };
    run();
    CHECK(seen == 0);
    for (int i = 0; i < 3; ++i) raised.raise();
    run();
    CHECK(seen == 1);
    raised.raise();
    run();
    CHECK(seen == 2);
}

}  // namespace wakeup_test
