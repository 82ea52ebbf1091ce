#include "peering/spsp/spsp_message.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/page.hpp"
#include "tests/support/rig.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace payments_page_test {

// Runs docs/operating/payments.md as written, on a machine whose /etc is a folder of the test.
namespace {

using namespace support;
namespace fs = std::filesystem;

const fs::path page = fs::path{ILPD_SOURCE_DIR} / "docs/operating/payments.md";

const fs::path readme = fs::path{ILPD_SOURCE_DIR} / "README.md";

constexpr std::string_view settings_of_page = "### The settings";

std::string path_with_programs() {
    return fs::path{daemon_program()}.parent_path().string() + ":" + std::string{std::getenv("PATH")};
}

class machine {
public:
    machine() {
        const certificate_folder made;
        const authority authority;
        const auto issued = authority.issue({.names = {"localhost"}});
        fs::create_directories(etc() / "tls");
        for (const auto& [name, text] : std::vector<std::pair<std::string, std::string>>{
                 {"node.crt", issued.certificate}, {"node.key", issued.key}, {"ca.crt", authority.certificate()}}) {
            std::ofstream{etc() / "tls" / name} << text;
        }
    }

    /// Runs the commands below a heading. Returns what they print.
    std::string run(std::string_view heading) const {
        const temporary_directory output;
        const auto result = run_commands(commands_of(page, heading), places(), environment(), output.path());
        INFO(result.output);
        REQUIRE(result.status == 0);
        return result.output;
    }

    /// Starts a daemon with the settings of the page, and what they do not mention.
    void start() {
        std::string settings = blocks_of(page, "yaml", settings_of_page);
        const std::string listen = "0.0.0.0:3004";
        const auto at = settings.find(listen);
        REQUIRE(at != std::string::npos);
        settings.replace(at, listen.size(), "0.0.0.0:" + std::to_string(spsp_port_));
        std::ofstream{etc() / "ilpd.yaml"}
            << "ilp_address: test.alice\nassets: [{code: USD, scale: 9}]\nstore: {url: \"sqlite:" +
                   (folder_.path() / "ilpd.db").string() +
                   "\"}\nconnector: {listen: \"127.0.0.1:" + std::to_string(free_port()) +
                   "\"}\nadmin: {listen: \"127.0.0.1:" + std::to_string(admin_port_) +
                   "\"}\nmetrics: {listen: \"127.0.0.1:" + std::to_string(free_port()) + "\"}\n" + settings;
        command what;
        what.arguments = {daemon_program(), "--config", (etc() / "ilpd.yaml").string()};
        what.output = folder_.path() / "log";
        process_ = std::make_unique<child_process>(std::move(what));
        process_->wait_for_output(" ready ilp_address=", patience);
    }

    fs::path etc() const { return folder_.path() / "etc"; }

private:
    std::vector<std::pair<std::string, std::string>> places() const {
        return {{"/etc/ilpd", etc().string()},
                {"-g ilpd", "-g " + std::to_string(::getegid())},
                {"alice.example:3004", "localhost:" + std::to_string(spsp_port_)}};
    }
    std::vector<std::pair<std::string, std::string>> environment() const {
        return {{"PATH", path_with_programs()},
                {"ILPCTL_URL", "http://127.0.0.1:" + std::to_string(admin_port_) + "/graphql"}};
    }

    temporary_directory folder_;
    std::uint16_t spsp_port_ = free_port();
    std::uint16_t admin_port_ = free_port();
    std::unique_ptr<child_process> process_;
};

/// alice and bob, who are peers. bob has an account, whose payment pointer leads to a server on the loopback interface.
class neighbours {
public:
    std::string run(const fs::path& from, std::string_view heading) const {
        const temporary_directory output;
        const auto result = run_commands(
            commands_of(from, heading), {{"$bob.example", "http://127.0.0.1:" + std::to_string(spsp_port_)}},
            {{"PATH", path_with_programs()},
             {"ILPCTL_URL", "http://127.0.0.1:" + std::to_string(alice_.admin_port()) + "/graphql"}},
            output.path());
        INFO(result.output);
        REQUIRE(result.status == 0);
        return result.output;
    }

    double balance_of_bob() const { return bob_.scrape().sum("ilp_account_liquidity", {{"account", "bob"}}); }

private:
    static daemon_terms terms_of(const std::string& own, const std::string& other, std::uint16_t other_port) {
        return {.address = "test." + own,
                .peers = {{.name = other,
                           .port = other_port,
                           .terms = {"max_packet_amount: 50000000"},
                           .tokens = {token_for(own)}}}};
    }
    daemon_terms terms_of_bob() const {
        auto terms = terms_of("bob", "alice", alice_port_);
        terms.accounts = {{.name = "bob"}};
        terms.spsp = {"enabled: true", "listen: 127.0.0.1:" + std::to_string(spsp_port_)};
        return terms;
    }

    std::uint16_t alice_port_ = free_port();
    std::uint16_t bob_port_ = free_port();
    std::uint16_t spsp_port_ = free_port();
    ilpd_daemon alice_{terms_of("alice", "bob", bob_port_), alice_port_};
    ilpd_daemon bob_{terms_of_bob(), bob_port_};
};

}  // namespace

TEST_CASE("the manual: an account gets a payment pointer, and answers a sender") {
    machine alice;
    alice.run(settings_of_page);
    CHECK((fs::status(alice.etc() / "receiving.key").permissions() & fs::perms::others_all) == fs::perms::none);
    alice.start();
    alice.run("### An account");
    const auto details = peering::parse_spsp_answer(alice.run("### Ask as a sender does"));
    INFO((details ? "" : details.error()));
    REQUIRE(details);
    CHECK(details->destination.text().starts_with("test.alice.~"));
}

TEST_CASE("the manual: an account pays what it is told, and lists its payments") {
    const neighbours d;
    d.run(page, "### An account");
    const auto printed = d.run(page, "## Send");
    INFO(printed);
    CHECK(printed.contains("12.50 USD"));
    CHECK(d.balance_of_bob() == 12'500'000'000 + 5'000'000'000 + 1'250);
}

TEST_CASE("the README: an account pays a payment pointer, as it is written there") {
    const neighbours d;
    const auto printed = d.run(readme, "## Payments");
    INFO(printed);
    CHECK(printed.contains("12.50 USD"));
    CHECK(d.balance_of_bob() == 12'500'000'000);
    const auto commands = commands_of(readme, "## Payments");
    CHECK(commands.contains("ilpctl pay '$bob.example/bob' 12.50 USD\n"));
}

}  // namespace payments_page_test
