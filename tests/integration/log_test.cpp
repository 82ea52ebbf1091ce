#include "tests/support/admin_client.hpp"
#include "tests/support/rig.hpp"

#include <fcntl.h>

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <sys/stat.h>

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

TEST_CASE("log: a stalled reader delays neither packets nor operators nor the stop") {
    rig r{[](daemon_terms& terms) { terms.log_level = "debug"; }};
    REQUIRE(r.d.stop() == 0);
    // The next log is a pipe that we keep open and never read.
    const auto pipe = r.d.folder() / "log-2";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    const descriptor held{::open(pipe.c_str(), O_RDWR | O_CLOEXEC)};
    REQUIRE(held.get() >= 0);
    ::fcntl(held.get(), F_SETPIPE_SZ, 4096);
    r.d.launch();
    REQUIRE(eventually([&] {
        try {
            return r.d.is_ready();
        } catch (const std::exception&) {
            return false;
        }
    }));

    // Each of these packets is a line; together they are more than the queue of the log holds.
    http_connection connection{r.d.port()};
    const std::string refused = serialize(ilp_request(encode({.destination = "test.nowhere"})));
    constexpr int at_a_time = 25;
    std::string batch;
    for (int i = 0; i < at_a_time; ++i) batch += refused;
    for (int sent = 0; sent < 15'000; sent += at_a_time) {
        connection.send(batch);
        for (int i = 0; i < at_a_time; ++i) REQUIRE(outcome(connection.receive()) == "F02");
    }
    CHECK(r.d.scrape().sum("ilp_log_lines_dropped_total") > 0);
    CHECK(outcome(r.send({.amount = 10})) == "fulfill");
    CHECK(admin_client{r.d.admin_port()}.create_asset("EUR", 2) != "");
    r.d.process().signal(SIGTERM);
    CHECK(r.d.process().wait(patience) == 0);
}

TEST_CASE("log: lines that strangers cause are written once and then counted") {
    const std::uint16_t auto_peering = free_port();
    rig r{[&](daemon_terms& terms) {
        terms.admin = {"api_secret: a-secret-of-the-operator"};
        terms.auto_peering = {"enabled: true",
                              "listen: 127.0.0.1:" + std::to_string(auto_peering),
                              "connector_url: http://127.0.0.1:1/",
                              "allow_private_addresses: true",
                              "request_rate_per_address: 0",
                              "request_rate: 1000"};
        terms.log_level = "info";
    }};
    constexpr int times = 50;
    http_connection peering{auto_peering};
    // The first one becomes a peer, and renews its token; the other one's asset is unknown here.
    const auto asks = [&](const char* code) {
        return peering.exchange(
            {.headers = {{"Content-Type", "application/json"}},
             .body = to_bytes(R"({"staticIlpAddress":"test.stranger","ilpConnectorUrl":"http://127.0.0.1:2/",)"
                              R"("asset":{"code":")" +
                              std::string{code} + R"(","scale":9},"httpToken":"token-of-a-stranger"})")});
    };
    http_connection admin{r.d.admin_port()};
    http_connection packets{r.d.port()};
    auto wrong = ilp_request(encode(prepare{}));
    wrong.headers[0].second = "Bearer guessed-secret";
    for (int i = 0; i < times; ++i) {
        expect_status(admin.exchange({.target = "/graphql",
                                      .headers = {{"Content-Type", "application/json"}},
                                      .body = to_bytes(R"({"query":"{ peers { edges { cursor } } }"})")}),
                      401);
        expect_status(packets.exchange(wrong), 401);
        expect_status(asks("USD"), 200);
        expect_status(asks("XYZ"), 404);
    }
    CHECK(r.d.scrape().sum("ilp_unauthenticated_requests_total") == times);
    CHECK(r.d.stop() == 0);
    const std::string log = r.d.log();
    INFO(log);
    const auto count = [&log](std::string_view text) {
        int found = 0;
        for (std::size_t at = 0; (at = log.find(text, at)) != std::string::npos; at += text.size()) ++found;
        return found;
    };
    CHECK(
        count("request for a packet refused: no peer has its token or certificate, or its signed token has expired or "
              "has another secret remote=127.0.0.1\n") == 1);
    CHECK(count("Admin API: a request was refused") == 1);
    CHECK(count("auto-peering: a node became a peer or renewed its terms") == 1);
    CHECK(count("auto-peering: a node was refused") == 1);
    CHECK(count("remote=127.0.0.1") == 4);
    CHECK(count("kind=unauthenticated source=127.0.0.1 lines=49\n") == 1);
    CHECK(count("kind=\"Admin API refused\" source=127.0.0.1 lines=49\n") == 1);
    CHECK(count("kind=auto-peered source=127.0.0.1 lines=49\n") == 1);
    CHECK(count("kind=\"auto-peering refused\" source=127.0.0.1 lines=49\n") == 1);
}

