#include "tests/unit/connector/transport/http2/conversation.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace server_session_test {

using namespace http2_conversation;

TEST_CASE("a server greets, and confirms the client's settings") {
    server_side server;
    CHECK(server.sent() == lines{"SETTINGS", "WINDOW_UPDATE 0 983041"});
    CHECK(server.receive(bytes_of(preface) + settings()).empty());
    CHECK(server.sent() == lines{"SETTINGS ack"});
    CHECK_FALSE(server.session.are_settings_confirmed());
    server.receive(frame(frame_type::settings, flag::ack, 0));
    CHECK(server.session.are_settings_confirmed());
}

TEST_CASE("anything but the preface and SETTINGS at first ends the connection") {
    {
        server_side server;
        CHECK(server.receive(bytes_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\rX")) == lines{"failed PROTOCOL_ERROR"});
    }
    {
        server_side server;
        CHECK(server.receive(bytes_of("POST")) == lines{"failed PROTOCOL_ERROR"});
    }
    {
        server_side server;
        server.out.clear();
        CHECK(server.receive(bytes_of(preface) + frame(frame_type::ping, 0, 0, "12345678")) ==
              lines{"failed PROTOCOL_ERROR"});
        CHECK(server.sent() == lines{"GOAWAY 0 PROTOCOL_ERROR"});
    }
    {
        server_side server;
        CHECK(server.receive(bytes_of(preface) + frame(frame_type::settings, flag::ack, 0)) ==
              lines{"failed PROTOCOL_ERROR"});
    }
}

TEST_CASE("a request is told as head and message, and answered in two frames") {
    server_side server;
    greet(server);
    CHECK(server.receive(request(1)) == lines{"head 1 POST /ilp", "message 1 packet"});
    server.session.answer(server.numbers[1], ok_block(), bytes_of("fulfill"), server.out);
    CHECK(server.sent() == lines{"HEADERS 1", "DATA 1 7 end"});
    CHECK(server.session.open_streams() == 0);
}

TEST_CASE("a request may come byte by byte") {
    server_side server;
    server.out.clear();
    lines told;
    for (const auto octet : bytes_of(preface) + settings() + request(1) + request(3, "second")) {
        for (const auto& line : server.receive({octet})) told.push_back(line);
    }
    CHECK(told == lines{"head 1 POST /ilp", "message 1 packet", "head 3 known", "message 3 second"});
}

TEST_CASE("the same block is known until the dynamic table changes") {
    server_side server;
    greet(server);
    server.receive(request(1));
    CHECK(server.receive(request(3)) == lines{"head 3 known", "message 3 packet"});
    CHECK(server.events[0].place == server.events[3].place);

    ilp::bytes indexed = block_of(post_fields());
    append_field(indexed, "x-new", "value", 0x40);
    CHECK(server.receive(headers(5, indexed) + data(5, "x")) == lines{"head 5 POST /ilp", "message 5 x"});
    CHECK(server.receive(headers(7, indexed) + data(7, "x")) == lines{"head 7 POST /ilp", "message 7 x"});
    CHECK(server.receive(request(9)) == lines{"head 9 POST /ilp", "message 9 packet"});
    CHECK(server.receive(request(11)) == lines{"head 11 known", "message 11 packet"});
    server.session.forget_known();
    CHECK(server.receive(request(13)) == lines{"head 13 POST /ilp", "message 13 packet"});
}

TEST_CASE("a block with an entry of the dynamic table is known, too") {
    server_side server;
    greet(server);
    ilp::bytes first = block_of(post_fields());
    append_field(first, "x-entry", "value", 0x40);
    ilp::bytes second = block_of(post_fields());
    second.push_back(0x80 | 62);  // the newest entry
    server.receive(headers(1, first) + data(1, "x"));
    CHECK(server.receive(headers(3, second) + data(3, "x")) == lines{"head 3 POST /ilp", "message 3 x"});
    CHECK(server.receive(headers(5, second) + data(5, "x")) == lines{"head 5 known", "message 5 x"});
    server.receive(headers(7, first) + data(7, "x"));
    CHECK(server.receive(headers(9, second) + data(9, "x")) == lines{"head 9 POST /ilp", "message 9 x"});
}

TEST_CASE("a body in several frames is put together, and an empty last frame costs no copy") {
    server_side server;
    greet(server);
    CHECK(server.receive(headers(1, block_of(post_fields())) + data(1, "one", false) + data(1, "two", false)) ==
          lines{"head 1 POST /ilp"});
    CHECK(server.session.partly_received() == 6);
    CHECK(server.receive(data(1, "three")) == lines{"message 1 onetwothree"});
    CHECK(server.session.partly_received() == 0);

    CHECK(server.receive(headers(3, block_of(post_fields())) + data(3, "whole", false) + data(3, "")) ==
          lines{"head 3 known", "message 3 whole"});
    CHECK(server.receive(headers(5, block_of(post_fields())) + data(5, "whole", false)) == lines{"head 5 known"});
    CHECK(server.receive(data(5, "")) == lines{"message 5 whole"});
}

TEST_CASE("padding and priority are removed") {
    server_side server;
    greet(server);
    const auto block = std::string{ilp::as_text(block_of(post_fields()))};
    const auto padded_headers = frame(frame_type::headers, flag::end_headers | flag::padded | flag::priority, 1,
                                      std::string{"\x02"} + std::string(5, '\1') + block + "pp");
    const auto padded_data = frame(frame_type::data, flag::end_stream | flag::padded, 1,
                                   "\x03"
                                   "bodyppp");
    CHECK(server.receive(padded_headers + padded_data) == lines{"head 1 POST /ilp", "message 1 body"});
    CHECK(server.receive(headers(3, block_of(post_fields())) +
                         frame(frame_type::data, flag::end_stream | flag::padded, 3,
                               "\x09"
                               "body")) == lines{"head 3 known", "failed PROTOCOL_ERROR"});
}

TEST_CASE("padding is given back to the window of its stream") {
    server_side server;
    greet(server);
    server.receive(headers(1, block_of(post_fields())));
    std::size_t updates = 0;
    for (int i = 0; i < 300; ++i) {
        server.receive(frame(frame_type::data, flag::padded, 1,
                             "\xff"
                             "x" +
                                 std::string(255, 'p')));
        for (const auto& line : server.sent()) updates += line.starts_with("WINDOW_UPDATE 1 ") ? 1U : 0U;
    }
    CHECK(updates == 4);
    CHECK(server.receive(data(1, "y")).size() == 1);
}

TEST_CASE("a header block may come in several frames, and nothing may come between them") {
    const auto block = std::string{ilp::as_text(block_of(post_fields()))};
    server_side server;
    greet(server);
    server.receive(frame(frame_type::headers, 0, 1, block.substr(0, 5)) + frame(frame_type::continuation, 0, 1, "") +
                   frame(frame_type::continuation, flag::end_headers, 1, block.substr(5)));
    CHECK(server.receive(data(1, "x")) == lines{"message 1 x"});
    CHECK(server.receive(frame(frame_type::headers, 0, 3, block) + frame(frame_type::ping, 0, 0, "12345678")) ==
          lines{"failed PROTOCOL_ERROR"});

    server_side other;
    greet(other);
    CHECK(other.receive(frame(frame_type::headers, 0, 3, block) +
                        frame(frame_type::continuation, flag::end_headers, 5, "")) == lines{"failed PROTOCOL_ERROR"});

    server_side stray;
    greet(stray);
    CHECK(stray.receive(frame(frame_type::continuation, flag::end_headers, 1, block)) ==
          lines{"failed PROTOCOL_ERROR"});
}

TEST_CASE("a header block without end is a flood") {
    const auto block = std::string{ilp::as_text(block_of(post_fields()))};
    {
        server_side server;
        greet(server);
        ilp::bytes flood = frame(frame_type::headers, 0, 1, block);
        for (int i = 0; i < 20; ++i) ilp::append(flood, frame(frame_type::continuation, 0, 1, ""));
        CHECK(server.receive(flood) == lines{"failed ENHANCE_YOUR_CALM"});
    }
    {
        server_side server;
        greet(server);
        CHECK(server.receive(frame(frame_type::headers, 0, 1, std::string(16'000, 'x')) +
                             frame(frame_type::continuation, 0, 1, std::string(400, 'x'))) ==
              lines{"failed ENHANCE_YOUR_CALM"});
    }
}

TEST_CASE("the list of fields is bounded, and the table stays in step") {
    server_side server;
    greet(server);
    fields many = post_fields();
    many.emplace_back("x-large", std::string(8000, 'x'));
    many.emplace_back("x-more", std::string(200, 'x'));
    auto block = block_of(many);
    append_field(block, "x-entry", "value", 0x40);
    CHECK(server.receive(headers(1, block, true)) == lines{"head 1 POST /ilp fault 431", "message 1 "});
    auto next = block_of(post_fields());
    next.push_back(0x80 | 62);
    CHECK(server.receive(headers(3, next, true)) == lines{"head 3 POST /ilp", "message 3 "});

    // A small block that refers to a large entry again and again.
    ilp::bytes bomb = block_of(post_fields());
    append_field(bomb, "x-entry", std::string(3000, 'x'), 0x40);
    bomb.insert(bomb.end(), 100, 0x80 | 62);
    CHECK(server.receive(headers(5, bomb, true)) == lines{"failed ENHANCE_YOUR_CALM"});
}

TEST_CASE("a block that cannot be decoded ends the connection") {
    for (const std::string_view block : {"\xff\xff\xff\xff\xff\xff", "\x80", "\xc0", "\x40", "\x3f\xff\xff\xff\x7f"}) {
        server_side server;
        greet(server);
        INFO(block.size());
        CHECK(server.receive(headers(1, bytes_of(block), true)) == lines{"failed COMPRESSION_ERROR"});
    }
}

TEST_CASE("a malformed request resets its stream and is not told") {
    const auto refused = [](const fields& list) {
        server_side server;
        greet(server);
        const bool silent = server.receive(headers(1, block_of(list), true)).empty();
        return silent && server.sent() == lines{"RST_STREAM 1 PROTOCOL_ERROR"};
    };
    const auto with = [](std::string name, std::string value) {
        fields list = post_fields();
        list.emplace_back(std::move(name), std::move(value));
        return list;
    };
    CHECK_FALSE(refused(post_fields()));
    CHECK(refused({}));
    CHECK(refused({{":method", "POST"}, {":scheme", "http"}, {":authority", "a"}}));
    CHECK(refused({{":method", "POST"}, {":path", "/"}, {":authority", "a"}}));
    CHECK(refused({{":scheme", "http"}, {":path", "/"}, {":authority", "a"}}));
    CHECK(refused({{":method", "POST"}, {":scheme", "http"}, {":path", "/"}}));
    CHECK(refused({{":method", "POST"}, {":scheme", "http"}, {":path", ""}, {":authority", "a"}}));
    CHECK(refused({{":method", "POST"}, {":scheme", "http"}, {":path", "ilp"}, {":authority", "a"}}));
    CHECK(refused({{":method", "POST"}, {":scheme", "http"}, {":path", "*"}, {":authority", "a"}}));
    CHECK(refused({{":method", "POST"}, {":scheme", "http"}, {":path", "/ a"}, {":authority", "a"}}));
    CHECK(refused({{":method", "PO ST"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}}));
    CHECK(refused({{":method", "POST"}, {":scheme", "1ttp"}, {":path", "/"}, {":authority", "a"}}));
    CHECK(refused({{":method", "CONNECT"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}}));
    CHECK(refused(with(":method", "POST")));
    CHECK(refused(with(":authority", "b")));
    CHECK(refused(with(":status", "200")));
    CHECK(refused(with(":unknown", "x")));
    CHECK(refused(with("Upper", "x")));
    CHECK(refused(with("with space", "x")));
    CHECK(refused(with("", "x")));
    CHECK(refused(with("x", "a\nb")));
    CHECK(refused(with("x", std::string{"a\0b", 3})));
    CHECK(refused(with("x", " a")));
    CHECK(refused(with("x", "a\t")));
    CHECK(refused(with("connection", "close")));
    CHECK(refused(with("keep-alive", "1")));
    CHECK(refused(with("proxy-connection", "x")));
    CHECK(refused(with("transfer-encoding", "chunked")));
    CHECK(refused(with("upgrade", "websocket")));
    CHECK(refused(with("te", "gzip")));
    CHECK_FALSE(refused(with("te", "trailers")));
    CHECK(refused(with("content-length", "-1")));
    CHECK(refused(with("content-length", "")));
    CHECK(refused(with("content-length", "1")));  // but there is no body
    CHECK_FALSE(refused(with("content-length", "0")));
    CHECK(refused(with("host", "a b")));
    auto pseudo_last = with("x", "y");
    pseudo_last.emplace_back(":path", "/");
    CHECK(refused(pseudo_last));
    auto twice = with("content-length", "0");
    twice.emplace_back("content-length", "0");
    CHECK(refused(twice));
    CHECK_FALSE(refused({{":method", "POST"}, {":scheme", "http"}, {":path", "/"}, {"host", "a"}}));
    CHECK_FALSE(refused({{":method", "CONNECT"}, {":authority", "a:1"}}));
    CHECK_FALSE(refused({{":method", "OPTIONS"}, {":scheme", "http"}, {":path", "*"}, {":authority", "a"}}));
}

TEST_CASE("what is not accepted although it is a message is told with the status to answer") {
    server_side server;
    greet(server);
    auto list = post_fields();
    list.emplace_back("expect", "something");
    CHECK(server.receive(request(1, "", list)) == lines{"head 1 POST /ilp fault 417", "message 1 "});
    list = post_fields();
    list.emplace_back("authorization", "Bearer a");
    list.emplace_back("authorization", "Bearer b");
    CHECK(server.receive(request(3, "", list)) == lines{"head 3 POST /ilp fault 400", "message 3 "});
    CHECK(server.receive(request(5, "", list)) == lines{"head 5 POST /ilp fault 400", "message 5 "});
}

TEST_CASE("the facts of a request") {
    server_side server;
    greet(server);
    auto list = post_fields();
    list.emplace_back("authorization", "Bearer token");
    list.emplace_back("content-type", "application/octet-stream");
    list.emplace_back("accept", "*/*");
    list.emplace_back("expect", "100-continue");
    list.emplace_back("content-length", "6");
    ilp::append(server.input, headers(1, block_of(list)));
    const event told = server.session.next(server.input, server.out, server.now);
    REQUIRE(told.kind == event_kind::head);
    REQUIRE(told.head != nullptr);
    CHECK(told.head->method == "POST");
    CHECK(told.head->target == "/ilp");
    CHECK(told.head->host == "a");
    CHECK(told.head->authorization == "Bearer token");
    CHECK(told.head->content_type == "application/octet-stream");
    CHECK(told.head->accept == "*/*");
    CHECK(told.head->expects_continue);
    CHECK(told.head->content_length == 6);
    server.session.answer_continue(told.number, server.out);
    CHECK(server.sent() == lines{"HEADERS 1"});
}

TEST_CASE("the length of the body agrees with content-length") {
    auto list = post_fields();
    list.emplace_back("content-length", "6");
    for (const auto& [body, expected] : std::vector<std::pair<std::string, lines>>{
             {"packet", {"head 1 POST /ilp", "message 1 packet"}},
             {"packe", {"head 1 POST /ilp", "reset 1 PROTOCOL_ERROR by us"}},
             {"packets", {"head 1 POST /ilp", "reset 1 PROTOCOL_ERROR by us"}}}) {
        server_side server;
        greet(server);
        CHECK(server.receive(request(1, body, list)) == expected);
    }
    server_side server;
    greet(server);
    server.receive(request(1, "packet", list));
    CHECK(server.receive(request(3, "packe", list)) == lines{"head 3 known", "reset 3 PROTOCOL_ERROR by us"});
    CHECK(server.receive(headers(5, block_of(list), true)).empty());
}

TEST_CASE("a body longer than any packet is told as such, and then dropped") {
    server_side server;
    greet(server);
    server.receive(headers(1, block_of(post_fields())));
    for (int i = 0; i < 4; ++i) CHECK(server.receive(data(1, std::string(16'384, 'x'), false)).empty());
    CHECK(server.receive(data(1, "x", false)) == lines{"message 1 too large"});
    CHECK(server.session.partly_received() == 0);
    server.sent();
    server.session.answer(server.numbers[1], ok_block(), {}, server.out);
    CHECK(server.sent() == lines{"HEADERS 1 end"});
    CHECK(server.receive(data(1, "x", false)).empty());
    CHECK(server.sent() == lines{"RST_STREAM 1 FLOW_CONTROL_ERROR"});
    CHECK(server.session.open_streams() == 0);
}

TEST_CASE("an answer before the end of the request drops the rest") {
    server_side server;
    greet(server);
    server.receive(headers(1, block_of(post_fields())) + data(1, "some", false));
    server.session.answer(server.numbers[1], ok_block(), {}, server.out);
    CHECK(server.sent() == lines{"HEADERS 1 end"});
    CHECK(server.session.partly_received() == 0);
    CHECK(server.session.open_streams() == 1);
    CHECK(server.receive(data(1, "rest")).empty());
    CHECK(server.sent().empty());
    CHECK(server.session.open_streams() == 0);

    server.receive(headers(3, block_of(post_fields())));
    server.session.answer(server.numbers[3], ok_block(), {}, server.out);
    server.sent();
    server.receive(data(3, std::string(16'384, 'x'), false));
    CHECK(server.sent().empty());
    server.receive(data(3, "x", false));
    CHECK(server.sent() == lines{"RST_STREAM 3 NO_ERROR"});
    server.receive(data(3, "x", false));
    CHECK(server.sent().empty());
}

TEST_CASE("frames on streams in the wrong state") {
    const auto after = [](const ilp::bytes& frames) {
        server_side server;
        greet(server);
        server.receive(request(3));
        return server.receive(frames);
    };
    CHECK(after(data(5, "x")) == lines{"failed PROTOCOL_ERROR"});
    CHECK(after(data(0, "x")) == lines{"failed PROTOCOL_ERROR"});
    CHECK(after(data(2, "x")) == lines{"failed PROTOCOL_ERROR"});
    CHECK(after(data(3, "x")) == lines{"failed STREAM_CLOSED"});
    CHECK(after(data(1, "x")).empty());  // it was skipped, and is closed
    CHECK(after(request(3)) == lines{"failed STREAM_CLOSED"});
    CHECK(after(request(2)) == lines{"failed PROTOCOL_ERROR"});
    CHECK(after(request(0)) == lines{"failed PROTOCOL_ERROR"});
    CHECK(after(frame(frame_type::rst_stream, 0, 5, number(8))) == lines{"failed PROTOCOL_ERROR"});
    CHECK(after(frame(frame_type::rst_stream, 0, 0, number(8))) == lines{"failed PROTOCOL_ERROR"});
    CHECK(after(frame(frame_type::rst_stream, 0, 1, number(8))).empty());
    CHECK(after(frame(frame_type::rst_stream, 0, 3, number(8))) == lines{"reset 3 CANCEL"});
    CHECK(after(frame(frame_type::window_update, 0, 5, number(1))) == lines{"failed PROTOCOL_ERROR"});
    CHECK(after(frame(frame_type::window_update, 0, 1, number(1))).empty());
    CHECK(after(frame(frame_type::push_promise, 0, 3, number(2))) == lines{"failed PROTOCOL_ERROR"});
    CHECK(after(frame(static_cast<frame_type>(0x42), 0xff, 77, "anything")).empty());
    CHECK(after(frame(frame_type::priority, 0, 77, "12345")).empty());
}

TEST_CASE("frames of the wrong size, or on a stream where none belongs") {
    const auto after = [](const ilp::bytes& frames) {
        server_side server;
        greet(server);
        return server.receive(frames);
    };
    ilp::bytes large;
    append_frame_head(large, {.size = 16'385, .type = frame_type::data, .stream = 1});
    CHECK(after(large) == lines{"failed FRAME_SIZE_ERROR"});
    CHECK(after(frame(frame_type::settings, 0, 0, "12345")) == lines{"failed FRAME_SIZE_ERROR"});
    CHECK(after(frame(frame_type::settings, flag::ack, 0, "123456")) == lines{"failed FRAME_SIZE_ERROR"});
    CHECK(after(frame(frame_type::settings, 0, 1)) == lines{"failed PROTOCOL_ERROR"});
    CHECK(after(frame(frame_type::ping, 0, 0, "1234567")) == lines{"failed FRAME_SIZE_ERROR"});
    CHECK(after(frame(frame_type::ping, 0, 1, "12345678")) == lines{"failed PROTOCOL_ERROR"});
    CHECK(after(frame(frame_type::goaway, 0, 0, "1234567")) == lines{"failed FRAME_SIZE_ERROR"});
    CHECK(after(frame(frame_type::goaway, 0, 1, "12345678")) == lines{"failed PROTOCOL_ERROR"});
    CHECK(after(frame(frame_type::rst_stream, 0, 1, "123")) == lines{"failed FRAME_SIZE_ERROR"});
    CHECK(after(frame(frame_type::window_update, 0, 0, "123")) == lines{"failed FRAME_SIZE_ERROR"});
    CHECK(after(frame(frame_type::priority, 0, 1, "1234")) == lines{"failed FRAME_SIZE_ERROR"});
    CHECK(after(frame(frame_type::priority, 0, 0, "12345")) == lines{"failed PROTOCOL_ERROR"});
}

TEST_CASE("values of settings") {
    const auto after = [](setting name, std::uint32_t value) {
        server_side server;
        greet(server);
        return server.receive(settings({{name, value}}));
    };
    CHECK(after(setting::enable_push, 1).empty());
    CHECK(after(setting::enable_push, 2) == lines{"failed PROTOCOL_ERROR"});
    CHECK(after(setting::initial_window_size, 0x8000'0000) == lines{"failed FLOW_CONTROL_ERROR"});
    CHECK(after(setting::max_frame_size, 16'383) == lines{"failed PROTOCOL_ERROR"});
    CHECK(after(setting::max_frame_size, 0x100'0000) == lines{"failed PROTOCOL_ERROR"});
    CHECK(after(static_cast<setting>(99), 7).empty());
}

TEST_CASE("answers obey the windows of the client") {
    server_side server;
    greet(server, settings({{setting::initial_window_size, 4}}));
    server.receive(request(1) + request(3));
    server.session.answer(server.numbers[1], ok_block(), bytes_of("ten octets"), server.out);
    CHECK(server.sent() == lines{"HEADERS 1", "DATA 1 4"});
    CHECK(server.session.unsent() == 6);
    server.receive(frame(frame_type::window_update, 0, 1, number(2)));
    CHECK(server.sent() == lines{"DATA 1 2"});
    server.receive(settings({{setting::initial_window_size, 0}}));  // 4 less: the window is negative
    server.receive(frame(frame_type::window_update, 0, 1, number(4)));
    CHECK(server.sent() == lines{"SETTINGS ack"});
    server.receive(settings({{setting::initial_window_size, 100}}));
    CHECK(server.sent() == lines{"SETTINGS ack", "DATA 1 4 end"});
    CHECK(server.session.unsent() == 0);
    CHECK(server.session.open_streams() == 1);
    server.session.answer(server.numbers[3], ok_block(), bytes_of("ten octets"), server.out);
    CHECK(server.sent() == lines{"HEADERS 3", "DATA 3 10 end"});
    CHECK(server.session.open_streams() == 0);
}

TEST_CASE("an answer of which little is left keeps little memory") {
    server_side server;
    greet(server, settings({{setting::initial_window_size, 0}}));
    server.receive(request(1));
    constexpr std::size_t size = 60'000;
    server.session.answer(server.numbers[1], ok_block(), ilp::bytes(size), server.out);
    CHECK(server.session.unsent() == size);
    CHECK(server.session.unsent_memory() >= size);
    server.receive(frame(frame_type::window_update, 0, 1, number(size - 1)));
    CHECK(server.session.unsent() == 1);
    CHECK(server.session.unsent_memory() < 100);
    SECTION("and none when it is sent") {
        server.receive(frame(frame_type::window_update, 0, 1, number(1)));
    }
    SECTION("and none when its stream is reset") {
        server.receive(frame(frame_type::rst_stream, 0, 1, number(8)));
    }
    CHECK(server.session.unsent() == 0);
    CHECK(server.session.unsent_memory() == 0);
}

TEST_CASE("the window of the connection bounds all answers together") {
    server_side server;
    greet(server, settings({{setting::initial_window_size, 1'000'000}}));
    const ilp::bytes body(60'000, 7);
    server.receive(request(1) + request(3) + request(5));
    for (const std::uint32_t id : {1U, 3U, 5U}) server.session.answer(server.numbers[id], ok_block(), body, server.out);
    server.sent();
    CHECK(server.session.unsent() == 180'000 - 65'535);
    server.receive(frame(frame_type::rst_stream, 0, 5, number(8)));
    CHECK(server.session.unsent() == 120'000 - 65'535);
    server.receive(frame(frame_type::window_update, 0, 0, number(100'000)));
    CHECK(server.session.unsent() == 0);
    CHECK(server.session.open_streams() == 0);
}

TEST_CASE("windows do not grow beyond their greatest size") {
    server_side server;
    greet(server);
    server.receive(request(1));
    CHECK(server.receive(frame(frame_type::window_update, 0, 1, number(0x7fff'ffff))) ==
          lines{"reset 1 FLOW_CONTROL_ERROR by us"});
    server.receive(request(3));
    CHECK(server.receive(frame(frame_type::window_update, 0, 3, number(0))) == lines{"reset 3 PROTOCOL_ERROR by us"});
    server.receive(request(5) + frame(frame_type::window_update, 0, 5, number(0x7fff'0000)));
    CHECK(server.receive(settings({{setting::initial_window_size, 0x7fff'ffff}})) ==
          lines{"failed FLOW_CONTROL_ERROR"});

    server_side other;
    greet(other);
    CHECK(other.receive(frame(frame_type::window_update, 0, 0, number(0x7fff'ffff))) ==
          lines{"failed FLOW_CONTROL_ERROR"});
    server_side third;
    greet(third);
    CHECK(third.receive(frame(frame_type::window_update, 0, 0, number(0))) == lines{"failed PROTOCOL_ERROR"});
}

TEST_CASE("a client that exceeds our windows is stopped") {
    server_side server;
    greet(server);
    server.receive(headers(1, block_of(post_fields())));
    server.session.answer(server.numbers[1], ok_block(), bytes_of("x"), server.out);
    ilp::bytes much;
    for (int i = 0; i < 80; ++i) ilp::append(much, data(99, std::string(16'000, 'x'), false));
    server.receive(headers(99, block_of(post_fields())));
    server.sent();
    // Given back as it comes, although nobody wants it.
    server.receive(much);
    CHECK_FALSE(server.session.has_failed());
    const auto sent = server.sent();
    CHECK(std::ranges::count_if(sent, [](const auto& line) { return line.starts_with("WINDOW_UPDATE 0 "); }) == 2);
}

TEST_CASE("bodies that are not complete are bounded together") {
    server_side server;
    greet(server);
    std::size_t reset = 0;
    for (std::uint32_t id = 1; id < 2 * 40; id += 2) {
        server.receive(headers(id, block_of(post_fields())));
        for (int i = 0; i < 3; ++i) {
            for (const auto& line : server.receive(data(id, std::string(16'384, 'x'), false))) {
                CHECK(line == "reset " + std::to_string(id) + " REFUSED_STREAM by us");
                ++reset;
            }
        }
    }
    CHECK(server.session.partly_received() <= session::partly_received_max);
    CHECK(reset > 10);
}

TEST_CASE("more streams than announced are refused, and may come again") {
    server_side server;
    greet(server);
    for (std::uint32_t i = 0; i < server_session::streams_max; ++i) server.receive(request(2 * i + 1));
    server.sent();
    const std::uint32_t next = 2 * server_session::streams_max + 1;
    CHECK(server.receive(request(next)).empty());
    CHECK(server.sent() == lines{"RST_STREAM " + std::to_string(next) + " REFUSED_STREAM"});
    server.session.answer(server.numbers[101], ok_block(), {}, server.out);
    CHECK(server.receive(request(next + 2)).size() == 2);
}

TEST_CASE("a client that takes no answers gets its further requests refused") {
    server_side server;
    greet(server, settings({{setting::initial_window_size, 0}}));
    const ilp::bytes large(60'000, 7);
    std::uint32_t id = 1;
    for (; server.session.unsent() <= server_session::unsent_max; id += 2) {
        server.receive(request(id));
        server.session.answer(server.numbers[id], ok_block(), large, server.out);
    }
    server.sent();
    server.receive(request(id));
    CHECK(server.sent() == lines{"RST_STREAM " + std::to_string(id) + " REFUSED_STREAM"});
}

TEST_CASE("a server that drains takes what is on its way, and says what it has not taken") {
    server_side server;
    greet(server);
    server.receive(request(1));
    server.session.drain(server.out);
    CHECK(server.sent() == lines{"GOAWAY 2147483647 NO_ERROR", "PING draining"});
    CHECK(server.receive(request(3)).size() == 2);
    CHECK_FALSE(server.session.is_drained());
    server.receive(frame(frame_type::ping, flag::ack, 0, "draining"));
    CHECK(server.sent() == lines{"GOAWAY 3 NO_ERROR"});
    CHECK(server.receive(request(5)).empty());
    CHECK(server.receive(data(5, "x")).empty());
    CHECK(server.sent().empty());
    server.session.answer(server.numbers[1], ok_block(), {}, server.out);
    CHECK_FALSE(server.session.is_drained());
    server.session.answer(server.numbers[3], ok_block(), {}, server.out);
    CHECK(server.session.is_drained());
}

TEST_CASE("trailers end a request") {
    server_side server;
    greet(server);
    const auto trailers = block_of({{"x-sum", "1"}});
    CHECK(server.receive(headers(1, block_of(post_fields())) + data(1, "body", false) + headers(1, trailers, true)) ==
          lines{"head 1 POST /ilp", "message 1 body"});
    CHECK(server.receive(headers(3, block_of(post_fields())) + data(3, "body", false) + headers(3, trailers)) ==
          lines{"head 3 known", "reset 3 PROTOCOL_ERROR by us"});
    CHECK(server.receive(headers(5, block_of(post_fields())) + headers(5, block_of(post_fields()), true)) ==
          lines{"head 5 known", "reset 5 PROTOCOL_ERROR by us"});
}

TEST_CASE("requests that take long can be found") {
    server_side server;
    greet(server);
    server.now = at(10);
    server.receive(request(1) + headers(3, block_of(post_fields())));
    server.now = at(20);
    server.receive(headers(5, block_of(post_fields())));
    CHECK(server.session.oldest_incomplete() == at(10));
    CHECK(server.session.incomplete_since(at(9)) == 0);
    CHECK(server.session.incomplete_since(at(10)) == server.numbers[3]);
    server.session.reset(server.numbers[3], error_code::cancel, server.out);
    CHECK(server.sent() == lines{"RST_STREAM 3 CANCEL"});
    CHECK(server.session.oldest_incomplete() == at(20));
}

TEST_CASE("floods end the connection, and an honest rate does not") {
    const auto flooded = [](const ilp::bytes& one, int count, int pause_ms = 0) {
        server_side server;
        greet(server);
        for (int i = 0; i < count; ++i) {
            server.now += std::chrono::milliseconds{pause_ms};
            server.receive(one);
            if (server.session.has_failed()) return server.session.flooded_by().has_value();
        }
        return false;
    };
    const auto ping = frame(frame_type::ping, 0, 0, "12345678");
    CHECK_FALSE(flooded(ping, 100));
    CHECK(flooded(ping, 101));
    CHECK_FALSE(flooded(ping, 10'000, 100));
    CHECK_FALSE(flooded(settings(), 15));
    CHECK(flooded(settings(), 21));
    CHECK(flooded(frame(frame_type::priority, 0, 1, "12345"), 1001));
    CHECK(flooded(frame(static_cast<frame_type>(77), 0, 1), 1001));
    CHECK(flooded(frame(frame_type::window_update, 0, 0, number(1)), 2001));
    CHECK(flooded(frame(frame_type::goaway, 0, 0, "12345678"), 21));
    CHECK(flooded(frame(frame_type::settings, flag::ack, 0), 1001));
    CHECK(flooded(headers(3, block_of(post_fields()), true) + frame(frame_type::rst_stream, 0, 3, number(8)), 1001));

    server_side empty;
    greet(empty);
    empty.receive(headers(1, block_of(post_fields())));
    for (int i = 0; i < 101; ++i) empty.receive(data(1, "", false));
    CHECK(empty.session.flooded_by() == flood::empty_data);

    const auto floods_by_requests = [](const ilp::bytes& end) {
        server_side server;
        greet(server);
        for (std::uint32_t id = 1; id < 2 * 1000; id += 2) {
            ilp::bytes frames = headers(id, block_of(post_fields())) + end;
            frames[frames.size() - end.size() + 7] = static_cast<ilp::octet>(id >> 8U);
            frames[frames.size() - end.size() + 8] = static_cast<ilp::octet>(id);
            server.receive(frames);
        }
        CHECK_FALSE(server.session.has_failed());
        server.receive(headers(9001, block_of(post_fields())));
        ilp::bytes last = end;
        last[7] = static_cast<ilp::octet>(9001 >> 8U);
        last[8] = static_cast<ilp::octet>(9001 & 0xff);
        server.receive(last);
        return server.session.flooded_by().has_value();
    };
    CHECK(floods_by_requests(frame(frame_type::rst_stream, 0, 0, number(8))));     // Rapid Reset
    CHECK(floods_by_requests(frame(frame_type::window_update, 0, 0, number(0))));  // MadeYouReset
}

TEST_CASE("frames that cause no event are processed in portions") {
    server_side server;
    greet(server);
    server.receive(headers(1, block_of(post_fields())));
    const ilp::bytes one = data(1, "x", false);
    ilp::bytes input;
    constexpr std::size_t frames = 10'000;
    for (std::size_t i = 0; i < frames; ++i) ilp::append(input, one);
    std::size_t portions = 0;
    for (;; ++portions) {
        const event e = server.session.next(input, server.out, server.now);
        REQUIRE(e.consumed <= session::frames_at_once * one.size());
        input.erase(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(e.consumed));
        if (e.kind == event_kind::needs_more) break;
        REQUIRE(e.kind == event_kind::pause);
        REQUIRE(e.consumed == session::frames_at_once * one.size());
    }
    CHECK(portions == frames / session::frames_at_once);
    CHECK(input.empty());
    CHECK(server.receive(data(1, "y")) == lines{"message 1 " + std::string(frames, 'x') + "y"});
}

TEST_CASE("an answered request may have window updates for each frame") {
    server_side server;
    greet(server);
    for (std::uint32_t id = 1; id < 20'000; id += 2) {
        server.receive(request(id));
        server.session.answer(server.numbers[id], ok_block(), bytes_of("x"), server.out);
        server.receive(frame(frame_type::window_update, 0, id, number(1)) +
                       frame(frame_type::window_update, 0, 0, number(1)));
        server.out.clear();
    }
    CHECK_FALSE(server.session.has_failed());
}

}  // namespace server_session_test
