#include "connector/transport/http/message.hpp"
#include "ilp/echo.hpp"
#include "tests/conversation/world.hpp"
#include "tests/unit/ilp/vectors.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace stages_test {

// One case for each row of the table of stages: what it refuses, with which code, and what still passes.

using namespace conversation;
using namespace std::string_literals;

TEST_CASE("A27-10 A35-07: authenticate: the token alone identifies the peer") {
    const world d;
    const auto owner = [&](const std::string& lines) -> std::string {
        const std::string text = "POST / HTTP/1.1\r\nHost: d\r\n" + lines + "\r\n";
        const auto head = connector::http::parse_request_head(text);
        if (!head) return "no request";
        const auto token = connector::http::bearer_token(head->authorization);
        const auto* const found = d.known->find_by_token(ilp::sha256(ilp::as_bytes(token)));
        return found == nullptr ? "nobody" : std::string{found->name()};
    };
    CHECK(owner("Authorization: Bearer token-of-p1\r\n") == "p1");
    CHECK(owner("Authorization: bearer token-of-cents\r\n") == "cents");
    CHECK(owner("") == "nobody");
    CHECK(owner("Authorization: Bearer token-of-p\r\n") == "nobody");
    CHECK(owner("Authorization: Bearer TOKEN-OF-P1\r\n") == "nobody");
    CHECK(owner("Authorization: Basic token-of-p1\r\n") == "nobody");
}

TEST_CASE("A27-51 A27-90 A27-91 A27-92: decode: a malformed packet is rejected with F01 if it begins like a Prepare") {
    world d;
    const auto vectors = vectors::load("generated/ilp_prepare_malformed.json");
    int count = 0;
    for (const auto& vector : vectors.at("cases").as_array()) {
        if (vectors::text(vector.at("verdict")) != "refuse" || !vector.as_object().contains("hex")) continue;
        INFO(vectors::text(vector.at("name")));
        const ilp::bytes body = vectors::from_hex(vectors::text(vector.at("hex")));
        const decision decided = d.send("p1", body);
        if (body.empty() || body.front() != 12) {
            CHECK(decided.what == step::bad_request);
        } else {
            REQUIRE(decided.what == step::reject);
            CHECK(d.code_of(decided) == "F01");
        }
        CHECK(decided.body == body);
        ++count;
    }
    CHECK(count > 30);
    CHECK(d.at_rest());
}

