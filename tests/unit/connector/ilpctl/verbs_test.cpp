#include "peering/records/uuid.hpp"
#include "tests/support/child_process.hpp"
#include "tests/unit/connector/ilpctl/fake_daemon.hpp"

#include <fstream>

namespace verbs_test {

using namespace connector::ilpctl;
using namespace connector::ilpctl::testing;

namespace {

constexpr auto key = "the-key";

std::string done(const run_result& result) {
    INFO(result.err);
    REQUIRE(result.status == exit_status::done);
    return result.out;
}

json::value parsed(const run_result& result) {
    return json::parse(done(result));
}

}  // namespace

TEST_CASE("ilpctl peers: a list is fetched in pages, up to the limit or to the end") {
    auto d = fake_daemon{};
    auto hundred = std::vector<json::object>(100, peer_answer());
    d.will_answer(documents::peers, page_answer(hundred, true));
    d.will_answer(documents::peers, page_answer({peer_answer("carol", carol_id)}));
    CHECK(parsed(d.run({"peer", "list", "--all", "--json"})).as_array().size() == 101);
    CHECK(d.last().variables.at("after") == json::value(bob_id));

    d.will_answer(documents::peers, page_answer({peer_answer()}, true));
    const auto result = d.run({"peer", "list", "--limit", "1", "--oldest-first", "--owner", "t"});
    CHECK(done(result) ==
          "NAME  ADDRESS   ASSET  LIQUIDITY  STATE    ORIGIN  ID                                    REACHABILITY\n"
          "bob   test.bob  USD/9  12.50 USD  enabled  API     0b1d3ab8-0c34-4e0d-8a5b-2d2d4c2e0ad3  unknown\n");
    CHECK(d.last().variables == json::object{{"first", 1}, {"sortOrder", "ASC"}, {"tenantId", "t"}});
    CHECK(result.err.ends_with("\n  ilpctl peer list --limit 1 --oldest-first --owner t --after " +
                               std::string{bob_id} + "\n"));

    d.will_answer(documents::peers, page_answer({peer_answer("carol", carol_id)}));
    const auto rest = d.run({"peer", "list", "--limit", "1", "--after", bob_id});
    CHECK(rest.err.empty());
    CHECK(done(rest).contains(carol_id));
    CHECK(d.last().variables == json::object{{"first", 1}, {"sortOrder", "DESC"}, {"after", bob_id}});
}

TEST_CASE("ilpctl peers: one is found only by its exact id or name") {
    auto d = fake_daemon{};
    d.will_answer(documents::peer, peer_answer());
    CHECK(parsed(d.run({"peer", "show", "0B1D3AB8-0c34-4e0d-8a5b-2d2d4c2e0ad3", "--json"})) ==
          json::value(peer_answer()));
    CHECK(d.last().variables == json::object{{"id", bob_id}, {"secrets", false}});

    d.will_answer(documents::peers, page_answer({peer_answer("carol", carol_id), peer_answer()}));
    CHECK(done(d.run({"peer", "show", "bob", "--raw"})).contains("liquidity            12500000000\n"));

    d.will_answer(documents::peers, page_answer({peer_answer()}));
    const auto unknown = d.run({"peer", "show", "bo"});
    CHECK(unknown.status == exit_status::refused);
    CHECK(unknown.err == "ilpctl: there is no peer \"bo\"\n");

    d.will_answer(documents::peers, page_answer({peer_answer(), peer_answer("bob", carol_id)}));
    const auto ambiguous = d.run({"peer", "show", "bob"});
    CHECK(ambiguous.status == exit_status::refused);
    CHECK(ambiguous.err.contains("2 peers have the name \"bob\""));
    CHECK(ambiguous.err.contains(carol_id));
}

TEST_CASE("ilpctl peers: a peer's reachability is shown as far as it is known") {
    auto d = fake_daemon{};
    d.will_answer(documents::peer, peer_answer());
    const auto unknown = done(d.run({"peer", "show", bob_id}));
    CHECK(unknown.ends_with("created              2026-08-01T12:00:00.000Z\nreachability         unknown\n"));

    auto lost = peer_answer();
    lost["reachability"] = unreachable_answer();
    d.will_answer(documents::peer, lost);
    CHECK(done(d.run({"peer", "show", bob_id}))
              .ends_with("reachability         unreachable since 2026-08-01T12:10:00.000Z\n"
                         "last answer          2026-08-01T12:09:59.000Z\n"
                         "round trip           1.3 ms\n"
                         "last error           peer is unreachable: Connection refused at 2026-08-01T12:11:00.000Z\n"));
}

TEST_CASE("ilpctl peers: what crosses the link in parts is shown with what the far side accepts") {
    auto d = fake_daemon{};
    auto peer = peer_answer();
    const auto shown = [&] {
        d.will_answer(documents::peer, peer);
        return done(d.run({"peer", "show", bob_id}));
    };
    CHECK_FALSE(shown().contains("split"));
    CHECK_FALSE(shown().contains("far side"));
    peer["split"] = {{"maxTotal", "16000000"}, {"maxParts", 32}};
    CHECK(
        shown().contains("max hold time        -\n"
                         "split                packets up to 0.016 USD in up to 32 parts\n"
                         "far side accepts     not known until it has answered a packet\n"));
    peer["reachability"].as_object()["lastAnswerAt"] = "2026-08-01T12:09:59.000Z";
    CHECK(
        shown().contains("far side accepts     no parts: packets above 0.001 USD get F08; it needs `split` for "
                         "us in its settings\n"));
    peer["splitAccepted"] = {{"maxTotal", "8000000"}, {"maxParts", 16}};
    CHECK(shown().contains("far side accepts     packets up to 0.008 USD in up to 16 parts\n"));
    peer["split"] = nullptr;
    CHECK(
        shown().contains("split                -\n"
                         "far side accepts     packets up to 0.008 USD in up to 16 parts\n"));
}

TEST_CASE("ilpctl status: peers that are not reachable have a line each") {
    auto d = fake_daemon{};
    auto node = json::object{{"ilpAddress", "test.alice"},
                             {"version", "0.1.0"},
                             {"startedAt", "then"},
                             {"ready", true},
                             {"storeError", nullptr},
                             {"peers", 3},
                             {"assets", 1},
                             {"receivingAccounts", 2},
                             {"spspListener", nullptr},
                             {"routes", 3},
                             {"pendingWithdrawals", 0},
                             {"unreachablePeerCount", 0},
                             {"unreachablePeers", json::array{}},
                             {"peersInDoubtCount", 0},
                             {"peersInDoubt", json::array{}}};
    node["cluster"] =
        json::object{{"isShared", false}, {"activeSince", "today"}, {"epoch", nullptr}, {"leaseSeconds", nullptr}};
    d.will_answer(documents::status, node);
    const auto quiet = done(d.run({"status"}));
    CHECK_FALSE(quiet.contains("reachable"));
    CHECK(quiet.contains("receiving accounts   2\npayers ask at        nowhere: spsp.enabled is false\n"));

    node["spspListener"] = "127.0.0.1:3004";
    d.will_answer(documents::status, node);
    CHECK(done(d.run({"status"})).contains("payers ask at        127.0.0.1:3004\n"));

    node["unreachablePeerCount"] = 2;
    node["unreachablePeers"] = json::array{
        {{"id", bob_id}, {"name", "bob"}, {"staticIlpAddress", "test.bob"}, {"reachability", unreachable_answer()}}};
    d.will_answer(documents::status, node);
    CHECK(done(d.run({"status"}))
              .ends_with("pending withdrawals  0\n"
                         "not reachable        bob at test.bob: unreachable since 2026-08-01T12:10:00.000Z: peer is "
                         "unreachable: Connection refused\n"
                         "not reachable        and 1 more peer\n"));

    node["peersInDoubtCount"] = 3;
    node["peersInDoubt"] = json::array{{{"id", bob_id},
                                        {"name", "bob"},
                                        {"staticIlpAddress", "test.bob"},
                                        {"amountInDoubt", "1024"},
                                        {"asset", {{"code", "USD"}, {"scale", 9}}}}};
    d.will_answer(documents::status, node);
    CHECK(done(d.run({"status"}))
              .ends_with(
                  "books in doubt       up to 0.000001024 USD may have been fulfilled by bob at test.bob and is in "
                  "no book\n"
                  "books in doubt       and those of 2 more peers\n"));

    d.will_answer(documents::status, node);
    CHECK_FALSE(done(d.run({"status"})).contains("database"));
    node["cluster"] =
        json::object{{"isShared", true}, {"activeSince", "today"}, {"epoch", "7"}, {"leaseSeconds", 38.9}};
    d.will_answer(documents::status, node);
    CHECK(done(d.run({"status"})).contains("database             in epoch 7 since today, lease left: 38 s\n"));
}

TEST_CASE("ilpctl cluster: the daemons that share a database are a table below what this one says of itself") {
    auto d = fake_daemon{};
    const auto daemon = json::object{
        {"slot", 0},          {"state", "ACTIVE"}, {"isSelf", true},     {"host", "on a, process 12"},
        {"instance", bob_id}, {"epoch", "7"},      {"lastCommit", "31"}, {"leaseUntil", "2026-08-01T12:00:38.000Z"},
        {"leaseSeconds", 38}};
    auto nobody = json::object{{"slot", 1},          {"state", "FREE"},       {"isSelf", false},
                               {"host", nullptr},    {"instance", nullptr},   {"epoch", "6"},
                               {"lastCommit", "30"}, {"leaseUntil", nullptr}, {"leaseSeconds", nullptr}};
    auto cluster = json::object{{"isShared", true},
                                {"host", "on a, process 12"},
                                {"activeSince", "2026-08-01T12:00:00.000Z"},
                                {"hasTakenOver", true},
                                {"epoch", "7"},
                                {"leaseSeconds", 38.25},
                                {"daemons", json::array{daemon, nobody}}};
    d.will_answer(documents::cluster, cluster);
    CHECK(done(d.run({"cluster"})) ==
          "this daemon   on a, process 12\n"
          "active since  2026-08-01T12:00:00.000Z\n"
          "took over     yes, it waited for another daemon\n"
          "epoch         7\n"
          "lease left    38 s\n"
          "\n"
          "SLOT  STATE   EPOCH  LAST COMMIT  LEASE LEFT  THIS  HOST              INSTANCE\n"
          "   0  ACTIVE      7           31        38 s  yes   on a, process 12  0b1d3ab8-0c34-4e0d-8a5b-2d2d4c2e0ad3\n"
          "   1  FREE        6           30           -  no    -                 -\n");
    d.will_answer(documents::cluster, cluster);
    CHECK(parsed(d.run({"cluster", "--json"})) == json::value(cluster));

    cluster["leaseSeconds"] = -0.5;
    cluster["hasTakenOver"] = false;
    cluster["daemons"] = nullptr;
    d.will_answer(documents::cluster, cluster);
    CHECK(done(d.run({"cluster"}))
              .ends_with("took over     no\n"
                         "epoch         7\n"
                         "lease left    ended\n"
                         "daemons       not known: the store cannot be read now\n"));
}

TEST_CASE("ilpctl cluster: a daemon whose store nobody can share is alone") {
    auto d = fake_daemon{};
    d.will_answer(documents::cluster, json::object{{"isShared", false},
                                                   {"host", "on a, process 12"},
                                                   {"activeSince", "then"},
                                                   {"hasTakenOver", false},
                                                   {"epoch", nullptr},
                                                   {"leaseSeconds", nullptr},
                                                   {"daemons", json::array{}}});
    CHECK(done(d.run({"cluster"})) ==
          "this daemon    on a, process 12\n"
          "active since   then\n"
          "other daemons  none: only a PostgreSQL store is shared\n");
}

TEST_CASE("ilpctl doubt: it ends a peer's doubt with a correction, or because the books agree") {
    auto d = fake_daemon{};
    d.will_answer(documents::peers, page_answer({peer_answer()}));
    d.will_answer(documents::agree_peer, json::object{{"success", true}});
    CHECK(done(d.run({"doubt", "agree", "bob"})) == "the books of bob at test.bob are not in doubt any more\n");
    CHECK(d.input().at("peerId") == json::value(bob_id));
    CHECK(json::value(d.last().again.idempotency_key) == d.input().at("idempotencyKey"));

    d.will_answer(documents::peers, page_answer({peer_answer()}));
    d.will_answer(documents::correct_peer, json::object{{"success", true}});
    const auto text = done(d.run({"doubt", "correct", "bob", "0.25"}));
    const auto id = std::string{d.input().at("id").as_string()};
    CHECK(text == "credited 0.25 USD to bob at test.bob, the books are not in doubt any more: transfer " + id + "\n");
    CHECK(d.input().at("amount") == json::value("250000000"));
    d.will_answer(documents::peers, page_answer({peer_answer()}));
    d.will_answer(documents::correct_peer, json::object{{"success", true}});
    CHECK(parsed(d.run({"doubt", "correct", "bob", "5", "--raw", "--json", "--id", carol_id, "--idempotency-key",
                        key})) == json::value{{"id", carol_id}, {"idempotencyKey", key}, {"success", true}});
    CHECK(d.input() == json::object{{"peerId", bob_id}, {"amount", "5"}, {"id", carol_id}, {"idempotencyKey", key}});
}

TEST_CASE("ilpctl accounts: an account without a payment pointer shows which setting gives it one") {
    auto d = fake_daemon{};
    auto account = json::object{{"id", bob_id},
                                {"name", "alice"},
                                {"publicName", nullptr},
                                {"paymentPointer", nullptr},
                                {"asset", asset_answer()},
                                {"liquidity", "0"},
                                {"enabled", true},
                                {"origin", "API"},
                                {"createdAt", "then"}};
    const std::string none =
        "\npointer      none: spsp.public_url, the https:// URL at which payers find this node, is not set\n";
    d.will_answer(documents::asset_by_unit, asset_answer());
    d.will_answer(documents::create_receiving_account, json::object{{"receivingAccount", account}});
    CHECK(done(d.run({"account", "create", "alice", "--asset", "USD/9"})).contains(none));
    d.will_answer(documents::receiving_account_by_name, account);
    CHECK(done(d.run({"account", "show", "alice"})).contains(none));
    account["paymentPointer"] = "$alice.example/alice";
    d.will_answer(documents::receiving_account_by_name, account);
    CHECK(done(d.run({"account", "show", "alice"})).contains("\npointer      $alice.example/alice\n"));
}

TEST_CASE("ilpctl peers: the outgoing token is shown on request") {
    auto d = fake_daemon{};
    auto hidden = peer_answer();
    hidden.at("http").at("outgoing").as_object().erase("authToken");
    d.will_answer(documents::peer, hidden);
    CHECK(!done(d.run({"peer", "show", bob_id})).contains("token"));
    d.will_answer(documents::peer, peer_answer());
    CHECK(done(d.run({"peer", "show", bob_id, "--show-secrets"})).contains("outgoing token       t0ken\n"));
    CHECK(d.last().variables.at("secrets") == json::value(true));
}

TEST_CASE("ilpctl peers: tokens of other peers are not requested") {
    auto d = fake_daemon{};
    d.will_answer(documents::peers, page_answer({peer_answer("carol", carol_id), peer_answer()}));
    d.will_answer(documents::peer, peer_answer());
    done(d.run({"peer", "show", "bob", "--show-secrets"}));
    REQUIRE(d.requests.size() == 2);
    CHECK(!d.requests.front().variables.contains("secrets"));
    CHECK(d.last().variables == json::object{{"id", bob_id}, {"secrets", true}});
}

TEST_CASE("ilpctl peers: a name that another peer has is warned of") {
    auto d = fake_daemon{};
    const auto warning_among = [&](const std::vector<json::object>& peers) {
        d.will_answer(documents::asset_by_unit, asset_answer());
        d.will_answer(documents::peers, page_answer(peers));
        d.will_answer(documents::create_peer, json::object{{"peer", peer_answer()}});
        const auto result = d.run({"peer", "create", "test.bob", "--asset", "USD/9", "--name", "bob",
                                   "--outgoing-endpoint", "http://127.0.0.1:4002/", "--outgoing-token", "x"});
        done(result);
        return result.err;
    };
    CHECK(warning_among({}).empty());
    CHECK(warning_among({peer_answer("carol", carol_id)}).empty());
    CHECK(warning_among({peer_answer("bob", carol_id)}) ==
          "ilpctl: warning: another peer has the name \"bob\" as well, so commands need their ids\n");
    CHECK(warning_among({peer_answer("bob", bob_id)}).empty());  // the command is repeated
}

TEST_CASE("ilpctl peers: whoever removes a token sees how many are left") {
    auto d = fake_daemon{};
    const auto note = [&](const json::array& tokens, const json::array& secrets, const json::array& keys) {
        auto answer = peer_answer();
        answer.at("http").as_object()["incoming"] =
            json::object{{"tokenFingerprints", tokens}, {"jwtSecretFingerprints", secrets}};
        answer.at("transport").as_object()["clientKeys"] = keys;
        d.will_answer(documents::peer, peer_answer());
        d.will_answer(documents::update_peer, json::object{{"peer", answer}});
        const auto result = d.run({"peer", "update", bob_id, "--remove-incoming-token", "old"});
        done(result);
        return result.err;
    };
    CHECK(note({"sha256:00aa"}, {}, {}) == "ilpctl: incoming tokens left: 1\n");
    CHECK(note({}, {"sha256:00aa"}, {}) == "ilpctl: incoming tokens left: 0\n");
    CHECK(note({}, {}, {"ab"}) == "ilpctl: incoming tokens left: 0\n");
    CHECK(note({}, {}, {}) ==
          "ilpctl: warning: the peer has no incoming token, secret or client key left, so its packets are refused\n");
}

TEST_CASE("ilpctl peers: one is created with all its terms") {
    auto d = fake_daemon{};
    d.will_answer(documents::peers, page_answer({}));
    d.will_answer(documents::asset_by_unit, asset_answer());
    d.will_answer(documents::create_peer, json::object{{"peer", peer_answer()}});
    d.input_text = "out-token\n";
    const auto text = done(d.run({"peer",
                                  "create",
                                  "test.bob",
                                  "--asset",
                                  "USD/9",
                                  "--name",
                                  "bob",
                                  "--outgoing-endpoint",
                                  "http://127.0.0.1:4002/",
                                  "--outgoing-token-file",
                                  "-",
                                  "--incoming-token",
                                  "in-1",
                                  "--incoming-token",
                                  "[in,2]",
                                  "--route",
                                  "test.carol",
                                  "--route",
                                  "",
                                  "--max-packet-amount",
                                  "0.001",
                                  "--split-max-total",
                                  "0.016",
                                  "--max-in-flight-amount",
                                  "2",
                                  "--max-hold-time",
                                  "4s",
                                  "--liquidity-threshold",
                                  "1 USD",
                                  "--initial-liquidity",
                                  "12.5",
                                  "--idempotency-key",
                                  key}));
    CHECK(text.contains(bob_id));
    CHECK(text.contains("route                (default)\n"));
    CHECK(d.input() ==
          json::object{{"assetId", usd_id},
                       {"staticIlpAddress", "test.bob"},
                       {"name", "bob"},
                       {"http",
                        {{"outgoing", {{"authToken", "out-token"}, {"endpoint", "http://127.0.0.1:4002/"}}},
                         {"incoming", {{"authTokens", {"in-1", "[in,2]"}}}}}},
                       {"routes", {"test.carol", ""}},
                       {"maxPacketAmount", "1000000"},
                       {"split", {{"maxTotal", "16000000"}}},
                       {"maxInFlightAmount", "2000000000"},
                       {"maxHoldMilliseconds", 4000},
                       {"liquidityThreshold", "1000000000"},
                       {"initialLiquidity", "12500000000"},
                       {"idempotencyKey", key}});
    CHECK(d.last().again.idempotency_key == key);
}

TEST_CASE("ilpctl peers: the terms of the connections are sent and shown") {
    auto d = fake_daemon{};
    auto answer = peer_answer();
    answer["transport"] = {{"clientKeys", {"ab", "cd"}},
                           {"caCertificates", "PEM"},
                           {"allowPlainHttp", true},
                           {"protocol", "HTTP2"},
                           {"mode", "ASYNCHRONOUS"}};
    d.will_answer(documents::asset_by_unit, asset_answer());
    d.will_answer(documents::create_peer, json::object{{"peer", answer}});
    const auto create = [&](const std::string& ca_file) {
        return d.run({"peer", "create", "test.bob", "--asset", "USD/9", "--outgoing-endpoint", "https://h/",
                      "--outgoing-token", "x", "--incoming-client-key", "AB:CD", "--outgoing-ca-file", ca_file,
                      "--outgoing-protocol", "http2", "--outgoing-mode", "asynchronous", "--allow-plain-http"});
    };
    const auto text = done(create(ILPD_SOURCE_DIR "/tests/unit/config/certificate.pem"));
    CHECK(
        text.contains("client key           ab\nclient key           cd\nauthorities          its own\n"
                      "plain http           allowed\nprotocol             HTTP2\nmode                 ASYNCHRONOUS\n"));
    const auto& sent = d.input().at("transport").as_object();
    CHECK(sent.at("clientKeys") == json::array{"AB:CD"});
    CHECK(sent.at("caCertificates").as_string().starts_with("-----BEGIN CERTIFICATE-----\n"));
    CHECK(sent.at("protocol") == "HTTP2");
    CHECK(sent.at("mode") == "ASYNCHRONOUS");
    CHECK(sent.at("allowPlainHttp") == true);

    const auto unreadable = create("/nowhere");
    CHECK(unreadable.status == exit_status::usage);
    CHECK(unreadable.err == "ilpctl: /nowhere cannot be read: No such file or directory\n");
    const auto unknown = d.run({"peer", "update", bob_id, "--outgoing-protocol", "h2"});
    CHECK(unknown.status == exit_status::usage);
    CHECK(unknown.err.contains("--outgoing-protocol: \"h2\": expected one of auto, http1, http2"));
    CHECK(d.run({"peer", "update", bob_id, "--max-hold-time", "4"})
              .err.contains("--max-hold-time: \"4\": expected a duration from 100ms to 1m, such as 30s"));
    CHECK(
        d.run({"liquidity", "withdraw", bob_id, "1", "--timeout", "1500ms"})
            .err.contains("--timeout: \"1500ms\": expected a duration from 1s to 365d, such as 30s, in whole seconds"));
    CHECK(d.run({"peer", "update", bob_id, "--allow-plain-http", "--no-allow-plain-http"}).status ==
          exit_status::usage);
}

TEST_CASE("ilpctl peers: an update of what is split keeps the terms that are not given") {
    auto d = fake_daemon{};
    auto peer = peer_answer();
    const auto run = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"peer", "update", bob_id});
        d.will_answer(documents::peer, peer);
        d.will_answer(documents::update_peer, json::object{{"peer", peer}});
        return d.run(words);
    };
    const auto sent = [&](const std::vector<std::string>& words) {
        done(run(words));
        return d.input().at("split");
    };
    CHECK(sent({"--split-max-total", "0.016"}) == json::value{{"maxTotal", "16000000"}});
    CHECK(sent({"--split-max-total", "0.016", "--split-max-parts", "2"}) ==
          json::value{{"maxTotal", "16000000"}, {"maxParts", 2}});
    CHECK(sent({"--no-split"}).is_null());
    peer["split"] = {{"maxTotal", "16000000"}, {"maxParts", 32}};
    CHECK(sent({"--split-max-parts", "1024"}) == json::value{{"maxTotal", "16000000"}, {"maxParts", 1024}});
    CHECK(sent({"--split-max-total", "1"}) == json::value{{"maxTotal", "1000000000"}, {"maxParts", 32}});
}

