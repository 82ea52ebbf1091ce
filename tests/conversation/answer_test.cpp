#include "tests/conversation/world.hpp"
#include "tests/unit/ilp/vectors.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <random>

namespace answer_test {

// What check_reply() makes of the next hop's answer.

using namespace conversation;
using connector::reply_kind;

namespace {

struct forwarded_packet {
    world d;
    decision packet = d.send("p1", prepare{});
};

}  // namespace

TEST_CASE("A27-16: a Fulfill with the right preimage is passed back unchanged") {
    forwarded_packet f;
    std::mt19937 random{7};
    for (const std::size_t size : {0U, 1U, 127U, 128U, 255U, 256U, 32'767U}) {
        ilp::bytes data(size);
        std::ranges::generate(data, [&random] { return static_cast<ilp::octet>(random()); });
        const ilp::bytes sent = fulfill_with(preimage, data);
        ilp::bytes buffer = sent;
        const auto reply = f.d.answer(f.packet, buffer);
        REQUIRE(reply.kind == reply_kind::fulfill);
        CHECK(std::ranges::equal(reply.packet, sent));
    }
}

TEST_CASE("A27-13 A27-55: a Fulfill with another preimage is replaced by F05") {
    forwarded_packet f;
    ilp::fulfillment wrong = preimage;
    for (std::size_t i = 0; i < wrong.size(); ++i) {
        wrong[i] ^= 1;
        ilp::bytes answer = fulfill_with(wrong, to_bytes("data"));
        const auto reply = f.d.answer(f.packet, answer);
        REQUIRE(reply.kind == reply_kind::refuse);
        CHECK(reply.reason == reject_reason::wrong_fulfillment);
        CHECK(reply.packet.empty());
        wrong[i] ^= 1;
    }
    // The condition itself is not a fulfillment.
    ilp::bytes answer = fulfill_with(condition_of(preimage));
    CHECK(f.d.answer(f.packet, answer).kind == reply_kind::refuse);
    CHECK(ilp::code_text(connector::describe(reject_reason::wrong_fulfillment).code) == "F05");
}

TEST_CASE("A27-17: a Reject is passed back unchanged, whatever it contains") {
    forwarded_packet f;
    ilp::bytes large(32'767, 0xab);
    for (const ilp::bytes& sent :
         {reject_with("F99", "test.p2", "", ilp::as_bytes(std::string_view{"\0\xff", 2})), reject_with("T99"),
          reject_with("R99"), reject_with("F09"), reject_with("X42"), reject_with("F00", ""),
          reject_with("F00", "test.p2.far.away", "na\xc3\xafve \xe2\x82\xac"),
          reject_with("T04", "test.d", "in our name"), reject_with("F08", "g.x", std::string(8191, 'm'), large),
          reject_with("   ")}) {
        ilp::bytes buffer = sent;
        const auto reply = f.d.answer(f.packet, buffer);
        REQUIRE(reply.kind == reply_kind::reject);
        CHECK(std::ranges::equal(reply.packet, sent));
        CHECK(reply.code == ilp::as_text(reply.packet).substr(sent[1] < 0x80 ? 2 : 2U + (sent[1] & 0x7fU), 3));
    }
}

TEST_CASE("A27-17 A27-20: octets after the packet or its last field are not passed back") {
    forwarded_packet f;
    for (const ilp::bytes& sent : {fulfill_with(preimage, to_bytes("data")), reject_with("F99", "test.p2", "m")}) {
        for (const bool inner : {false, true}) {
            ilp::bytes buffer = sent;
            if (inner) buffer[1] = static_cast<ilp::octet>(buffer[1] + 2);
            buffer.insert(buffer.end(), {0xde, 0xad});
            const auto reply = f.d.answer(f.packet, buffer);
            REQUIRE(reply.kind != reply_kind::refuse);
            CHECK(std::ranges::equal(reply.packet, sent));
        }
    }
}

TEST_CASE("A27-22 A27-60 A27-94: a response that is neither Fulfill nor Reject becomes T00") {
    forwarded_packet f;
    ilp::bytes truncated_fulfill = fulfill_with(preimage);
    truncated_fulfill.pop_back();
    ilp::bytes long_form = fulfill_with(preimage);
    long_form.insert(long_form.begin() + 1, 0x81);
    for (ilp::bytes answer :
         {ilp::bytes{}, ilp::bytes{13}, ilp::bytes{14}, ilp::bytes(1 << 20), f.d.encode({}),
          to_bytes("<html>404</html>"), truncated_fulfill, long_form, reject_with("F99", "test..p2"),
          reject_with("F\x01"
                      "9"),
          reject_with("F\xc3\xa9"), reject_with("F99", "test.p2", std::string(8192, 'm')),
          reject_with("F99", "test.p2", "", ilp::bytes(32'768))}) {
        const auto reply = f.d.answer(f.packet, answer);
        REQUIRE(reply.kind == reply_kind::refuse);
        CHECK(reply.reason == reject_reason::next_hop_answered_nonsense);
        CHECK(reply.packet.empty());
    }
    CHECK(ilp::code_text(connector::describe(reject_reason::next_hop_answered_nonsense).code) == "T00");
}

TEST_CASE("A27-97: a mutated response is never accepted as a Fulfill with another preimage") {
    forwarded_packet f;
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    for (int i = 0; i < 20'000; ++i) {
        ilp::bytes answer =
            random() % 2 == 0 ? fulfill_with(preimage, to_bytes("data")) : reject_with("F99", "test.p2", "m");
        for (auto changes = 1 + random() % 3; changes != 0; --changes) {
            answer[random() % answer.size()] = static_cast<ilp::octet>(random());
        }
        answer.resize(random() % 4 == 0 ? random() % (answer.size() + 1) : answer.size());
        const auto reply = f.d.answer(f.packet, answer);
        if (reply.kind == reply_kind::refuse) continue;
        ilp::bytes relayed{reply.packet.begin(), reply.packet.end()};
        if (reply.kind == reply_kind::fulfill) {
            const auto fulfill = ilp::fulfill_view::parse(relayed);
            REQUIRE(fulfill);
            REQUIRE(std::ranges::equal(fulfill->fulfillment(), preimage));
            REQUIRE(relayed == fulfill_with(preimage, fulfill->data()));
        } else {
            const auto reject = ilp::reject_view::parse(relayed);
            REQUIRE(reject);
            REQUIRE(relayed == reject_with(reject->code(), reject->triggered_by(), reject->message(), reject->data()));
        }
    }
}

}  // namespace answer_test
