#include "config/check.hpp"

#include "tests/unit/config/support.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace check_test {

using config_test::problems;
using list = std::vector<std::string>;

namespace {

struct peer {
    std::string name, ilp_address, more = {}, tokens = {}, asset = "{code: USD, scale: 9}";
};

/// Peer i is on line 3 + i.
std::string file_with(const std::vector<peer>& peers) {
    auto yaml = std::string{
        "ilp_address: test.alice\n"
        "assets: [{code: USD, scale: 9}, {code: EUR, scale: 2}]\n"
        "peers:\n"};
    for (const auto& peer : peers)
        yaml += "- {name: " + peer.name + ", ilp_address: " + peer.ilp_address + ", asset: " + peer.asset +
                (peer.more.empty() ? "" : ", " + peer.more) + ", http: {incoming: {auth_tokens: [" + peer.tokens +
                "]}, outgoing: {endpoint: 'http://h/', auth_token: t}}}\n";
    return yaml;
}

}  // namespace

TEST_CASE("The Admin API without a secret must listen on a loopback address") {
    const auto with = [](const std::string& admin) { return problems("ilp_address: test.a\nadmin:\n  " + admin); };
    for (const auto* local : {"127.0.0.1:1", "127.9.9.9:1", "'[::1]:1'", "'[0:0::0:1]:1'"}) {
        CAPTURE(local);
        CHECK(with("listen: " + std::string{local}) == list{});
    }
    for (const auto* open : {"0.0.0.0:1", "10.0.0.1:1", "128.0.0.1:1", "'[::]:1'", "'[::2]:1'", "'[::7f00:1]:1'"}) {
        CAPTURE(open);
        CHECK(with("listen: " + std::string{open}) ==
              list{"3 admin.listen: is not a loopback address: set admin.api_secret, otherwise anyone who can reach it "
                   "could change everything"});
        CHECK(with("listen: " + std::string{open} + "\n  api_secret: 0123456789abcdef") == list{});
        CHECK(with("listen: " + std::string{open} + "\n  api_secret: 0123456789abcde") ==
              list{"4 admin.api_secret: has fewer than 16 characters, and admin.listen is not a loopback address: make "
                   "one with: openssl rand -hex 32"});
    }
    CHECK(with("listen: 127.0.0.1:1\n  api_secret: x") == list{});
    CHECK(with("listen: nowhere").size() == 1);
    CHECK(with("listen: 0.0.0.0:1\n  api_secret: ''") ==
          list{"4 admin.api_secret: expected a secret of 1 to 1024 visible ASCII characters"});
}

TEST_CASE("Tokens that can be guessed are accepted only if this machine alone can present them") {
    const auto with = [](const std::string& listen, const std::string& incoming, const std::string& outgoing) {
        return problems("ilp_address: test.a\nconnector: {listen: '" + listen +
                        "'}\nassets: [{code: USD, scale: 9}]\npeers:\n- {name: b, ilp_address: test.b, asset: {code: "
                        "USD, scale: 9}, "
                        "http: {incoming: {auth_tokens: [" +
                        incoming + "]}, outgoing: {endpoint: 'http://h/', auth_token: " + outgoing + "}}}\n");
    };
    const std::string why = ", and connector.listen is not a loopback address: make one with: openssl rand -hex 32";
    for (const std::string open : {"0.0.0.0:3002", "[::]:3002", "192.0.2.1:3002"}) {
        CAPTURE(open);
        CHECK(with(open, "x", "t") ==
              list{"5 peers[0].http.incoming.auth_tokens[0]: has fewer than 16 characters" + why});
        CHECK(with(open, "0123456789abcdef, 0123456789abcde", "t") ==
              list{"5 peers[0].http.incoming.auth_tokens[1]: has fewer than 16 characters" + why});
        CHECK(with(open, "bob-to-alice", "alice-to-bob") ==
              list{"5 peers[0].http.outgoing.auth_token: is a token of the sample, which everybody knows" + why,
                   "5 peers[0].http.incoming.auth_tokens[0]: is a token of the sample, which everybody knows" + why});
        CHECK(with(open, "0123456789abcdef", "t") == list{});  // the other node chose the outgoing one
    }
    CHECK(with("127.0.0.1:3002", "x, bob-to-alice", "alice-to-bob") == list{});
    CHECK(with("[::1]:3002", "x", "t") == list{});
}

