#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <thread>

namespace http_link_test {

namespace {

using namespace support;
using namespace std::chrono_literals;
using namespace std::string_literals;

void expect_balances_untouched(const rig& r) {
    CHECK(r.d.settled_liquidity("p1") == default_liquidity);
    CHECK(r.d.liquidity("p2") == default_liquidity);
}

/// The script's answer with an additional header line.
scripted_answer with_line(scripted_answer answer, std::string_view line) {
    answer.octets.insert(answer.octets.find("\r\n") + 2, std::string{line} + "\r\n");
    return answer;
}

}  // namespace

TEST_CASE("A35-24: HTTP errors of the next hop become temporary Rejects") {
    rig r;
    const auto answers_with = [&](int status) {
        r.p2.set_script([=](const http_message&) { return answer_http(status, to_bytes("no"), "text/plain"); });
        return r.send({.amount = 10});
    };
    for (const int status : {500, 501, 505, 507}) expect_reject(answers_with(status), "T00");
    for (const int status : {502, 504}) expect_reject(answers_with(status), "T01");
    for (const int status : {429, 503}) expect_reject(answers_with(status), "T03");
    for (const int status : {400, 401, 403, 404, 405, 413, 415}) {
        INFO(status);
        expect_reject(answers_with(status), "T01");
    }
    expect_balances_untouched(r);
    CHECK(r.d.logs("HTTP status 401"));  // because only the operator can fix it
    CHECK(r.d.log().find(token_for("p2")) == std::string::npos);
}

TEST_CASE("A35-24: an error status counts even when its body is a Fulfill") {
    rig r;
    r.p2.set_script([](const http_message& request) {
        auto answer = answer_fulfill(request);
        answer.octets.replace(answer.octets.find("200"), 3, "500");
        return answer;
    });
    expect_reject(r.send({.amount = 10}), "T00");
    expect_balances_untouched(r);
}

TEST_CASE("A35-25: a redirect is not followed, and an invalid body with status 200 gives T00") {
    rig r;
    fake_peer elsewhere;
    r.p2.set_script([&](const http_message&) {
        return with_line(answer_http(307), "Location: http://127.0.0.1:" + std::to_string(elsewhere.port()) + "/");
    });
    expect_reject(r.send({.amount = 10}), "T01");
    CHECK(elsewhere.request_count() == 0);
    r.p2.set_script([](const http_message&) { return answer_http(200, to_bytes("<html>")); });
    expect_reject(r.send({.amount = 10}), "T00");
    r.p2.set_script([](const http_message&) { return answer_http(204); });
    expect_reject(r.send({.amount = 10}), "T00");
    r.p2.set_script([](const http_message&) { return scripted_answer{.octets = "this is no HTTP\r\n\r\n"}; });
    const auto reject = expect_any_reject(r.send({.amount = 10}));
    CHECK((reject.code == "T00" || reject.code == "T01"));
    expect_balances_untouched(r);
}

TEST_CASE("A35-25: a valid packet is accepted whatever its content type") {
    rig r;
    for (const std::string type : {"text/plain", "application/ilp+octet-stream", ""}) {
        INFO(type);
        r.p2.set_script([&](const http_message& request) {
            const auto fulfill = fulfillment_for(decode_prepare(request.body).destination, {});
            return answer_http(200, encode_fulfill(fulfill), type);
        });
        const prepare sent{.amount = 10};
        expect_fulfill(r.send(sent), sent);
    }
}

TEST_CASE("A35-25: chunked and fragmented responses, and those after interim responses, are read") {
    rig r;
    const prepare sent{.amount = 10};
    const ilp::bytes fulfill = encode_fulfill(fulfillment_for(sent.destination, {}), random_bytes(500));
    const std::string in_chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(fulfill, 100);
    const std::string plain = answer_packet(fulfill).octets;
    for (const scripted_answer& answer :
         {scripted_answer{.octets = in_chunks}, scripted_answer{.octets = in_chunks, .piece = 1},
          scripted_answer{.octets = plain, .piece = 1},
          scripted_answer{.octets = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + plain}}) {
        INFO(answer.octets.substr(0, 60));
        r.p2.set_script([&](const http_message&) { return answer; });
        expect_fulfill(r.send(sent), sent);
    }
}

TEST_CASE("A35-25: what can never become an answer gives T00 at once, as do interim responses without end") {
    rig r;
    std::string interim;
    for (int i = 0; i < 50; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
    for (const std::string& octets :
         {"HTTP/1.1 200 OK\nContent-Length: 3\n\nabc"s, "HTTP/1.1 200 OK\r\nno colon\r\n"s, "SSH-2.0-OpenSSH\r\n"s,
          "HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n"s, "HTTP/1.1 200 OK\r\nA: \0"s, interim}) {
        INFO(octets.substr(0, 60));
        r.p2.set_script([&](const http_message&) { return scripted_answer{.octets = octets}; });
        // By the expiry it would be R00.
        expect_reject(r.send({.amount = 10, .expires_in = 30s}), "T00");
    }
    expect_balances_untouched(r);
}

TEST_CASE("A35-26: a next hop that closes or resets gives T01, and gets each Prepare once") {
    rig r;
    std::size_t sent = 0;
    for (const scripted_answer& answer : {answer_close(), answer_reset(), answer_close()}) {
        r.p2.set_script([&](const http_message&) { return answer; });
        expect_reject(r.send({.amount = 10, .expires_in = 30s}), "T01");
        CHECK(r.p2.request_count() == ++sent);
    }
    SECTION("also on a connection that has served before") {
        r.p2.set_script([](const http_message& request) { return answer_fulfill(request); });
        CHECK(outcome(r.send(prepare{})) == "fulfill");
        r.p2.set_script([](const http_message&) { return answer_close(); });
        expect_reject(r.send({.amount = 10}), "T01");
        CHECK(r.p2.request_count() == sent + 2);
    }
    SECTION("also when the answer breaks off") {
        r.p2.set_script([](const http_message& request) {
            auto answer = answer_fulfill(request);
            answer.octets.resize(answer.octets.size() - 10);
            answer.after = scripted_answer::ending::close;
            return answer;
        });
        expect_reject(r.send({.amount = 10}), "T01");
        CHECK(r.p2.request_count() == sent + 1);
        expect_balances_untouched(r);
    }
}

TEST_CASE("A35-26: no answer by the expiry gives R00, and the Prepare is not sent again") {
    rig r{[](daemon_terms& terms) { terms.connector = {"workers: 1", "min_expiration_window: 200ms"}; }};
    r.p2.set_script([](const http_message&) { return answer_silence(); });
    expect_reject(r.send({.amount = 10, .expires_in = 800ms}), "R00");
    expect_balances_untouched(r);
    CHECK(r.p2.request_count() == 1);
}

TEST_CASE("A35-26: a next hop that does not listen gives T01") {
    rig r;
    r.p2.stop();
    for (int i = 0; i < 20; ++i) expect_reject(r.send({.amount = 10, .expires_in = 30s}), "T01");
    expect_balances_untouched(r);
    CHECK(r.d.scrape().sum("ilp_link_connections", {{"peer", "p2"}}) == 0);
}

TEST_CASE("connections to the next hop are reused") {
    const rig r;
    http_connection connection{r.d.port()};
    for (int i = 0; i < 50; ++i) {
        const prepare sent{.data = to_bytes(std::to_string(i))};
        expect_fulfill(connection.exchange(ilp_request(encode(sent))), sent);
    }
    CHECK(r.p2.connections_accepted() == 1);
    CHECK(r.d.scrape().sum("ilp_link_connections", {{"peer", "p2"}}) == 1);
}

TEST_CASE("a connection that the next hop closes after a response is not reused") {
    rig r;
    r.p2.set_script(
        [](const http_message& request) { return with_line(answer_fulfill(request), "Connection: close"); });
    for (int i = 0; i < 5; ++i) {
        const prepare sent;
        expect_fulfill(r.send(sent), sent);
    }
    CHECK(r.p2.connections_accepted() == 5);
    CHECK(r.p2.request_count() == 5);
}

TEST_CASE("a connection that the next hop closed while idle costs no packet") {
    rig r;
    CHECK(outcome(r.send(prepare{})) == "fulfill");
    r.p2.cut_connections();
    REQUIRE(eventually([&] { return r.d.scrape().sum("ilp_link_connections", {{"peer", "p2"}}) == 0; }));
    CHECK(outcome(r.send(prepare{})) == "fulfill");
    CHECK(r.p2.connections_accepted() == 2);
}

TEST_CASE("idle connections are closed before the next hop's keep-alive timeout is over") {
    rig r;
    r.p2.set_script(
        [](const http_message& request) { return with_line(answer_fulfill(request), "Keep-Alive: timeout=2"); });
    CHECK(outcome(r.send(prepare{})) == "fulfill");
    CHECK(r.p2.connections_open() == 1);
    CHECK(eventually([&] { return r.p2.connections_open() == 0; }));  // the fake peer itself never closes a connection
    CHECK(outcome(r.send(prepare{})) == "fulfill");
    CHECK(r.p2.connections_accepted() == 2);
}

TEST_CASE("a connection to the next hop is replaced when it is old, which costs no packet") {
    const rig r{[](daemon_terms& terms) { terms.connector = {"workers: 1", "max_connection_age: 1s"}; }};
    http_connection connection{r.d.port()};
    CHECK(eventually([&] {
        const prepare sent;
        expect_fulfill(connection.exchange(ilp_request(encode(sent))), sent);
        return r.p2.connections_accepted() == 3;
    }));
}

TEST_CASE("connections to a next hop are bounded, and further packets wait") {
    rig r{[](daemon_terms& terms) { terms.peers[1].outgoing = {"max_connections: 3"}; }};
    const auto hold = std::make_shared<gate>();
    r.p2.set_script([&](const http_message& request) {
        auto answer = answer_fulfill(request);
        answer.held_by = hold;
        return answer;
    });
    std::vector<http_connection> connections;
    for (int i = 0; i < 10; ++i) connections.emplace_back(r.d.port()).send(ilp_request(encode({.amount = 10})));
    REQUIRE(eventually([&] { return r.d.scrape().sum("ilp_packets_in_flight", {{"peer", "p2"}}) == 10; }));
    CHECK(eventually([&] { return r.p2.connections_accepted() == 3; }));
    hold->open();
    for (auto& connection : connections) expect_fulfill(connection.receive(), {.amount = 10});
    CHECK(r.p2.connections_accepted() == 3);
    CHECK(r.d.settled_liquidity("p2") == default_liquidity + 100);
}

TEST_CASE("a slow packet does not delay others") {
    rig r;
    const auto hold = std::make_shared<gate>();
    r.p2.set_script([&](const http_message& request) {
        auto answer = answer_fulfill(request);
        if (decode_prepare(request.body).data == to_bytes("slow")) answer.held_by = hold;
        return answer;
    });
    const prepare slow{.data = to_bytes("slow")};
    http_connection waiting{r.d.port()};
    waiting.send(ilp_request(encode(slow)));
    REQUIRE(r.p2.wait_for_requests(1));
    for (int i = 0; i < 10; ++i) CHECK(outcome(r.send(prepare{})) == "fulfill");
    CHECK(!hold->is_open());
    hold->open();
    expect_fulfill(waiting.receive(), slow);
}

TEST_CASE("A35-26: when the next hop dies under load every packet gets T01 and none waits for its expiry") {
    rig r;
    r.p2.stop();
    std::vector<http_connection> connections;
    for (int i = 0; i < 4; ++i) connections.emplace_back(r.d.port());
    const http_request request = ilp_request(encode({.amount = 10, .expires_in = 300s}));
    // Sent all at once, so that several connects fail at the same time, and repeated after the pause that follows a
    // failure.
    for (int round = 0; round < 40; ++round) {
        for (auto& connection : connections) connection.send(request);
        for (auto& connection : connections) REQUIRE(outcome(connection.receive()) == "T01");
        std::this_thread::sleep_for(50ms);
    }
    r.p2.start();
    CHECK(eventually([&] { return outcome(r.send({.amount = 10})) == "fulfill"; }));
}

}  // namespace http_link_test
