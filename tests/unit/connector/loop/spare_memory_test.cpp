#include "connector/loop/handler_memory.hpp"
#include "connector/loop/receive_buffer.hpp"
#include "connector/loop/spare_blocks.hpp"
#include "connector/loop/spare_buffers.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace spare_memory_test {

using connector::spare_blocks;
using connector::spare_buffers;

namespace {

struct connection final : connector::buffer_memory::user {
    using user::user;
    void shed() override {}
};

}  // namespace

TEST_CASE("a kept block serves whoever needs no more, and a larger one is made") {
    spare_blocks spare;
    auto first = spare.take(40'000);
    CHECK(first.capacity >= 40'000);
    const char* const memory = first.octets.get();
    spare.keep(std::move(first));
    CHECK(spare.take(50'000).octets.get() != memory);
    const auto again = spare.take(30'000);
    CHECK(again.octets.get() == memory);
    CHECK(again.capacity >= 40'000);
}

TEST_CASE("only a few blocks are kept, and none that is very large") {
    spare_blocks spare;
    std::vector<spare_blocks::block> all;
    for (std::size_t i = 0; i < spare_blocks::count_max + 3; ++i) all.push_back(spare.take(10'000 + i));
    for (auto& each : all) spare.keep(std::move(each));
    for (std::size_t i = 0; i < spare_blocks::count_max; ++i) CHECK(spare.take(9'000).capacity >= 10'000);
    CHECK(spare.take(1).capacity == 1);

    spare.keep(spare.take(spare_blocks::capacity_max + 1));
    CHECK(spare.take(spare_blocks::capacity_max).capacity == spare_blocks::capacity_max);
}

TEST_CASE("a small need does not take a large block") {
    spare_blocks spare;
    spare.keep(spare.take(100'000));
    CHECK(spare.take(5'000).capacity == 5'000);
    CHECK(spare.take(50'000).capacity == 100'000);
}

TEST_CASE("a connection receives in the block that another one has emptied") {
    connector::buffer_memory memory;
    connection one{memory};
    connection other{memory};
    connector::receive_buffer first{&one};
    connector::receive_buffer second{&other};
    const char* const block = first.space(60'000).data();
    first.commit(10);
    first.consume(10);
    CHECK(memory.used() == 0);
    CHECK(second.space(60'000).data() == block);
    CHECK(memory.used() >= 60'000);
}

TEST_CASE("large buffers for output are kept apart from small ones") {
    spare_buffers spare;
    ilp::bytes large(50'000);
    ilp::bytes small(100);
    const auto* const memory = large.data();
    spare.give_back_large(large);
    CHECK(large.capacity() == 0);
    spare.give_back_large(small);
    ilp::bytes answer;
    spare.lend(answer);
    CHECK(answer.capacity() == 100);

    ilp::bytes output;
    spare.lend_large(output);
    CHECK(output.capacity() == 50'000);
    CHECK(output.data() == memory);
    CHECK(output.empty());
    ilp::bytes second;
    spare.lend_large(second);
    CHECK(second.capacity() == 0);
}

TEST_CASE("only a few large buffers for output are kept, and none that is very large") {
    spare_buffers spare;
    for (int i = 0; i < 100; ++i) {
        ilp::bytes large(10'000);
        spare.give_back_large(large);
    }
    std::size_t kept = 0;
    for (ilp::bytes taken; spare.lend_large(taken), taken.capacity() != 0; taken = ilp::bytes{}) ++kept;
    CHECK(kept > 0);
    CHECK(kept < 20);

    ilp::bytes huge(1'000'000);
    spare.give_back_large(huge);
    ilp::bytes taken;
    spare.lend_large(taken);
    CHECK(taken.capacity() == 0);
}

TEST_CASE("the memory of handlers is used again, and only so much is kept") {
    connector::handler_memory memory;
    void* const first = memory.take(40);
    void* const second = memory.take(100);
    CHECK(first != second);
    memory.give_back(first, 40);
    CHECK(memory.take(100) == first);
    memory.give_back(first, 100);
    memory.give_back(second, 100);
    CHECK(memory.kept() == 2);
    void* const large = memory.take(1000);
    memory.give_back(large, 1000);
    CHECK(memory.kept() == 2);
    std::vector<void*> many;
    for (std::size_t i = 0; i < 2 * connector::handler_memory::kept_max; ++i) many.push_back(memory.take(1));
    CHECK(memory.kept() == 0);
    for (void* const each : many) memory.give_back(each, 1);
    CHECK(memory.kept() == connector::handler_memory::kept_max);
}

}  // namespace spare_memory_test
