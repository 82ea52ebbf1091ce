#include "config/load.hpp"

#include "config/schema.hpp"
#include "tests/unit/config/support.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace load_test {

using config_test::load;
using config_test::problems;
using config_test::variables;
using namespace std::string_literals;
using list = std::vector<std::string>;

namespace {

/// A file with one peer in which the whole line `line` is replaced by `with`.
std::string file_with(const std::string& line, const std::string& with) {
    auto yaml =
        "ilp_address: test.alice\n"                   // 1
        "connector:\n"                                // 2
        "  workers: 1\n"                              // 3
        "store: {url: 'memory:'}\n"                   // 4
        "assets:\n"                                   // 5
        "  - {code: USD, scale: 9}\n"                 // 6
        "peers:\n"                                    // 7
        "  - name: bob\n"                             // 8
        "    ilp_address: test.bob\n"                 // 9
        "    asset: {code: USD, scale: 9}\n"          // 10
        "    routes: [test.carol]\n"                  // 11
        "    packet_rate: 10\n"                       // 12
        "    http:\n"                                 // 13
        "      incoming: {auth_tokens: [s3cret]}\n"   // 14
        "      outgoing:\n"                           // 15
        "        endpoint: http://127.0.0.1:4002/\n"  // 16
        "        auth_token: s3cret-out\n"            // 17
        "log: {level: info}\n"s;                      // 18
    const auto at = yaml.find(line);
    REQUIRE(at != std::string::npos);
    return yaml.replace(at, line.size(), with);
}

/// The only problem reported for the file above with one line changed.
std::string problem_with(const std::string& line, const std::string& with) {
    const auto found = problems(file_with(line, with));
    INFO(with);
    REQUIRE(found.size() == 1);
    return found.front();
}

struct temporary_file {
    explicit temporary_file(const std::string& content) { std::ofstream{path, std::ios::binary} << content; }
    ~temporary_file() { std::filesystem::remove(path); }
    std::string path = (std::filesystem::temp_directory_path() / ("config_tests." + std::to_string(getpid()))).string();
};

}  // namespace

TEST_CASE("A file gives its own settings, and defaults for the others") {
    const auto loaded = load(file_with("", ""));
    REQUIRE(loaded);
    CHECK(loaded->ilp_address.text() == "test.alice");
    CHECK(loaded->connector.workers == 1);
    CHECK(loaded->connector.listen == config::listen_address{"127.0.0.1", 3002});
    CHECK(loaded->connector.max_hold_time == std::chrono::seconds{30});
    CHECK(loaded->store.url == "memory:");
    REQUIRE(loaded->assets.size() == 1);
    CHECK(loaded->assets[0].line == 6);
    REQUIRE(loaded->peers.size() == 1);
    const auto& bob = loaded->peers[0];
    CHECK(bob.line == 8);
    CHECK(bob.name == "bob");
    CHECK(bob.asset == config::asset_reference{"USD", 9});
    CHECK(bob.routes == list{"test.carol"});
    CHECK(bob.packet_rate == 10);
    CHECK_FALSE(bob.max_packet_amount);
    CHECK(bob.http.incoming.auth_tokens == std::vector{config::secret{"s3cret"}});
    CHECK(bob.http.outgoing.auth_token.reveal() == "s3cret-out");
    CHECK(bob.http.outgoing.max_connections == 256);
}

TEST_CASE("The own address alone is enough") {
    const auto loaded = load("ilp_address: test.alice");
    REQUIRE(loaded);
    CHECK(loaded->store.url == "sqlite:ilpd.db");
    CHECK(loaded->admin.listen == config::listen_address{"127.0.0.1", 3001});
    CHECK_FALSE(loaded->admin.api_secret);
    CHECK(loaded->admin.tenant_id == "00000000-0000-4000-8000-000000000001");
    CHECK(loaded->metrics.listen == config::listen_address{"127.0.0.1", 9464});
    CHECK(loaded->log.level == config::log_level::info);
    CHECK_FALSE(loaded->webhooks.url);
    CHECK_FALSE(loaded->webhooks.secret);
    CHECK(loaded->webhooks.timeout == std::chrono::seconds{10});
    CHECK(loaded->webhooks.max_retry == 10);
    CHECK(loaded->peers.empty());
    CHECK(load("ilp_address: test.alice\nassets:\npeers:\nlog:\n"));
}

