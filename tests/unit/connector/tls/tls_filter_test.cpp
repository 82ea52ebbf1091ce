#include "connector/tls/tls_filter.hpp"

#include "connector/tls/pem_file.hpp"
#include "tests/unit/connector/tls/system_calls.hpp"
#include "tests/unit/connector/tls/tls_pair.hpp"

#include <malloc.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace tls_filter_test {

using namespace connector;
using namespace connector::testing;
using Catch::Contains;

namespace {

/// A connection takes less than this beside OpenSSL's buffers. OpenSSL 3.5 takes 22 KiB.
constexpr std::size_t state_size = OPENSSL_VERSION_PREREQ(3, 1) ? 24 * 1024 : 16 * 1024;

/// Two sides with the test in between, which decides how many bytes go on at a time.
struct slow_wire {
    slow_wire()
        : server{tls_filter::for_server(server_context()), of_server.ends[0]},
          client{tls_filter::for_client(client_context(), "node.example"), of_client.ends[0]} {}

    static bool pass_on(int from, int to, std::size_t size) {
        std::string octets(size, '\0');
        const ssize_t available = ::recv(from, octets.data(), octets.size(), MSG_PEEK | MSG_DONTWAIT);
        if (available <= 0) return false;
        const ssize_t count = ::write(to, octets.data(), static_cast<std::size_t>(available));
        if (count <= 0) return false;
        return ::read(from, octets.data(), static_cast<std::size_t>(count)) == count;
    }

    void run(std::size_t size) {
        for (bool has_moved = true; has_moved;) {
            has_moved = client.step();
            has_moved = server.step() || has_moved;
            has_moved = pass_on(of_client.ends[1], of_server.ends[1], size) || has_moved;
            has_moved = pass_on(of_server.ends[1], of_client.ends[1], size) || has_moved;
        }
    }

    sockets of_server;
    sockets of_client;
    side server;
    side client;
};

std::string text_of(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 26) % 26);
    return text;
}

}  // namespace

TEST_CASE("tls filter: client and server talk in both versions, and agree on a protocol") {
    const auto version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    const auto of_client = client_context({"h2", "http/1.1"});
    limit_version(of_client, version);
    tls_pair pair{server_context(test_identity(), false, {"http/1.1", "h2"}), of_client};
    pair.client.to_send = "hello from the client";
    pair.server.to_send = "hello from the server";
    pair.establish();
    CHECK(pair.server.received == "hello from the client");
    CHECK(pair.client.received == "hello from the server");
    CHECK(pair.client.filter->protocol() == "http/1.1");  // the server prefers it
    CHECK(pair.server.filter->protocol() == "http/1.1");
    CHECK(pair.client.filter->peer_key() == test_identity().key_pin);
    CHECK(pair.server.filter->peer_key().empty());
    CHECK(pair.client.filter->failure().empty());
}

TEST_CASE("tls filter: sides without a protocol in common do without") {
    tls_pair pair{server_context(test_identity(), false, {"h2"}), client_context({"http/1.1"})};
    pair.establish();
    CHECK(pair.client.filter->protocol().empty());
    CHECK(pair.server.filter->protocol().empty());
}

TEST_CASE("tls filter: it is a server to plain OpenSSL") {
    const auto version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    sockets wire;
    side server{tls_filter::for_server(server_context()), wire.ends[0]};
    const std::unique_ptr<SSL_CTX, release_openssl> context{SSL_CTX_new(TLS_client_method())};
    SSL_CTX_set_max_proto_version(context.get(), version);
    plain_openssl client{context.get(), wire.ends[1], false};
    run(server, client);
    REQUIRE(server.is_established);
    CHECK(SSL_version(client.ssl.get()) == version);
    REQUIRE(client.say("question"));
    server.to_send = "answer";
    run(server, client);
    CHECK(server.received == "question");
    CHECK(client.received == "answer");
}

