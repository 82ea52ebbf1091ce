#include "tests/support/certificates.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/http2_client.hpp"
#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace http2_programs_test {

// Programs of others speak HTTP/2 with the daemon: nghttp and h2load as clients, nginx as a server.

namespace {

using namespace support;
using namespace std::chrono_literals;

std::string text_of(const std::filesystem::path& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

struct test_pki {
    certificate_folder folder{};
    support::authority authority{};
    std::string roots = folder.write_file("ca.crt", authority.certificate());
    identity_files node = folder.write("node", authority.issue({.names = {"localhost", "127.0.0.1"}}));
};

/// Runs a client that posts the same Prepare many times, and returns what it prints.
std::string run_client(std::vector<std::string> arguments, const std::string& url, const prepare& sent = {}) {
    const temporary_directory folder;
    const auto body = folder.path() / "prepare";
    {
        const auto octets = encode(sent);
        std::ofstream{body, std::ios::binary} << ilp::as_text(octets);
    }
    const std::vector<std::string> packet{"-H", "authorization: Bearer " + token_of("p1"),
                                          "-H", "content-type: application/octet-stream",
                                          "-d", body.string(),
                                          url};
    arguments.insert(arguments.end(), packet.begin(), packet.end());
    child_process client{{.arguments = std::move(arguments),
                          .output = folder.path() / "output",
                          .errors = {},
                          .environment = {},
                          .core = {}}};
    const auto status = client.wait(patience);
    INFO(client.output());
    REQUIRE(status == 0);
    return client.output();
}

std::size_t count_of(std::string_view text, std::string_view what) {
    std::size_t count = 0;
    for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++count;
    return count;
}

/// nginx in front of a server of HTTP/1.1 on this machine.
class nginx {
public:
    /// `listen` are words behind the port, `lines` further ones of the server section.
    nginx(const test_pki& pki, std::uint16_t behind, const std::string& listen, const std::string& lines = {}) {
        std::ofstream{folder_.path() / "nginx.conf"}
            << fmt::format(R"(daemon off;
master_process on;
pid {0}/nginx.pid;
error_log {0}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log {0}/access.log;
    log_format seen '$server_protocol $status';
    access_log {0}/seen.log seen;
    client_body_temp_path {0}/body; proxy_temp_path {0}/proxy; fastcgi_temp_path {0}/f; uwsgi_temp_path {0}/u; scgi_temp_path {0}/s;
    upstream node {{ server 127.0.0.1:{1}; keepalive 64; }}
    server {{
        listen 127.0.0.1:{2} {3};
        ssl_certificate {4}; ssl_certificate_key {5};
        {6}
        location / {{
            proxy_pass http://node;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
}}
)",
                           folder_.path().string(), behind, port_, listen, pki.node.certificate, pki.node.key, lines);
        process_ = std::make_unique<child_process>(
            command{.arguments = {"nginx", "-p", folder_.path().string(), "-c", "nginx.conf", "-e", "stderr"},
                    .output = folder_.path() / "output",
                    .errors = {},
                    .environment = {},
                    .core = {},
                    .end_signal = SIGTERM});
        REQUIRE(wait_for_port(port_));
    }
    ~nginx() { process_->stop(); }
    nginx(const nginx&) = delete;
    nginx& operator=(const nginx&) = delete;

    std::uint16_t port() const { return port_; }
    void reload() const { process_->signal(SIGHUP); }
    /// The requests that it has seen in this version.
    std::size_t requests_in(const std::string& version) const {
        return count_of(text_of(folder_.path() / "seen.log"), version + " 200");
    }

private:
    temporary_directory folder_;
    std::uint16_t port_ = free_port();
    std::unique_ptr<child_process> process_;
};

/// A daemon whose next hop p2 is behind nginx, over https and with `outgoing.protocol` left at its default.
struct behind_nginx {
    explicit behind_nginx(const std::string& listen, const std::string& lines = {})
        : proxy{pki, next_hop.port(), listen, lines}, d{terms()} {}

    daemon_terms terms() const {
        daemon_terms made;
        made.connector = {"workers: 1"};
        made.peers = {{.name = "p1"},
                      {.name = "p2",
                       .outgoing = {"ca_file: " + pki.roots},
                       .url = fmt::format("https://localhost:{}/ilp", proxy.port())}};
        return made;
    }

    /// Sends packets, some at a time, and requires that each is fulfilled and reaches the next hop once.
    template <typename Between>
    void expect_fulfilled(std::size_t count, std::size_t at_a_time, const Between& between) {
        http2_client client{d.port()};
        std::vector<std::uint64_t> numbers;
        std::size_t answered = 0;
        const std::size_t before = next_hop.request_count();
        while (answered < count) {
            while (numbers.size() < count && numbers.size() - answered < at_a_time && client.may_send()) {
                numbers.push_back(client.post(encode({.data = random_bytes(20), .expires_in = 30s})));
                between(numbers.size());
            }
            const auto answer = client.wait_for(numbers[answered]);
            REQUIRE(answer);
            REQUIRE(answer->status == 200);
            REQUIRE(answer->body.at(0) == 13);  // a Fulfill
            ++answered;
        }
        CHECK(next_hop.request_count() == before + count);
    }

    test_pki pki;
    fake_peer next_hop;
    nginx proxy;
    ilpd_daemon d;
};

}  // namespace

TEST_CASE("A35-27: nghttp sends packets over HTTP/2, with prior knowledge and by ALPN") {
    const test_pki pki;
    const bool is_tls = GENERATE(false, true);
    const rig r{[&](daemon_terms& terms) {
        if (!is_tls) return;
        terms.connector.push_back("certificate_file: " + pki.node.certificate);
        terms.connector.push_back("key_file: " + pki.node.key);
    }};
    const auto url = fmt::format("{}://127.0.0.1:{}/ilp", is_tls ? "https" : "http", r.d.port());
    const std::string printed = run_client({"nghttp", "--no-verify-peer", "-n", "-s", "-m", "50"}, url);
    INFO(printed);
    CHECK(count_of(printed, " 200 ") == 50);
    CHECK(r.p2.request_count() == 50);
}

TEST_CASE("A35-27 A35-28: h2load sends thousands of packets, many at a time, and each is answered") {
    const rig r;
    const std::string printed =
        run_client({"h2load", "-n", "3000", "-c", "4", "-m", "200"}, fmt::format("http://127.0.0.1:{}/", r.d.port()));
    INFO(printed);
    CHECK(printed.contains("3000 total, 3000 started, 3000 done, 3000 succeeded, 0 failed"));
    CHECK(printed.contains("3000 2xx"));
    CHECK(r.p2.request_count() == 3000);
    CHECK(r.d.settled_liquidity("p1") == default_liquidity - 3000 * prepare{}.amount);
}

TEST_CASE("A35-27: nginx with HTTP/2 in front of the daemon passes packets to it") {
    const test_pki pki;
    const rig r;
    const nginx proxy{pki, r.d.port(), "ssl http2"};
    const auto url = fmt::format("https://127.0.0.1:{}/ilp", proxy.port());
    const std::string printed = run_client({"nghttp", "--no-verify-peer", "-n", "-s", "-m", "20"}, url);
    INFO(printed);
    CHECK(count_of(printed, " 200 ") == 20);
    CHECK(eventually([&] { return proxy.requests_in("HTTP/2.0") == 20; }));
    CHECK(r.p2.request_count() == 20);
}

TEST_CASE("A35-27: with a next hop over https, it decides whether packets travel over HTTP/2 or HTTP/1.1") {
    const bool is_http2 = GENERATE(true, false);
    behind_nginx world{is_http2 ? "ssl http2" : "ssl"};
    world.expect_fulfilled(100, 50, [](std::size_t) {});
    CHECK(eventually([&] { return world.proxy.requests_in(is_http2 ? "HTTP/2.0" : "HTTP/1.1") == 100; }));
    CHECK(world.proxy.requests_in(is_http2 ? "HTTP/1.1" : "HTTP/2.0") == 0);
}

TEST_CASE("A35-28: a next hop that says GOAWAY under load loses no packet, and gets none twice") {
    SECTION("after so many requests on a connection") {
        behind_nginx world{"ssl http2", "keepalive_requests 150;"};
        world.expect_fulfilled(1200, 100, [](std::size_t) {});
    }
    SECTION("when it reads its configuration again") {
        behind_nginx world{"ssl http2"};
        world.expect_fulfilled(1200, 100, [&](std::size_t sent) {
            if (sent % 200 == 0) world.proxy.reload();
        });
    }
}

TEST_CASE("A35-27: a next hop that takes few streams at a time carries as many packets as over HTTP/1.1") {
    behind_nginx world{"ssl http2", "http2_max_concurrent_streams 1;"};
    const auto hold = std::make_shared<gate>();
    world.next_hop.set_script([hold](const http_message& request) {
        auto answer = answer_fulfill(request);
        answer.held_by = hold;
        return answer;
    });
    http2_client client{world.d.port()};
    std::vector<std::uint64_t> numbers;
    for (int i = 0; i < 30; ++i) numbers.push_back(client.post(encode({.data = random_bytes(9), .expires_in = 30s})));
    CHECK(world.next_hop.wait_for_requests(30));
    hold->open();
    for (const auto each : numbers) {
        const auto answer = client.wait_for(each);
        REQUIRE(answer);
        CHECK(answer->status == 200);
    }
}

}  // namespace http2_programs_test
