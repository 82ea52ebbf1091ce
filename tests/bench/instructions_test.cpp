#include "tests/bench/instructions.hpp"

#include <catch2/catch.hpp>

namespace instructions_test {

TEST_CASE("the number of instructions is read from callgrind's summary") {
    CHECK(bench::read_collected("==7== Events    : Ir\n==7== Collected : 123456789\n==7== \n") == 123456789);
    CHECK(bench::read_collected("==7== Killed\n") == std::nullopt);
}

}  // namespace instructions_test