TEST_CASE("tls filter: it is a client to plain OpenSSL") {
    const auto version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    sockets wire;
    const auto of_server = server_context();
    limit_version(of_server, version);
    plain_openssl server{of_server->native(), wire.ends[0], true};
    side client{tls_filter::for_client(client_context(), "node.example"), wire.ends[1]};
    run(client, server);
    REQUIRE(client.is_established);
    CHECK(std::string{SSL_get_servername(server.ssl.get(), TLSEXT_NAMETYPE_host_name)} == "node.example");
    REQUIRE(server.say("hello"));
    client.to_send = "hello, too";
    run(client, server);
    CHECK(client.received == "hello");
    CHECK(server.received == "hello, too");
}

TEST_CASE("tls filter: content that arrives together with messages of TLS itself is found at once") {
    sockets wire;
    const auto of_server = server_context();
    SSL_CTX_set_num_tickets(of_server->native(), 3);
    plain_openssl server{of_server->native(), wire.ends[0], true};
    side client{tls_filter::for_client(client_context(), "node.example"), wire.ends[1]};
    for (int i = 0; i < 10 && !(client.is_established && server.is_established); ++i) {
        if (!client.is_established) client.step();
        server.step();
    }
    REQUIRE(server.is_established);
    REQUIRE(server.say("behind the tickets"));
    receiving.reset();
    CHECK(client.read_some());
    CHECK(client.received == "behind the tickets");
    CHECK(receiving.count == 1);
}

TEST_CASE("tls filter: no name is sent for an address") {
    sockets wire;
    const auto of_server = server_context();
    plain_openssl server{of_server->native(), wire.ends[0], true};
    const std::string address = GENERATE("127.0.0.1", "::1");
    side client{tls_filter::for_client(client_context(), address), wire.ends[1]};
    run(client, server);
    CHECK(client.is_established);
    CHECK(SSL_get_servername(server.ssl.get(), TLSEXT_NAMETYPE_host_name) == nullptr);
}

TEST_CASE("tls filter: older versions of TLS are refused") {
    sockets wire;
    side server{tls_filter::for_server(server_context()), wire.ends[0]};
    const std::unique_ptr<SSL_CTX, release_openssl> context{SSL_CTX_new(TLS_client_method())};
    SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context.get(), TLS1_1_VERSION);
    plain_openssl client{context.get(), wire.ends[1], false};
    run(server, client);
    CHECK(server.last_read == stream_state::broken);
    CHECK_FALSE(client.is_established);
    CHECK_THAT(std::string{server.filter->failure()}, Contains("speaks neither TLS 1.2 nor TLS 1.3"));
}

TEST_CASE("tls filter: bytes may arrive one at a time, and be read one at a time") {
    slow_wire wire;
    wire.client.read_size = wire.server.read_size = GENERATE(std::size_t{1}, std::size_t{4096});
    wire.client.to_send = "a message of the client";
    wire.server.to_send = "a message of the server";
    wire.run(1);
    CHECK(wire.server.received == "a message of the client");
    CHECK(wire.client.received == "a message of the server");
}

