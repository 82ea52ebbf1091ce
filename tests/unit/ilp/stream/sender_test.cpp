#include "ilp/stream/sender.hpp"

#include "ilp/payment/outgoing_payment.hpp"
#include "ilp/payment/payment_quote.hpp"
#include "ilp/stream/receiver.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace stream_sender_test {

namespace stream = ilp::stream;
using namespace std::chrono_literals;
using ilp::amount;
using ilp::error_code;

namespace {

constexpr ilp::timestamp noon{1'800'000'000'000ms};
constexpr ilp::steady_time start{1000s};

/// A sender, a receiver that takes everything, and between them a rate and a maximum.
struct world {
    std::shared_ptr<const stream::receiver_secrets> secrets = [] {
        const std::array<ilp::digest, 1> server_secrets{ilp::digest{7}};
        return std::make_shared<const stream::receiver_secrets>(server_secrets);
    }();
    stream::receiver receiver{secrets};
    stream::envelope_cipher cipher;
    stream::receiver_token token = secrets->make_token(cipher, {.account = 5, .valid_until = noon});
    stream::sender_memory memory;
    stream::sender sender{memory, "test.bob." + token.segment, token.shared_secret, "test.alice"};
    ilp::exchange_ratio rate{1, 2};
    std::uint64_t maximum = 1'000;
    std::uint64_t received = 0;
    int answers = 0;

    /// The answer to a Prepare: a Fulfill or a Reject.
    ilp::bytes answer_to(ilp::bytes& prepare) {
        const auto parsed = ilp::prepare_view::parse(prepare);
        REQUIRE(parsed.has_value());
        CHECK(parsed->destination() == "test.bob." + token.segment);
        CHECK(parsed->expires_at() == noon);
        ++answers;
        ilp::bytes out;
        if (parsed->amount().value > maximum) {
            const auto data = ilp::serialize(ilp::amount_too_large_data{parsed->amount(), {maximum}});
            ilp::serialize_reject(out, {"F08", "test.hub", "", data});
            return out;
        }
        const auto* const connection = receiver.find_connection(token.segment);
        REQUIRE(connection != nullptr);
        const amount arrived = rate.delivered_for(parsed->amount());
        const auto decided = receiver.receive(connection->keys, parsed->data(), parsed->condition(), arrived, "EUR", 6);
        if (decided.verdict == stream::verdict::fulfill) {
            CHECK(ilp::fulfills(decided.fulfillment, parsed->condition()));
            received += arrived.value;
            ilp::serialize_fulfill(out, decided.fulfillment, decided.data);
        } else {
            ilp::serialize_reject(out, {"F99", "test.bob", "", decided.data});
        }
        return out;
    }

    ilp::bytes prepare(std::uint64_t number, std::uint64_t sent, std::uint64_t minimum) {
        ilp::bytes written;
        sender.write_prepare(written, number, {sent}, {minimum}, noon);
        return written;
    }
};

std::optional<amount> read_fulfill(stream::sender& sender, std::uint64_t number, ilp::bytes answer) {
    const auto fulfill = ilp::fulfill_view::parse(answer);
    REQUIRE(fulfill.has_value());
    return sender.read_fulfill(number, *fulfill);
}

ilp::payment_rejection read_reject(stream::sender& sender, std::uint64_t number, ilp::bytes answer) {
    const auto reject = ilp::reject_view::parse(answer);
    REQUIRE(reject.has_value());
    return sender.read_reject(number, *reject);
}

ilp::quoted_path quote(world& world, std::uint64_t wanted) {
    ilp::payment_quote quote{{wanted}, {}};
    for (int step = 0; step < 100; ++step) {
        const auto next = quote.next(start);
        if (const auto* probe = std::get_if<ilp::payment_quote::send_probe>(&next)) {
            ilp::bytes written;
            world.sender.write_probe(written, probe->number, probe->amount, noon);
            quote.rejected(probe->number, read_reject(world.sender, probe->number, world.answer_to(written)), start);
        } else if (const auto* end = std::get_if<ilp::payment_quote::finished>(&next)) {
            REQUIRE(end->has_value());
            return **end;
        }
    }
    FAIL("the quote does not end");
    return {};
}

}  // namespace

TEST_CASE("A29-08: a probe is never fulfilled, and says how much arrives and what the receiver's asset is") {
    world world;
    CHECK_FALSE(world.sender.asset().has_value());
    ilp::bytes written;
    world.sender.write_probe(written, 1, {500}, noon);
    const auto rejection = read_reject(world.sender, 1, world.answer_to(written));
    CHECK(rejection.code == error_code::f99_application_error);
    CHECK(rejection.received == amount{250});
    CHECK(world.sender.asset() == stream::receiver_asset{"EUR", 6});
    CHECK(world.received == 0);
}

