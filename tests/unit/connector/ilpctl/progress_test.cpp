#include "connector/ilpctl/progress.hpp"

#include <catch2/catch.hpp>

#include <limits>
#include <sstream>

namespace progress_test {

using namespace connector::ilpctl;

TEST_CASE("ilpctl progress: a bar is as long as what is done") {
    constexpr auto max = std::numeric_limits<std::uint64_t>::max();
    CHECK(bar({0, 0}) == "[--------------------]");
    CHECK(bar({0, 100}) == "[--------------------]");
    CHECK(bar({4, 100}) == "[--------------------]");
    CHECK(bar({5, 100}) == "[#-------------------]");
    CHECK(bar({99, 100}) == "[###################-]");
    CHECK(bar({100, 100}) == "[####################]");
    CHECK(bar({101, 100}) == "[####################]");
    CHECK(bar({max - 1, max}) == "[###################-]");
    CHECK(bar({max, max}) == "[####################]");
}

TEST_CASE("ilpctl progress: a terminal has one line, which is written again when something has changed") {
    auto out = std::ostringstream{};
    {
        auto shown = progress{out, true};
        shown.show({0, 0}, "asks\x1b[2J");
        shown.show({1, 2}, "sends");
        shown.show({1, 2}, "sends");
        CHECK_FALSE(out.str().contains('\n'));
    }
    CHECK(out.str() == "\r\x1b[K[--------------------] asks\\x1b[2J\r\x1b[K[##########----------] sends\n");
}

TEST_CASE("ilpctl progress: elsewhere there is a line for each change, without a bar") {
    auto out = std::ostringstream{};
    {
        auto shown = progress{out, false};
        shown.show({0, 0}, "asks");
        shown.show({1, 4}, "sends");
        shown.show({2, 4}, "sends");
    }
    CHECK(out.str() == "asks\nsends\n");
}

TEST_CASE("ilpctl progress: nothing is written about what was never shown") {
    auto out = std::ostringstream{};
    {
        const auto shown = progress{out, true};
    }
    CHECK(out.str().empty());
}

}  // namespace progress_test