TEST_CASE("Peers that differ are accepted") {
    CHECK(problems(file_with({{"b", "test.b", "routes: ['', test.x, private.x, test.b]", "t1, t2"},
                              {"c", "test.c", "routes: [test.x.y, test, private]", "t3"},
                              {"b-eur", "test.b", {}, {}, "{code: EUR, scale: 2}"},
                              {"child", "test.alice.child"}})) == list{});
}

TEST_CASE("Two peers with the same name are refused") {
    CHECK(problems(file_with({{"b", "test.b"}, {"c", "test.c"}, {"b", "test.d"}})) ==
          list{"6 peers[2].name: is already the name of peers[0]"});
}

TEST_CASE("Two peers with the same address and asset are refused") {
    CHECK(problems(file_with({{"b", "test.b"}, {"c", "test.b"}})) ==
          list{"5 peers[1].ilp_address: is the address of peers[0] too, in the same asset"});
    CHECK(problems(file_with({{"b", "test.b"}, {"c", "test.B"}})) == list{});
}

TEST_CASE("This node's own address cannot be a peer's address or route") {
    CHECK(problems(file_with({{"b", "test.alice"}})) == list{"4 peers[0].ilp_address: is this node's own ilp_address"});
    CHECK(problems(file_with({{"b", "test.b", "routes: [test.x, test.alice]"}})) ==
          list{"4 peers[0].routes[1]: is this node's own ilp_address"});
}

TEST_CASE("A duplicate name and an unknown asset of a receiving account are refused") {
    const auto with_accounts = [](const std::string& accounts) {
        return problems("ilp_address: test.a\nassets: [{code: USD, scale: 9}]\naccounts:\n" + accounts);
    };
    CHECK(with_accounts("- {name: alice, asset: {code: USD, scale: 9}}\n- {name: carol, asset: {code: USD, scale: 9}}")
              .empty());
    CHECK(
        with_accounts("- {name: alice, asset: {code: USD, scale: 9}}\n- {name: alice, asset: {code: USD, scale: 9}}") ==
        list{"5 accounts[1].name: is already the name of accounts[0]"});
    CHECK(with_accounts("- {name: alice, asset: {code: EUR, scale: 9}}") ==
          list{"4 accounts[0].asset: \"EUR\" with scale 9 is not in the list of assets: add it there"});
    CHECK(with_accounts("- {name: Alice, asset: {code: USD, scale: 9}}").size() == 1);
}

TEST_CASE("A duplicate asset and an unknown asset of a peer are refused") {
    CHECK(problems("ilp_address: test.a\nassets:\n- {code: USD, scale: 9}\n- {code: USD, scale: 2}\n- {code: USD, "
                   "scale: 9}") == list{"5 assets[2]: has the same code and scale as assets[0]"});
    CHECK(problems(file_with({{"b", "test.b", {}, {}, "{code: EUR, scale: 9}"}})) ==
          list{"4 peers[0].asset: \"EUR\" with scale 9 is not in the list of assets: add it there"});
}

TEST_CASE("A route that two peers share, or that is another peer's address, is refused") {
    CHECK(problems(file_with({{"b", "test.b", "routes: [test.x]"}, {"c", "test.c", "routes: [test.y, test.x]"}})) ==
          list{"5 peers[1].routes[1]: is a route of peers[0] too"});
    CHECK(problems(file_with({{"b", "test.b", "routes: ['']"}, {"c", "test.c", "routes: ['']"}})) ==
          list{"5 peers[1].routes[0]: is a route of peers[0] too"});
    CHECK(problems(file_with({{"b", "test.b", "routes: [test.x, test.x]"}})) ==
          list{"4 peers[0].routes[1]: is a route of peers[0] already"});
    CHECK(problems(file_with({{"b", "test.b", "routes: [test.c]"}, {"c", "test.c"}})) ==
          list{"4 peers[0].routes[0]: is the address of peers[1]"});
}

