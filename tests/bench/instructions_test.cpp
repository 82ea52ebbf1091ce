#include "tests/bench/instructions.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace instructions_test {

namespace {

const std::string profile = R"(# callgrind format
version: 1
events: Ir
summary: 1234

ob=(1) /usr/bin/ilpd
fl=(1) router.cpp
fn=(1) decide
12 100
+3 20
cob=(2) /usr/lib/x86_64-linux-gnu/libcrypto.so.3
cfn=(2) sha256
calls=1 0
15 1000
* 4

ob=(2)
fn=(2)
0 1000

ob=(3) /usr/lib/x86_64-linux-gnu/libssl.so.3
fn=(3) SSL_read_ex
0 60

ob=(1)
fn=(4) main
-1 50

totals: 1234
)";

}  // namespace

TEST_CASE("instructions are added up by library, each where it was executed") {
    CHECK(bench::read_costs(profile) == bench::instruction_costs{.own = 174, .libcrypto = 1000, .libssl = 60});
}

TEST_CASE("a profile that is not complete is not taken for one") {
    CHECK(bench::read_costs("") == std::nullopt);
    CHECK(bench::read_costs(profile.substr(0, profile.find("totals"))) == std::nullopt);
    CHECK(bench::read_costs(profile.substr(0, profile.find("ob=(3)")) + "totals: 1234\n") == std::nullopt);
}

}  // namespace instructions_test