TEST_CASE("A27-50 A27-51: decode: each fault has its own reason") {
    world d;
    const ilp::bytes good = d.encode({});
    const auto reason_after = [&](auto change) {
        ilp::bytes body = good;
        change(body);
        return d.send("p1", std::move(body)).outcome();
    };
    CHECK(reason_after([](ilp::bytes& body) { body.pop_back(); }) == "packet is truncated");
    CHECK(reason_after([](ilp::bytes& body) { body.resize(1); }) == "packet is truncated");
    CHECK(reason_after([](ilp::bytes& body) { body[1] = 0x80; }) == "packet is not canonical OER");
    CHECK(reason_after([](ilp::bytes& body) { body.insert(body.begin() + 1, 0x81); }) == "packet is not canonical OER");
    CHECK(reason_after([](ilp::bytes& body) { body[10] = 'x'; }) == "expiresAt is not a valid time");
    CHECK(reason_after([](ilp::bytes& body) { body[60] = '.'; }) == "destination is not an ILP address");
    CHECK(d.send("p1", prepare{.destination = "test." + std::string(1018, 'a') + "b"}).outcome() ==
          "a field is longer than RFC 27 allows");
    CHECK(d.send("p1", prepare{.data = ilp::bytes(32'768)}).outcome() == "a field is longer than RFC 27 allows");
}

TEST_CASE("A27-21: decode: a Fulfill or a Reject is not a request") {
    world d;
    CHECK(d.send("p1", fulfill_with(preimage)).what == step::bad_request);
    CHECK(d.send("p1", reject_with("F00")).what == step::bad_request);
    CHECK(d.send("p1", ilp::bytes{}).what == step::bad_request);
}

TEST_CASE(
    "A27-02 A27-20 A27-50: decode: other encodings are refused, octets behind the packet and its fields are dropped") {
    world d;
    const auto vectors = vectors::load("generated/ilp_prepare_malformed.json");
    for (const auto& vector : vectors.at("cases").as_array()) {
        if (vectors::text(vector.at("verdict")) != "policy") continue;
        const std::string name{vectors::text(vector.at("name"))};
        INFO(name);
        const decision decided = d.send("p1", vectors::from_hex(vectors::text(vector.at("hex"))));
        // Packets with trailing octets are parsed and then refused because their destination has no route here.
        CHECK(decided.refused_with(name.find("trailing") != std::string::npos ? reject_reason::no_route
                                                                              : reject_reason::not_canonical));
    }
    for (const bool inner : {false, true}) {
        ilp::bytes body = d.encode({});
        if (inner) body[1] = static_cast<ilp::octet>(body[1] + 3);
        body.insert(body.end(), {1, 2, 3});
        const decision decided = d.send("p1", std::move(body));
        REQUIRE(decided.what == step::go_on);
        CHECK(decided.forwarded().size() == d.encode({}).size());
        CHECK(decided.forwarded()[1] == d.encode({})[1]);
        d.release(decided);
    }
}

TEST_CASE("A27-60 A27-63: admit: a packet that this node could not complete is refused at once") {
    world d;
    d.load = {.draining = true};
    const decision draining = d.send("p1", prepare{});
    CHECK(draining.refused_with(reject_reason::draining));
    CHECK(d.code_of(draining) == "T03");
    d.load = {.store_unavailable = true};
    const decision without_store = d.send("p1", prepare{});
    CHECK(without_store.refused_with(reject_reason::store_unavailable));
    CHECK(d.code_of(without_store) == "T00");
    d.load = {.packets_in_flight_full = true};
    const decision full = d.send("p1", prepare{});
    CHECK(full.refused_with(reject_reason::too_many_packets_in_flight));
    CHECK(d.code_of(full) == "T03");
    CHECK(d.at_rest());
}

TEST_CASE("A27-68 A27-96: expired on arrival: R00 from the exact time of the expiry") {
    world d;
    for (const std::chrono::milliseconds expires_in : {0ms, -1ms, -1'000'000'000'000ms}) {
        const decision expired = d.send("p1", prepare{.expires_in = expires_in});
        CHECK(expired.refused_with(reject_reason::expired_on_arrival));
        CHECK(d.code_of(expired) == "R00");
    }
    CHECK_FALSE(d.send("p1", prepare{.expires_in = 1ms}).refused_with(reject_reason::expired_on_arrival));
    const auto vectors = vectors::load("generated/ilp_prepare_malformed.json");
    int count = 0;
    for (const auto& vector : vectors.at("cases").as_array()) {
        if (vectors::text(vector.at("verdict")) != "expired") continue;
        ++count;
        CHECK(d.send("p1", vectors::from_hex(vectors::text(vector.at("hex"))))
                  .refused_with(reject_reason::expired_on_arrival));
    }
    CHECK(count == 2);
}

TEST_CASE("A27-35 A27-58: maximum packet amount of the incoming peer: F08 with both amounts, inclusive") {
    auto settings = usual_settings();
    settings.peers[0].max_packet_amount = ilp::amount{1000};
    world d{settings};
    CHECK(d.send("p1", prepare{.amount = 1000}).what == step::go_on);
    const decision refused = d.send("p1", prepare{.amount = 1001});
    REQUIRE(refused.refused_with(reject_reason::amount_above_incoming_maximum));
    const auto reject = d.reject_of(refused);
    CHECK(reject.code == "F08");
    CHECK(vectors::to_hex(reject.data) == "00000000000003e900000000000003e8");
    CHECK(d.send("p2", prepare{.amount = 1001, .destination = "test.p3"}).what == step::go_on);
}

TEST_CASE("A27-65: packet rate of the incoming peer: T05, until the bucket has filled again") {
    auto settings = usual_settings();
    settings.peers[0].packet_rate = 10;
    world d{settings};
    for (int i = 0; i < 10; ++i) CHECK(d.send("p1", prepare{.amount = 0}).what == step::go_on);
    const decision refused = d.send("p1", prepare{.amount = 0});
    CHECK(refused.refused_with(reject_reason::packet_rate_exceeded));
    CHECK(d.code_of(refused) == "T05");
    CHECK(d.send("p2", prepare{.amount = 0, .destination = "test.p3"}).what == step::go_on);
    d.pass(100ms);
    CHECK(d.send("p1", prepare{.amount = 0}).what == step::go_on);
    CHECK(d.send("p1", prepare{.amount = 0}).refused_with(reject_reason::packet_rate_exceeded));
}

TEST_CASE("A18-03 A27-64: throughput of the incoming peer: T04, until the bucket has filled again") {
    auto settings = usual_settings();
    settings.peers[0].incoming_throughput = ilp::amount{1000};
    world d{settings};
    CHECK(d.send("p1", prepare{.amount = 1000}).what == step::go_on);
    const decision refused = d.send("p1", prepare{.amount = 1});
    CHECK(refused.refused_with(reject_reason::incoming_throughput_exceeded));
    CHECK(d.code_of(refused) == "T04");
    CHECK(d.send("p1", prepare{.amount = 0}).what == step::go_on);
    d.pass(500ms);
    CHECK(d.send("p1", prepare{.amount = 501}).refused_with(reject_reason::incoming_throughput_exceeded));
    CHECK(d.send("p1", prepare{.amount = 500}).what == step::go_on);
}

TEST_CASE("A15-11 A34-10: peer protocols: unknown ones are rejected with F01, whatever the routes are") {
    auto settings = usual_settings();
    settings.peers[1].routes = {"", "peer", "peer.unknown"};
    world d{settings};
    for (const std::string& destination :
         {"peer.unknown"s, "peer.config.x"s, "peer.confi"s, "peer.route.control"s, "peer.settle"s, "peer.heartbeat"s}) {
        INFO(destination);
        const decision refused = d.send("p1", prepare{.amount = 0, .destination = destination});
        CHECK(refused.refused_with(reject_reason::unknown_peer_protocol));
        CHECK(d.code_of(refused) == "F01");
    }
}

TEST_CASE("A27-56: own address: it does not receive payments") {
    world d;
    const decision refused = d.send("p1", prepare{.destination = "test.d"});
    CHECK(refused.refused_with(reject_reason::unexpected_payment));
    CHECK(d.code_of(refused) == "F06");
    CHECK(d.send("p1", prepare{.destination = "test.d.nobody"}).refused_with(reject_reason::no_route));
    CHECK(d.send("p1", prepare{.destination = "test.dd"}).refused_with(reject_reason::no_route));
}

TEST_CASE("A15-09 A15-10 A15-16 A27-52: route: the prefix decides, and without a route comes F02") {
    world d;
    const decision forwarded = d.send("p1", prepare{.destination = "test.p2.a.b.~c"});
    REQUIRE(forwarded.what == step::go_on);
    CHECK(forwarded.to() == "p2");
    CHECK(forwarded.context.prepare->destination() == "test.p2.a.b.~c");
    for (const std::string& destination : {"test.nowhere"s, "test.p22"s, "test.P2"s, "private.x"s, "example.x"s}) {
        INFO(destination);
        const decision refused = d.send("p1", prepare{.destination = destination});
        CHECK(refused.refused_with(reject_reason::no_route));
        CHECK(d.code_of(refused) == "F02");
    }
}

TEST_CASE("A15-12 A15-13 A15-14 A34-11: route: the default route applies only to addresses of the own network") {
    auto settings = usual_settings();
    settings.peers[1].routes = {""};
    settings.peers[2].routes = {"private.p3"};
    world d{settings};
    CHECK(d.send("p1", prepare{.destination = "test.elsewhere"}).to() == "p2");
    CHECK(d.send("p1", prepare{.destination = "private.p3.x"}).to() == "p3");
    for (const std::string& destination : {"g.x"s, "test1.x"s, "test2.x"s, "test3.x"s}) {
        INFO(destination);
        const decision refused = d.send("p1", prepare{.destination = destination});
        CHECK(refused.refused_with(reject_reason::other_network));
        CHECK(d.code_of(refused) == "F02");
    }
    for (const std::string& destination : {"private.x"s, "example.x"s, "self.x"s, "local.x"s}) {
        INFO(destination);
        CHECK(d.send("p1", prepare{.destination = destination}).refused_with(reject_reason::no_route));
    }

    settings.ilp_address = ilp::address::parse("g.d").value();
    world live{settings};
    CHECK(live.send("p1", prepare{.destination = "g.x"}).to() == "p2");
    CHECK(live.send("p1", prepare{.destination = "test.p2"}).refused_with(reject_reason::other_network));
}

TEST_CASE("A15-12: route: self. and local. are refused even with a route for them") {
    auto settings = usual_settings();
    settings.peers[1].routes = {"self", "local", "local.x"};
    world d{settings};
    CHECK(d.send("p1", prepare{.destination = "self.x"}).refused_with(reject_reason::no_route));
    CHECK(d.send("p1", prepare{.destination = "local.x"}).refused_with(reject_reason::no_route));
}

TEST_CASE("A31-03 A34-11: route: addresses below our own go only to the peers that have them") {
    auto settings = usual_settings();
    settings.peers[1].routes = {"", "test"};
    settings.peers[2].ilp_address = ilp::address::parse("test.d.child").value();
    world d{settings};
    CHECK(d.send("p1", prepare{.destination = "test.d.child.x"}).to() == "p3");
    CHECK(d.send("p1", prepare{.destination = "test.d.stranger"}).refused_with(reject_reason::no_route));
    CHECK(d.send("p1", prepare{.destination = "test.dd"}).to() == "p2");
}

TEST_CASE("A27-19: route: a packet does not return to its source unless the peer allows it") {
    auto settings = usual_settings();
    settings.peers[1].return_to_source = true;
    world d{settings};
    const decision refused = d.send("p1", prepare{.destination = "test.p1.x"});
    CHECK(refused.refused_with(reject_reason::back_to_source));
    CHECK(d.code_of(refused) == "F02");
    const decision forwarded = d.send("p2", prepare{.destination = "test.p2.x"});
    REQUIRE(forwarded.what == step::go_on);
    CHECK(forwarded.to() == "p2");
    d.post(forwarded);
    CHECK(d.available("p2") == 1'000'000);
    CHECK(d.at_rest());
}

TEST_CASE("A18-07: packets from and to a disabled peer are refused") {
    world d;
    d.set_enabled("p1", false);
    const decision from = d.send("p1", prepare{});
    CHECK(from.refused_with(reject_reason::peer_disabled));
    CHECK(d.code_of(from) == "T00");
    CHECK(d.available("p1") == 1'000'000);
    const decision to = d.send("p2", {.destination = "test.p1.receiver"});
    CHECK(to.refused_with(reject_reason::next_hop_disabled));
    CHECK(d.code_of(to) == "T01");
    CHECK(d.available("p2") == 1'000'000);
    CHECK(d.at_rest());
    d.set_enabled("p1", true);
    CHECK(d.send("p1", prepare{}).what == step::go_on);
}

TEST_CASE("A27-60: convert: T00 without a rate between two currencies") {
    world d;
    const decision refused = d.send("p1", prepare{.destination = "test.euro"});
    CHECK(refused.refused_with(reject_reason::no_rate));
    CHECK(d.code_of(refused) == "T00");
    CHECK(d.send("p1", prepare{.amount = 0, .destination = "test.euro"}).refused_with(reject_reason::no_rate));
}

TEST_CASE("A18-03 A27-64: throughput of the outgoing peer: T04, in its own units") {
    auto settings = usual_settings();
    settings.peers[3].outgoing_throughput = ilp::amount{5};
    settings.peers[0].liquidity = {1'000'000'000};
    world d{settings};
    const prepare four_cents{.amount = 40'000'000, .destination = "test.cents"};
    CHECK(d.send("p1", four_cents).what == step::go_on);
    const decision refused = d.send("p1", four_cents);
    CHECK(refused.refused_with(reject_reason::outgoing_throughput_exceeded));
    CHECK(d.code_of(refused) == "T04");
    d.pass(600ms);
    CHECK(d.send("p1", four_cents).what == step::go_on);
}

TEST_CASE("throughput: a packet that its sender cannot pay for takes none of it") {
    auto settings = usual_settings();
    settings.peers[0].liquidity = {0};
    settings.peers[0].incoming_throughput = ilp::amount{1000};
    settings.peers[1].outgoing_throughput = ilp::amount{1000};
    world d{settings};
    for (int i = 0; i < 10; ++i) {
        CHECK(d.send("p1", prepare{.amount = 1000}).refused_with(reject_reason::sender_lacks_liquidity));
    }
    CHECK(d.send("p3", prepare{.amount = 1000}).what == step::go_on);
    CHECK(d.send("p3", prepare{.amount = 1}).refused_with(reject_reason::outgoing_throughput_exceeded));
}

TEST_CASE("throughput: a packet that is not fulfilled gives it back, to the sender and to the next hop") {
    auto settings = usual_settings();
    settings.peers[0].incoming_throughput = ilp::amount{1000};
    settings.peers[1].outgoing_throughput = ilp::amount{1000};
    world d{settings};
    for (int i = 0; i < 10; ++i) {
        const decision decided = d.send("p1", prepare{.amount = 1000});
        REQUIRE(decided.what == step::go_on);
        CHECK(d.send("p3", prepare{.amount = 1}).refused_with(reject_reason::outgoing_throughput_exceeded));
        d.give_back(decided);
    }
    CHECK(d.at_rest());
    const decision fulfilled = d.send("p1", prepare{.amount = 1000});
    d.post(fulfilled);
    CHECK(d.send("p1", prepare{.amount = 1}).refused_with(reject_reason::incoming_throughput_exceeded));
}

TEST_CASE("throughput: a refusal for want of it leaves nothing held or taken") {
    auto settings = usual_settings();
    settings.peers[0].incoming_throughput = ilp::amount{1000};
    settings.peers[0].max_in_flight_amount = ilp::amount{1000};
    settings.peers[1].outgoing_throughput = ilp::amount{10};
    world d{settings};
    for (int i = 0; i < 3; ++i) {
        const decision refused = d.send("p1", prepare{.amount = 1000});
        CHECK(refused.refused_with(reject_reason::outgoing_throughput_exceeded));
        CHECK(refused.context.transfer.empty());
    }
    CHECK(d.at_rest());
    CHECK(d.send("p1", prepare{.amount = 1000, .destination = "test.p3"}).what == step::go_on);
}

TEST_CASE("throughput: it limits a ping, too") {
    auto settings = usual_settings();
    settings.peers[0].incoming_throughput = ilp::amount{2};
    world d{settings};
    const prepare ping{.amount = 1, .destination = "test.d", .condition = ilp::echo::one_way_condition};
    CHECK(d.send("p1", ping).what == step::fulfill);
    CHECK(d.send("p1", ping).what == step::fulfill);
    CHECK(d.send("p1", ping).refused_with(reject_reason::incoming_throughput_exceeded));
}

TEST_CASE("amount in flight: T04 beyond the sender's maximum, until a packet has ended") {
    auto settings = usual_settings();
    settings.peers[0].max_in_flight_amount = ilp::amount{1000};
    world d{settings};
    const decision first = d.send("p1", prepare{.amount = 600});
    REQUIRE(first.what == step::go_on);
    const decision refused = d.send("p1", prepare{.amount = 401, .destination = "test.p3"});
    CHECK(refused.refused_with(reject_reason::in_flight_amount_exceeded));
    CHECK(d.code_of(refused) == "T04");
    CHECK(d.send("p2", prepare{.amount = 10'000, .destination = "test.p3"}).what == step::go_on);
    const decision second = d.send("p1", prepare{.amount = 400});
    REQUIRE(second.what == step::go_on);
    CHECK(d.send("p1", prepare{.amount = 1}).refused_with(reject_reason::in_flight_amount_exceeded));
    CHECK(d.send("p1", prepare{.amount = 0}).what == step::go_on);
    d.post(first);
    CHECK(d.send("p1", prepare{.amount = 600}).what == step::go_on);
}

TEST_CASE("shares of a pool: a sender between two assets may not hold all of the next hop's") {
    auto settings = usual_settings();
    settings.assets[2].liquidity = {1000};
    world d{settings};
    d.rates.set("USD", "EUR", {.rate = ilp::parse_rate("1").value(), .spread = 0});
    connector::pool_shares pools;
    d.load.pools = &pools;
    const prepare hundred{.amount = 100, .destination = "test.euro"};
    std::vector<decision> held;
    for (;;) {
        decision decided = d.send("p1", hundred);
        if (decided.what != step::go_on) {
            CHECK(decided.refused_with(reject_reason::asset_share_exceeded));
            CHECK(d.code_of(decided) == "T04");
            CHECK(decided.context.transfer.empty());
            break;
        }
        held.push_back(std::move(decided));
    }
    CHECK(held.size() == 8);
    CHECK(d.send("p2", hundred).what == step::go_on);
    // Within one asset there is no pool.
    CHECK(d.send("p1", prepare{.amount = 100}).what == step::go_on);
    d.give_back(held.front());
    d.give_back(held.back());
    CHECK(d.send("p1", hundred).what == step::go_on);
}

TEST_CASE("A27-70: shorten expiry: R02 when less than the minimum window would be left") {
    world d;
    for (const auto expires_in : {1ms, 1000ms, 1999ms}) {
        const decision refused = d.send("p1", prepare{.expires_in = expires_in});
        CHECK(refused.refused_with(reject_reason::expires_too_soon));
        CHECK(d.code_of(refused) == "R02");
    }
    CHECK(d.send("p1", prepare{.expires_in = 2000ms}).what == step::go_on);
}

TEST_CASE("shorten expiry: a next hop's own hold time applies when it is shorter than the connector's") {
    auto settings = usual_settings();
    settings.peers[1].max_hold_time = 4s;
    settings.peers[2].max_hold_time = 60s;
    world d{settings};
    const auto time_left = [&](const std::string& to, std::chrono::milliseconds expires_in) {
        const decision decided = d.send("p1", prepare{.destination = to, .expires_in = expires_in});
        REQUIRE(decided.what == step::go_on);
        const auto left = decided.context.outgoing_expires_at - decided.context.now.wall;
        d.release(decided);
        return left;
    };
    CHECK(time_left("test.p2", 30s) == 4s);
    CHECK(time_left("test.p2", 3s) == 2s);
    CHECK(time_left("test.p3", 50s) == 30s);
}

TEST_CASE("A27-11 A27-64: hold liquidity: T04 when the sender does not have enough") {
    world d;
    CHECK(d.send("p1", prepare{.amount = 999'999}).what == step::go_on);
    const decision refused = d.send("p1", prepare{.amount = 2});
    CHECK(refused.refused_with(reject_reason::sender_lacks_liquidity));
    CHECK(d.code_of(refused) == "T04");
    CHECK(refused.context.transfer.empty());
    CHECK(d.send("p1", prepare{.amount = 1}).what == step::go_on);
    CHECK(d.send("p1", prepare{.amount = 0}).what == step::go_on);
}

}  // namespace stages_test