TEST_CASE("A29-07 A29-09: a packet that pays is fulfilled from its minimum on, and the reply says what arrived") {
    world world;
    ilp::bytes enough = world.prepare(1, 500, 250);
    CHECK(read_fulfill(world.sender, 1, world.answer_to(enough)) == amount{250});
    CHECK(world.received == 250);
    ilp::bytes too_little = world.prepare(2, 500, 251);
    const auto rejection = read_reject(world.sender, 2, world.answer_to(too_little));
    CHECK(rejection.code == error_code::f99_application_error);
    CHECK(rejection.received == amount{250});
    CHECK(world.received == 250);
}

TEST_CASE("A29-21: a sender closes its connection with a packet that carries no money and is never fulfilled") {
    world world;
    ilp::bytes written;
    world.sender.write_close(written, 3, noon);
    const auto prepare = ilp::prepare_view::parse(written);
    REQUIRE(prepare.has_value());
    CHECK(prepare->amount() == amount{0});
    const auto* const connection = world.receiver.find_connection(world.token.segment);
    REQUIRE(connection != nullptr);
    const auto decided = world.receiver.receive(connection->keys, prepare->data(), prepare->condition(), {}, "EUR", 6);
    CHECK(decided.verdict == stream::verdict::not_fulfillable);
    CHECK(decided.closes);
}

TEST_CASE("A27-58: the data of an F08 is read, whatever its size") {
    world world;
    ilp::bytes large = world.prepare(1, 1'001, 1);
    const auto rejection = read_reject(world.sender, 1, world.answer_to(large));
    CHECK(rejection.code == error_code::f08_amount_too_large);
    REQUIRE(rejection.too_large.has_value());
    CHECK(rejection.too_large->received == amount{1'001});
    CHECK(rejection.too_large->maximum == amount{1'000});
    for (const std::size_t size : {0U, 15U, 17U, 100U}) {
        ilp::bytes out;
        ilp::serialize_reject(out, {"F08", "test.hub", "", ilp::bytes(size, 1)});
        CHECK_FALSE(read_reject(world.sender, 1, out).too_large.has_value());
    }
}

TEST_CASE("A29-07: a sender believes only the receiver's reply to the same packet in the same kind of answer") {
    world world;
    ilp::bytes paid = world.prepare(1, 500, 250);
    ilp::bytes fulfill = world.answer_to(paid);
    CHECK_FALSE(read_fulfill(world.sender, 2, fulfill).has_value());
    stream::sender other{world.memory, "test.carol", ilp::bytes(32, 3), "test.alice"};
    CHECK_FALSE(read_fulfill(other, 1, fulfill).has_value());
    const auto parsed = ilp::fulfill_view::parse(fulfill);
    REQUIRE(parsed.has_value());
    ilp::bytes moved;
    ilp::serialize_reject(moved, {"F99", "test.bob", "", parsed->data()});
    CHECK_FALSE(read_reject(world.sender, 1, moved).received.has_value());
    ilp::bytes empty;
    ilp::serialize_fulfill(empty, ilp::fulfillment{}, {});
    CHECK_FALSE(read_fulfill(world.sender, 1, empty).has_value());
    // Nodes on the way may answer with codes that RFC 27 does not define.
    ilp::bytes unknown;
    ilp::serialize_reject(unknown, {"X42", "test.hub", "?", ilp::bytes(100, 2)});
    CHECK_FALSE(read_reject(world.sender, 1, unknown).code.has_value());
}

TEST_CASE("a quote and the payment after it arrive to the unit over one connection") {
    world world;
    const auto quoted = quote(world, 1'000'000);
    CHECK(quoted.rate.delivered_for({1'000}) == amount{500});
    const auto terms = ilp::send_exactly({100'001}, quoted.rate, 100);
    ilp::outgoing_payment payment{terms, {}, quoted.path, {}, quoted.numbers_used};
    auto now = start;
    bool is_finished = false;
    for (int step = 0; step < 10'000 && !is_finished; ++step) {
        const auto next = payment.next(now);
        if (const auto* packet = std::get_if<ilp::outgoing_payment::send_packet>(&next)) {
            ilp::bytes written;
            world.sender.write_prepare(written, packet->number, packet->amount, packet->minimum, noon);
            now += 1ms;
            ilp::bytes answer = world.answer_to(written);
            if (answer.front() == static_cast<ilp::octet>(ilp::packet_type::fulfill)) {
                payment.fulfilled(packet->number, read_fulfill(world.sender, packet->number, std::move(answer)), now);
            } else {
                payment.rejected(packet->number, read_reject(world.sender, packet->number, std::move(answer)), now);
            }
        } else if (const auto* end = std::get_if<ilp::outgoing_payment::finished>(&next)) {
            CHECK(end->end == ilp::payment_end::completed);
            is_finished = true;
        }
    }
    CHECK(is_finished);
    CHECK(payment.state() == ilp::payment_state{{100'001}, {world.received}, {}});
    CHECK(world.received >= 50'000 - 1);
    CHECK(world.received <= 50'000);
}

}  // namespace stream_sender_test
