#include "connector/loop/event_loop.hpp"

#include "tests/unit/connector/loop/test_loop.hpp"

#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace event_loop_test {

using namespace connector;
using connector::testing::run_ready;
using connector::testing::run_until;

namespace {

/// Records its name when it is flushed, and then does what the test asks for.
struct noted final : flushable {
    noted(std::string& to, char letter) : notes{to}, name{letter} {}
    void flush() override {
        notes += name;
        if (then) std::exchange(then, nullptr)();
    }

    std::string& notes;
    char name;
    std::function<void()> then;
};

struct noted_end final : disposable {
    explicit noted_end(std::string& to) : notes{to} {}
    ~noted_end() override { notes += '~'; }
    noted_end(const noted_end&) = delete;
    noted_end& operator=(const noted_end&) = delete;

    std::string& notes;
};

}  // namespace

TEST_CASE("event loop: the handlers of a turn run before its end, with one clock") {
    event_loop loop;
    std::string notes;
    loop.at_turn_end([&] { notes += '|'; });
    std::vector<ilp::steady_time> times;
    for (int i = 0; i < 3; ++i) {
        boost::asio::post(loop.context(), [&] {
            loop.enter();
            notes += 'h';
            times.push_back(loop.now().steady);
        });
    }
    run_ready(loop);
    CHECK(notes == "hhh|");
    CHECK(times[0] == times[1]);
    CHECK(times[0] == times[2]);
    boost::asio::post(loop.context(), [&] { loop.enter(); });
    run_ready(loop);
    CHECK(notes == "hhh||");
}

TEST_CASE("event loop: each object is flushed once a turn, answers before Prepares, and disposed of after that") {
    event_loop loop;
    std::string notes;
    noted answer{notes, 'a'};
    noted prepare{notes, 'p'};
    loop.at_turn_end([&] { notes += '|'; });
    boost::asio::post(loop.context(), [&] {
        loop.enter();
        loop.dispose(std::make_unique<noted_end>(notes));
        loop.flush_prepares_of(prepare);
        loop.flush_prepares_of(prepare);
        loop.flush_answers_of(answer);
        loop.flush_answers_of(answer);
    });
    run_ready(loop);
    CHECK(notes == "|ap~");
}

TEST_CASE("event loop: what a flush queues is flushed in the same turn") {
    event_loop loop;
    std::string notes;
    noted first{notes, 'p'};
    noted second{notes, 'q'};
    noted answer{notes, 'a'};
    first.then = [&] {
        loop.flush_prepares_of(second);
        loop.flush_answers_of(answer);
    };
    answer.then = [&] { loop.flush_prepares_of(first); };
    boost::asio::post(loop.context(), [&] {
        loop.enter();
        loop.flush_prepares_of(first);
    });
    run_ready(loop);
    CHECK(notes == "pqap");
}

TEST_CASE("event loop: deadlines fire in their order") {
    event_loop loop;
    struct waiting : deadline {
        waiting(std::string& to, char letter)
            : deadline{[](deadline& self) {
                  auto& due = static_cast<waiting&>(self);
                  due.notes += due.name;
              }},
              notes{to},
              name{letter} {}
        std::string& notes;
        char name;
    };
    std::string notes;
    waiting late{notes, 'l'};
    waiting soon{notes, 's'};
    waiting never{notes, 'n'};
    boost::asio::post(loop.context(), [&] {
        loop.enter();
        loop.set(late, loop.now().steady + std::chrono::milliseconds{40});
        loop.set(soon, loop.now().steady + std::chrono::milliseconds{1});
        loop.set(never, loop.now().steady + std::chrono::milliseconds{2});
        never.cancel();
    });
    run_until(loop, [&] { return notes.size() == 2; });
    CHECK(notes == "sl");
}

}  // namespace event_loop_test
