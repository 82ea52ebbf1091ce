#include "ilp/ildcp.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/page.hpp"
#include "tests/support/rig.hpp"
#include "tests/support/tls_connection.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tls_page_test {

// Runs docs/operating/tls.md and tls-operators.md as written.
namespace {

using namespace support;
namespace fs = std::filesystem;

const fs::path page = fs::path{ILPD_SOURCE_DIR} / "docs/operating/tls.md";
const fs::path operators_page = fs::path{ILPD_SOURCE_DIR} / "docs/operating/tls-operators.md";

constexpr std::string_view own_certificates = "### Certificates of our own";
constexpr std::string_view public_certificates = "### A certificate of an authority that everybody trusts";
constexpr std::string_view settings_of_page = "### The settings";

using replacements = std::vector<std::pair<std::string, std::string>>;

std::string replaced(std::string text, const replacements& all) {
    for (const auto& [what, with] : all) {
        for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
            text.replace(at, what.size(), with);
        }
    }
    return text;
}

/// The page is written for Alice's machine.
std::string for_bob(const std::string& text) {
    return replaced(text, {{"alice", "(bob)"},
                           {"bob.", "alice."},
                           {"bob-ca", "alice-ca"},
                           {"name: bob", "name: alice"},
                           {"test.bob", "test.alice"},
                           {"(bob)", "bob"},
                           {"Alice", "Bob"},
                           {"_BOB", "_ALICE"}});
}

void write_file(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream{path} << text;
}

std::string read_file(const fs::path& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

/// Where both machines of the page listen on this one.
struct shared_ports {
    std::uint16_t alice = free_port();
    std::uint16_t bob = free_port();
};

/// A machine of the page: its files below /etc, and its daemon. Everything is at "localhost".
class machine {
public:
    explicit machine(const shared_ports& ports, bool is_alice = true) : is_alice_{is_alice}, ports_{ports} {
        write_file(folder_.path() / "bin/systemctl", "#!/bin/sh\n[ ! -e " + pid_file().string() +
                                                         " ] || kill -HUP \"$(cat " + pid_file().string() + ")\"\n");
        fs::permissions(folder_.path() / "bin/systemctl", fs::perms::owner_all);
    }

    fs::path etc() const { return folder_.path() / "files"; }
    fs::path tls() const { return etc() / "ilpd/tls"; }
    std::string roots() const { return (tls() / "ca.crt").string(); }
    std::uint16_t port() const noexcept { return is_alice_ ? ports_.alice : ports_.bob; }
    std::uint16_t admin_port() const noexcept { return admin_port_; }
    std::uint16_t metrics_port() const noexcept { return metrics_port_; }

    /// Runs the commands below a heading. Returns what they print.
    std::string run(std::string_view heading, const fs::path& from = page) {
        const auto result = try_to_run(commands_of(from, heading));
        INFO(result.output);
        REQUIRE(result.status == 0);
        return result.output;
    }
    shell_result try_to_run(const std::string& commands) {
        const temporary_directory output;
        return run_commands(is_alice_ ? commands : for_bob(commands), places(), environment(), output.path());
    }

    /// The settings of the page, which a test may change.
    std::string settings(const std::string& text) const {
        return replaced(is_alice_ ? text : for_bob(text), places()) + "log: {level: debug}\n";
    }

    void start(const std::string& settings) {
        write_file(etc() / "ilpd/ilpd.yaml", settings);
        command what;
        what.arguments = {daemon_program(), "--config", (etc() / "ilpd/ilpd.yaml").string()};
        what.output = log_file();
        what.environment = environment();
        what.environment.emplace_back("TOKEN_FOR_BOB", "the-token-of-alice-for-bob");
        what.environment.emplace_back("TOKEN_OF_ALICE", "the-token-of-alice-for-bob");
        what.environment.emplace_back("TOKEN_FOR_ALICE", "the-token-of-bob-for-alice");
        what.environment.emplace_back("TOKEN_OF_BOB", "the-token-of-bob-for-alice");
        process_ = std::make_unique<child_process>(std::move(what));
        process_->wait_for_output(" ready ilp_address=", patience);
        write_file(pid_file(), std::to_string(process_->pid()));
    }

    void reload(const std::string& settings) {
        write_file(etc() / "ilpd/ilpd.yaml", settings);
        process_->signal(SIGHUP);
    }
    void reload() const { process_->signal(SIGHUP); }

    bool logs(std::string_view text) const {
        return eventually([&] { return read_file(log_file()).contains(text); });
    }

    std::string serial() const { return tls_connection{port(), {.roots = roots()}}.server_serial(); }

private:
    fs::path pid_file() const { return folder_.path() / "pid"; }
    fs::path log_file() const { return folder_.path() / "log"; }

    replacements places() const {
        const auto at = [](std::uint16_t port) { return "localhost:" + std::to_string(port); };
        const auto listen = [](std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); };
        const std::string group = std::to_string(::getegid());
        return {{"/etc/", etc().string() + "/"},
                {"/var/lib/ilpd", folder_.path().string()},
                {"-g ilpd", "-g " + group},
                {"chgrp ilpd", "chgrp " + group},
                {"0.0.0.0:3002", listen(port())},
                {"0.0.0.0:3001", listen(admin_port_)},
                {"0.0.0.0:9464", listen(metrics_port_)},
                {"alice.example:3002", at(ports_.alice)},
                {"bob.example:3002", at(ports_.bob)},
                {"node.example:3001", at(admin_port_)},
                {"node.example:9464", at(metrics_port_)},
                {"alice.example", "localhost"},
                {"bob.example", "localhost"}};
    }

    replacements environment() const {
        return {{"PATH", (folder_.path() / "bin").string() + ":" + fs::path{daemon_program()}.parent_path().string() +
                             ":" + std::string{std::getenv("PATH")}},
                {"ILPCTL_URL", "http://127.0.0.1:" + std::to_string(admin_port_) + "/graphql"},
                {"ILPD_ADMIN_SECRET", "the-secret-of-the-operators"}};
    }

    bool is_alice_;
    shared_ports ports_;
    temporary_directory folder_;
    std::uint16_t admin_port_ = free_port();
    std::uint16_t metrics_port_ = free_port();
    std::unique_ptr<child_process> process_;
};

