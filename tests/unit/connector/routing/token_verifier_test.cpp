#include "connector/routing/token_verifier.hpp"

#include "connector/routing/forwarding_table.hpp"
#include "peering/json/json_web_token.hpp"
#include "tests/unit/connector/peers.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace token_verifier_test {

using namespace connector;
using connector::testing::asset_settings;
using connector::testing::book;
using connector::testing::peer_settings;
using namespace std::chrono_literals;

namespace {

const ilp::instant noon{ilp::timestamp{1'800'000'000s}, ilp::steady_time{} + 1000h};

ilp::instant later(std::chrono::milliseconds time) {
    return {noon.wall + time, noon.steady + time};
}

/// Peers p0, p1, ..., of which each has one secret: "secret-of-p0", ...
config::settings peers_with_secrets(std::size_t count) {
    config::settings settings;
    settings.assets = {asset_settings("USD", 9, 0)};
    for (std::size_t i = 0; i < count; ++i) {
        const std::string name = "p" + std::to_string(i);
        settings.peers.push_back(peer_settings(name, "USD", 9, 0));
        settings.peers.back().http.incoming.jwt_secrets = {config::secret{"secret-of-" + name}};
    }
    return settings;
}

std::string token_of(const std::string& signer, std::string_view subject = "", std::chrono::seconds lifetime = 300s) {
    return peering::make_json_web_token("secret-of-" + signer, subject, noon.wall, lifetime);
}

struct world {
    explicit world(const config::settings& settings) : book{settings} {}

    /// The name of the sender; empty if there is none.
    std::string sender(const std::string& token, std::string_view account = "", const ilp::instant& now = noon) {
        const auto found = table.find_sender(token, account, nullptr, now);
        if (found.peer != nullptr) until = found.until;
        return found.peer == nullptr ? std::string{} : std::string{found.peer->name()};
    }

    connector::testing::book book;
    forwarding_table table{ilp::address::parse("test.d").value(), book.known->directory->peers()};
    ilp::steady_time until;  // of the last sender
};

}  // namespace

TEST_CASE("token verifier: the peer is the one that signed the token, whoever the token names") {
    world w{peers_with_secrets(3)};
    CHECK(w.sender(token_of("p1")) == "p1");
    CHECK(w.sender(token_of("p1", "p1")) == "p1");
    CHECK(w.sender(token_of("p1", "test.p1")) == "p1");
    CHECK(w.sender(token_of("p1", "some name that p1 gave itself")) == "p1");
    CHECK(w.sender(token_of("p1"), "p1") == "p1");
    CHECK(w.sender(token_of("p1"), "nobody") == "p1");
    CHECK(w.sender(token_of("p1"), "p2").empty());
    CHECK(w.sender(token_of("p1", "p2")).empty());
    CHECK(w.sender(token_of("p1", "test.p2")).empty());
    CHECK(w.sender(token_of("p1", "p1"), "p2").empty());
    CHECK(w.sender(token_of("somebody")).empty());
    CHECK(w.sender(token_of("somebody", "p1")).empty());
    CHECK(w.sender("token-of-p1") == "p1");  // the plain tokens are valid beside it
    CHECK(w.sender("secret-of-p1").empty());
}

TEST_CASE("token verifier: a token is valid until it expires, also when it was verified before") {
    world w{peers_with_secrets(1)};
    const std::string token = token_of("p0");
    for (int i = 0; i < 2; ++i) {
        CHECK(w.sender(token) == "p0");
        CHECK(w.until == noon.steady + 300s);
    }
    CHECK(w.sender(token, "", later(300s - 1ms)) == "p0");
    CHECK(w.sender(token, "", later(300s)).empty());
    CHECK(w.sender(token, "p0", later(400s)).empty());
    // The path still counts for a token that was verified before.
    CHECK(w.sender(token, "nobody") == "p0");
    // A token for a day is verified again after a while.
    CHECK(w.sender(token_of("p0", "", 24h)) == "p0");
    CHECK(w.until == noon.steady + 1h);
    CHECK(w.sender(token_of("p0", "", 24h), "", later(2h)) == "p0");
}

TEST_CASE("token verifier: a wall clock that is set does not prolong a token that was verified") {
    world w{peers_with_secrets(1)};
    const std::string token = token_of("p0");
    CHECK(w.sender(token) == "p0");
    CHECK(w.sender(token, "", {noon.wall - 1h, noon.steady + 301s}).empty());
}

TEST_CASE("token verifier: a secret that a peer no longer has counts no more, and a new one does at once") {
    world w{peers_with_secrets(2)};
    const std::string token = token_of("p0");
    CHECK(w.sender(token) == "p0");
    const auto before = w.table.find(w.book.peer("p0").id);
    REQUIRE(before != nullptr);
    const auto find_shared = [&](const peering::peer* peer) {
        for (const auto& each : w.book.known->directory->peers())
            if (each.get() == peer) return each;
        return std::shared_ptr<const peering::peer>{};
    };
    const auto old = find_shared(before);
    const auto made = std::make_shared<peering::peer>(*old);
    made->incoming_jwt_secrets = {config::secret{"secret-of-x"}, config::secret{"secret-of-y"}};
    const std::vector<peering::peer_update> updates{{old, made}};
    w.table.apply(updates);
    CHECK(w.sender(token).empty());
    CHECK(w.sender(token_of("x")) == "p0");
    CHECK(w.sender(token_of("y")) == "p0");
    const std::vector<peering::peer_update> removal{{made, nullptr}};
    w.table.apply(removal);
    CHECK(w.sender(token_of("x")).empty());
    CHECK(w.sender(token_of("p1")) == "p1");
}

TEST_CASE("token verifier: a token without a name is tried with the secrets of the oldest peers only") {
    world w{peers_with_secrets(token_verifier::tries_max + 1)};
    const std::string last = "p" + std::to_string(token_verifier::tries_max);
    const std::string last_but_one = "p" + std::to_string(token_verifier::tries_max - 1);
    CHECK(w.sender(token_of("p0")) == "p0");
    CHECK(w.sender(token_of(last_but_one)) == last_but_one);
    CHECK(w.sender(token_of(last)).empty());
    CHECK(w.sender(token_of(last, last)) == last);
    CHECK(w.sender(token_of(last, "test." + last)) == last);
    CHECK(w.sender(token_of(last, "x"), last) == last);
}

TEST_CASE("token verifier: peers of several assets may share an address, and each has its own secret") {
    auto settings = peers_with_secrets(2);
    settings.assets.push_back(asset_settings("EUR", 2, 0));
    settings.peers[1].asset = {"EUR", 2};
    settings.peers[1].ilp_address = settings.peers[0].ilp_address;
    world w{settings};
    CHECK(w.sender(token_of("p0", "test.p0")) == "p0");
    CHECK(w.sender(token_of("p1", "test.p0")) == "p1");
}

TEST_CASE("token verifier: more tokens than it remembers are all accepted") {
    world w{peers_with_secrets(1)};
    for (int i = 1; i <= 3000; ++i) {
        if (w.sender(token_of("p0", "", std::chrono::seconds{i})) != "p0") FAIL(i);
    }
    CHECK(w.sender(token_of("p0", "", 1s)) == "p0");
}

TEST_CASE("token verifier: what is no token of a peer is refused") {
    world w{peers_with_secrets(1)};
    for (const std::string& bad : {std::string{"x"}, std::string{".."}, std::string(10'000, 'a'),
                                   std::string(5'000, '.'), token_of("p0") + "x", token_of("p0", "", 0s)})
        CHECK(w.sender(bad).empty());
}

}  // namespace token_verifier_test
