#include "ilp/echo.hpp"
#include "tests/support/admin_client.hpp"
#include "tests/support/rig.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include <future>
#include <memory>
#include <string>

namespace ping_test {

namespace {

using namespace support;
using namespace std::chrono_literals;

scripted_answer answer_ping(const http_message&) {
    return answer_packet(encode_fulfill(ilp::echo::one_way_fulfillment));
}

boost::json::value ping(const admin_client& admin, const std::string& address) {
    return admin
        .ask("mutation P($input: PingInput!) { ping(input: $input) { reached message } }",
             {{"input", {{"address", address}, {"timeoutSeconds", 30}}}})
        .field();
}

}  // namespace

TEST_CASE("a ping uses the connection that packets use, and moves no money") {
    rig r{[](daemon_terms& terms) {
        terms.connector = {"workers: 1"};
        terms.peers[1].liquidity = 0;
    }};
    const admin_client admin{r.d.admin_port()};
    CHECK(outcome(r.send(prepare{.amount = 0})) == "fulfill");
    r.p2.set_script(answer_ping);
    const auto answer = ping(admin, "test.p2.x");
    INFO(boost::json::serialize(answer));
    CHECK(answer.at("reached").as_bool());
    CHECK(r.p2.connections_accepted() == 1);
    CHECK(r.p2.last_prepare().amount == 0);
    CHECK(r.p2.last_prepare().destination == "test.p2.x");
    CHECK(r.d.settled_liquidity("p1") == default_liquidity);
}

TEST_CASE("a ping that fails says what is wrong with the next hop") {
    rig r;
    const admin_client admin{r.d.admin_port()};
    const auto message = [&] { return text_at(ping(admin, "test.p2"), "message"); };
    r.p2.set_script([](const http_message&) { return answer_http(401); });
    CHECK(message().find("HTTP status 401: check endpoint, auth_token or jwt_secret") != std::string::npos);
    r.p2.stop();
    // The first ping may still meet the old connection.
    CHECK(eventually([&] { return message().find("Connection refused") != std::string::npos; }));
}

TEST_CASE("waiting pings leave threads of the Admin API for other requests, and further pings fail at once") {
    rig r;
    const admin_client admin{r.d.admin_port()};
    const auto gate = std::make_shared<support::gate>();
    r.p2.set_script([gate](const http_message& request) {
        auto answer = answer_ping(request);
        answer.held_by = gate;
        return answer;
    });
    const auto ping_p2 = [&admin] { return ping(admin, "test.p2"); };
    auto first = std::async(std::launch::async, ping_p2);
    auto second = std::async(std::launch::async, ping_p2);
    REQUIRE(r.p2.wait_for_requests(2));
    for (int i = 0; i < 10; ++i) {
        CHECK(text_at(ping_p2(), "message") == "2 pings are in progress already: try again when one has ended");
        CHECK(admin.peers().size() == 2);
    }
    CHECK(r.p2.request_count() == 2);
    gate->open();
    CHECK(first.get().at("reached").as_bool());
    CHECK(second.get().at("reached").as_bool());
    CHECK(ping_p2().at("reached").as_bool());
}

}  // namespace ping_test
