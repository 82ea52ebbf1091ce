#include "connector/worker/ceiling_queue.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <deque>
#include <limits>

namespace ceiling_queue_test {

using namespace connector;

namespace {

constexpr std::uint64_t amount_max = std::numeric_limits<std::uint64_t>::max();

struct fixture {
    packet_in_flight& add(peering::liquidity_account& account, std::uint64_t amount) {
        packet_in_flight& packet = packets.emplace_back([](deadline&) {});
        packet.outgoing_amount = {amount};
        queue.add({.packet = &packet,
                   .peer = 7,
                   .account = &account,
                   .prepare = ilp::bytes(10),
                   .memory = buffer_memory::waiting{memory, 10}});
        return packet;
    }

    /// What the queue asks for, by account.
    std::uint64_t asked(const peering::liquidity_account& account) const {
        peering::posting_batch batch;
        queue.ask(batch);
        for (const auto& request : batch.ceilings()) {
            if (request.account == &account) return request.amount;
        }
        return 0;
    }

    buffer_memory memory;
    peering::liquidity_account bob;
    peering::liquidity_account carol;
    std::deque<packet_in_flight> packets;
    ceiling_queue queue;
};

}  // namespace

TEST_CASE("ceiling queue: it asks once for all that wait for an account, beside what is in flight to it") {
    fixture f;
    f.bob.in_flight = 100;
    f.add(f.bob, 5);
    f.add(f.bob, 6);
    f.add(f.carol, amount_max);
    CHECK(f.asked(f.bob) == 111);
    CHECK(f.asked(f.carol) == amount_max);
    f.carol.in_flight = 1;
    CHECK(f.asked(f.carol) == amount_max);
    f.queue.submitted(4);
    CHECK(f.asked(f.bob) == 0);
    f.add(f.bob, 7);
    CHECK(f.asked(f.bob) == 118);
    CHECK(f.asked(f.carol) == 0);
}

TEST_CASE("ceiling queue: an account is asked for again after its packets have left, and however many there are") {
    fixture f;
    std::deque<peering::liquidity_account> accounts(3000);
    for (int turn = 1; turn <= 2; ++turn) {
        for (peering::liquidity_account& account : accounts) f.add(account, 5);
        peering::posting_batch batch;
        f.queue.ask(batch);
        CHECK(batch.ceilings().size() == accounts.size());
        f.queue.submitted(static_cast<peering::commit_ticket>(turn));
        if (turn == 1) continue;
        while (f.queue.take(1)) {
        }
    }
    // Those of the second turn are still there.
    CHECK(f.queue.size() == accounts.size());
    f.add(accounts.front(), 1);
    CHECK(f.asked(accounts.front()) == 6);
    CHECK(f.asked(accounts.back()) == 0);
}

TEST_CASE("ceiling queue: packets are taken in their order, once their commit is durable") {
    fixture f;
    packet_in_flight& first = f.add(f.bob, 5);
    packet_in_flight& second = f.add(f.carol, 6);
    CHECK_FALSE(f.queue.take(9));
    f.queue.submitted(3);
    packet_in_flight& third = f.add(f.bob, 7);
    f.queue.submitted(4);
    CHECK_FALSE(f.queue.take(2));
    CHECK(f.queue.take(3)->packet == &first);
    auto again = f.queue.take(3);
    CHECK(again->packet == &second);
    CHECK(again->prepare.size() == 10);
    CHECK_FALSE(f.queue.take(3));
    f.queue.add(*std::move(again));  // others have used up the ceiling
    CHECK(f.asked(f.carol) == 6);
    CHECK(f.queue.take(4)->packet == &third);
    CHECK_FALSE(f.queue.take(4));
    f.queue.submitted(5);
    CHECK(f.queue.take(5)->packet == &second);
    CHECK(f.queue.empty());
}

TEST_CASE("ceiling queue: a packet that has expired is not asked for any more") {
    fixture f;
    const packet_in_flight& first = f.add(f.bob, 5);
    const packet_in_flight& second = f.add(f.bob, 6);
    CHECK(f.queue.size() == 2);
    CHECK(f.queue.remove(first));
    CHECK_FALSE(f.queue.remove(first));
    CHECK(f.asked(f.bob) == 6);
    CHECK(f.queue.remove(second));
    CHECK(f.queue.empty());
    CHECK(f.asked(f.bob) == 0);
    f.queue.submitted(1);
    CHECK_FALSE(f.queue.take(1));
}

}  // namespace ceiling_queue_test