TEST_CASE("ilpctl peers: a number of parts is within its bounds, and belongs to a total") {
    auto d = fake_daemon{};
    for (const auto* const parts : {"1", "1025", "x"})
        CHECK(d.run({"peer", "update", bob_id, "--split-max-parts", parts})
                  .err.contains("expected a whole number from 2 to 1024"));
    CHECK(d.run({"peer", "update", bob_id, "--no-split", "--split-max-parts", "2"}).status == exit_status::usage);
    CHECK(d.run({"peer", "update", bob_id, "--no-split", "--split-max-total", "2"}).status == exit_status::usage);
    CHECK(d.requests.empty());
    d.will_answer(documents::peer, peer_answer());
    const auto alone = d.run({"peer", "update", bob_id, "--split-max-parts", "2"});
    CHECK(alone.status == exit_status::usage);
    CHECK(alone.err ==
          "ilpctl: --split-max-total AMOUNT is missing: the largest packet that crosses the link in parts\n");
}

TEST_CASE("ilpctl peers: fingerprints of tokens are shown if they are asked for") {
    auto d = fake_daemon{};
    auto answer = peer_answer();
    answer.at("http").as_object()["incoming"] =
        json::object{{"tokenFingerprints", {"sha256:00aa"}}, {"jwtSecretFingerprints", {"sha256:11bb"}}};
    answer.at("http").at("outgoing").as_object()["jwtSubject"] = "test.us";
    d.will_answer(documents::peer, answer);
    const auto text = done(d.run({"peer", "show", bob_id, "--fingerprints"}));
    CHECK(text.contains("outgoing tokens      signed for subject test.us\n"));
    CHECK(text.contains("incoming token       sha256:00aa\nincoming secret      sha256:11bb\n"));
    d.will_answer(documents::peer, answer);
    CHECK_FALSE(done(d.run({"peer", "show", bob_id})).contains("sha256"));
}

