#include "connector/base/log_writer.hpp"

#include "tests/support/daemon.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <string>

namespace log_writer_test {

using connector::log::log_writer;
using namespace std::chrono_literals;

namespace {

/// A pipe that holds one page, and whose reader reads only on request.
class slow_pipe {
public:
    slow_pipe() {
        REQUIRE(::pipe2(ends_.data(), O_CLOEXEC) == 0);
        ::fcntl(ends_[1], F_SETPIPE_SZ, 4096);
        ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    }
    ~slow_pipe() {
        close_reader();
        ::close(ends_[1]);
    }
    slow_pipe(const slow_pipe&) = delete;
    slow_pipe& operator=(const slow_pipe&) = delete;

    int writer() const { return ends_[1]; }
    void close_reader() {
        if (ends_[0] >= 0) ::close(ends_[0]);
        ends_[0] = -1;
    }
    std::string read() const {
        std::array<char, 65536> piece;
        const ssize_t size = ::read(ends_[0], piece.data(), piece.size());
        return {piece.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
    }

private:
    std::array<int, 2> ends_{};
};

log_writer::hooks hooks() {
    return {.line_about_dropped = [](std::uint64_t dropped) { return "dropped " + std::to_string(dropped) + "\n"; }};
}

/// The sum of what the lines about dropped ones tell: there are two if the writer began while lines were being dropped.
std::uint64_t dropped_lines_told(const std::string& text) {
    static const std::string start = "dropped ";
    std::uint64_t sum = 0;
    for (std::size_t at = text.find(start); at != std::string::npos; at = text.find(start, at + 1)) {
        if (text.find('\n', at) == std::string::npos) break;  // the rest of the line has not been read yet
        sum += std::stoull(text.substr(at + start.size()));
    }
    return sum;
}

const std::string line = std::string(999, 'x') + "\n";
constexpr std::uint64_t lines_put = 3000;  // more than the queue and the pipe hold

}  // namespace

TEST_CASE("log writer: lines arrive whole and in their order") {
    const slow_pipe pipe;
    log_writer writer{pipe.writer(), hooks()};
    std::string expected;
    for (int i = 0; i < 1000; ++i) {
        const std::string text = std::to_string(i) + std::string(static_cast<std::size_t>(i % 50), 'y') + "\n";
        expected += text;
        CHECK(writer.put(text));
    }
    std::string read;
    CHECK(support::eventually([&] { return (read += pipe.read()).size() >= expected.size(); }));
    CHECK(read == expected);
    CHECK(writer.flush(60s));
    CHECK(writer.dropped() == 0);
}

TEST_CASE("log writer: a stalled reader delays no caller, and lines that do not fit are dropped and counted") {
    const slow_pipe pipe;
    log_writer writer{pipe.writer(), hooks()};
    std::uint64_t taken = 0;
    for (std::uint64_t i = 0; i < lines_put; ++i) taken += writer.put(line) ? 1U : 0U;
    CHECK(taken >= log_writer::queue_size_max / line.size());
    CHECK(taken < lines_put);
    CHECK(writer.dropped() == lines_put - taken);
    CHECK_FALSE(writer.flush(1ms));

    std::string read;
    CHECK(support::eventually([&] { return dropped_lines_told(read += pipe.read()) == lines_put - taken; }));
    CHECK(read.size() > taken * line.size());
    CHECK(writer.flush(60s));
}

TEST_CASE("log writer: it ends even if its reader has stalled") {
    const slow_pipe pipe;
    auto writer = std::make_unique<log_writer>(pipe.writer(), hooks());
    for (int i = 0; i < 100; ++i) writer->put(line);
    writer.reset();
}

TEST_CASE("log writer: lines for a reader that has gone are dropped") {
    slow_pipe pipe;
    const auto before = std::signal(SIGPIPE, SIG_IGN);
    log_writer writer{pipe.writer(), hooks()};
    pipe.close_reader();
    writer.put(line);
    CHECK(writer.flush(60s));
    CHECK(writer.dropped() >= 1);
    std::signal(SIGPIPE, before);
}

}  // namespace log_writer_test
