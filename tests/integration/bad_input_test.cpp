#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <random>

namespace bad_input_test {

// Whatever a peer or a stranger sends, there is no 5xx, no crash and no changed balance, and the next request on a
// fresh connection works.

namespace {

using namespace support;
using namespace std::chrono_literals;
using namespace std::string_literals;

/// Sends the bytes, ends our side, and checks everything that comes back.
void expect_no_harm(const rig& r, std::string_view octets) {
    INFO("octets: " << octets.substr(0, 80));
    http_connection connection{r.d.port()};
    connection.send(octets);
    connection.finish_sending();
    while (const auto response = connection.receive()) {
        CHECK(response->status() >= 200);
        CHECK(response->status() < 500);
    }
}

void expect_still_well(const rig& r) {
    r.expect_untouched();
    const prepare next;
    expect_fulfill(r.send(next), next);
}

std::string head_with(std::string_view lines) {
    return "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token_of("p1") +
           "\r\nContent-Type: application/octet-stream\r\n" + std::string{lines};
}

}  // namespace

TEST_CASE("bad input: requests that are not HTTP") {
    const rig r;
    for (const std::string& octets :
         {std::string{}, std::string{"\r\n"}, std::string{"\r\n\r\n\r\n"}, std::string{"hello\r\n\r\n"},
          std::string{"POST\r\n\r\n"}, std::string{"POST /\r\n\r\n"}, std::string{"POST / HTTP/9.9\r\n\r\n"},
          std::string{"POST / HTTP/1.1\r\nno colon\r\n\r\n"}, std::string{"POST / HTTP/1.1\r\n: empty name\r\n\r\n"},
          std::string{"POST / HTTP/1.1\nHost: x\n\n"}, std::string{"PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n"},
          std::string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11}, std::string(100, '\0'),
          "GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n"s, std::string{"POST / HTTP/1.1\r\nHost : x\r\n\r\n"},
          std::string{"POST  / HTTP/1.1\r\nHost: x\r\n\r\n"}, std::string{"POST / HTTP/1.1\r\n folded: x\r\n\r\n"}}) {
        expect_no_harm(r, octets);
    }
    expect_still_well(r);
}

TEST_CASE("bad input: body lengths that are invalid or contradict each other") {
    const rig r;
    const std::string body{ilp::as_text(encode({}))};
    for (const std::string lines :
         {"Content-Length: -1\r\n\r\n", "Content-Length: x\r\n\r\n", "Content-Length: 1x\r\n\r\n",
          "Content-Length: 99999999999999999999999\r\n\r\n", "Content-Length: 18446744073709551615\r\n\r\n",
          "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", "Content-Length: 5, 6\r\n\r\n", "Content-Length:\r\n\r\n",
          "Content-Length: +5\r\n\r\n", "Content-Length: 0x10\r\n\r\n",
          "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "Transfer-Encoding: gzip\r\n\r\n",
          "Transfer-Encoding: chunked, gzip\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
          "Transfer-Encoding: chunked\r\n\r\n-1\r\n", "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
          "Transfer-Encoding: chunked\r\n\r\n5\r\nabcdeXX0\r\n\r\n"}) {
        expect_no_harm(r, head_with(lines) + body);
    }
    expect_still_well(r);
}