TEST_CASE("ilpctl peers: one cannot be created without an endpoint and a token") {
    auto d = fake_daemon{};
    const auto without_endpoint = d.run({"peer", "create", "test.bob", "--asset", "USD", "--outgoing-token", "x"});
    CHECK(without_endpoint.status == exit_status::usage);
    CHECK(without_endpoint.err == "ilpctl: --outgoing-endpoint URL is missing: where the peer accepts packets\n");
    const auto without_token =
        d.run({"peer", "create", "test.bob", "--asset", "USD", "--outgoing-endpoint", "http://h/"});
    CHECK(without_token.status == exit_status::usage);
    CHECK(without_token.err ==
          "ilpctl: --outgoing-token-file FILE is missing: the token that we present to the peer (or --outgoing-token "
          "TOKEN)\n");
    CHECK(d.run({"peer", "create", "test.bob", "--asset", "USD", "--outgoing-endpoint", "http://h/",
                 "--outgoing-token-file", "-", "--incoming-token-file", "-"})
              .status == exit_status::usage);
    CHECK(d.run({"peer", "create", "test.bob", "--asset", "USD", "--outgoing-endpoint", "http://h/", "--outgoing-token",
                 "x", "--outgoing-jwt-secret-file", "-"})
              .err == "ilpctl: --outgoing-jwt-secret-file excludes --outgoing-token and its file\n");
    CHECK(d.requests.empty());
}

