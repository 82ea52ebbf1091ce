#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace forwarding_test {

namespace {

using namespace support;
using namespace std::chrono_literals;

constexpr std::size_t expiry_offset = 8;  // within the contents, after the amount

/// The position where a packet's contents begin.
std::size_t contents_offset(const ilp::bytes& packet) {
    return packet[1] < 0x80 ? 2 : 2u + (packet[1] & 0x7fu);
}

/// A short window keeps the time-out tests short.
void quick_window(daemon_terms& terms) {
    terms.connector = {"workers: 1", "min_expiration_window: 200ms"};
}

std::uint64_t p1_spent(const rig& r) {
    return default_liquidity - r.d.settled_liquidity("p1");
}

}  // namespace

TEST_CASE("A27-01: packets that leave are canonical OER") {
    const rig r;
    for (const std::size_t size : {0u, 1u, 20u, 60u, 127u, 128u, 255u, 256u, 32767u}) {
        const prepare sent{.data = random_bytes(size)};
        expect_fulfill(r.send(sent), sent);
        CHECK(r.p2.last_prepare().data == sent.data);  // throws unless canonical
    }
}

TEST_CASE("A27-02: non-canonical packets are refused with F01") {
    const rig r;
    ilp::bytes long_form = encode({});
    REQUIRE(long_form[1] < 0x80);
    long_form.insert(long_form.begin() + 1, 0x81);
    expect_reject(r.send(long_form), "F01");
    ilp::bytes leading_zero = encode({});
    leading_zero.insert(leading_zero.begin() + 1, {0x82, 0x00});
    expect_reject(r.send(leading_zero), "F01");
    r.expect_untouched();
}

TEST_CASE("A27-03 A27-05 A27-06: only amount and expiry change on the way") {
    const rig r;
    for (const std::size_t size : {0u, 30u, 100u, 200u, 1000u, 32767u}) {
        const prepare sent{.amount = 7, .destination = "test.p2.x.~y", .data = random_bytes(size)};
        const ilp::bytes before = encode(sent);
        expect_fulfill(r.send(before), sent);
        ilp::bytes after = r.p2.requests().back().body;
        REQUIRE(after.size() == before.size());
        const auto expiry = static_cast<std::ptrdiff_t>(contents_offset(before) + expiry_offset);
        std::copy_n(before.begin() + expiry, ilp::timestamp_size, after.begin() + expiry);
        CHECK(after == before);
    }
}

TEST_CASE("A27-04 A29-33 A34-12: data passes unchanged in Prepare, Fulfill and Reject") {
    rig r;
    for (const std::size_t size : {0u, 1u, 127u, 128u, 255u, 256u, 32767u}) {
        INFO(size);
        const prepare sent{.data = random_bytes(size)};
        const ilp::bytes back = random_bytes(size);
        r.p2.set_script([&](const http_message& request) { return answer_fulfill(request, back); });
        CHECK(expect_fulfill(r.send(sent), sent) == back);
        CHECK(r.p2.last_prepare().data == sent.data);

        r.p2.set_script([&](const http_message&) { return answer_packet(encode_reject("F99", "test.p2", "", back)); });
        CHECK(expect_any_reject(r.send(sent)).data == back);
    }
}

TEST_CASE("A27-07 A27-08 A18-09: the outgoing expiry leaves the window and is capped by the hold time") {
    const rig r{[](daemon_terms& terms) {
        terms.connector = {"workers: 1", "min_expiration_window: 1500ms", "max_hold_time: 20s"};
    }};
    const ilp::timestamp soon = now() + 10s;
    const prepare short_one{.expires_at = soon};
    expect_fulfill(r.send(short_one), short_one);
    CHECK(r.p2.last_prepare().expires_at == soon - 1500ms);

    const ilp::timestamp before = now();
    const prepare long_one{.expires_in = 1h};
    expect_fulfill(r.send(long_one), long_one);
    CHECK(r.p2.last_prepare().expires_at >= before + 20s);
    CHECK(r.p2.last_prepare().expires_at <= now() + 20s);

    const prepare far_one{.expires_at = *ilp::parse_timestamp(
                              std::span<const ilp::octet, 17>{ilp::as_bytes("99991231235959999").data(), 17})};
    expect_fulfill(r.send(far_one), far_one);
    CHECK(r.p2.last_prepare().expires_at <= now() + 20s);
}