TEST_CASE("A15-14: no address or route is in another network") {
    CHECK(problems(file_with({{"b", "test.b", "routes: [g]"}})) ==
          list{"4 peers[0].routes[0]: can be taken by no packet from test.alice: it is in another network than this "
               "node"});
    CHECK(problems(file_with({{"b", "test.b", "routes: [test1.x]"}})) ==
          list{"4 peers[0].routes[0]: can be taken by no packet from test.alice: it is in another network than this "
               "node"});
    CHECK(problems(file_with({{"b", "g.b"}})) ==
          list{"4 peers[0].ilp_address: cannot be reached from test.alice: it is in another network than this node"});
    CHECK(problems(file_with({{"b", "local.b"}})) ==
          list{"4 peers[0].ilp_address: cannot be reached from test.alice: no packet is ever forwarded to its scheme"});
    CHECK(problems(file_with({{"b", "test.b", "routes: [test, private, example]"}})) == list{});
    CHECK(problems(file_with({{"b", "private.b"}})) == list{});
    CHECK(problems("ilp_address: private.a\n" + file_with({{"b", "test.b", "routes: [g]"}}).substr(24)) == list{});
}

TEST_CASE("A peer's longest hold time leaves room for the expiration window") {
    CHECK(problems(file_with({{"b", "test.b", "max_hold_time: 4s"}})) == list{});
    CHECK(problems(file_with({{"b", "test.b", "max_hold_time: 1s"}})) ==
          list{"4 peers[0].max_hold_time: must be larger than connector.min_expiration_window: every packet to the "
               "peer would be refused"});
}

TEST_CASE("Packets are split only above the largest that a part can be, and with answers in responses") {
    const auto with = [](const std::string& terms) { return problems(file_with({{"b", "test.b", terms}})); };
    CHECK(with("max_packet_amount: 10, split: {max_total: 11}") == list{});
    CHECK(with("split: {max_total: 11}") == list{"4 peers[0].split.max_total: has no effect without max_packet_amount: "
                                                 "only packets above that are split, so set it too, or remove split"});
    CHECK(with("max_packet_amount: 10, split: {max_total: 10}") ==
          list{"4 peers[0].split.max_total: must be larger than max_packet_amount: only packets above that are split"});
    CHECK(with("max_packet_amount: x, split: {max_total: 11}").size() == 1);
    CHECK(with("split: {max_total: x}").size() == 1);
    CHECK(problems("ilp_address: test.a\nconnector: {callback_url: 'http://a/'}\nassets: [{code: USD, scale: 9}]\n"
                   "peers:\n- {name: b, ilp_address: test.b, asset: {code: USD, scale: 9}, max_packet_amount: 10,\n"
                   "   split: {max_total: 11}, http: {outgoing: {endpoint: 'http://h/', auth_token: t, mode: "
                   "asynchronous}}}\n") ==
          list{"6 peers[0].split: cannot be used with the http.outgoing.mode asynchronous, in which parts cannot be "
               "answered: remove one of them"});
}

TEST_CASE("A duplicate token is refused, within a peer and across peers") {
    CHECK(problems(file_with({{"b", "test.b", {}, "t1, t2, t1"}})) ==
          list{"4 peers[0].http.incoming.auth_tokens[2]: is the same token as peers[0].http.incoming.auth_tokens[0]: a "
               "token must identify one peer"});
    CHECK(problems(file_with({{"b", "test.b", {}, "t1, t2"}, {"c", "test.c", {}, "t3, t2"}})) ==
          list{"5 peers[1].http.incoming.auth_tokens[1]: is the same token as peers[0].http.incoming.auth_tokens[1]: a "
               "token must identify one peer"});
}

