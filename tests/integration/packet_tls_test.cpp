#include "tests/support/admin_client.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/rig.hpp"
#include "tests/support/tls_connection.hpp"
#include "tests/support/tls_proxy.hpp"

#include <catch2/catch.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace packet_tls_test {

// TLS of packets: the connector's listener, and the links to next hops.
namespace {

using namespace support;
using namespace std::chrono_literals;

/// An authority, and what it has issued to nodes on this machine.
struct test_pki {
    certificate_folder folder{};
    support::authority authority{};
    std::string roots = folder.write_file("ca.crt", authority.certificate());
    identity own = authority.issue({.names = {"localhost", "127.0.0.1"}});
    identity_files node = folder.write("node", own);

    /// Lines of the connector section.
    std::vector<std::string> listener() const {
        return {"workers: 1", "certificate_file: " + node.certificate, "key_file: " + node.key};
    }
    static std::string trust(const std::string& file) { return "ca_file: " + file; }
};

std::string https(std::uint16_t port, const std::string& host = "localhost") {
    return "https://" + host + ":" + std::to_string(port) + "/";
}

/// A daemon whose listener for packets speaks TLS, and p2 behind it.
struct encrypted {
    test_pki pki{};
    rig r{[this](daemon_terms& terms) { terms.connector = pki.listener(); }};

    tls_client_terms client() const { return {.roots = pki.roots}; }
    std::optional<http_message> send(const prepare& sent = {}) const {
        return tls_connection{r.d.port(), client()}.exchange(ilp_request(encode(sent)));
    }
};

/// Two nodes that are peers of each other over https, each with an end of its own that speaks plain HTTP.
struct two_nodes {
    /// `alice_adds` are further lines of alice's connector section, `incoming` what bob asks of alice.
    explicit two_nodes(std::vector<std::string> alice_adds = {}, const std::vector<std::string>& incoming = {},
                       std::string protocol = "auto")
        : protocol_{std::move(protocol)},
          alice{terms("alice", "bob", bob_port, alice_end, std::move(alice_adds), {}), alice_port},
          bob{terms("bob", "alice", alice_port, bob_end, {}, incoming), bob_port} {}

    daemon_terms terms(const std::string& own, const std::string& other, std::uint16_t other_port, const fake_peer& end,
                       std::vector<std::string> adds, const std::vector<std::string>& incoming) {
        daemon_terms made{.address = "test." + own};
        // Alice's end and bob's speak TLS to their nodes as well: the listener is the same one.
        made.connector = {"workers: 1", "certificate_file: " + files(own).certificate, "key_file: " + files(own).key};
        made.connector.insert(made.connector.end(), adds.begin(), adds.end());
        made.peers = {{.name = other,
                       .outgoing = {"ca_file: " + pki.roots, "protocol: " + protocol_},
                       .tokens = {token_for(own)},
                       .url = https(other_port),
                       .incoming = incoming},
                      {.name = own + "-end", .address = "test." + own + ".end", .port = end.port()}};
        return made;
    }
    const identity_files& files(const std::string& name) const { return name == "alice" ? of_alice : of_bob; }

    std::string outcome_from_alice() const { return send(alice, "alice-end", "test.bob.end.x"); }
    std::string outcome_from_bob() const { return send(bob, "bob-end", "test.alice.end.x"); }

    std::string send(const ilpd_daemon& d, const std::string& from, const std::string& to) const {
        tls_connection connection{d.port(), {.roots = trusted_by_ends}};
        return outcome(
            connection.exchange(ilp_request(encode({.amount = 5, .destination = to, .expires_in = 25s}), from)));
    }

    const std::string protocol_;  ///< in which alice and bob send each other packets
    test_pki pki{};
    std::string trusted_by_ends = pki.roots;  ///< a file
    identity_files of_alice = pki.folder.write("alice", pki.authority.issue({.names = {"localhost"}}));
    identity_files of_bob = pki.folder.write("bob", pki.authority.issue({.names = {"localhost"}}));
    std::uint16_t alice_port = free_port();
    std::uint16_t bob_port = free_port();
    fake_peer alice_end;
    fake_peer bob_end;
    ilpd_daemon alice;
    ilpd_daemon bob;
};

/// Packets from alice's end to bob's, one after the other, each on a connection of its own.
class steady_traffic {
public:
    explicit steady_traffic(const two_nodes& nodes)
        : sender_{[this, &nodes](const std::stop_token& stop) {
              while (!stop.stop_requested()) {
                  try {
                      const std::string result = nodes.outcome_from_alice();
                      if (result != "fulfill") failures_.push_back(result);
                  } catch (const std::exception& error) {
                      failures_.emplace_back(error.what());
                  }
                  ++sent_;
              }
          }} {}

