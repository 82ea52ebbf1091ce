#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Runs real programs for the tests and the bench. Failures are exceptions (std::runtime_error and classes derived from
/// it) that end the test.
namespace support {

/// Whether the memory of a program that we have built is what it uses: a sanitizer's allocator keeps what is freed, and
/// needs memory of its own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool memory_is_ours = false;
#else
inline constexpr bool memory_is_ours = true;
#endif

struct command {
    std::vector<std::string> arguments;  ///< the first is the program, looked up as execvp does
    std::filesystem::path output;        ///< standard output is appended to it; empty: inherited from us
    std::filesystem::path errors;        ///< standard error is appended to it; empty: same as standard output
    std::vector<std::pair<std::string, std::string>> environment;  ///< added to our own
    std::optional<int> core;                                       ///< pins all threads of the program to one core
    /// Sent by the destructor, and by the kernel if we die in any way. A program with children of its own needs SIGTERM
    /// so that it can end them too.
    int end_signal = SIGKILL;
};

/// A running program that cannot outlive us. The kernel ties it to the thread that started it, so start children from a
/// thread that lives as long as they should.
class child_process {
public:
    explicit child_process(command what);
    ~child_process();
    child_process(child_process&& other) noexcept;
    child_process& operator=(child_process&& other) noexcept;

    pid_t pid() const noexcept { return pid_; }
    bool running();
    void signal(int number);
    /// The resident memory at the moment.
    std::uint64_t resident_kilobytes() const;

    /// The exit status, or 128 + N after signal N. Empty if the program is still running after `at_most`.
    std::optional<int> wait(std::chrono::milliseconds at_most);

    /// Sends SIGTERM, then SIGKILL if the program has not ended in time. Returns the exit status.
    int stop(std::chrono::milliseconds at_most = std::chrono::seconds{10});

    /// Waits until the output file contains `text`. Throws, quoting the end of the output, if the program ends first or
    /// time runs out.
    void wait_for_output(std::string_view text, std::chrono::milliseconds at_most = std::chrono::seconds{10});
    /// Waits until `is_enough` is true for the output; `what` is its name in the error message.
    void wait_for_output(std::string_view what, const std::function<bool(std::string_view)>& is_enough,
                         std::chrono::milliseconds at_most);

    /// The contents of the output file and, if there is one, of the errors file.
    std::string output() const;

private:
    void end() noexcept;

    command command_;
    pid_t pid_ = -1;
    int pidfd_ = -1;
    std::optional<int> status_;
};

/// A TCP port of 127.0.0.1 that nobody listens on. It is below the range that the system uses for outgoing connections,
/// and one process never returns the same port twice.
std::uint16_t free_port();

/// Waits until 127.0.0.1:port accepts connections. False if it does not in time.
bool wait_for_port(std::uint16_t port, std::chrono::milliseconds at_most = std::chrono::seconds{10});

/// The body of the response to `GET target` at 127.0.0.1:port. Throws if the status is not 200.
std::string http_get(std::uint16_t port, std::string_view target);

/// A new directory that is removed with this object.
class temporary_directory {
public:
    /// Created inside `parent`, which is created if missing; if `parent` is empty, in the system's temporary directory.
    explicit temporary_directory(const std::filesystem::path& parent = {});
    ~temporary_directory();
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;

    const std::filesystem::path& path() const noexcept { return path_; }
    void keep() noexcept { kept_ = true; }  ///< keeps the directory for a person to inspect

private:
    std::filesystem::path path_;
    bool kept_ = false;
};

}  // namespace support
