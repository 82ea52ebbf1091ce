#include "tests/integration/administered.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <thread>

namespace admin_file_test {

// Peers and assets of the configuration file side by side with those of the Admin API.
namespace {

using namespace support;
using namespace std::chrono_literals;
namespace json = boost::json;

const std::string token_of_p1 = token_of("p1");

std::string route(const ilpd_daemon& d, const std::string& destination, const std::string& token = token_of_p1) {
    const prepare sent{.amount = 0, .destination = destination, .data = random_bytes(8)};
    return outcome(http_connection{d.port()}.exchange(many_connections::request(sent, token)));
}

std::size_t times_logged(const ilpd_daemon& d, std::string_view text) {
    const std::string log = d.log();
    std::size_t count = 0;
    for (auto at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++count;
    return count;
}

constexpr std::string_view refused_line = "the reload failed; nothing has changed";

/// Sends SIGHUP after writing the current terms, waits for the result and requires success.
void reload(const ilpd_daemon& d) {
    const std::size_t before = times_logged(d, " reloaded peers=");
    const std::size_t refused = times_logged(d, refused_line);
    d.reload();
    REQUIRE(eventually(
        [&] { return times_logged(d, " reloaded peers=") > before || times_logged(d, refused_line) > refused; }));
    INFO(d.log());
    REQUIRE(times_logged(d, refused_line) == refused);
}

/// Returns what the daemon logs about the refusal.
std::string refused_reload(const ilpd_daemon& d, const std::function<void()>& send_signal) {
    const std::size_t size = d.log().size();
    send_signal();
    REQUIRE(eventually([&] { return d.log().substr(size).contains(refused_line); }));
    return d.log().substr(size);
}
std::string refused_reload(const ilpd_daemon& d) {
    return refused_reload(d, [&] { d.reload(); });
}

std::string origin_of(const json::value& listed) {
    return text_at(listed, "origin");
}

json::value asset_of(const admin_client& admin, std::string_view code) {
    for (const auto& asset : admin.assets()) {
        if (text_at(asset, "code") == code) return asset;
    }
    return nullptr;
}

}  // namespace

TEST_CASE("admin: objects of the file are marked and can be changed only there") {
    const administered a{store_kind::sqlite};
    const std::string eur = a.admin.create_asset("EUR", 2);
    const std::string bob = a.create_peer("bob", free_port());
    const json::value p1 = a.admin.peer_named("p1");
    CHECK(origin_of(p1) == "FILE");
    CHECK(origin_of(a.admin.peer(bob)) == "API");
    CHECK(origin_of(asset_of(a.admin, "USD")) == "FILE");
    CHECK(origin_of(asset_of(a.admin, "EUR")) == "API");

    const json::array peers = a.admin.peers();
    const json::array assets = a.admin.assets();
    const std::string id = text_at(p1, "id");
    const auto expect_forbidden = [&](std::string_view name, json::object input) {
        const auto answer = a.admin.mutate(name, std::move(input));
        INFO(name << ": " << answer.text());
        CHECK(answer.code() == "FORBIDDEN");
        CHECK(answer.message().contains("configuration file"));
    };
    expect_forbidden("updatePeer", {{"id", id}, {"name", "x"}});
    expect_forbidden("updatePeer", {{"id", id}, {"http", http_input(free_port(), "x", "y")}});
    expect_forbidden("deletePeer", {{"id", id}});
    expect_forbidden("updateAsset", {{"id", a.usd}, {"liquidityThreshold", 5}});
    expect_forbidden("deleteAsset", {{"id", a.usd}});
    CHECK(a.admin.peers() == peers);
    CHECK(a.admin.assets() == assets);
    // Its liquidity can still be changed through the API.
    a.admin.deposit(id, 5);
    CHECK(a.r.d.liquidity("p1") == default_liquidity + 5);
}

TEMPLATE_TEST_CASE("admin: peers of the Admin API survive a reload and a restart with a file that does not have them",
                   "", on_sqlite, on_postgresql) {
    administered a{TestType::kind};
    const fake_peer bob;
    const std::string eur = a.admin.create_asset("EUR", 2);
    a.admin.create_peer(peer_input("eve", eur, free_port(), 50));
    a.create_peer("bob", bob.port());
    const auto of_the_api = [&] {
        json::array found;
        for (const auto& peer : a.admin.peers()) {
            if (origin_of(peer) == "API") found.push_back(peer);
        }
        return found;
    };
    const json::array before = of_the_api();
    CHECK(before.size() == 2);
    const auto expect_unchanged = [&] {
        CHECK(json::serialize(of_the_api()) == json::serialize(before));
        CHECK(route(a.r.d, "test.bob.x") == "fulfill");
        CHECK(route(a.r.d, "test.p2.x", token_of("bob")) == "fulfill");
        CHECK(origin_of(asset_of(a.admin, "EUR")) == "API");
    };
    a.r.d.terms().peers.push_back({.name = "p3", .liquidity = 77});
    reload(a.r.d);
    expect_unchanged();
    CHECK(a.r.d.liquidity("p3") == 77);
    a.r.d.terms().peers.pop_back();
    a.stop_and_start();
    expect_unchanged();
    CHECK(a.admin.peer_named("p3").is_null());
}

TEMPLATE_TEST_CASE("admin: a peer of the Admin API becomes the file's with its balance and its new terms", "",
                   on_sqlite, on_postgresql) {
    administered a{TestType::kind};
    const fake_peer old_place;
    const fake_peer new_place;
    const std::string bob = a.create_peer("bob", old_place.port(), 500);
    CHECK(outcome(a.r.d.post({.amount = 100}, "bob")) == "fulfill");
    // The name, tokens and endpoint differ: the peer is identified by its address and asset.
    a.r.d.terms().peers.push_back(
        {.name = "robert", .address = "test.bob", .port = new_place.port(), .liquidity = 9999, .routes = {"test.b"}});
    reload(a.r.d);
    const auto expect_taken_over = [&] {
        const json::value taken = a.admin.peer(bob);
        CHECK(origin_of(taken) == "FILE");
        CHECK(text_at(taken, "name") == "robert");
        CHECK(text_at(taken, "liquidity") == "400");
        CHECK(route(a.r.d, "test.p2", token_of("bob")) == "HTTP 401");
        CHECK(route(a.r.d, "test.p2", token_of("robert")) == "fulfill");
        CHECK(route(a.r.d, "test.b.x") == "fulfill");
        REQUIRE(new_place.request_count() > 0);
        CHECK(new_place.requests().back().header("authorization") == "Bearer " + token_for("robert"));
        CHECK(a.admin.mutate("updatePeer", {{"id", bob}, {"name", "x"}}).code() == "FORBIDDEN");
        CHECK(a.admin.peers().size() == 3);
    };
    expect_taken_over();
    a.kill9_and_start();
    expect_taken_over();
    CHECK(old_place.request_count() == 0);

    // If it then leaves the file, it is removed: neither the file nor the API has terms for it.
    a.r.d.terms().peers.pop_back();
    reload(a.r.d);
    CHECK(a.admin.peer(bob).is_null());
    CHECK(route(a.r.d, "test.p2", token_of("robert")) == "HTTP 401");
    CHECK(a.r.d.audit().status == 0);
}

TEMPLATE_TEST_CASE("admin: a peer removed from the file disappears, and returns with its balance", "", on_sqlite,
                   on_postgresql) {
    administered a{TestType::kind};
    const fake_peer place;
    const peer_terms p3{.name = "p3", .port = place.port(), .liquidity = 500};
    a.r.d.terms().peers.push_back(p3);
    reload(a.r.d);
    many_connections used{a.r.d};
    CHECK(used.post({.amount = 2}, token_of("p3")) == "fulfill");
    const std::string id = text_at(a.admin.peer_named("p3"), "id");
    const bool by_restart = GENERATE(false, true);
    const auto take_file = [&] {
        if (by_restart) return a.stop_and_start();
        reload(a.r.d);
    };

    a.r.d.terms().peers.pop_back();
    take_file();
    CHECK(many_connections{a.r.d}.post({.amount = 2}, token_of("p3")) == "HTTP 401");
    CHECK(route(a.r.d, "test.p3.x") == "F02");
    CHECK(a.admin.peer(id).is_null());
    CHECK(a.admin.peers().size() == 2);
    CHECK(!a.r.d.scrape().has("ilp_peer_liquidity", {{"peer", "p3"}}));
    CHECK(a.admin.mutate("setPeerEnabled", {{"id", id}, {"enabled", true}}).code() == "NOT_FOUND");
    CHECK(a.r.d.audit().status == 0);

    a.r.d.terms().peers.push_back(p3);
    take_file();
    CHECK(text_at(a.admin.peer_named("p3"), "id") == id);
    CHECK(a.r.d.liquidity("p3") == 500 - 32);
    CHECK(many_connections{a.r.d}.post({.amount = 2}, token_of("p3")) == "fulfill");
    CHECK(route(a.r.d, "test.p3.x") == "fulfill");
    CHECK(a.r.d.audit().status == 0);
}

TEMPLATE_TEST_CASE("admin: an asset removed from the file becomes the Admin API's, and the other way round", "",
                   on_sqlite, on_postgresql) {
    administered a{TestType::kind};
    const auto eur = [&] { return asset_of(a.admin, "EUR"); };
    a.r.d.terms().assets = {{.code = "EUR", .scale = 2, .liquidity = 70, .liquidity_threshold = 50}};
    reload(a.r.d);
    CHECK(origin_of(eur()) == "FILE");
    CHECK(text_at(eur(), "liquidity") == "70");
    const std::string id = text_at(eur(), "id");
    CHECK(a.admin.mutate("updateAsset", {{"id", id}, {"liquidityThreshold", 5}}).code() == "FORBIDDEN");

    a.r.d.terms().assets.clear();
    reload(a.r.d);
    CHECK(origin_of(eur()) == "API");
    CHECK(text_at(eur(), "id") == id);
    CHECK(text_at(eur(), "liquidity") == "70");
    CHECK(text_at(eur(), "liquidityThreshold") == "50");
    CHECK(a.admin.mutate("updateAsset", {{"id", id}, {"liquidityThreshold", 5}}).done());
    a.stop_and_start();
    CHECK(origin_of(eur()) == "API");
    CHECK(text_at(eur(), "liquidityThreshold") == "5");

    a.r.d.terms().assets = {{.code = "EUR", .scale = 2, .liquidity = 9999}};
    reload(a.r.d);
    CHECK(origin_of(eur()) == "FILE");
    CHECK(text_at(eur(), "liquidity") == "70");
    CHECK(a.admin.mutate("deleteAsset", {{"id", id}}).code() == "FORBIDDEN");
    a.r.d.terms().assets.clear();
    reload(a.r.d);
    CHECK(a.admin.mutate("deleteAsset", {{"id", id}}).done());
    CHECK(a.r.d.audit().status == 0);
}

TEST_CASE("admin: a file that clashes with a peer of the Admin API is refused and changes nothing") {
    administered a{store_kind::sqlite};
    json::object wanted = peer_input("bob", a.usd, free_port(), 100);
    wanted["routes"] = json::array{"test.b"};
    const std::string bob = a.admin.create_peer(std::move(wanted));
    const auto terms = [&] {
        json::array found = a.admin.peers();
        for (auto& peer : found) peer.as_object().erase("liquidity");
        return found;
    };
    const json::array peers = terms();
    const peer_terms clash =
        GENERATE(peer_terms{.name = "carol", .tokens = {"carols-token", token_of("bob")}},
                 peer_terms{.name = "carol", .routes = {"test.b"}}, peer_terms{.name = "carol", .address = "test.b"});
    a.r.d.terms().peers[0].terms = {"max_packet_amount: 5"};
    a.r.d.terms().peers.push_back(clash);
    const std::string said = refused_reload(a.r.d);
    INFO(said);
    CHECK(said.contains("carol"));
    CHECK(said.contains(bob));
    CHECK(!said.contains(token_of("bob")));
    CHECK(terms() == peers);
    CHECK(route(a.r.d, "test.p2", "carols-token") == "HTTP 401");
    CHECK(outcome(a.r.send(prepare{.amount = 6})) == "fulfill");
    CHECK(outcome(a.r.d.post({.amount = 6}, "bob")) == "fulfill");

    // A start with this file is refused with the same message.
    CHECK(a.r.d.stop() == 0);
    a.r.d.write_config();
    command what;
    what.arguments = {daemon_program(), "--config", a.r.d.config_path().string()};
    what.output = a.r.d.folder() / "refused";
    child_process refused{std::move(what)};
    CHECK(refused.wait(patience) == 1);
    CHECK(refused.output().contains("carol"));
    CHECK(refused.output().contains(bob));

    a.r.d.terms().peers.pop_back();
    a.r.d.start();
    CHECK(outcome(a.r.d.post({.amount = 5}, "bob")) == "fulfill");
    CHECK(outcome(a.r.send(prepare{.amount = 6})) == "F08");
    CHECK(a.r.d.audit().status == 0);
}

TEST_CASE("admin: a broken file changes nothing and is reported, and the next valid file is applied") {
    administered a{store_kind::sqlite};
    const std::string bob = a.create_peer("bob", free_port());
    const json::array peers = a.admin.peers();
    const std::string said = refused_reload(a.r.d, [&] {
        std::ofstream{a.r.d.config_path()} << "nonsense: true\n";
        a.r.d.process().signal(SIGHUP);
    });
    CHECK(said.contains("nonsense"));
    CHECK(a.admin.peers() == peers);
    a.admin.update_peer(bob, {{"maxPacketAmount", 5}});
    CHECK(outcome(a.r.d.post({.amount = 6}, "bob")) == "F08");
    CHECK(outcome(a.r.d.post({.amount = 5}, "bob")) == "fulfill");
    a.r.d.terms().peers.push_back({.name = "p3", .liquidity = 77});
    reload(a.r.d);
    CHECK(a.r.d.liquidity("p3") == 77);
    CHECK(text_at(a.admin.peer(bob), "maxPacketAmount") == "5");
}

TEMPLATE_TEST_CASE("admin: a name used in the file belongs to the file's peer", "", on_sqlite, on_postgresql) {
    administered a{TestType::kind};
    const fake_peer other;
    const std::string id = a.create_peer("bob", free_port(), 10);
    CHECK(a.r.d.liquidity("bob") == 10);
    a.r.d.terms().peers.push_back(
        {.name = "bob", .address = "test.another", .port = other.port(), .liquidity = 77, .tokens = {"another-token"}});
    reload(a.r.d);
    for (int round = 0; round < 2; ++round) {
        CHECK(a.r.d.liquidity("bob") == 77);
        CHECK(a.r.d.liquidity(id) == 10);
        CHECK(text_at(a.admin.peer(id), "name") == "bob");  // a name as shown need not be unique
        CHECK(route(a.r.d, "test.another.x") == "fulfill");
        CHECK(route(a.r.d, "test.p2", token_of("bob")) == "fulfill");
        const auto at_path = [&](const std::string& path, const std::string& token) {
            http_request request = many_connections::request({.amount = 0}, token);
            request.target = "/accounts/" + path + "/ilp";
            return outcome(http_connection{a.r.d.port()}.exchange(request));
        };
        CHECK(at_path("bob", "another-token") == "fulfill");
        CHECK(at_path("bob", token_of("bob")) == "HTTP 401");
        CHECK(at_path(id, token_of("bob")) == "fulfill");
        a.stop_and_start();
    }
}

TEMPLATE_TEST_CASE("admin: reloads and mutations side by side all take effect", "", on_sqlite, on_postgresql) {
    administered a{TestType::kind, [](daemon_terms& terms) { terms.log_level = "info"; }};
    constexpr int reloads = 15;
    std::vector<std::string> created;
    std::string fault;
    {
        std::jthread mutating{[&](const std::stop_token& stop) {
            try {
                for (int i = 0; !stop.stop_requested(); ++i) {
                    const std::string name = "a" + std::to_string(i);
                    const std::string id = a.admin.create_peer(peer_input(name, a.usd, free_port(), 1));
                    a.admin.update_peer(id, {{"routes", json::array{"test.route-" + std::to_string(i)}}});
                    a.admin.deposit(id, 1);
                    if (i % 2 == 1) a.admin.set_enabled(id, false);
                    created.push_back(id);
                }
            } catch (const std::exception& error) {
                fault = error.what();
            }
        }};
        for (int i = 0; i < reloads; ++i) {
            a.r.d.terms().peers.push_back({.name = "f" + std::to_string(i), .liquidity = 3});
            if (i % 5 == 4) a.r.d.terms().peers.erase(a.r.d.terms().peers.begin() + 2);
            reload(a.r.d);
        }
    }
    CHECK(fault.empty());
    CHECK(!created.empty());
    const auto expect_all = [&] {
        CHECK(a.admin.peers().size() == created.size() + 2 + reloads - reloads / 5);
        for (std::size_t i = 0; i < created.size(); ++i) {
            const json::value peer = a.admin.peer(created[i]);
            REQUIRE(!peer.is_null());
            CHECK(text_at(peer, "liquidity") == "2");
            CHECK(peer.at("routes").as_array().size() == 2);
            CHECK(peer.at("enabled") == json::value(i % 2 == 0));
        }
        CHECK(a.r.d.liquidity("f14") == 3);
        CHECK(!a.r.d.scrape().has("ilp_peer_liquidity", {{"peer", "f0"}}));
    };
    expect_all();
    a.kill9_and_start();
    expect_all();
    CHECK(a.r.d.audit().status == 0);
}

}  // namespace admin_file_test
