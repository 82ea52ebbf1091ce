#include "tests/support/certificates.hpp"
#include "tests/support/page.hpp"
#include "tests/support/rig.hpp"
#include "tests/support/tls_connection.hpp"

#include <pwd.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

namespace nginx_page_test {

// Runs an nginx with the configuration of docs/operating/tls.md in front of a daemon.
namespace {

using namespace support;
namespace fs = std::filesystem;

const fs::path page = fs::path{ILPD_SOURCE_DIR} / "docs/operating/tls.md";

void replace(std::string& text, const std::string& what, const std::string& with) {
    const auto at = text.find(what);
    REQUIRE(at != std::string::npos);
    text.replace(at, what.size(), with);
}

/// The nginx of the page, which passes packets on to `daemon_port`.
class nginx_in_front {
public:
    nginx_in_front(std::uint16_t daemon_port, const identity_files& files) {
        std::string servers = blocks_of(page, "nginx", "## Behind nginx or Caddy");
        replace(servers, "server 127.0.0.1:3002", "server 127.0.0.1:" + std::to_string(daemon_port));
        replace(servers, "listen 443", "listen 127.0.0.1:" + std::to_string(port_));
        replace(servers, "server_name alice.example", "server_name localhost");
        replace(servers, "/etc/letsencrypt/live/alice.example/fullchain.pem", files.certificate);
        replace(servers, "/etc/letsencrypt/live/alice.example/privkey.pem", files.key);
        const std::string folder = folder_.path().string();
        std::string text;
        // As root it would run its workers as a user who may not write here.
        if (::geteuid() == 0) text += "user root;\n";
        text += "daemon off;\nworker_processes 1;\npid " + folder + "/pid;\nevents {}\nhttp {\naccess_log off;\n";
        for (const char* const what : {"client_body", "proxy", "fastcgi", "scgi", "uwsgi"}) {
            text += std::string{what} + "_temp_path " + folder + "/" + what + ";\n";
        }
        std::ofstream{folder_.path() / "nginx.conf"} << text << servers << "}\n";
        const std::string program = fs::exists("/usr/sbin/nginx") ? "/usr/sbin/nginx" : "nginx";
        command what;
        what.arguments = {program, "-p", folder, "-c", folder + "/nginx.conf", "-e", "stderr"};
        what.output = folder_.path() / "log";
        what.end_signal = SIGTERM;
        process_.emplace(std::move(what));
        INFO(process_->output());
        REQUIRE(wait_for_port(port_));
    }

    std::uint16_t port() const noexcept { return port_; }

private:
    temporary_directory folder_;
    std::uint16_t port_ = free_port();
    std::optional<child_process> process_;
};

}  // namespace

TEST_CASE("the manual: with nginx in front of a node, packets come over TLS, from a client and from another node") {
    const authority issuer;
    const certificate_folder files;
    const std::string roots = files.write_file("ca.crt", issuer.certificate());
    rig behind;
    const nginx_in_front nginx{behind.d.port(), files.write("nginx", issuer.issue({.names = {"localhost"}}))};

    tls_connection client{nginx.port(), {.roots = roots}};
    for (int i = 0; i < 3; ++i) CHECK(outcome(client.exchange(ilp_request(encode(prepare{})))) == "fulfill");
    CHECK(outcome(client.exchange(ilp_request(encode(prepare{.destination = "test.nobody"})))) == "F02");
    CHECK(outcome(client.exchange(ilp_request(encode(prepare{}), "nobody"))) == "HTTP 401");

    const std::string protocol = GENERATE("http1", "http2", "auto");
    const rig r{[&](daemon_terms& terms) {
        terms.peers[1].url = "https://localhost:" + std::to_string(nginx.port()) + "/";
        terms.peers[1].presents_token = false;
        terms.peers[1].outgoing = {"auth_token: " + token_of("p1"), "ca_file: " + roots, "protocol: " + protocol};
    }};
    for (int i = 0; i < 3; ++i) CHECK(outcome(r.send(prepare{})) == "fulfill");
    behind.p2.set_script([](const http_message&) { return answer_reject("T04"); });
    CHECK(outcome(r.send(prepare{})) == "T04");
    CHECK(behind.p2.request_count() == 7);
}

}  // namespace nginx_page_test