TEST_CASE("tls filter: long messages cross in both directions") {
    slow_wire wire;
    const std::string much = text_of(700'000);
    wire.client.to_send = wire.server.to_send = much;
    wire.client.read_size = GENERATE(std::size_t{300}, std::size_t{200'000});
    wire.run(GENERATE(std::size_t{1000}, std::size_t{65'000}));
    const bool is_same = wire.server.received == much && wire.client.received == much;
    CHECK(is_same);
}

TEST_CASE("tls filter: while the other side does not read, a write waits, and it goes on with more behind it") {
    tls_pair pair;
    pair.establish();
    side& client = pair.client;
    const std::string much = text_of(2'000'000);
    client.to_send = much;
    while (client.write_some()) {
    }
    CHECK(client.last_write == stream_state::wants_writing);
    CHECK(client.to_send.size() > 1'000'000);
    client.to_send += "behind it";
    pair.run();
    const bool is_same = pair.server.received == much + "behind it";
    CHECK(is_same);
}

TEST_CASE("tls filter: a write is reported as taken only when the socket has taken all of it") {
    tls_pair pair;
    pair.establish();
    int size = 4096;
    REQUIRE(::setsockopt(pair.client.socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0);
    const std::string text = text_of(30'000);
    const stream_result first = pair.client.filter->write(pair.client.socket, ilp::as_bytes(text));
    CHECK(first.state == stream_state::wants_writing);
    CHECK(first.count == 0);
    std::size_t taken = 0;
    while (taken == 0) {
        pair.server.read_some();
        const stream_result next = pair.client.filter->write(pair.client.socket, ilp::as_bytes(text));
        REQUIRE(next.state != stream_state::broken);
        taken = next.count;
    }
    CHECK(taken == text.size());
    pair.run();
    CHECK(pair.server.received == text);
}

TEST_CASE("tls filter: one call of the system receives many records, and one sends a long message") {
    tls_pair pair;
    pair.establish();
    std::string expected;
    for (int i = 0; i < 10; ++i) {
        pair.client.to_send = "record " + std::to_string(i) + '\n';
        expected += pair.client.to_send;
        REQUIRE(pair.client.write_some());
    }
    receiving.reset();
    REQUIRE(pair.server.read_some());
    CHECK(receiving.count == 1);
    CHECK(pair.server.received == expected);
    sending.reset();
    pair.server.to_send = text_of(30'000);
    REQUIRE(pair.server.write_some());
    CHECK(sending.count == 1);
    CHECK(pair.server.to_send.empty());
}

TEST_CASE("tls filter: drained means that an event will announce the next byte") {
    tls_pair pair;
    pair.establish();
    pair.client.to_send = "0123456789";
    REQUIRE(pair.client.write_some());
    std::array<char, 4> small{};
    stream_result result = pair.server.filter->read(pair.server.socket, small);
    CHECK(result.count == 4);
    CHECK_FALSE(result.drained);  // six bytes are decrypted already
    result = pair.server.filter->read(pair.server.socket, small);
    CHECK(result.count == 4);
    CHECK_FALSE(result.drained);
    std::array<char, 40> large{};
    result = pair.server.filter->read(pair.server.socket, large);
    CHECK(result.count == 2);
    CHECK(result.drained);
    result = pair.server.filter->read(pair.server.socket, large);
    CHECK(result.state == stream_state::wants_reading);
}

TEST_CASE("tls filter: what arrives while earlier records are kept is not forgotten") {
    tls_pair pair;
    pair.establish();
    pair.client.to_send = std::string(3000, 'a');
    REQUIRE(pair.client.write_some());
    pair.client.to_send = std::string(3000, 'b');
    REQUIRE(pair.client.write_some());
    std::array<char, 3000> buffer{};
    CHECK_FALSE(pair.server.filter->read(pair.server.socket, buffer).drained);  // the second record is kept
    pair.client.to_send = "late";
    REQUIRE(pair.client.write_some());  // and this is in the socket
    std::string rest;
    for (bool is_drained = false; !is_drained;) {
        const stream_result result = pair.server.filter->read(pair.server.socket, buffer);
        rest.append(buffer.data(), result.count);
        is_drained = result.drained;
    }
    CHECK(rest == std::string(3000, 'b') + "late");
}

TEST_CASE("tls filter: an end with the closing message is an orderly one, and comes behind the content") {
    tls_pair pair;
    pair.establish();
    pair.client.to_send = "last words";
    REQUIRE(pair.client.write_some());
    CHECK(pair.client.filter->end_sending(pair.client.socket).state == stream_state::done);
    CHECK(pair.client.filter->end_sending(pair.client.socket).state == stream_state::done);
    pair.server.to_send = "still listening?";
    pair.run();
    CHECK(pair.server.received == "last words");
    CHECK(pair.server.last_read == stream_state::ended);
    CHECK(pair.client.received == "still listening?");
    CHECK(pair.client.filter->write(pair.client.socket, ilp::as_bytes("no")).state == stream_state::broken);
}

TEST_CASE("tls filter: an end without the closing message is a broken one, also in the middle of a record") {
    tls_pair pair;
    pair.establish();
    pair.client.to_send = "last words";
    REQUIRE(pair.client.write_some());
    SECTION("between records") {}
    SECTION("in a record") {
        REQUIRE(::write(pair.client.socket, "\x17\x03\x03\x00\x40half", 9) == 9);
    }
    pair.wire.close(1);
    CHECK(pair.server.read_some());
    CHECK(pair.server.received == "last words");
    CHECK(pair.server.read_some());
    CHECK(pair.server.last_read == stream_state::broken);
    CHECK(pair.server.filter->failure() == "the connection ended without the closing message of TLS");
    CHECK(pair.server.filter->read(pair.server.socket, pair.server.received).state == stream_state::broken);
}

TEST_CASE("tls filter: bytes that were changed on the way break the connection") {
    tls_pair pair;
    pair.establish();
    REQUIRE(::write(pair.client.socket,
                    "\x17\x03\x03\x00\x20"
                    "01234567890123456789012345678901",
                    37) == 37);
    CHECK(pair.server.read_some());
    CHECK(pair.server.last_read == stream_state::broken);
    CHECK(pair.server.received.empty());
    CHECK_THAT(std::string{pair.server.filter->failure()}, Contains("bad record mac"));
    CHECK(pair.server.filter->write(pair.server.socket, ilp::as_bytes("no")).state == stream_state::broken);
}

TEST_CASE("tls filter: a client that speaks HTTP without TLS is told so") {
    sockets wire;
    side server{tls_filter::for_server(server_context()), wire.ends[0]};
    const std::string request = "POST /ilp HTTP/1.1\r\nHost: a\r\n\r\n";
    REQUIRE(::write(wire.ends[1], request.data(), request.size()) == static_cast<ssize_t>(request.size()));
    server.step();
    CHECK(server.last_read == stream_state::broken);
    char answer[400];
    const ssize_t count = ::read(wire.ends[1], answer, sizeof answer);
    REQUIRE(count > 0);
    const std::string text{answer, static_cast<std::size_t>(count)};
    CHECK_THAT(text, Catch::StartsWith("HTTP/1.1 400 Bad Request\r\n"));
    const auto body = text.substr(text.find("\r\n\r\n") + 4);
    CHECK_THAT(text, Contains("Content-Length: " + std::to_string(body.size()) + "\r\n"));
    CHECK_THAT(body, Contains("use https://"));
}

TEST_CASE("tls filter: a client is told that the other side does not speak TLS") {
    sockets wire;
    side client{tls_filter::for_client(client_context(), "node.example"), wire.ends[1]};
    const std::string answer = "HTTP/1.1 400 Bad Request\r\n\r\n";
    REQUIRE(::write(wire.ends[0], answer.data(), answer.size()) == static_cast<ssize_t>(answer.size()));
    client.step();
    CHECK(client.last_read == stream_state::broken);
    CHECK_THAT(std::string{client.filter->failure()}, Contains("does not speak TLS on this port"));
}

TEST_CASE("tls filter: renegotiation is refused") {
    sockets wire;
    side server{tls_filter::for_server(server_context()), wire.ends[0]};
    const std::unique_ptr<SSL_CTX, release_openssl> context{SSL_CTX_new(TLS_client_method())};
    SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
    plain_openssl client{context.get(), wire.ends[1], false};
    run(server, client);
    REQUIRE(server.is_established);
    REQUIRE(SSL_renegotiate(client.ssl.get()) == 1);
    ERR_clear_error();
    int result = SSL_do_handshake(client.ssl.get());
    CHECK_FALSE(server.read_some());
    CHECK(server.last_read == stream_state::wants_reading);  // for the server it goes on as before
    CHECK(server.filter->failure().empty());
    result = SSL_do_handshake(client.ssl.get());
    CHECK(SSL_get_error(client.ssl.get(), result) == SSL_ERROR_SSL);
    CHECK(ERR_GET_REASON(ERR_peek_error()) == SSL_R_NO_RENEGOTIATION);
}

TEST_CASE("tls filter: key updates make no progress of their own, and a flood of them is bounded") {
    sockets wire;
    side server{tls_filter::for_server(server_context()), wire.ends[0]};
    const std::unique_ptr<SSL_CTX, release_openssl> context{SSL_CTX_new(TLS_client_method())};
    plain_openssl client{context.get(), wire.ends[1], false};
    run(server, client);
    REQUIRE(server.is_established);
    const auto update = [&] {
        REQUIRE(SSL_key_update(client.ssl.get(), SSL_KEY_UPDATE_REQUESTED) == 1);
        return SSL_do_handshake(client.ssl.get()) == 1;
    };
    REQUIRE(update());
    CHECK_FALSE(server.read_some());
    CHECK(server.last_read == stream_state::wants_reading);
    REQUIRE(client.say("with a new key"));
    server.to_send = "and back";
    run(server, client);
    CHECK(server.received == "with a new key");
    CHECK(client.received == "and back");
    SECTION("a flood whose sender does not read") {
        for (int i = 0; i < 20'000 && !server.is_broken(); ++i) {
            if (!update()) break;
            server.read_some();
        }
        sending.reset();
        // Whatever is still in the server's buffers is bounded: it has stopped reading, or ended the connection.
        CHECK(server.last_read != stream_state::done);
    }
}

TEST_CASE("tls filter: a read that gets messages of TLS and no content ends after a number of them") {
    sockets wire;
    side server{tls_filter::for_server(server_context()), wire.ends[0]};
    const std::unique_ptr<SSL_CTX, release_openssl> context{SSL_CTX_new(TLS_client_method())};
    plain_openssl client{context.get(), wire.ends[1], false};
    run(server, client);
    REQUIRE(server.is_established);
    for (const int count : {10, 20, 100}) {
        for (int i = 0; i < count; ++i) {
            REQUIRE(SSL_key_update(client.ssl.get(), SSL_KEY_UPDATE_NOT_REQUESTED) == 1);
            REQUIRE(SSL_do_handshake(client.ssl.get()) == 1);
        }
        receiving.reset();
        for (int i = 0; i < 4 && !server.is_broken(); ++i) {
            receiving = {.is_short = true, .size_max = 30, .fails_from_then_on = true};
            receiving.failing = 1;
            server.read_some();
            CHECK(receiving.count <= 32);
        }
        receiving.reset();
        CHECK(server.is_broken() == (count == 100));
    }
    CHECK(server.filter->failure() == "the other side sends messages of TLS without end");
}

TEST_CASE("tls filter: a socket that holds other bytes than TLS ends the handshake") {
    sockets wire;
    side server{tls_filter::for_server(server_context()), wire.ends[0]};
    const std::string noise = text_of(500);
    REQUIRE(::write(wire.ends[1], noise.data(), noise.size()) == 500);
    server.step();
    CHECK(server.last_read == stream_state::broken);
    CHECK_FALSE(server.filter->failure().empty());
}

TEST_CASE("tls filter: a handshake that the other side ends, or never finishes") {
    sockets wire;
    side server{tls_filter::for_server(server_context()), wire.ends[0]};
    REQUIRE(::write(wire.ends[1], "\x16\x03\x01\x02\x00\x01", 6) == 6);
    CHECK(server.filter->handshake(server.socket).state == stream_state::wants_reading);
    wire.close(1);
    CHECK(server.filter->handshake(server.socket).state == stream_state::broken);
    CHECK(server.filter->failure() == "the connection ended during the TLS handshake");
    CHECK(server.filter->end_sending(server.socket).state == stream_state::done);
}

TEST_CASE("tls filter: an idle connection of a server needs little memory") {
    const auto of_server = server_context();
    const auto of_client = client_context();
    std::vector<std::unique_ptr<tls_pair>> pairs;
    const auto add = [&](std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            pairs.push_back(std::make_unique<tls_pair>(of_server, of_client));
            tls_pair& pair = *pairs.back();
            pair.client.to_send = "one request";
            pair.server.to_send = "one answer";
            pair.establish();
            pair.client.filter.reset();
        }
    };
    add(200);  // from then on, each new connection makes an older one free its buffers
    const std::size_t before = ::mallinfo2().uordblks;
    if (before == 0) return;  // the sanitizers' allocator does not count
    constexpr std::size_t count = 100;
    add(count);
    const std::size_t each = (::mallinfo2().uordblks - before) / count;
    INFO("it takes " << each << " bytes");
    CHECK(each < state_size);
}

TEST_CASE("tls filter: connections that are used in turn keep OpenSSL's buffers, and free them while others are used") {
    const auto of_server = server_context();
    const auto of_client = client_context();
    constexpr std::size_t count = 100;
    std::vector<std::unique_ptr<tls_pair>> pairs;
    for (std::size_t i = 0; i < count; ++i) {
        pairs.push_back(std::make_unique<tls_pair>(of_server, of_client));
        pairs.back()->establish();
    }
    const auto exchange = [](tls_pair& pair) {
        pair.client.to_send = "request";
        pair.client.step();
        pair.server.to_send = "answer";
        pair.server.step();
    };
    for (const auto& pair : pairs) exchange(*pair);
    const std::size_t in_turn = ::mallinfo2().uordblks;
    for (int i = 0; i < 2000; ++i) exchange(*pairs.front());
    const std::size_t idle = ::mallinfo2().uordblks;
    CHECK(pairs.front()->server.received.size() >= 2000);
    if (in_turn == 0) return;  // the sanitizers' allocator does not count
    const auto freed = static_cast<std::ptrdiff_t>(in_turn) - static_cast<std::ptrdiff_t>(idle);
    INFO("each side of an idle connection has freed " << freed / static_cast<std::ptrdiff_t>(2 * (count - 1)));
    CHECK(freed > static_cast<std::ptrdiff_t>(2 * (count - 1) * 28 * 1024));
}

namespace {

std::string number(std::size_t value, int bytes) {
    std::string octets;
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) octets += static_cast<char>(value >> shift & 0xFF);
    return octets;
}

std::string behind_size(const std::string& content, int bytes) {
    return number(content.size(), bytes) + content;
}

std::string extension(std::size_t type, const std::string& content) {
    return number(type, 2) + behind_size(content, 2);
}

/// In one record, or in several.
std::string records_of(const std::string& handshake) {
    std::string records;
    for (std::size_t at = 0; at < handshake.size(); at += 16'384) {
        records += std::string("\x16\x03\x01", 3) + behind_size(handshake.substr(at, 16'384), 2);
    }
    return records;
}

/// A ClientHello of TLS 1.3 to which a server answers, with these extensions beside the necessary ones.
std::string client_hello(const std::string& further) {
    const std::string key = std::string(24, '\0') + number(9, 8);  // a point of X25519
    const std::string extensions =
        extension(43, behind_size(number(0x0304, 2), 1)) + extension(10, behind_size(number(0x001d, 2), 2)) +
        extension(13, behind_size(number(0x0403, 2) + number(0x0804, 2) + number(0x0503, 2) + number(0x0401, 2), 2)) +
        extension(51, behind_size(number(0x001d, 2) + behind_size(key, 2), 2)) + further;
    const std::string body = number(0x0303, 2) + std::string(32, 'r') + behind_size("", 1) +
                             behind_size(number(0x1301, 2), 2) + behind_size(std::string(1, '\0'), 1) +
                             behind_size(extensions, 2);
    return records_of(std::string(1, '\x01') + behind_size(body, 3));
}

/// Protocols whose names have one byte.
std::string protocols(std::size_t size) {
    return extension(16, behind_size(std::string(size, '\x01'), 2));
}

/// Names of authorities that are as short as possible.
std::string authorities(std::size_t size) {
    std::string names;
    while (names.size() + 4 <= size) names += behind_size(std::string("\x30\x00", 2), 2);
    return extension(47, behind_size(names, 2));
}

/// A server, and a client that has sent something of a handshake and says no more.
class half_done {
public:
    half_done(std::shared_ptr<const tls_context> context, const std::string& beginning)
        : filter{tls_filter::for_server(std::move(context))} {
        state = filter->handshake(wire_.ends[0]).state;
        for (std::size_t at = 0; at < beginning.size() && state == stream_state::wants_reading; at += piece) {
            const std::string next = beginning.substr(at, piece);
            REQUIRE(::write(wire_.ends[1], next.data(), next.size()) == static_cast<ssize_t>(next.size()));
            state = filter->handshake(wire_.ends[0]).state;
        }
    }

    std::unique_ptr<tls_filter> filter;
    stream_state state{};

private:
    static constexpr std::size_t piece = 16'000;
    sockets wire_;
};

}  // namespace

TEST_CASE("tls filter: what a handshake takes that is not completed is bounded, and counted as much as it is") {
    const auto context = server_context();
    const std::string announced = records_of(std::string("\x01\x02\x01\x40", 4));  // the largest size there may be
    struct beginning {
        std::string name;
        std::string octets;
        bool is_silent = false;
    };
    const std::string large = std::string("\x01\x02\x01\x40", 4) + std::string(131'000, 'x');
    const std::vector<beginning> beginnings{
        {"silence", "", true},
        {"the size of a message", announced},
        {"nearly all of the largest message", records_of(large)},
        {"an ordinary first message", client_hello("")},
        {"a large first message", client_hello(extension(0xfafa, std::string(60'000, 'x')))},
        {"many protocols", client_hello(protocols(14'000))},
        {"many names of authorities", client_hello(authorities(1000))}};
    for (const auto& [name, octets, is_silent] : beginnings) {
        CAPTURE(name);
        {
            const half_done first{context, octets};
        }  // has OpenSSL make what it makes once
        constexpr std::size_t count = 20;
        std::vector<std::unique_ptr<half_done>> clients;
        clients.reserve(count);
        const auto used = [] { return ::mallinfo2().uordblks + ::mallinfo2().hblkhd; };
        const std::size_t before = used();
        for (std::size_t i = 0; i < count; ++i) clients.push_back(std::make_unique<half_done>(context, octets));
        const std::size_t each = (used() - before) / count;
        CHECK(clients.back()->state == stream_state::wants_reading);
        const std::size_t counted = clients.back()->filter->memory();
        CHECK((counted == 0) == is_silent);
        if (before == 0) continue;  // the sanitizers' allocator does not count
        INFO("it takes " << each << " bytes, and " << counted << " are counted");
        CHECK(each < counted + state_size);
    }
}

TEST_CASE("tls filter: a first message with more than any client needs ends the handshake") {
    const auto context = server_context();
    for (const std::string& octets :
         {client_hello(authorities(1100)), client_hello(authorities(60'000)), client_hello(protocols(17'000)),
          records_of(std::string("\x01\x02\x01\x45", 4) + std::string(1000, 'x'))}) {
        CAPTURE(octets.size());
        const half_done client{context, octets};
        CHECK(client.state == stream_state::broken);
        CHECK(client.filter->failure().contains("more in its handshake than is accepted"));
    }
}

TEST_CASE("tls filter: clients show a short chain of certificates, and it is counted") {
    const auto of_server = server_context(test_identity(), true);
    const auto version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    for (const int length : {1, 10, 11, 200}) {
        CAPTURE(length);
        const auto of_client = client_context_with(test_identity());
        limit_version(of_client, version);
        const auto authority = parse_certificates(test_authority().certificate()).value();
        for (int i = 1; i < length; ++i) SSL_CTX_add1_chain_cert(of_client->native(), authority.front().get());
        tls_pair pair{of_server, of_client};
        pair.run();
        if (length <= 10) {
            CHECK(pair.server.is_established);
            // A usual chain is part of what a connection takes anyway.
            CHECK(pair.server.filter->memory() == (length == 1 ? 0U : static_cast<std::size_t>(length) * 4096));
        } else {
            CHECK(pair.server.last_read == stream_state::broken);
            CHECK(pair.server.filter->failure().contains("shorten the chain of certificates"));
        }
    }
}

TEST_CASE("tls filter: a server that asks for a certificate names few authorities") {
    for (const int count : {256, 257}) {
        CAPTURE(count);
        const auto of_server = server_context(test_identity(), true);
        STACK_OF(X509_NAME)* const names = sk_X509_NAME_new_null();
        for (int i = 0; i < count; ++i) {
            X509_NAME* const name = X509_NAME_new();
            const std::string text = std::to_string(i);
            X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(text.c_str()),
                                       -1, -1, 0);
            sk_X509_NAME_push(names, name);
        }
        SSL_CTX_set0_CA_list(of_server->native(), names);
        tls_pair pair{of_server, client_context()};
        pair.run();
        CHECK(pair.client.is_established == (count == 256));
        if (count == 257) CHECK(pair.client.filter->failure().contains("its list of authorities"));
    }
}

}  // namespace tls_filter_test