TEST_CASE("A missing setting is named, with the line of its section") {
    CHECK(problems("")[0].starts_with("1 ilp_address: is required: expected an ILP address in g,"));
    CHECK(problem_with("  - name: bob\n    ilp_address", "  - ilp_address")
              .starts_with("8 peers[0].name: is required: expected 1 to 64"));
    CHECK(problem_with("        auth_token: s3cret-out\n", "")
              .starts_with("15 peers[0].http.outgoing.auth_token: is required: expected a token"));
    CHECK(problem_with("asset: {code: USD, scale: 9}", "asset: {code: USD}")
              .starts_with("10 peers[0].asset.scale: is required: expected a whole number from 0 to 255"));
    CHECK(problem_with("  - {code: USD, scale: 9}", "  - {scale: 9}").starts_with("6 assets[0].code: is required"));
    const auto without_http = problems(
        "ilp_address: test.a\n"
        "assets: [{code: USD, scale: 9}]\n"
        "peers:\n"
        "- {name: b, ilp_address: test.b, asset: {code: USD, scale: 9}}\n");
    REQUIRE(without_http.size() == 2);
    CHECK(without_http[0].starts_with(
        "4 peers[0].http.outgoing.endpoint: is required: expected an http:// or https:// URL"));
    CHECK(without_http[1].starts_with("4 peers[0].http.outgoing.auth_token: is required"));
}

TEST_CASE("A section that may be absent has its defaults and required keys if it is there") {
    const auto with = [](const std::string& split) {
        return file_with("    packet_rate: 10", "    max_packet_amount: 10\n    split: " + split);
    };
    const auto loaded = load(with("{max_total: 11}"));
    REQUIRE(loaded);
    CHECK(loaded->peers[0].split.value() ==
          config::split_settings{.max_total = ilp::amount{11}, .max_parts = config::split_parts_by_default()});
    CHECK(loaded->peers[0].split->max_parts == 16);
    const auto problem_in = [&](const std::string& split) { return problems(with(split)).at(0); };
    const std::string required = "13 peers[0].split.max_total: is required: expected an amount: a whole number from 1 ";
    CHECK(problem_in("").starts_with(required));
    CHECK(problem_in("{}").starts_with(required));
    CHECK(problem_in("{max_parts: 2}").starts_with(required));
    CHECK(problem_in("{max_total: 11, max_parts: 1}") ==
          "13 peers[0].split.max_parts: expected a whole number from 2 to 1024, found \"1\"");
    CHECK(problem_in("{max_total: 11, parts: 2}").starts_with("13 peers[0].split.parts: unknown key; "));
    CHECK(problem_in("yes") ==
          "13 peers[0].split: expected a mapping with the keys max_total, max_parts, found a single value");
}

TEST_CASE("An unknown key is refused with the known keys and the nearest one") {
    CHECK(problem_with("connector:", "conector: {}\nconnector:") ==
          "2 conector: unknown key; did you mean connector? known keys: ilp_address, connector, admin, metrics, store, "
          "webhooks, rates, auto_peering, spsp, assets, receiving, sending, accounts, peers, log");
    CHECK(problem_with("    packet_rate: 10", "    max_packet_amout: 10")
              .starts_with(
                  "12 peers[0].max_packet_amout: unknown key; did you mean max_packet_amount? known keys: name, "));
    CHECK(problem_with("log: {level: info}", "log: {colour: red}") ==
          "18 log.colour: unknown key; known keys: level, format");
    CHECK(problem_with("log: {level: info}", "open_payments: {}")
              .starts_with("18 open_payments: unknown key; known keys: "));
    CHECK(
        problem_with("log: {level: info}", "? [a]\n: b").starts_with("18 : a key must be a plain text; known keys: "));
    CHECK(problem_with("log: {level: info}", "<<: {level: info}").starts_with("18 <<: unknown key"));
    CHECK(problem_with("log: {level: info}", "\"a\\u001b\\n\": 1").starts_with("18 a\\x1b\\x0a: unknown key"));
}

