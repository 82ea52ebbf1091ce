#include "tests/support/certificates.hpp"
#include "tests/support/ilpctl.hpp"
#include "tests/support/rig.hpp"
#include "tests/support/tls_connection.hpp"
#include "tests/support/tls_proxy.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <openssl/ssl.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace operator_tls_test {

// TLS of everything but packets: the listeners of operators, and calls to webhooks, rates and other nodes.
namespace {

using namespace support;
namespace json = boost::json;

/// An authority, and what it has issued to one node and its neighbours on this machine.
struct test_pki {
    certificate_folder folder{};
    support::authority authority{};
    std::string roots = folder.write_file("ca.crt", authority.certificate());
    identity_files node = issue("node");

    identity_files issue(const std::string& name,
                         certificate_wishes wishes = {.names = {"localhost", "127.0.0.1"}}) const {
        return folder.write(name, authority.issue(std::move(wishes)));
    }
    /// Lines of a section of the settings.
    std::vector<std::string> lines() const {
        return {"certificate_file: " + node.certificate, "key_file: " + node.key};
    }
};

std::string url_of(std::uint16_t port, const std::string& target) {
    return "https://localhost:" + std::to_string(port) + target;
}

program_run curl(const std::string& url, std::vector<std::string> options = {}) {
    options.insert(options.begin(), {"curl", "-sS", "--noproxy", "*"});
    options.push_back(url);
    return run_program(std::move(options));
}

/// A daemon whose three listeners for operators speak TLS.
struct encrypted {
    std::uint16_t peering_port = free_port();
    test_pki pki{};
    rig r{[this](daemon_terms& terms) {
        terms.admin = pki.lines();
        terms.metrics = pki.lines();
        terms.auto_peering = pki.lines();
        terms.auto_peering.insert(terms.auto_peering.end(),
                                  {"enabled: true", "listen: 127.0.0.1:" + std::to_string(peering_port),
                                   "connector_url: http://127.0.0.1:1/"});
    }};
};

std::string serial_at(std::uint16_t port, const test_pki& pki) {
    return tls_connection{port, {.roots = pki.roots}}.server_serial();
}

}  // namespace

TEST_CASE("TLS: the Admin API, auto-peering and metrics answer over TLS 1.2 and 1.3 alone") {
    const encrypted e;
    const std::vector<std::string> trust{"--cacert", e.pki.roots};
    const auto with = [&](std::vector<std::string> more) {
        more.insert(more.end(), trust.begin(), trust.end());
        return more;
    };
    const std::string admin = url_of(e.r.d.admin_port(), "/graphql");
    const std::string metrics = url_of(e.r.d.metrics_port(), "/metrics");
    const std::string peering = url_of(e.peering_port, "/");
    const std::vector<std::string> question{"-H", "Content-Type: application/json", "-d",
                                            R"({"query": "{ node { ilpAddress } }"})"};
    for (const auto& version :
         {std::vector<std::string>{"--tlsv1.2", "--tls-max", "1.2"}, std::vector<std::string>{"--tlsv1.3"}}) {
        auto ask = with(version);
        CHECK(curl(metrics, ask).out.contains("ilp_last_reload_success 1"));
        CHECK(curl(url_of(e.r.d.metrics_port(), "/readyz"), ask).out == "ready\n");
        ask.insert(ask.end(), question.begin(), question.end());
        CHECK(curl(admin, ask).out.contains(R"("ilpAddress":"test.d")"));
        CHECK(curl(peering, ask).out.contains("error"));  // an answer, although the request is none for peering
    }
    for (const std::string& url : {admin, metrics, peering}) {
        CAPTURE(url);
        CHECK(curl(url).status == 60);  // the system does not trust the authority
        CHECK(curl(url, with({"--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0"})).status == 35);
        const auto plain = curl("http" + url.substr(5));
        CHECK(plain.out == "this port speaks TLS: use https://\n");
    }
    CHECK(e.r.d.logs("a client speaks plain HTTP to a listener that speaks TLS"));
    CHECK(e.r.d.logs("TLS with a client failed"));
}

