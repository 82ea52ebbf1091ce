#include "connector/payments/path_memory.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>

namespace path_memory_test {

using namespace std::chrono_literals;
using connector::path_memory;

TEST_CASE("path memory: payments in the same asset to the same node begin with its times") {
    path_memory memory;
    ilp::known_path path;
    path.times.measured(80ms);
    memory.keep(1, "test.bob.first", path);
    CHECK(memory.find(1, "test.bob.second").times.smoothed() == 80ms);
    CHECK_FALSE(memory.find(2, "test.bob.first").times.is_known());
    CHECK_FALSE(memory.find(1, "test.carol.first").times.is_known());
}

TEST_CASE("path memory: the next payment is not slowed down by what the last one had in flight") {
    path_memory memory;
    ilp::known_path path;
    path.times.measured(100ms);
    for (int i = 0; i < 100; ++i) path.times.measured(400ms);
    REQUIRE(path.times.is_slow());
    memory.keep(1, "test.bob.first", path);
    CHECK_FALSE(memory.find(1, "test.bob.second").times.is_slow());
}

TEST_CASE("path memory: it keeps a bounded number of paths") {
    path_memory memory;
    ilp::known_path path;
    path.times.measured(1ms);
    for (std::size_t i = 0; i <= path_memory::paths_max; ++i)
        memory.keep(1, "test.node" + std::to_string(i) + ".x", path);
    std::size_t known = 0;
    for (std::size_t i = 0; i <= path_memory::paths_max; ++i) {
        known += memory.find(1, "test.node" + std::to_string(i) + ".y").times.is_known() ? 1U : 0U;
    }
    CHECK(known == path_memory::paths_max);
}

}  // namespace path_memory_test