TEST_CASE("A duplicate key is refused") {
    CHECK(problem_with("log: {level: info}", "connector: {}") ==
          "18 connector: is given twice: it is already in line 2");
    CHECK(problem_with("    packet_rate: 10", "    name: bob") ==
          "12 peers[0].name: is given twice: it is already in line 8");
}

TEST_CASE("A value of another kind is refused") {
    CHECK(problem_with("  workers: 1", "  workers: [1]") ==
          "3 connector.workers: expected a whole number from 0 to 64, found a list");
    CHECK(problem_with("  workers: 1", "  workers: {a: 1}") ==
          "3 connector.workers: expected a whole number from 0 to 64, found a mapping");
    CHECK(problem_with("  workers: 1", "  workers:") ==
          "3 connector.workers: expected a whole number from 0 to 64, found nothing");
    CHECK(problem_with("log: {level: info}", "log: info") ==
          "18 log: expected a mapping with the keys level, format, found a single value");
    CHECK(problem_with("    routes: [test.carol]", "    routes: test.carol") ==
          "11 peers[0].routes: expected a list, found a single value");
    CHECK(problem_with("    routes: [test.carol]", "    routes: [[test.carol]]")
              .starts_with("11 peers[0].routes[0]: expected an"));
    CHECK(problems("[]") ==
          list{"1 : expected a mapping with the keys ilp_address, connector, admin, metrics, store, "
               "webhooks, rates, auto_peering, spsp, assets, receiving, sending, accounts, peers, log, found a list"});
    CHECK(problems("ilp_address: test.a\npeers: {}") == list{"2 peers: expected a list, found a mapping"});
    CHECK(problems("ilp_address: test.a\nassets: [x]") ==
          list{"2 assets[0]: expected a mapping with the keys code, scale, initial_liquidity, liquidity_threshold, "
               "found a single "
               "value"});
}

TEST_CASE("A value out of its bounds is refused with the expected range") {
    CHECK(problem_with("  workers: 1", "  workers: 65") ==
          "3 connector.workers: expected a whole number from 0 to 64, found \"65\"");
    CHECK(problem_with("  workers: 1", "  min_expiration_window: 0ms") ==
          "3 connector.min_expiration_window: expected a duration from 1ms to 30s, such as 1s, found \"0ms\"");
    CHECK(problem_with("  workers: 1", "  max_hold_time: 61s") ==
          "3 connector.max_hold_time: expected a duration from 100ms to 1m, such as 30s, found \"61s\"");
    CHECK(problem_with("  workers: 1", "  max_packets_in_flight: 0")
              .starts_with("3 connector.max_packets_in_flight: expected"));
    CHECK(problem_with("  workers: 1", "  max_connections: 0").starts_with("3 connector.max_connections: expected"));
    CHECK(problem_with("  workers: 1", "  request_timeout: 6m").starts_with("3 connector.request_timeout: expected"));
    CHECK(problem_with("  workers: 1", "  idle_timeout: 61m").starts_with("3 connector.idle_timeout: expected"));
    CHECK(problem_with("  workers: 1", "  echo_max_amount: -1").starts_with("3 connector.echo_max_amount: expected"));
    CHECK(
        problem_with("  workers: 1", "  listen: localhost:3002") ==
        "3 connector.listen: expected a literal IP address and a port, such as 127.0.0.1:3002 or \"[::1]:3002\", found "
        "\"localhost:3002\"");
    CHECK(problem_with("store: {url: 'memory:'}", "store: {url: x}") ==
          "4 store.url: expected sqlite:PATH, postgresql://... or memory:, found \"x\"");
    const auto problem_with_webhook = [](const std::string& setting) {
        return problem_with("log: {level: info}", "webhooks: {" + setting + "}");
    };
    CHECK(
        problem_with_webhook("url: 8001").starts_with("18 webhooks.url: expected an http:// or https:// URL, such as"));
    CHECK(problem_with_webhook("secret: 'two words'") ==
          "18 webhooks.secret: expected a secret of 1 to 1024 visible ASCII characters");
    CHECK(problem_with_webhook("timeout: 99ms").starts_with("18 webhooks.timeout: expected a duration from 100ms to"));
    CHECK(problem_with_webhook("max_retry: -1").starts_with("18 webhooks.max_retry: expected a whole number from 0"));
    CHECK(problem_with("  - {code: USD, scale: 9}", "  - {code: USD, scale: 9, liquidity: 18446744073709551616}") ==
          "6 assets[0].liquidity: expected an amount: a whole number from 0 to 18446744073709551615, found "
          "\"18446744073709551616\"");
    CHECK(problem_with("  - {code: USD, scale: 9}", "  - {code: USD, scale: 256}") ==
          "6 assets[0].scale: expected a whole number from 0 to 255, found \"256\"");
    CHECK(problem_with("    packet_rate: 10", "    packet_rate: 0").starts_with("12 peers[0].packet_rate: expected"));
    CHECK(problem_with("    packet_rate: 10", "    outgoing_throughput: 0")
              .starts_with("12 peers[0].outgoing_throughput: expected an amount: a whole number from 1 to"));
    CHECK(problem_with("    packet_rate: 10", "    return_to_source: yes") ==
          "12 peers[0].return_to_source: expected true or false, found \"yes\"");
    CHECK(
        problem_with("        endpoint: http://127.0.0.1:4002/", "        endpoint: 127.0.0.1:4002") ==
        "16 peers[0].http.outgoing.endpoint: expected an http:// or https:// URL, such as http://10.0.0.2:3002/, found "
        "\"127.0.0.1:4002\"");
    CHECK(problems(file_with("        endpoint: http://127.0.0.1:4002/", "        endpoint: https://bob.example/"))
              .empty());
    CHECK(problem_with_webhook("url: https://").starts_with("18 webhooks.url: the URL has no host"));
    CHECK(problem_with("log: {level: info}", "log: {level: loud}") ==
          "18 log.level: expected one of trace, debug, info, warn, error, found \"loud\"");
    CHECK(problem_with("log: {level: info}", "log: {format: xml}") ==
          "18 log.format: expected one of text, json, found \"xml\"");
}