TEST_CASE("bad input: endless heads") {
    const rig r;
    SECTION("one long line") {
        expect_no_harm(r, "POST /" + std::string(1'000'000, 'a'));
    }
    SECTION("one long header") {
        expect_no_harm(r, head_with("X: " + std::string(1'000'000, 'a')));
    }
    SECTION("many headers") {
        std::string lines;
        for (int i = 0; i < 20'000; ++i) lines += "X-" + std::to_string(i) + ": y\r\n";
        expect_no_harm(r, head_with(lines + "\r\n"));
    }
    SECTION("a long chunk extension") {
        expect_no_harm(r, head_with("Transfer-Encoding: chunked\r\n\r\n1;" + std::string(1'000'000, 'e')));
    }
    SECTION("endless trailers") {
        std::string lines;
        for (int i = 0; i < 50'000; ++i) lines += "X-" + std::to_string(i) + ": y\r\n";
        expect_no_harm(r, head_with("Transfer-Encoding: chunked\r\n\r\n0\r\n" + lines));
    }
    expect_still_well(r);
}

TEST_CASE("bad input: half-closed and truncated requests") {
    const rig r;
    const std::string whole = serialize(ilp_request(encode({.destination = "test.nowhere"})));
    for (std::size_t size = 0; size < whole.size(); size += 7) expect_no_harm(r, whole.substr(0, size));
    SECTION("a whole request with our side closed is still answered") {
        const prepare sent{.destination = "test.nowhere"};
        http_connection connection{r.d.port()};
        connection.send(ilp_request(encode(sent)));
        connection.finish_sending();
        expect_reject(connection.receive(), "F02");
        CHECK(connection.wait_until_closed());
    }
    expect_still_well(r);
}

TEST_CASE("bad input: connections that break") {
    const rig r;
    const std::string whole = serialize(ilp_request(encode({.destination = "test.nowhere"})));
    for (std::size_t size = 0; size < whole.size(); size += 11) {
        http_connection connection{r.d.port()};
        connection.send(whole.substr(0, size));
        connection.reset();
    }
    expect_still_well(r);
}

TEST_CASE("bad input: a sender that disconnects does not undo its packet") {
    rig r;
    const auto hold = std::make_shared<gate>();
    r.p2.set_script([&](const http_message& request) {
        auto answer = answer_fulfill(request);
        answer.held_by = hold;
        return answer;
    });
    http_connection connection{r.d.port()};
    connection.send(ilp_request(encode({.amount = 10})));
    REQUIRE(r.p2.wait_for_requests(1));
    connection.reset();
    hold->open();
    // Nobody is notified when the transfer becomes durable, so the test polls the balance.
    CHECK(eventually([&] { return r.d.liquidity("p2") == default_liquidity + 10; }));
    CHECK(r.d.liquidity("p1") == default_liquidity - 10);
}

TEST_CASE("bad input: garbage pipelined behind a good request") {
    const rig r;
    http_connection connection{r.d.port()};
    const prepare sent{.amount = 0};
    connection.send(serialize(ilp_request(encode(sent))) + "garbage\r\n\r\n" + std::string(5000, '\x01'));
    expect_fulfill(connection.receive(), sent);
    const auto refused = connection.receive();
    if (refused) CHECK(refused->status() == 400);
    CHECK(connection.wait_until_closed());
    CHECK(r.d.settled_liquidity("p1") == default_liquidity);
    CHECK(outcome(r.send(sent)) == "fulfill");
}

TEST_CASE("bad input: wrong token, method, path, type and packet in one connection") {
    const rig r;
    http_connection connection{r.d.port()};
    auto wrong_token = ilp_request(encode({}));
    wrong_token.headers[0].second = "Bearer wrong";
    auto wrong_method = ilp_request(encode({}));
    wrong_method.method = "PUT";
    auto wrong_path = ilp_request(encode({}));
    wrong_path.target = "/nowhere";
    auto wrong_type = ilp_request(encode({}));
    wrong_type.headers[1].second = "text/plain";
    const std::pair<http_request, int> cases[] = {
        {wrong_token, 401}, {wrong_method, 405}, {wrong_path, 404}, {wrong_type, 415}, {ilp_request({}), 400}};
    for (const auto& [request, status] : cases) {
        INFO(status);
        auto response = connection.exchange(request);
        if (!response) {  // the server may close a connection after an error
            connection = http_connection{r.d.port()};
            response = connection.exchange(request);
        }
        expect_status(response, status);
        if (response->header("connection").value_or("") == "close") connection = http_connection{r.d.port()};
    }
    expect_still_well(r);
}

TEST_CASE("bad input: random bytes") {
    const rig r;
    std::mt19937 random{7};
    for (int round = 0; round < 100; ++round) {
        const ilp::bytes noise = random_bytes(random() % 500);
        std::string octets{ilp::as_text(noise)};
        if (round % 2 == 0)
            octets = head_with("Content-Length: " + std::to_string(octets.size()) + "\r\n\r\n") + octets;
        expect_no_harm(r, octets);
    }
    expect_still_well(r);
}

TEST_CASE("bad input: mutated requests") {
    const rig r;
    std::mt19937 random{11};
    const std::string whole = serialize(ilp_request(encode({.amount = 0, .destination = "test.nowhere"})));
    for (int round = 0; round < 300; ++round) {
        std::string mutated = whole;
        for (int i = 0; i < 3; ++i) mutated[random() % mutated.size()] = static_cast<char>(random());
        expect_no_harm(r, mutated);
    }
    expect_still_well(r);
}

TEST_CASE("bad input: a client that does not read does not delay others") {
    rig r;
    r.p2.set_script([](const http_message& request) { return answer_fulfill(request, ilp::bytes(32767, 0xaa)); });
    http_connection deaf{r.d.port()};
    std::string burst;
    for (int i = 0; i < 300; ++i) burst += serialize(ilp_request(encode({.amount = 0})));
    deaf.send(burst);
    REQUIRE(r.p2.wait_for_requests(1));
    const prepare other{.amount = 0};
    expect_fulfill(r.send(other), other);
}

}  // namespace bad_input_test
