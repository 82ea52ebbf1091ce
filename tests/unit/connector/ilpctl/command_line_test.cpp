#include "tests/support/certificates.hpp"
#include "tests/support/child_process.hpp"
#include "tests/unit/connector/ilpctl/fake_daemon.hpp"

#include <filesystem>
#include <fstream>

namespace command_line_test {

using namespace connector::ilpctl;
using namespace connector::ilpctl::testing;

namespace {

json::object node_answer() {
    return {{"ilpAddress", "test.d"},
            {"version", "0.1.0"},
            {"startedAt", "2026-08-01T12:00:00.000Z"},
            {"ready", true},
            {"storeError", nullptr},
            {"peers", 2},
            {"assets", 1},
            {"receivingAccounts", 2},
            {"spspListener", nullptr},
            {"routes", 2},
            {"pendingWithdrawals", 0},
            {"unreachablePeerCount", 0},
            {"unreachablePeers", boost::json::array{}},
            {"peersInDoubtCount", 0},
            {"peersInDoubt", boost::json::array{}},
            {"cluster", {{"isShared", false}, {"activeSince", "then"}, {"epoch", nullptr}, {"leaseSeconds", nullptr}}}};
}

}  // namespace

TEST_CASE("ilpctl command line: --help and --version succeed, mistakes have status 2") {
    auto d = fake_daemon{};
    CHECK(d.run({"--version"}).out == "ilpctl 0.1.0\n");
    for (const auto& words :
         std::vector<std::vector<std::string>>{{"--help"}, {"peer", "--help"}, {"peer", "list", "--help"}}) {
        const auto result = d.run(words);
        CHECK(result.status == exit_status::done);
        CHECK(!result.out.empty());
    }
    for (const auto& words :
         std::vector<std::vector<std::string>>{{},
                                               {"peer"},
                                               {"per"},
                                               {"peer", "lst"},
                                               {"peer", "show"},
                                               {"peer", "show", "bob", "carol"},
                                               {"peer", "list", "--no-such-option"},
                                               {"peer", "list", "--limit", "0"},
                                               {"peer", "list", "--limit", "3", "--all"},
                                               {"peer", "list", "--limit"},
                                               {"status", "--timeout", "soon"},
                                               {"status", "--url", "https://h:0/graphql"},
                                               {"status", "--url", "nonsense"},
                                               {"status", "--tenant", "a b"},
                                               {"status", "--secret-file", "/nowhere/at/all"},
                                               {"liquidity", "withdraw", "bob", "1", "--timeout", "1500ms"},
                                               {"liquidity", "withdraw", "bob", "1", "--timeout", "0s"},
                                               {"liquidity", "deposit", "bob", "1", "--id", "1"},
                                               {"ping", "test.x", "--timeout", "31s"},
                                               {"asset", "create", "USD"},
                                               {"asset", "create", "USD/256"},
                                               {"peer", "update", "bob", "--name", "x", "--no-name"},
                                               {"completion", "tcsh"}}) {
        const auto result = d.run(words);
        INFO((words.empty() ? "" : words.back()));
        CHECK(result.status == exit_status::usage);
        CHECK(result.out.empty());
        CHECK(!result.err.empty());
    }
    CHECK(d.requests.empty());
}

TEST_CASE("ilpctl command line: an unknown verb is repeated, with a suggestion and the known verbs") {
    auto d = fake_daemon{};
    const auto message_for = [&](const std::vector<std::string>& words) {
        const auto result = d.run(words);
        CHECK(result.status == exit_status::usage);
        CHECK(result.out.empty());
        return result.err;
    };
    CHECK(message_for({"staus"}).starts_with(
        "ilpctl: there is no verb \"staus\"; did you mean \"status\"?\nThe verbs are: status, "));
    CHECK(message_for({"--url", "http://h/", "--json", "staus"})
              .starts_with("ilpctl: there is no verb \"staus\"; did you mean"));
    CHECK(
        message_for({"peer", "lst"}) ==
        "ilpctl: there is no verb \"peer lst\"; did you mean \"peer list\"?\nThe verbs after \"peer\" are: list, show, "
        "create, update, delete, disable, enable, add-by-url; `ilpctl help` explains them\n");
    CHECK(message_for({"peer", "--json", "creat"}).contains("did you mean \"peer create\"?"));
    CHECK(message_for({"deposit", "bob", "5"}).contains("did you mean \"account deposit\" or \"liquidity deposit\"?"));
    CHECK(message_for({"liq"}).contains("did you mean \"liquidity\"?"));
    CHECK(message_for({"frobnicate\x1b"}).starts_with("ilpctl: there is no verb \"frobnicate\\x1b\"\nThe verbs are: "));
    CHECK(message_for({"peer"}).starts_with("ilpctl: \"peer\" needs a verb: list, show, "));
    CHECK(message_for({}).starts_with("ilpctl: a verb is missing: status, "));
    CHECK(message_for({"--json"}).starts_with("ilpctl: a verb is missing: "));
    CHECK(d.requests.empty());
}

TEST_CASE("ilpctl command line: help explains a verb as --help does") {
    auto d = fake_daemon{};
    for (const auto& words : std::vector<std::vector<std::string>>{{}, {"peer"}, {"peer", "create"}, {"ping"}}) {
        auto by_verb = words;
        by_verb.insert(by_verb.begin(), "help");
        auto by_option = words;
        by_option.emplace_back("--help");
        const auto result = d.run(by_verb);
        CHECK(result.status == exit_status::done);
        CHECK(result.out == d.run(by_option).out);
        CHECK(result.out.contains("Usage"));
    }
    const auto unknown = d.run({"help", "per"});
    CHECK(unknown.status == exit_status::usage);
    CHECK(unknown.err.contains("did you mean \"peer\"?"));
}

TEST_CASE("ilpctl command line: global options may be before or after the verb") {
    auto d = fake_daemon{};
    d.will_answer(documents::peers, page_answer({}));
    CHECK(d.run({"--json", "peer", "list"}).out == "[]\n");
    d.will_answer(documents::peers, page_answer({}));
    CHECK(d.run({"peer", "list", "--json"}).out == "[]\n");
    d.will_answer(documents::peers, page_answer({}));
    CHECK(d.run({"peer", "--json", "list"}).out == "[]\n");
}

TEST_CASE("ilpctl command line: a peer may have the name of a verb") {
    auto d = fake_daemon{};
    for (const auto* name : {"list", "asset", "show", "peer"}) {
        d.will_answer(documents::peers, page_answer({peer_answer(name)}));
        const auto result = d.run({"peer", "show", name});
        INFO(result.err);
        CHECK(result.status == exit_status::done);
    }
}

TEST_CASE("ilpctl command line: URL, tenant, secret and timeout can be set") {
    auto d = fake_daemon{};
    const auto ask = [&](std::vector<std::string> words) {
        words.emplace_back("status");
        d.will_answer(documents::status, node_answer());
        const auto result = d.run(words);
        INFO(result.err);
        REQUIRE(result.status == exit_status::done);
    };
    ask({});
    CHECK(d.url == "http://127.0.0.1:3001/graphql");
    CHECK(d.who.tenant == "00000000-0000-4000-8000-000000000001");
    CHECK(!d.who.secret);
    CHECK(d.waits == std::chrono::seconds{10});

    d.environment = {{"ILPCTL_URL", "http://h:1/g"}, {"ILPCTL_TENANT", "t"}, {"ILPD_ADMIN_SECRET", "from-environment"}};
    ask({});
    CHECK(d.url == "http://h:1/g");
    CHECK(d.who.tenant == "t");
    CHECK(d.who.secret->reveal() == "from-environment");

    d.input_text = "from-input\n";
    ask({"--url", "http://h:2/g", "--tenant", "u", "--secret-file", "-", "--timeout", "250ms"});
    CHECK(d.url == "http://h:2/g");
    CHECK(d.who.tenant == "u");
    CHECK(d.who.secret->reveal() == "from-input");
    CHECK(d.waits == std::chrono::milliseconds{250});

    const auto folder = support::temporary_directory{};
    const auto file = (folder.path() / "secret").string();
    std::ofstream{file} << "from-file\r\n";
    ask({"--secret-file", file});
    CHECK(d.who.secret->reveal() == "from-file");

    d.environment = {{"ILPCTL_URL", ""}, {"ILPD_ADMIN_SECRET", ""}};
    ask({});
    CHECK(d.url == "http://127.0.0.1:3001/graphql");
    CHECK(!d.who.secret);
}

TEST_CASE("ilpctl command line: an https URL is verified with the system's authorities, or with those of a file") {
    auto d = fake_daemon{};
    const auto folder = support::certificate_folder{};
    const auto good = folder.write_file("ca.crt", support::authority{}.certificate());
    const auto bad = folder.write_file("bad.crt", "no certificate");
    const auto ask = [&](std::vector<std::string> words) {
        words.emplace_back("status");
        d.will_answer(documents::status, node_answer());
        return d.run(words);
    };
    CHECK(ask({"--url", "https://h/g"}).status == exit_status::done);
    CHECK(d.speaks_tls);
    CHECK(ask({"--url", "http://h/g", "--ca-file", bad}).status == exit_status::done);  // not needed
    CHECK(!d.speaks_tls);
    CHECK(ask({"--url", "https://h/g", "--ca-file", good}).status == exit_status::done);
    CHECK(d.speaks_tls);

    const auto refused = [&](const std::vector<std::string>& words) {
        const auto result = ask(words);
        CHECK(result.status == exit_status::usage);
        return result.err;
    };
    CHECK(refused({"--url", "https://h/g", "--ca-file", bad}).starts_with("ilpctl: " + bad + ": "));
    const auto missing = folder.path() + "/missing";
    CHECK(refused({"--url", "https://h/g", "--ca-file", missing}) ==
          "ilpctl: " + missing + ": No such file or directory\n");
    CHECK(refused({"--url", "https://h/g", "--ca-file", folder.path()}) ==
          "ilpctl: " + folder.path() + ": cannot be read\n");
    CHECK(refused({"--url", "https://h/g", "--ca-file", "/dev/zero"}) == "ilpctl: /dev/zero: larger than 1 MiB\n");
    d.environment = {{"ILPCTL_URL", "https://h/g"}, {"ILPCTL_CA_FILE", bad}};
    CHECK(refused({}).contains(bad));
    CHECK(ask({"--ca-file", good}).status == exit_status::done);
}

TEST_CASE("ilpctl command line: a secret with something else in its file is refused") {
    auto d = fake_daemon{};
    for (const auto* text : {"", "\n", "two\nlines\n", "with space\n"}) {
        d.input_text = text;
        CHECK(d.run({"status", "--secret-file", "-"}).status == exit_status::usage);
    }
}

TEST_CASE("ilpctl command line: a response that does not match the schema is an error") {
    auto d = fake_daemon{};
    d.will_answer(documents::status, json::object{{"peers", 1}});
    const auto result = d.run({"status"});
    CHECK(result.status == exit_status::no_answer);
    CHECK(result.err.contains("schema"));
}

}  // namespace command_line_test