TEST_CASE("A15-17: an invalid address or route is refused with its line") {
    CHECK(problem_with("ilp_address: test.alice", "ilp_address: peer.alice")
              .starts_with("1 ilp_address: expected an ILP address"));
    CHECK(problem_with("    ilp_address: test.bob", "    ilp_address: test..bob")
              .starts_with("9 peers[0].ilp_address: expected an ILP address"));
    CHECK(problem_with("    routes: [test.carol]", "    routes:\n    - test.carol\n    - peer.x") ==
          "13 peers[0].routes[1]: expected an ILP address, a bare scheme, or \"\" for the default route; not in peer, "
          "self or local, found \"peer.x\"");
}

TEST_CASE("Every problem is reported in one pass, in the order of the lines") {
    auto yaml = file_with("  workers: 1", "  workers: x");
    yaml.replace(yaml.find("packet_rate: 10"), 15, "packet_rate: x ");
    yaml.replace(yaml.find("level: info"), 11, "level: x   ");
    yaml.replace(yaml.find("name: bob"), 9, "nam: bob ");
    const auto loaded = load(yaml);
    auto keys = list{};
    for (const auto& problem : loaded.error()) keys.push_back(problem.key);
    CHECK(keys == list{"connector.workers", "peers[0].nam", "peers[0].name", "peers[0].packet_rate", "log.level"});
}

TEST_CASE("The number of reported problems is bounded") {
    auto yaml = "ilp_address: test.a\n"s;
    for (int i = 0; i < 5000; ++i) yaml += "x" + std::to_string(i) + ": 1\n";
    const auto found = problems(yaml);
    CHECK(found.size() == 1001);
    CHECK(found.back() == "0 : and 4000 more problems");
}

