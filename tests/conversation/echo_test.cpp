#include "ilp/echo.hpp"

#include "tests/conversation/world.hpp"
#include "tests/unit/ilp/vectors.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

namespace echo_test {

using namespace conversation;
using connector::awaited_echo;

namespace {

prepare echo_to(std::string_view source, std::uint64_t amount = 100) {
    prepare made{.amount = amount, .destination = "test.d"};
    ilp::echo::serialize_request(made.data, source);
    return made;
}

prepare ping(std::uint64_t amount = 100) {
    return {.amount = amount,
            .destination = "test.d",
            .data = to_bytes("anything"),
            .condition = ilp::echo::one_way_condition};
}

}  // namespace

TEST_CASE("ECH-01: amounts above the limit are refused with F06") {
    world d;
    CHECK(d.send("p1", echo_to("test.p1.x", 1000)).what == step::go_on);
    CHECK(d.send("p1", ping(1000)).what == step::fulfill);
    for (const prepare& each : {echo_to("test.p1.x", 1001), ping(1001)}) {
        const decision refused = d.send("p1", each);
        CHECK(refused.refused_with(reject_reason::echo_amount_too_large));
        CHECK(d.code_of(refused) == "F06");
    }
    auto settings = usual_settings();
    settings.connector.echo_max_amount = {0};
    world strict{settings};
    CHECK(strict.send("p1", ping(1)).refused_with(reject_reason::echo_amount_too_large));
    CHECK(strict.send("p1", echo_to("test.p1.x", 1)).refused_with(reject_reason::echo_amount_too_large));
    CHECK(strict.send("p1", ping(0)).what == step::fulfill);
}

TEST_CASE("ECH-02 ECH-03: a request becomes a new Prepare to its source: same condition, earlier expiry") {
    world d;
    for (const auto& [source, to] : {std::pair{"test.p1.receiver", "p1"}, std::pair{"test.p2.other", "p2"}}) {
        const decision decided = d.send("p1", echo_to(source));
        REQUIRE(decided.what == step::go_on);
        CHECK(decided.to() == to);
        prepare expected{.destination = source, .expires_in = 9s};
        ilp::echo::serialize_response(expected.data);
        CHECK(std::ranges::equal(decided.forwarded(), d.encode(expected)));
        d.release(decided);
    }
    CHECK(d.at_rest());
}

TEST_CASE("ECH-02: the echo response obeys the rules of routing, amounts, balance and expiry") {
    auto settings = usual_settings();
    settings.peers[0].liquidity = {50};
    settings.peers[1].max_packet_amount = ilp::amount{10};
    world d{settings};
    CHECK(d.send("p1", echo_to("test.nowhere")).refused_with(reject_reason::no_route));
    CHECK(d.send("p1", echo_to("g.p1")).refused_with(reject_reason::other_network));
    CHECK(d.send("p1", echo_to("test.euro")).refused_with(reject_reason::no_rate));
    CHECK(d.send("p1", echo_to("test.p2", 11)).refused_with(reject_reason::amount_above_outgoing_maximum));
    CHECK(d.send("p1", echo_to("test.p3", 51)).refused_with(reject_reason::sender_lacks_liquidity));
    prepare hasty = echo_to("test.p1");
    hasty.expires_in = 1s;
    CHECK(d.send("p1", hasty).refused_with(reject_reason::expires_too_soon));
    CHECK(d.at_rest());
}

TEST_CASE("ECH-04: the Fulfill or Reject of the echo response answers the request") {
    world d;
    const decision decided = d.send("p1", echo_to("test.p1.receiver"));
    REQUIRE(decided.what == step::go_on);
    ilp::bytes fulfill = fulfill_with(preimage, to_bytes("pong"));
    const auto fulfilled = d.answer(decided, fulfill);
    CHECK(fulfilled.kind == connector::reply_kind::fulfill);
    CHECK(std::ranges::equal(fulfilled.packet, fulfill));
    ilp::bytes reject = reject_with("F99", "test.p1", "no");
    CHECK(d.answer(decided, reject).kind == connector::reply_kind::reject);
    d.post(decided);
    CHECK(d.available("p1") == 1'000'000);  // it paid itself
    CHECK(d.at_rest());
}

TEST_CASE("ECH-05: malformed echoes, and those whose source cannot be reached, are rejected with F01") {
    world d;
    const auto vectors = vectors::load("generated/echo.json");
    for (const auto& vector : vectors.at("malformed").as_array()) {
        const std::string name{vectors::text(vector.at("name"))};
        INFO(name);
        prepare sent{.destination = "test.d", .data = vectors::from_hex(vectors::text(vector.at("data_hex")))};
        const decision refused = d.send("p1", sent);
        const bool is_echo = name != "15 octets of prefix";
        CHECK(refused.refused_with(is_echo ? reject_reason::malformed_echo : reject_reason::unexpected_payment));
        CHECK(d.code_of(refused) == (is_echo ? "F01" : "F06"));
    }
    for (const auto* source : {"peer.x", "peer.config", "self.x"}) {
        INFO(source);
        CHECK(d.send("p1", echo_to(source)).refused_with(reject_reason::malformed_echo));
    }
}

TEST_CASE("ECH-06: an unsolicited echo response is rejected with F06") {
    world d;
    prepare response{.destination = "test.d"};
    ilp::echo::serialize_response(response.data);
    CHECK(d.code_of(d.send("p1", response)) == "F06");
    response.condition = ilp::echo::one_way_condition;
    CHECK(d.code_of(d.send("p1", response)) == "F06");
}

TEST_CASE("ECH-06: the response to an echo that this node has requested is fulfilled, while it is awaited") {
    world d;
    awaited_echo echo;
    d.load.echo = &echo;
    prepare response{.amount = 0, .destination = "test.d", .condition = echo.condition()};
    ilp::echo::serialize_response(response.data);
    CHECK(d.code_of(d.send("p1", response)) == "F06");
    {
        const awaited_echo::wait wait{echo};
        const decision decided = d.send("p1", response);
        REQUIRE(decided.what == step::fulfill);
        CHECK(decided.context.fulfillment == echo.fulfillment());
        CHECK(ilp::fulfills(echo.fulfillment(), echo.condition()));
        prepare other = response;
        other.amount = 1;
        CHECK(d.code_of(d.send("p1", other)) == "F06");
        other = response;
        other.condition = awaited_echo{}.condition();
        CHECK(d.code_of(d.send("p1", other)) == "F06");
        other = response;
        other.data.clear();
        CHECK(d.code_of(d.send("p1", other)) == "F06");
    }
    CHECK(d.code_of(d.send("p1", response)) == "F06");
}

TEST_CASE("ECH-07: an echo whose source is our own address is never forwarded, even with a default route") {
    auto settings = usual_settings();
    settings.peers[1].routes = {"", "test"};
    world d{settings};
    for (const auto* source : {"test.d", "test.d.below"}) {
        const decision refused = d.send("p1", echo_to(source));
        CHECK(refused.refused_with(reject_reason::no_route));
        CHECK(d.code_of(refused) == "F02");
    }
    CHECK(d.at_rest());
}

TEST_CASE("ECH-08: a one-way ping is fulfilled here with its data, and this node keeps its amount") {
    world d;
    const decision decided = d.send("p1", ping());
    REQUIRE(decided.what == step::fulfill);
    CHECK(decided.context.fulfillment == ilp::echo::one_way_fulfillment);
    CHECK(std::ranges::equal(decided.context.answer_data, to_bytes("anything")));
    CHECK(d.available("p1") == 999'900);
    d.post(decided);
    CHECK(d.asset_available("USD", 9) == 1'000'000'000'100);
    CHECK(d.at_rest());

    const decision free = d.send("p1", ping(0));
    CHECK(free.what == step::fulfill);
    CHECK(free.context.transfer.empty());
}

TEST_CASE("ECH-08: a ping that its sender cannot pay for gets T04, and only the exact own address answers pings") {
    auto settings = usual_settings();
    settings.peers[0].liquidity = {99};
    world d{settings};
    CHECK(d.send("p1", ping()).refused_with(reject_reason::sender_lacks_liquidity));
    prepare elsewhere = ping(1);
    elsewhere.destination = "test.d.x";
    CHECK(d.send("p1", elsewhere).refused_with(reject_reason::no_route));
    prepare echo_with_ping_condition = echo_to("test.p2");
    echo_with_ping_condition.amount = 1;
    echo_with_ping_condition.condition = ilp::echo::one_way_condition;
    CHECK(d.send("p1", echo_with_ping_condition).what == step::go_on);  // an echo request remains one
}

}  // namespace echo_test
