#include "connector/transport/http2/http2_requests.hpp"

#include "config/value.hpp"
#include "connector/transport/fair_turns.hpp"
#include "connector/transport/http/incoming_connection.hpp"
#include "tests/unit/connector/loop/test_loop.hpp"
#include "tests/unit/connector/peers.hpp"
#include "tests/unit/connector/transport/http2/conversation.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace http2_requests_test {

using namespace connector;
using namespace http2_conversation;
using namespace std::chrono_literals;
using connector::testing::run_ready;
using connector::testing::run_until;
using connector::testing::socket_pair;

namespace {

config::settings one_peer() {
    config::settings settings;
    settings.assets = {connector::testing::asset_settings("USD", 9, 0)};
    settings.peers = {connector::testing::peer_settings("p1", "USD", 9, 0)};
    settings.peers[0].http.outgoing.endpoint = config::packet_url().parse("http://p1.example/ilp").value();
    return settings;
}

ilp::bytes packet_block(std::string_view token = "right") {
    ilp::bytes block;
    append_indexed(block, static_table::method_post);
    append_indexed(block, static_table::scheme_http);
    append_literal(block, static_table::authority, "us");
    append_literal(block, static_table::path, "/");
    append_literal(block, static_table::authorization, "Bearer " + std::string{token}, true);
    append_literal(block, static_table::content_type, "application/octet-stream");
    return block;
}

constexpr std::string_view no_valid_token =
    "No valid token: send the field Authorization: Bearer TOKEN, with a token that this node's operator has set for "
    "you, or a JSON Web Token (HS256) that is signed with the secret agreed with that operator.";

/// A connection whose worker is the test itself, and a client at its other end.
struct world final : prepare_handler, incoming_connection::owner {
    explicit world(incoming_timeouts limits = {1h, 1h}) : timeouts{limits} {
        loop.enter();
        REQUIRE(connection->start(std::move(pair.near)));
    }

    std::uint32_t ask(std::string_view body, std::string_view token = "right") {
        const auto number = client.session.request(packet_block(token), ilp::as_bytes(body), client.out);
        say();
        return static_cast<std::uint32_t>(number);
    }
    void say() { pair.say(ilp::as_text(std::exchange(client.out, {}))); }
    void say(const ilp::bytes& octets) { pair.say(ilp::as_text(octets)); }

    /// Runs until the client has been told this.
    void hear(const std::string& line) {
        run_until(loop, [&] {
            for (const auto& each : client.receive(bytes_of(pair.heard()))) heard.push_back(each);
            if (!client.out.empty() && !closed) say();
            return std::ranges::find(heard, line) != heard.end();
        });
    }
    void await_packets(std::size_t count) {
        run_until(loop, [&] { return arrived.size() == count; });
    }

    void answer(std::size_t index, std::string_view text, bool held = false) {
        loop.enter();
        sink->answer(arrived[index].request, ilp::as_bytes(text), held);
    }

    // prepare_handler
    authenticated authenticate(std::string_view token, std::string_view, const ilp::digest*) override {
        ++authentications;
        return {token == "right" ? &book.peer("p1") : nullptr, valid_until};
    }
    void unauthenticated(const boost::asio::ip::address&) override { ++strangers; }
    turn_share* share_of(const peering::peer* peer) override {
        if (!shares_turns) return nullptr;
        return peer == nullptr ? &share_of_strangers : &share_of_peer;
    }
    owed_answer* prepare_received(answer_sink& from, std::uint64_t number, const peering::peer&,
                                  ilp::bytes_span body) override {
        sink = &from;
        arrived.push_back({number, std::string{ilp::as_text(body)}});
        packet_in_flight& packet = *packets.emplace_back(std::make_unique<packet_in_flight>([](deadline&) {}));
        packet.answer_to = &from;
        packet.request = number;
        return &packet;
    }

    acceptance asynchronous_prepare_received(const peering::peer&, const request_id& id, const std::string& reply_at,
                                             ilp::bytes_span body) override {
        const auto text = id.text();
        asynchronous.push_back(std::string{as_text(text)} + " " + reply_at + " " + std::string{ilp::as_text(body)});
        return accepts;
    }
    bool reply_received(const peering::peer&, const request_id&, ilp::bytes_view answer,
                        const trace_id& trace) override {
        const trace_id::text_form text = trace.text();
        asynchronous.push_back("reply " + std::to_string(answer.front()) +
                               (trace ? " " + std::string{as_text(text)} : ""));
        return accepts == acceptance::accepted;
    }