TEST_CASE("A27-09: the rewritten expiry is a valid time of 17 digits") {
    const rig r;
    for (const auto ahead : {5000ms, 6001ms, 7010ms, 8100ms, 9999ms}) {
        const prepare sent{.expires_in = ahead};
        expect_fulfill(r.send(sent), sent);
        const ilp::bytes body = r.p2.requests().back().body;
        const auto digits = ilp::bytes_view{body}.subspan(contents_offset(body) + expiry_offset, ilp::timestamp_size);
        CHECK(std::ranges::all_of(digits, [](ilp::octet c) { return c >= '0' && c <= '9'; }));
    }
}

TEST_CASE("A27-10: the token alone determines whose account is debited") {
    const fake_peer p3;
    const rig r{[&](daemon_terms& terms) { terms.peers.push_back({.name = "p3", .port = p3.port()}); }};
    const prepare sent{.amount = 5};
    auto forged = ilp_request(encode(sent), "p3");
    forged.headers.emplace_back("ILP-Peer-Name", "p1");
    forged.headers.emplace_back("ILP-Destination", "test.p1");
    expect_fulfill(http_connection{r.d.port()}.exchange(forged), sent);
    CHECK(r.d.settled_liquidity("p3") == default_liquidity - 5);
    CHECK(r.d.liquidity("p1") == default_liquidity);
    expect_fulfill(r.send(sent), sent);
    CHECK(r.d.settled_liquidity("p1") == default_liquidity - 5);
    CHECK(r.d.liquidity("p3") == default_liquidity - 5);
}

TEST_CASE("A27-11 A32-06: liquidity is held before a packet is forwarded") {
    rig r{[](daemon_terms& terms) { terms.peers[0].liquidity = 100; }};
    SECTION("one packet") {
        expect_reject(r.send({.amount = 101}), "T04");
        CHECK(r.p2.request_count() == 0);
        const prepare all{.amount = 100};
        expect_fulfill(r.send(all), all);
        CHECK(r.d.settled_liquidity("p1") == 0);
    }
    SECTION("packets in flight count") {
        const auto hold = std::make_shared<gate>();
        r.p2.set_script([&](const http_message& request) {
            auto answer = answer_fulfill(request);
            answer.held_by = hold;
            return answer;
        });
        const prepare sent{.amount = 60};
        http_connection first{r.d.port()};
        first.send(ilp_request(encode(sent)));
        REQUIRE(r.p2.wait_for_requests(1));
        CHECK(r.d.liquidity("p1") == 40);
        expect_reject(r.send(sent), "T04");
        CHECK(r.p2.request_count() == 1);
        hold->open();
        expect_fulfill(first.receive(), sent);
        CHECK(r.d.settled_liquidity("p1") == 40);
    }
}

TEST_CASE("A27-12: a hold is released by a Reject and by the time-out, and kept by a Fulfill") {
    rig r{quick_window};
    r.p2.set_script([](const http_message&) { return answer_reject("F99"); });
    CHECK(outcome(r.send({.amount = 10})) == "F99");
    CHECK(p1_spent(r) == 0);
    r.p2.set_script([](const http_message&) { return answer_silence(); });
    CHECK(outcome(r.send({.amount = 10, .expires_in = 700ms})) == "R00");
    CHECK(p1_spent(r) == 0);
    r.p2.set_script([](const http_message& request) { return answer_fulfill(request); });
    CHECK(outcome(r.send({.amount = 10})) == "fulfill");
    CHECK(p1_spent(r) == 10);
    CHECK(r.d.liquidity("p2") == default_liquidity + 10);
}

