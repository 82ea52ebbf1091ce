#include "ilp/stream/receiver.hpp"

#include "ilp/stream/request.hpp"
#include "tests/unit/ilp/vectors.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <array>
#include <memory>

namespace stream_receiver_test {

namespace stream = ilp::stream;
using stream::verdict;

const ilp::digest server_secret = ilp::sha256(ilp::as_bytes("server secret"));

std::shared_ptr<const stream::receiver_secrets> secrets() {
    return std::make_shared<const stream::receiver_secrets>(std::span{&server_secret, 1});
}

/// A sender with its connection to a receiver.
struct connection {
    stream::receiver receiver{secrets()};
    stream::envelope_cipher cipher;
    stream::receiver_token token = secrets()->make_token(cipher, {.account = 5});
    stream::connection_keys keys = stream::derive_keys(token.shared_secret);
    ilp::bytes envelope = ilp::bytes(ilp::data_size_max);
    ilp::bytes opened = ilp::bytes(ilp::data_size_max);

    stream::sealed_request seal(ilp::bytes_view plaintext) {
        return stream::seal_request(cipher, keys, plaintext, envelope);
    }
    stream::sealed_request request(std::uint64_t minimum, std::uint64_t sequence = 1) {
        std::array<ilp::octet, 100> plaintext;
        stream::packet_writer writer{plaintext, {ilp::packet_type::prepare, sequence, {minimum}}};
        writer.add(stream::stream_money{1, 1});
        return seal(writer.packet());
    }
    stream::received deliver(ilp::bytes_view data, const ilp::condition& condition, std::uint64_t amount) {
        const auto* const found = receiver.find_connection(token.segment);
        REQUIRE(found != nullptr);
        CHECK(found->contents.account == 5);
        return receiver.receive(found->keys, data, condition, {amount}, "EUR", 2);
    }
    std::optional<stream::packet_view> reply(ilp::bytes_view data, ilp::packet_type type, std::uint64_t sequence = 1) {
        return stream::open_reply(cipher, keys, data, type, sequence, opened);
    }
};

TEST_CASE("A29-02 A29-07: what a sender seals is received, fulfilled and answered") {
    connection connection;
    const auto [data, condition] = connection.request(10);
    const auto received = connection.deliver(data, condition, 10);
    REQUIRE(received.verdict == verdict::fulfill);
    CHECK(ilp::fulfills(received.fulfillment, condition));
    const auto reply = connection.reply(received.data, ilp::packet_type::fulfill);
    REQUIRE(reply);
    CHECK(reply->head().amount == ilp::amount{10});
}

TEST_CASE("A29-08 A29-34: a probe is answered under another condition, without the fulfillment") {
    connection connection;
    const auto request = connection.request(0);
    const ilp::condition random = ilp::sha256(ilp::as_bytes("random"));
    const auto received = connection.deliver(request.data, random, 42);
    CHECK(received.verdict == verdict::not_fulfillable);
    CHECK(received.fulfillment == ilp::fulfillment{});
    const auto reply = connection.reply(received.data, ilp::packet_type::reject);
    REQUIRE(reply);
    CHECK(reply->head().amount == ilp::amount{42});
}

TEST_CASE("A29-03 A29-06: data that is not a packet of the connection gets no reply") {
    connection connection;
    const auto request = connection.request(0);
    const ilp::condition condition = request.condition;
    ilp::bytes data{request.data.begin(), request.data.end()};
    data.back() ^= 1;
    for (const ilp::bytes& bad : {ilp::bytes{}, ilp::bytes(27, 1), ilp::bytes(200, 2), data}) {
        const auto received = connection.deliver(bad, condition, 1);
        CHECK(received.verdict == verdict::unreadable);
        CHECK(received.data.empty());
    }
    for (const std::string_view plaintext : {"", "020c010101000100", "010c010101000101"}) {
        const auto sealed = connection.seal(vectors::from_hex(plaintext));
        CHECK(connection.deliver(sealed.data, sealed.condition, 1).verdict == verdict::unreadable);
    }
    // The reply of the receiver itself, sent back to it.
    const auto own = connection.deliver(connection.request(0).data, condition, 1);
    const ilp::bytes echoed{own.data.begin(), own.data.end()};
    const auto received = connection.deliver(echoed, condition, 1);
    CHECK(received.verdict == verdict::not_a_request);
    CHECK(received.data.empty());
}

TEST_CASE("A29-05 A29-10 A29-13: the packets of the vectors, sealed, with their padding") {
    const auto vectors = vectors::load("generated/stream_plaintext_cases.json");
    for (const auto& vector : vectors.as_array()) {
        const std::string_view expected = vectors::text(vector.at("expect"));
        INFO(vectors::text(vector.at("name")));
        connection connection;
        const auto [data, condition] = connection.seal(vectors::from_hex(vectors::text(vector.at("plaintext_hex"))));
        const auto received = connection.deliver(data, condition, 5);
        if (expected == "discard") {
            CHECK(received.verdict == verdict::not_a_request);
        } else if (expected.starts_with("refuse") && expected != "refuse or ignore frame") {
            CHECK(received.verdict == verdict::unreadable);
        } else {
            CHECK(received.verdict == verdict::fulfill);
            CHECK(ilp::fulfills(received.fulfillment, condition));
        }
    }
}

TEST_CASE("A29-11: the replies to one packet have different initialization vectors") {
    connection connection;
    const auto [data, condition] = connection.request(0);
    const auto first = connection.deliver(data, condition, 1);
    const ilp::bytes before{first.data.begin(), first.data.end()};
    const auto second = connection.deliver(data, condition, 1);
    CHECK(first.fulfillment == second.fulfillment);
    CHECK_FALSE(std::ranges::equal(before, second.data));
}

}  // namespace stream_receiver_test
