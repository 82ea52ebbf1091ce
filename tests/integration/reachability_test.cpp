#include "tests/integration/administered.hpp"
#include "tests/support/rig.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace reachability_test {

// What becomes of packets to a peer is seen in metrics, in the Admin API and in events.
namespace {

using namespace support;
namespace json = boost::json;

json::object reachability(const admin_client& admin, const std::string& name) {
    const auto peers = admin.ask(
        "{ peers { edges { node { name reachability { state since lastAnswerAt lastError lastErrorAt "
        "roundTripMs } } } } }");
    for (const json::value& edge : peers.field().at("edges").as_array()) {
        const auto& node = edge.at("node").as_object();
        if (node.at("name") == json::value(name)) return node.at("reachability").as_object();
    }
    throw std::runtime_error{"there is no peer " + name};
}

std::string state(const admin_client& admin, const std::string& name) {
    return text_at(reachability(admin, name), "state");
}

json::object event_in(const http_message& request) {
    const auto text = ilp::as_text(request.body);
    return json::parse(json::string_view{text.data(), text.size()}).as_object();
}

void ping(const admin_client& admin, const std::string& address) {
    admin.ask("mutation P($input: PingInput!) { ping(input: $input) { reached } }",
              {{"input", {{"address", address}}}});
}

}  // namespace

TEST_CASE(
    "a next hop that goes and comes back raises one event each time, with several workers, and none after a restart") {
    fake_peer receiver{[](const http_message&) { return answer_http(200); }};
    rig r{[&](daemon_terms& terms) {
        terms.connector = {"workers: 2"};
        terms.webhooks = {"url: \"http://127.0.0.1:" + std::to_string(receiver.port()) + "/hook\""};
    }};
    const admin_client admin{r.d.admin_port()};
    CHECK(state(admin, "p2") == "UNKNOWN");
    CHECK(!r.d.scrape().series().contains("ilp_peer_reachable{peer=\"p2\"}"));

    many_connections senders{r.d};
    const auto send = [&] { return senders.post(prepare{}, token_of("p1")); };
    REQUIRE(send() == "fulfill");
    const auto before = reachability(admin, "p2");
    CHECK(text_at(before, "state") == "REACHABLE");
    CHECK(text_at(before, "since") <= text_at(before, "lastAnswerAt"));
    CHECK(before.at("lastError").is_null());
    CHECK(before.at("lastErrorAt").is_null());
    CHECK(before.at("roundTripMs").to_number<double>() > 0);
    auto shown = r.d.scrape();
    CHECK(shown.sum("ilp_peer_reachable", {{"peer", "p2"}}) == 1);
    CHECK(shown.sum("ilp_peer_round_trip_seconds", {{"peer", "p2"}}) > 0);
    CHECK(shown.sum("ilp_peer_last_answer_timestamp_seconds", {{"peer", "p2"}}) > 1e9);
    CHECK(shown.sum("ilp_peers_not_reachable") == 0);

    r.p2.stop();
    REQUIRE(eventually([&] { return send() == "T01" && state(admin, "p2") == "UNREACHABLE"; }));
    const auto lost = reachability(admin, "p2");
    CHECK(text_at(lost, "lastError") == "peer is unreachable: Connection refused");
    CHECK(text_at(lost, "since") <= text_at(lost, "lastErrorAt"));
    CHECK(text_at(lost, "lastAnswerAt") <= text_at(lost, "since"));
    shown = r.d.scrape();
    CHECK(shown.sum("ilp_peer_reachable", {{"peer", "p2"}}) == 0);
    CHECK(shown.sum("ilp_peer_refusing", {{"peer", "p2"}}) == 0);
    CHECK(shown.sum("ilp_peers_not_reachable") == 1);
    REQUIRE(eventually([&] { return send() == "T01" && receiver.request_count() != 0; }));
    r.p2.start();
    REQUIRE(eventually([&] { return send() == "fulfill"; }));
    CHECK(state(admin, "p2") == "REACHABLE");
    CHECK(text_at(reachability(admin, "p2"), "lastError") == "peer is unreachable: Connection refused");
    REQUIRE(receiver.wait_for_requests(2));
    REQUIRE(eventually([&] { return r.d.scrape().sum("ilp_webhooks_pending") == 0; }));

    const auto requests = receiver.requests();
    REQUIRE(requests.size() == 2);
    const auto first = event_in(requests[0]);
    const auto second = event_in(requests[1]);
    const auto id = text_at(admin.peer_named("p2"), "id");
    CHECK(text_at(first, "type") == "peer.unreachable");
    CHECK(text_at(first.at("data"), "id") == id);
    CHECK(text_at(first.at("data"), "state") == "UNREACHABLE");
    CHECK(text_at(first.at("data"), "lastError") == "peer is unreachable: Connection refused");
    CHECK(text_at(second, "type") == "peer.reachable");
    CHECK(text_at(second.at("data"), "id") == id);
    CHECK(second.at("data").at("unreachableSince") == first.at("data").at("since"));
    CHECK(r.d.logs("a peer does not take our packets"));
    CHECK(r.d.logs("a peer takes our packets again"));
    const auto events = admin.ask("{ webhookEvents { edges { node { type name } } } }").field().at("edges").as_array();
    REQUIRE(events.size() == 2);
    CHECK(text_at(events.at(0).at("node"), "name") == "p2 at test.p2");

    REQUIRE(r.d.stop() == 0);
    r.d.start();
    const admin_client restarted{r.d.admin_port()};
    CHECK(state(restarted, "p2") == "UNKNOWN");
    CHECK(outcome(r.send(prepare{})) == "fulfill");
    CHECK(state(restarted, "p2") == "REACHABLE");
    CHECK(restarted.ask("{ webhookEvents { edges { node { type } } } }").field().at("edges").as_array().size() == 2);
}