TEST_CASE("ilpctl peers: an update changes or clears only the given terms") {
    auto d = fake_daemon{};
    const auto update = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"peer", "update", bob_id, "--idempotency-key", key});
        d.will_answer(documents::peer, peer_answer());
        d.will_answer(documents::update_peer, json::object{{"peer", peer_answer()}});
        done(d.run(words));
        auto input = d.input();
        CHECK(input.at("id") == json::value(bob_id));
        input.erase("id");
        input.erase("idempotencyKey");
        return input;
    };
    CHECK(update({"--name", ""}) == json::object{{"name", ""}});
    CHECK(update({"--no-name", "--no-max-packet-amount", "--no-liquidity-threshold", "--no-routes"}) ==
          json::object{{"name", nullptr},
                       {"maxPacketAmount", nullptr},
                       {"liquidityThreshold", nullptr},
                       {"routes", json::array{}}});
    CHECK(update({"--no-max-in-flight-amount"}) == json::object{{"maxInFlightAmount", nullptr}});
    CHECK(update({"--no-max-hold-time"}) == json::object{{"maxHoldMilliseconds", nullptr}});
    CHECK(update({"--address", "test.b", "--max-packet-amount", "5"}) ==
          json::object{{"staticIlpAddress", "test.b"}, {"maxPacketAmount", "5000000000"}});
    const auto transport = [](json::object terms) { return json::object{{"transport", std::move(terms)}}; };
    CHECK(update({"--incoming-client-key", std::string(64, 'a'), "--incoming-client-key", "b"}) ==
          transport({{"clientKeys", {std::string(64, 'a'), "b"}}}));
    CHECK(update({"--no-incoming-client-keys", "--no-outgoing-ca-file", "--no-allow-plain-http"}) ==
          transport({{"clientKeys", json::array{}}, {"caCertificates", nullptr}, {"allowPlainHttp", false}}));
    const support::temporary_directory files;
    const auto file_with = [&](const std::string& text) {
        const auto path = (files.path() / text).string();
        std::ofstream{path} << text << '\n';
        return path;
    };
    CHECK(update({"--add-incoming-token-file", file_with("new"), "--remove-incoming-token", "old",
                  "--remove-incoming-token", "sha256:0011"}) ==
          json::object{{"addIncomingTokens", {"new"}}, {"removeIncomingTokens", {"old", "sha256:0011"}}});
    CHECK(update({"--incoming-jwt-secret-file", file_with("sign"), "--remove-incoming-jwt-secret", "sha256:0011"}) ==
          json::object{{"addIncomingJwtSecrets", {"sign"}}, {"removeIncomingJwtSecrets", {"sha256:0011"}}});
    CHECK(update({"--outgoing-jwt-secret-file", file_with("sign"), "--outgoing-jwt-subject", "alice"}) ==
          json::object{{"http",
                        {{"outgoing",
                          {{"endpoint", "http://127.0.0.1:4002/"},
                           {"authToken", ""},
                           {"jwtSecret", "sign"},
                           {"jwtSubject", "alice"}}}}}});
    CHECK(update({"--outgoing-protocol", "auto"}) == transport({{"protocol", "AUTO"}}));
    CHECK(update({"--outgoing-protocol", "HTTP2", "--outgoing-mode", "Asynchronous"}) ==
          transport({{"protocol", "HTTP2"}, {"mode", "ASYNCHRONOUS"}}));
    // The API requires both members of outgoing, or neither.
    CHECK(update({"--outgoing-endpoint", "http://h/"}) ==
          json::object{{"http", {{"outgoing", {{"endpoint", "http://h/"}, {"authToken", "t0ken"}}}}}});
    CHECK(update({"--incoming-token", "a"}) ==
          json::object{{"http",
                        {{"outgoing", {{"endpoint", "http://127.0.0.1:4002/"}, {"authToken", "t0ken"}}},
                         {"incoming", {{"authTokens", {"a"}}}}}}});
    CHECK(update({"--no-incoming-tokens", "--outgoing-token", "new"}) ==
          json::object{{"http",
                        {{"outgoing", {{"endpoint", "http://127.0.0.1:4002/"}, {"authToken", "new"}}},
                         {"incoming", {{"authTokens", json::array{}}}}}}});

    d.will_answer(documents::peer, peer_answer());
    CHECK(d.run({"peer", "update", bob_id}).status == exit_status::usage);
}