TEST_CASE("A27-13 A27-55: a fulfillment that does not hash to the condition is refused with F05") {
    rig r;
    for (const ilp::fulfillment& wrong : {ilp::fulfillment{}, condition_for(fulfillment_for("test.p2.receiver", {}))}) {
        r.p2.set_script([&](const http_message&) { return answer_packet(encode_fulfill(wrong)); });
        expect_reject(r.send({.amount = 10}), "F05");
    }
    CHECK(p1_spent(r) == 0);
    CHECK(r.d.liquidity("p2") == default_liquidity);
}

TEST_CASE("A27-14 A34-04: a Fulfill that comes after the outgoing expiry changes nothing") {
    rig r{quick_window};
    r.p2.set_script([](const http_message& request) {
        auto answer = answer_fulfill(request);
        answer.delay = decode_prepare(request.body).expires_at - now() + 50ms;
        return answer;
    });
    expect_reject(r.send({.amount = 10, .expires_in = 700ms}), "R00");
    REQUIRE(eventually([&] { return r.p2.answers_sent() == 1 || r.p2.connections_open() == 0; }));
    CHECK(p1_spent(r) == 0);
    CHECK(r.d.liquidity("p2") == default_liquidity);

    r.p2.set_script([](const http_message& request) { return answer_fulfill(request, to_bytes("fresh")); });
    const prepare next{.amount = 3, .data = to_bytes("next")};
    CHECK(expect_fulfill(r.send(next), next) == to_bytes("fresh"));
    CHECK(p1_spent(r) == 3);
}

TEST_CASE("A27-15 A34-03 A27-68: when the next hop is silent, R00 comes between the two expiries") {
    rig r;
    r.p2.set_script([](const http_message&) { return answer_silence(); });
    const ilp::timestamp expiry = now() + 2500ms;
    expect_reject(r.send({.expires_at = expiry}), "R00");
    const ilp::timestamp answered = now();
    CHECK(answered >= expiry - 1s);
    CHECK(answered < expiry);
    CHECK(p1_spent(r) == 0);
}

TEST_CASE("A27-16: a valid Fulfill is passed back unchanged") {
    rig r;
    const ilp::bytes data = random_bytes(300);
    r.p2.set_script([&](const http_message& request) { return answer_fulfill(request, data); });
    const prepare sent;
    const auto response = r.send(sent);
    REQUIRE(response);
    CHECK(response->body == encode_fulfill(fulfillment_for(sent.destination, sent.data), data));
}

TEST_CASE("A27-17 A27-67 A27-59 A27-62 A27-53 A27-54 A27-57: a Reject from downstream is passed back untouched") {
    rig r;
    for (const ilp::bytes& reject :
         {encode_reject("F99", "test.p2.x", "told you", random_bytes(200)), encode_reject("T99", "test.far", "wait"),
          encode_reject("R99", "test.far", "\xc3\xa9t\xc3\xa9 \xe2\x82\xac"), encode_reject("F09", "test.p2"),
          encode_reject("X42", "test.p2"), encode_reject("F08", "", "", random_bytes(16)),
          encode_reject("T04", "g.other.network", "", {}), encode_reject("T02", "test.p2", "busy"),
          encode_reject("F03", "test.p2"), encode_reject("F04", "test.p2"), encode_reject("F07", "test.p2"),
          encode_reject("F00", "test.p2", std::string(8191, 'm'), random_bytes(32767))}) {
        r.p2.set_script([&](const http_message&) { return answer_packet(reject); });
        const auto response = r.send({.amount = 10});
        REQUIRE(response);
        CHECK(response->status() == 200);
        CHECK((response->body == reject));
    }
    CHECK(p1_spent(r) == 0);
    CHECK(r.d.liquidity("p2") == default_liquidity);
}