TEST_CASE("Environment variables are substituted once") {
    const auto environment = variables({{"NAME", "alice"}, {"EMPTY", ""}, {"NESTED", "${NAME}"}, {"TOKEN", "t0p"}});
    CHECK(load("ilp_address: test.${NAME}.x${EMPTY}", environment)->ilp_address.text() == "test.alice.x");
    CHECK(load("ilp_address: test.a\nstore: {url: sqlite:${NESTED}-$${NAME}-$$}", environment)->store.url ==
          "sqlite:${NAME}-${NAME}-$$");
    CHECK(load(file_with("[s3cret]", "[${TOKEN}, \"a${TOKEN}\"]"), environment)->peers[0].http.incoming.auth_tokens ==
          std::vector{config::secret{"t0p"}, config::secret{"at0p"}});
    CHECK(problems("ilp_address: ${UNSET_1}\n") == list{"1 ilp_address: the environment variable UNSET_1 is not set"});
    for (const auto* text : {"'${'", "'${}'", "'${A'", "'${1}'", "'${A-B}'", "'a${ b}'"})
        CHECK(problems("ilp_address: "s + text) ==
              list{"1 ilp_address: expected ${NAME} with the name of an environment variable; write $${ for a literal "
                   "${"});
}

TEST_CASE("Whether the file itself contains a secret is known") {
    const auto has_secret = [](const std::string& secret) {
        const auto loaded = config::load_text("ilp_address: test.a\nadmin: {api_secret: " + secret + "}", "f",
                                              [](std::string_view) { return std::optional<std::string>{"value"}; });
        REQUIRE(loaded);
        return loaded->has_literal_secret;
    };
    CHECK(has_secret("secret"));
    CHECK_FALSE(has_secret("${NAME}"));
    CHECK_FALSE(config::load_text("ilp_address: test.a", "f", config::process_environment())->has_literal_secret);
}

TEST_CASE("A password in the URL of the store is a secret that the file contains") {
    const auto has_secret = [](const std::string& url) {
        const auto loaded = config::load_text("ilp_address: test.a\nstore: {url: '" + url + "'}", "f",
                                              [](std::string_view) { return std::optional<std::string>{"value"}; });
        REQUIRE(loaded);
        return loaded->has_literal_secret;
    };
    for (const char* const with :
         {"postgresql://ilpd:s3cret@db/ilpd", "postgres://ilpd:s3cret@db:5432,db2/ilpd?sslmode=require",
          "postgresql://ilpd@db/ilpd?password=s3cret", "postgresql://db/ilpd?connect_timeout=1&sslpassword=s3cret",
          "postgresql://db/ilpd?pass%77ord=s3cret"}) {
        CAPTURE(with);
        CHECK(has_secret(with));
    }
    for (const char* const without :
         {"postgresql://ilpd@db:5432/ilpd", "postgresql://db:5432/ilpd?application_name=a@b",
          "postgresql://ilpd:@db/ilpd", "postgresql://db/ilpd?options=-csearch_path%3Dilpd",
          "postgresql://ilpd:${PASSWORD}@db/ilpd", "sqlite:/var/lib/ilpd:s3cret@x/ilpd.db", "memory:"}) {
        CAPTURE(without);
        CHECK_FALSE(has_secret(without));
    }
}

TEST_CASE("The environment of the process can be read") {
    REQUIRE(setenv("ILPD_CONFIG_TEST", "x y", 1) == 0);
    CHECK(config::process_environment()("ILPD_CONFIG_TEST") == "x y");
    CHECK_FALSE(config::process_environment()("ILPD_CONFIG_TEST_UNSET"));
}