TEST_CASE("log: each mutation is a line with its operation, object and idempotency key") {
    const rig r{[](daemon_terms& terms) { terms.log_level = "info"; }};
    const admin_client admin{r.d.admin_port()};
    const std::string asset = admin.create_asset("EUR", 2);
    const std::string tenant = "tenant=00000000-0000-4000-8000-000000000001";
    CHECK(r.d.logs("mutation done operation=createAsset object=" + asset + " "));
    CHECK(r.d.logs(tenant));
    const std::string peer = admin.create_peer(peer_input("p3", asset, r.p2.port()));
    CHECK(r.d.logs("mutation done operation=createPeer object=" + peer + " "));
    const std::string transfer = random_uuid();
    admin.mutate("depositPeerLiquidity",
                 {{"peerId", peer}, {"amount", "7"}, {"id", transfer}, {"idempotencyKey", "key-1\nx"}});
    CHECK(r.d.logs("mutation done operation=depositPeerLiquidity object=" + peer + " transfer=" + transfer +
                   " amount=7 " + tenant + " idempotency_key=key-1\\x0ax refusal=\"\"\n"));
    const std::string unknown = random_uuid();
    admin.mutate("deletePeer", {{"id", unknown}});
    CHECK(r.d.logs("mutation refused operation=deletePeer object=" + unknown + " "));
    CHECK(r.d.logs("refusal=NOT_FOUND"));
    const auto pay = [&](boost::json::object what) {
        what.insert({{"id", unknown}, {"receivingAccountId", unknown}, {"receiver", "$example.com/bob"}});
        admin.mutate("createPayment", std::move(what));
    };
    pay({{"deliverAmount", "1250"}, {"sendMax", "1300"}});
    CHECK(r.d.logs("mutation refused operation=createPayment object=" + unknown +
                   " transfer=\"\" amount=\"deliver 1250, send at most 1300\" " + tenant));
    pay({{"sendAmount", "77"}});
    CHECK(
        r.d.logs("mutation refused operation=createPayment object=" + unknown + " transfer=\"\" amount=77 " + tenant));
    CHECK_FALSE(r.d.has_logged("-secret"));
}

TEST_CASE("log: as JSON, numbers are numbers and an event is an object") {
    rig r{[](daemon_terms& terms) {
        terms.log_format = "json";
        terms.peers[0].terms = {"liquidity_threshold: 999999999999"};
    }};
    CHECK(outcome(r.send({.amount = 10})) == "fulfill");
    REQUIRE(eventually([&] { return r.d.has_logged("liquidity is low"); }));
    std::istringstream lines{r.d.log()};
    for (std::string line; std::getline(lines, line);) {
        const auto value = boost::json::parse(line);
        if (value.at("message").as_string() == "ready") {
            CHECK(value.at("peers").as_int64() == 2);
            CHECK(value.at("accounts").as_int64() == 0);
            CHECK(value.at("spsp") == "off");
        }
        if (value.at("message").as_string() == "liquidity is low")
            CHECK(value.at("data").at("asset").at("scale").as_int64() == 9);
    }
}

TEST_CASE("log: a reload names the settings that wait for the next start") {
    rig r;
    r.d.terms().log_format = "json";
    r.d.terms().connector = {"workers: 2"};
    r.d.reload();
    REQUIRE(eventually([&] { return r.d.has_logged("reloaded"); }));
    CHECK(r.d.logs("take effect at the next start settings=\"connector.workers, log.format\"\n"));
}

TEST_CASE("log: a reload changes the level") {
    rig r{[](daemon_terms& terms) { terms.log_level = "info"; }};
    const auto reload_with = [&r](const std::string& level, const std::string& until) {
        r.d.terms().log_level = level;
        r.d.reload();
        REQUIRE(r.d.logs(until));
    };
    const auto refused = [&r](const std::string& destination) {
        return outcome(r.send({.destination = destination})) == "F02";
    };
    REQUIRE(refused("test.nowhere"));
    reload_with("debug", "reloaded");
    REQUIRE(refused("test.nowhere"));
    CHECK(r.d.logs("packet refused peer=p1 code=F02 reason=no_route trace="));
    const std::string log = r.d.log();
    CHECK(log.find("packet refused") == log.rfind("packet refused"));
    CHECK_FALSE(log.contains("log.level take effect at the next start"));
}

}  // namespace log_test