TEST_CASE("A certificate has a key, and a key has a certificate") {
    for (const std::string section : {"connector", "admin", "metrics", "auto_peering", "spsp"}) {
        const auto with = [&](const std::string& keys) {
            return problems("ilp_address: test.a\n" + section + ": {" + keys + "}\n");
        };
        CHECK(with("certificate_file: c, key_file: k") == list{});
        CHECK(with("certificate_file: c") ==
              list{"2 " + section + ".certificate_file: has no effect without key_file: set both, or neither"});
        CHECK(with("key_file: k") ==
              list{"2 " + section + ".key_file: has no effect without certificate_file: set both, or neither"});
        CHECK(with("certificate_file: c, key_file: ''").size() == 1);
    }
    CHECK(problems("ilp_address: test.a\nconnector: {client_certificate_file: c, client_key_file: k}") == list{});
    CHECK(problems("ilp_address: test.a\nconnector: {client_certificate_file: c}") ==
          list{"2 connector.client_certificate_file: has no effect without client_key_file: set both, or neither"});
}

TEST_CASE("A09-01: payment pointers are served with TLS, to this machine, or to a proxy that is vouched for") {
    const auto with = [](const std::string& spsp) { return problems("ilp_address: test.a\nspsp:\n  " + spsp); };
    const auto fault = list{
        "3 spsp.listen: is not a loopback address: set spsp.certificate_file and spsp.key_file, because whoever is on "
        "the way could have others pay to himself; or, behind a TLS proxy, spsp.allow_plain_http"};
    for (const std::string open : {"0.0.0.0:3004", "'[::]:3004'", "10.0.0.1:3004"}) {
        CAPTURE(open);
        CHECK(with("listen: " + open + "\n  enabled: true") == fault);
        CHECK(with("listen: " + open + "\n  enabled: true\n  certificate_file: c\n  key_file: k") == list{});
        CHECK(with("listen: " + open + "\n  enabled: true\n  allow_plain_http: true") == list{});
        CHECK(with("listen: " + open) == list{});
    }
    CHECK(with("enabled: true") == list{});
    CHECK(with("listen: '[::1]:3004'\n  enabled: true") == list{});
}

TEST_CASE("A35-32: plain HTTP to a public address must be allowed") {
    const auto with = [](const std::string& endpoint, const std::string& more = {}) {
        return problems(
            "ilp_address: test.a\nassets: [{code: USD, scale: 9}]\npeers:\n- {name: b, ilp_address: test.b, asset: "
            "{code: USD, scale: 9}, http: {outgoing: {endpoint: '" +
            endpoint + "', auth_token: t" + more + "}}}\n");
    };
    for (const auto* endpoint : {"http://93.184.216.34/", "HTTP://8.8.8.8:3002/x", "http://[2606:4700::1111]/"}) {
        CAPTURE(endpoint);
        CHECK(with(endpoint) ==
              list{"4 peers[0].http.outgoing.endpoint: is an http:// URL at a public address, so that everybody on the "
                   "way could read the token and change packets: use https://, or set allow_plain_http: true beside "
                   "it"});
        CHECK(with(endpoint, ", allow_plain_http: true") == list{});
    }
    // Where a name leads is known when it is looked up.
    for (const auto* endpoint : {"https://93.184.216.34/", "http://127.0.0.1/", "http://[::1]/", "http://10.0.0.1/",
                                 "http://192.168.0.7/", "http://169.254.1.1/", "http://[fd00::1]/", "http://[fe80::1]/",
                                 "http://bank.example/", "http://ilpd:3002/"}) {
        CAPTURE(endpoint);
        CHECK(with(endpoint) == list{});
    }
}

TEST_CASE("Packets are sent asynchronously only if there is a URL for the answers, in any version of HTTP") {
    const auto with = [](const std::string& connector, const std::string& more) {
        return problems("ilp_address: test.a\nconnector: {" + connector +
                        "}\nassets: [{code: USD, scale: 9}]\npeers:\n- {name: b, ilp_address: test.b, asset: {code: "
                        "USD, scale: 9}, http: {outgoing: {endpoint: 'http://h/', auth_token: t, mode: " +
                        more + "}}}\n");
    };
    CHECK(with("", "synchronous") == list{});
    CHECK(with("callback_url: 'http://a/'", "asynchronous") == list{});
    CHECK(with("", "asynchronous") == list{"5 peers[0].http.outgoing.mode: requires connector.callback_url, the URL at "
                                           "which the peer posts its answers"});
    CHECK(with("callback_url: x", "asynchronous").size() == 1);
    CHECK(with("callback_url: 'http://a/'", "asynchronous, protocol: http2") == list{});
    const std::string tls = ", certificate_file: /c, key_file: /k";
    CHECK(with("callback_url: 'https://a/'" + tls, "asynchronous") == list{});
    CHECK(with("callback_url: 'http://a/'" + tls, "asynchronous") ==
          list{"2 connector.callback_url: begins with http://, and connector.listen speaks TLS only: use https://, or "
               "remove connector.certificate_file"});
}

