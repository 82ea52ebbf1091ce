#include "connector/loop/receive_buffer.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>

namespace receive_buffer_test {

using connector::buffer_memory;
using connector::receive_buffer;

namespace {

void receive(receive_buffer& buffer, std::string_view octets) {
    std::ranges::copy(octets, buffer.space(octets.size()).begin());
    buffer.commit(octets.size());
}

struct connection final : buffer_memory::user {
    using user::user;
    void shed() override {}
};

}  // namespace

TEST_CASE("receive buffer: a large one is given back once it is empty, a small one is kept") {
    buffer_memory memory;
    connection user{memory};
    receive_buffer buffer{&user};
    CHECK(memory.used() == 0);
    receive(buffer, "abc");
    buffer.consume(3);
    CHECK(memory.used() == receive_buffer::capacity_min);
    receive(buffer, std::string(70'000, 'x'));
    CHECK(memory.used() >= 70'000);
    buffer.consume(69'999);
    CHECK(memory.used() >= 70'000);
    buffer.consume(1);
    CHECK(memory.used() == receive_buffer::capacity_min);
    CHECK(buffer.text().empty());
    receive(buffer, "def");
    CHECK(buffer.text() == "def");
    CHECK(memory.used() == receive_buffer::capacity_min);
}

TEST_CASE("receive buffer: it is empty at first and allocates nothing until space is requested") {
    receive_buffer buffer;
    CHECK(buffer.empty());
    CHECK(buffer.text().empty());
    CHECK(buffer.space(1).size() >= receive_buffer::capacity_min);
    CHECK(buffer.empty());
}

TEST_CASE("receive buffer: fragments are contiguous") {
    receive_buffer buffer;
    receive(buffer, "abc");
    receive(buffer, std::string(5000, 'x'));
    receive(buffer, "def");
    CHECK(buffer.size() == 5006);
    CHECK(buffer.text() == "abc" + std::string(5000, 'x') + "def");
    buffer.consume(5003);
    CHECK(buffer.text() == "def");
    buffer.octets()[0] = 'D';
    CHECK(buffer.text() == "Def");
}

TEST_CASE("receive buffer: it does not grow if consumed bytes leave enough space") {
    receive_buffer buffer;
    const std::size_t capacity = buffer.space(1).size();
    for (int i = 0; i < 100; ++i) {
        receive(buffer, std::string(capacity / 2, 'a'));
        receive(buffer, "rest");
        buffer.consume(capacity / 2);
        CHECK(buffer.text() == "rest");
        buffer.consume(4);
        CHECK(buffer.space(1).size() == capacity);
    }
}

TEST_CASE("receive buffer: it provides the requested space even if it is mostly full") {
    receive_buffer buffer;
    receive(buffer, std::string(receive_buffer::capacity_min - 1, 'a'));
    buffer.consume(1);
    CHECK(buffer.space(70'000).size() >= 70'000);
    CHECK(buffer.text() == std::string(receive_buffer::capacity_min - 2, 'a'));
}

TEST_CASE("receive buffer: random receiving and consuming agrees with a string") {
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    receive_buffer buffer;
    std::string reference;
    for (int i = 0; i < 5000; ++i) {
        std::string octets(random() % 900, ' ');
        std::ranges::generate(octets, [&random] { return static_cast<char>(random()); });
        receive(buffer, octets);
        reference += octets;
        const std::size_t consumed = random() % 4 == 0 ? reference.size() : random() % (reference.size() + 1);
        buffer.consume(consumed);
        reference.erase(0, consumed);
        if (buffer.text() != reference || buffer.empty() != reference.empty()) FAIL("differs in round " << i);
    }
}

}  // namespace receive_buffer_test