/// The settings of the page, with the listeners that it does not mention.
std::string settings_for(const machine& m) {
    return m.settings(
        blocks_of(page, "yaml", settings_of_page) + "admin: {listen: \"127.0.0.1:" + std::to_string(m.admin_port()) +
        "\", api_secret: \"${ILPD_ADMIN_SECRET}\"}\nmetrics: {listen: \"127.0.0.1:" + std::to_string(m.metrics_port()) +
        "\"}\n");
}

/// A request that only Bob's token makes a good one.
http_request request_of_bob() {
    auto request = ilp_request(encode(
        {.amount = 0, .destination = std::string{ilp::ildcp::destination}, .condition = ilp::peer_protocol_condition}));
    request.headers[0].second = "Bearer the-token-of-bob-for-alice";
    return request;
}

/// What certbot keeps in /etc/letsencrypt, with certificates of an authority of the test.
class certbot {
public:
    certbot(fs::path folder, const authority& authority) : folder_{std::move(folder)}, authority_{authority} {
        fs::create_directories(folder_ / "renewal-hooks/deploy");
    }

    /// Issues the next certificate of this name, and points the links to it.
    void issue(const std::string& name) {
        const auto made = authority_.issue({.names = {name}});
        const std::string number = std::to_string(++count_);
        for (const auto& [file, text] :
             replacements{{"fullchain", made.certificate + authority_.certificate()}, {"privkey", made.key}}) {
            write_file(folder_ / "archive" / name / (file + number + ".pem"), text);
            const fs::path link = folder_ / "live" / name / (file + ".pem");
            fs::create_directories(link.parent_path());
            fs::remove(link);
            fs::create_symlink("../../archive/" + name + "/" + file + number + ".pem", link);
        }
    }

    /// Has the machine run its hooks, as certbot does after a renewal.
    void run_hooks(machine& m, const std::string& name) const {
        for (const auto& hook : fs::directory_iterator{folder_ / "renewal-hooks/deploy"}) {
            const auto result = m.try_to_run("RENEWED_LINEAGE='" + (folder_ / "live" / name).string() +
                                             "' RENEWED_DOMAINS='" + name + "' '" + hook.path().string() + "'\n");
            INFO(result.output);
            REQUIRE(result.status == 0);
        }
    }

private:
    fs::path folder_;
    const authority& authority_;
    int count_ = 0;
};

}  // namespace

