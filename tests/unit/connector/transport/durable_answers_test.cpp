#include "connector/transport/durable_answers.hpp"

#include <catch2/catch.hpp>

#include <cstddef>
#include <deque>
#include <limits>
#include <string>

namespace durable_answers_test {

using namespace connector;

namespace {

constexpr std::size_t all = std::numeric_limits<std::size_t>::max();

/// The packets of senders, each of which has a letter.
struct world {
    /// Adds packets whose transfers belong to the batch with this ticket.
    void add(sender_answers& of, char letter, std::size_t count, peering::commit_ticket ticket) {
        for (std::size_t i = 0; i < count; ++i) {
            packet_in_flight& packet = packets.emplace_back([](deadline&) {});
            packet.ticket = ticket;
            packet.request = static_cast<std::uint64_t>(letter);
            answers.add(of, packet);
        }
    }

    /// Returns the letters of the packets that were released.
    std::string release(peering::commit_ticket durable, std::size_t of_each) {
        std::string released;
        are_left = answers.release(durable, of_each, [&](packet_in_flight& packet) {
            CHECK(packet.ticket <= durable);
            released += static_cast<char>(packet.request);
        });
        return released;
    }

    std::deque<packet_in_flight> packets;
    sender_answers busy;
    sender_answers honest;
    durable_answers answers;
    bool are_left = false;
};

}  // namespace

TEST_CASE("durable answers: those of a durable batch are released, and those of later ones wait") {
    world w;
    CHECK_FALSE(w.answers.have_several_senders());
    w.add(w.busy, 'a', 2, 1);
    w.add(w.busy, 'b', 1, 2);
    w.add(w.busy, 'c', 1, 4);
    CHECK(w.release(0, all).empty());
    CHECK_FALSE(w.are_left);
    CHECK(w.answers.size() == 4);
    CHECK(w.release(3, all) == "aab");
    CHECK_FALSE(w.are_left);
    CHECK(w.answers.size() == 1);
    CHECK(w.release(4, all) == "c");
    CHECK(w.answers.size() == 0);
    CHECK(w.release(5, all).empty());
}

TEST_CASE("durable answers: in a turn each sender has a few, whatever the other one has") {
    world w;
    w.add(w.busy, 'b', 7, 1);
    w.add(w.honest, 'h', 2, 1);
    CHECK(w.answers.have_several_senders());
    CHECK(w.release(1, 3) == "bbbhh");
    CHECK(w.are_left);
    CHECK_FALSE(w.answers.have_several_senders());
    w.add(w.honest, 'h', 1, 2);
    CHECK(w.release(2, 3) == "bbbh");
    CHECK(w.are_left);
    CHECK(w.release(2, 3) == "b");
    CHECK_FALSE(w.are_left);
    CHECK(w.answers.size() == 0);
}

TEST_CASE("durable answers: a sender whose batch is not durable does not hold up another") {
    world w;
    w.add(w.busy, 'b', 2, 2);
    w.add(w.honest, 'h', 2, 1);
    CHECK(w.release(1, 1) == "h");
    CHECK(w.are_left);
    CHECK(w.release(1, 1) == "h");
    CHECK_FALSE(w.are_left);
    CHECK(w.answers.size() == 2);
    CHECK(w.release(2, 2) == "bb");
}

}  // namespace durable_answers_test