TEST_CASE("A27-18: Rejects move no balance") {
    rig r;
    for (const std::string code : {"F00", "F02", "F06", "F99", "T00", "T01", "T04", "R00", "R01", "R99"}) {
        r.p2.set_script([&](const http_message&) { return answer_reject(code); });
        CHECK(outcome(r.send({.amount = 1000})) == code);
    }
    CHECK(p1_spent(r) == 0);
    CHECK(r.d.liquidity("p2") == default_liquidity);
}

TEST_CASE("A27-19: a packet goes back to its source only when that is allowed") {
    SECTION("not by default") {
        const rig r;
        expect_reject(r.send({.destination = "test.p1.x"}), "F02");
        r.expect_untouched();
    }
    SECTION("when the peer's terms say so") {
        const rig r{[](daemon_terms& terms) { terms.peers[0].terms = {"return_to_source: true"}; }};
        const prepare sent{.amount = 10, .destination = "test.p1.x"};
        expect_fulfill(r.send(sent), sent);
        CHECK(r.p1.request_count() == 1);
        CHECK(p1_spent(r) == 0);
    }
}

TEST_CASE("A27-20: octets after the packet and after its last field are dropped") {
    const rig r;
    const prepare sent;
    const ilp::bytes packet = encode(sent);
    REQUIRE(packet[1] < 0x70);
    const ilp::bytes junk = to_bytes("junk");
    SECTION("outer") {
        ilp::bytes longer = packet;
        longer.insert(longer.end(), junk.begin(), junk.end());
        expect_fulfill(r.send(longer), sent);
    }
    SECTION("inner") {
        ilp::bytes longer = packet;
        longer.insert(longer.end(), junk.begin(), junk.end());
        longer[1] = static_cast<ilp::octet>(longer[1] + junk.size());
        expect_fulfill(r.send(longer), sent);
    }
    CHECK(r.p2.last_prepare().destination == sent.destination);
    CHECK(r.p2.requests().back().body.size() == packet.size());
}

TEST_CASE("A27-21: only a Prepare is a request") {
    const rig r;
    expect_status(r.send(encode_fulfill({})), 400);
    expect_status(r.send(encode_reject("F00")), 400);
    for (const int type : {0, 1, 11, 15, 16, 255}) {
        ilp::bytes packet = encode({});
        packet[0] = static_cast<ilp::octet>(type);
        expect_status(r.send(packet), 400);
    }
    r.expect_untouched();
}

TEST_CASE("A27-22: only a Fulfill or a Reject is an answer") {
    rig r;
    ilp::bytes with_bad_code = encode_reject("F00");
    with_bad_code[2] = 0;
    for (const ilp::bytes& nonsense : {encode({}), random_bytes(100), ilp::bytes{}, ilp::bytes(1'000'000, 0),
                                       ilp::bytes{0x0d}, ilp::bytes{0x0e, 0xff}, with_bad_code}) {
        r.p2.set_script([&](const http_message&) { return answer_packet(nonsense); });
        INFO("answer of " << nonsense.size() << " octets");
        expect_reject(r.send({.amount = 10}), "T00");
    }
    CHECK(p1_spent(r) == 0);
    CHECK(r.d.liquidity("p2") == default_liquidity);
    r.p2.set_script([](const http_message& request) { return answer_fulfill(request); });
    const prepare next;
    expect_fulfill(r.send(next), next);
}

TEST_CASE("A27-23: equal Prepares are separate packets") {
    const rig r;
    const prepare sent{.amount = 10, .expires_at = now() + 10s};
    expect_fulfill(r.send(sent), sent);
    expect_fulfill(r.send(sent), sent);
    CHECK(r.p2.request_count() == 2);
    CHECK(p1_spent(r) == 20);
}

}  // namespace forwarding_test