TEST_CASE("the manual: two machines with certificates of their own speak https, and then show client certificates") {
    const shared_ports ports;
    machine alice{ports};
    machine bob{ports, false};
    alice.run(own_certificates);
    bob.run(own_certificates);
    fs::copy_file(alice.roots(), bob.tls() / "alice-ca.crt");
    fs::copy_file(bob.roots(), alice.tls() / "bob-ca.crt");
    CHECK((fs::status(alice.tls() / "node.key").permissions() & fs::perms::others_all) == fs::perms::none);
    std::string of_alice = settings_for(alice);
    std::string of_bob = settings_for(bob);
    alice.start(of_alice);
    bob.start(of_bob);
    for (machine* const each : {&alice, &bob}) {
        const std::string printed = each->run("### See that it works");
        CHECK(printed.contains("Verification: OK"));
        CHECK(printed.contains(" reached in "));
    }

    // A name that the certificate is not for.
    CHECK(alice
              .try_to_run(replaced(commands_of(page, "### See that it works"),
                                   {{"-verify_hostname alice.example", "-verify_hostname carol.example"}}))
              .status != 0);

    const std::string both = blocks_of(page, "yaml", "## Client certificates");
    const std::string hash = alice.run("## Client certificates").substr(0, 64);
    const auto begin_of_second = both.find("incoming:");
    of_alice = replaced(of_alice, {{"connector:\n", both.substr(0, begin_of_second)}});
    const std::string in_terms =
        "      " + replaced(both.substr(begin_of_second), {{"HASH", hash}, {"\n  ", "\n        "}});
    of_bob = replaced(of_bob, {{"      incoming: {auth_tokens: [\"${TOKEN_OF_ALICE}\"]}\n", in_terms}});
    REQUIRE(of_bob.contains(hash));
    bob.reload(of_bob);
    const auto ping = [&] { return alice.try_to_run("ilpctl ping test.bob\n").status; };
    CHECK(eventually([&] { return ping() == 1; }));
    CHECK(bob.logs("came without a client certificate"));
    alice.reload(of_alice);
    CHECK(eventually([&] { return ping() == 0; }));

    // The next certificate has the same key, so it is known to Bob.
    const std::string serial = alice.serial();
    alice.run("## Renewal and expiry");
    alice.reload();
    CHECK(eventually([&] { return alice.serial() != serial; }));
    CHECK(ping() == 0);
    CHECK(alice.run("## Client certificates").substr(0, 64) == hash);
}

TEST_CASE("the manual: certbot's files are taken, and taken again at each renewal, without an interruption") {
    machine alice{shared_ports{}};
    const authority everybodys{"Everybody's authority"};
    write_file(alice.roots(), everybodys.certificate());
    certbot bot{alice.etc() / "letsencrypt", everybodys};
    bot.issue("localhost");
    alice.run(public_certificates);
    const std::string trusted =
        "        ca_file: tls/bob-ca.crt       # only if the system does not trust Bob's authority\n";
    const std::string settings = settings_for(alice);
    REQUIRE(settings.contains(trusted));
    alice.start(replaced(settings, {{trusted, ""}}));

    tls_connection open{alice.port(), {.roots = alice.roots()}};
    CHECK(outcome(open.exchange(request_of_bob())) == "fulfill");
    std::string serial = open.server_serial();
    for (int renewal = 0; renewal < 2; ++renewal) {
        bot.issue("localhost");
        CHECK(alice.serial() == serial);
        bot.run_hooks(alice, "localhost");
        CHECK(eventually([&] { return alice.serial() != serial; }));
        serial = alice.serial();
        CHECK(outcome(open.exchange(request_of_bob())) == "fulfill");
        tls_connection next{alice.port(), {.roots = alice.roots()}};
        CHECK(outcome(next.exchange(request_of_bob())) == "fulfill");
    }

    // Another certificate of the machine is none of the daemon's business.
    const std::string before = read_file(alice.tls() / "node.crt");
    bot.issue("www.example");
    bot.run_hooks(alice, "www.example");
    CHECK(read_file(alice.tls() / "node.crt") == before);
}

TEST_CASE("the manual: operators use the Admin API and the metrics over TLS") {
    constexpr std::string_view top = "# TLS for operators";
    machine node{shared_ports{}};
    node.run(own_certificates);
    node.start(
        node.settings("ilp_address: test.node\nconnector: {listen: \"0.0.0.0:3002\"}\nstore: {url: "
                      "\"sqlite:/var/lib/ilpd/ilpd.db\"}\nassets: [{code: USD, scale: 9}]\n" +
                      blocks_of(operators_page, "yaml", top)));
    const std::string printed = node.run(top, operators_page);
    CHECK(printed.contains("ilp_last_reload_success 1"));
    CHECK(printed.contains("test.node"));
}

}  // namespace tls_page_test