TEST_CASE("No problem message shows a secret") {
    const auto incoming = "incoming: {auth_tokens: [s3cret]}"s;
    const auto outgoing = "        auth_token: s3cret-out"s;
    const auto files = std::vector<std::string>{
        file_with(incoming, "incoming: {auth_tokens: s3cret}"),
        file_with(incoming, "incoming: {auth_tokens: s3cret, s3cret2}"),
        file_with(incoming, "incoming: {auth_tokens: [s3cret, s3cret]}"),
        file_with(incoming, "incoming: {auth_tokens: [s3 cret, 's3cret ']}"),
        file_with(incoming, "incoming: {auth_tokens: [{s3cret: s3cret}, [s3cret]]}"),
        file_with(incoming, "incoming: {auth_tokens: {s3cret: s3cret}}"),
        file_with(incoming, "incoming: [s3cret]"),
        file_with(incoming, "incoming: s3cret"),
        file_with(incoming, "incoming: {s3cret: s3cret}"),
        file_with(incoming, "incoming: {auth_tokens: ['${s3cret']}"),
        file_with(outgoing, "        auth_token: [s3cret]"),
        file_with(outgoing, "        auth_token s3cret: x\n        auth_token: \"s3cret\\n\""),
        file_with(outgoing, "        auth_token: s3cret x"),
        file_with("        endpoint: http://127.0.0.1:4002/", "        endpoint: http://u:s3cret@127.0.0.1:4002/"),
        file_with("        endpoint: http://127.0.0.1:4002/", "        endpoint: http://u:s3cret@[::1/"),
        file_with("store: {url: 'memory:'}", "store: {url: 'mysql://u:s3cret@h/d'}"),
    };
    for (const auto& file : files) {
        const auto found = problems(file);
        INFO(file);
        CHECK_FALSE(found.empty());
        for (const auto& problem : found) {
            INFO(problem);
            CHECK_FALSE(problem.contains("s3"));
        }
    }
}

TEST_CASE("A file is read from disk, and one that cannot be read is named") {
    const auto file = temporary_file{"ilp_address: test.alice\nlog: {level: x}\n"};
    const auto loaded = config::load_file(file.path, variables());
    REQUIRE_FALSE(loaded);
    CHECK(config::to_string(loaded.error()[0]) ==
          file.path + ":2: log.level: expected one of trace, debug, info, warn, error, found \"x\"");
    CHECK(config::to_string(config::load_file("/nowhere/x\n.yaml", variables()).error()[0]) ==
          "/nowhere/x\\x0a.yaml: cannot be read: No such file or directory");
    CHECK(config::to_string(config::load_file("/", variables()).error()[0]) == "/: cannot be read: Is a directory");
}

TEST_CASE("A relative path in the file begins at the file's folder") {
    const auto yaml =
        "ilp_address: test.a\nconnector: {certificate_file: tls/c.pem, key_file: /k.pem}\n"
        "rates: {ca_file: certificate.pem}\n";
    const auto loaded = config::load_text(yaml, ILPD_SOURCE_DIR "/tests/unit/config/x.yaml", variables());
    REQUIRE(loaded);
    CHECK(loaded->connector.certificate_file->text == ILPD_SOURCE_DIR "/tests/unit/config/tls/c.pem");
    CHECK(loaded->connector.key_file->text == "/k.pem");
    CHECK(loaded->rates.ca_file->file == ILPD_SOURCE_DIR "/tests/unit/config/certificate.pem");
    CHECK(loaded->rates.ca_file->pem.starts_with("-----BEGIN CERTIFICATE-----\n"));
    CHECK(config::load_text("ilp_address: test.a\nadmin: {certificate_file: c, key_file: k}", "f", variables())
              ->admin.key_file->text == "k");
}

TEST_CASE("A file with certificates that cannot be used is named") {
    const auto with = [](const std::string& path) {
        return problems("ilp_address: test.a\nwebhooks: {ca_file: '" + path + "'}");
    };
    CHECK(with("/nowhere") ==
          std::vector<std::string>{"2 webhooks.ca_file: \"/nowhere\" cannot be read: No such file or directory"});
    CHECK(with("/dev/zero") == std::vector<std::string>{"2 webhooks.ca_file: \"/dev/zero\" is not a regular file"});
    const auto file = temporary_file{"no certificate\n"};
    CHECK(with(file.path) ==
          std::vector<std::string>{"2 webhooks.ca_file: \"" + file.path +
                                   "\" contains no certificate in PEM form (-----BEGIN CERTIFICATE-----)"});
}

TEST_CASE("A file without an end is refused") {
    CHECK(config::load_file("/dev/zero", variables()).error()[0].message == "the file is larger than 64 MiB");
}

TEST_CASE("The sample file is valid") {
    const auto loaded = config::load_file(ILPD_SOURCE_DIR "/config/ilpd.yaml", variables());
    REQUIRE(loaded);
    CHECK(loaded->peers.size() == 1);
    CHECK(loaded->store.url == "sqlite:ilpd.db");
}

}  // namespace load_test
