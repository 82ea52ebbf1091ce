#include "tests/support/rig.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <sstream>

namespace log_test {

namespace {

using namespace support;
using namespace std::chrono_literals;

/// Does everything that could make a daemon log something.
void provoke(rig& r) {
    const std::string odd =
        "\x1b[31mred\x07\xff\n"
        "injected line\r\n"
        "tab\t";
    CHECK(outcome(r.send({.amount = 10, .data = to_bytes("octets of the data")})) == "fulfill");
    r.send({.destination = "test." + odd});
    r.send(to_bytes(odd));
    auto wrong = ilp_request(encode({}));
    wrong.headers[0].second = "Bearer guessed-secret";
    wrong.target = "/accounts/\x1b[31m/ilp";
    http_connection{r.d.port()}.exchange(wrong);
    http_connection{r.d.port()}.send(odd + "\r\n\r\n");
    r.p2.set_script([&](const http_message&) {
        return answer_packet(encode_reject("F99", "test.p2", odd, to_bytes("more octets")));
    });
    r.send(prepare{});
    r.p2.set_script([&](const http_message&) { return answer_http(401, to_bytes(odd), "text/plain"); });
    r.send(prepare{});
    r.p2.set_script([&](const http_message&) { return scripted_answer{.octets = odd + "\r\n\r\n"}; });
    r.send(prepare{});
    r.p2.stop();
    r.send(prepare{});
    CHECK(r.d.stop() == 0);
}

void expect_discreet(const std::string& log) {
    for (const std::string_view secret : {"p1-to-us-secret", "us-to-p2-secret", "guessed-secret", "-secret"}) {
        INFO(secret);
        CHECK(log.find(secret) == std::string::npos);
    }
    CHECK(log.find("\ninjected") == std::string::npos);
    CHECK(log.find("octets of the data") == std::string::npos);
    const bool printable =
        std::all_of(log.begin(), log.end(), [](char c) { return c == '\n' || (c >= ' ' && c != '\x7f'); });
    CHECK(printable);
}

}  // namespace

TEST_CASE("log: no secret and no raw bytes appear, even at the level trace") {
    rig r{[](daemon_terms& terms) { terms.log_level = "trace"; }};
    provoke(r);
    expect_discreet(r.d.log());
}

TEST_CASE("log: in JSON every line is an object, and no secret appears") {
    rig r{[](daemon_terms& terms) {
        terms.log_level = "trace";
        terms.log_format = "json";
    }};
    provoke(r);
    const std::string log = r.d.log();
    expect_discreet(log);
    std::istringstream lines{log};
    for (std::string line; std::getline(lines, line);) {
        INFO(line);
        boost::system::error_code error;
        const auto value = boost::json::parse(line, error);
        REQUIRE(!error);
        CHECK(value.is_object());
    }
}

TEST_CASE("log: at the default level, packets are not logged") {
    rig r{[](daemon_terms& terms) { terms.log_level = "info"; }};
    CHECK(outcome(r.send(prepare{})) == "fulfill");
    const std::size_t before = r.d.log().size();
    for (int i = 0; i < 50; ++i) {
        r.send(prepare{});
        r.send({.destination = "test.nowhere"});
        r.send({.amount = 0, .destination = "test..bad"});
    }
    CHECK(r.d.log().size() == before);
}

TEST_CASE("log: a store that keeps nothing is reported") {
    const rig r{[](daemon_terms& terms) { terms.store = "memory:"; }};
    CHECK(r.d.log().find("memory") != std::string::npos);
}

}  // namespace log_test
