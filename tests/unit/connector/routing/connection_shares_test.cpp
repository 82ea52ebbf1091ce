#include "connector/routing/connection_shares.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cstddef>
#include <memory>

namespace connection_shares_test {

using connector::connection_count;
using connector::connection_shares;

namespace {

/// The connections of some peers, each of which connects as often as it can.
struct world {
    explicit world(std::size_t room) : room{room} {}

    /// Returns false if the connection is refused. The peer that gives way loses one at once.
    bool connect(connection_count& peer) {
        const auto [may_stay, gives_way] = shares.decide(peer, room);
        if (!may_stay) return false;
        if (gives_way != nullptr) shares.remove(*gives_way);
        shares.add(peer);
        return true;
    }

    std::size_t room;
    connection_shares shares;
};

}  // namespace

TEST_CASE("connection shares: a peer alone may have all, and no more") {
    world w{5};
    connection_count alone;
    for (int i = 0; i < 5; ++i) CHECK(w.connect(alone));
    CHECK_FALSE(w.connect(alone));
    CHECK(alone.connections() == 5);
    CHECK(w.shares.total() == 5);
    w.shares.remove(alone);
    CHECK(w.connect(alone));
}

TEST_CASE("connection shares: a peer that wants little has it, at the expense of the one that has most") {
    world w{100};
    connection_count most;
    connection_count less;
    for (int i = 0; i < 70; ++i) w.connect(most);
    for (int i = 0; i < 30; ++i) w.connect(less);
    connection_count little;
    for (int i = 0; i < 10; ++i) CHECK(w.connect(little));
    CHECK(little.connections() == 10);
    CHECK(less.connections() == 30);
    CHECK(most.connections() == 60);
}

TEST_CASE("connection shares: peers that want more than there is end up with the same number, and then stay so") {
    world w{12};
    std::array<connection_count, 3> peers;
    for (int i = 0; i < 12; ++i) w.connect(peers[0]);
    for (int i = 0; i < 50; ++i) {
        for (auto& each : peers) w.connect(each);
    }
    for (auto& each : peers) CHECK(each.connections() == 4);
    for (auto& each : peers) CHECK_FALSE(w.connect(each));
}

TEST_CASE("connection shares: with more peers than places, those that have one keep it") {
    world w{2};
    std::array<connection_count, 3> peers;
    CHECK(w.connect(peers[0]));
    CHECK(w.connect(peers[1]));
    CHECK_FALSE(w.connect(peers[2]));
    CHECK(w.shares.total() == 2);
}

TEST_CASE("connection shares: without any room nothing may stay") {
    world w{0};
    connection_count peer;
    CHECK_FALSE(w.connect(peer));
}

TEST_CASE("connection shares: fewer connections than before give others the most") {
    world w{4};
    connection_count first;
    connection_count second;
    for (int i = 0; i < 3; ++i) w.connect(first);
    w.connect(second);
    w.shares.remove(first);
    w.shares.remove(first);
    for (int i = 0; i < 2; ++i) CHECK(w.connect(second));
    CHECK(w.connect(first));  // second has had 3
    CHECK(first.connections() == 2);
    CHECK(second.connections() == 2);
}

TEST_CASE("connection shares: a peer that goes is forgotten") {
    world w{3};
    connection_count stays;
    w.connect(stays);
    auto gone = std::make_unique<connection_count>();
    w.connect(*gone);
    w.shares.remove(*gone);
    gone.reset();
    for (int i = 0; i < 2; ++i) CHECK(w.connect(stays));
    CHECK_FALSE(w.connect(stays));
}

}  // namespace connection_shares_test
