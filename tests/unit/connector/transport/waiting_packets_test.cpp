#include "connector/transport/waiting_packets.hpp"

#include <catch2/catch.hpp>

#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace waiting_packets_test {

using namespace connector;
using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t alice = 1;
constexpr std::uint32_t bob = 2;
constexpr std::uint32_t carol = 3;
const ilp::steady_time now = ilp::steady_time{} + 1000h;

struct world {
    carried_packet& add(std::uint32_t sender, std::string_view text) {
        carried_packet& added = packets.emplace_back();
        added.sender = sender;
        ilp::bytes octets;
        ilp::append(octets, text);
        waiting.add(added, std::move(octets));
        return added;
    }
    void add(std::uint32_t sender, std::initializer_list<std::string_view> texts) {
        for (const auto text : texts) add(sender, text);
    }
    std::vector<std::string> take_all() {
        std::vector<std::string> all;
        while (!waiting.empty()) all.emplace_back(ilp::as_text(waiting.take().octets));
        return all;
    }

    std::deque<carried_packet> packets;
    buffer_memory memory;
    waiting_packets waiting{memory};
};

using list = std::vector<std::string>;

}  // namespace

TEST_CASE("waiting packets: those of one sender go in order") {
    world w;
    w.add(alice, {"1", "2", "3"});
    CHECK(w.waiting.size() == 3);
    CHECK(w.take_all() == list{"1", "2", "3"});
    CHECK(w.waiting.empty());
}

TEST_CASE("waiting packets: senders take turns, however many packets each has") {
    world w;
    w.add(alice, {"a1", "a2", "a3", "a4", "a5"});
    w.add(bob, {"b1"});
    w.add(carol, {"c1", "c2"});
    CHECK(w.take_all() == list{"a1", "b1", "c1", "a2", "c2", "a3", "a4", "a5"});
}

TEST_CASE("waiting packets: a sender that comes back has its turn behind the others") {
    world w;
    w.add(alice, {"a1", "a2", "a3"});
    w.add(bob, {"b1"});
    CHECK(ilp::as_text(w.waiting.take().octets) == "a1");
    CHECK(ilp::as_text(w.waiting.take().octets) == "b1");
    w.add(bob, {"b2"});
    CHECK(w.take_all() == list{"a2", "b2", "a3"});
}

TEST_CASE("waiting packets: one that could not be sent goes first") {
    world w;
    w.add(alice, {"a1", "a2"});
    w.add(bob, {"b1"});
    auto taken = w.waiting.take();
    w.waiting.put_back(*taken.packet, std::move(taken.octets));
    CHECK(w.waiting.size() == 3);
    CHECK(w.take_all() == list{"a1", "b1", "a2"});
    carried_packet alone;
    w.waiting.put_back(alone, ilp::bytes{'x'});
    CHECK(w.take_all() == list{"x"});
}

TEST_CASE("waiting packets: each can be removed") {
    world w;
    w.add(alice, "a1");
    const auto& second = w.add(alice, "a2");
    const auto& of_bob = w.add(bob, "b1");
    CHECK(w.waiting.remove(second));
    CHECK(w.waiting.remove(of_bob));
    CHECK_FALSE(w.waiting.remove(of_bob));
    CHECK_FALSE(w.waiting.remove(second));
    CHECK(w.take_all() == list{"a1"});
}

TEST_CASE("waiting packets: a sender alone may fill all places, and several have a share each") {
    world w;
    constexpr std::size_t max = 10;
    for (std::size_t i = 0; i < max; ++i) {
        CHECK_FALSE(w.waiting.is_full_for(alice, max, now));
        w.add(alice, "a");
    }
    CHECK(w.waiting.is_full_for(alice, max, now));
    CHECK(w.waiting.is_full_for(bob, max, now));
    w.waiting.take();
    CHECK(w.waiting.is_full_for(alice, max, now));
    CHECK_FALSE(w.waiting.is_full_for(bob, max, now));
    w.waiting.take();
    CHECK(w.waiting.is_full_for(alice, max, now));
    // The places may become fewer, because a connect in progress adds one.
    CHECK(w.waiting.is_full_for(bob, 3, now));
}

}  // namespace waiting_packets_test
