#include "peering/spsp/spsp_message.hpp"
#include "tests/support/certificates.hpp"
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

constexpr std::string_view settings_of_page = "### The settings";

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
        return {{"PATH", fs::path{daemon_program()}.parent_path().string() + ":" + std::string{std::getenv("PATH")}},
                {"ILPCTL_URL", "http://127.0.0.1:" + std::to_string(admin_port_) + "/graphql"}};
    }

    temporary_directory folder_;
    std::uint16_t spsp_port_ = free_port();
    std::uint16_t admin_port_ = free_port();
    std::unique_ptr<child_process> process_;
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

}  // namespace payments_page_test