    // owner
    void connection_closed(incoming_connection&) override {
        closed = true;
        loop.dispose(std::move(connection));
    }
    std::unique_ptr<multiplexed_requests> make_multiplexed(multiplexed_requests::carrier& carrier) override {
        return std::make_unique<http2_requests>(loop, carrier, *this, timeouts, floods);
    }

    struct prepare {
        std::uint64_t request;
        std::string body;
    };

    connector::testing::book book{one_peer()};
    fair_turns turns;
    turn_share share_of_peer{turns, 0};
    turn_share share_of_strangers{turns, 1};
    bool shares_turns = false;
    event_loop loop;
    http2::flood_counts floods;
    socket_pair pair{loop};
    incoming_timeouts timeouts;
    std::unique_ptr<incoming_connection> connection =
        std::make_unique<incoming_connection>(loop, *this, *this, timeouts);
    client_side client;
    answer_sink* sink = nullptr;
    std::vector<prepare> arrived;
    std::vector<std::string> asynchronous;
    acceptance accepts = acceptance::accepted;
    std::vector<std::unique_ptr<packet_in_flight>> packets;
    lines heard;
    int strangers = 0;
    int authentications = 0;
    ilp::steady_time valid_until = ilp::steady_time::max();  // of the right token
    bool closed = false;
};

}  // namespace

TEST_CASE("http2 requests: answers leave in any order, and held ones after their release") {
    world w;
    w.ask("one");
    w.ask("two");
    w.ask("three");
    w.await_packets(3);
    CHECK(w.arrived[0].body == "one");
    CHECK(w.arrived[2].body == "three");
    CHECK(w.authentications == 2);  // the first block changes the table's size, the others mean the same
    w.answer(2, "third");
    w.hear("message 5 200 third");
    w.answer(0, "first", true);
    w.answer(1, "second");
    w.hear("message 3 200 second");
    CHECK(w.heard.size() == 2);
    w.loop.enter();
    w.sink->release(w.arrived[0].request);
    w.hear("message 1 200 first");
    CHECK_FALSE(w.closed);
}

TEST_CASE("http2 requests: an answer that is held can be replaced by a Reject") {
    world w;
    w.ask("one");
    w.await_packets(1);
    w.answer(0, "fulfill", true);
    w.loop.enter();
    w.sink->revoke(w.arrived[0].request, ilp::as_bytes("reject"), {});
    w.hear("message 1 200 reject");
    CHECK(w.heard.size() == 1);
}

TEST_CASE("http2 requests: a token that expires is looked at with each request") {
    world w;
    w.valid_until = w.loop.now().steady + 1h;
    for (const char* const text : {"one", "two", "three", "four"}) w.ask(text);
    w.await_packets(4);
    CHECK(w.authentications == 4);
}

namespace {

/// The turns are shared with another peer, which is busy.
struct busy_loop {
    struct other_work final : turn_taker {
        void on_turn() override {}
    };

    busy_loop() {
        w.shares_turns = true;
        w.ask("the first");
        w.await_packets(1);
        end_turn();
        REQUIRE(share_of_other.try_take(work));
        end_turn();
    }

    void ask_often(int times, std::string_view token) {
        for (int i = 0; i < times; ++i) {
            w.client.session.request(packet_block(token), ilp::as_bytes("x"), w.client.out);
        }
        w.say();
        run_ready(w.loop);
    }

    /// Returns true if anything waits. The turns take no time, so that the other peer remains busy.
    bool end_turn() { return w.turns.next_turn(ilp::steady_time{} + 1000h); }

    void next_turn() {
        REQUIRE(end_turn());
        w.turns.serve_waiting();
        run_ready(w.loop);
    }

    world w;
    other_work work;
    turn_share share_of_other{w.turns, 2};
};

constexpr std::size_t requests_in_piece = 8;

}  // namespace

TEST_CASE("http2 requests: while others are busy, several requests of a peer are one piece of its turn") {
    busy_loop busy;
    constexpr std::size_t each_turn = fair_turns::pieces * requests_in_piece;
    busy.ask_often(30, "right");
    CHECK(busy.w.arrived.size() == 1 + each_turn);
    busy.next_turn();
    CHECK(busy.w.arrived.size() == 31);
    CHECK_FALSE(busy.end_turn());
}