    /// True once some more packets have their outcome.
    bool goes_on() const {
        return eventually([this, before = sent_.load()] { return sent_ > before + 3; });
    }

    /// Ends it. Returns the outcomes that were not a Fulfill.
    std::vector<std::string> failures() {
        sender_.request_stop();
        sender_.join();
        return failures_;
    }

private:
    std::atomic<int> sent_ = 0;
    std::vector<std::string> failures_;
    std::jthread sender_;
};

/// Has the daemon read its files again, and waits until it has done so.
void reload(const ilpd_daemon& d) {
    const auto count = [&] {
        int found = 0;
        const std::string log = d.log();
        for (std::size_t at = log.find("reloaded"); at != std::string::npos; at = log.find("reloaded", at + 1)) ++found;
        return found;
    };
    const int before = count();
    d.reload();
    REQUIRE(eventually([&] { return count() > before; }));
}

/// A next hop behind TLS with this certificate; returns what becomes of a packet to it.
std::string outcome_at(const support::identity& identity, const test_pki& pki, std::string& logged,
                       const std::string& protocol = "http1", const std::string& host = "localhost") {
    const auto files = pki.folder.write("next-hop", identity);
    fake_peer next_hop;
    const tls_proxy proxy{next_hop.port(), files.certificate, files.key};
    const rig r{[&](daemon_terms& terms) {
        terms.peers[1].url = https(proxy.port(), host);
        terms.peers[1].outgoing = {"ca_file: " + pki.roots, "protocol: " + protocol};
    }};
    const std::string result = outcome(r.send(prepare{}));
    if (result != "fulfill") {
        CHECK(r.d.logs("peer is unreachable"));
        CHECK(next_hop.request_count() == 0);
    }
    logged = r.d.log();
    return result;
}

std::string curl(std::uint16_t port, std::vector<std::string> options, const std::string& shown) {
    const temporary_directory folder;
    const auto body = (folder.path() / "prepare").string();
    {
        const auto octets = encode(prepare{});
        std::ofstream{body, std::ios::binary} << ilp::as_text(octets);
    }
    command what;
    what.arguments = {"curl",
                      "-sS",
                      "--noproxy",
                      "*",
                      "-o",
                      (folder.path() / "answer").string(),
                      "-w",
                      shown,
                      "-H",
                      "Authorization: Bearer " + token_of("p1"),
                      "-H",
                      "Content-Type: application/octet-stream",
                      "--data-binary",
                      "@" + body};
    what.arguments.insert(what.arguments.end(), options.begin(), options.end());
    what.arguments.push_back(https(port));
    what.output = folder.path() / "status";
    what.errors = folder.path() / "errors";
    child_process process{std::move(what)};
    const auto status = process.wait(patience);
    REQUIRE(status);
    auto file = std::ifstream{folder.path() / "status", std::ios::binary};
    return std::to_string(*status) + " " + std::string{std::istreambuf_iterator<char>{file}, {}};
}

std::string curl(const encrypted& e, std::vector<std::string> options) {
    return curl(e.r.d.port(), std::move(options), "%{http_code}");
}

}  // namespace

TEST_CASE("TLS: two nodes exchange packets over https, both ways, and their books agree") {
    const two_nodes nodes{{}, {}, GENERATE("auto", "http1", "http2")};
    for (int i = 0; i < 3; ++i) {
        CHECK(nodes.outcome_from_alice() == "fulfill");
        CHECK(nodes.outcome_from_bob() == "fulfill");
    }
    CHECK(nodes.outcome_from_alice() == "fulfill");
    CHECK(nodes.alice.settled_liquidity("bob") == default_liquidity + 5);
    CHECK(nodes.bob.settled_liquidity("alice") == default_liquidity - 5);
    CHECK(nodes.alice.audit().status == 0);
    CHECK(nodes.bob.audit().status == 0);
}