TEST_CASE("TLS: ilpctl verifies the daemon with the authorities that it is given") {
    const encrypted e;
    const std::string url = url_of(e.r.d.admin_port(), "/graphql");
    CHECK(run_ilpctl({"status", "--url", url, "--ca-file", e.pki.roots}).out.contains("test.d"));
    const auto from_variables = run_ilpctl({"status"}, {{"ILPCTL_URL", url}, {"ILPCTL_CA_FILE", e.pki.roots}});
    CHECK(from_variables.status == 0);
    CHECK(from_variables.out.contains("test.d"));

    const auto untrusted = run_ilpctl({"status", "--url", url});
    CHECK(untrusted.status == 3);
    CHECK(untrusted.err.contains("not trusted here"));
    const auto plain =
        run_ilpctl({"status", "--url", "http://127.0.0.1:" + std::to_string(e.r.d.admin_port()) + "/graphql"});
    CHECK(plain.status == 3);
    CHECK(plain.err.contains("does the server expect https://?"));
    const rig other;
    const auto no_tls =
        run_ilpctl({"status", "--url", url_of(other.d.admin_port(), "/graphql"), "--ca-file", e.pki.roots});
    CHECK(no_tls.status == 3);
    CHECK(no_tls.err.contains("does not speak TLS"));
}

TEST_CASE("TLS: SIGHUP takes new certificates, connections go on, and a broken file changes nothing") {
    encrypted e;
    const auto& d = e.r.d;
    const std::string old_serial = serial_at(d.admin_port(), e.pki);
    tls_connection open{d.admin_port(), {.roots = e.pki.roots}};
    const http_request health{.method = "GET", .target = "/healthz"};
    REQUIRE(open.exchange(health));
    const auto reload_success = [&] {
        return tls_connection{d.metrics_port(), {.roots = e.pki.roots}}
            .exchange({.method = "GET", .target = "/metrics"})
            .value();
    };

    e.pki.issue("node");  // into the same files
    d.reload();
    REQUIRE(d.logs("reloaded"));
    const std::string new_serial = serial_at(d.admin_port(), e.pki);
    CHECK(new_serial != old_serial);
    CHECK(serial_at(d.metrics_port(), e.pki) == new_serial);
    CHECK(serial_at(e.peering_port, e.pki) == new_serial);
    CHECK(open.server_serial() == old_serial);
    const auto answer = open.exchange(health);
    REQUIRE(answer);
    CHECK(answer->status() == 200);

    e.pki.folder.write_file("node.crt", "no certificate");
    d.reload();
    REQUIRE(d.logs("the reload failed"));
    CHECK(d.logs("node.crt"));
    CHECK(serial_at(d.admin_port(), e.pki) == new_serial);
    CHECK(std::string{ilp::as_text(reload_success().body)}.contains("ilp_last_reload_success 0"));
}

TEST_CASE("TLS: a daemon does not start with a certificate that it cannot use, and names the file") {
    const test_pki pki;
    const auto other = pki.issue("other");
    daemon_terms terms;
    terms.admin = {"certificate_file: " + pki.node.certificate, "key_file: " + other.key};
    const auto mixed = run_daemon(terms);
    CHECK(mixed.status == 1);
    CHECK(mixed.standard_error.contains("other.key: this is not the key"));
    const auto checked = run_daemon(terms, {"--check-config"});
    CHECK(checked.status == 2);
    CHECK(checked.standard_error.contains("other.key: this is not the key"));
    terms.admin = {"certificate_file: " + pki.node.certificate, "key_file: " + pki.folder.path() + "/none.key"};
    const auto missing = run_daemon(terms);
    CHECK(missing.status == 1);
    CHECK(missing.standard_error.contains("none.key"));
}

TEST_CASE("TLS: webhooks go to an https receiver that is trusted, and wait for one that is not") {
    const test_pki pki;
    fake_peer receiver{[](const http_message&) { return answer_http(200); }};
    const tls_proxy proxy{receiver.port(), pki.node.certificate, pki.node.key};
    rig r{[&](daemon_terms& terms) {
        terms.peers[0].liquidity = 1000;
        terms.peers[0].terms = {"liquidity_threshold: 900"};
        terms.webhooks = {"url: " + url_of(proxy.port(), "/hook")};
    }};
    REQUIRE(outcome(r.send(prepare{.amount = 200})) == "fulfill");
    REQUIRE(r.d.logs("a webhook was not delivered"));
    CHECK(r.d.logs("not trusted here"));
    CHECK(receiver.request_count() == 0);
    CHECK(r.d.scrape().sum("ilp_webhooks_pending") == 1);

    r.d.terms().webhooks.push_back("ca_file: " + pki.roots);
    r.d.reload();
    REQUIRE(r.d.logs("reloaded"));
    CHECK_FALSE(r.d.has_logged("webhooks.ca_file"));  // nothing waits for the next start
    REQUIRE(receiver.wait_for_requests(1));           // the next attempt
    CHECK(proxy.last_name() == "localhost");
    CHECK(eventually([&] { return r.d.scrape().sum("ilp_webhooks_pending") == 0; }));
}

