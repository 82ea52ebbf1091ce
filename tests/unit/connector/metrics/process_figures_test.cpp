#include "connector/metrics/process_figures.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

namespace process_figures_test {

TEST_CASE("process figures: this process has memory, descriptors and time of its own") {
    const auto before = connector::read_process_figures();
    REQUIRE(before.cpu_seconds);
    CHECK(*before.cpu_seconds > 0);
    REQUIRE(before.resident_bytes);
    REQUIRE(before.virtual_bytes);
    CHECK(*before.resident_bytes > 100'000);
    CHECK(*before.virtual_bytes > *before.resident_bytes);
    REQUIRE(before.open_descriptors);
    REQUIRE(before.max_descriptors);
    CHECK(*before.max_descriptors >= *before.open_descriptors);

    int ends[2] = {};
    REQUIRE(::pipe(ends) == 0);
    CHECK(connector::read_process_figures().open_descriptors == *before.open_descriptors + 2);
    ::close(ends[0]);
    ::close(ends[1]);
    CHECK(connector::read_process_figures().open_descriptors == before.open_descriptors);
}

}  // namespace process_figures_test
