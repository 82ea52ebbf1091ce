#include "tests/support/page.hpp"
#include "tests/support/rig.hpp"
#include "tests/support/tls_connection.hpp"

#include <catch2/catch.hpp>

namespace tls_page_test {

// Runs docs/operating/tls.md as written.

using namespace support;

TEST_CASE("the page about TLS: certificates of our own, and a client key") {
    const std::filesystem::path page = std::filesystem::path{ILPD_SOURCE_DIR} / "docs/operating/tls.md";
    const temporary_directory folder;
    const std::vector<std::pair<std::string, std::string>> places{{"/etc/ilpd/tls", folder.path().string()}};
    const auto run = [&](std::string_view heading) {
        const temporary_directory output;
        auto result = run_commands(commands_of(page, heading), places, {}, output.path());
        INFO(result.output);
        REQUIRE(result.status == 0);
        return result.output;
    };
    run("### Certificates of our own");
    const std::string hash = run("## Client certificates").substr(0, 64);
    const std::string certificate = (folder.path() / "node.crt").string();
    const std::string key = (folder.path() / "node.key").string();
    const tls_client_terms client{.roots = (folder.path() / "ca.crt").string(), .host = "alice.example"};
    const rig r{[&](daemon_terms& terms) {
        terms.connector = {"workers: 1", "certificate_file: " + certificate, "key_file: " + key};
        terms.peers[0].incoming = {"auth_tokens: []", "client_keys: [" + hash + "]"};
    }};
    tls_client_terms with_key = client;
    with_key.certificate = certificate;
    with_key.key = key;
    const auto request = ilp_request(encode(prepare{}));
    CHECK(outcome(tls_connection{r.d.port(), with_key}.exchange(request)) == "fulfill");
    CHECK(outcome(tls_connection{r.d.port(), client}.exchange(request)) == "HTTP 401");
}

}  // namespace tls_page_test
