#include "config/secret_file.hpp"

#include "tests/support/child_process.hpp"
#include "tests/unit/config/support.hpp"

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace secret_file_test {

using namespace config_test;
using list = std::vector<std::string>;

namespace {

/// A configuration file with files of secrets beside it.
struct folder {
    support::temporary_directory directory{};

    std::string path(const std::string& name) const { return (directory.path() / name).string(); }
    void write(const std::string& name, const std::string& text) const { std::ofstream{path(name)} << text; }

    auto load(const std::string& yaml, const config::environment& environment = variables()) const {
        return config::load_text(yaml, path("ilpd.yaml"), environment);
    }
    list problems(const std::string& yaml) const {
        list found;
        const auto loaded = load(yaml);
        if (loaded) return found;
        for (const auto& problem : loaded.error())
            found.push_back(std::to_string(problem.line) + " " + problem.key + ": " + problem.message);
        return found;
    }
};

std::string with_admin(const std::string& rest) {
    return "ilp_address: test.alice\nadmin:\n  " + rest + "\n";
}

std::string with_peer(const std::string& incoming, const std::string& outgoing) {
    return "ilp_address: test.alice\n"
           "assets: [{code: USD, scale: 2}]\n"
           "peers:\n"
           "  - {name: bob, ilp_address: test.bob, asset: {code: USD, scale: 2},\n"
           "     http: {incoming: {" +
           incoming +
           "},\n"
           "            outgoing: {endpoint: 'http://h/', " +
           outgoing + "}}}\n";
}

}  // namespace

TEST_CASE("secret file: a line break at the end is ignored, and nothing else") {
    const folder folder;
    for (const auto& [content, secret] : {std::pair<std::string, std::string>{"s3cret", "s3cret"},
                                          {"s3cret\n", "s3cret"},
                                          {"s3cret\r\n", "s3cret"},
                                          {"s3cret\n\n", "s3cret\n"},
                                          {" s3cret\n", " s3cret"}}) {
        folder.write("secret", content);
        CHECK(config::read_secret_file(folder.path("secret")) == secret);
    }
    folder.write("secret", std::string(4096, 'x'));
    CHECK(config::read_secret_file(folder.path("secret"))->size() == 4096);
    folder.write("secret", std::string(4097, 'x'));
    CHECK(config::read_secret_file(folder.path("secret")).error() == "is larger than 4096 bytes");
    folder.write("secret", "\n");
    CHECK(config::read_secret_file(folder.path("secret")).error() == "is empty");
    CHECK(config::read_secret_file(folder.path("absent")).error() == "cannot be read: No such file or directory");
    CHECK(config::read_secret_file(folder.directory.path()).error() == "is not a regular file");
    REQUIRE(::mkfifo(folder.path("pipe").c_str(), 0600) == 0);
    CHECK(config::read_secret_file(folder.path("pipe")).error() == "is not a regular file");
    CHECK_FALSE(config::read_secret_file(std::string("a\0b", 3)));
}

TEST_CASE("secret file: each secret may be in a file, beside the configuration file or elsewhere") {
    const folder folder;
    folder.write("secret", "s3cret\n");
    const auto beside = folder.load(with_admin("api_secret_file: secret"));
    REQUIRE(beside);
    CHECK(beside->admin.api_secret->reveal() == "s3cret");
    CHECK_FALSE(beside->has_literal_secret);
    CHECK(beside->secret_files == list{folder.path("secret")});
    const auto absolute = folder.load(with_admin("api_secret_file: " + folder.path("secret")));
    REQUIRE(absolute);
    CHECK(absolute->admin.api_secret->reveal() == "s3cret");
    const auto credential = folder.load(with_admin("api_secret_file: ${CREDENTIALS_DIRECTORY}/secret"),
                                        variables({{"CREDENTIALS_DIRECTORY", folder.directory.path()}}));
    REQUIRE(credential);
    CHECK(credential->admin.api_secret->reveal() == "s3cret");
}

TEST_CASE("secret file: the text in it is taken as it is") {
    const folder folder;
    folder.write("secret", "a${HOME}b$${c");
    CHECK(folder.load(with_admin("api_secret_file: secret"))->admin.api_secret->reveal() == "a${HOME}b$${c");
}

TEST_CASE("secret file: a list of secrets has one in each line") {
    const folder folder;
    folder.write("tokens", "one\r\ntwo\n\nthree\n");
    folder.write("secret", "sign\n");
    const auto loaded =
        folder.load(with_peer("auth_tokens_file: tokens, jwt_secrets_file: secret", "jwt_secret_file: secret"));
    REQUIRE(loaded);
    const auto& http = loaded->peers[0].http;
    CHECK(http.incoming.auth_tokens ==
          std::vector{config::secret{"one"}, config::secret{"two"}, config::secret{"three"}});
    CHECK(http.incoming.jwt_secrets == std::vector{config::secret{"sign"}});
    CHECK(http.outgoing.jwt_secret.reveal() == "sign");
    CHECK(http.outgoing.auth_token.reveal().empty());
}

TEST_CASE("secret file: errors name the setting and the file, and show nothing of what is in it") {
    const folder folder;
    folder.write("bad", "s3 cret");
    folder.write("good", "s3cret");
    CHECK(folder.problems(with_admin("api_secret_file: absent")) ==
          list{"3 admin.api_secret_file: " + folder.path("absent") + " cannot be read: No such file or directory"});
    CHECK(folder.problems(with_admin("api_secret_file: bad")) ==
          list{"3 admin.api_secret_file: expected a secret of 1 to 1024 visible ASCII characters"});
    CHECK(folder.problems(with_admin("api_secret_file: good\n  api_secret: other")) ==
          list{"4 admin.api_secret: is given beside api_secret_file in line 3: keep one of them"});
    CHECK(folder.problems(with_admin("api_secret_file: good\n  api_secret_file: good")) ==
          list{"4 admin.api_secret_file: is given twice: it is already in line 3"});
    CHECK(folder.problems(with_admin("api_secret_file: [good]")).size() == 1);
    // Only the file is reported, and not that a secret is missing.
    CHECK(folder.problems(with_admin("api_secret_file: absent\n  listen: 0.0.0.0:1")).size() == 1);
    CHECK(folder.problems(with_peer("auth_tokens_file: absent", "auth_token_file: absent")).size() == 2);
    // Other settings have no such form.
    CHECK(folder.problems(with_admin("listen_file: good"))[0].contains("unknown key"));
}

TEST_CASE("secret file: a peer is shown a token or what a secret signs") {
    const folder folder;
    const auto fault = [&](const std::string& outgoing) {
        const auto found = folder.problems(with_peer("auth_tokens: [t]", outgoing));
        return found.size() == 1 ? found[0] : std::to_string(found.size());
    };
    CHECK(fault("auth_token: t") == "0");
    CHECK(fault("jwt_secret: s") == "0");
    CHECK(fault("jwt_secret: s, jwt_subject: alice") == "0");
    CHECK(fault("max_waiting: 1")
              .contains("auth_token: is required: expected a token of 1 to 1024 visible ASCII "
                        "characters, or set jwt_secret instead"));
    CHECK(fault("auth_token: t, jwt_secret: s").contains("jwt_secret: is set beside auth_token: keep one of them"));
    CHECK(fault("auth_token: t, jwt_subject: s").contains("jwt_subject: has no effect without jwt_secret"));
    CHECK(folder.problems(with_peer("jwt_secrets: [a, a]", "auth_token: t"))[0].contains(
        "jwt_secrets[1]: is the same secret as peers[0].http.incoming.jwt_secrets[0]"));
    CHECK(folder.problems(with_peer("jwt_secrets: [a, b, c, d, e, f, g, h, i]", "auth_token: t"))[0].contains(
        "jwt_secrets: has more than 8 secrets"));
}

TEST_CASE("secret file: the key of the store is checked, and may be several") {
    const folder folder;
    const std::string key(64, 'a');
    folder.write("keys", key + "\n" + std::string(64, 'B') + "\n");
    folder.write("short", key.substr(1) + "\n");
    CHECK(folder.load("ilp_address: test.alice\nstore: {key_file: keys}")->store.key);
    CHECK(folder.load("ilp_address: test.alice\nstore: {key: " + key + "}")->has_literal_secret);
    for (const std::string& bad : {std::string{"key_file: short"}, std::string{"key: ''"}, std::string{"key: ' '"},
                                   "key: " + key + "a", "key: g" + key.substr(1)}) {
        INFO(bad);
        CHECK(folder.problems("ilp_address: test.alice\nstore: {" + bad + "}").size() == 1);
    }
}

}  // namespace secret_file_test