TEST_CASE("A client key identifies one peer unless there are tokens") {
    const std::string keys = "client_keys: ['" + std::string(64, 'a') + "', '" + std::string(64, 'b') + "']";
    const auto peer = [](const std::string& name, const std::string& incoming) {
        return "- {name: " + name + ", ilp_address: test." + name +
               ", asset: {code: USD, scale: 9}, http: {incoming: {" + incoming +
               "}, outgoing: {endpoint: 'http://h/', auth_token: t}}}\n";
    };
    const auto with = [&](const std::string& b, const std::string& c) {
        return problems("ilp_address: test.a\nassets: [{code: USD, scale: 9}]\npeers:\n" + peer("b", b) + peer("c", c));
    };
    CHECK(with(keys + ", auth_tokens: [t1]", keys + ", auth_tokens: [t2]") == list{});
    CHECK(with(keys, keys + ", auth_tokens: [t2]") == list{});
    CHECK(with(keys, "client_keys: ['" + std::string(64, 'B') + "']") ==
          list{"5 peers[1].http.incoming.client_keys[0]: is a key of peers[0] too, and neither has auth_tokens: give "
               "one of them a token"});
    CHECK(with("client_keys: ['" + std::string(64, 'a') + "', '" + std::string(64, 'A') + "']", "") ==
          list{"4 peers[0].http.incoming.client_keys[1]: is given twice"});
    CHECK(with("client_keys: [x, y]", "").size() == 2);
}

TEST_CASE("Settings that contradict each other are refused") {
    CHECK(problems("ilp_address: test.a\nconnector:\n  max_hold_time: 1s\n  min_expiration_window: 1s\n") ==
          list{"4 connector.min_expiration_window: must be smaller than connector.max_hold_time"});
    CHECK(problems("ilp_address: test.a\nconnector:\n  max_hold_time: 500ms\n") ==
          list{"2 connector.min_expiration_window: must be smaller than connector.max_hold_time"});
    CHECK(problems(file_with({{"b", "test.b", "packet_burst: 5"}})) ==
          list{"4 peers[0].packet_burst: has no effect without packet_rate: set packet_rate too, or remove it"});
}

TEST_CASE("Auto-peering requires a connector URL") {
    CHECK(
        problems("ilp_address: test.a\nauto_peering:\n  enabled: true\n") ==
        list{
            "2 auto_peering.connector_url: is required when auto_peering.enabled is true: it is the URL at which peers "
            "post packets for us"});
    CHECK(problems("ilp_address: test.a\nauto_peering: {enabled: true, connector_url: 'http://a.example/'}\n") ==
          list{});
    CHECK(problems("ilp_address: test.a\nauto_peering: {initial_liquidity: 1}\n") == list{});
}

TEST_CASE("A lease is longer than packets are held") {
    CHECK(problems("ilp_address: test.a\nstore: {lease_time: 40s}\n") == list{});
    CHECK(problems("ilp_address: test.a\nconnector: {max_hold_time: 2s}\nstore: {lease_time: 12s}\n") == list{});
    const list too_short{"3 store.lease_time: must be at least 10 s more than connector.max_hold_time"};
    CHECK(problems("ilp_address: test.a\nstore:\n  lease_time: 39s\n") == too_short);
    CHECK(problems("ilp_address: test.a\nstore:\n  lease_time: 39999ms\n") == too_short);
    CHECK(problems("ilp_address: test.a\nstore: {lease_time: 0s}\n").size() == 1);
}