TEST_CASE("ilpctl peers: disable, enable, delete, add-by-url") {
    auto d = fake_daemon{};
    for (const bool enabled : {false, true}) {
        d.will_answer(documents::peer, peer_answer());
        d.will_answer(documents::set_peer_enabled, json::object{{"peer", peer_answer()}});
        CHECK(done(d.run({"peer", enabled ? "enable" : "disable", bob_id}))
                  .starts_with(enabled ? "enabled" : "disabled"));
        CHECK(d.input().at("enabled") == json::value(enabled));
        CHECK(peering::is_uuid_v4(d.last().again.idempotency_key));
    }
    d.will_answer(documents::peer, peer_answer());
    d.will_answer(documents::delete_peer, json::object{{"success", true}});
    CHECK(parsed(d.run({"peer", "delete", bob_id, "--json"})) == json::value{{"success", true}});
    const auto deletes = [&](const std::string& liquidity) {
        auto answer = peer_answer();
        answer["liquidity"] = liquidity;
        d.will_answer(documents::peer, answer);
        d.will_answer(documents::delete_peer, json::object{{"success", true}});
        return done(d.run({"peer", "delete", bob_id}));
    };
    const auto deleted = "deleted peer bob at test.bob (" + std::string{bob_id} + ")\n";
    CHECK(deletes("12500000000") == deleted + "withdrew its liquidity, which was 12.50 USD just before\n");
    CHECK(deletes("0") == deleted);

    d.will_answer(documents::asset_by_unit, asset_answer());
    d.will_answer(documents::add_peer_by_url, json::object{{"peer", peer_answer()}});
    done(d.run({"peer", "add-by-url", "http://h:3005/", "--asset", "USD/9", "--name", "bob", "--max-packet-amount", "1",
                "--liquidity-threshold", "2", "--deposit", "3", "--idempotency-key", key}));
    CHECK(d.input() == json::object{{"peerUrl", "http://h:3005/"},
                                    {"assetId", usd_id},
                                    {"name", "bob"},
                                    {"maxPacketAmount", "1000000000"},
                                    {"liquidityThreshold", "2000000000"},
                                    {"liquidityToDeposit", "3000000000"},
                                    {"idempotencyKey", key}});

    d.will_answer(documents::asset_by_unit, asset_answer());
    d.will_answer(documents::peer, peer_answer());
    d.will_answer(documents::add_peer_by_url, json::object{{"peer", peer_answer()}});
    done(d.run({"peer", "add-by-url", "http://h:3005/", "--asset", "USD/9", "--peer", bob_id}));
    CHECK(d.input().at("peerId") == json::value(bob_id));
}

TEST_CASE("ilpctl assets: one is found by id, code and scale, or code") {
    auto d = fake_daemon{};
    d.will_answer(documents::asset, asset_answer());
    done(d.run({"asset", "show", usd_id}));
    d.will_answer(documents::asset_by_unit, asset_answer());
    CHECK(done(d.run({"asset", "show", "USD/9"})).contains("liquidity             5.00 USD\n"));
    CHECK(d.last().variables == json::object{{"code", "USD"}, {"scale", 9}});
    d.will_answer(documents::assets, page_answer({asset_answer("EUR", 2), asset_answer()}));
    done(d.run({"asset", "show", "USD"}));

    d.will_answer(documents::assets, page_answer({asset_answer("USD", 2), asset_answer()}));
    const auto ambiguous = d.run({"asset", "show", "USD"});
    CHECK(ambiguous.status == exit_status::refused);
    CHECK(ambiguous.err.contains("USD/2, USD/9"));
}

TEST_CASE("ilpctl assets: whoever names one that does not exist learns how to add it") {
    auto d = fake_daemon{};
    const std::string refusal = "ilpctl: there is no asset \"USD/3\": add the asset with `ilpctl asset create USD/3`\n";
    for (const auto& words :
         std::vector<std::vector<std::string>>{{"asset", "show", "USD/3"},
                                               {"account", "create", "alice", "--asset", "USD/3"},
                                               {"peer", "create", "test.bob", "--asset", "USD/3", "--outgoing-endpoint",
                                                "https://h/", "--outgoing-token", "x"}}) {
        d.will_answer(documents::asset_by_unit, nullptr);
        const auto result = d.run(words);
        CHECK(result.status == exit_status::refused);
        CHECK(result.err == refusal);
    }
    d.will_answer(documents::create_asset, json::object{{"asset", asset_answer("USD", 3)}});
    done(d.run({"asset", "create", "USD/3"}));

    d.will_answer(documents::assets, page_answer({}));
    CHECK(d.run({"account", "create", "alice", "--asset", "USD"}).err ==
          "ilpctl: there is no asset \"USD\": `ilpctl asset list` shows the assets\n");
    d.will_answer(documents::peers, page_answer({}));
    d.will_answer(documents::asset_by_unit, nullptr);
    CHECK(d.run({"liquidity", "deposit", "USD/3", "1"}).err ==
          "ilpctl: there is no peer or asset \"USD/3\": add the asset with `ilpctl asset create USD/3`\n");
}

