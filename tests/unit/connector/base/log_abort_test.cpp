#include "connector/base/log.hpp"
#include "ilp/invariant.hpp"
#include "tests/support/end_of_process.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

namespace log_abort_test {

namespace logging = connector::log;

// This case has a file of its own, and so a process of its own in every build: a copy of a process does not have the
// thread that writes the log, and could not write anything if the original had started it.
TEST_CASE("log: the last lines before an abort get out") {
    const auto end = support::run_in_a_copy([] {
        logging::finish_on_abort();
        for (int i = 0; i < 1000; ++i) logging::write(logging::level::info, "one of the last lines");
        ilp::require(false, "nothing is broken");
    });
    CHECK(end.is_aborted());
    CHECK(end.errors.find("one of the last lines\n") != std::string::npos);
    CHECK(end.errors.find("ilpd: broken invariant: nothing is broken (") != std::string::npos);
    CHECK(std::count(end.errors.begin(), end.errors.end(), '\n') == 1001);
}

}  // namespace log_abort_test
