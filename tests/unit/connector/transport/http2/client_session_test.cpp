#include "tests/unit/connector/transport/http2/conversation.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace client_session_test {

using namespace http2_conversation;

ilp::bytes post_block() {
    return block_of(post_fields());
}

ilp::bytes response(std::uint32_t stream, std::string_view body, const fields& with = {{":status", "200"}}) {
    return headers(stream, block_of(with), body.empty()) + (body.empty() ? ilp::bytes{} : data(stream, body));
}

std::uint64_t send(client_side& client, std::string_view body = "prepare") {
    return client.session.request(post_block(), ilp::as_bytes(body), client.out);
}

TEST_CASE("a client greets, and sends a request in two frames") {
    client_side client;
    CHECK(client.sent() == lines{"preface", "SETTINGS", "WINDOW_UPDATE 0 983041"});
    REQUIRE(client.session.may_open());
    const auto first = send(client);
    CHECK(client.sent() == lines{"HEADERS 1", "DATA 1 7 end"});
    greet(client);
    CHECK(client.receive(response(1, "fulfill")) == lines{"message 1 200 fulfill"});
    CHECK(client.events.back().kind == event_kind::needs_more);
    CHECK(client.numbers[1] == first);
    send(client);
    CHECK(client.sent() == lines{"HEADERS 3", "DATA 3 7 end"});
}

TEST_CASE("the first block says that the table is not used") {
    client_side client;
    client.out.clear();
    send(client);
    CHECK(client.out.at(frame_head_size) == 0x20);
    client.out.clear();
    send(client);
    CHECK(client.out.at(frame_head_size) != 0x20);
    greet(client, settings({{setting::header_table_size, 100}}));
    send(client);
    CHECK(client.out.at(frame_head_size) == 0x20);
}

TEST_CASE("answers come in any order, with bodies in pieces") {
    client_side client;
    greet(client);
    send(client);
    send(client);
    send(client);
    const auto head = block_of({{":status", "200"}});
    CHECK(client.receive(headers(5, head) + headers(1, head) + data(1, "a", false) + data(5, "five") + data(1, "b")) ==
          lines{"message 5 200 five", "message 1 200 ab"});
    CHECK(client.receive(headers(3, block_of({{":status", "502"}}), true)) == lines{"message 3 502 "});
    CHECK(client.session.open_streams() == 0);
}

TEST_CASE("the same head of a response is known until the table changes") {
    client_side client;
    greet(client);
    for (int i = 0; i < 4; ++i) send(client);
    const fields head{{":status", "200"}, {"content-length", "2"}};
    CHECK(client.receive(response(1, "ok", head) + response(3, "ok", head)) ==
          lines{"message 1 200 ok", "message 3 200 ok"});
    CHECK(client.receive(response(5, "longer", head)) == lines{"reset 5 PROTOCOL_ERROR by us"});
}

TEST_CASE("malformed responses") {
    const auto told = [](const fields& head) {
        client_side client;
        greet(client);
        send(client);
        return client.receive(headers(1, block_of(head), true));
    };
    const lines refused{"reset 1 PROTOCOL_ERROR by us"};
    CHECK(told({{":status", "200"}}) == lines{"message 1 200 "});
    CHECK(told({}) == refused);
    CHECK(told({{":status", "20"}}) == refused);
    CHECK(told({{":status", "2000"}}) == refused);
    CHECK(told({{":status", "2x0"}}) == refused);
    CHECK(told({{":status", "099"}}) == refused);
    CHECK(told({{":status", "101"}}) == refused);
    CHECK(told({{":status", "200"}, {":status", "200"}}) == refused);
    CHECK(told({{":status", "200"}, {":path", "/"}}) == refused);
    CHECK(told({{":status", "200"}, {"connection", "close"}}) == refused);
    CHECK(told({{":status", "200"}, {"content-length", "1"}}) == refused);
    CHECK(told({{":status", "304"}, {"content-length", "1"}}) == lines{"message 1 304 "});
    CHECK(told({{":status", "100"}}) == refused);
}

TEST_CASE("interim responses are skipped, up to a bound") {
    client_side client;
    greet(client);
    send(client);
    const auto interim = headers(1, block_of({{":status", "103"}}));
    CHECK(client.receive(interim + response(1, "x")) == lines{"message 1 200 x"});
    send(client);
    auto many = headers(3, block_of({{":status", "100"}}));
    lines told;
    for (int i = 0; i < 9; ++i) told = client.receive(many);
    CHECK(told == lines{"reset 3 ENHANCE_YOUR_CALM by us"});
    send(client);
    CHECK(client.receive(headers(5, block_of({{":status", "100"}})) + data(5, "x")) ==
          lines{"reset 5 PROTOCOL_ERROR by us"});
}

