#include "ilp/clock.hpp"
#include "peering/json/json_web_token.hpp"
#include "tests/integration/administered.hpp"
#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <fstream>

namespace token_test {

// How peers prove who they are, how we do, and where the secrets for it are kept.
namespace {

using namespace support;
using namespace std::chrono_literals;
namespace json = boost::json;

const std::string p1_signs = "the-shared-secret-of-p1-secret";
const std::string p2_verifies = "the-shared-secret-of-p2-secret";

/// The rig, in which p1 may sign tokens and p2 is shown tokens that the daemon signs.
struct signing : rig {
    signing()
        : rig{[](daemon_terms& terms) {
              terms.peers[0].incoming = {"jwt_secrets: [" + p1_signs + "]"};
              terms.peers[1].presents_token = false;
              terms.peers[1].outgoing = {"jwt_secret: " + p2_verifies};
          }} {}
};

std::string token(const std::string& secret, std::chrono::seconds lifetime = 60s, std::string_view subject = "") {
    return peering::make_json_web_token(secret, subject, ilp::wall_clock(), lifetime);
}

std::string post(const ilpd_daemon& d, const std::string& token, const std::string& target = "/ilp") {
    auto request = many_connections::request({.amount = 1, .data = random_bytes(8)}, token);
    request.target = target;
    return outcome(http_connection{d.port()}.exchange(request));
}

void write_file(const std::filesystem::path& path, const std::string& text) {
    std::ofstream{path} << text;
}

json::object fingerprints_of(const admin_client& admin, const std::string& id) {
    const auto answer = admin.ask(
        "query Q($id: String!) { peer(id: $id) { http { incoming { tokenFingerprints jwtSecretFingerprints } outgoing "
        "{ "
        "authToken jwtSubject } } } }",
        {{"id", id}});
    return answer.field().at("http").as_object();
}

json::object added(const char* field, const std::string& value) {
    return {{field, json::array{value}}};
}

}  // namespace

TEST_CASE("A35-10: a peer may sign the tokens that it presents") {
    const signing r;
    CHECK(post(r.d, token(p1_signs)) == "fulfill");
    CHECK(post(r.d, token(p1_signs, 60s, "p1")) == "fulfill");
    CHECK(post(r.d, token(p1_signs, 60s, "test.p1"), "/accounts/p1/ilp") == "fulfill");
    CHECK(post(r.d, token_of("p1")) == "fulfill");
    CHECK(post(r.d, token(p1_signs), "/accounts/p2/ilp") == "HTTP 401");
    CHECK(post(r.d, token(p1_signs, -1s)) == "HTTP 401");
    CHECK(post(r.d, token(p2_verifies)) == "HTTP 401");
    CHECK(post(r.d, token(p1_signs) + "x") == "HTTP 401");
    CHECK(post(r.d, p1_signs) == "HTTP 401");
    // {"alg":"none"}.{"exp":4000000000}
    CHECK(post(r.d, "eyJhbGciOiJub25lIn0.eyJleHAiOjQwMDAwMDAwMDB9.") == "HTTP 401");
    CHECK_FALSE(r.d.log().contains("-secret"));
}

TEST_CASE("A35-10: a token that expires ends to be valid on a connection that is open") {
    const signing r;
    http_connection connection{r.d.port()};
    const auto request = many_connections::request({.amount = 1}, token(p1_signs, 3s));
    CHECK(outcome(connection.exchange(request)) == "fulfill");
    REQUIRE(eventually([&] { return outcome(connection.exchange(request)) != "fulfill"; }));
    CHECK(outcome(connection.exchange(request)) == "HTTP 401");
    CHECK(outcome(connection.exchange(many_connections::request({.amount = 1}, token(p1_signs)))) == "fulfill");
}

TEST_CASE("A35-10: the tokens that we present are signed, and name us") {
    const signing r;
    CHECK(outcome(r.send(prepare{.amount = 1})) == "fulfill");
    const std::string header = r.p2.requests().at(0).header("authorization").value();
    REQUIRE(header.starts_with("Bearer "));
    const auto presented = peering::parse_json_web_token(std::string_view{header}.substr(7));
    REQUIRE(presented);
    CHECK(peering::is_signed_with(*presented, p2_verifies));
    CHECK(peering::is_valid_at(*presented, ilp::wall_clock()));
    CHECK(presented->subject == "test.d");
}

TEST_CASE("tokens: files of secrets are read at the start and on a reload") {
    const temporary_directory folder;
    const auto file = folder.path() / "tokens";
    write_file(file, "old-token-of-p1\n");
    rig r{[&](daemon_terms& terms) { terms.peers[0].incoming = {"auth_tokens_file: \"" + file.string() + "\""}; }};
    CHECK(post(r.d, "old-token-of-p1") == "fulfill");
    write_file(file, "old-token-of-p1\nnew-token-of-p1\n");
    r.d.reload();
    REQUIRE(eventually([&] { return post(r.d, "new-token-of-p1") == "fulfill"; }));
    CHECK(post(r.d, "old-token-of-p1") == "fulfill");
    write_file(file, "new-token-of-p1\n");
    r.d.reload();
    REQUIRE(eventually([&] { return post(r.d, "old-token-of-p1") == "HTTP 401"; }));
    CHECK(post(r.d, "new-token-of-p1") == "fulfill");
    // A file that is gone is an error, and changes nothing.
    std::filesystem::remove(file);
    r.d.reload();
    CHECK(r.d.logs("cannot be read: No such file or directory"));
    CHECK(post(r.d, "new-token-of-p1") == "fulfill");
}

TEMPLATE_TEST_CASE("tokens: one token is added and removed without the others, and no packet is refused meanwhile", "",
                   on_sqlite, on_postgresql) {
    administered a{TestType::kind};
    const fake_peer bob;
    const std::string id = a.create_peer("bob", bob.port());
    many_connections connections{a.r.d};
    const auto sends = [&](const std::string& with) {
        return connections.post({.amount = 1, .destination = "test.p2.x", .data = random_bytes(8)}, with);
    };
    CHECK(sends(token_of("bob")) == "fulfill");
    static_cast<void>(a.admin.update_peer(id, added("addIncomingTokens", "the-new-token-secret")));
    CHECK(sends(token_of("bob")) == "fulfill");
    CHECK(sends("the-new-token-secret") == "fulfill");
    const auto listed = fingerprints_of(a.admin, id).at("incoming").at("tokenFingerprints").as_array();
    REQUIRE(listed.size() == 2);
    CHECK(listed[0].as_string().starts_with("sha256:"));

    static_cast<void>(a.admin.update_peer(id, added("removeIncomingTokens", std::string{listed[0].as_string()})));
    CHECK(sends(token_of("bob")) == "HTTP 401");
    CHECK(sends("the-new-token-secret") == "fulfill");
    a.kill9_and_start();
    CHECK(post(a.r.d, "the-new-token-secret") == "fulfill");
    CHECK(post(a.r.d, token_of("bob")) == "HTTP 401");

    const auto again =
        a.admin.mutate("updatePeer", {{"id", id}, {"addIncomingTokens", json::array{"the-new-token-secret"}}});
    CHECK(again.message() == "duplicate incoming token");
    const auto unknown = a.admin.mutate("updatePeer", {{"id", id}, {"removeIncomingTokens", json::array{"sha256:00"}}});
    CHECK(unknown.message().starts_with("unknown incoming token"));
    CHECK_FALSE(a.r.d.log().contains("-secret"));
}

TEMPLATE_TEST_CASE("tokens: a peer of the Admin API may sign its tokens, and so may we", "", on_sqlite, on_postgresql) {
    administered a{TestType::kind};
    const fake_peer bob;
    const std::string id = a.create_peer("bob", bob.port());
    static_cast<void>(a.admin.update_peer(id, added("addIncomingJwtSecrets", p1_signs)));
    auto http = http_input(bob.port(), "");
    http["outgoing"].as_object()["jwtSecret"] = p2_verifies;
    static_cast<void>(a.admin.update_peer(id, {{"http", http}}));

    const auto check = [&] {
        CHECK(post(a.r.d, token(p1_signs, 60s, "test.bob")) == "fulfill");
        const prepare to_bob{.amount = 1, .destination = "test.bob.x", .data = random_bytes(8)};
        CHECK(outcome(a.r.d.post(to_bob)) == "fulfill");
        const auto requests = bob.requests();
        const std::string header = requests.back().header("authorization").value();
        const auto presented = peering::parse_json_web_token(std::string_view{header}.substr(7));
        REQUIRE(presented);
        CHECK(peering::is_signed_with(*presented, p2_verifies));
        CHECK(presented->subject == "test.d");
    };
    check();
    a.kill9_and_start();
    check();
    const auto kept = fingerprints_of(a.admin, id);
    CHECK(kept.at("outgoing") == json::value({{"authToken", ""}, {"jwtSubject", "test.d"}}));
    CHECK(kept.at("incoming").at("jwtSecretFingerprints").as_array().size() == 1);
    CHECK(a.admin
              .mutate("updatePeer",
                      {{"id", a.create_peer("carol", bob.port())}, {"addIncomingJwtSecrets", json::array{p1_signs}}})
              .message() == "duplicate JWT secret");

    // A token takes the place of the secret, and a secret that was removed counts no more.
    static_cast<void>(a.admin.update_peer(id, {{"http", http_input(bob.port(), "plain-again-secret")}}));
    static_cast<void>(a.admin.update_peer(id, added("removeIncomingJwtSecrets", p1_signs)));
    CHECK(post(a.r.d, token(p1_signs, 60s, "test.bob")) == "HTTP 401");
    const prepare to_bob{.amount = 1, .destination = "test.bob.x", .data = random_bytes(8)};
    CHECK(outcome(a.r.d.post(to_bob)) == "fulfill");
    CHECK(bob.requests().back().header("authorization") == "Bearer plain-again-secret");
    CHECK_FALSE(a.r.d.log().contains("-secret"));
}

TEMPLATE_TEST_CASE("tokens: with a key, no secret is readable in the store, and none is lost with its rotation", "",
                   on_sqlite, on_postgresql) {
    const temporary_directory folder;
    const auto key_file = folder.path() / "store.key";
    const std::string one(64, '1');
    const std::string two(64, '2');
    write_file(key_file, one + "\n");
    administered a{TestType::kind,
                   [&](daemon_terms& terms) { terms.store_settings = {"key_file: \"" + key_file.string() + "\""}; }};
    const fake_peer bob;
    const std::string id = a.create_peer("bob", bob.port());
    static_cast<void>(a.admin.update_peer(id, added("addIncomingJwtSecrets", p1_signs)));
    const std::string key = random_uuid();
    const auto change = [&] {
        return a.admin.mutate(
            "updatePeer",
            {{"id", id}, {"idempotencyKey", key}, {"http", http_input(bob.port(), "the-last-token-secret")}});
    };
    CHECK(change().done());
    const auto sends = [&] {
        const prepare to_bob{.amount = 1, .destination = "test.bob.x", .data = random_bytes(8)};
        CHECK(outcome(a.r.d.post(to_bob)) == "fulfill");
        CHECK(bob.requests().back().header("authorization") == "Bearer the-last-token-secret");
        CHECK(post(a.r.d, token(p1_signs, 60s, "bob")) == "fulfill");
    };
    const auto everything_kept = [&] {
        std::string text;
        for (const std::string table : {"SELECT terms FROM peers", "SELECT answer FROM answers"})
            for (const auto& row : a.place.rows(table)) text += row.at(0) + "\n";
        return text;
    };
    sends();
    CHECK_FALSE(everything_kept().contains("-secret"));
    CHECK(everything_kept().contains("sealed "));

    // Whoever starts it without the key, or with another one, changes nothing.
    REQUIRE(a.r.d.stop() == 0);
    const std::string before = everything_kept();
    for (const std::string& wrong : {two, std::string(64, '3') + "," + two}) {
        write_file(key_file, wrong);
        a.r.d.launch();
        CHECK(a.r.d.process().wait(20s) == 1);
        CHECK(a.r.d.logs("is sealed with the key"));
        CHECK(everything_kept() == before);
    }

    write_file(key_file, two + "\n" + one + "\n");
    a.start_after_kill();
    sends();
    CHECK(change().done());  // the answer that is kept was sealed with the key before
    REQUIRE(a.r.d.stop() == 0);
    write_file(key_file, two);
    a.start_after_kill();
    sends();
    // The answer is the only thing that is still sealed with the old key, and whoever repeats the request is told so.
    const auto unreadable = change();
    CHECK(unreadable.code() == "INTERNAL_SERVER_ERROR");
    CHECK_THAT(unreadable.message(),
               Catch::Contains("the answer that is kept for this idempotency key is sealed with the key"));
    CHECK_FALSE(a.r.d.log().contains("-secret"));
    CHECK_FALSE(a.r.d.log().contains(one));
    CHECK_FALSE(a.r.d.log().contains(two));
    CHECK(a.r.d.audit().status == 0);
}

}  // namespace token_test
