#include "connector/payments/receiver_memory.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace receiver_memory_test {

using namespace std::chrono_literals;
using connector::receiver_memory;

namespace {

constexpr ilp::steady_time start{1h};

receiver_memory::shown at_rate(std::uint64_t delivered) {
    return {{delivered, 1000}, ilp::path_maximum{{77}}};
}

}  // namespace

TEST_CASE("receiver memory: what a payment has shown is known for a while, for its receiver and asset alone") {
    receiver_memory memory{30s};
    CHECK(!memory.find(1, "$alice.example", start));
    memory.keep(1, "$alice.example", at_rate(900), start);
    const auto found = memory.find(1, "$alice.example", start + 30s - 1ms);
    REQUIRE(found);
    CHECK(found->rate == ilp::exchange_ratio{900, 1000});
    CHECK(found->maximum.value() == ilp::amount{77});
    CHECK(!memory.find(1, "$alice.example", start + 30s));
    CHECK(!memory.find(2, "$alice.example", start));
    CHECK(!memory.find(1, "$alice.example/", start));
    memory.keep(1, "$alice.example", at_rate(800), start + 20s);
    CHECK(memory.find(1, "$alice.example", start + 40s)->rate.delivered == 800);
    memory.forget(1, "$alice.example");
    CHECK(!memory.find(1, "$alice.example", start + 20s));
}

TEST_CASE("receiver memory: it keeps a bounded number of receivers") {
    receiver_memory memory{30s};
    std::size_t kept = 0;
    for (std::size_t i = 0; i < receiver_memory::receivers_max + 100; ++i) {
        memory.keep(1, std::to_string(i), at_rate(900), start);
        CHECK(memory.find(1, std::to_string(i), start));
    }
    for (std::size_t i = 0; i < receiver_memory::receivers_max + 100; ++i) {
        if (memory.find(1, std::to_string(i), start)) ++kept;
    }
    CHECK(kept == receiver_memory::receivers_max);
}

}  // namespace receiver_memory_test
