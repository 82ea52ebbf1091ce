#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What tests and the bench need to run real programs. Failures are exceptions (std::runtime_error and its children):
/// here they end the test.
namespace support {

struct command {
    std::vector<std::string> arguments;  ///< the first is the program, found as execvp finds it
    std::filesystem::path output;        ///< takes standard output, appended; empty: ours is shared
    std::filesystem::path errors;        ///< takes standard error, appended; empty: goes where standard output goes
    std::vector<std::pair<std::string, std::string>> environment;  ///< on top of ours
    std::optional<int> core;                                       ///< pins all its threads to one core
    /// Sent by the destructor, and by the kernel when we die in any way. A program with children of its own wants
    /// SIGTERM here, so that it takes them along.
    int end_signal = SIGKILL;
};

/// A running program that cannot outlive us. The kernel binds it to the thread that started it: start children from a
/// thread that lives as long as they shall.
class child_process {
public:
    explicit child_process(command what);
    ~child_process();
    child_process(child_process&& other) noexcept;
    child_process& operator=(child_process&& other) noexcept;

    pid_t pid() const noexcept { return pid_; }
    bool running();
    void signal(int number);
    /// The memory that it has in use now.
    std::uint64_t resident_kilobytes() const;

    /// The exit status, 128 + N after signal N; empty when it still runs at the end of the time.
    std::optional<int> wait(std::chrono::milliseconds at_most);

    /// SIGTERM, and SIGKILL when that did not help in time. Returns the exit status.
    int stop(std::chrono::milliseconds at_most = std::chrono::seconds{10});

    /// Waits until `text` stands in the output file. Throws, with the end of the output, when the program ends first or
    /// the time is over.
    void wait_for_output(std::string_view text, std::chrono::milliseconds at_most = std::chrono::seconds{10});

    /// The whole output file, and the errors file when there is one.
    std::string output() const;

private:
    void end() noexcept;

    command command_;
    pid_t pid_ = -1;
    int pidfd_ = -1;
    std::optional<int> status_;
};

/// A TCP port of 127.0.0.1 that nobody listens on. It lies below the range from which the system takes ports for
/// outgoing connections, and is never given out twice by one process.
std::uint16_t free_port();

/// Waits until 127.0.0.1:port accepts connections; false when it does not in time.
bool wait_for_port(std::uint16_t port, std::chrono::milliseconds at_most = std::chrono::seconds{10});

/// The body of the answer to `GET target` at 127.0.0.1:port. Throws when the status is not 200.
std::string http_get(std::uint16_t port, std::string_view target);

/// A new directory that goes away with this object.
class temporary_directory {
public:
    /// Inside `parent`, which is created when absent; empty: the system's place for temporary files.
    explicit temporary_directory(const std::filesystem::path& parent = {});
    ~temporary_directory();
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;

    const std::filesystem::path& path() const noexcept { return path_; }
    void keep() noexcept { kept_ = true; }  ///< it stays, for a person to look at

private:
    std::filesystem::path path_;
    bool kept_ = false;
};

}  // namespace support
