#include "connector/ilpctl/completion.hpp"

#include "tests/support/child_process.hpp"
#include "tests/unit/connector/ilpctl/fake_daemon.hpp"

#include <fstream>
#include <set>

namespace completion_test {

using namespace connector::ilpctl;
using namespace connector::ilpctl::testing;

namespace {

/// The completions that bash offers for the last word, which is being typed. `names` are those that ilpctl prints.
std::string offered(const std::vector<std::string>& words, const std::string& names = "") {
    const auto folder = support::temporary_directory{};
    const auto script = folder.path() / "completion";
    const auto asked = folder.path() / "asked";
    std::ofstream{script} << fake_daemon{}.run({"completion", "bash"}).out;
    auto typed = std::string{};
    for (const std::string& word : words) typed += " '" + word + "'";
    auto bash = support::child_process{
        {.arguments = {"bash", "--norc", "-euc",
                       "ilpctl() { echo \"$*\" > " + asked.string() + "; printf '" + names + "'; }; source " +
                           script.string() + "; complete -p ilpctl >/dev/null; COMP_WORDS=(ilpctl" + typed +
                           "); COMP_CWORD=" + std::to_string(words.size()) + "; _ilpctl; echo \"${COMPREPLY[*]-}\""},
         .output = folder.path() / "output",
         .errors = {},
         .environment = {},
         .core = {}}};
    const auto status = bash.wait(std::chrono::seconds{20});
    auto text = bash.output();
    INFO(text);
    REQUIRE(status == 0);
    if (text.ends_with('\n')) text.pop_back();
    if (auto question = std::ifstream{asked}) {
        auto line = std::string{};
        std::getline(question, line);
        text += " <- " + line;
    }
    return text;
}

}  // namespace

TEST_CASE("ilpctl completion: an option takes a value at every verb, or at none") {
    const auto line = command_line{};
    auto with = std::set<std::string>{};
    auto without = std::set<std::string>{};
    for (const auto& words : words_of(line.tree()))
        for (const auto* option : words.options) (takes_value(*option) ? with : without).insert(option_name(*option));
    for (const auto& name : with) {
        INFO(name);
        CHECK(!without.contains(name));
    }
}

TEST_CASE("ilpctl completion: bash offers verbs and options of the place") {
    CHECK(offered({"pe"}) == "peer");
    CHECK(offered({"peer", "e"}) == "enable");
    CHECK(offered({"peer", "d"}) == "delete disable");
    CHECK(offered({"completion", ""}) == "bash zsh fish names");
    CHECK(offered({"--json", "--url", "peer", "asset", "s"}) == "show");
    CHECK(offered({"--url", "=", "peer", "asset", "s"}) == "show");
    CHECK(offered({"peer", "create", "--outgoing-t"}) == "--outgoing-token-file --outgoing-token");
    CHECK(offered({"peer", "show", "--show"}) == "--show-secrets");
    CHECK(offered({"peer", "show", "--js"}) == "--json");
    CHECK(offered({"peer", "list", "--show"}).empty());
    CHECK(offered({"peer", "create", ""}).empty());
    CHECK(offered({"--url", ""}).empty());
    CHECK(offered({"--vers"}) == "--version");
}

TEST_CASE("ilpctl completion: bash offers the names that the daemon knows, as they are") {
    const auto names = R"(bob\ncarol\n$(touch /tmp/x)\n)";
    CHECK(offered({"peer", "show", ""}, names) == "bob carol $(touch /tmp/x) <- --timeout 2s completion names peers");
    CHECK(offered({"doctor", "ca"}, names) == "carol <- --timeout 2s completion names peers");
    CHECK(offered({"asset", "delete", "x"}, names) == " <- --timeout 2s completion names assets");
    CHECK(offered({"peer", "create", "--asset", "b"}, names) == "bob <- --timeout 2s completion names assets");
    CHECK(offered({"liquidity", "deposit", "b"}, names) == "bob <- --timeout 2s completion names owners");
    CHECK(offered({"account", "show", "b"}, names) == "bob <- --timeout 2s completion names accounts");
    CHECK(offered({"pay", "--from", "b"}, names) == "bob <- --timeout 2s completion names accounts");
}

TEST_CASE("ilpctl completion names: only names that no shell interprets are printed") {
    auto d = fake_daemon{};
    d.will_answer(documents::peers, page_answer({peer_answer(), peer_answer("$(rm -r x)"), peer_answer("a b"),
                                                 peer_answer("-x"), peer_answer("carol", carol_id)}));
    d.will_answer(documents::assets, page_answer({asset_answer()}));
    const auto result = d.run({"completion", "names", "owners"});
    INFO(result.err);
    CHECK(result.out == "bob\ncarol\nUSD/9\n");
    CHECK(d.run({"completion", "names", "others"}).status == exit_status::usage);
}

TEST_CASE("ilpctl completion: bash offers files where one is expected") {
    CHECK(offered({"--secret-file", "/etc/pass"}).contains("/etc/passwd"));
    CHECK(offered({"--secret-file", "=", "/etc/pass"}).contains("/etc/passwd"));
}

TEST_CASE("ilpctl completion: zsh knows every verb and option") {
    const auto line = command_line{};
    const auto script = zsh_completion(line.tree());
    CHECK(script.starts_with("#compdef ilpctl\n"));
    for (const auto& words : words_of(line.tree())) {
        INFO(words.path);
        CHECK(script.contains("('" + words.path + "') verbs=("));
        for (const auto* option : words.options) CHECK(script.contains("'" + option_name(*option) + ":"));
    }
}

TEST_CASE("ilpctl completion: fish knows every verb and option") {
    const auto line = command_line{};
    const auto script = fish_completion(line.tree());
    for (const auto& words : words_of(line.tree())) {
        INFO(words.path);
        const auto place =
            words.path.empty() ? std::string{"\"__ilpctl_is_at ''\""} : "\"__ilpctl_is_at ' " + words.path + "'\"";
        for (const auto* verb : words.verbs) CHECK(script.contains(place + " -a " + verb->get_name() + " -d "));
        for (const auto* option : words.options) {
            const auto value = takes_file(*option) ? " -r -F" : takes_value(*option) ? " -x" : "";
            CHECK(script.contains(place + " -l " + option_name(*option).substr(2) + value + " -"));
        }
    }
}

}  // namespace completion_test