TEST_CASE("http2 requests: of strangers each request is a piece, also on a connection that has shown a valid token") {
    busy_loop busy;
    busy.ask_often(20, "wrong");
    CHECK(busy.w.strangers == 1 + fair_turns::pieces);  // the first one is in the peer's turn
    for (std::size_t turn = 2; turn < 5; ++turn) {
        busy.next_turn();
        CHECK(static_cast<std::size_t>(busy.w.strangers) == 1 + turn * fair_turns::pieces);
    }
}

TEST_CASE("A35-16: over HTTP/2, an asynchronous request gets 202 on its stream, and an answer gets 200") {
    world w;
    const std::string id = "42ee09c8-a6de-4ae3-8a47-4732b0cbb07b";
    const auto ask = [&](std::string_view body, const fields& more) {
        ilp::bytes block = packet_block();
        for (const auto& [name, value] : more) append_field(block, name, value);
        w.client.session.request(block, ilp::as_bytes(body), w.client.out);
        w.say();
    };
    ask("packet", {{"prefer", "respond-async"}, {"request-id", id}, {"callback-url", "http://p1.example/x"}});
    w.hear("message 1 202 ");
    CHECK(w.asynchronous.back() == id + " /x packet");
    ask("packet", {{"prefer", "respond-async"}, {"request-id", id}});  // the same head again, and another meaning
    w.hear("message 3 202 ");
    CHECK(w.asynchronous.back() == id + " /ilp packet");
    ask("\x0e", {{"request-id", id}, {"ilp-trace-id", "00000000000000000000000000000001"}});
    w.hear("message 5 200 ");
    CHECK(w.asynchronous.back() == "reply 14 00000000000000000000000000000001");
    w.accepts = acceptance::busy;
    ask("packet", {{"prefer", "respond-async"}, {"request-id", id}});
    w.hear(
        R"(message 7 503 {"status":503,"title":"Service Unavailable","detail":"Too many of your packets wait for their answers, or this node is stopping."})");
    ask("\x0e", {{"request-id", id}});
    w.hear(R"(message 9 400 {"status":400,"title":"Bad Request","detail":"No packet waits for this answer."})");
    CHECK(w.asynchronous.size() == 5);
    ask("packet", {{"prefer", "respond-async"}});
    w.hear(
        R"(message 11 400 {"status":400,"title":"Bad Request","detail":"An asynchronous request needs a Request-Id, which is a UUID of version 4."})");
    ask("packet", {{"request-id", id}, {"callback-url", "http://p2.example/x"}});
    w.hear(
        R"(message 13 400 {"status":400,"title":"Bad Request","detail":"The scheme, host and port of a Callback-Url must be those of the URL at which this node sends you packets."})");
    ask("packet", {{"request-id", id}, {"request-id", id}, {"prefer", "respond-async"}});
    w.hear(R"(message 15 400 {"status":400,"title":"Bad Request"})");
    ask("packet", {{"request-id", std::string(10'000, 'x')}, {"prefer", "respond-async"}});
    w.hear(R"(message 17 431 {"status":431,"title":"Request Header Fields Too Large"})");
    CHECK(w.asynchronous.size() == 5);
    CHECK(w.arrived.empty());
    ask("packet", {{"request-id", id}});  // synchronous
    w.await_packets(1);
    w.answer(0, "answer");
    w.hear("message 19 200 answer");
}

TEST_CASE("http2 requests: the preface may come in pieces, and HTTP/1.1 is still spoken") {
    world w;
    const auto greeting = std::exchange(w.client.out, {});
    for (const auto octet : greeting) {
        w.say({octet});
        run_ready(w.loop);
    }
    w.ask("one");
    w.await_packets(1);
    w.answer(0, "first");
    w.hear("message 1 200 first");

    world other;
    other.pair.say(
        "POST / HTTP/1.1\r\nHost: us\r\nAuthorization: Bearer right\r\nContent-Type: "
        "application/octet-stream\r\nContent-Length: 1\r\n\r\nx");
    other.await_packets(1);
}

TEST_CASE("http2 requests: what is refused gets its status") {
    world w;
    w.ask("one", "wrong");
    w.hear(R"(message 1 401 {"status":401,"title":"Unauthorized","detail":")" + std::string{no_valid_token} + R"("})");
    CHECK(w.strangers == 1);
    w.ask("two");
    w.await_packets(1);
    w.loop.enter();
    w.sink->refuse_malformed(w.arrived[0].request);
    w.hear(R"(message 3 400 {"status":400,"title":"Bad Request"})");
    w.ask(std::string(65'537, 'x'));
    w.hear(R"(message 5 413 {"status":413,"title":"Content Too Large"})");
    w.client.session.request(block_of(post_fields()), {}, w.client.out);
    w.say();
    run_until(w.loop, [&] { return w.strangers == 2; });
}

TEST_CASE("http2 requests: a request that its client gives up gets no answer") {
    world w;
    w.ask("one");
    w.ask("two");
    w.await_packets(2);
    w.client.session.give_up(w.client.session.request(packet_block(), ilp::as_bytes("three"), w.client.out),
                             w.client.out, at(0));
    w.say();
    w.await_packets(3);
    run_until(w.loop, [&] { return w.packets[2]->answer_to == nullptr; });
    CHECK(w.packets[0]->answer_to != nullptr);
    w.answer(0, "first");
    w.hear("message 1 200 first");
}

TEST_CASE("http2 requests: the end of the connection forgets its packets") {
    world w;
    w.ask("one");
    w.ask("two");
    w.await_packets(2);
    w.answer(0, "held", true);
    support::reset(w.pair.far);
    run_until(w.loop, [&] { return w.closed; });
    CHECK(w.packets[0]->answer_to == nullptr);
    CHECK(w.packets[1]->answer_to == nullptr);
    CHECK(w.loop.memory().used() == 0);
}

TEST_CASE("http2 requests: a client that ends its direction still gets its answers") {
    world w;
    w.ask("one");
    w.await_packets(1);
    REQUIRE(::shutdown(w.pair.far.get(), SHUT_WR) == 0);
    run_ready(w.loop);
    CHECK_FALSE(w.closed);
    w.answer(0, "first");
    run_until(w.loop, [&] { return w.closed; });
    w.client.receive(bytes_of(w.pair.heard()));
    CHECK(w.client.told == lines{"message 1 200 first"});
}

TEST_CASE("http2 requests: an answer that is still to be sent is not lost when the client ends its direction") {
    world refused;
    refused.ask("one", "wrong");
    REQUIRE(::shutdown(refused.pair.far.get(), SHUT_WR) == 0);
    run_until(refused.loop, [&] { return refused.closed; });
    refused.client.receive(bytes_of(refused.pair.heard()));
    REQUIRE(refused.client.told.size() == 1);
    CHECK(refused.client.told[0].starts_with("message 1 401 "));

    world answered;
    answered.ask("one");
    answered.await_packets(1);
    answered.answer(0, "first");
    REQUIRE(::shutdown(answered.pair.far.get(), SHUT_WR) == 0);
    run_until(answered.loop, [&] { return answered.closed; });
    answered.client.receive(bytes_of(answered.pair.heard()));
    CHECK(answered.client.told == lines{"message 1 200 first"});
}

TEST_CASE("http2 requests: a connection is idle when nothing has begun and nothing is to be sent") {
    world w;
    w.say();
    run_ready(w.loop);
    CHECK(w.connection->is_idle());
    w.say(headers(1, packet_block()));
    run_until(w.loop, [&] { return w.authentications == 1; });
    CHECK_FALSE(w.connection->is_idle());  // a request has begun
    w.say(data(1, "one"));
    w.await_packets(1);
    CHECK_FALSE(w.connection->is_idle());
    w.answer(0, "first");
    CHECK_FALSE(w.connection->is_idle());  // its answer is not sent yet
    run_ready(w.loop);
    CHECK(w.connection->is_idle());
}

TEST_CASE("http2 requests: refusing a request is a piece of work, so that other connections have their turn") {
    struct alone final : multiplexed_requests::carrier {
        admission admit(const http::request_head&) override { return {.refusal = http::status::unauthorized}; }
        void set_share(turn_share*) override {}
        void send_soon() override {}
        void account(std::ptrdiff_t) override {}
        boost::asio::ip::address remote_address() const noexcept override { return {}; }
    };
    world w;
    alone carrier;
    http2_requests requests{w.loop, carrier, w, w.timeouts, w.floods};
    for (int i = 0; i < 3; ++i) w.client.session.request(packet_block("wrong"), ilp::as_bytes("x"), w.client.out);
    ilp::bytes input = std::exchange(w.client.out, {});
    int pieces = 0;
    for (;;) {
        const auto done = requests.take(input);
        input.erase(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(done.consumed));
        if (done.made != multiplexed_requests::progress::handled) break;
        ++pieces;
    }
    CHECK(pieces == 3);
    requests.abandon();
}

TEST_CASE("http2 requests: what is kept of the head of an asynchronous request counts as memory") {
    struct alone final : multiplexed_requests::carrier {
        admission admit(const http::request_head&) override { return {.from = &peer}; }
        void set_share(turn_share*) override {}
        void send_soon() override {}
        void account(std::ptrdiff_t change) override { used += change; }
        boost::asio::ip::address remote_address() const noexcept override { return {}; }
        explicit alone(const peering::peer& from) : peer{from} {}
        const peering::peer& peer;
        std::ptrdiff_t used = 0;
    };
    world w;
    alone carrier{w.book.peer("p1")};
    http2_requests requests{w.loop, carrier, w, w.timeouts, w.floods};
    ilp::bytes greeting = std::exchange(w.client.out, {});
    const auto take = [&](ilp::bytes input) {
        while (!input.empty()) {
            const auto done = requests.take(input);
            input.erase(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(done.consumed));
            if (done.made != multiplexed_requests::progress::handled) break;
        }
    };
    take(std::move(greeting));
    // The tables of streams have their size from here on.
    for (const std::uint32_t id : {1U, 3U, 5U}) take(headers(id, packet_block()));
    for (const std::uint32_t id : {1U, 3U, 5U}) take(frame(frame_type::rst_stream, 0, id, number(8)));
    const auto before = carrier.used;
    ilp::bytes block = packet_block();
    append_field(block, "request-id", "42ee09c8-a6de-4ae3-8a47-4732b0cbb07b");
    append_field(block, "callback-url", "http://p1.example/" + std::string(490, 'x'));
    take(headers(7, block));
    take(headers(9, block));
    take(headers(11, block));
    CHECK(carrier.used >= before + 3 * 490);
    take(data(7, "packet"));
    take(frame(frame_type::rst_stream, 0, 9, number(8)));
    CHECK(carrier.used >= before + 490);
    CHECK(carrier.used < before + 2 * 490);
    const auto peer = std::shared_ptr<const peering::peer>{std::shared_ptr<void>{}, &w.book.peer("p1")};
    const std::vector<peering::peer_update> updates{{.before = peer, .after = nullptr}};
    requests.peers_changed(updates);
    CHECK(carrier.used < before + 490);
    requests.abandon();
}

TEST_CASE("http2 requests: a client that floods us is told so, and counted once") {
    world w;
    w.say();
    for (int i = 0; i < 200; ++i) w.say(frame(frame_type::ping, 0, 0, "12345678"));
    run_until(w.loop, [&] {
        w.client.receive(bytes_of(w.pair.heard()));
        return w.client.session.is_leaving();
    });
    w.say(frame(frame_type::ping, 0, 0, "12345678"));
    w.pair.far.close();
    run_until(w.loop, [&] { return w.closed; });
    CHECK(w.floods.by_kind[static_cast<std::size_t>(flood::pings)] == 1);
}

TEST_CASE("http2 requests: draining ends the connection once everything is answered") {
    world w;
    w.ask("one");
    w.await_packets(1);
    w.loop.enter();
    w.connection->drain();
    run_until(w.loop, [&] {
        w.client.receive(bytes_of(w.pair.heard()));
        w.say();
        return w.client.session.is_leaving();
    });
    CHECK_FALSE(w.closed);
    w.answer(0, "first");
    w.hear("message 1 200 first");
    w.pair.far.close();
    run_until(w.loop, [&] { return w.closed; });
}

TEST_CASE("http2 requests: a changed peer is authenticated again") {
    world w;
    w.ask("one");
    w.await_packets(1);
    w.say(headers(3, packet_block()));
    run_until(w.loop, [&] { return w.client.session.open_streams() == 1; });
    const auto peer = std::shared_ptr<const peering::peer>{std::shared_ptr<void>{}, &w.book.peer("p1")};
    w.loop.enter();
    const std::vector<peering::peer_update> updates{{.before = peer, .after = nullptr}};
    run_ready(w.loop);
    w.connection->peers_changed(updates);
    w.client.session.request(packet_block(), ilp::as_bytes("its body"), w.client.out);  // the head again: ignored
    w.client.out.clear();
    w.hear("reset 3 REFUSED_STREAM not processed");
    CHECK(w.authentications == 2);
    w.ask("two");
    w.await_packets(2);
    CHECK(w.authentications == 3);
}

TEST_CASE("http2 requests: time limits") {
    SECTION("a request that does not end") {
        world w{{50ms, 1h}};
        w.ask("one");
        w.await_packets(1);
        w.client.session.request(packet_block(), {}, w.client.out);
        w.client.out.clear();
        w.say(headers(3, packet_block()));
        w.hear(R"(message 3 408 {"status":408,"title":"Request Timeout"})");
        w.answer(0, "first");
        w.hear("message 1 200 first");
    }
    SECTION("an idle connection") {
        world w{{1h, 50ms}};
        w.ask("one");
        w.await_packets(1);
        w.answer(0, "first");
        w.hear("message 1 200 first");
        run_until(w.loop, [&] {
            w.client.receive(bytes_of(w.pair.heard()));
            return w.client.session.is_leaving();
        });
        w.pair.far.close();
        run_until(w.loop, [&] { return w.closed; });
    }
    SECTION("a client that does not confirm our settings") {
        world w{{1h, 1h, 1h, 50ms}};
        w.say(bytes_of(http2::preface) + settings());
        ilp::bytes heard;
        run_until(w.loop, [&] {
            ilp::append(heard, w.pair.heard());
            ilp::bytes copy = heard;
            const auto frames = frames_in(copy);
            return std::ranges::find(frames, "GOAWAY 0 SETTINGS_TIMEOUT") != frames.end();
        });
        w.pair.far.close();
        run_until(w.loop, [&] { return w.closed; });
    }
    SECTION("a client that does not confirm the end of the connection") {
        world w{{1h, 1h, 1h, 500ms}};
        w.ask("one");
        w.await_packets(1);
        run_until(w.loop, [&] {
            w.client.receive(bytes_of(w.pair.heard()));
            return w.client.session.has_settings();
        });
        w.say();  // it confirms the settings
        run_ready(w.loop);
        w.loop.enter();
        w.connection->drain();
        ilp::bytes heard;
        run_until(w.loop, [&] {
            ilp::append(heard, w.pair.heard());
            ilp::bytes copy = heard;
            const auto frames = frames_in(copy);
            return std::ranges::find(frames, "GOAWAY 1 NO_ERROR") != frames.end();
        });
        CHECK_FALSE(w.closed);
        w.say(headers(3, packet_block()) + data(3, "two"));
        run_ready(w.loop);
        CHECK(w.arrived.size() == 1);
        w.answer(0, "first");
        run_ready(w.loop);
        w.pair.far.close();
        run_until(w.loop, [&] { return w.closed; });
    }
    SECTION("part of a frame, while a packet is in flight") {
        world w{{50ms, 1h}};
        w.ask("one");
        w.await_packets(1);
        w.say(bytes_of(std::string_view{"\0\0", 2}));
        run_until(w.loop, [&] {
            w.client.receive(bytes_of(w.pair.heard()));
            return w.client.session.is_leaving();
        });
        CHECK_FALSE(w.closed);
        w.answer(0, "first");
        run_ready(w.loop);
        CHECK(w.client.receive(bytes_of(w.pair.heard())) == lines{"message 1 200 first"});
    }
    SECTION("a newcomer") {
        world w{{1h, 1h, 50ms}};
        w.say();
        run_until(w.loop, [&] { return w.closed; });
    }
}

TEST_CASE("http2 requests: a client that breaks the rules is told so, and its connection ends") {
    world w;
    w.ask("one");
    w.await_packets(1);
    w.say(data(0, "x"));
    run_until(w.loop, [&] {
        w.client.receive(bytes_of(w.pair.heard()));
        return w.client.session.is_leaving();
    });
    w.answer(0, "too late");
    run_ready(w.loop);
    w.pair.far.close();
    run_until(w.loop, [&] { return w.closed; });
}

TEST_CASE("http2 requests: a Reject comes with its trace id, and other answers without one") {
    world w;
    for (const char* const text : {"one", "two", "three"}) w.ask(text);
    w.await_packets(3);
    w.answer(0, "first");
    w.hear("message 1 200 first");
    w.loop.enter();
    w.sink->reject(w.arrived[1].request, ilp::as_bytes("second"), {.trace = trace_id{0, 1}});
    w.hear("message 3 200 second");
    w.answer(2, "third");
    w.hear("message 5 200 third");
    std::vector<bool> traced;
    for (const event& each : w.client.events) {
        if (each.kind != event_kind::message) continue;
        traced.push_back(each.has_trace);
        if (each.has_trace) CHECK(w.client.session.trace_of(each.number) == trace_id{0, 1});
    }
    CHECK(traced == std::vector<bool>{false, true, false});
}

}  // namespace http2_requests_test