TEST_CASE("TLS: packets arrive over TLS 1.2 and 1.3 from curl, which verifies the certificate") {
    const encrypted e;
    const std::string& roots = e.pki.roots;
    CHECK(curl(e, {"--cacert", roots, "--http1.1", "--tlsv1.2", "--tls-max", "1.2"}) == "0 200");
    CHECK(curl(e, {"--cacert", roots, "--http1.1", "--tlsv1.3"}) == "0 200");
    CHECK(curl(e, {"--cacert", roots, "--http2"}) == "0 200");
    CHECK(curl(e, {}) == "60 000");  // the system does not trust the authority
    CHECK(curl(e, {"--cacert", roots, "--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0"}) == "35 000");
    CHECK(e.r.p2.request_count() == 3);
}

TEST_CASE("TLS: a connection is kept for many packets, which may arrive in pieces and together") {
    const encrypted e;
    const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    tls_client_terms terms = e.client();
    terms.version = version;
    tls_connection connection{e.r.d.port(), terms};
    const std::string request = serialize(ilp_request(encode(prepare{.data = random_bytes(30'000)})));
    for (std::size_t sent = 0; sent < request.size(); sent += 1000) {
        REQUIRE(connection.send(std::string_view{request}.substr(sent, 1000)));
    }
    CHECK(outcome(connection.receive()) == "fulfill");
    REQUIRE(connection.send(request + request + request));
    for (int i = 0; i < 3; ++i) CHECK(outcome(connection.receive()) == "fulfill");
}

TEST_CASE("TLS: a client that speaks plain HTTP is told so, and one that says nothing is not waited for") {
    const test_pki pki;
    const rig r{[&](daemon_terms& terms) {
        terms.connector = pki.listener();
        terms.connector.emplace_back("request_timeout: 300ms");
    }};
    const auto answer = http_connection{r.d.port()}.exchange(ilp_request(encode(prepare{})));
    REQUIRE(answer);
    CHECK(answer->status() == 400);
    CHECK(std::string{ilp::as_text(answer->body)}.contains("use https://"));

    const descriptor silent = connect_to(r.d.port());
    std::string heard;
    CHECK(read_some(silent, heard, patience) == read_result::end);
    CHECK(heard.empty());
    r.expect_untouched();
}

TEST_CASE("TLS: a peer with client keys is heard only with one of them, beside its token or without one") {
    const test_pki pki;
    // Who has signed it does not matter.
    const auto stranger = authority{"Somebody's authority"}.issue({.names = {"p1.example"}});
    const auto known = pki.folder.write("known", stranger);
    const auto unknown = pki.folder.write("unknown", pki.authority.issue({}));
    const bool has_token = GENERATE(true, false);
    const rig r{[&](daemon_terms& terms) {
        terms.connector = pki.listener();
        terms.peers[0].incoming = {"auth_tokens: [" + (has_token ? token_of("p1") : "") + "]",
                                   "client_keys: [" + stranger.key_pin + "]"};
    }};
    const auto send = [&](const identity_files& shown, bool shows_token) {
        tls_connection connection{r.d.port(), {.roots = pki.roots, .certificate = shown.certificate, .key = shown.key}};
        http_request request = ilp_request(encode(prepare{}));
        if (!shows_token)
            std::erase_if(request.headers, [](const auto& each) { return each.first == "Authorization"; });
        return outcome(connection.exchange(request));
    };
    CHECK(send(known, has_token) == "fulfill");
    CHECK(send(known, false) == (has_token ? "HTTP 401" : "fulfill"));
    CHECK(send(unknown, has_token) == "HTTP 401");
    CHECK(send(identity_files{}, has_token) == "HTTP 401");
    if (has_token) {
        CHECK(r.d.logs("came without a client certificate"));
        CHECK(r.d.logs("is not among its client keys"));
    }
}

TEST_CASE("TLS: curl shows a client certificate over HTTP/2, and is heard only with the right one") {
    const test_pki pki;
    const auto own = pki.authority.issue({.names = {"p1.example"}});
    const auto known = pki.folder.write("known", own);
    const auto unknown = pki.folder.write("unknown", pki.authority.issue({}));
    const rig r{[&](daemon_terms& terms) {
        terms.connector = pki.listener();
        terms.peers[0].incoming = {"auth_tokens: [" + token_of("p1") + "]", "client_keys: [" + own.key_pin + "]"};
    }};
    const auto status = [&](const std::vector<std::string>& shown) {
        std::vector<std::string> options{"--cacert", pki.roots, "--http2"};
        options.insert(options.end(), shown.begin(), shown.end());
        return curl(r.d.port(), std::move(options), "%{http_version} %{http_code}");
    };
    CHECK(status({"--cert", known.certificate, "--key", known.key}) == "0 2 200");
    CHECK(status({"--cert", unknown.certificate, "--key", unknown.key}) == "0 2 401");
    CHECK(status({}) == "0 2 401");
    CHECK(r.p2.request_count() == 1);
}

TEST_CASE("A35-34: a Prepare in early data is not taken") {
    const encrypted e;
    const auto connect = [&](SSL_SESSION* resumed) {
        struct {
            descriptor socket;
            ssl_context_handle context{SSL_CTX_new(TLS_client_method())};
            ssl_handle ssl{SSL_new(context.get())};
        } made;
        made.socket = connect_to(e.r.d.port());
        SSL_set_fd(made.ssl.get(), made.socket.get());
        if (resumed != nullptr) REQUIRE(SSL_set_session(made.ssl.get(), resumed) == 1);
        return made;
    };
    const std::string request = serialize(ilp_request(encode(prepare{})));
    auto first = connect(nullptr);
    std::size_t count = 0;
    char answer[4096];
    REQUIRE(SSL_connect(first.ssl.get()) == 1);
    REQUIRE(SSL_write_ex(first.ssl.get(), request.data(), request.size(), &count) == 1);
    REQUIRE(SSL_read_ex(first.ssl.get(), answer, sizeof answer, &count) == 1);  // the ticket comes before that
    REQUIRE(e.r.p2.request_count() == 1);
    using session = std::unique_ptr<SSL_SESSION, decltype(&SSL_SESSION_free)>;
    const session given{SSL_get1_session(first.ssl.get()), &SSL_SESSION_free};
    REQUIRE(SSL_SESSION_is_resumable(given.get()) == 1);
    CHECK(SSL_SESSION_get_max_early_data(given.get()) == 0);

    // Somebody who records early data could send it again.
    SSL_SESSION_set_max_early_data(given.get(), 16'384);
    for (int i = 0; i < 2; ++i) {
        const session copy{SSL_SESSION_dup(given.get()), &SSL_SESSION_free};  // a failure makes it useless
        auto again = connect(copy.get());
        REQUIRE(SSL_write_early_data(again.ssl.get(), request.data(), request.size(), &count) == 1);
        static_cast<void>(SSL_connect(again.ssl.get()));
        CHECK(SSL_get_early_data_status(again.ssl.get()) != SSL_EARLY_DATA_ACCEPTED);
        ERR_clear_error();
        CHECK(SSL_read_ex(again.ssl.get(), answer, sizeof answer, &count) != 1);
    }
    CHECK(e.send()->status() == 200);
    CHECK(e.r.p2.request_count() == 2);
}

TEST_CASE("TLS: a node shows its client certificate to a peer that asks for it") {
    const test_pki mine;
    const auto own = mine.authority.issue({.names = {"alice.example"}});
    const auto files = mine.folder.write("client", own);
    const std::vector<std::string> lines{"client_certificate_file: " + files.certificate,
                                         "client_key_file: " + files.key};
    const bool is_known = GENERATE(true, false);
    const std::string key = is_known ? own.key_pin : mine.authority.issue({}).key_pin;
    const two_nodes nodes{lines, {"auth_tokens: [" + token_for("bob") + "]", "client_keys: [" + key + "]"}};
    CHECK(nodes.outcome_from_alice() == (is_known ? "fulfill" : "T01"));
    if (!is_known) CHECK(nodes.bob.logs("is not among its client keys"));
}

TEST_CASE("A35-32: a next hop whose certificate is in order gets the packet") {
    const test_pki pki;
    std::string logged;
    CHECK(outcome_at(pki.own, pki, logged) == "fulfill");
    CHECK(outcome_at(pki.own, pki, logged, "http1", "127.0.0.1") == "fulfill");
}

TEST_CASE("A35-32: a next hop whose certificate is not in order gets no packet, and the log says why") {
    const std::string protocol = GENERATE("http1", "http2");
    const test_pki pki;
    std::string logged;
    SECTION("expired") {
        const auto old = pki.authority.issue({.names = {"localhost"}, .valid_from = -50h, .valid_until = -1h});
        CHECK(outcome_at(old, pki, logged, protocol) == "T01");
        CHECK_THAT(logged, Catch::Contains("its certificate expired on 20"));
    }
    SECTION("for another name") {
        CHECK(outcome_at(pki.authority.issue({.names = {"other.example"}}), pki, logged, protocol) == "T01");
        CHECK_THAT(logged, Catch::Contains("its certificate is for other.example, not for localhost"));
    }
    SECTION("from another authority") {
        const support::authority other{"Other authority"};
        CHECK(outcome_at(other.issue({.names = {"localhost"}}), pki, logged, protocol) == "T01");
        CHECK_THAT(logged, Catch::Contains("which is not trusted here"));
    }
    SECTION("self-signed") {
        const auto own = pki.authority.issue({.names = {"localhost"}, .is_self_signed = true});
        CHECK(outcome_at(own, pki, logged, protocol) == "T01");
        CHECK_THAT(logged, Catch::Contains("is self-signed"));
    }
}

TEST_CASE("TLS: a next hop that wants a client certificate after the handshake gets no packet, and the log says why") {
    const std::string protocol = GENERATE("http1", "http2");
    const bool shows_one = GENERATE(false, true);
    const test_pki pki;
    const fake_peer next_hop;
    tls_proxy proxy{next_hop.port(), pki.node.certificate, pki.node.key};
    proxy.demand_certificates();
    const rig r{[&](daemon_terms& terms) {
        if (shows_one) {
            terms.connector.push_back("client_certificate_file: " + pki.node.certificate);
            terms.connector.push_back("client_key_file: " + pki.node.key);
        }
        terms.peers[1].url = https(proxy.port());
        terms.peers[1].outgoing = {"ca_file: " + pki.roots, "protocol: " + protocol};
    }};
    const std::string why =
        shows_one ? "the other side does not accept our certificate" : "the other side requires a certificate of ours";
    CHECK(outcome(r.send(prepare{})) == "T01");
    CHECK(r.d.logs(why));
    const auto p2 = admin_client{r.d.admin_port()}.ask(
        "{ peers(first: 2) { edges { node { name reachability { state lastError } } } } }");
    CHECK_THAT(p2.text(), Catch::Contains(why));
    CHECK(next_hop.request_count() == 0);
}

TEST_CASE("TLS: a next hop that does not speak TLS gets no packet") {
    const rig next_hop;
    const rig r{[&](daemon_terms& terms) { terms.peers[1].url = https(next_hop.d.port()); }};
    CHECK(outcome(r.send(prepare{})) == "T01");
    CHECK(r.d.logs("the other side does not speak TLS on this port"));
}

TEST_CASE("TLS: a next hop may end connections without TLS's closing message, and the next packets reach it") {
    const test_pki pki;
    fake_peer next_hop;
    tls_proxy proxy{next_hop.port(), pki.node.certificate, pki.node.key};
    proxy.end_without_notice();
    const rig r{[&](daemon_terms& terms) {
        terms.peers[1].url = https(proxy.port());
        terms.peers[1].outgoing = {"ca_file: " + pki.roots};
    }};
    for (int i = 0; i < 3; ++i) {
        CHECK(outcome(r.send(prepare{})) == "fulfill");
        next_hop.cut_connections();
        CHECK(eventually([&] { return r.d.scrape().sum("ilp_link_connections", {{"peer", "p2"}}) == 0; }));
    }
}

TEST_CASE("TLS: SIGHUP renews certificates under traffic, without a packet lost or a connection cut") {
    two_nodes nodes;
    tls_connection open{nodes.bob.port(), {.roots = nodes.pki.roots}};
    const auto echo_on_open = [&] {
        return outcome(open.exchange(
            ilp_request(encode({.amount = 1, .destination = "test.alice.end.x", .expires_in = 25s}), "bob-end")));
    };
    CHECK(echo_on_open() == "fulfill");
    steady_traffic traffic{nodes};  // connections come and go while the certificate changes
    const std::string old_serial = open.server_serial();
    std::string serial = old_serial;
    for (int i = 0; i < 4; ++i) {
        nodes.pki.folder.write("bob", nodes.pki.authority.issue({.names = {"localhost"}}));
        nodes.bob.reload();
        CHECK(eventually([&] {
            const std::string now = tls_connection{nodes.bob.port(), {.roots = nodes.pki.roots}}.server_serial();
            const bool is_new = now != serial;
            serial = now;
            return is_new;
        }));
        CHECK(traffic.goes_on());
    }
    for (const std::string& each : traffic.failures()) FAIL_CHECK(each);
    CHECK(open.server_serial() == old_serial);
    CHECK(echo_on_open() == "fulfill");

    nodes.pki.folder.write_file("bob.key", "no key");
    nodes.bob.reload();
    CHECK(nodes.bob.logs("bob.key: no private key in PEM"));
    CHECK(tls_connection{nodes.bob.port(), {.roots = nodes.pki.roots}}.server_serial() == serial);
    CHECK(nodes.outcome_from_alice() == "fulfill");
    CHECK(nodes.alice.audit().status == 0);
    CHECK(nodes.bob.audit().status == 0);
}

TEST_CASE("TLS: authorities are exchanged while packets flow, and no packet is lost") {
    two_nodes nodes{{}, {}, GENERATE("http1", "http2")};
    const auto held = std::make_shared<gate>();
    nodes.bob_end.set_script([held](const http_message& request) {
        scripted_answer answer = answer_fulfill(request);
        if (decode_prepare(request.body).destination == "test.bob.end.slow") answer.held_by = held;
        return answer;
    });
    const authority next{"Next authority"};
    const std::string& old_one = nodes.pki.authority.certificate();
    // The ends trust both all the time.
    nodes.trusted_by_ends = nodes.pki.folder.write_file("ends-ca.crt", old_one + next.certificate());
    std::future<std::string> slow =
        std::async(std::launch::async, [&] { return nodes.send(nodes.alice, "alice-end", "test.bob.end.slow"); });
    REQUIRE(nodes.bob_end.wait_for_requests(1));
    steady_traffic traffic{nodes};
    const auto both_reload = [&] {
        reload(nodes.alice);
        reload(nodes.bob);
        CHECK(traffic.goes_on());
        CHECK(nodes.outcome_from_bob() == "fulfill");
    };
    nodes.pki.folder.write_file("ca.crt", old_one + next.certificate());
    both_reload();
    for (const char* const name : {"alice", "bob"}) nodes.pki.folder.write(name, next.issue({.names = {"localhost"}}));
    both_reload();
    nodes.pki.folder.write_file("ca.crt", next.certificate());
    both_reload();
    for (const std::string& each : traffic.failures()) FAIL_CHECK(each);
    CHECK(slow.wait_for(0s) == std::future_status::timeout);
    held->open();
    CHECK(slow.get() == "fulfill");
    CHECK(nodes.alice.audit().status == 0);
    CHECK(nodes.bob.audit().status == 0);
}

TEST_CASE("TLS: an authority that is trusted no more is refused at once, also where a connection was open") {
    two_nodes nodes{{}, {}, GENERATE("http1", "http2")};
    const auto held = std::make_shared<gate>();
    nodes.bob_end.set_script([held](const http_message& request) {
        scripted_answer answer = answer_fulfill(request);
        if (decode_prepare(request.body).destination == "test.bob.end.slow") answer.held_by = held;
        return answer;
    });
    nodes.trusted_by_ends = nodes.pki.folder.write_file("ends-ca.crt", nodes.pki.authority.certificate());
    std::future<std::string> slow =
        std::async(std::launch::async, [&] { return nodes.send(nodes.alice, "alice-end", "test.bob.end.slow"); });
    REQUIRE(nodes.bob_end.wait_for_requests(1));
    CHECK(nodes.outcome_from_alice() == "fulfill");
    const authority next{"Next authority"};
    nodes.pki.folder.write_file("ca.crt", next.certificate());
    reload(nodes.alice);
    CHECK(nodes.outcome_from_alice() == "T01");
    CHECK(nodes.alice.logs("which is not trusted here"));
    CHECK(nodes.bob_end.request_count() == 2);
    held->open();
    CHECK(slow.get() == "fulfill");  // it was on its way before

    nodes.pki.folder.write_file("ends-ca.crt", nodes.pki.authority.certificate() + next.certificate());
    nodes.pki.folder.write("bob", next.issue({.names = {"localhost"}}));
    reload(nodes.bob);
    CHECK(eventually([&] { return nodes.outcome_from_alice() == "fulfill"; }));  // after the pause between attempts
    CHECK(nodes.alice.audit().status == 0);
    CHECK(nodes.bob.audit().status == 0);
}

TEST_CASE("TLS: many handshakes at a time do not keep packets of a peer from being answered") {
    const encrypted e;
    tls_connection honest{e.r.d.port(), e.client()};
    CHECK(outcome(honest.exchange(ilp_request(encode(prepare{})))) == "fulfill");
    constexpr int rounds = 3;
    constexpr int count = 100;
    std::atomic<int> finished = 0;
    std::jthread crowd{[&] {
        for (int round = 0; round < rounds; ++round) {
            std::deque<tls_connection> made;
            for (int i = 0; i < count; ++i) {
                try {
                    made.emplace_back(e.r.d.port(), e.client());
                } catch (const std::exception&) {
                    return;
                }
                ++finished;
            }
        }
    }};
    int answered = 0;
    while (finished < rounds * count) {
        const int before = finished;
        REQUIRE(outcome(honest.exchange(ilp_request(encode(prepare{.expires_in = 25s})))) == "fulfill");
        ++answered;
        REQUIRE(eventually([&] { return finished > before || finished == rounds * count; }));
    }
    CHECK(answered > 10);
}

TEST_CASE("TLS: handshakes that are not completed have a bound of memory, and a peer keeps its rate beside them") {
    test_pki pki;
    const rig r{[&](daemon_terms& terms) {
        terms.connector = pki.listener();
        terms.connector.emplace_back("max_buffer_memory: 4194304");
    }};
    tls_connection honest{r.d.port(), {.roots = pki.roots}};
    const auto seconds_for = [&](int packets) {
        const auto begin = std::chrono::steady_clock::now();
        for (int i = 0; i < packets; ++i) {
            REQUIRE(outcome(honest.exchange(ilp_request(encode(prepare{.expires_in = 25s})))) == "fulfill");
        }
        return std::chrono::duration<double>{std::chrono::steady_clock::now() - begin}.count();
    };
    const double alone = seconds_for(100);
    // Each of them takes as much memory as a client can have OpenSSL take with ten bytes.
    constexpr std::string_view announces_most{"\x16\x03\x01\x00\x04\x01\x02\x01\x40", 9};
    std::atomic<int> begun = 0;
    std::jthread strangers{[&](const std::stop_token& stop) {
        std::deque<http_connection> half_done;
        while (!stop.stop_requested() && begun < 3000) {
            half_done.emplace_back(r.d.port()).send(announces_most);
            if (half_done.size() > 300) half_done.pop_front();
            ++begun;
            std::this_thread::sleep_for(1ms);  // the pace of the strangers
        }
    }};
    REQUIRE(eventually([&] { return begun > 300; }));
    const double beside = seconds_for(100);
    const auto metrics = r.d.scrape();
    // The bound is looked at once a turn, in which up to eight handshakes may begin.
    CHECK(metrics.sum("ilp_buffered_bytes") <= 4'194'304 + 8 * 192 * 1024);
    CHECK(metrics.sum("ilp_connections_closed_for_memory_total") > 100);
    INFO("100 packets took " << alone << " s, and " << beside << " s beside the strangers");
    CHECK(beside < 10 * std::max(alone, 0.2));
    strangers.request_stop();
}

TEST_CASE("TLS: a certificate that expires soon is reported, and its time is a metric") {
    const test_pki pki;
    const auto soon = pki.folder.write("soon", pki.authority.issue({.names = {"localhost"}, .valid_until = 5h}));
    const rig r{[&](daemon_terms& terms) {
        terms.connector = {"workers: 1", "certificate_file: " + soon.certificate, "key_file: " + soon.key};
    }};
    CHECK(r.d.logs("connector: the certificate expires on 20"));
    const double at = r.d.scrape().sum("ilp_certificate_expiry_timestamp_seconds", {{"listener", "connector"}});
    const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    CHECK(at > now);
    CHECK(at < now + 6.0 * 3600);
}

TEST_CASE("TLS: a daemon does not start with a packet certificate that it cannot use") {
    const test_pki pki;
    const auto other = pki.folder.write("other", pki.authority.issue({}));
    daemon_terms terms;
    terms.connector = {"certificate_file: " + pki.node.certificate, "key_file: " + other.key};
    const auto ended = run_daemon(terms);
    CHECK(ended.status == 1);
    CHECK_THAT(ended.standard_error, Catch::Contains("connector: " + other.key + ": this is not the key"));
}

}  // namespace packet_tls_test
