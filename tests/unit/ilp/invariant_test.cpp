#include "ilp/invariant.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <sys/resource.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <stdexcept>
#include <string>

namespace invariant_test {

namespace {

struct end_of_process {
    int status = 0;
    std::string errors;  ///< what it wrote to standard error
};

void spend(int balance, int amount) {
    ilp::require(amount <= balance, "nobody spends more than they have");
}
constexpr int line_of_check = __LINE__ - 2;

/// Runs `work` in a process of its own, which ends there.
template <class Work>
end_of_process run(Work work) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error{"no pipe"};
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error{"no process"};
    if (child == 0) {
        // Neither a report of the test's, nor a core file.
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

}  // namespace

TEST_CASE("a broken invariant says in one line what must hold, and where, and ends the program") {
    const end_of_process end = run([] { spend(1, 2); });
    REQUIRE(WIFSIGNALED(end.status));
    CHECK(WTERMSIG(end.status) == SIGABRT);
    const std::string begin = "ilpd: broken invariant: nobody spends more than they have (invariant_test.cpp:" +
                              std::to_string(line_of_check) + ", ";
    CHECK(end.errors.starts_with(begin));
    CHECK(end.errors.find("spend") != std::string::npos);
    CHECK(end.errors.ends_with(")\n"));
    CHECK(end.errors.find('\n') == end.errors.size() - 1);
}

TEST_CASE("an invariant that holds says nothing") {
    const end_of_process end = run([] { spend(2, 2); });
    REQUIRE(WIFEXITED(end.status));
    CHECK(WEXITSTATUS(end.status) == 0);
    CHECK(end.errors.empty());
}

}  // namespace invariant_test
