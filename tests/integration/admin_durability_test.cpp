#include "tests/integration/administered.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <random>
#include <thread>

namespace admin_durability_test {

// A change that the Admin API has confirmed is permanent, and one that it has not confirmed can be requested again.
namespace {

using namespace support;
using namespace std::chrono_literals;
namespace json = boost::json;

const std::string token_of_p1 = token_of("p1");

int rounds(int otherwise) {
    const char* asked = std::getenv("ILPD_KILL_ROUNDS");
    return asked != nullptr ? std::max(std::atoi(asked), 1) : otherwise;
}

/// The delay is deliberately random: it does not wait for any condition.
void wait_for_a_random_moment(std::chrono::microseconds at_most) {
    static std::mt19937 random{std::random_device{}()};
    std::this_thread::sleep_for(std::chrono::microseconds{random() % static_cast<unsigned>(at_most.count())});
}

std::string route(const ilpd_daemon& d, const std::string& destination, const std::string& token = token_of_p1) {
    const prepare sent{.amount = 0, .destination = destination, .data = random_bytes(8)};
    return outcome(http_connection{d.port()}.exchange(many_connections::request(sent, token)));
}

/// The peer in an answer, without the liquidity, which is always the current value.
std::string terms_in(const admin_answer& answer) {
    json::object peer = answer.field().at("peer").as_object();
    peer.erase("liquidity");
    return json::serialize(peer);
}

/// The two ways in which a daemon ends.
enum class ending : std::uint8_t { in_order, kill9 };

void end_and_start(administered& a, ending how) {
    if (how == ending::in_order) return a.stop_and_start();
    a.kill9_and_start();
}

/// Runs `test` once per way of ending. The test calls `end` right after an answer, which ends and restarts the daemon.
void for_each_ending(store_kind kind,
                     const std::function<void(administered&, const std::function<void()>& end)>& test) {
    for (const ending how : {ending::in_order, ending::kill9}) {
        INFO((how == ending::kill9 ? "kill -9" : "in order"));
        administered a{kind};
        test(a, [&] { end_and_start(a, how); });
        CHECK(a.r.d.audit().status == 0);
    }
}

}  // namespace

TEMPLATE_TEST_CASE("admin: peers and assets survive a restart with all their terms", "", on_sqlite, on_postgresql) {
    for_each_ending(TestType::kind, [](administered& a, const auto& end) {
        const fake_peer bob;
        static_cast<void>(a.admin
                              .mutate("createAsset", {{"code", "EUR"},
                                                      {"scale", 2},
                                                      {"withdrawalThreshold", "18446744073709551615"},
                                                      {"liquidityThreshold", 0}})
                              .field());
        const std::string yen = a.admin.create_asset("JPY", 0);
        const std::string gone = a.admin.create_asset("GONE", 0);
        static_cast<void>(a.admin.mutate("updateAsset", {{"id", yen}, {"liquidityThreshold", "7"}}).field());
        static_cast<void>(a.admin.mutate("deleteAsset", {{"id", gone}}).field());

        json::object wanted = peer_input("bob", a.usd, bob.port(), 18'000'000'000'000'000'000U);
        wanted["routes"] = json::array{"test.b.1", "test.b.2"};
        wanted["maxPacketAmount"] = "18446744073709551615";
        wanted["liquidityThreshold"] = "12";
        wanted["http"].as_object()["incoming"] = {
            {"authTokens", json::array{json::string{token_of("bob")}, "bobs-second-token"}}};
        a.admin.create_peer(wanted);
        json::object nameless = peer_input("x", yen, bob.port());
        nameless.erase("name");
        const std::string without_name = a.admin.create_peer(nameless);
        const std::string namesake = a.admin.create_peer([&] {
            json::object input = peer_input("y", a.usd, bob.port());
            input["name"] = "bob";
            return input;
        }());
        const std::string changed = a.create_peer("carol", free_port());
        a.admin.update_peer(changed, {{"staticIlpAddress", "test.caroline"},
                                      {"name", "\u00e9 \"quoted\" \\ \n"},
                                      {"routes", json::array{"test.c"}},
                                      {"maxPacketAmount", 5},
                                      {"liquidityThreshold", "6"},
                                      {"http", http_input(bob.port(), "another-token", "carols-new-token")}});
        const std::string deleted = a.create_peer("dora", bob.port(), 0);
        static_cast<void>(a.admin.mutate("deletePeer", {{"id", deleted}}).field());
        a.admin.set_enabled(a.create_peer("eve", bob.port()), false);
        const json::array peers = a.admin.peers();
        const json::array assets = a.admin.assets();

        for (int round = 0; round < 2; ++round) {
            end();
            CHECK(json::serialize(a.admin.peers()) == json::serialize(peers));
            CHECK(json::serialize(a.admin.assets()) == json::serialize(assets));
            for (const std::string destination :
                 {"test.bob", "test.b.1.x", "test.b.2", "test.y", "test.caroline", "test.c.x"}) {
                CAPTURE(destination);
                CHECK(route(a.r.d, destination) == "fulfill");
            }
            for (const std::string destination : {"test.carol", "test.dora"}) {
                CAPTURE(destination);
                CHECK(route(a.r.d, destination) == "F02");
            }
            CHECK(route(a.r.d, "test.eve") == "T01");
            for (const std::string& token :
                 {token_of("bob"), std::string{"bobs-second-token"}, token_of("y"), std::string{"carols-new-token"}}) {
                CHECK(route(a.r.d, "test.p2", token) == "fulfill");
            }
            for (const std::string& token : {token_of("carol"), token_of("dora")}) {
                CHECK(route(a.r.d, "test.p2", token) == "HTTP 401");
            }
            CHECK(route(a.r.d, "test.p2", token_of("eve")) == "T00");
            CHECK(route(a.r.d, "test.p2", token_of("x")) == "T00");  // known, but there is no rate for yen
        }
        CHECK(a.admin.peer(deleted).is_null());
        CHECK(a.admin.peer(without_name).at("name").is_null());
        CHECK(text_at(a.admin.peer(namesake), "name") == "bob");
        CHECK(a.admin.create_asset("GONE", 0) == gone);
    });
}

TEMPLATE_TEST_CASE("admin: more peers than a page holds all have their routes after a restart", "", on_sqlite,
                   on_postgresql) {
    for_each_ending(TestType::kind, [](administered& a, const auto& end) {
        const fake_peer everybody;
        for (int i = 0; i < 25; ++i) {
            const std::string number = std::to_string(i);
            json::object input = peer_input("n" + number, a.usd, everybody.port(), 10);
            input["routes"] = json::array{"test.route-" + number};
            a.admin.create_peer(std::move(input));
        }
        end();
        for (int i = 0; i < 25; ++i) {
            const std::string number = std::to_string(i);
            CHECK(route(a.r.d, "test.n" + number + ".x") == "fulfill");
            CHECK(route(a.r.d, "test.route-" + number) == "fulfill");
            const auto requests = everybody.requests();
            REQUIRE(requests.size() == 2 * static_cast<std::size_t>(i) + 2);
            CHECK(requests.back().header("authorization") == "Bearer " + token_for("n" + number));
            CHECK(requests[requests.size() - 2].header("authorization") == "Bearer " + token_for("n" + number));
            CHECK(a.r.d.liquidity("n" + number) == 10);
        }
        CHECK(a.admin.peers().size() == 27);
    });
}

TEMPLATE_TEST_CASE("admin: answers, deposits and pending withdrawals survive a restart", "", on_sqlite, on_postgresql) {
    for_each_ending(TestType::kind, [](administered& a, const auto& end) {
        json::object wanted = peer_input("bob", a.usd, free_port(), 1000);
        wanted["idempotencyKey"] = "create bob";
        const auto created = a.admin.mutate("createPeer", wanted);
        const std::string bob = text_at(created.field().at("peer"), "id");
        const json::object rename{{"id", bob}, {"name", "robert"}, {"idempotencyKey", "rename bob"}};
        const auto renamed = a.admin.mutate("updatePeer", rename);
        a.admin.update_peer(bob, {{"name", "bob"}});
        const json::object deposit{
            {"peerId", bob}, {"amount", 50}, {"id", random_uuid()}, {"idempotencyKey", "deposit to bob"}};
        const auto deposited = a.admin.mutate("depositPeerLiquidity", deposit);
        const auto withdraw = [&](std::uint64_t amount) {
            const std::string id = random_uuid();
            const json::object input{{"peerId", bob},
                                     {"amount", amount},
                                     {"id", id},
                                     {"timeoutSeconds", 3600},
                                     {"idempotencyKey", random_uuid()}};
            static_cast<void>(a.admin.mutate("createPeerLiquidityWithdrawal", input).field());
            return id;
        };
        const std::string to_post = withdraw(100);
        const std::string to_void = withdraw(200);
        CHECK(a.r.d.liquidity("bob") == 750);

        end();
        CHECK(a.r.d.liquidity("bob") == 750);
        CHECK(terms_in(a.admin.mutate("createPeer", wanted)) == terms_in(created));
        CHECK(terms_in(a.admin.mutate("updatePeer", rename)) == terms_in(renamed));
        CHECK(text_at(a.admin.peer(bob), "name") == "bob");  // only the answer was repeated
        CHECK(a.admin.mutate("depositPeerLiquidity", deposit).text() == deposited.text());
        json::object other = deposit;
        other["amount"] = 51;
        CHECK(a.admin.mutate("depositPeerLiquidity", other).code() == "CONFLICT");
        other["idempotencyKey"] = "another";
        CHECK(a.admin.mutate("depositPeerLiquidity", other).code() == "DUPLICATE");

        const json::object post{{"withdrawalId", to_post}, {"idempotencyKey", "post it"}};
        static_cast<void>(a.admin.mutate("postLiquidityWithdrawal", post).field());
        end();
        CHECK(a.admin.mutate("postLiquidityWithdrawal", post).done());
        CHECK(a.admin.mutate("voidLiquidityWithdrawal", {{"withdrawalId", to_post}, {"idempotencyKey", "v"}}).code() ==
              "CONFLICT");
        CHECK(a.r.d.liquidity("bob") == 750);
        static_cast<void>(
            a.admin.mutate("voidLiquidityWithdrawal", {{"withdrawalId", to_void}, {"idempotencyKey", "w"}}).field());
        end();
        CHECK(a.r.d.liquidity("bob") == 950);
        CHECK(a.admin.mutate("postLiquidityWithdrawal", {{"withdrawalId", to_void}, {"idempotencyKey", "x"}}).code() ==
              "CONFLICT");
    });
}

TEMPLATE_TEST_CASE("admin: thresholds set by the Admin API raise events after a restart", "", on_sqlite,
                   on_postgresql) {
    fake_peer receiver{[](const http_message&) { return answer_http(200); }};
    for (const ending how : {ending::in_order, ending::kill9}) {
        INFO((how == ending::kill9 ? "kill -9" : "in order"));
        administered a{TestType::kind, [&](daemon_terms& terms) {
                           terms.webhooks = {"url: \"http://127.0.0.1:" + std::to_string(receiver.port()) + "/hook\""};
                       }};
        json::object wanted = peer_input("bob", a.usd, free_port(), 1000);
        wanted["liquidityThreshold"] = "900";
        const std::string bob = a.admin.create_peer(std::move(wanted));
        const std::string carol = a.create_peer("carol", free_port(), 1000);
        a.admin.update_peer(carol, {{"liquidityThreshold", 800}});
        end_and_start(a, how);
        const auto event_after = [&](const std::string& peer, std::uint64_t amount) {
            const std::size_t before = receiver.request_count();
            CHECK(outcome(a.r.d.post({.amount = amount}, peer)) == "fulfill");
            REQUIRE(receiver.wait_for_requests(before + 1));
            return admin_client::answer_in(receiver.requests().back()).body();
        };
        const json::value low = event_after("bob", 100);
        CHECK(text_at(low, "type") == "peer.liquidity_low");
        CHECK(text_at(low.at("data"), "id") == bob);
        CHECK(text_at(low.at("data"), "liquidityThreshold") == "900");
        CHECK(text_at(low.at("data"), "balance") == "900");
        CHECK(text_at(event_after("carol", 300).at("data"), "id") == carol);
    }
}

TEMPLATE_TEST_CASE("admin: a mutation that kill -9 left unanswered is repeated and takes effect once", "", on_sqlite,
                   on_postgresql) {
    const int count = rounds(20);
    administered a{TestType::kind};
    const std::string bob = a.create_peer("bob", free_port(), 0);
    int answered = 0;
    int done_unanswered = 0;
    for (int round = 0; round < count; ++round) {
        INFO("round " << round);
        const std::uint64_t amount = 1 + static_cast<std::uint64_t>(round);
        const std::uint64_t before = a.r.d.liquidity("bob");
        const json::object deposit{{"peerId", bob},
                                   {"amount", amount},
                                   {"id", random_uuid()},
                                   {"idempotencyKey", "deposit " + std::to_string(round)}};
        json::object wanted = peer_input("n" + std::to_string(round), a.usd, free_port(), amount);
        wanted["idempotencyKey"] = "create " + std::to_string(round);
        std::optional<admin_answer> first_deposit;
        std::optional<admin_answer> first_peer;
        {
            std::jthread depositing{[&] { first_deposit = a.admin.try_mutate("depositPeerLiquidity", deposit); }};
            std::jthread creating{[&] { first_peer = a.admin.try_mutate("createPeer", wanted); }};
            wait_for_a_random_moment(8ms);
            a.r.d.kill9();
        }
        a.start_after_kill();
        const std::uint64_t found = a.r.d.liquidity("bob");
        CHECK((found == before || found == before + amount));
        if (first_deposit) CHECK(found == before + amount);
        answered += first_deposit.has_value();
        done_unanswered += !first_deposit && found != before;

        const auto again = a.admin.mutate("depositPeerLiquidity", deposit);
        INFO(again.text());
        CHECK(again.done());
        CHECK(a.r.d.liquidity("bob") == before + amount);
        const auto peer_again = a.admin.mutate("createPeer", wanted);
        INFO(peer_again.text());
        REQUIRE(peer_again.done());
        if (first_peer) CHECK(peer_again.text() == first_peer->text());
        CHECK(a.admin.peers().size() == 4 + static_cast<std::size_t>(round));
        CHECK(a.r.d.liquidity("n" + std::to_string(round)) == amount);
    }
    CHECK(a.r.d.audit().status == 0);
    WARN(answered << " deposits of " << count << " were answered; of the others " << done_unanswered << " were made");
}

TEMPLATE_TEST_CASE("admin: a hundred identical concurrent mutations take effect once", "", on_sqlite, on_postgresql) {
    const administered a{TestType::kind};
    const auto all_at_once = [&](std::string_view name, const json::object& input) {
        const std::string octets = serialize(admin_client::request_of(name, input));
        std::vector<http_connection> connections;
        for (int i = 0; i < 100; ++i) {
            connections.emplace_back(a.r.d.admin_port()).send(std::string_view{octets}.substr(0, octets.size() - 1));
        }
        for (auto& connection : connections) connection.send(std::string_view{&octets.back(), 1});
        std::string done;
        for (auto& connection : connections) {
            const auto response = connection.receive();
            REQUIRE(response);
            const auto answer = admin_client::answer_in(*response);
            INFO(answer.text());
            if (answer.done()) {
                if (done.empty()) done = answer.text();
                CHECK(answer.text() == done);
            } else {
                CHECK(answer.code() == "CONFLICT");
                CHECK(answer.message().starts_with("Concurrent request for idempotencyKey: "));
            }
        }
        CHECK(!done.empty());
        CHECK(a.admin.mutate(name, input).text() == done);
    };
    json::object wanted = peer_input("bob", a.usd, free_port(), 1000);
    wanted["idempotencyKey"] = "a key";
    all_at_once("createPeer", wanted);
    CHECK(a.admin.peers().size() == 3);
    CHECK(a.r.d.liquidity("bob") == 1000);
    all_at_once("depositPeerLiquidity", {{"peerId", text_at(a.admin.peer_named("bob"), "id")},
                                         {"amount", 7},
                                         {"id", random_uuid()},
                                         {"idempotencyKey", "another key"}});
    CHECK(a.r.d.liquidity("bob") == 1007);
    CHECK(a.r.d.audit().status == 0);
}

TEST_CASE("admin: a mutation can be repeated with the same key as soon as it is answered") {
    const administered a{store_kind::sqlite};
    const std::string bob = a.create_peer("bob", free_port(), 0);
    constexpr int count = 200;
    std::string faults;
    const auto twice = [&](std::string_view name, json::object input) {
        input["idempotencyKey"] = random_uuid();
        for (int i = 0; i < 2; ++i) {
            if (const auto answer = a.admin.mutate(name, input); !answer.done()) faults += answer.text() + "\n";
        }
    };
    for (int i = 0; i < count; ++i) {
        twice("depositPeerLiquidity", {{"peerId", bob}, {"amount", 1}, {"id", random_uuid()}});
        twice("updatePeer", {{"id", bob}, {"maxPacketAmount", i}});
    }
    CHECK(faults == "");
    CHECK(a.r.d.liquidity("bob") == count);
}

}  // namespace admin_durability_test
