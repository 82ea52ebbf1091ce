#include "tests/integration/administered.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include <csignal>
#include <mutex>
#include <thread>

namespace admin_outage_test {

// The Admin API while the store accepts no writes, and while the daemon stops.
namespace {

using namespace support;
using namespace std::chrono_literals;
namespace json = boost::json;

bool is_unavailable(const admin_answer& answer) {
    return answer.code() == "INTERNAL_SERVER_ERROR" || answer.code() == "TIMEOUT";
}

json::object deposit_input(const std::string& peer, std::uint64_t amount) {
    return {{"peerId", peer}, {"amount", amount}, {"id", random_uuid()}, {"idempotencyKey", random_uuid()}};
}

/// A mutation that is sent without waiting for its answer.
class asked {
public:
    asked(const administered& a, std::string_view name, const json::object& input) : connection_{a.r.d.admin_port()} {
        connection_.send(admin_client::request_of(name, input));
    }
    admin_answer answer() {
        const auto response = connection_.receive();
        REQUIRE(response);
        return admin_client::answer_in(*response);
    }
    std::optional<http_message> response() { return connection_.receive(); }

private:
    http_connection connection_;
};

}  // namespace

TEMPLATE_TEST_CASE("admin: while the store is down mutations are refused, and work again when it is back", "",
                   on_sqlite, on_postgresql) {
    administered a{TestType::kind};
    const std::string bob = a.create_peer("bob", free_port(), 1000);
    const std::string eur = a.admin.create_asset("EUR", 2);
    const std::string idle = a.create_peer("idle", free_port(), 0);
    const json::array peers = a.admin.peers();
    const json::array assets = a.admin.assets();
    json::object wanted = peer_input("carol", a.usd, free_port(), 70);
    wanted["routes"] = json::array{"test.c"};
    wanted["idempotencyKey"] = "create carol";
    const json::object deposit = deposit_input(bob, 5);

    a.place.fail();
    asked first{a, "createPeer", wanted};  // the first one to notice the outage
    REQUIRE(eventually([&] { return !a.r.d.is_ready(); }));
    const std::vector<std::pair<std::string_view, json::object>> refused{
        {"createPeer", peer_input("dora", a.usd, free_port(), 70)},
        {"updatePeer", {{"id", bob}, {"name", "robert"}}},
        {"setPeerEnabled", {{"id", bob}, {"enabled", false}}},
        {"deletePeer", {{"id", idle}}},
        {"createAsset", {{"code", "JPY"}, {"scale", 0}}},
        {"updateAsset", {{"id", eur}, {"liquidityThreshold", 5}}},
        {"deleteAsset", {{"id", eur}}},
        {"depositPeerLiquidity", deposit},
        {"createPeerLiquidityWithdrawal",
         {{"peerId", bob}, {"amount", 5}, {"id", random_uuid()}, {"timeoutSeconds", 60}, {"idempotencyKey", "w"}}},
    };
    for (const auto& [name, input] : refused) {
        const auto answer = a.admin.mutate(name, input);
        INFO(name << ": " << answer.text());
        CHECK(is_unavailable(answer));
    }
    CHECK(json::serialize(a.admin.peers()) == json::serialize(peers));
    CHECK(json::serialize(a.admin.assets()) == json::serialize(assets));
    CHECK(outcome(a.r.d.post({.amount = 0}, "dora")) == "HTTP 401");
    CHECK(outcome(a.r.d.post({.amount = 0}, "carol")) == "HTTP 401");

    a.place.come_back();
    const auto answer = first.answer();
    INFO(answer.text());
    CHECK((answer.done() || is_unavailable(answer)));
    REQUIRE(eventually([&] { return a.r.d.is_ready(); }));
    const auto again = a.admin.mutate("createPeer", wanted);
    REQUIRE(again.done());
    if (answer.done()) CHECK(again.text() == answer.text());
    const std::string carol = text_at(again.field().at("peer"), "id");
    CHECK(text_at(a.admin.peer(carol), "liquidity") == "70");
    CHECK(outcome(a.r.send({.amount = 0, .destination = "test.c.x"})) == "T01");
    CHECK(outcome(a.r.d.post({.amount = 7}, "carol")) == "fulfill");
    CHECK(a.admin.peers().size() == peers.size() + 1);
    for (const auto& [name, input] : refused) {
        const auto now_done = a.admin.mutate(name, input);
        INFO(name << ": " << now_done.text());
        CHECK(now_done.done());
    }
    CHECK(a.admin.mutate("depositPeerLiquidity", deposit).done());
    CHECK(a.r.d.settled_liquidity("robert") == 1000 + 5 - 5);
    a.kill9_and_start();
    CHECK(a.r.d.settled_liquidity("robert") == 1000 + 5 - 5);
    CHECK(a.r.d.liquidity("dora") == 70);
    CHECK(a.r.d.liquidity("carol") == 63);
    CHECK(a.r.d.audit().status == 0);
}

TEMPLATE_TEST_CASE(
    "admin: a mutation during which the store hangs takes effect completely or not at all, and only once", "",
    on_sqlite, on_postgresql) {
    administered a{TestType::kind};
    const std::string bob = a.create_peer("bob", free_port(), 1000);
    const json::object deposit = deposit_input(bob, 5);
    a.place.stall();
    asked first{a, "depositPeerLiquidity", deposit};
    REQUIRE(eventually([&] { return !a.r.d.is_ready(); }));
    const auto concurrent = a.admin.mutate("depositPeerLiquidity", deposit);
    INFO(concurrent.text());
    CHECK((concurrent.code() == "CONFLICT" || is_unavailable(concurrent)));
    const bool dies = GENERATE(false, true);
    if (dies) a.r.d.kill9();
    a.place.lose_what_hangs();
    if (dies) {
        a.start_after_kill();
    } else {
        const auto answer = first.answer();
        CHECK((answer.done() || is_unavailable(answer)));
    }
    REQUIRE(eventually([&] { return a.r.d.is_ready(); }));
    CHECK(a.admin.mutate("depositPeerLiquidity", deposit).done());
    CHECK(a.r.d.liquidity("bob") == 1005);
    CHECK(a.r.d.audit().status == 0);
}

TEMPLATE_TEST_CASE("admin: SIGTERM during mutations ends cleanly, and answered mutations are kept", "", on_sqlite,
                   on_postgresql) {
    administered a{TestType::kind, [](daemon_terms& terms) { terms.log_level = "info"; }};
    std::mutex mutex;
    std::vector<std::string> answered;
    {
        std::vector<std::jthread> operators;
        for (int number = 0; number < 6; ++number) {
            operators.emplace_back([&, number](const std::stop_token& stop) {
                for (int i = 0; !stop.stop_requested(); ++i) {
                    const std::string name = "n" + std::to_string(number) + "-" + std::to_string(i);
                    const auto answer = a.admin.try_mutate("createPeer", peer_input(name, a.usd, free_port(), 3));
                    if (!answer || !answer->done()) return;
                    const std::lock_guard lock{mutex};
                    answered.push_back(name);
                }
            });
        }
        REQUIRE(eventually([&] {
            const std::lock_guard lock{mutex};
            return answered.size() >= 30;
        }));
        CHECK(a.r.d.stop() == 0);
    }
    a.r.d.start();
    for (const std::string& name : answered) {
        CAPTURE(name);
        CHECK(a.r.d.liquidity(name) == 3);
    }
    // Each operator can have created at most one peer without receiving the answer.
    CHECK(a.admin.peers().size() <= 2 + answered.size() + 6);
    CHECK(a.r.d.audit().status == 0);
}

TEMPLATE_TEST_CASE("admin: SIGTERM while a mutation waits for the store", "", on_sqlite, on_postgresql) {
    administered a{TestType::kind};
    const std::string bob = a.create_peer("bob", free_port(), 1000);
    const json::object deposit = deposit_input(bob, 5);
    a.place.fail();
    asked waiting{a, "depositPeerLiquidity", deposit};
    REQUIRE(eventually([&] { return !a.r.d.is_ready(); }));
    a.r.d.process().signal(SIGTERM);
    REQUIRE(eventually([&] { return a.r.d.has_logged("stopping: new packets are refused"); }));
    a.place.come_back();
    CHECK(a.r.d.process().wait(patience) == 0);
    const auto response = waiting.response();
    a.r.d.start();
    if (response && admin_client::answer_in(*response).done()) CHECK(a.r.d.liquidity("bob") == 1005);
    CHECK(a.admin.mutate("depositPeerLiquidity", deposit).done());
    CHECK(a.r.d.liquidity("bob") == 1005);
    CHECK(a.r.d.audit().status == 0);
}

}  // namespace admin_outage_test
