#include "peering/directory/route_table.hpp"

#include "tests/support/known_peers.hpp"
#include "tests/unit/ilp/vectors.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <deque>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace route_table_test {

using peering::route_table;
using support::peer_named;

namespace {

/// A peer named after its prefix, with an address of its own that does not interfere.
peering::peer peer_with(const std::string& prefix, std::uint32_t id, const peering::asset* asset = nullptr) {
    peering::peer made = peer_named(prefix);
    made.id = id;
    made.address = ilp::address::parse("example." + std::to_string(id)).value();
    made.asset = asset;
    made.routes = peering::prefix_list{{prefix}};
    return made;
}

/// A table in which each prefix leads to a peer of its own that is named after it.
class table_of {
public:
    explicit table_of(const std::vector<std::string>& prefixes) {
        for (const std::string& prefix : prefixes) {
            peers_.push_back(peer_with(prefix, static_cast<std::uint32_t>(peers_.size() + 1)));
            routes_.add(peers_.back());
        }
    }

    std::string find(std::string_view destination, std::size_t prefix_size_min = 0) const {
        const peering::peer* const found = routes_.find(destination, prefix_size_min, nullptr);
        return found == nullptr ? "no route" : std::string{found->name()};
    }

private:
    std::deque<peering::peer> peers_;
    route_table routes_;
};

}  // namespace

TEST_CASE("A15-08 A15-09: the longest prefix at a segment boundary, as the vectors say") {
    const auto vectors = vectors::load("generated/addresses.json");
    for (const auto& vector : vectors.at("prefix_match").as_array()) {
        std::vector<std::string> prefixes;
        for (const auto& prefix : vector.at("table").as_array()) prefixes.emplace_back(vectors::text(prefix));
        const auto& match = vector.at("match");
        INFO(boost::json::serialize(vector));
        CHECK(table_of{prefixes}.find(vectors::text(vector.at("dest"))) ==
              (match.is_null() ? "no route" : std::string{vectors::text(match)}));
    }
}

TEST_CASE("A15-08: the longest prefix wins, in whatever order the routes came") {
    for (const auto& prefixes : {std::vector<std::string>{"test", "test.p2", "test.p2.x"},
                                 std::vector<std::string>{"test.p2.x", "test", "test.p2"}}) {
        const table_of table{prefixes};
        CHECK(table.find("test.p2.x") == "test.p2.x");
        CHECK(table.find("test.p2.x.y.z") == "test.p2.x");
        CHECK(table.find("test.p2.xx") == "test.p2");
        CHECK(table.find("test.p2") == "test.p2");
        CHECK(table.find("test.p3") == "test");
    }
}

TEST_CASE("A15-07 A15-09: neither part of a segment nor another case is a match") {
    const table_of table{{"test.p2", "test.P3"}};
    CHECK(table.find("test.p22") == "no route");
    CHECK(table.find("test.p") == "no route");
    CHECK(table.find("test.p2-") == "no route");
    CHECK(table.find("test.p3") == "no route");
    CHECK(table.find("test.P3.x") == "test.P3");
}

TEST_CASE("A15-10: the result without a route is null") {
    CHECK(route_table{}.find("test.a", 0, nullptr) == nullptr);
    CHECK(table_of{{"g.a"}}.find("test.a") == "no route");
}

TEST_CASE("A15-13: the default route is used only on request") {
    const table_of table{{"", "test.p2"}};
    CHECK(table.find("test.p3", 0).empty());
    CHECK(table.find("test.p3", 1) == "no route");
    CHECK(table.find("test.p2.x", 1) == "test.p2");
}

TEST_CASE("route table: prefixes shorter than the minimum are ignored") {
    const table_of table{{"", "test", "test.d.child"}};
    CHECK(table.find("test.d.x", 4) == "test");
    CHECK(table.find("test.d.x", 5) == "no route");
    CHECK(table.find("test.d.child.x", 7) == "test.d.child");
    CHECK(table.find("test", 100) == "no route");
}

TEST_CASE("route table: of peers that share a prefix, the one with the packet's asset is used, else the oldest") {
    const peering::asset dollar;
    const peering::asset euro;
    const peering::asset yen;
    std::optional first = peer_with("test.a", 1, &dollar);
    std::optional second = peer_with("test.a", 2, &euro);
    std::optional third = peer_with("test.a", 3, &yen);

    route_table table;
    for (const auto& peer : {&third, &first, &second}) table.add(**peer);
    CHECK(table.size() == 4);
    CHECK(table.owners("test.a") == std::vector<const peering::peer*>{&*first, &*second, &*third});
    CHECK(table.find("test.a.x", 1, &dollar) == &*first);
    CHECK(table.find("test.a.x", 1, &euro) == &*second);
    CHECK(table.find("test.a.x", 1, &yen) == &*third);
    CHECK(table.find("test.a.x", 1, nullptr) == &*first);

    const auto leaves = [&table](std::optional<peering::peer>& peer) {
        table.remove(*peer);
        peer.reset();  // the table must not access it from now on
    };
    leaves(first);
    CHECK(table.find("test.a.x", 1, &dollar) == &*second);
    CHECK(table.find("test.a.x", 1, &yen) == &*third);
    leaves(third);
    CHECK(table.find("test.a.x", 1, &yen) == &*second);
    leaves(second);
    CHECK(table.find("test.a.x", 1, &euro) == nullptr);
    CHECK(table.owners("test.a").empty());
    CHECK(table.size() == 0);
}

TEST_CASE("A15-05 A15-08: the longest address with the most segments finds its route") {
    std::string destination = "g";
    while (destination.size() < 1023) destination += ".a";
    const std::string half = destination.substr(0, 511);
    const table_of table{{"g", half}};
    CHECK(table.find(destination) == half);
    CHECK(table.find("g." + std::string(1021, 'a')) == "g");
}

TEST_CASE("A15-08 A15-09: random tables agree with a search through all prefixes") {
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    const auto address = [&random](unsigned segments_max) {
        std::string text = "test";
        for (auto left = random() % (segments_max + 1); left != 0; --left) text += random() % 2 == 0 ? ".a" : ".aa";
        return text;
    };
    for (int round = 0; round < 200; ++round) {
        std::vector<std::string> prefixes;
        for (int i = 0; i < 8; ++i) prefixes.push_back(address(4));
        const table_of table{prefixes};
        for (int i = 0; i < 50; ++i) {
            const std::string destination = address(6);
            std::string longest = "no route";
            for (const std::string& prefix : prefixes) {
                const bool longer = longest == "no route" || prefix.size() > longest.size();
                if (ilp::covers(prefix, destination) && longer) longest = prefix;
            }
            if (table.find(destination) != longest) FAIL(destination << ": " << longest);
        }
    }
}

}  // namespace route_table_test
