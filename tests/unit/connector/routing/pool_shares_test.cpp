#include "connector/routing/pool_shares.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <limits>
#include <map>

namespace pool_shares_test {

using connector::pool_shares;
using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t alice = 1;
constexpr std::uint32_t bob = 2;
constexpr std::uint32_t usd = 1;
constexpr std::uint32_t eur = 2;

/// A pool with its shares, as a worker uses them.
struct pool {
    bool hold(std::uint32_t sender, std::uint64_t amount, std::uint32_t asset = usd) {
        auto* const share = shares.find_share(sender, asset, {amount}, available, now);
        if (share == nullptr || amount > available) return false;
        *share += amount;
        shares.note_hold(sender, asset, now);
        held[sender] = share;
        available -= amount;
        return true;
    }
    /// In the asset in which the sender has held last.
    void release(std::uint32_t sender, std::uint64_t amount) {
        *held.at(sender) -= amount;
        available += amount;
    }

    pool_shares shares;
    std::map<std::uint32_t, pool_shares::held_amount*> held;  ///< by sender
    std::uint64_t available = 1000;
    ilp::steady_time now = ilp::steady_time{} + 1000h;
};

}  // namespace

TEST_CASE("pool shares: packets of one peer leave a fifth of the pool to the others") {
    pool p;
    std::uint64_t held = 0;
    while (p.hold(alice, 10)) held += 10;
    CHECK(held == 800);
    CHECK(p.hold(bob, 150));
    p.release(alice, 800);
    CHECK(p.hold(alice, 10));
}

TEST_CASE("pool shares: however many peers take all they may, something is left") {
    pool p;
    for (std::uint32_t peer = 1; peer < 50; ++peer) {
        while (p.hold(peer, 1)) {
        }
    }
    CHECK(p.available > 0);
}

TEST_CASE("pool shares: a peer alone may have one packet as large as the pool, but not beside others") {
    pool p;
    CHECK(p.hold(alice, 1000));
    p.release(alice, 1000);
    CHECK(p.hold(alice, 1000));
    p.release(alice, 1000);
    CHECK(p.hold(bob, 1));
    p.release(bob, 1);
    CHECK_FALSE(p.hold(alice, 801));
    CHECK(p.hold(alice, 800));
    p.release(alice, 800);
    p.now += 61s;
    CHECK(p.hold(alice, 1000));
}

TEST_CASE("pool shares: a peer that cannot pay makes nobody share, and one that comes late shares with nobody") {
    pool p;
    CHECK(p.shares.find_share(bob, usd, {1}, p.available, p.now) != nullptr);  // and the ledger refused it
    CHECK(p.hold(alice, 1000));
    p.release(alice, 1000);
    p.now += 61s;
    CHECK(p.hold(bob, 1000));
}

TEST_CASE("pool shares: each asset has a pool of its own") {
    pool p;
    CHECK(p.hold(alice, 700));
    CHECK_FALSE(p.hold(alice, 200));
    CHECK(p.hold(alice, 200, eur));
}

TEST_CASE("pool shares: when the pool has too little, the ledger is the one to refuse") {
    pool p;
    CHECK(p.shares.find_share(alice, usd, {1001}, p.available, p.now) != nullptr);
    CHECK(p.shares.find_share(bob, usd, {1001}, p.available, p.now) != nullptr);
}

TEST_CASE("pool shares: the largest amounts do not overflow") {
    constexpr std::uint64_t amount_max = std::numeric_limits<std::uint64_t>::max();
    pool p;
    p.available = amount_max;
    CHECK(p.hold(alice, amount_max / 5 * 2));
    CHECK(p.hold(alice, amount_max / 5 * 2 - 10));
    CHECK_FALSE(p.hold(alice, 100));
    CHECK(p.hold(bob, 100));
}

}  // namespace pool_shares_test
