#include "tests/integration/vectors.hpp"
#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <thread>

namespace address_test {

namespace {

using namespace support;

prepare to(std::string destination) {
    return {.destination = std::move(destination)};
}

/// The rig's configuration with other routes for p2.
daemon_terms with_routes(std::vector<std::string> routes) {
    daemon_terms terms;
    terms.peers = {{.name = "p1"}, {.name = "p2", .routes = std::move(routes)}};
    return terms;
}

}  // namespace

TEST_CASE("A15-01 A15-02 A15-03 A15-04: destinations are checked against the address grammar") {
    const rig r;
    const auto vectors = integration::load_vectors("generated/addresses.json");
    for (const auto& entry : vectors.at("valid").as_array()) {
        const std::string address{entry.as_string()};
        INFO(address);
        const auto code = outcome(r.send(to(address)));
        CHECK(code == (address == "peer.config" || address.starts_with("peer.") ? "F01" : "F02"));
    }
    for (const auto& entry : vectors.at("invalid").as_array()) {
        INFO(entry.at("why").as_string().c_str());
        expect_reject(r.send(to(std::string{entry.at("a").as_string()})), "F01");
    }
    r.expect_untouched();
}

TEST_CASE("A15-05: an address has at most 1023 octets") {
    const rig r;
    const std::string longest = "test.p2." + std::string(1015, 'x');
    expect_fulfill(r.send(to(longest)), to(longest));
    CHECK(r.p2.last_prepare().destination == longest);
    expect_reject(r.send(to("test.q." + std::string(1016, 'x'))), "F02");
    expect_reject(r.send(to(longest + "x")), "F01");
    CHECK(r.p2.request_count() == 1);
}

TEST_CASE("A15-06: control characters are refused, and do not reach the log") {
    const rig r;
    const std::string forged = "forged line of a log";
    for (const std::string tail : {"\n", "\t", " ", "\r", "\x7f", "\xff", "\x1b[31m"}) {
        INFO(to_hex(ilp::as_bytes(tail)));
        expect_reject(r.send(to("test.p2." + tail)), "F01");
        expect_reject(r.send(to("test.p2.a" + tail + forged)), "F01");
    }
    expect_reject(r.send(to(std::string{"test.p2.a\0b", 11})), "F01");
    r.expect_untouched();
    const std::string log = r.d.log();
    CHECK(log.find("\n" + forged) == std::string::npos);
    CHECK(log.find('\x1b') == std::string::npos);
    CHECK(log.find('\xff') == std::string::npos);
}

TEST_CASE("A15-07: addresses are case-sensitive") {
    const rig r{[](daemon_terms& terms) { terms.peers[1].address = "test.P2"; }};
    expect_reject(r.send(to("test.p2")), "F02");
    expect_reject(r.send(to("test.p2.x")), "F02");
    expect_fulfill(r.send(to("test.P2.x")), to("test.P2.x"));
}

TEST_CASE("A15-08: the longest matching prefix wins") {
    const fake_peer whole, deeper;
    const rig r{[&](daemon_terms& terms) {
        terms.peers.push_back({.name = "whole", .port = whole.port(), .routes = {"test"}});
        terms.peers.push_back({.name = "deeper", .address = "test.p2.x", .port = deeper.port()});
    }};
    for (const std::string destination : {"test.p3", "test.p2", "test.p2.y", "test.p2.x", "test.p2.x.y", "test.q.p2"}) {
        INFO(destination);
        expect_fulfill(r.send(to(destination)), to(destination));
    }
    const auto seen = [](const fake_peer& peer) {
        std::vector<std::string> destinations;
        for (const auto& request : peer.requests()) destinations.push_back(decode_prepare(request.body).destination);
        return destinations;
    };
    CHECK(seen(whole) == std::vector<std::string>{"test.p3", "test.q.p2"});
    CHECK(seen(r.p2) == std::vector<std::string>{"test.p2", "test.p2.y"});
    CHECK(seen(deeper) == std::vector<std::string>{"test.p2.x", "test.p2.x.y"});
}

TEST_CASE("A15-09: a prefix ends at a segment boundary") {
    const rig r;
    for (const std::string destination : {"test.p22", "test.p2-", "test.p"}) {
        INFO(destination);
        expect_reject(r.send(to(destination)), "F02");
    }
    r.expect_untouched();
}

TEST_CASE("A15-10 A27-52: a destination without a route is refused with F02") {
    const rig r;
    expect_reject(r.send(to("test.nowhere")), "F02");
    r.expect_untouched();
}

TEST_CASE("A15-11 A34-10: peer packets are never forwarded") {
    const rig r{[](daemon_terms& terms) { terms.peers[1].routes = {""}; }};
    for (const std::string destination : {"peer.anything", "peer.route.control", "peer.settle", "peer.config.x"}) {
        INFO(destination);
        expect_reject(r.send({.amount = 0, .destination = destination}), "F01");
    }
    r.expect_untouched();
    const auto refused = run_daemon(with_routes({"peer"}));
    CHECK(refused.status == 2);
    CHECK(refused.standard_error.find("peers[1].routes") != std::string::npos);
}

TEST_CASE("A15-12: self and local addresses are not routed") {
    const rig r{[](daemon_terms& terms) { terms.peers[1].routes = {""}; }};
    expect_reject(r.send(to("self.x")), "F02");
    expect_reject(r.send(to("local.x")), "F02");
    r.expect_untouched();
}

TEST_CASE("A15-13: private and example addresses follow explicit routes only") {
    SECTION("a default route does not take them") {
        const rig r{[](daemon_terms& terms) { terms.peers[1].routes = {""}; }};
        expect_reject(r.send(to("private.x")), "F02");
        expect_reject(r.send(to("example.x")), "F02");
        r.expect_untouched();
    }
    SECTION("an explicit route does") {
        const rig r{[](daemon_terms& terms) { terms.peers[1].routes = {"private.x", "example"}; }};
        expect_fulfill(r.send(to("private.x.y")), to("private.x.y"));
        expect_fulfill(r.send(to("example.x")), to("example.x"));
        expect_reject(r.send(to("private.z")), "F02");
    }
}

TEST_CASE("A15-14 A34-11: a node belongs to one network") {
    SECTION("a test node") {
        const rig r{[](daemon_terms& terms) { terms.peers[1].routes = {""}; }};
        for (const std::string destination : {"g.x", "test1.x", "test2.x", "test3.x"}) {
            INFO(destination);
            expect_reject(r.send(to(destination)), "F02");
        }
        r.expect_untouched();
        expect_fulfill(r.send(to("test.elsewhere")), to("test.elsewhere"));
    }
    SECTION("a live node") {
        const rig r{[](daemon_terms& terms) {
            terms.address = "g.d";
            terms.peers[0].address = "g.p1";
            terms.peers[1].address = "g.p2";
            terms.peers[1].routes = {""};
        }};
        expect_reject(r.send(to("test.x")), "F02", "g.d");
        expect_fulfill(r.send(to("g.elsewhere")), to("g.elsewhere"));
    }
}

TEST_CASE("A15-15 A34-01: every response goes to its own request") {
    constexpr int senders = 10;
    constexpr int packets_each = 100;
    rig r{[](daemon_terms& terms) { terms.connector = {"workers: 2"}; }};
    r.p2.set_script([](const http_message& request) {
        thread_local std::mt19937 random{std::random_device{}()};
        const auto data = decode_prepare(request.body).data;
        auto answer = answer_fulfill(request, data);
        answer.delay = milliseconds{std::uniform_int_distribution<int>{0, 5}(random)};
        return answer;
    });
    std::atomic<int> right{0};
    {
        std::vector<std::jthread> threads;
        for (int sender = 0; sender < senders; ++sender) {
            threads.emplace_back([&] {
                http_connection connection{r.d.port()};
                for (int i = 0; i < packets_each; ++i) {
                    const prepare sent{.data = random_bytes(16)};
                    const auto response = connection.exchange(ilp_request(encode(sent)));
                    const auto expected = encode_fulfill(fulfillment_for(sent.destination, sent.data), sent.data);
                    if (response && response->body == expected) ++right;
                }
            });
        }
    }
    CHECK(right == senders * packets_each);
    CHECK(r.d.settled_liquidity("p2") == default_liquidity + senders * packets_each);
}

TEST_CASE("A15-16: segments behind the routed prefix are passed on unchanged") {
    const rig r;
    const prepare sent = to("test.p2.a.b.~c._.-0123456789");
    expect_fulfill(r.send(sent), sent);
    CHECK(r.p2.last_prepare().destination == sent.destination);
}

TEST_CASE("A15-17: addresses and prefixes of the configuration obey the same grammar") {
    for (const std::string bad : {"test.", "test..a", "tost.a", "test.a b", ".", "TEST", "test.é"}) {
        INFO(bad);
        const auto refused = run_daemon(with_routes({bad}));
        CHECK(refused.status == 2);
        CHECK(refused.standard_error.find(refused.config_path + ":") != std::string::npos);
        CHECK(refused.standard_error.find("peers[1].routes[0]") != std::string::npos);
    }
    daemon_terms terms = with_routes({});
    terms.peers[1].address = "test";
    const auto refused = run_daemon(terms);
    CHECK(refused.status == 2);
    CHECK(refused.standard_error.find("peers[1].ilp_address") != std::string::npos);
    for (const std::string good : {"", "test", "private", "test.a.b"}) {
        INFO(good);
        const auto accepted = run_daemon(with_routes({good}), {"--check-config"});
        CHECK(accepted.status == 0);
    }
}

}  // namespace address_test
