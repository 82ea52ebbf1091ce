#include "tests/integration/administered.hpp"
#include "tests/support/page.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace tokens_page_test {

// Runs docs/operating/tokens.md as written.
namespace {

using namespace support;
namespace fs = std::filesystem;

const fs::path page = fs::path{ILPD_SOURCE_DIR} / "docs/operating/tokens.md";

constexpr std::string_view replacing = "## Replace a token or secret without an interruption";
constexpr std::string_view files = "## Secrets in files of their own";
constexpr std::string_view sealing = "## Seal what the store keeps";

std::string read_file(const fs::path& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

/// An operator in front of this page. /etc/ilpd is a folder of the test.
class operator_at_page {
public:
    explicit operator_at_page(std::uint16_t admin_port = free_port())
        : shell_{{{"/etc/ilpd", etc_.path().string()}, {"-g ilpd", "-g " + std::to_string(::getegid())}},
                 {{"PATH", fs::path{daemon_program()}.parent_path().string() + ":" + std::string{std::getenv("PATH")}},
                  {"ILPCTL_URL", "http://127.0.0.1:" + std::to_string(admin_port) + "/graphql"}}} {}

    /// Runs one block of a section; the first one has the number 0.
    std::string run(std::string_view section, std::size_t number) const {
        std::vector<std::string> blocks;
        for (const page_step& step : steps_of(page)) {
            if (step.section == section) blocks.push_back(step.commands);
        }
        const auto result = shell_.run(blocks.at(number));
        INFO(result.output);
        REQUIRE(result.status == 0);
        return result.output;
    }

    const fs::path& etc() const noexcept { return etc_.path(); }
    const fs::path& folder() const noexcept { return shell_.folder(); }

private:
    temporary_directory etc_;
    page_shell shell_;
};

bool only_the_group_may_read(const fs::path& file) {
    return fs::status(file).permissions() == (fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
}

}  // namespace

TEST_CASE("the manual: a token that a peer presents is replaced") {
    const administered a{store_kind::sqlite};
    a.create_peer("bob", a.r.p2.port());
    const operator_at_page reader{a.r.d.admin_port()};
    std::ofstream{reader.folder() / "from-bob.token"} << token_of("bob") << "\n";
    const auto outcome_with = [&](const std::string& token) {
        return outcome(http_connection{a.r.d.port()}.exchange(many_connections::request({.amount = 1}, token)));
    };
    reader.run(replacing, 0);
    const std::string next = read_file(reader.folder() / "from-bob.token.new").substr(0, 64);
    CHECK(outcome_with(token_of("bob")) == "fulfill");
    CHECK(outcome_with(next) == "fulfill");
    CHECK(reader.run(replacing, 1).contains("sha256:"));
    CHECK(outcome_with(token_of("bob")) == "HTTP 401");
    CHECK(outcome_with(next) == "fulfill");
}

TEST_CASE("the manual: secrets are kept in files of their own") {
    const operator_at_page reader;
    reader.run(files, 0);
    reader.run(sealing, 0);
    const fs::path secrets = reader.etc() / "secrets";
    std::ofstream{secrets / "to-bob"} << "the-token-that-bob-has-made\n";
    for (const char* const name : {"api", "from-bob", "store-key"}) {
        CHECK(read_file(secrets / name).size() == 65);
        CHECK(only_the_group_may_read(secrets / name));
    }
    std::string settings = blocks_of(page, "yaml", files);
    const std::string name = "  - name: bob\n";
    const auto at = settings.find(name);
    REQUIRE(at != std::string::npos);
    settings.insert(at + name.size(), "    ilp_address: test.bob\n    asset: {code: USD, scale: 9}\n");
    std::ofstream{reader.etc() / "ilpd.yaml"} << "ilp_address: test.alice\nassets: [{code: USD, scale: 9}]\n"
                                              << settings;
    const std::string printed = reader.run(files, 1);
    CHECK(printed.contains("test.bob"));
    for (const char* const secret : {"api", "from-bob", "store-key", "to-bob"}) {
        const std::string text = read_file(secrets / secret);
        CHECK_FALSE(printed.contains(text.substr(0, text.size() - 1)));
    }
}

TEST_CASE("the manual: the store is sealed, and its key is replaced") {
    administered a{store_kind::sqlite};
    fake_peer bob;
    a.create_peer("bob", bob.port());
    const operator_at_page reader{a.r.d.admin_port()};
    const fs::path key = reader.etc() / "secrets/store-key";
    const auto sends = [&] {
        CHECK(outcome(a.r.send({.amount = 1, .destination = "test.bob.x"})) == "fulfill");
        CHECK(bob.requests().back().header("authorization") == "Bearer " + token_for("bob"));
    };
    const auto kept = [&] {
        std::string text;
        for (const auto& row : a.place.rows("SELECT terms FROM peers")) text += row.at(0) + "\n";
        return text;
    };
    sends();
    CHECK(kept().contains(token_for("bob")));

    reader.run(sealing, 0);
    a.r.d.terms().store_settings = {"key_file: \"" + key.string() + "\""};
    a.stop_and_start();
    sends();
    CHECK_FALSE(kept().contains(token_for("bob")));
    const std::string under_first = kept();
    const std::string first = read_file(key);

    reader.run(sealing, 1);
    CHECK(read_file(key).ends_with(first));
    CHECK(read_file(key).size() == 2 * first.size());
    CHECK(only_the_group_may_read(key));
    a.stop_and_start();
    sends();
    CHECK(kept() != under_first);
    CHECK_FALSE(kept().contains(token_for("bob")));

    reader.run(sealing, 2);
    CHECK(read_file(key).size() == first.size());
    CHECK(read_file(key) != first);
    CHECK(only_the_group_may_read(key));
    a.stop_and_start();
    sends();

    // Without the key nothing starts, and the message is the page's.
    REQUIRE(a.r.d.stop() == 0);
    const std::string second = read_file(key);
    std::ofstream{key} << first;
    a.r.d.launch();
    CHECK(a.r.d.process().wait(patience) == 1);
    CHECK(a.r.d.logs(", which store.key does not have: add that key as a further line"));
    std::ofstream{key} << second;
    CHECK(a.r.d.audit().status == 0);
}

}  // namespace tokens_page_test
