#include "connector/loop/buffer_memory.hpp"

#include "connector/loop/spare_buffers.hpp"
#include "connector/loop/unsent_bytes.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace buffer_memory_test {

using connector::buffer_memory;
using connector::spare_buffers;
using connector::unsent_bytes;

namespace {

struct connection final : buffer_memory::user {
    explicit connection(buffer_memory& memory, std::size_t bytes = 0) : user{memory} { took(bytes); }
    void shed() override { closed = true; }
    bool leaves_doubt() const noexcept override { return awaits_answer; }
    bool is_of_stranger() const noexcept override { return is_stranger; }
    bool closed = false;
    bool awaits_answer = false;
    bool is_stranger = false;
};

std::string text_of(const unsent_bytes& unsent) {
    return std::string{ilp::as_text(unsent.octets())};
}

}  // namespace

TEST_CASE("buffer memory: it is the sum of what connections have, and a connection that has gone has nothing") {
    buffer_memory memory;
    connection first{memory, 100};
    {
        const connection second{memory, 1000};
        connection third{memory, 10'000};
        CHECK(memory.used() == 11'100);
        third.gave_back(9'000);
        CHECK(third.buffered() == 1000);
        CHECK(memory.used() == 2'100);
    }
    CHECK(memory.used() == 100);
    first.took(1);
    CHECK(memory.used() == 101);
    CHECK_FALSE(memory.is_over_bound());
    memory.set_bound(100);
    CHECK(memory.is_over_bound());
}

TEST_CASE("buffer memory: of connections that use the same, the oldest are closed first") {
    buffer_memory memory;
    std::vector<std::unique_ptr<connection>> connections;
    for (int i = 0; i < 16; ++i) connections.push_back(std::make_unique<connection>(memory, 100'000));
    connections.erase(connections.begin() + 2);  // the last one takes its place in the list of all
    memory.set_bound(1'400'000);
    CHECK(memory.relieve().connections == 3);
    for (std::size_t i = 0; i < connections.size(); ++i) CHECK(connections[i]->closed == (i < 3));
}

TEST_CASE("buffer memory: beyond the bound the largest connections are closed, until an eighth is free") {
    buffer_memory memory;
    memory.set_bound(800'000);
    std::vector<std::unique_ptr<connection>> connections;
    for (const std::size_t kilobytes : {100U, 300U, 15U, 200U, 201U}) {
        connections.push_back(std::make_unique<connection>(memory, kilobytes * 1000));
    }
    REQUIRE(memory.is_over_bound());
    const auto closed = [&] {
        std::string all;
        for (const auto& each : connections) all += each->closed ? 'x' : '.';
        return all;
    };
    SECTION("one is enough") {
        const auto relief = memory.relieve();  // 116 are to go
        CHECK(closed() == ".x...");
        CHECK(relief.connections == 1);
        CHECK(relief.bytes == 300'000);
    }
    SECTION("a packet that the next hop may have fulfilled goes last") {
        connections[1]->awaits_answer = true;
        memory.relieve();
        CHECK(closed() == "....x");
        for (const auto& each : connections) each->closed = false;
        memory.set_bound(300'000);
        memory.relieve();
        CHECK(closed() == "xx.xx");
    }
    SECTION("several are needed") {
        memory.set_bound(500'000);
        memory.relieve();
        CHECK(closed() == ".x..x");
    }
    SECTION("those with little are spared, as are all while the bound is kept") {
        memory.set_bound(10'000);
        memory.relieve();
        CHECK(closed() == "xx.xx");
    }
}

TEST_CASE("buffer memory: connections of strangers go first, once they use more than half of the bound") {
    buffer_memory memory;
    memory.set_bound(1'000'000);
    const auto of_peer = std::make_unique<connection>(memory, 500'000);
    std::vector<std::unique_ptr<connection>> of_strangers;
    const auto come = [&](std::size_t bytes) {
        of_strangers.push_back(std::make_unique<connection>(memory, bytes));
        of_strangers.back()->is_stranger = true;
    };
    for (int i = 0; i < 5; ++i) come(100'000);
    SECTION("not before: the largest goes, whoever has it") {
        come(10'000);
        REQUIRE(memory.is_over_bound());
        CHECK(memory.relieve().bytes == 500'000);
        CHECK(of_peer->closed);
    }
    SECTION("also those whose requests are being answered") {
        come(20'000);
        for (const auto& each : of_strangers) each->awaits_answer = true;
        CHECK(memory.relieve().connections == 2);
        CHECK_FALSE(of_peer->closed);
        CHECK(of_strangers[0]->closed);
        CHECK(of_strangers[1]->closed);
    }
}

TEST_CASE("buffer memory: what waits for a connection has a bound of its own") {
    buffer_memory memory;
    memory.set_bound(4'000);
    buffer_memory::waiting first{memory, 600};
    CHECK_FALSE(memory.is_waiting_full());
    {
        buffer_memory::waiting second{memory, 400};
        CHECK(memory.is_waiting_full());
        buffer_memory::waiting moved{std::move(second)};
        CHECK(memory.is_waiting_full());
        moved = buffer_memory::waiting{memory, 300};
        CHECK_FALSE(memory.is_waiting_full());
        moved = buffer_memory::waiting{memory, 400};
        CHECK(memory.is_waiting_full());
    }
    CHECK_FALSE(memory.is_waiting_full());
    CHECK(memory.used() == 0);
}

TEST_CASE("spare buffers: a buffer is used again, unless it is large or there are many") {
    spare_buffers spare;
    const auto give_back = [&](std::size_t size) {
        ilp::bytes buffer(size);
        spare.give_back(buffer);
        CHECK(buffer.capacity() == 0);
    };
    ilp::bytes lent;
    spare.lend(lent);
    CHECK(lent.capacity() == 0);
    give_back(100);
    CHECK(spare.size() == 1);
    spare.lend(lent);
    CHECK(lent.empty());
    CHECK(lent.capacity() >= 100);
    CHECK(spare.size() == 0);
    give_back(spare_buffers::capacity_max + 1);
    CHECK(spare.size() == 0);
    for (std::size_t i = 0; i < spare_buffers::count_max + 2; ++i) give_back(1);
    CHECK(spare.size() == spare_buffers::count_max);
}

TEST_CASE("spare buffers: what a connection with a thousand packets sends in a turn is used again") {
    constexpr std::size_t size = 1000 * 300;
    spare_buffers spare;
    ilp::bytes buffer(size);
    spare.give_back_large(buffer);
    CHECK(buffer.capacity() == 0);
    spare.lend_large(buffer);
    CHECK(buffer.empty());
    CHECK(buffer.capacity() >= size);
    buffer.resize(1'000'000);
    spare.give_back_large(buffer);
    CHECK(buffer.capacity() == 0);
    spare.lend_large(buffer);
    CHECK(buffer.capacity() == 0);
}

TEST_CASE("unsent bytes: they keep their order, whatever the socket takes at a time, and leave no memory behind") {
    buffer_memory memory;
    connection user{memory};
    unsent_bytes unsent{user};
    CHECK(unsent.empty());
    unsent.append(ilp::as_bytes("abcdefgh"));
    unsent.consume(3);
    CHECK(text_of(unsent) == "defgh");
    unsent.append(ilp::as_bytes("ij"));
    CHECK(text_of(unsent) == "defghij");
    unsent.consume(5);
    CHECK(text_of(unsent) == "ij");
    unsent.append(ilp::as_bytes("kl"));  // what was sent is moved out of the way
    CHECK(text_of(unsent) == "ijkl");
    CHECK(user.buffered() >= 4);
    unsent.consume(4);
    CHECK(unsent.empty());
    CHECK(user.buffered() == 0);
    for (int i = 0; i < 3; ++i) {
        unsent.append(ilp::as_bytes("again"));
        CHECK(user.buffered() >= 5);
        unsent.consume(5);
        CHECK(user.buffered() == 0);
    }
}

TEST_CASE("unsent bytes: a slow reader does not make them grow") {
    buffer_memory memory;
    connection user{memory};
    unsent_bytes unsent{user};
    unsent.append(ilp::as_bytes("x"));
    for (int i = 0; i < 10'000; ++i) {
        unsent.append(ilp::as_bytes("yz"));
        unsent.consume(2);
    }
    CHECK(unsent.octets().size() == 1);
    CHECK(user.buffered() < 100);
}

}  // namespace buffer_memory_test