TEST_CASE("TLS: rates come from an https source") {
    const test_pki pki;
    fake_peer source{[](const http_message& request) {
        const bool is_usd = request.start_line.contains("base=USD");
        return answer_http(
            200, to_bytes(is_usd ? R"({"base":"USD","rates":{"EUR":0.5}})" : R"({"base":"EUR","rates":{"USD":2}})"),
            "application/json");
    }};
    const tls_proxy proxy{source.port(), pki.node.certificate, pki.node.key};
    const rig r{[&](daemon_terms& terms) {
        terms.peers[1].code = "EUR";
        terms.assets = {{"USD", 9, default_liquidity}, {"EUR", 9, default_liquidity}};
        terms.rates = {"url: " + url_of(proxy.port(), "/rates"), "ca_file: " + pki.roots, "lifetime: 100ms"};
    }};
    CHECK(eventually([&] { return outcome(r.send(prepare{.amount = 1000})) == "fulfill"; }));
    CHECK(r.p2.last_prepare().amount == 500);
}

TEST_CASE("TLS: nodes become peers by auto-peering over https, and their packets go over https both ways") {
    const test_pki pki;
    struct node {
        node(const test_pki& from, const std::string& name, bool allows_private = true)
            : own_name{name}, roots{from.roots}, daemon{terms(from, name, allows_private), port} {}

        daemon_terms terms(const test_pki& from, const std::string& name, bool allows_private) const {
            daemon_terms made{.address = "test." + name};
            made.connector = from.lines();
            made.connector.emplace_back("workers: 1");
            made.peers = {{.name = name + "-end", .address = "test." + name + ".end", .port = end.port()}};
            made.auto_peering = from.lines();
            made.auto_peering.insert(made.auto_peering.end(),
                                     {"enabled: true", "listen: 127.0.0.1:" + std::to_string(peering_port),
                                      "connector_url: " + url_of(port, "/"), "initial_liquidity: 1000000",
                                      std::string{"allow_private_addresses: "} + (allows_private ? "true" : "false")});
            made.environment = {{"SSL_CERT_FILE", from.roots}};  // the authorities of the system
            return made;
        }
        json::value ask(const std::string& url) const {
            const auto graphql = [&](const std::string& query, const json::value& variables) {
                const http_request request{
                    .target = "/graphql",
                    .headers = {{"Content-Type", "application/json"}},
                    .body = to_bytes(json::serialize(json::object{{"query", query}, {"variables", variables}}))};
                const auto answer = http_connection{daemon.admin_port()}.exchange(request).value();
                return json::parse(std::string{answer.body.begin(), answer.body.end()});
            };
            const auto assets = graphql("{ assets { edges { node { id } } } }", json::object{});
            return graphql(
                "mutation Ask($input: CreateOrUpdatePeerByUrlInput!) { createOrUpdatePeerByUrl(input: $input) { peer { "
                "staticIlpAddress } } }",
                {{"input",
                  {{"peerUrl", url},
                   {"assetId", assets.at_pointer("/data/assets/edges/0/node/id")},
                   {"liquidityToDeposit", "1000000"}}}});
        }

        /// A packet from this node's end to that of the other one.
        std::string send_to(const std::string& other) const {
            tls_connection connection{port, {.roots = roots}};
            const prepare sent{.amount = 10, .destination = "test." + other + ".end.x"};
            return outcome(connection.exchange(ilp_request(encode(sent), own_name + "-end")));
        }

        std::string own_name;
        std::string roots;
        std::uint16_t port = free_port();
        std::uint16_t peering_port = free_port();
        fake_peer end;
        ilpd_daemon daemon;
    };
    const node alice{pki, "alice"};
    const node dora{pki, "dora"};
    const auto packets_pass = [&] {
        CHECK(dora.send_to("alice") == "fulfill");
        CHECK(alice.send_to("dora") == "fulfill");
    };
    for (int round = 0; round < 2; ++round) {
        const json::value made = dora.ask(url_of(alice.peering_port, "/"));
        INFO(json::serialize(made));
        CHECK(made.at_pointer("/data/createOrUpdatePeerByUrl/peer/staticIlpAddress").as_string() == "test.alice");
        packets_pass();
    }

    const auto refused = [&](const node& asks, const std::string& url) {
        const json::value answer = asks.ask(url);
        return std::string{answer.at_pointer("/errors/0/message").as_string()};
    };
    const node public_only{pki, "erin", false};
    CHECK(refused(public_only, url_of(alice.peering_port, "/")).contains("not public"));
    CHECK(refused(dora, "http://localhost:" + std::to_string(alice.peering_port) + "/").contains("invalid"));
    const test_pki other;
    const node stranger{other, "frank"};
    CHECK(refused(dora, url_of(stranger.peering_port, "/")).contains("invalid"));
    CHECK(dora.daemon.logs("not trusted here"));
}

}  // namespace operator_tls_test