TEST_CASE("a response longer than any packet is told without its body") {
    client_side client;
    greet(client);
    send(client);
    client.sent();
    client.receive(headers(1, block_of({{":status", "200"}})));
    for (int i = 0; i < 4; ++i) client.receive(data(1, std::string(16'384, 'x'), false));
    CHECK(client.receive(data(1, "x", false)) == lines{"message 1 200 too large"});
    CHECK(client.sent() == lines{"RST_STREAM 1 CANCEL"});
    CHECK(client.session.partly_received() == 0);
}

TEST_CASE("the other side's bound on streams is obeyed") {
    client_side client;
    greet(client, settings({{setting::max_concurrent_streams, 2}}));
    send(client);
    CHECK(client.session.may_open());
    send(client);
    CHECK_FALSE(client.session.may_open());
    client.receive(response(3, "x"));
    CHECK(client.session.may_open());
    client.receive(settings({{setting::max_concurrent_streams, 0}}));
    CHECK_FALSE(client.session.may_open());
}

TEST_CASE("a client opens 2000 streams at most, whatever the server takes") {
    client_side client;
    greet(client, settings({{setting::max_concurrent_streams, 1'000'000}}));
    for (int i = 0; i < 2000; ++i) {
        REQUIRE(client.session.may_open());
        client.session.request(block_of(post_fields()), {}, client.out);
    }
    CHECK_FALSE(client.session.may_open());
    CHECK(client.session.places() == 2000);
    client.receive(headers(1, ok_block(), true));
    CHECK(client.session.may_open());
}

TEST_CASE("answers that nobody waits for are a flood, unless their requests were given up") {
    client_side client;
    greet(client);
    std::vector<std::uint64_t> asked;
    for (int i = 0; i < 1500; ++i) asked.push_back(client.session.request(block_of(post_fields()), {}, client.out));
    for (const auto each : asked) {
        client.now += std::chrono::milliseconds{10};  // so slowly that each is told
        client.session.give_up(each, client.out, client.now);
    }
    for (const auto each : asked) client.receive(headers(static_cast<std::uint32_t>(each), ok_block(), true));
    CHECK_FALSE(client.session.has_failed());
    for (int i = 0; i < 1001; ++i) client.receive(headers(1, ok_block(), true));
    CHECK(client.session.flooded_by() == flood::ignored_frames);
}

TEST_CASE("before the first SETTINGS, a usual number of streams is opened") {
    client_side client;
    for (int i = 0; i < 100; ++i) send(client);
    CHECK_FALSE(client.session.may_open());
    greet(client);
    CHECK(client.session.may_open());
}

TEST_CASE("requests obey the windows of the server") {
    client_side client;
    greet(client, settings({{setting::initial_window_size, 3}}));
    send(client);
    CHECK(client.sent() == lines{"HEADERS 1", "DATA 1 3"});
    client.receive(frame(frame_type::window_update, 0, 1, number(10)));
    CHECK(client.sent() == lines{"DATA 1 4 end"});
}

TEST_CASE("an answer to a request that is not sent yet ends it") {
    client_side client;
    greet(client, settings({{setting::initial_window_size, 3}}));
    send(client);
    client.sent();
    CHECK(client.receive(response(1, "no")) == lines{"message 1 200 no"});
    CHECK(client.sent() == lines{"RST_STREAM 1 CANCEL"});
    CHECK(client.session.unsent() == 0);
    CHECK(client
              .receive(frame(frame_type::window_update, 0, 1, number(10)) +
                       frame(frame_type::rst_stream, 0, 1, number(0)))
              .empty());
}

TEST_CASE("a refused stream has certainly not been processed, another one may have been") {
    client_side client;
    greet(client);
    send(client);
    send(client);
    CHECK(client.receive(frame(frame_type::rst_stream, 0, 1, number(7))) ==
          lines{"reset 1 REFUSED_STREAM not processed"});
    CHECK(client.receive(frame(frame_type::rst_stream, 0, 3, number(8))) == lines{"reset 3 CANCEL"});
}

TEST_CASE("GOAWAY names the streams that have certainly not been processed") {
    client_side client;
    greet(client);
    for (int i = 0; i < 4; ++i) send(client);
    CHECK(client.receive(frame(frame_type::goaway, 0, 0, number(0x7fff'ffff) + number(0))).empty());
    CHECK(client.session.is_leaving());
    CHECK_FALSE(client.session.may_open());
    CHECK(client.receive(frame(frame_type::goaway, 0, 0, number(3) + number(0)) + response(1, "one")) ==
          lines{"reset 5 REFUSED_STREAM not processed", "reset 7 REFUSED_STREAM not processed", "message 1 200 one"});
    CHECK(client.session.open_streams() == 1);
    CHECK(client.receive(frame(frame_type::goaway, 0, 0, number(5) + number(0))).empty());  // may not grow
    CHECK(client.receive(response(3, "three")) == lines{"message 3 200 three"});
}

TEST_CASE("a request that is given up has no event") {
    client_side client;
    greet(client);
    const auto first = send(client);
    send(client);
    client.sent();
    client.session.give_up(first, client.out, at(0));
    CHECK(client.sent() == lines{"RST_STREAM 1 CANCEL"});
    CHECK(client.session.open_streams() == 1);
    CHECK(client.receive(response(1, "late")).empty());
    CHECK_FALSE(client.session.has_failed());
}

TEST_CASE("requests are given up without a flood of resets") {
    client_side client;
    greet(client);
    std::vector<std::uint64_t> numbers;
    for (int i = 0; i < 1100; ++i) numbers.push_back(send(client));
    client.sent();
    for (const auto each : numbers) client.session.give_up(each, client.out, at(0));
    CHECK(client.sent().size() == 1000);
    CHECK(client.session.open_streams() == 100);
    CHECK(client
              .receive(response(2199, "late") + headers(2197, block_of({{":status", "200"}})) +
                       frame(frame_type::rst_stream, 0, 2195, number(8)))
              .empty());
    CHECK(client.session.open_streams() == 98);
    CHECK(client.receive(frame(frame_type::goaway, 0, 0, number(0) + number(0))).empty());
    CHECK(client.session.open_streams() == 0);
}

TEST_CASE("a server breaks the rules") {
    const auto after = [](const ilp::bytes& frames) {
        client_side client;
        greet(client);
        send(client);
        return client.receive(frames);
    };
    CHECK(after(frame(frame_type::push_promise, flag::end_headers, 1, number(2))) == lines{"failed PROTOCOL_ERROR"});
    CHECK(after(settings({{setting::enable_push, 1}})) == lines{"failed PROTOCOL_ERROR"});
    CHECK(after(response(3, "x")) == lines{"failed PROTOCOL_ERROR"});
    CHECK(after(response(2, "x")) == lines{"failed PROTOCOL_ERROR"});
    CHECK(after(data(1, "x")) == lines{"reset 1 PROTOCOL_ERROR by us"});
    CHECK(after(data(3, "x")) == lines{"failed PROTOCOL_ERROR"});
    CHECK(after(frame(frame_type::rst_stream, 0, 3, number(0))) == lines{"failed PROTOCOL_ERROR"});

    client_side early;
    early.out.clear();
    CHECK(early.receive(frame(frame_type::ping, 0, 0, "12345678")) == lines{"failed PROTOCOL_ERROR"});
    client_side other;
    CHECK(other.receive(bytes_of("HTTP/1.1 400 Bad Request\r\n\r\n")) == lines{"failed FRAME_SIZE_ERROR"});
}

TEST_CASE("a failed connection says why, and does nothing more") {
    client_side client;
    greet(client);
    send(client);
    client.session.fail(error_code::settings_timeout, "the settings were not confirmed", client.out);
    const auto sent = client.sent();
    CHECK(sent.back() == "GOAWAY 0 SETTINGS_TIMEOUT");
    CHECK(client.session.failure() == "the settings were not confirmed");
    CHECK(client.receive(response(1, "x")) == lines{"failed SETTINGS_TIMEOUT"});
    CHECK_FALSE(client.session.may_open());
    client.session.give_up(client.numbers[1], client.out, at(0));
    CHECK(client.sent().empty());
}

TEST_CASE("a trace id behind a known head belongs to its response alone, and the head stays known") {
    const std::string one = "0123456789abcdef0fedcba987654321";
    const std::string two = "00000000000000000000000000000002";
    client_side client;
    greet(client);
    for (int i = 0; i < 12; ++i) send(client);
    const fields known{{":status", "200"}, {"content-length", "2"}};
    const auto trace_of = [&client](std::uint32_t stream) {
        const event& told = client.events.at(client.events.size() - 2);
        REQUIRE(client.numbers.at(stream) == told.number);
        return told.has_trace ? client.session.trace_of(told.number) : connector::trace_id{};
    };
    const auto with = [&known](const std::string& name, const std::string& value) {
        fields all = known;
        all.emplace_back(name, value);
        return all;
    };
    // The first one with an id comes before the head is known.
    CHECK(client.receive(response(1, "ok", with("ilp-trace-id", one))) == lines{"message 1 200 ok"});
    CHECK(trace_of(1) == connector::trace_id::parse(one));
    CHECK(client.receive(response(3, "ok", known)) == lines{"message 3 200 ok"});
    CHECK_FALSE(trace_of(3));
    // Two whose bodies come in the other order.
    CHECK(client.receive(headers(5, block_of(with("ilp-trace-id", one))) +
                         headers(7, block_of(with("ilp-trace-id", two))) + data(7, "ok")) == lines{"message 7 200 ok"});
    CHECK(trace_of(7) == connector::trace_id::parse(two));
    CHECK(client.receive(data(5, "ok")) == lines{"message 5 200 ok"});
    CHECK(trace_of(5) == connector::trace_id::parse(one));
    CHECK(client.receive(response(9, "ok", with("ilp-trace-id", "no id"))) == lines{"message 9 200 ok"});
    CHECK_FALSE(trace_of(9));
    CHECK(client.receive(response(11, "ok", with("other", one))) == lines{"message 11 200 ok"});
    CHECK_FALSE(trace_of(11));
    CHECK(client.receive(response(13, "ok", known)) == lines{"message 13 200 ok"});
    CHECK_FALSE(trace_of(13));
    // What is behind a known head obeys it: the length is wrong.
    CHECK(client.receive(response(15, "longer", with("ilp-trace-id", one))) == lines{"reset 15 PROTOCOL_ERROR by us"});
}

}  // namespace client_session_test
