#include "tests/bench/inspection.hpp"

#include <catch2/catch.hpp>

namespace inspection_test {

TEST_CASE("the counts of system calls are read from perf's report, by name") {
    const auto* const report =
        "# started on Wed Nov 25 21:55:58 2026\n"
        "\n"
        "120,,raw_syscalls:sys_enter,66093180,100.00,,\n"
        "0,,syscalls:sys_enter_socket,66093180,100.00,,\n"
        "104,,syscalls:sys_enter_sendto,65902577,100.00,,\n"
        "<not counted>,,syscalls:sys_enter_futex,0,100.00,,\n"
        "3,,syscalls:sys_enter_epoll_wait,65611805,100.00,,";
    CHECK(bench::read_system_calls(report) ==
          std::map<std::string, double>{{"sendto", 104}, {"epoll_wait", 3}, {"others", 13}});
    CHECK(bench::read_system_calls("").empty());
}

}  // namespace inspection_test