TEST_CASE("a next hop that refuses our packets is told apart from one that cannot be reached") {
    rig r;
    const admin_client admin{r.d.admin_port()};
    const int status = GENERATE(401, 404, 500, 503);
    r.p2.set_script([status](const http_message&) { return answer_http(status); });
    r.send(prepare{});
    const auto found = reachability(admin, "p2");
    CHECK(text_at(found, "state") == "REFUSING");
    CHECK(text_at(found, "lastError").find("HTTP status " + std::to_string(status)) != std::string::npos);
    CHECK(found.at("lastAnswerAt").is_null());
    CHECK(found.at("roundTripMs").is_null());
    const auto shown = r.d.scrape();
    CHECK(shown.sum("ilp_peer_reachable", {{"peer", "p2"}}) == 0);
    CHECK(shown.sum("ilp_peer_refusing", {{"peer", "p2"}}) == 1);
    r.p2.set_script([](const http_message&) { return answer_reject("F99"); });
    CHECK(outcome(r.send(prepare{})) == "F99");
    CHECK(state(admin, "p2") == "REACHABLE");  // a Reject is an answer
    CHECK(r.d.scrape().sum("ilp_peer_refusing", {{"peer", "p2"}}) == 0);
}

TEST_CASE("a next hop that takes packets and answers none is not reachable") {
    rig r{[](daemon_terms& terms) {
        terms.connector = {"workers: 1", "min_expiration_window: 100ms", "max_hold_time: 1s"};
    }};
    const admin_client admin{r.d.admin_port()};
    CHECK(outcome(r.send(prepare{})) == "fulfill");
    r.p2.set_script([](const http_message&) { return answer_silence(); });
    CHECK(outcome(r.send(prepare{})) == "R00");
    CHECK(state(admin, "p2") == "REACHABLE");
    CHECK(outcome(r.send(prepare{})) == "R00");
    CHECK(outcome(r.send(prepare{})) == "R00");
    CHECK(state(admin, "p2") == "UNREACHABLE");
    CHECK(text_at(reachability(admin, "p2"), "lastError") == "next hop did not answer in time");
}

TEST_CASE("a ping tells whether a peer is reachable, and a new endpoint is not judged by the old one") {
    administered a{store_kind::sqlite};
    const auto bob = a.create_peer("bob", a.r.p2.port());
    CHECK(state(a.admin, "bob") == "UNKNOWN");
    ping(a.admin, "test.bob");  // p2 fulfills with another condition, which is an answer
    CHECK(state(a.admin, "bob") == "REACHABLE");
    a.admin.update_peer(bob, {{"http", http_input(free_port(), token_for("bob"))}});
    CHECK(state(a.admin, "bob") == "UNKNOWN");
    ping(a.admin, "test.bob");
    CHECK(state(a.admin, "bob") == "UNREACHABLE");
    a.admin.update_peer(bob, {{"name", "robert"}});
    ping(a.admin, "test.bob");
    CHECK(state(a.admin, "robert") == "UNREACHABLE");
    a.admin.update_peer(bob, {{"http", http_input(a.r.p2.port(), token_for("bob"))}});
    ping(a.admin, "test.bob");
    CHECK(state(a.admin, "robert") == "REACHABLE");
}

}  // namespace reachability_test
