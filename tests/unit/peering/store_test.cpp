#include "peering/store.hpp"

#include "tests/support/child_process.hpp"
#include "tests/unit/peering/world.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

using namespace peering;
using namespace peering::testing;

namespace {

bool is_uuid_v4(const std::string& text) {
    const std::string form = "xxxxxxxx-xxxx-4xxx-vxxx-xxxxxxxxxxxx";
    return std::ranges::equal(text, form, [](char found, char wanted) {
        const std::string_view allowed = wanted == 'x' ? "0123456789abcdef" : wanted == 'v' ? "89ab" : "";
        return allowed.empty() ? found == wanted : allowed.find(found) != std::string_view::npos;
    });
}

}  // namespace

TEST_CASE("a store keeps assets, peers and first deposits") {
    const support::temporary_directory directory;
    const std::string url = GENERATE("memory:", "sqlite:");
    CAPTURE(url);
    const auto store = open_or_throw(url == "memory:" ? url : url + (directory.path() / "ilpd.db").string());
    CHECK(store->load().value().assets.empty());

    const asset_record usd = store->add_asset("USD", 9, {1000}).value();
    const asset_record eur = store->add_asset("EUR", 255, {}).value();
    const std::array<new_peer, 3> wanted{new_peer{"bob", "test.bob", usd.id, {amount_max}},
                                         new_peer{"carol", "test.carol", eur.id, {}},
                                         new_peer{"dave", "test.dave", usd.id, {7}}};
    const std::vector<peer_record> added = store->add_peers(wanted).value();
    REQUIRE(added.size() == 3);
    CHECK(added[1].name == "carol");

    const catalogue loaded = store->load().value();
    REQUIRE(loaded.assets.size() == 2);
    CHECK(loaded.assets[0].code == "USD");
    CHECK(loaded.assets[1].scale == 255);
    CHECK((loaded.assets[0].liquidity.totals == account_totals{0, 1000}));
    CHECK((loaded.assets[0].settlement.totals == account_totals{wide_amount{amount_max} + 1007, 0}));
    CHECK((loaded.assets[1].settlement.totals == account_totals{}));
    REQUIRE(loaded.peers.size() == 3);
    CHECK((loaded.peers[0].liquidity.totals == account_totals{0, amount_max}));
    CHECK(loaded.peers[0].ilp_address == "test.bob");
    CHECK(loaded.peers[2].asset_id == usd.id);
    CHECK(loaded.peers[2].uuid == added[2].uuid);

    std::set<std::string> uuids;
    std::set<account_id> accounts;
    for (const asset_record& asset : loaded.assets) {
        CHECK(is_uuid_v4(asset.uuid));
        uuids.insert(asset.uuid);
        accounts.insert({asset.liquidity.id, asset.settlement.id});
    }
    for (const peer_record& peer : loaded.peers) {
        CHECK(is_uuid_v4(peer.uuid));
        uuids.insert(peer.uuid);
        accounts.insert(peer.liquidity.id);
    }
    CHECK(uuids.size() == 5);
    CHECK(accounts.size() == 7);

    const peer_change change{added[1].id, "caroline", "test.c"};
    REQUIRE(store->change_peers({&change, 1}).has_value());
    CHECK(store->load().value().peers[1].name == "caroline");
    CHECK(store->load().value().peers[1].ilp_address == "test.c");
}

TEST_CASE("a call that a store refuses changes nothing") {
    const support::temporary_directory directory;
    const std::string url = GENERATE("memory:", "sqlite:");
    CAPTURE(url);
    const auto store = open_or_throw(url == "memory:" ? url : url + (directory.path() / "ilpd.db").string());
    const asset_record usd = store->add_asset("USD", 9, {}).value();
    const std::array<new_peer, 2> wanted{new_peer{"bob", "test.bob", usd.id, {5}},
                                         new_peer{"carol", "test.carol", usd.id + 1, {}}};
    CHECK_FALSE(store->add_peers(wanted).has_value());
    const peer_change change{17, "dave", "test.dave"};
    CHECK_FALSE(store->change_peers({&change, 1}).has_value());
    const catalogue loaded = store->load().value();
    CHECK(loaded.peers.empty());
    CHECK((loaded.assets[0].settlement.totals == account_totals{}));
    CHECK(store->add_peers(std::span{wanted}.first(1)).has_value());
}

TEST_CASE("a URL of another kind is refused, and not repeated: it may hold a password") {
    for (const std::string url :
         {"", "sqlite:", "memory", "memory:x", "postgresql://user:hunter2@host/db", "ilpd.db"}) {
        const auto opened = open_store(url);
        REQUIRE_FALSE(opened.has_value());
        CHECK_THAT(opened.error().message, Catch::Contains("sqlite:PATH") && !Catch::Contains("hunter2"));
    }
}