TEST_CASE("ilpctl assets: create, update, delete, list") {
    auto d = fake_daemon{};
    d.will_answer(documents::create_asset, json::object{{"asset", asset_answer()}});
    done(d.run({"asset", "create", "USD/9", "--liquidity-threshold", "1", "--withdrawal-threshold", "0.5", "--owner",
                "t", "--idempotency-key", key}));
    CHECK(d.input() == json::object{{"code", "USD"},
                                    {"scale", 9},
                                    {"liquidityThreshold", "1000000000"},
                                    {"withdrawalThreshold", "500000000"},
                                    {"tenantId", "t"},
                                    {"idempotencyKey", key}});

    // Values that the command does not change are sent unchanged, because the API would clear them otherwise.
    d.will_answer(documents::asset, asset_answer());
    d.will_answer(documents::update_asset, json::object{{"asset", asset_answer()}});
    done(d.run({"asset", "update", usd_id, "--withdrawal-threshold", "1", "--idempotency-key", key}));
    CHECK(d.input() == json::object{{"id", usd_id},
                                    {"liquidityThreshold", "1000000000"},
                                    {"withdrawalThreshold", "1000000000"},
                                    {"idempotencyKey", key}});
    d.will_answer(documents::asset, asset_answer());
    d.will_answer(documents::update_asset, json::object{{"asset", asset_answer()}});
    done(d.run({"asset", "update", usd_id, "--no-liquidity-threshold"}));
    CHECK(d.input().at("liquidityThreshold").is_null());
    CHECK(d.run({"asset", "update", usd_id}).status == exit_status::usage);

    d.will_answer(documents::asset, asset_answer());
    d.will_answer(documents::delete_asset, json::object{{"asset", asset_answer()}});
    CHECK(done(d.run({"asset", "delete", usd_id})).starts_with("deleted asset USD/9"));

    d.will_answer(documents::assets, page_answer({asset_answer()}));
    CHECK(done(d.run({"asset", "list"})) ==
          "ASSET  LIQUIDITY    LOW AT  LEAST WITHDRAWAL  ORIGIN  ID\n"
          "USD/9   5.00 USD  1.00 USD                 -  API     3cd1b4ec-6b37-4e42-9d6b-8b6cfa5e3d84\n");
}

TEST_CASE("ilpctl liquidity: a deposit has an id and an idempotency key and reports its id") {
    auto d = fake_daemon{};
    d.will_answer(documents::peers, page_answer({peer_answer()}));
    d.will_answer(documents::assets, page_answer({asset_answer()}));
    d.will_answer(documents::deposit_peer, json::object{{"success", true}});
    const auto text = done(d.run({"liquidity", "deposit", "bob", "12.50 USD"}));
    const auto id = std::string{d.input().at("id").as_string()};
    CHECK(peering::is_uuid_v4(id));
    CHECK(text == "deposited 12.50 USD to peer bob at test.bob: transfer " + id + "\n");
    CHECK(d.input().at("amount") == json::value("12500000000"));
    CHECK(d.input().at("peerId") == json::value(bob_id));
    CHECK(d.last().again.id == id);
    CHECK(json::value(d.last().again.idempotency_key) == d.input().at("idempotencyKey"));

    d.will_answer(documents::asset_by_unit, asset_answer());
    d.will_answer(documents::peers, page_answer({}));
    d.will_answer(documents::deposit_asset, json::object{{"success", true}});
    CHECK(parsed(d.run({"liquidity", "deposit", "USD/9", "5", "--raw", "--json", "--id", carol_id, "--idempotency-key",
                        key})) == json::value{{"id", carol_id}, {"idempotencyKey", key}, {"success", true}});
    CHECK(d.input() == json::object{{"assetId", usd_id}, {"amount", "5"}, {"id", carol_id}, {"idempotencyKey", key}});
}

TEST_CASE("ilpctl liquidity: with an idempotency key the same command has the same id") {
    auto d = fake_daemon{};
    const auto id_of = [&](const std::string& verb, const std::string& with_key) {
        d.will_answer(documents::peer, peer_answer());
        d.will_answer(verb == "deposit" ? documents::deposit_peer : documents::withdraw_peer,
                      json::object{{"success", true}});
        done(d.run({"liquidity", verb, bob_id, "1", "--idempotency-key", with_key}));
        CHECK(d.input().at("idempotencyKey") == json::value(with_key));
        return std::string{d.input().at("id").as_string()};
    };
    const auto first = id_of("deposit", key);
    CHECK(peering::is_uuid_v4(first));
    // This is computed elsewhere as well: an id that changed with a version of ilpctl would deposit twice.
    CHECK(first == "bce8b667-ea59-433b-8c86-ec7566d4910e");
    CHECK(id_of("deposit", key) == first);
    CHECK(id_of("deposit", "other") != first);
    CHECK(id_of("withdraw", key) != first);
}

TEST_CASE("ilpctl liquidity: an amount that does not fit is refused before anything moves") {
    auto d = fake_daemon{};
    d.will_answer(documents::peer, peer_answer());
    const auto result = d.run({"liquidity", "deposit", bob_id, "0.0000000001"});
    CHECK(result.status == exit_status::usage);
    CHECK(result.err == "ilpctl: AMOUNT: 0.0000000001 has 10 decimals: USD/9 allows at most 9 decimals\n");
    for (const auto* text : {"-1", "1.", "1 EUR", "18446744073.709551616"}) {
        d.will_answer(documents::peer, peer_answer());
        CHECK(d.run({"liquidity", "deposit", bob_id, text}).status == exit_status::usage);
    }
    CHECK(d.last().field == "peer");
}

TEST_CASE("ilpctl liquidity: a name shared by a peer and an asset is refused") {
    auto d = fake_daemon{};
    d.will_answer(documents::peers, page_answer({peer_answer("USD")}));
    d.will_answer(documents::assets, page_answer({asset_answer()}));
    CHECK(d.run({"liquidity", "deposit", "USD", "1"}).err.contains("is both a peer and an asset"));
    d.will_answer(documents::peers, page_answer({}));
    d.will_answer(documents::assets, page_answer({}));
    CHECK(d.run({"liquidity", "deposit", "USD", "1"}).err ==
          "ilpctl: there is no peer or asset \"USD\": `ilpctl asset list` shows the assets\n");
}

