#include "tests/support/page.hpp"
#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>

namespace command_line_test {

namespace {

using namespace support;

std::string sample() {
    return to_yaml({.peers = {{.name = "p1"}, {.name = "p2"}}, .store = "memory:"}, ".", free_port(), free_port(),
                   free_port());
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
    const auto at = text.find(what);
    REQUIRE(at != std::string::npos);
    return text.replace(at, what.size(), with);
}

std::size_t line_of(std::string_view text, std::string_view what) {
    const auto at = text.find(what);
    REQUIRE(at != std::string_view::npos);
    return 1 + static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

struct run_result {
    int status;
    std::string output;
};

run_result run(std::vector<std::string> arguments) {
    const temporary_directory folder;
    command what;
    what.arguments = std::move(arguments);
    what.arguments.insert(what.arguments.begin(), daemon_program());
    what.output = folder.path() / "output";
    child_process process{std::move(what)};
    const auto status = process.wait(patience);
    REQUIRE(status);
    return {*status, process.output()};
}

}  // namespace

TEST_CASE("command line: --version") {
    const auto result = run({"--version"});
    CHECK(result.status == 0);
    CHECK(result.output.find("ilpd") != std::string::npos);
    CHECK(result.output.find("0.1.0") != std::string::npos);
}

TEST_CASE("command line: mistakes are reported and start nothing") {
    for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
             {}, {"--config"}, {"--no-such-option"}, {"--config", "/nowhere/ilpd.yaml"}}) {
        const auto result = run(arguments);
        CHECK(result.status != 0);
        CHECK(!result.output.empty());
    }
    const auto absent = run({"--config", "/nowhere/ilpd.yaml"});
    CHECK(absent.status == 2);
    CHECK(absent.output.find("/nowhere/ilpd.yaml") != std::string::npos);
}

TEST_CASE("command line: a broken configuration exits with 2 and names file, line and key") {
    struct fault {
        std::string_view what;
        std::string_view with;
        std::string_view key;
    };
    const std::string good = sample();
    for (const fault& fault : {fault{"connector:\n", "connector:\n  no_such_key: 1\n", "connector.no_such_key"},
                               fault{"ilp_address: test.d", "ilp_address: tost.d", "ilp_address"},
                               fault{"    liquidity: 1000000000000\n", "    liquidity: -1\n", "peers[0].liquidity"},
                               fault{"    liquidity: 1000000000000\n", "    liquidity: much\n", "peers[0].liquidity"},
                               fault{"scale: 9}", "scale: 256}", "scale"},
                               fault{"connector:\n", "connector:\n  workers: 1000\n", "connector.workers"},
                               fault{"  - name: p2", "  - name: p1", "peers[1].name"},
                               fault{"[\"p2-to-us-secret\"]", "[\"p1-to-us-secret\"]", "peers[1].http.incoming"},
                               fault{"    ilp_address: test.p2", "    ilp_address: test.d", "peers[1].ilp_address"},
                               fault{"log: {level: debug", "log: {level: loud", "log.level"}}) {
        INFO(fault.with);
        const std::string broken = replaced(good, fault.what, fault.with);
        const auto result = run_daemon(broken);
        CHECK(result.status == 2);
        INFO(result.standard_error);
        const auto added_behind = static_cast<std::size_t>(fault.what == "connector:\n");
        const std::string place =
            result.config_path + ":" + std::to_string(line_of(good, fault.what) + added_behind) + ": ";
        CHECK(result.standard_error.find(place) != std::string::npos);
        CHECK(result.standard_error.find(std::string{fault.key}) != std::string::npos);
        CHECK(result.standard_error.find("-secret") == std::string::npos);
    }
}

TEST_CASE("command line: text that is not YAML exits with 2") {
    const auto result = run_daemon("peers: [\n  - {");
    CHECK(result.status == 2);
    CHECK(result.standard_error.find(result.config_path + ":") != std::string::npos);
}

TEST_CASE("command line: --check-config prints the effective settings without secrets, and starts nothing") {
    const temporary_directory folder;
    daemon_terms terms{.peers = {{.name = "p1"}, {.name = "p2"}}};
    const std::string yaml = to_yaml(terms, folder.path(), free_port(), free_port(), free_port());
    const auto result = run_daemon(yaml, {"--check-config"});
    CHECK(result.status == 0);
    CHECK(result.standard_output.find("max_hold_time: 30s") != std::string::npos);
    CHECK(result.standard_output.find("name: \"p1\"") != std::string::npos);
    CHECK(result.standard_output.find("(hidden)") != std::string::npos);
    CHECK(result.standard_output.find("-secret") == std::string::npos);
    CHECK(result.standard_error.find("-secret") == std::string::npos);
    CHECK(!std::filesystem::exists(folder.path() / "ilpd.db"));

    const auto broken = run_daemon(replaced(yaml, "test.p1", "test..p1"), {"--check-config"});
    CHECK(broken.status == 2);
}

TEST_CASE("command line: --export-history without a name is refused, and starts nothing") {
    for (const std::vector<std::string>& arguments :
         std::vector<std::vector<std::string>>{{"--export-history", ""}, {"--export-history="}}) {
        const auto result = run_daemon(sample(), arguments);
        CHECK(result.status == 2);
        CHECK(result.standard_error.find("--export-history") != std::string::npos);
    }
}

TEST_CASE("command line: a value may name an environment variable") {
    const temporary_directory folder;
    const auto config = folder.path() / "ilpd.yaml";
    std::ofstream{config} << replaced(sample(), "\"p1-to-us-secret\"", "\"${ILPD_TEST_TOKEN}\"");
    const auto run_with = [&](std::vector<std::pair<std::string, std::string>> environment) {
        command what;
        what.arguments = {daemon_program(), "--config", config.string(), "--check-config"};
        what.output = folder.path() / "output";
        what.environment = std::move(environment);
        child_process process{std::move(what)};
        return process.wait(patience);
    };
    CHECK(run_with({{"ILPD_TEST_TOKEN", "from-the-environment"}}) == 0);
    CHECK(run_with({}) == 2);
}

TEST_CASE("A27-81: a configuration without the node's address is refused") {
    const auto result = run_daemon(replaced(sample(), "ilp_address: test.d\n", ""));
    CHECK(result.status == 2);
    CHECK(result.standard_error.find("ilp_address") != std::string::npos);
}

}  // namespace command_line_test
