#include "connector/base/descriptor_shares.hpp"

#include <catch2/catch.hpp>

namespace descriptor_shares_test {

using connector::share_descriptors;

TEST_CASE("descriptor shares: some are kept back from connections from outside, and fewer from those of operators") {
    const auto usual = share_descriptors(1024, 2, 10);
    CHECK(usual.for_peers == 1024 - 192);
    CHECK(usual.for_operators == 1024 - 96);
    CHECK(usual.connections == 1024 - 64 - 192);
}

TEST_CASE("descriptor shares: more are kept back for many links, but no more than half of what is free") {
    CHECK(share_descriptors(4096, 2, 1000).for_peers == 3096);
    const auto many_links = share_descriptors(1064, 2, 1'000'000);
    CHECK(many_links.for_peers == 1064 - 500);
    CHECK(many_links.connections == 500);
    CHECK(share_descriptors(80, 1, 2).for_peers == 80 - 12);
}

TEST_CASE("descriptor shares: with too few for the daemon itself, none are kept back") {
    const auto few = share_descriptors(40, 1, 2);
    CHECK(few.for_peers == 40);
    CHECK(few.connections == 0);
}

TEST_CASE("connection room: the setting is the bound while descriptors are not short") {
    connector::connection_room room{3};
    CHECK_FALSE(room.is_full(0, false));
    CHECK_FALSE(room.is_full(2, false));
    CHECK(room.is_full(3, false));
    CHECK_FALSE(room.is_full(2, false));
}

TEST_CASE("connection room: once descriptors are short, connections do not become more, whatever number they get") {
    connector::connection_room room{100};
    CHECK_FALSE(room.is_full(39, false));
    CHECK(room.is_full(40, true));
    CHECK(room.is_full(40, false));  // one has given way, and the next one has its number
    CHECK_FALSE(room.is_full(39, false));
    CHECK(room.is_full(40, false));
    CHECK_FALSE(room.is_full(20, false));  // half have gone, so it is tried again
    CHECK_FALSE(room.is_full(60, false));
    CHECK(room.is_full(0, true));
    CHECK_FALSE(room.is_full(0, false));
}

TEST_CASE("connection room: a few may come beyond the bound, and just one while descriptors are short") {
    CHECK(connector::connection_room{1}.reserve() == 1);
    CHECK(connector::connection_room{640}.reserve() == 10);
    connector::connection_room room{1'000'000};
    CHECK(room.reserve() == 16);
    CHECK(room.max_now() == 1'000'000);
    CHECK(room.is_full(50, true));
    CHECK(room.max_now() == 50);
    CHECK(room.reserve() == 1);
}

}  // namespace descriptor_shares_test