TEST_CASE("ilpctl liquidity: a withdrawal completes at once, or is reserved until it is posted or voided") {
    auto d = fake_daemon{};
    d.will_answer(documents::peer, peer_answer());
    d.will_answer(documents::withdraw_peer, json::object{{"success", true}});
    CHECK(
        done(d.run({"liquidity", "withdraw", bob_id, "1"})).starts_with("withdrew 1.00 USD from peer bob at test.bob"));
    CHECK(d.input().at("timeoutSeconds") == json::value("0"));

    d.will_answer(documents::peer, peer_answer());
    d.will_answer(documents::withdraw_peer, json::object{{"success", true}});
    const auto text = done(d.run({"--timeout", "5s", "liquidity", "withdraw", bob_id, "1", "--timeout", "1m"}));
    CHECK(text.starts_with("reserved 1.00 USD of peer bob at test.bob for 60 s: withdrawal " +
                           std::string{d.input().at("id").as_string()}));
    CHECK(d.input().at("timeoutSeconds") == json::value("60"));
    CHECK(d.waits == std::chrono::seconds{5});

    d.will_answer(documents::post_withdrawal, json::object{{"success", true}});
    CHECK(done(d.run({"liquidity", "post", carol_id})) == std::string{"posted withdrawal "} + carol_id + "\n");
    d.will_answer(documents::void_withdrawal, json::object{{"success", true}});
    CHECK(done(d.run({"liquidity", "void", carol_id, "--idempotency-key", key})) ==
          std::string{"voided withdrawal "} + carol_id + "\n");
    CHECK(d.input() == json::object{{"withdrawalId", carol_id}, {"idempotencyKey", key}});
}

TEST_CASE("ilpctl transfers: both directions in one list, with names, in as many pages as are wanted") {
    auto d = fake_daemon{};
    const auto transfer = [](const std::string& id, const std::string& amount, bool is_incoming, json::value name,
                             int packets) {
        return json::object{{"id", id},
                            {"transferType", packets == 0 ? "DEPOSIT" : "TRANSFER"},
                            {"state", "POSTED"},
                            {"amount", amount},
                            {"packets", packets},
                            {"debitAccountId", "d"},
                            {"creditAccountId", "c"},
                            {"debitAccountName", is_incoming ? name : "bob"},
                            {"creditAccountName", is_incoming ? "bob" : name},
                            {"incoming", is_incoming},
                            {"ledger", 1},
                            {"createdAt", "2026-08-0" + id},
                            {"expiresAt", nullptr}};
    };
    d.will_answer(documents::peer, peer_answer());
    d.will_answer(documents::transfers, page_answer({transfer("3", "3000000000", true, "settlement of USD/9", 0),
                                                     transfer("2", "2000000000", false, "carol", 317),
                                                     transfer("1", "1000000000", true, nullptr, 1)},
                                                    true));
    const auto result = d.run({"transfers", bob_id, "--limit", "3"});
    CHECK(done(result) ==
          "CREATED     TYPE      STATE         IN       OUT  PACKETS  EXPIRES  OTHER ACCOUNT        ID\n"
          "2026-08-03  DEPOSIT   POSTED  3.00 USD                  -  -        settlement of USD/9  3\n"
          "2026-08-02  TRANSFER  POSTED            2.00 USD      317  -        carol                2\n"
          "2026-08-01  TRANSFER  POSTED  1.00 USD                  1  -        d                    1\n");
    CHECK(result.err ==
          "ilpctl: there are more, which --limit N or --all shows; the next page is\n  ilpctl transfers " +
              std::string{bob_id} + " --limit 3 --after 1\n");
    CHECK(d.last().variables == json::object{{"id", bob_id}, {"first", 3}});

    d.will_answer(documents::peer, peer_answer());
    d.will_answer(documents::transfers, page_answer({transfer("2", "1", true, "x", 1)}, true));
    d.will_answer(documents::transfers, page_answer({transfer("1", "1", true, "x", 1)}));
    CHECK(parsed(d.run({"transfers", bob_id, "--all", "--json"})).as_array().size() == 2);
    CHECK(d.last().variables.at("after") == json::value("2"));

    d.will_answer(documents::peer, peer_answer());
    d.will_answer(documents::transfers, page_answer({transfer("2", "2000000000", false, "=carol", 317)}));
    CHECK(done(d.run({"transfers", bob_id, "--csv"})) ==
          "CREATED,TYPE,STATE,IN,OUT,PACKETS,EXPIRES,OTHER ACCOUNT,ID\r\n"
          "2026-08-02,TRANSFER,POSTED,,2.00,317,-,'=carol,2\r\n");
}

TEST_CASE("ilpctl transfers: the sum of a day shows the day, and an amount of any size") {
    auto d = fake_daemon{};
    d.will_answer(documents::peer, peer_answer());
    d.will_answer(documents::transfers, page_answer({json::object{{"id", "7"},
                                                                  {"transferType", "TRANSFER"},
                                                                  {"state", "POSTED"},
                                                                  {"amount", "18446744073709551615"},
                                                                  {"exactAmount", "36893488147419103230"},
                                                                  {"packets", "12"},
                                                                  {"sumOfDay", "2026-08-01"},
                                                                  {"debitAccountId", "d"},
                                                                  {"creditAccountId", "c"},
                                                                  {"debitAccountName", "carol"},
                                                                  {"creditAccountName", "bob"},
                                                                  {"incoming", true},
                                                                  {"ledger", 1},
                                                                  {"createdAt", "2026-08-01T00:00:01.000Z"},
                                                                  {"expiresAt", nullptr}}}));
    CHECK(done(d.run({"transfers", bob_id})) ==
          "CREATED     TYPE        STATE                         IN  OUT  PACKETS  EXPIRES  OTHER ACCOUNT  ID\n"
          "2026-08-01  SUM OF DAY  POSTED  36893488147.41910323 USD            12  -        carol          7\n");
}

TEST_CASE("ilpctl routes: list and lookup") {
    auto d = fake_daemon{};
    d.will_answer(documents::routes,
                  page_answer({json::object{{"id", ""}, {"prefix", ""}, {"peer", peer_answer()}},
                               json::object{{"id", "x"}, {"prefix", "test.bob"}, {"peer", peer_answer()}}}));
    CHECK(done(d.run({"route", "list", "--prefix", "te"})).contains("(default)  bob       test.bob  USD/9  enabled"));
    CHECK(d.last().variables.at("prefix") == json::value("te"));

    d.will_answer(documents::asset_by_unit, asset_answer());
    d.will_answer(documents::route, json::object{{"prefix", "test.bob"}, {"peer", peer_answer()}});
    CHECK(done(d.run({"route", "lookup", "test.bob.x", "--asset", "USD/9"})).contains("test.bob  bob"));
    CHECK(d.last().variables == json::object{{"address", "test.bob.x"}, {"assetId", usd_id}});

    d.will_answer(documents::route, nullptr);
    const auto none = d.run({"route", "lookup", "test.nobody"});
    CHECK(none.status == exit_status::refused);
    CHECK(none.err == "ilpctl: no route leads to \"test.nobody\"\n");
}

