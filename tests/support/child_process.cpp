#include "tests/support/child_process.hpp"

#include "tests/support/socket.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <mutex>
#include <random>
#include <set>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace support {

namespace {

using clock = std::chrono::steady_clock;
constexpr auto poll_interval = std::chrono::milliseconds{5};
constexpr std::size_t shown_output_max = 4000;

[[noreturn]] void throw_errno(const std::string& what) {
    throw std::system_error{errno, std::generic_category(), what};
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

std::chrono::milliseconds until(clock::time_point deadline) {
    return std::max(std::chrono::milliseconds{0},
                    std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now()));
}

/// Runs between fork and exec, so nothing here may allocate or lock. Reports errno through `report` and exits.
[[noreturn]] void become(const command& what, char* const* arguments, char* const* environment, int output, int errors,
                         const cpu_set_t* cores, pid_t parent, int report) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    const bool ready = prctl(PR_SET_PDEATHSIG, what.end_signal) == 0 &&
                       (output < 0 || dup2(output, STDOUT_FILENO) >= 0) &&
                       (errors < 0 || dup2(errors, STDERR_FILENO) >= 0) &&
                       (cores == nullptr || sched_setaffinity(0, sizeof *cores, cores) == 0);
    if (getppid() != parent) _exit(127);
    if (ready) execvpe(arguments[0], arguments, environment);
    const int error = errno;
    [[maybe_unused]] const auto written = write(report, &error, sizeof error);
    _exit(127);
}

int open_for_append(const std::filesystem::path& path) {
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0) throw_errno("cannot write " + path.string());
    return fd;
}

std::vector<std::string> complete_environment(const std::vector<std::pair<std::string, std::string>>& added) {
    std::vector<std::string> all;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text{*entry};
        const auto name = text.substr(0, text.find('='));
        if (std::ranges::none_of(added, [&](const auto& pair) { return pair.first == name; })) all.emplace_back(text);
    }
    for (const auto& [name, value] : added) all.push_back(name + "=" + value);
    return all;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> result;
    for (auto& string : strings) result.push_back(string.data());
    result.push_back(nullptr);
    return result;
}

class socket_handle {
public:
    socket_handle() : fd_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
        if (fd_ < 0) throw_errno("socket");
    }
    ~socket_handle() { close(fd_); }
    socket_handle(const socket_handle&) = delete;
    socket_handle& operator=(const socket_handle&) = delete;

    int fd() const { return fd_; }
    bool bind(std::uint16_t port) const {
        const auto address = loopback(port);
        return ::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }
    bool connect(std::uint16_t port) const {
        const auto address = loopback(port);
        return ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }

private:
    int fd_;
};

}  // namespace

child_process::child_process(command what) : command_{std::move(what)} {
    if (command_.arguments.empty()) throw std::invalid_argument{"no program to start"};
    const auto program = command_.arguments.front();
    auto environment = complete_environment(command_.environment);
    const auto argument_pointers = pointers(command_.arguments);
    const auto environment_pointers = pointers(environment);
    cpu_set_t cores;
    CPU_ZERO(&cores);
    if (command_.core) CPU_SET(static_cast<std::size_t>(*command_.core), &cores);

    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) throw_errno("pipe");
    const int output = command_.output.empty() ? -1 : open_for_append(command_.output);
    const int errors = command_.errors.empty() ? output : open_for_append(command_.errors);
    const pid_t parent = getpid();
    pid_ = fork();
    if (pid_ == 0) {
        become(command_, argument_pointers.data(), environment_pointers.data(), output, errors,
               command_.core ? &cores : nullptr, parent, report[1]);
    }
    const int fork_error = errno;
    if (errors >= 0 && errors != output) close(errors);
    if (output >= 0) close(output);
    close(report[1]);
    int exec_error = 0;
    const bool failed = pid_ > 0 && read(report[0], &exec_error, sizeof exec_error) == sizeof exec_error;
    close(report[0]);
    if (pid_ < 0) throw std::system_error{fork_error, std::generic_category(), "fork"};
    if (failed) {
        waitpid(pid_, nullptr, 0);
        throw std::system_error{exec_error, std::generic_category(), "cannot start " + program};
    }
    // glibc's pidfd_open() cannot be used: Debian 12 declares it without C linkage.
    pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
    if (pidfd_ < 0) {
        const int error = errno;
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
        throw std::system_error{error, std::generic_category(), "pidfd_open"};
    }
}

child_process::~child_process() {
    end();
}

child_process::child_process(child_process&& other) noexcept
    : command_{std::move(other.command_)},
      pid_{std::exchange(other.pid_, -1)},
      pidfd_{std::exchange(other.pidfd_, -1)},
      status_{other.status_} {}

child_process& child_process::operator=(child_process&& other) noexcept {
    if (this != &other) {
        end();
        command_ = std::move(other.command_);
        pid_ = std::exchange(other.pid_, -1);
        pidfd_ = std::exchange(other.pidfd_, -1);
        status_ = other.status_;
    }
    return *this;
}

bool child_process::running() {
    return !wait(std::chrono::milliseconds{0});
}

void child_process::signal(int number) {
    if (!status_) kill(pid_, number);
}

