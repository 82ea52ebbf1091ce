#include "connector/base/log_writer.hpp"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <utility>

namespace connector::log {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds step{100};  // how soon a writer with a stalled reader notices that it must end
constexpr std::size_t kept_capacity = 64 * 1024;

std::uint64_t lines_in(std::string_view lines) noexcept {
    return static_cast<std::uint64_t>(std::ranges::count(lines, '\n'));
}

/// A part that a writable pipe takes whole, so that writing it does not block; it ends with a line where possible.
std::string_view next_part(std::string_view lines) noexcept {
    const std::string_view part = lines.substr(0, PIPE_BUF);
    if (part.size() == lines.size()) return part;
    const std::size_t end = part.rfind('\n');
    return end == std::string_view::npos ? part : part.substr(0, end + 1);
}

/// Signals are for other threads.
class no_signals {
public:
    no_signals() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~no_signals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    no_signals(const no_signals&) = delete;
    no_signals& operator=(const no_signals&) = delete;

private:
    sigset_t before_{};
};

}  // namespace

log_writer::log_writer(int descriptor, hooks hooks) : descriptor_{descriptor}, hooks_{std::move(hooks)} {
    const no_signals inherited;
    thread_ = std::thread{[this] { run(); }};
}

log_writer::~log_writer() {
    {
        const std::lock_guard lock{mutex_};
        ended_ = true;
    }
    wake_up_.notify_all();
    thread_.join();
}

bool log_writer::put(std::string_view line) {
    {
        const std::lock_guard lock{mutex_};
        if (pending_ + line.size() > queue_size_max) {
            ++unreported_;
            ++dropped_;
            return false;
        }
        pending_ += line.size();
        queued_ += line;
    }
    wake_up_.notify_one();
    return true;
}

bool log_writer::flush(milliseconds time) {
    std::unique_lock lock{mutex_};
    return written_.wait_for(lock, time, [this] { return pending_ == 0; });
}

void log_writer::await_in_signal_handler(milliseconds time) const noexcept {
    for (milliseconds waited{0}; waited < time && pending_ != 0; ++waited) {
        constexpr timespec millisecond{.tv_sec = 0, .tv_nsec = 1'000'000};
        nanosleep(&millisecond, nullptr);
    }
}

void log_writer::run() {
    auto next_second = std::chrono::steady_clock::now() + std::chrono::seconds{1};
    std::string lines;
    std::unique_lock lock{mutex_};
    while (!ended_) {
        wake_up_.wait_until(lock, next_second, [this] { return ended_ || !queued_.empty(); });
        lines.clear();
        if (lines.capacity() > kept_capacity) lines.shrink_to_fit();
        lines.swap(queued_);
        std::uint64_t dropped = std::exchange(unreported_, 0);
        lock.unlock();
        write(lines);
        if (dropped != 0 && put(hooks_.line_about_dropped(dropped))) dropped = 0;
        if (const auto now = std::chrono::steady_clock::now(); now >= next_second) {
            next_second = now + std::chrono::seconds{1};
            if (hooks_.every_second) hooks_.every_second();
        }
        lock.lock();
        unreported_ += dropped;
        if (pending_ == 0) written_.notify_all();
    }
}

void log_writer::write(std::string_view lines) {
    while (!lines.empty()) {
        pollfd writable{descriptor_, POLLOUT, 0};
        const int ready = ::poll(&writable, 1, static_cast<int>(step.count()));
        if (ended_) return;
        if (ready <= 0) continue;
        const std::string_view part = next_part(lines);
        const ssize_t count = ::write(descriptor_, part.data(), part.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) {  // another process that shares the pipe has filled it meanwhile
            std::this_thread::sleep_for(milliseconds{1});
            continue;
        }
        if (count < 0) return drop(lines);  // the reader has gone, or the disk is full
        lines.remove_prefix(static_cast<std::size_t>(count));
        pending_ -= static_cast<std::size_t>(count);
    }
}

void log_writer::drop(std::string_view lines) noexcept {
    dropped_ += lines_in(lines);
    pending_ -= lines.size();
}

}  // namespace connector::log