TEST_CASE("ilpctl events: low liquidity is described, other events are shown as JSON") {
    auto d = fake_daemon{};
    const auto event = [](const std::string& type, json::object data) {
        const auto name = type == "other" ? json::value{} : json::value(json::string{"bob"});
        return json::object{
            {"id", "e"}, {"type", type}, {"createdAt", "2026-08-01"}, {"name", name}, {"data", std::move(data)}};
    };
    d.will_answer(documents::events,
                  page_answer({event("peer.liquidity_low", {{"id", "p"},
                                                            {"asset", {{"code", "USD"}, {"scale", 2}}},
                                                            {"balance", "50"},
                                                            {"liquidityThreshold", "100"}}),
                               event("other", {{"id", "q"}, {"x", "\x1b"}})}));
    CHECK(done(d.run({"events", "--type", "a", "--type", "b", "--not-type", "c"})) ==
          "CREATED     TYPE                OF   DETAILS                                 ID\n"
          "2026-08-01  peer.liquidity_low  bob  liquidity 0.50 USD, threshold 1.00 USD  e\n"
          "2026-08-01  other               q    {\"id\":\"q\",\"x\":\"\\\\u001b\"}                e\n");
    CHECK(d.last().variables.at("filter") == json::value{{"type", {{"in", {"a", "b"}}, {"notIn", json::array{"c"}}}}});
}

TEST_CASE("ilpctl events: a peer that goes and comes back is described in words") {
    auto d = fake_daemon{};
    const auto event = [](const std::string& type, const json::object& data) {
        return json::object{{"id", "e"}, {"type", type}, {"createdAt", "then"}, {"name", "bob"}, {"data", data}};
    };
    d.will_answer(
        documents::events,
        page_answer(
            {event("peer.reachable", {{"state", "REACHABLE"}, {"since", "12:11"}, {"unreachableSince", "12:10"}}),
             event("peer.unreachable", {{"state", "REFUSING"}, {"since", "12:10"}, {"lastError", "HTTP status 401"}}),
             event("peer.unreachable", {{"state", "UNREACHABLE"}, {"since", "12:10"}})}));
    CHECK(done(d.run({"events"})) ==
          "CREATED  TYPE              OF   DETAILS                                           ID\n"
          "then     peer.reachable    bob  since 12:11; it was not since 12:10               e\n"
          "then     peer.unreachable  bob  refuses our packets since 12:10: HTTP status 401  e\n"
          "then     peer.unreachable  bob  cannot be reached since 12:10: -                  e\n");
}

TEST_CASE("ilpctl events: a payment that has arrived is described in words") {
    auto d = fake_daemon{};
    const json::object whole{
        {"id", "e"}, {"receivedAmount", {{"value", "1250"}, {"assetCode", "USD"}, {"assetScale", 2}}}, {"packets", 7}};
    const json::object broken{{"id", "e"}, {"receivedAmount", {{"value", "1250"}}}};
    const auto event = [](const json::object& data) {
        return json::object{{"id", "e"},
                            {"type", "incoming_payment.completed"},
                            {"createdAt", "then"},
                            {"name", "alice"},
                            {"data", data}};
    };
    auto small = whole;
    small["packets"] = 1;
    d.will_answer(documents::events, page_answer({event(whole), event(small), event(broken)}));
    CHECK(done(d.run({"events"})) ==
          "CREATED  TYPE                        OF     DETAILS                                       ID\n"
          "then     incoming_payment.completed  alice  received 12.50 USD in 7 packets               e\n"
          "then     incoming_payment.completed  alice  received 12.50 USD in 1 packet                e\n"
          "then     incoming_payment.completed  alice  {\"id\":\"e\",\"receivedAmount\":{\"value\":\"1250\"}}  e\n");
}

TEST_CASE("ilpctl ping: reached, and not reached") {
    auto d = fake_daemon{};
    auto answer = json::object{{"reached", true}, {"milliseconds", 12.34},  {"peer", peer_answer()},
                               {"code", nullptr}, {"triggeredBy", nullptr}, {"message", nullptr}};
    d.will_answer(documents::ping, answer);
    CHECK(done(d.run({"ping", "test.bob", "--timeout", "20s"})) ==
          "test.bob reached in 12.3 ms, next hop bob at test.bob\n");
    CHECK(d.input() == json::object{{"address", "test.bob"}, {"timeoutSeconds", 20}});
    CHECK(d.last().extra == std::chrono::seconds{20});

    answer["reached"] = false;
    answer["code"] = "F02";
    answer["triggeredBy"] = "test.bob";
    answer["message"] = "no route";
    d.will_answer(documents::ping, answer);
    const auto not_reached = d.run({"ping", "test.bob"});
    CHECK(not_reached.status == exit_status::refused);
    CHECK(not_reached.out.empty());
    CHECK(not_reached.err ==
          "ilpctl: test.bob not reached: no route (F02), says test.bob after 12.3 ms, next hop bob at test.bob\n");
    answer["message"] = "";
    d.will_answer(documents::ping, answer);
    CHECK(d.run({"ping", "test.bob"}).err.starts_with("ilpctl: test.bob not reached: no reason was given (F02)"));
    d.will_answer(documents::ping, answer);
    const auto as_json = d.run({"ping", "test.bob", "--json"});
    CHECK(as_json.status == exit_status::refused);
    CHECK(json::parse(as_json.out).at("code") == json::value("F02"));
}

TEST_CASE("ilpctl ping and route lookup: a peer's name or id stands for its address") {
    auto d = fake_daemon{};
    const auto answer = json::object{{"reached", true}, {"milliseconds", nullptr}, {"peer", nullptr},
                                     {"code", nullptr}, {"triggeredBy", nullptr},  {"message", nullptr}};
    d.will_answer(documents::peers, page_answer({peer_answer("carol", carol_id), peer_answer()}));
    d.will_answer(documents::ping, answer);
    CHECK(done(d.run({"ping", "bob"})) == "test.bob reached\n");
    CHECK(d.input().at("address") == json::value("test.bob"));
    d.will_answer(documents::peer, peer_answer());
    d.will_answer(documents::ping, answer);
    CHECK(done(d.run({"ping", bob_id})) == "test.bob reached\n");
    d.will_answer(documents::peers, page_answer({peer_answer()}));
    d.will_answer(documents::route, json::object{{"prefix", "test.bob"}, {"peer", peer_answer()}});
    done(d.run({"route", "lookup", "bob"}));
    CHECK(d.last().variables == json::object{{"address", "test.bob"}});
    d.will_answer(documents::peers, page_answer({peer_answer()}));
    const auto unknown = d.run({"ping", "bo"});
    CHECK(unknown.status == exit_status::refused);
    CHECK(
        unknown.err ==
        "ilpctl: \"bo\" is neither an ILP address, such as test.bob, nor a peer; `ilpctl peer list` shows the peers\n");
}

TEST_CASE("ilpctl whoami and tenants") {
    auto d = fake_daemon{};
    d.will_answer(documents::whoami, json::object{{"id", "t"}, {"isOperator", true}});
    CHECK(done(d.run({"whoami"})) == "tenant    t\noperator  yes\n");
    const auto tenant = json::object{{"id", "t"},
                                     {"publicName", nullptr},
                                     {"email", nullptr},
                                     {"createdAt", "now"},
                                     {"idpConsentUrl", nullptr},
                                     {"deletedAt", nullptr},
                                     {"settings", json::array{json::object{{"key", "k"}, {"value", "v"}}}}};
    d.will_answer(documents::tenants, page_answer({tenant}));
    CHECK(done(d.run({"tenant", "list"})).contains("-     -      now      -        t\n"));
    d.will_answer(documents::tenant, tenant);
    CHECK(done(d.run({"tenant", "show", "t"})).contains("setting      k=v\n"));
}

}  // namespace verbs_test
