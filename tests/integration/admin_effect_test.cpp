#include "tests/integration/administered.hpp"

#include <catch2/catch.hpp>

namespace admin_effect_test {

// Changes made through the Admin API take effect with its answer, without a restart.
namespace {

using namespace support;
using namespace std::chrono_literals;
namespace json = boost::json;

const std::string token_of_p1 = token_of("p1");

prepare to(const std::string& destination, std::uint64_t amount = 1) {
    return {.amount = amount, .destination = destination, .data = random_bytes(8)};
}

std::string bearer_in(const http_message& request) {
    return request.header("authorization").value_or("none");
}

/// A packet that its receiver holds until the test has it fulfilled. Further packets are not delayed.
class held_packet {
public:
    held_packet(const ilpd_daemon& d, const prepare& sent, const std::string& token, fake_peer& receiver)
        : sent_{sent}, connection_{d.port()} {
        receiver.set_script([hold = hold_, data = sent.data](const http_message& request) {
            auto answer = answer_fulfill(request);
            if (decode_prepare(request.body).data == data) answer.held_by = hold;
            return answer;
        });
        const std::size_t before = receiver.request_count();
        connection_.send(many_connections::request(sent_, token));
        REQUIRE(receiver.wait_for_requests(before + 1));
    }

    void expect_fulfilled() {
        hold_->open();
        expect_fulfill(connection_.receive(), sent_);
    }

private:
    std::shared_ptr<gate> hold_ = std::make_shared<gate>();
    prepare sent_;
    http_connection connection_;
};

}  // namespace

TEMPLATE_TEST_CASE("admin: a new peer sends and receives with the next packet", "", on_sqlite, on_postgresql) {
    const administered a{TestType::kind};
    const fake_peer bob;
    many_connections used{a.r.d};
    CHECK(used.post(to("test.p2.x"), token_of_p1) == "fulfill");
    CHECK(used.post(to("test.bob.x"), token_of_p1) == "F02");
    CHECK(used.post(to("test.p2.x"), token_of("bob")) == "HTTP 401");
    json::object wanted = peer_input("bob", a.usd, bob.port(), 1000);
    wanted["routes"] = json::array{"test.also-bob"};
    a.admin.create_peer(std::move(wanted));
    CHECK(used.post(to("test.p2.x", 10), token_of("bob")) == "fulfill");
    CHECK(used.post(to("test.bob.x"), token_of_p1) == "fulfill");
    CHECK(used.post(to("test.also-bob"), token_of_p1) == "fulfill");
    REQUIRE(bob.request_count() == 32);
    CHECK(bearer_in(bob.requests().back()) == "Bearer " + token_for("bob"));
    CHECK(a.r.d.settled_liquidity("bob") == 1000 - 160 + 32);
    CHECK(a.r.d.audit().status == 0);
}

TEMPLATE_TEST_CASE("admin: a replaced token is invalid once the mutation is answered", "", on_sqlite, on_postgresql) {
    const administered a{TestType::kind};
    const std::string bob = a.create_peer("bob", free_port());
    many_connections used{a.r.d};
    many_connections begun{a.r.d};
    CHECK(used.post(to("test.p2.x"), token_of("bob")) == "fulfill");
    begun.begin(to("test.p2.x"), token_of("bob"));
    many_connections barrier{a.r.d};  // once later connections are answered, everything sent before has been read
    CHECK(barrier.post(to("test.p2.x"), token_of("bob")) == "fulfill");
    const std::size_t before = a.r.p2.request_count();

    a.admin.update_peer(bob, {{"http", http_input(free_port(), token_for("bob"), "the-next-token")}});
    CHECK(used.post(to("test.p2.x"), token_of("bob")) == "HTTP 401");
    CHECK(begun.end() == "HTTP 401");
    CHECK(a.r.p2.request_count() == before);
    CHECK(many_connections{a.r.d}.post(to("test.p2.x"), token_of("bob")) == "HTTP 401");
    CHECK(many_connections{a.r.d}.post(to("test.p2.x"), "the-next-token") == "fulfill");
}

TEMPLATE_TEST_CASE("admin: a request in progress continues if its token is still valid", "", on_sqlite, on_postgresql) {
    const administered a{TestType::kind};
    const std::string bob = a.create_peer("bob", free_port());
    many_connections begun{a.r.d};
    begun.begin(to("test.p2.x", 7), token_of("bob"));
    a.admin.update_peer(bob, {{"name", "robert"}});
    a.admin.update_peer(bob, {{"maxPacketAmount", "7"}});
    CHECK(begun.end() == "fulfill");
    // The new terms apply to the packet, however early its header section arrived.
    many_connections again{a.r.d};
    again.begin(to("test.p2.x", 7), token_of("bob"));
    a.admin.update_peer(bob, {{"maxPacketAmount", "6"}});
    CHECK(again.end() == "F08");
    CHECK(a.r.d.settled_liquidity("robert") == 1'000'000 - 16 * 7);
}

TEMPLATE_TEST_CASE("admin: a token that moves to another peer identifies that peer", "", on_sqlite, on_postgresql) {
    const administered a{TestType::kind};
    const std::string bob = a.create_peer("bob", free_port());
    const std::string carol = a.create_peer("carol", free_port());
    many_connections used{a.r.d};
    CHECK(used.post(to("test.p2.x"), token_of("bob")) == "fulfill");
    const json::object taken{{"id", carol}, {"http", http_input(free_port(), "x", token_of("bob"))}};
    CHECK(a.admin.mutate("updatePeer", taken).code() == "DUPLICATE");
    a.admin.update_peer(bob, {{"http", http_input(free_port(), "x", "the-next-token")}});
    static_cast<void>(a.admin.mutate("updatePeer", taken).field());
    CHECK(used.post(to("test.p2.x", 100), token_of("bob")) == "fulfill");
    CHECK(used.post(to("test.p2.x"), token_of("carol")) == "HTTP 401");
    CHECK(a.r.d.settled_liquidity("bob") == 1'000'000 - 16);
    CHECK(a.r.d.settled_liquidity("carol") == 1'000'000 - 1600);
}

TEMPLATE_TEST_CASE("admin: routes are added, removed and moved", "", on_sqlite, on_postgresql) {
    const administered a{TestType::kind};
    const fake_peer bob;
    const fake_peer carol;
    const std::string bob_id = a.create_peer("bob", bob.port());
    const std::string carol_id = a.create_peer("carol", carol.port());
    many_connections used{a.r.d};
    const auto leads_to = [&](const std::string& destination) -> std::string {
        const std::size_t to_bob = bob.request_count();
        const std::size_t to_carol = carol.request_count();
        const std::string result = used.post(to(destination), token_of_p1);
        if (result != "fulfill") return result;
        if (bob.request_count() == to_bob + 16 && carol.request_count() == to_carol) return "bob";
        if (carol.request_count() == to_carol + 16 && bob.request_count() == to_bob) return "carol";
        return "somebody else";
    };
    CHECK(leads_to("test.shared.x") == "F02");
    a.admin.update_peer(bob_id, {{"routes", json::array{"test.shared", "test.one"}}});
    CHECK(leads_to("test.shared.x") == "bob");
    CHECK(leads_to("test.one") == "bob");
    CHECK(leads_to("test.bob.x") == "bob");
    CHECK(a.admin.mutate("updatePeer", {{"id", carol_id}, {"routes", json::array{"test.shared"}}}).code() ==
          "DUPLICATE");
    CHECK(leads_to("test.shared.x") == "bob");
    a.admin.update_peer(carol_id, {{"routes", json::array{"test.shared.x"}}});
    CHECK(leads_to("test.shared.x.y") == "carol");
    CHECK(leads_to("test.shared.y") == "bob");
    a.admin.update_peer(bob_id, {{"routes", json::array{"test.one"}}});
    CHECK(leads_to("test.shared.y") == "F02");
    a.admin.update_peer(carol_id, {{"routes", json::array{"test.shared"}}});
    CHECK(leads_to("test.shared.y") == "carol");

    a.admin.update_peer(bob_id, {{"staticIlpAddress", "test.robert"}});
    CHECK(leads_to("test.robert.x") == "bob");
    CHECK(leads_to("test.bob.x") == "F02");
    CHECK(leads_to("test.one.x") == "bob");
    CHECK(text_at(a.admin.peer(bob_id), "staticIlpAddress") == "test.robert");
    const json::object onto_another{{"id", bob_id}, {"staticIlpAddress", "test.carol"}};
    CHECK(a.admin.mutate("updatePeer", onto_another).code() == "DUPLICATE");
    CHECK(leads_to("test.robert.x") == "bob");
    a.admin.update_peer(carol_id, {{"staticIlpAddress", "test.bob"}, {"routes", json::array{}}});
    CHECK(leads_to("test.bob.x") == "carol");
    CHECK(leads_to("test.shared.y") == "F02");
}

TEMPLATE_TEST_CASE("admin: the maximum packet amount can be changed", "", on_sqlite, on_postgresql) {
    const administered a{TestType::kind};
    const fake_peer bob;
    const std::string id = a.create_peer("bob", bob.port());
    http_connection used{a.r.d.port()};
    const auto from_bob = [&](std::uint64_t amount) {
        return used.exchange(many_connections::request(to("test.p2.x", amount), token_of("bob")));
    };
    const auto to_bob = [&](std::uint64_t amount) {
        return used.exchange(many_connections::request(to("test.bob.x", amount), token_of_p1));
    };
    CHECK(outcome(from_bob(1000)) == "fulfill");
    a.admin.update_peer(id, {{"maxPacketAmount", "50"}});
    expect_amount_too_large(from_bob(51), 51, 50);
    expect_amount_too_large(to_bob(51), 51, 50);
    CHECK(outcome(from_bob(50)) == "fulfill");
    CHECK(outcome(to_bob(50)) == "fulfill");
    a.admin.update_peer(id, {{"maxPacketAmount", 60}});
    expect_amount_too_large(from_bob(61), 61, 60);
    CHECK(outcome(from_bob(60)) == "fulfill");
    a.admin.update_peer(id, {{"maxPacketAmount", nullptr}});
    CHECK(outcome(from_bob(1000)) == "fulfill");
    CHECK(outcome(to_bob(1000)) == "fulfill");
}

TEMPLATE_TEST_CASE("admin: packets go to the new endpoint with the new token, and those sent to the old one complete",
                   "", on_sqlite, on_postgresql) {
    const administered a{TestType::kind};
    fake_peer old_place;
    const fake_peer new_place;
    const std::string id = a.create_peer("bob", old_place.port());
    many_connections used{a.r.d};
    CHECK(used.post(to("test.bob.x"), token_of_p1) == "fulfill");
    held_packet held{a.r.d, to("test.bob.x", 100), token_of_p1, old_place};
    const std::size_t before = old_place.request_count();

    a.admin.update_peer(id, {{"http", http_input(new_place.port(), "another-token")}});
    CHECK(used.post(to("test.bob.x"), token_of_p1) == "fulfill");
    CHECK(used.post(to("test.p2.x"), token_of("bob")) == "fulfill");  // the daemon's own token is unchanged
    CHECK(old_place.request_count() == before);
    for (const http_message& request : new_place.requests()) CHECK(bearer_in(request) == "Bearer another-token");
    REQUIRE(new_place.request_count() == 16);
    a.admin.update_peer(id, {{"http", http_input(new_place.port(), "a-third-token")}});
    CHECK(used.post(to("test.bob.x"), token_of_p1) == "fulfill");
    CHECK(bearer_in(new_place.requests().back()) == "Bearer a-third-token");
    held.expect_fulfilled();
    CHECK(a.r.d.settled_liquidity("bob") == 1'000'000 + 3 * 16 + 100 - 16);
    CHECK(eventually([&] { return old_place.connections_open() == 0; }));
}

TEST_CASE("admin: a token that can be guessed is refused where others may reach the listener") {
    // ilpd does not know this address as one of this machine alone, although it is one.
    const rig r{[](daemon_terms& terms) {
        terms.host = "[::ffff:127.0.0.1]";
        for (peer_terms& peer : terms.peers) peer.tokens = {peer.name + "-to-us-long-secret"};
    }};
    const admin_client admin{r.d.admin_port()};
    const std::string usd = admin.asset_id("USD", 9);
    const auto refused = admin.mutate("createPeer", peer_input("bo", usd, r.p2.port(), 0));
    CHECK(refused.code() == "BAD_USER_INPUT");
    CHECK(refused.message().contains("has fewer than 16 characters"));
    CHECK(admin.mutate("createPeer", peer_input("bobby", usd, r.p2.port(), 0)).done());
}

TEMPLATE_TEST_CASE("admin: a deleted peer is no longer authenticated", "", on_sqlite, on_postgresql) {
    const administered a{TestType::kind};
    const fake_peer bob;
    const std::string id = a.create_peer("bob", bob.port(), 0);
    many_connections used{a.r.d};
    many_connections begun{a.r.d};
    const prepare nothing{.amount = 0};
    CHECK(used.post(nothing, token_of("bob")) == "fulfill");
    begun.begin(nothing, token_of("bob"));
    CHECK(many_connections{a.r.d}.post(nothing, token_of("bob")) == "fulfill");

    static_cast<void>(a.admin.mutate("deletePeer", {{"id", id}}).field());
    CHECK(used.post(nothing, token_of("bob")) == "HTTP 401");
    CHECK(begun.end() == "HTTP 401");
    CHECK(many_connections{a.r.d}.post(to("test.bob.x"), token_of_p1) == "F02");
    CHECK(bob.request_count() == 0);
    CHECK(a.admin.peer(id).is_null());
    CHECK(a.admin.mutate("deletePeer", {{"id", id}}).code() == "NOT_FOUND");
    CHECK(a.admin.mutate("updatePeer", {{"id", id}, {"name", "x"}}).code() == "NOT_FOUND");

    // Its address and token are free for another peer, which inherits nothing from it.
    const std::string again = a.create_peer("bob", bob.port(), 5);
    CHECK(again != id);
    CHECK(many_connections{a.r.d, 5}.post(to("test.p2.x"), token_of("bob")) == "fulfill");
    CHECK(a.r.d.settled_liquidity("bob") == 0);
    CHECK(a.admin.mutate("deletePeer", {{"id", again}}).code() == "FORBIDDEN");
    CHECK(many_connections{a.r.d}.post(nothing, token_of("bob")) == "fulfill");
}

TEMPLATE_TEST_CASE("admin: a peer that a packet is on its way to or from is not deleted", "", on_sqlite,
                   on_postgresql) {
    administered a{TestType::kind};
    fake_peer bob;
    const std::string id = a.create_peer("bob", bob.port(), 0);
    {
        held_packet held{a.r.d, to("test.bob.x", 100), token_of_p1, bob};
        CHECK(a.admin.mutate("deletePeer", {{"id", id}}).code() == "FORBIDDEN");
        held.expect_fulfilled();
    }
    const std::string carol = a.create_peer("carol", free_port(), 10);
    held_packet held{a.r.d, to("test.p2.x", 10), token_of("carol"), a.r.p2};
    CHECK(a.admin.mutate("deletePeer", {{"id", carol}}).code() == "FORBIDDEN");
    held.expect_fulfilled();
    CHECK(a.r.d.settled_liquidity("bob") == 100);
    CHECK(a.r.d.audit().status == 0);
}

TEMPLATE_TEST_CASE("A18-07: a disabled peer sends and receives nothing, and what is in flight is finished", "",
                   on_sqlite, on_postgresql) {
    administered a{TestType::kind};
    fake_peer bob;
    const std::string id = a.create_peer("bob", bob.port());
    many_connections used{a.r.d};
    many_connections begun{a.r.d};
    CHECK(used.post(to("test.p2.x"), token_of("bob")) == "fulfill");
    held_packet from_bob{a.r.d, to("test.p2.x", 100), token_of("bob"), a.r.p2};
    held_packet to_bob{a.r.d, to("test.bob.x", 3000), token_of_p1, bob};
    begun.begin(to("test.p2.x"), token_of("bob"));
    const std::size_t reached_p2 = a.r.p2.request_count();

    a.admin.set_enabled(id, false);
    CHECK(used.post(to("test.p2.x"), token_of("bob")) == "T00");
    CHECK(used.post(to("test.bob.x"), token_of_p1) == "T01");
    CHECK(begun.end() == "T00");
    CHECK(a.r.p2.request_count() == reached_p2);
    CHECK(bob.request_count() == 1);
    from_bob.expect_fulfilled();
    to_bob.expect_fulfilled();
    const std::uint64_t left = 1'000'000 - 16 - 100 + 3000;
    CHECK(a.r.d.settled_liquidity("bob") == left);

    a.kill9_and_start();
    CHECK(a.admin.peer(id).at("enabled") == json::value(false));
    CHECK(many_connections{a.r.d}.post(to("test.p2.x"), token_of("bob")) == "T00");
    CHECK(many_connections{a.r.d}.post(to("test.bob.x"), token_of_p1) == "T01");
    // Its liquidity and terms can be changed, and neither enables it.
    a.admin.deposit(id, 5);
    a.admin.update_peer(id, {{"name", "robert"}});
    CHECK(many_connections{a.r.d}.post(to("test.p2.x"), token_of("bob")) == "T00");
    a.admin.set_enabled(id, true);
    CHECK(many_connections{a.r.d}.post(to("test.p2.x"), token_of("bob")) == "fulfill");
    CHECK(many_connections{a.r.d}.post(to("test.bob.x"), token_of_p1) == "fulfill");
    CHECK(a.r.d.settled_liquidity("robert") == left + 5);
    CHECK(a.r.d.audit().status == 0);
}

TEMPLATE_TEST_CASE("admin: a peer of the file is disabled by the Admin API and stays so over reload and restart", "",
                   on_sqlite, on_postgresql) {
    administered a{TestType::kind};
    const std::string p2 = text_at(a.admin.peer_named("p2"), "id");
    a.admin.set_enabled(p2, false);
    CHECK(many_connections{a.r.d}.post(to("test.p2.x"), token_of_p1) == "T01");
    a.r.d.terms().peers[1].routes = {"test.p2-as-well"};
    a.r.d.reload();
    REQUIRE(eventually([&] { return outcome(a.r.send(to("test.p2-as-well"))) == "T01"; }));
    a.stop_and_start();
    CHECK(many_connections{a.r.d}.post(to("test.p2.x"), token_of_p1) == "T01");
    a.admin.set_enabled(p2, true);
    CHECK(many_connections{a.r.d}.post(to("test.p2.x"), token_of_p1) == "fulfill");
}

TEMPLATE_TEST_CASE("admin: packets convert between currencies created through the Admin API", "", on_sqlite,
                   on_postgresql) {
    const administered a{TestType::kind,
                         [](daemon_terms& terms) { terms.rates = {"fixed: [{base: USD, quote: EUR, rate: 0.8}]"}; }};
    const fake_peer eve;
    const fake_peer yoko;
    CHECK(outcome(a.r.send(to("test.eve.x"))) == "F02");
    const std::string euro = a.admin.create_asset("EUR", 6);
    const std::string yen = a.admin.create_asset("JPY", 0);
    const std::string id = a.admin.create_peer(peer_input("eve", euro, eve.port(), 1000));
    a.admin.create_peer(peer_input("yoko", yen, yoko.port(), 1000));
    many_connections used{a.r.d};
    CHECK(used.post(to("test.eve.x", 100'000), token_of_p1) == "T04");  // the asset lacks the liquidity in euros
    static_cast<void>(
        a.admin
            .mutate("depositAssetLiquidity",
                    {{"assetId", euro}, {"amount", 5000}, {"id", random_uuid()}, {"idempotencyKey", random_uuid()}})
            .field());
    REQUIRE(used.post(to("test.eve.x", 100'000), token_of_p1) == "fulfill");
    CHECK(decode_prepare(eve.requests().back().body).amount == 80);
    CHECK(used.post(to("test.yoko.x", 100'000), token_of_p1) == "T00");  // there is no rate for yen
    CHECK(a.r.d.settled_liquidity("eve") == 1000 + 16 * 80);
    CHECK(a.r.d.asset_liquidity("EUR", 6) == 5000 - 16 * 80);
    CHECK(a.r.d.asset_liquidity("USD", 9) == 16 * 100'000);
    CHECK(a.admin.mutate("deleteAsset", {{"id", euro}}).code() == "FORBIDDEN");
    CHECK(text_at(a.admin.peer(id).at("asset"), "code") == "EUR");
    CHECK(a.r.d.audit().status == 0);
}

TEMPLATE_TEST_CASE("admin: an account's whole history can be read page by page, with names", "", on_sqlite,
                   on_postgresql) {
    const administered a{TestType::kind};
    const std::string bob = a.create_peer("bob", 1, 1000);
    std::vector<std::string> ids;
    for (int i = 0; i < 5; ++i) {
        ids.insert(ids.begin(), {random_uuid(), random_uuid()});
        const json::object input{{"peerId", bob}, {"amount", 1}};
        auto deposit = input;
        deposit["id"] = ids[1];
        deposit["idempotencyKey"] = random_uuid();
        static_cast<void>(a.admin.mutate("depositPeerLiquidity", deposit).field());
        auto withdrawal = input;
        withdrawal["id"] = ids[0];
        withdrawal["timeoutSeconds"] = 0;
        withdrawal["idempotencyKey"] = random_uuid();
        static_cast<void>(a.admin.mutate("createPeerLiquidityWithdrawal", withdrawal).field());
    }
    const auto page = [&](const json::value& after, int first) {
        return a.admin
            .ask(
                "query ($id: String!, $after: String, $first: Int) { accountTransfers(id: $id, after: $after, first: "
                "$first) { edges { cursor node { id incoming debitAccountName creditAccountName } } pageInfo { "
                "endCursor "
                "hasNextPage hasPreviousPage } } }",
                {{"id", bob}, {"after", after}, {"first", first}})
            .field();
    };
    for (const int size : {1, 2, 3, 4, 11, 50}) {
        CAPTURE(size);
        std::vector<std::string> listed;
        json::value after;
        for (bool more = true; more;) {
            const auto got = page(after, size);
            const auto& info = got.at("pageInfo");
            CHECK(info.at("hasPreviousPage").as_bool() == !listed.empty());
            for (const json::value& edge : got.at("edges").as_array()) {
                const auto& node = edge.at("node");
                const bool incoming = node.at("incoming").as_bool();
                CHECK(text_at(node, incoming ? "creditAccountName" : "debitAccountName") == "bob at test.bob");
                CHECK(text_at(node, incoming ? "debitAccountName" : "creditAccountName") == "settlement of USD/9");
                listed.push_back(text_at(node, "id"));
            }
            after = info.at("endCursor");
            more = info.at("hasNextPage").as_bool();
            REQUIRE(listed.size() <= 11);
        }
        REQUIRE(listed.size() == 11);  // with the first deposit
        listed.pop_back();
        CHECK(listed == ids);
    }
    const auto refused = [&](const char* cursor) {
        return a.admin
            .ask(
                "query ($id: String!, $after: String) { accountTransfers(id: $id, after: $after) { edges { cursor } } "
                "}",
                {{"id", bob}, {"after", cursor}})
            .code();
    };
    for (const char* const none : {"", "-", "1", "a-b-c", "1-2", "1-2-3-4", "-1-1", "--", "99999999999999999999-1-1"}) {
        CAPTURE(none);
        CHECK(refused(none) == "BAD_USER_INPUT");
    }
    // A cursor of another account, and numbers that are no rows of this one.
    const std::string end = text_at(page({}, 50).at("pageInfo"), "endCursor");
    const std::string account = end.substr(0, end.find('-'));
    CHECK(page(end.c_str(), 10).at("edges").as_array().empty());
    const std::string carol = a.create_peer("carol", 1, 1000);
    CHECK(a.admin
              .ask("query ($id: String!, $after: String) { accountTransfers(id: $id, after: $after) { edges { cursor } "
                   "} }",
                   {{"id", carol}, {"after", end}})
              .code() == "BAD_USER_INPUT");
    for (const char* const rows : {"-18446744073709551615-0", "-0-18446744073709551615", "-1-1", "-4096-0"}) {
        CAPTURE(rows);
        CHECK(refused((account + rows).c_str()) == "BAD_USER_INPUT");
    }
}

TEMPLATE_TEST_CASE("admin: a cursor that a list does not know is refused, in every list", "", on_sqlite,
                   on_postgresql) {
    const administered a{TestType::kind};
    const std::string bob = a.create_peer("bob", 1, 1000);
    const std::string asset = text_at(
        a.admin.ask("{ assets(first: 1) { edges { node { id } } } }").field().at("edges").at(0).at("node"), "id");
    struct list {
        std::string field;
        std::string arguments;
        bool goes_backwards = true;
    };
    const std::vector<list> lists{{"assets", ""},
                                  {"peers", ""},
                                  {"peers", ", tenantId: \"" + random_uuid() + "\""},
                                  {"tenants", ""},
                                  {"webhookEvents", ""},
                                  {"webhookEvents", ", filter: {type: {in: [\"peer.liquidity_low\"]}}"},
                                  {"routes", "", false},
                                  {"accountTransfers", ", id: \"" + bob + "\"", false}};
    const auto code_of = [&](const list& of, const std::string& cursor, const char* direction) {
        return a.admin
            .ask("query ($cursor: String) { " + of.field + "(" + direction + ": $cursor" + of.arguments +
                     ") { edges { cursor } pageInfo { hasNextPage } } }",
                 {{"cursor", cursor}})
            .code();
    };
    for (const list& each : lists) {
        for (const std::string& cursor : {std::string{}, std::string{"garbage"}, random_uuid(), std::string{"7.x"},
                                          std::string{"4000000.0"}, std::string{"\0", 1}}) {
            CAPTURE(each.field, each.arguments, cursor);
            CHECK(code_of(each, cursor, "after") == "BAD_USER_INPUT");
            if (each.goes_backwards) CHECK(code_of(each, cursor, "before") == "BAD_USER_INPUT");
        }
    }
    // Of another list.
    CHECK(code_of({"peers", ""}, asset, "after") == "BAD_USER_INPUT");
    CHECK(code_of({"assets", ""}, bob, "after") == "BAD_USER_INPUT");
    CHECK(code_of({"webhookEvents", ""}, bob, "after") == "BAD_USER_INPUT");
    const auto fees = a.admin.ask(
        "query ($c: String) { assets { edges { node { fees(after: $c) { edges { cursor } } } } } }", {{"c", bob}});
    CHECK(fees.code() == "BAD_USER_INPUT");
    // Of an entry that is deleted meanwhile; what the message says helps.
    const std::string carol = a.create_peer("carol", 1);
    CHECK(code_of({"peers", ""}, carol, "after").empty());
    static_cast<void>(a.admin.mutate("deletePeer", {{"id", carol}}).field());
    const auto gone = a.admin.ask("query ($c: String) { peers(after: $c) { edges { cursor } } }", {{"c", carol}});
    CHECK(gone.code() == "BAD_USER_INPUT");
    CHECK_THAT(gone.message(), Catch::Contains("unknown cursor") && Catch::Contains("begin again"));
}

TEMPLATE_TEST_CASE("admin: the hold time of a peer shortens what its packets may take, and survives a restart", "",
                   on_sqlite, on_postgresql) {
    administered a{TestType::kind};
    const fake_peer bob;
    const std::string id = a.create_peer("bob", bob.port());
    const auto time_left = [&] {
        const auto before = std::chrono::system_clock::now();
        REQUIRE(outcome(a.r.send({.destination = "test.bob.x", .expires_in = 20s})) == "fulfill");
        return decode_prepare(bob.requests().back().body).expires_at - before;
    };
    CHECK(time_left() > 10s);
    const auto changed = a.admin.update_peer(id, {{"maxHoldMilliseconds", 4000}});
    CHECK(changed.at("maxHoldMilliseconds").to_number<int>() == 4000);
    CHECK(time_left() < 10s);
    a.kill9_and_start();
    CHECK(time_left() < 10s);
    CHECK(a.admin.mutate("updatePeer", {{"id", id}, {"maxHoldMilliseconds", 1000}}).code() == "BAD_USER_INPUT");
    CHECK(a.admin.update_peer(id, {{"maxHoldMilliseconds", nullptr}}).at("maxHoldMilliseconds").is_null());
    CHECK(time_left() > 10s);
}

TEMPLATE_TEST_CASE("admin: the bound on a peer's amount in flight applies, and survives a restart", "", on_sqlite,
                   on_postgresql) {
    administered a{TestType::kind};
    const fake_peer bob;
    const std::string id = a.create_peer("bob", bob.port());
    const auto sends = [&](std::uint64_t amount) { return outcome(a.r.d.post({.amount = amount}, "bob")); };
    CHECK(sends(100) == "fulfill");
    CHECK(text_at(a.admin.update_peer(id, {{"maxInFlightAmount", "99"}}), "maxInFlightAmount") == "99");
    CHECK(sends(100) == "T04");
    CHECK(sends(99) == "fulfill");
    a.kill9_and_start();
    CHECK(text_at(a.admin.peer(id), "maxInFlightAmount") == "99");
    CHECK(sends(100) == "T04");
    CHECK(a.admin.update_peer(id, {{"maxInFlightAmount", nullptr}}).at("maxInFlightAmount").is_null());
    CHECK(sends(100) == "fulfill");
}

TEMPLATE_TEST_CASE("admin: what crosses the link with a peer in parts is one of its terms, and survives a restart", "",
                   on_sqlite, on_postgresql) {
    administered a{TestType::kind};
    const fake_peer bob;
    const std::string id = a.create_peer("bob", bob.port());
    const auto update = [&](const json::value& maximum, const json::value& split) {
        return a.admin.mutate("updatePeer", {{"id", id}, {"maxPacketAmount", maximum}, {"split", split}});
    };
    CHECK(a.admin.peer(id).at("split").is_null());
    CHECK(update(nullptr, {{"maxTotal", "1000"}}).message() ==
          "invalid split: it has no effect without maxPacketAmount, because only packets above that are split");
    CHECK(update("1000", {{"maxTotal", "1000"}}).code() == "BAD_USER_INPUT");
    for (const int parts : {-1, 0, 1, 1025})
        CHECK(update("100", {{"maxTotal", "1000"}, {"maxParts", parts}}).code() == "BAD_USER_INPUT");
    CHECK(a.admin.peer(id).at("split").is_null());
    const json::value by_default{{"maxTotal", "1000"}, {"maxParts", 16}};
    CHECK(update("100", {{"maxTotal", "1000"}}).field().at("peer").at("split") == by_default);
    a.kill9_and_start();
    CHECK(a.admin.peer(id).at("split") == by_default);
    CHECK(a.admin.update_peer(id, {{"split", {{"maxTotal", "18446744073709551615"}, {"maxParts", 1024}}}})
              .at("split")
              .at("maxParts") == 1024);
    // A peer that says nothing about parts accepts none.
    REQUIRE(outcome(a.r.send({.amount = 100, .destination = "test.bob.x"})) == "fulfill");
    CHECK(a.admin.peer(id).at("splitAccepted").is_null());
    CHECK(outcome(a.r.send({.amount = 101, .destination = "test.bob.x"})) == "F08");
    CHECK(a.admin.update_peer(id, {{"split", nullptr}}).at("split").is_null());
    CHECK(a.admin.update_peer(id, {{"maxPacketAmount", nullptr}}).at("maxPacketAmount").is_null());
}

}  // namespace admin_effect_test
