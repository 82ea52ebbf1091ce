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

/// How a process ended, and what it wrote to standard error.
struct end_of_process {
    int status = 0;
    std::string errors;

    bool is_aborted() const noexcept { return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT; }
    bool is_success() const noexcept { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }
    /// Aborted by ilp::require().
    bool is_broken_invariant(const std::string& sentence) const {
        return is_aborted() && errors.starts_with("ilpd: broken invariant: " + sentence + " (");
    }
};

/// Runs `work` in a copy of this process, which ends with it. For what may abort; no other thread may run.
template <class Work>
end_of_process run_in_a_copy(Work work) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error{"no pipe"};
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error{"no process"};
    if (child == 0) {
        // Neither a report of the test program's, nor a core file.
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
