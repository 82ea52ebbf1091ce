#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <sys/resource.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <stdexcept>
#include <string>

namespace support {

/// The way a process ended, and what it wrote to standard error.
struct end_of_process {
    int status = 0;
    std::string errors;

    bool is_aborted() const noexcept { return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT; }
    bool is_success() const noexcept { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }
    /// True if ilp::require() aborted the process.
    bool is_broken_invariant(const std::string& sentence) const {
        return is_aborted() && errors.starts_with("ilpd: broken invariant: " + sentence + " (");
    }
};

/// Runs `work`, which may abort, in a fork of this process that exits afterwards. No other thread may be running.
template <class Work>
end_of_process run_in_a_copy(Work work) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error{"no pipe"};
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error{"no process"};
    if (child == 0) {
        // Prevents both a report by the test framework and a core file.
        const rlimit no_core{};
        ::setrlimit(RLIMIT_CORE, &no_core);
        std::signal(SIGABRT, SIG_DFL);
        ::dup2(ends[1], STDERR_FILENO);
        work();
        ::_exit(0);
    }
    ::close(ends[1]);
    end_of_process end;
    std::array<char, 256> read;
    for (ssize_t size; (size = ::read(ends[0], read.data(), read.size())) > 0;) {
        end.errors.append(read.data(), static_cast<std::size_t>(size));
    }
    ::close(ends[0]);
    if (::waitpid(child, &end.status, 0) != child) throw std::runtime_error{"the process was lost"};
    return end;
}

}  // namespace support