TEST_CASE("A value is not reported twice") {
    CHECK(problems(file_with({{"'b c'", "test.b"}, {"'b c'", "test..c"}, {"d", "test..c"}})).size() == 4);
    CHECK(problems(file_with({{"b", "test.b", "packet_rate: 0, packet_burst: 5"}})).size() == 1);
    CHECK(problems(file_with({{"b", "test.b", {}, {}, "{code: USD, scale: x}"}})).size() == 1);
    CHECK(problems(file_with({{"b", "test.b", "routes: [peer.x, self.y]", "'a b', 'c d'"}})).size() == 4);
    CHECK(problems("ilp_address: test.a\nconnector: {max_hold_time: x}").size() == 1);
    CHECK(problems("ilp_address: x\nassets: [{code: USD, scale: x}, {code: USD, scale: y}]").size() == 3);
}

TEST_CASE("Indices stay correct after a refused element") {
    const auto found = problems(file_with({{"b", "test.b", "routes: [peer, test.x, test.x]"}}));
    REQUIRE(found.size() == 2);
    CHECK(found[1] == "4 peers[0].routes[2]: is a route of peers[0] already");
}

TEST_CASE("Ten thousand peers are accepted") {
    auto peers = std::vector<peer>{};
    for (int i = 0; i < 10'000; ++i) {
        const auto n = std::to_string(i);
        peers.push_back({"p" + n, "test.p" + n, "routes: [test.r" + n + "]", "t" + n});
    }
    const auto loaded = config_test::load(file_with(peers));
    REQUIRE(loaded);
    CHECK(loaded->peers.size() == 10'000);
    peers.back().tokens = "t0";
    CHECK(problems(file_with(peers)).size() == 1);
}

TEST_CASE("A peer's packets do not go to this node itself") {
    const auto file = file_with({{"bob", "test.bob"}});
    CHECK(problems(file + "auto_peering: {connector_url: 'http://H:80'}\n") ==
          list{"4 peers[0].http.outgoing.endpoint: is this node's own auto_peering.connector_url: packets would come "
               "back"});
    CHECK(problems(file + "auto_peering: {connector_url: 'http://h:81/'}\n") == list{});
    CHECK(problems(file + "auto_peering: {connector_url: 'http://h/another-node'}\n") == list{});
}

TEST_CASE("Rates and spreads are between two currencies, each pair once in a direction") {
    const auto rates = [](const std::string& lists) { return problems(file_with({}) + "rates:\n" + lists); };
    CHECK(
        rates("  fixed: [{base: USD, quote: EUR, rate: 0.8}, {base: EUR, quote: USD, rate: 1.2}]\n"
              "  spreads: [{base: USD, quote: EUR, basis_points: 0}, {base: EUR, quote: USD, basis_points: 9999}]\n") ==
        list{});
    // The assets may be created through the Admin API.
    CHECK(
        rates("  fixed: [{base: USD, quote: GBP, rate: 2}]\n  spreads: [{base: GBP, quote: EUR, basis_points: 1}]\n") ==
        list{});
    CHECK(rates("  fixed:\n  - {base: USD, quote: EUR, rate: 2}\n  - {base: USD, quote: EUR, rate: 2}\n") ==
          list{"7 rates.fixed[1]: has the same base and quote as rates.fixed[0]"});
    CHECK(rates("  spreads: [{base: USD, quote: USD, basis_points: 1}]\n") ==
          list{"5 rates.spreads[0].quote: is the same as base: a currency has no rate to itself"});
    CHECK(rates("  fixed: [{base: USD, quote: EUR, rate: -1}]\n").size() == 1);
    CHECK(rates("  fixed: [{base: USD, quote: EUR}]\n") ==
          list{"5 rates.fixed[0].rate: is required: expected a decimal number above 0 with at most 34 digits, such as "
               "0.813399"});
    CHECK(rates("  spreads: [{base: USD, quote: EUR, basis_points: 10000}]\n") ==
          list{"5 rates.spreads[0].basis_points: expected a whole number from 0 to 9999, found \"10000\""});
}

}  // namespace check_test
