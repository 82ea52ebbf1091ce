#include "peering/parts/lease_queue.hpp"

#include <catch2/catch.hpp>

namespace lease_queue_test {

using namespace peering;
using namespace std::chrono_literals;
using step = lease_queue::step;

namespace {

constexpr account_id alice{1};
constexpr account_id bob{2};
constexpr ilp::steady_time now{100s};

}  // namespace

TEST_CASE("the first packet that lacks something asks for a lease, and the next ones wait for the same") {
    lease_queue queue;
    CHECK(queue.decide(alice, 10, now) == step::ask_and_wait);
    CHECK(queue.decide(alice, 20, now) == step::wait);
    CHECK(queue.decide(bob, 10, now) == step::ask_and_wait);
    CHECK(queue.waiting() == 3);

    // Alice's lease has come; it is enough for one packet, so the other one asks again.
    queue.was_granted(alice);
    queue.end_wait(alice);
    queue.end_wait(alice);
    CHECK(queue.decide(alice, 5, now) == step::ask_and_wait);
    CHECK(queue.waiting() == 2);
}

TEST_CASE("after a refusal nothing as large is asked for during a second") {
    lease_queue queue;
    CHECK(queue.decide(alice, 100, now) == step::ask_and_wait);
    queue.was_refused(alice, 100, now);
    CHECK(queue.decide(alice, 100, now) == step::refuse);
    CHECK(queue.decide(alice, 101, now) == step::refuse);
    CHECK(queue.decide(bob, 101, now) == step::ask_and_wait);
    CHECK(queue.decide(alice, 99, now) == step::ask_and_wait);
    CHECK(queue.waiting() == 3);  // the packet that was refused a lease still waits for what others return
    CHECK(queue.decide(alice, 100, now + lease_queue::refused_for - 1ms) == step::refuse);
    CHECK(queue.decide(alice, 100, now + lease_queue::refused_for) == step::wait);
}

TEST_CASE("a lease that comes ends the refusal") {
    lease_queue queue;
    CHECK(queue.decide(alice, 100, now) == step::ask_and_wait);
    queue.was_refused(alice, 100, now);
    queue.end_wait(alice);
    queue.was_granted(alice);
    CHECK(queue.decide(alice, 100, now) == step::ask_and_wait);
}

TEST_CASE("a lease that is under way is not asked for twice although nothing waits any more") {
    lease_queue queue;
    CHECK(queue.decide(alice, 100, now) == step::ask_and_wait);
    queue.end_wait(alice);
    CHECK(queue.waiting() == 0);
    CHECK(queue.decide(alice, 100, now) == step::wait);
}

TEST_CASE("what waits is bounded per account and altogether, and so are the refusals that are remembered") {
    lease_queue queue;
    for (std::size_t packet = 0; packet < lease_queue::waiting_of_account_max; ++packet) {
        REQUIRE(queue.decide(alice, 1, now) != step::refuse);
    }
    CHECK(queue.decide(alice, 1, now) == step::refuse);
    std::uint32_t other = 10;
    while (queue.waiting() < lease_queue::waiting_max)
        REQUIRE(queue.decide(account_id{other++}, 1, now) != step::refuse);
    CHECK(queue.decide(account_id{other}, 1, now) == step::refuse);
    queue.end_wait(alice);
    CHECK(queue.decide(account_id{other}, 1, now) == step::ask_and_wait);

    lease_queue refusing;
    constexpr auto bound = static_cast<std::uint32_t>(lease_queue::refusals_max);
    for (std::uint32_t account = 0; account <= bound; ++account) refusing.was_refused(account_id{account}, 1, now);
    CHECK(refusing.decide(account_id{bound - 1}, 1, now) == step::refuse);
    CHECK(refusing.decide(account_id{bound}, 1, now) == step::ask_and_wait);
    refusing.was_refused(account_id{bound}, 1, now + lease_queue::refused_for);  // when the others are over
    CHECK(refusing.decide(account_id{bound}, 1, now + lease_queue::refused_for) == step::refuse);
}

}  // namespace lease_queue_test
