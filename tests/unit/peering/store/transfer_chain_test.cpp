#include "peering/store/transfer_chain.hpp"

#include <catch2/catch.hpp>

#include <map>

namespace transfer_chain_test {

using namespace peering;

namespace {

constexpr account_id bob{3};
constexpr account_id carol{4};

std::map<account_id, chain_ends> others(transfer_chain& chain) {
    std::map<account_id, chain_ends> found;
    chain.take_others([&](account_id account, const chain_ends& ends) { CHECK(found.emplace(account, ends).second); });
    return found;
}

}  // namespace

TEST_CASE("each row names the previous one of the same account and side") {
    transfer_chain chain;
    chain.restore(7);
    chain.restore(bob, {5, 2});
    CHECK(chain.add(bob, carol) == chain_link{8, 5, 0});
    CHECK(chain.add(bob, carol) == chain_link{9, 8, 8});
    CHECK(chain.add(carol, bob) == chain_link{10, 0, 2});
    CHECK(chain.add(bob, bob) == chain_link{11, 9, 10});
    CHECK(chain.take_ends(bob) == chain_ends{11, 11});
    CHECK(chain.take_ends(carol) == chain_ends{10, 9});
}

TEST_CASE("each end that a transaction has moved is taken once") {
    transfer_chain chain;
    chain.add(bob, carol);
    chain.add(carol, bob);
    CHECK(chain.take_ends(account_id{9}) == chain_ends{});
    CHECK(chain.take_ends(bob) == chain_ends{1, 2});
    CHECK(others(chain) == std::map<account_id, chain_ends>{{carol, {2, 1}}});
    CHECK(others(chain).empty());
    chain.keep();
    CHECK(others(chain).empty());
    chain.add(carol, bob);
    CHECK(others(chain).size() == 2);
}

TEST_CASE("the rows of a transaction can be undone, whether their ends were taken or not") {
    transfer_chain chain;
    chain.add(bob, carol);
    CHECK(others(chain).size() == 2);
    chain.keep();
    chain.add(bob, carol);
    chain.add(carol, bob);
    chain.add(bob, account_id{9});
    CHECK(chain.take_ends(bob) == chain_ends{4, 3});
    chain.undo();
    chain.undo();
    CHECK(others(chain).empty());
    CHECK(chain.take_ends(bob) == chain_ends{1, 0});
    CHECK(chain.take_ends(carol) == chain_ends{0, 1});
    CHECK(chain.take_ends(account_id{9}) == chain_ends{});
    CHECK(chain.add(bob, carol) == chain_link{2, 1, 1});
}

}  // namespace transfer_chain_test