std::uint64_t child_process::resident_kilobytes() const {
    std::ifstream status{"/proc/" + std::to_string(pid_) + "/status"};
    for (std::string word; status >> word;) {
        std::uint64_t kilobytes = 0;
        if (word == "VmRSS:" && status >> kilobytes) return kilobytes;
    }
    throw std::runtime_error{"no VmRSS"};
}

std::optional<int> child_process::wait(std::chrono::milliseconds at_most) {
    if (status_) return status_;
    const auto deadline = clock::now() + at_most;
    pollfd ended{pidfd_, POLLIN, 0};
    int count = 0;
    do {
        count = poll(&ended, 1, static_cast<int>(until(deadline).count()));
    } while (count < 0 && errno == EINTR);
    if (count <= 0) return std::nullopt;
    int state = 0;
    waitpid(pid_, &state, 0);
    status_ = WIFSIGNALED(state) ? 128 + WTERMSIG(state) : WEXITSTATUS(state);
    return status_;
}

int child_process::stop(std::chrono::milliseconds at_most) {
    signal(SIGTERM);
    if (const auto status = wait(at_most)) return *status;
    signal(SIGKILL);
    return wait(std::chrono::seconds{10}).value_or(128 + SIGKILL);
}

void child_process::wait_for_output(std::string_view text, std::chrono::milliseconds at_most) {
    wait_for_output(text, [text](std::string_view so_far) { return so_far.contains(text); }, at_most);
}

void child_process::wait_for_output(std::string_view what, const std::function<bool(std::string_view)>& is_enough,
                                    std::chrono::milliseconds at_most) {
    const auto deadline = clock::now() + at_most;
    for (;;) {
        const bool ended = !running();
        const auto so_far = output();
        if (is_enough(so_far)) return;
        if (ended || clock::now() >= deadline) {
            throw std::runtime_error{
                command_.arguments.front() + (ended ? " ended" : " ran on") + " without \"" + std::string{what} +
                "\"; its output: " + so_far.substr(so_far.size() - std::min(so_far.size(), shown_output_max))};
        }
        wait(std::min(poll_interval, until(deadline)));
    }
}

std::string child_process::output() const {
    return read_file(command_.output) + read_file(command_.errors);
}

void child_process::end() noexcept {
    if (pid_ > 0 && !status_) {
        kill(pid_, command_.end_signal);
        if (!wait(std::chrono::seconds{5})) {
            kill(pid_, SIGKILL);
            wait(std::chrono::seconds{5});
        }
    }
    if (pidfd_ >= 0) close(pidfd_);
    pidfd_ = -1;
    pid_ = -1;
}

std::uint16_t free_port() {
    constexpr std::uint16_t lowest = 15000;
    constexpr std::uint16_t highest = 31999;
    static std::mutex mutex;
    const std::lock_guard lock{mutex};
    static std::mt19937 random{std::random_device{}()};
    static std::set<std::uint16_t> given;
    std::uniform_int_distribution<std::uint16_t> any{lowest, highest};
    for (int attempt = 0; attempt < 1000; ++attempt) {
        const auto port = any(random);
        if (!given.contains(port) && socket_handle{}.bind(port)) {
            given.insert(port);
            return port;
        }
    }
    throw std::runtime_error{"no free TCP port found on 127.0.0.1"};
}

bool wait_for_port(std::uint16_t port, std::chrono::milliseconds at_most) {
    const auto deadline = clock::now() + at_most;
    while (!socket_handle{}.connect(port)) {
        if (clock::now() >= deadline) return false;
        std::this_thread::sleep_for(poll_interval);
    }
    return true;
}

std::string http_get(std::uint16_t port, std::string_view target) {
    const socket_handle socket;
    const auto where = "http://127.0.0.1:" + std::to_string(port) + std::string{target};
    const timeval longest_wait{.tv_sec = 10, .tv_usec = 0};
    setsockopt(socket.fd(), SOL_SOCKET, SO_RCVTIMEO, &longest_wait, sizeof longest_wait);
    if (!socket.connect(port)) throw_errno("cannot connect to " + where);
    const auto request = "GET " + std::string{target} + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    if (send(socket.fd(), request.data(), request.size(), MSG_NOSIGNAL) < 0) throw_errno("cannot ask " + where);
    std::string answer;
    char buffer[4096];
    for (;;) {
        const auto count = recv(socket.fd(), buffer, sizeof buffer, 0);
        if (count < 0) throw_errno("no answer from " + where);
        if (count == 0) break;
        answer.append(buffer, static_cast<std::size_t>(count));
    }
    const auto head_end = answer.find("\r\n\r\n");
    if (!answer.starts_with("HTTP/1.1 200") || head_end == std::string::npos) {
        throw std::runtime_error{where + " answered: " + answer.substr(0, answer.find('\r'))};
    }
    return answer.substr(head_end + 4);
}

temporary_directory::temporary_directory(const std::filesystem::path& parent) {
    const auto place = parent.empty() ? std::filesystem::temp_directory_path() : parent;
    std::filesystem::create_directories(place);
    auto pattern = (place / "ilpd-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw_errno("cannot create a directory in " + place.string());
    path_ = pattern;
}

temporary_directory::~temporary_directory() {
    if (kept_) return;
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace support
