#include "peering/administration/administration.hpp"

#include "peering/administration/stored_terms.hpp"
#include "peering/directory/token_fingerprint.hpp"
#include "tests/unit/peering/store_place.hpp"
#include "tests/unit/peering/world.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <fstream>
#include <iterator>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace administration_test {

using namespace peering;
using namespace peering::testing;
using namespace std::chrono_literals;

namespace {

constexpr ilp::timestamp noon{std::chrono::hours{24 * 20'000}};

const std::string key_a(64, 'a');
const std::string key_b(64, 'B');

std::string certificate() {
    std::ifstream file{ILPD_SOURCE_DIR "/tests/unit/config/certificate.pem"};
    return {std::istreambuf_iterator<char>{file}, {}};
}

/// A daemon's book and directory over a store that outlives them, and the operations of an operator.
class office {
public:
    explicit office(store& store, const config::settings& settings = file())
        : books{store}, known{build_or_throw(settings, books.keeper)} {
        known->administration->publish_with([this](terms_update updates, std::function<void()> done) {
            for (peer_update& update : updates.peers) published.push_back(std::move(update));
            done();
        });
    }

    /// The configuration file has one asset and one peer.
    static config::settings file() {
        config::settings settings;
        settings.ilp_address = *ilp::address::parse("test.us");
        settings.assets = {make_asset("USD", 9)};
        settings.peers = {make_peer("filed", "USD", 9, 100)};
        return settings;
    }

    administration& desk() { return *known->administration; }
    const directory& all() const { return *known->directory; }

    /// Decides and commits. Returns the message of the refusal, or nothing.
    template <class Decide>
    std::optional<std::string> attempt(Decide decide) {
        transaction transaction{books.keeper, noon};
        auto outcome = decide(desk(), transaction);
        if (!outcome) {
            code = outcome.error().code;
            return outcome.error().message;
        }
        bool done = false;
        const auto written = desk().commit(transaction, [&] { done = true; });
        if (!written) return written.error().message;
        CHECK(done);
        return std::nullopt;
    }

    peer_wanted bob() const {
        peer_wanted wanted;
        wanted.asset_uuid = all().find_asset("USD", 9)->asset->uuid;
        wanted.ilp_address = "test.bob";
        wanted.name = "bob";
        wanted.routes = {"test.carol", "test.bob"};
        wanted.max_packet_amount = ilp::amount{77};
        wanted.split = config::split_settings{ilp::amount{300}, 20};
        wanted.max_in_flight_amount = ilp::amount{88};
        wanted.max_hold_time = 4s;
        wanted.liquidity_threshold = ilp::amount{5};
        wanted.initial_liquidity = ilp::amount{1000};
        wanted.incoming_tokens = {"bob-1", "bob-2"};
        wanted.outgoing_endpoint = "http://127.0.0.1:4002/";
        wanted.outgoing_token = "to-bob";
        wanted.transport.client_keys = {key_a};
        wanted.transport.ca_certificates = certificate();
        wanted.transport.protocol = config::http_protocol::http2;
        return wanted;
    }
    std::optional<std::string> create(const peer_wanted& wanted) {
        return attempt([&](administration& desk, transaction& t) { return desk.create_peer(t, wanted); });
    }
    std::optional<std::string> edit(const std::string& name, const peer_edit& edit) {
        const auto uuid = all().find_peer_by_name(name)->uuid;
        return attempt([&](administration& desk, transaction& t) { return desk.update_peer(t, uuid, edit); });
    }
    std::optional<std::string> remove(const std::string& name) {
        const auto uuid = all().find_peer_by_name(name)->uuid;
        return attempt([&](administration& desk, transaction& t) { return desk.delete_peer(t, uuid); });
    }

    peering::testing::books books;
    std::shared_ptr<const known_peers> known;
    std::vector<peer_update> published;
    refusal_code code{};
};

ilp::digest hash(std::string_view token) {
    return ilp::sha256(ilp::as_bytes(token));
}

const auto done = std::optional<std::string>{};

}  // namespace

TEST_CASE("a peer that an operator makes has its terms at once, and after a restart") {
    const store_place place{GENERATE(kinds_of_durable_stores())};
    auto store = place.open();
    std::string uuid;
    for (const bool restarted : {false, true}) {
        if (restarted) {
            store.reset();
            store = place.open();
        }
        office office{*store};
        if (!restarted) {
            REQUIRE(office.create(office.bob()) == done);
            REQUIRE(office.published.size() == 1);
            CHECK(office.published[0].before == nullptr);
            uuid = office.published[0].after->uuid;
        }
        const auto bob = office.all().find_peer(uuid);
        REQUIRE(bob);
        CHECK(bob->name() == "bob");
        CHECK(bob->given_name == "bob");
        CHECK(bob->address.text() == "test.bob");
        CHECK(bob->routes.to_vector() == std::vector<std::string>{"test.carol"});
        CHECK(bob->max_packet_amount == ilp::amount{77});
        CHECK(bob->split == config::split_settings{ilp::amount{300}, 20});
        CHECK(max_in_flight_amount_of(*bob) == ilp::amount{88});
        CHECK(bob->max_hold_time == 4s);
        CHECK(bob->liquidity_threshold == ilp::amount{5});
        CHECK(bob->outgoing.endpoint.port() == 4002);
        CHECK(bob->outgoing.auth_token.reveal() == "to-bob");
        CHECK(bob->outgoing.max_connections == 256);
        CHECK(bob->client_keys.at(0).front() == 0xaa);
        CHECK(bob->outgoing.ca_file.value().pem == certificate());
        CHECK(bob->outgoing.protocol == config::http_protocol::http2);
        CHECK_FALSE(bob->outgoing.allow_plain_http);
        CHECK(bob->origin == origin::api);
        CHECK(bob->created_at == noon);
        CHECK(bob->enabled);
        CHECK(bob->liquidity->available == 1000);
        CHECK(office.all().find_peer_by_token(hash("bob-1")) == bob);
        CHECK(office.all().find_peer_by_token(hash("bob-2")) == bob);
        CHECK(office.all().find_route("test.carol.x", nullptr)->next_hop == bob);
        CHECK(office.all().find_route("test.carol.x", nullptr)->prefix == "test.carol");
        CHECK(sums_are_zero(snapshot_of(office.books.ledger)));
    }
}

TEST_CASE("a threshold at or above the balance raises one event when a peer is created or its threshold is set") {
    const auto store = open_or_throw("memory:");
    office office{*store};
    std::vector<std::string> balances;
    office.books.keeper.on_events([&](std::span<const event_record> events) {
        for (const event_record& event : events) balances.push_back(event.data.substr(event.data.find("\"balance")));
    });
    auto low = office.bob();
    low.initial_liquidity = ilp::amount{50};
    low.liquidity_threshold = ilp::amount{100};
    REQUIRE(office.create(low) == done);
    CHECK(balances == std::vector<std::string>{R"("balance":"50"})"});
    peer_edit edit;
    edit.name.emplace("bob");
    REQUIRE(office.edit("bob", edit) == done);
    CHECK(balances.size() == 1);
    edit.liquidity_threshold.emplace(ilp::amount{10});
    REQUIRE(office.edit("bob", edit) == done);
    CHECK(balances.size() == 1);
    edit.liquidity_threshold.emplace(ilp::amount{50});
    REQUIRE(office.edit("bob", edit) == done);
    CHECK(balances.size() == 2);
    REQUIRE(office.attempt([&](administration& desk, transaction& t) {
        return desk.create_asset(t, "JPY", 0, {.liquidity = ilp::amount{0}});
    }) == done);
    CHECK(balances.size() == 3);
}

TEST_CASE("a new peer with invalid terms is refused and changes nothing") {
    const auto store = open_or_throw("memory:");
    office office{*store};
    REQUIRE(office.create(office.bob()) == done);
    office.published.clear();

    peer_wanted carol = office.bob();
    carol.ilp_address = "test.other";
    carol.routes = {};
    carol.incoming_tokens = {"carol"};
    const auto refused = [&](auto change) {
        peer_wanted wanted = carol;
        change(wanted);
        return office.create(wanted).value_or("created");
    };
    CHECK(refused([](auto& w) { w.asset_uuid = "none"; }) == "unknown asset");
    CHECK(office.code == refusal_code::not_found);
    for (const auto* const address : {"", "test", "nowhere.x", "test..x", "peer.x", "self.x", "test.us"}) {
        CHECK_THAT(refused([&](auto& w) { w.ilp_address = address; }), Catch::StartsWith("invalid ILP address: "));
        CHECK(office.code == refusal_code::bad_user_input);
    }
    CHECK(refused([](auto& w) { w.ilp_address = "g.other"; }) ==
          "invalid ILP address: it is in another network than this node");
    CHECK(refused([](auto& w) { w.ilp_address = "local.other"; }) ==
          "invalid ILP address: no packet is ever forwarded to its scheme");
    CHECK(refused([](auto& w) { w.routes = {"g.other"}; }) ==
          "invalid route 'g.other': it is in another network than this node");
    CHECK_THAT(refused([](auto& w) { w.outgoing_endpoint = "ftp://x"; }),
               Catch::StartsWith("invalid HTTP endpoint: expected an http:// or https:// URL"));
    for (const char* const url :
         {"http://", "http://h:0/", "https://a..b/", "http://h/ ", "ilp.othergreatwallet.com"}) {
        INFO(url);
        CHECK(refused([&](auto& w) { w.outgoing_endpoint = url; }).size() >
              std::string{"invalid HTTP endpoint: "}.size());
    }
    CHECK_THAT(refused([](auto& w) { w.outgoing_endpoint = "http://user@x/"; }),
               Catch::Contains("a user name or password in the URL"));
    CHECK(refused([](auto& w) { w.incoming_tokens = {"bob-2"}; }) == "duplicate incoming token");
    CHECK(office.code == refusal_code::duplicate);
    CHECK(refused([](auto& w) { w.incoming_tokens = {"from-filed"}; }) == "duplicate incoming token");
    CHECK(refused([](auto& w) { w.incoming_tokens = {"x", "x"}; }) == "duplicate incoming token");
    CHECK(refused([](auto& w) { w.ilp_address = "test.bob"; }) ==
          "duplicate peer found for same ILP address and asset");
    CHECK(refused([](auto& w) { w.ilp_address = "test.filed"; }) ==
          "duplicate peer found for same ILP address and asset");
    CHECK_THAT(refused([](auto& w) { w.ilp_address = "test.carol"; }), Catch::Contains("duplicate route"));
    CHECK_THAT(refused([](auto& w) { w.routes = {"test.carol"}; }), Catch::Contains("duplicate route 'test.carol'"));
    for (const auto* const route : {"test..x", "peer", "peer.x", "self", "nowhere", "test.us"}) {
        CHECK_THAT(refused([&](auto& w) { w.routes = {route}; }), Catch::Contains("invalid route"));
    }
    CHECK_THAT(refused([](auto& w) { w.max_hold_time = 61s; }),
               Catch::StartsWith("invalid maximum hold time: expected a duration from 100ms to 1m"));
    CHECK_THAT(refused([](auto& w) { w.max_hold_time = -1ms; }), Catch::StartsWith("invalid maximum hold time: "));
    office.desk().require_hold_times_above(1s);
    CHECK(refused([](auto& w) { w.max_hold_time = 1s; }) ==
          "invalid maximum hold time: every packet to the peer would be refused unless it is above "
          "connector.min_expiration_window, 1000 ms");
    CHECK_THAT(refused([](auto& w) { w.outgoing_token = "two words"; }), Catch::Contains("invalid outgoing token"));
    CHECK_THAT(refused([](auto& w) { w.transport.client_keys = {"ab:cd"}; }),
               Catch::StartsWith("invalid client key: expected the SHA-256 of a public key"));
    CHECK(refused([](auto& w) { w.transport.client_keys = {key_b, std::string(64, 'b')}; }) == "duplicate client key");
    CHECK(refused([](auto& w) { w.transport.client_keys = std::vector<std::string>(101, key_a); }) ==
          "invalid client keys: there are more than 100");
    CHECK(refused([](auto& w) { w.transport.mode = config::answer_mode::asynchronous; }) ==
          "invalid mode: ASYNCHRONOUS requires the setting connector.callback_url; a new value takes effect after a "
          "restart");
    CHECK_THAT(refused([](auto& w) { w.transport.ca_certificates = "x"; }),
               Catch::StartsWith("invalid CA certificates: the text contains no certificate in PEM form"));
    CHECK_THAT(refused([](auto& w) { w.transport.ca_certificates = std::string(65'537, 'x'); }),
               Catch::StartsWith("invalid CA certificates: the text is larger than 64 KiB"));
    for (const std::uint32_t parts : {0U, 1U, 1025U, 4'294'967'295U}) {
        CHECK(refused([&](auto& w) { w.split->max_parts = parts; }) ==
              "invalid split: expected maxParts to be a whole number from 2 to 1024");
    }
    CHECK(refused([](auto& w) { w.split->max_total = *w.max_packet_amount; }) ==
          "invalid split: maxTotal must be larger than maxPacketAmount, because only packets above that are split");
    CHECK(refused([](auto& w) { w.max_packet_amount.reset(); }) ==
          "invalid split: it has no effect without maxPacketAmount, because only packets above that are split");
    CHECK_THAT(refused([](auto& w) { w.incoming_tokens = {""}; }), Catch::Contains("invalid incoming token"));
    CHECK_THAT(refused([](auto& w) { w.name = std::string(1000, 'x'); }), Catch::Contains("invalid name"));
    CHECK(office.published.empty());
    CHECK(office.all().peer_count() == 2);
    CHECK(store->load()->peers.size() == 2);
    CHECK(refused([](auto&) {}) == "created");
}

TEST_CASE("A35-32: a plain endpoint at a public address must be allowed") {
    const auto store = open_or_throw("memory:");
    office office{*store};
    peer_wanted wanted = office.bob();
    wanted.outgoing_endpoint = "http://8.8.8.8/";
    CHECK(office.create(wanted) ==
          "invalid HTTP endpoint: it is an http:// URL at a public address, so that everybody on the way could read "
          "the token and change packets: use https://, or set allowPlainHttp: true");
    wanted.transport.allow_plain_http = true;
    CHECK(office.create(wanted) == done);

    peer_edit edit;
    edit.transport.allow_plain_http = false;
    CHECK_THAT(*office.edit("bob", edit), Catch::StartsWith("invalid HTTP endpoint: "));
    edit.outgoing_endpoint = "http://bank.example/";  // where it leads is known when it is looked up
    CHECK(office.edit("bob", edit) == done);
    peer_edit again;
    again.outgoing_endpoint = "http://[2606:4700::1111]/";
    CHECK_THAT(*office.edit("bob", again), Catch::StartsWith("invalid HTTP endpoint: "));
    again.outgoing_endpoint = "https://8.8.8.8/";
    CHECK(office.edit("bob", again) == done);
}

TEST_CASE("a client key identifies one peer unless there are tokens") {
    const auto store = open_or_throw("memory:");
    office office{*store};
    REQUIRE(office.create(office.bob()) == done);
    peer_wanted carol = office.bob();
    carol.ilp_address = "test.erin";
    carol.name = "carol";
    carol.routes.clear();
    carol.incoming_tokens.clear();
    REQUIRE(office.create(carol) == done);  // bob has tokens
    const auto key = office.all().find_peer_by_name("bob")->client_keys.at(0);
    CHECK(office.all().find_peer_by_lone_key(key) == office.all().find_peer_by_name("carol"));

    peer_edit edit;
    edit.incoming_tokens.emplace();
    const std::string id{office.all().find_peer_by_name("carol")->uuid.text()};
    CHECK(office.edit("bob", edit) == "duplicate client key: peer " + id +
                                          " has it, too, and neither peer has incoming tokens: give one of them a "
                                          "token");
    edit.transport.client_keys = {key_b};
    CHECK(office.edit("bob", edit) == done);
    peer_edit with_token;
    with_token.incoming_tokens = {"carol-1"};
    CHECK(office.edit("carol", with_token) == done);
    CHECK(office.all().find_peer_by_lone_key(key) == nullptr);
}

TEST_CASE("single tokens of a peer are added and removed, by the token or by its fingerprint") {
    const auto store = open_or_throw("memory:");
    office office{*store};
    REQUIRE(office.create(office.bob()) == done);
    const auto tokens = [&] { return office.all().find_peer_by_name("bob")->incoming_tokens; };
    const auto hash = [](std::string_view token) { return ilp::sha256(ilp::as_bytes(token)); };
    const auto edit = [&](credentials_edit credentials) {
        peer_edit change;
        change.credentials = std::move(credentials);
        return office.edit("bob", change);
    };
    CHECK(edit({.add_tokens = {"bob-3"}}) == done);
    CHECK(tokens() == std::vector{hash("bob-1"), hash("bob-2"), hash("bob-3")});
    CHECK(edit({.add_tokens = {"bob-4"}, .remove_tokens = {"bob-1", token_fingerprint(hash("bob-2"))}}) == done);
    CHECK(tokens() == std::vector{hash("bob-3"), hash("bob-4")});
    CHECK(edit({.add_tokens = {"bob-3"}}) == "duplicate incoming token");
    CHECK(edit({.add_tokens = {"a b"}})->starts_with("invalid incoming token: expected"));
    CHECK(edit({.remove_tokens = {"bob-1"}}) ==
          "unknown incoming token: the peer has none with this value or fingerprint");
    CHECK(edit({.remove_tokens = {"sha256:"}})->starts_with("unknown incoming token"));
    CHECK(edit({.add_tokens = {"bob-5"}, .remove_tokens = {"bob-1"}})->starts_with("unknown incoming token"));
    CHECK(tokens() == std::vector{hash("bob-3"), hash("bob-4")});  // all of a change, or nothing
    CHECK(edit({.add_tokens = std::vector<std::string>(99, "x")}) == "duplicate incoming token");
    peer_edit all;
    all.incoming_tokens = {"bob-6"};
    all.credentials.add_tokens = {"bob-7"};
    CHECK(office.edit("bob", all) == done);
    CHECK(tokens() == std::vector{hash("bob-6"), hash("bob-7")});
}

TEST_CASE("secrets that sign tokens identify one peer, and take the place of the token that we present") {
    const auto store = open_or_throw("memory:");
    office office{*store};
    peer_wanted wanted = office.bob();
    wanted.outgoing_token.clear();
    CHECK(office.create(wanted)->starts_with("invalid outgoing token: expected"));
    wanted.credentials = {.add_jwt_secrets = {"one", "two"}, .outgoing_jwt_secret = "three"};
    REQUIRE(office.create(wanted) == done);
    const auto bob = [&] { return office.all().find_peer_by_name("bob"); };
    CHECK(bob()->incoming_jwt_secrets == std::vector{config::secret{"one"}, config::secret{"two"}});
    CHECK(bob()->outgoing.jwt_secret.reveal() == "three");
    CHECK(bob()->outgoing.jwt_subject == "test.us");
    CHECK(bob()->outgoing.auth_token.reveal().empty());

    const auto edit = [&](credentials_edit credentials, std::optional<std::string> token = {}) {
        peer_edit change;
        change.credentials = std::move(credentials);
        change.outgoing_token = std::move(token);
        return office.edit("bob", change);
    };
    CHECK(edit({.add_jwt_secrets = {"two"}}) == "duplicate JWT secret");
    CHECK(edit({.remove_jwt_secrets = {"three"}})->starts_with("unknown JWT secret"));
    CHECK(edit({.remove_jwt_secrets = {"one"}}) == done);
    CHECK(edit({.remove_jwt_secrets = {token_fingerprint(ilp::sha256(ilp::as_bytes("two")))}}) == done);
    CHECK(bob()->incoming_jwt_secrets.empty());
    CHECK(edit({.add_jwt_secrets = std::vector<std::string>{"1", "2", "3", "4", "5", "6", "7", "8", "9"}}) ==
          "invalid JWT secrets: there are more than 8");
    CHECK(edit({.add_jwt_secrets = {"one"}}) == done);

    // The store keeps a subject only if it is not our address, which may change.
    const auto kept_subject = [&] { return store->load()->peers.at(1).terms.outgoing_jwt_subject; };
    CHECK(kept_subject().empty());
    CHECK(edit({.outgoing_jwt_subject = "test.us"}) == done);
    CHECK(kept_subject().empty());
    CHECK(edit({.outgoing_jwt_subject = "alice"}) == done);
    CHECK(kept_subject() == "alice");
    CHECK(edit({}, "") == done);  // an empty token changes nothing
    CHECK(bob()->outgoing.jwt_subject == "alice");
    CHECK(edit({.outgoing_jwt_secret = "four"}) == done);
    CHECK(bob()->outgoing.jwt_subject == "alice");
    CHECK(edit({.outgoing_jwt_secret = "x"}, "a-token")->starts_with("invalid outgoing token: beside a JWT secret"));
    CHECK(edit({}, "a-token") == done);
    CHECK(bob()->outgoing.auth_token.reveal() == "a-token");
    CHECK(bob()->outgoing.jwt_secret.reveal().empty());
    CHECK(edit({.outgoing_jwt_subject = "alice"})->starts_with("invalid JWT subject"));
    CHECK(edit({}, "")->starts_with("invalid outgoing token: expected"));

    peer_wanted erin = office.bob();
    erin.ilp_address = "test.erin";
    erin.name = "erin";
    erin.routes.clear();
    erin.incoming_tokens.clear();
    erin.credentials.add_jwt_secrets = {"one"};
    CHECK(office.create(erin) == "duplicate JWT secret");
    erin.credentials.add_jwt_secrets = {"another"};
    CHECK(office.create(erin) == done);
    // Whoever signs tokens is not known by the certificate alone.
    CHECK(office.all().find_peer_by_lone_key(bob()->client_keys.at(0)) == nullptr);
}

TEST_CASE("a token that strangers could guess is refused where they can reach the listener") {
    const auto store = open_or_throw("memory:");
    office office{*store};
    peer_wanted bob = office.bob();
    bob.incoming_tokens = {"short"};
    office.desk().refuse_guessable_tokens();
    CHECK(
        office.create(bob) ==
        "invalid incoming token: it has fewer than 16 characters, and connector.listen is not a loopback address: make "
        "one with: openssl rand -hex 32");
    bob.incoming_tokens = {"bob-to-alice"};
    CHECK_THAT(office.create(bob).value_or(""), Catch::Contains("is a token of the sample"));
    bob.incoming_tokens = {"0123456789abcdef"};
    CHECK(office.create(bob) == done);
    bob.incoming_tokens = {"$NAME"};
    CHECK_THAT(office.create(bob).value_or(""), Catch::Contains("looks like a variable"));
}

TEST_CASE("peers of different assets may share an address") {
    const auto store = open_or_throw("memory:");
    office office{*store};
    REQUIRE(office.attempt([](administration& desk, transaction& t) { return desk.create_asset(t, "EUR", 2, {}); }) ==
            done);
    REQUIRE(office.create(office.bob()) == done);
    peer_wanted euro = office.bob();
    euro.asset_uuid = office.all().find_asset("EUR", 2)->asset->uuid;
    euro.incoming_tokens = {"euro"};
    REQUIRE(office.create(euro) == done);
    const auto* const usd = office.all().find_asset("USD", 9)->asset;
    const auto* const eur = office.all().find_asset("EUR", 2)->asset;
    CHECK(office.all().find_route("test.bob.x", usd)->next_hop->asset == usd);
    CHECK(office.all().find_route("test.bob.x", eur)->next_hop->asset == eur);
    CHECK(office.all().find_peer_by_address("test.bob.x", *eur)->asset == eur);
    CHECK(office.all().find_peer_by_address("test.elsewhere", *eur) == nullptr);
    // The second peer goes by its id, because the name is taken.
    CHECK(office.all().find_peer_by_name("bob")->asset == usd);
    CHECK(office.all().find_peer_by_token(hash("euro"))->name() == office.all().find_peer_by_token(hash("euro"))->uuid);
    CHECK(office.all().find_peer_by_token(hash("euro"))->given_name == "bob");
}

TEST_CASE("an update changes only the given fields") {
    const auto store = open_or_throw("memory:");
    office office{*store};
    REQUIRE(office.create(office.bob()) == done);
    const auto before = office.all().find_peer_by_name("bob");
    office.published.clear();

    SECTION("nothing") {
        REQUIRE(office.edit("bob", {}) == done);
        CHECK(kept_terms_of(*office.all().find_peer_by_name("bob")) == kept_terms_of(*before));
    }
    SECTION("tokens: all old ones go") {
        peer_edit edit;
        edit.incoming_tokens = {"new"};
        REQUIRE(office.edit("bob", edit) == done);
        CHECK(office.all().find_peer_by_token(hash("bob-1")) == nullptr);
        CHECK(office.all().find_peer_by_token(hash("new"))->uuid == before->uuid);
        CHECK(office.published.size() == 1);
        CHECK(office.published[0].before == before);
        // A peer's own tokens do not count as duplicates.
        CHECK(office.edit("bob", edit) == done);
    }
    SECTION("the address: the old one has no route any more") {
        peer_edit edit;
        edit.ilp_address = "test.moved";
        REQUIRE(office.edit("bob", edit) == done);
        CHECK_FALSE(office.all().find_route("test.bob.x", nullptr));
        CHECK(office.all().find_route("test.moved.x", nullptr)->next_hop->uuid == before->uuid);
        CHECK(office.all().find_route("test.carol.x", nullptr)->next_hop->uuid == before->uuid);
    }
    SECTION("the routes") {
        peer_edit edit;
        edit.routes = {"test.dave", "", "test.dave"};
        REQUIRE(office.edit("bob", edit) == done);
        CHECK(office.all().find_peer_by_name("bob")->routes.to_vector() == std::vector<std::string>{"", "test.dave"});
        CHECK(office.all().find_route("test.carol.x", nullptr)->prefix.empty());
    }
    SECTION("to another peer's address") {
        peer_edit edit;
        edit.ilp_address = "test.filed";
        CHECK(office.edit("bob", edit) == "duplicate peer found for same ILP address and asset");
        CHECK(office.all().find_peer_by_name("bob") == before);
    }
    SECTION("the bound on the amount in flight: packets in flight stay counted") {
        amount_in_use old_bound = *before->limits->in_flight_amount;
        REQUIRE(old_bound.try_take({88}));
        peer_edit edit;
        edit.max_in_flight_amount.emplace(ilp::amount{44});
        REQUIRE(office.edit("bob", edit) == done);
        const auto after = office.all().find_peer_by_name("bob");
        CHECK(max_in_flight_amount_of(*after) == ilp::amount{44});
        CHECK(max_in_flight_amount_of(*before) == ilp::amount{88});
        amount_in_use new_bound = *after->limits->in_flight_amount;
        old_bound.give_back({44});
        CHECK_FALSE(new_bound.try_take({1}));
        old_bound.give_back({44});
        CHECK(new_bound.try_take({44}));

        edit.max_in_flight_amount.emplace(std::nullopt);
        REQUIRE(office.edit("bob", edit) == done);
        CHECK_FALSE(max_in_flight_amount_of(*office.all().find_peer_by_name("bob")));
    }
    SECTION("what is split, as long as the other terms leave something to split") {
        const auto terms = [&] { return office.all().find_peer_by_name("bob")->split; };
        peer_edit edit;
        edit.split.emplace(config::split_settings{ilp::amount{78}, 1024});
        REQUIRE(office.edit("bob", edit) == done);
        CHECK(terms() == config::split_settings{ilp::amount{78}, 1024});
        peer_edit larger;
        larger.max_packet_amount.emplace(ilp::amount{78});
        CHECK_THAT(office.edit("bob", larger).value(), Catch::StartsWith("invalid split: maxTotal must be larger"));
        CHECK(office.code == refusal_code::bad_user_input);
        larger.max_packet_amount.emplace(std::nullopt);
        CHECK_THAT(office.edit("bob", larger).value(), Catch::StartsWith("invalid split: it has no effect without"));
        CHECK(office.all().find_peer_by_name("bob")->max_packet_amount == ilp::amount{77});
        office.desk().allow_asynchronous_mode();
        peer_edit later;
        later.transport.mode = config::answer_mode::asynchronous;
        CHECK(office.edit("bob", later) ==
              "invalid split: it cannot be used with the mode ASYNCHRONOUS, in which parts cannot be answered");
        later.split.emplace(std::nullopt);
        REQUIRE(office.edit("bob", later) == done);
        CHECK_FALSE(terms());
        CHECK_THAT(office.edit("bob", edit).value(), Catch::Contains("the mode ASYNCHRONOUS"));
    }
    SECTION("terms of the connections change one by one") {
        peer_edit edit;
        edit.transport.client_keys = {key_b};
        REQUIRE(office.edit("bob", edit) == done);
        auto after = office.all().find_peer_by_name("bob");
        CHECK(after->client_keys.at(0).front() == 0xbb);
        CHECK(after->outgoing == before->outgoing);
        CHECK(after->incoming_tokens == before->incoming_tokens);

        edit.transport = {.client_keys = {}, .ca_certificates = "", .allow_plain_http = {}, .protocol = {}, .mode = {}};
        REQUIRE(office.edit("bob", edit) == done);
        after = office.all().find_peer_by_name("bob");
        CHECK(after->client_keys.size() == 1);
        CHECK_FALSE(after->outgoing.ca_file);
        CHECK(after->outgoing.protocol == config::http_protocol::http2);
    }
    SECTION("what may be empty is cleared") {
        peer_edit edit;
        edit.max_packet_amount.emplace(std::nullopt);
        edit.split.emplace(std::nullopt);
        edit.liquidity_threshold.emplace(std::nullopt);
        edit.name.emplace(std::nullopt);
        REQUIRE(office.edit("bob", edit) == done);
        const auto after = office.all().find_peer(before->uuid);
        CHECK_FALSE(after->max_packet_amount);
        CHECK_FALSE(after->split);
        CHECK_FALSE(after->liquidity_threshold);
        CHECK_FALSE(after->given_name);
        CHECK(after->name() == after->uuid);
    }
}

TEST_CASE("objects of the file can be changed only there") {
    const auto store = open_or_throw("memory:");
    office office{*store};
    const auto usd = office.all().find_asset("USD", 9)->asset->uuid;
    const auto says_where = Catch::Contains("configuration file");
    CHECK_THAT(office.edit("filed", {}).value(), says_where && Catch::Contains("peer filed"));
    CHECK(office.code == refusal_code::forbidden);
    CHECK_THAT(office.remove("filed").value(), says_where);
    CHECK_THAT(office.attempt([&](auto& desk, auto& t) { return desk.update_asset(t, usd, {}); }).value(),
               says_where && Catch::Contains("asset USD/9"));
    CHECK_THAT(office.attempt([&](auto& desk, auto& t) { return desk.delete_asset(t, usd); }).value(), says_where);
    // The file does not forbid disabling a peer.
    const auto filed = office.all().find_peer_by_name("filed")->uuid;
    CHECK(office.attempt([&](auto& desk, auto& t) { return desk.set_enabled(t, filed, false); }) == done);
    CHECK_FALSE(office.all().find_peer(filed)->enabled);
}

TEST_CASE("a peer is deleted when there was no payment") {
    const store_place place{GENERATE(kinds_of_stores())};
    const auto store = place.open();
    office office{*store};
    peer_wanted wanted = office.bob();
    wanted.initial_liquidity.reset();
    REQUIRE(office.create(wanted) == done);

    SECTION("an unused one is gone, and its address and tokens are free") {
        REQUIRE(office.remove("bob") == done);
        CHECK(office.all().find_peer_by_name("bob") == nullptr);
        CHECK(office.all().find_peer_by_token(hash("bob-1")) == nullptr);
        CHECK_FALSE(office.all().find_route("test.bob", nullptr));
        CHECK(office.all().find_asset("USD", 9)->peers == 1);
        CHECK(store->load()->peers.at(1).terms.deleted_at == noon);
        CHECK(office.create(wanted) == done);
        CHECK(office.all().find_peer_by_name("bob")->id == 3);
    }
    SECTION("the store keeps no secret of one that is gone") {
        wanted.ilp_address = "test.secretive";
        wanted.name = "secretive";
        wanted.routes = {};
        wanted.incoming_tokens = {"its-token"};
        wanted.outgoing_token.clear();
        wanted.credentials = {.add_jwt_secrets = {"its-secret"}, .outgoing_jwt_secret = "our-secret"};
        REQUIRE(office.create(wanted) == done);
        const auto kept = [&] { return store->load()->peers.at(2).terms; };
        CHECK(kept().incoming_tokens.size() == 1);
        CHECK(kept().incoming_jwt_secrets == std::vector<std::string>{"its-secret"});
        CHECK(kept().outgoing_jwt_secret == "our-secret");
        REQUIRE(office.remove("secretive") == done);
        CHECK(kept().deleted_at == noon);
        CHECK(kept().incoming_tokens.empty());
        CHECK(kept().incoming_jwt_secrets.empty());
        CHECK(kept().outgoing_jwt_secret.empty());
        // The outgoing token of the other one.
        CHECK_FALSE(store->load()->peers.at(1).terms.outgoing_token.empty());
        REQUIRE(office.remove("bob") == done);
        CHECK(store->load()->peers.at(1).terms.outgoing_token.empty());
    }
    SECTION("what is left of the deposits of one goes back to the settlement account") {
        wanted.ilp_address = "test.rich";
        wanted.name = "rich";
        wanted.routes = {};
        wanted.incoming_tokens = {};
        wanted.initial_liquidity = ilp::amount{1};
        REQUIRE(office.create(wanted) == done);
        const liquidity_account& liquidity = *office.all().find_peer_by_name("rich")->liquidity;
        const liquidity_account& settlement = *office.all().find_asset("USD", 9)->asset->settlement;
        const auto paid_out = [&] { return office.books.ledger.posted(settlement.id).credits_posted; };
        const auto before = paid_out();
        REQUIRE(office.remove("rich") == done);
        CHECK(office.all().find_peer_by_name("rich") == nullptr);
        CHECK(balance_of(office.books.ledger, liquidity) == 0);
        CHECK(liquidity.available == 0);
        CHECK(paid_out() == before + 1);
        CHECK(sums_are_zero(snapshot_of(office.books.ledger)));
        if (place.is_durable()) {
            const auto listed = store->list_transfers(liquidity.id, account_side::debit, 10).value();
            REQUIRE(listed.size() == 1);
            CHECK(listed[0].kind == transfer_kind::withdrawal);
            CHECK(listed[0].credit == settlement.id);
        }
    }
    SECTION("one with a payment is not") {
        if (!place.is_durable()) return;  // it does not store payments
        liquidity_account& from = *office.all().find_peer_by_name("filed")->liquidity;
        liquidity_account& to = *office.all().find_peer_by_name("bob")->liquidity;
        for (const auto& [debit, credit] : {std::pair{&from, &to}, std::pair{&to, &from}}) {
            const leg leg{debit, credit, {10}};
            REQUIRE(ledger::hold({&leg, 1}));
            const posting posting{debit, credit, 10, 1};
            REQUIRE(office.books.keeper.write({.postings = {&posting, 1}}));
        }
        CHECK(to.available == 0);
        CHECK_THAT(office.remove("bob").value(), Catch::Contains("payments"));
        CHECK(office.code == refusal_code::forbidden);
    }
    SECTION("one with a packet under way is not") {
        liquidity_account& from = *office.all().find_peer_by_name("filed")->liquidity;
        liquidity_account& to = *office.all().find_peer_by_name("bob")->liquidity;
        const leg leg{&from, &to, {10}};
        REQUIRE(ledger::hold({&leg, 1}));
        CHECK_THAT(office.remove("bob").value(), Catch::Contains("in flight"));
        ledger::release({&leg, 1});
        CHECK(office.remove("bob") == done);
    }
    SECTION("one whose books are in doubt is not, because nobody could end the doubt afterwards") {
        const account_id account = office.all().find_peer_by_name("bob")->liquidity->id;
        const flight_record doubt{account, 0, 64};
        REQUIRE(office.books.keeper.write({.changed_flights = {&doubt, 1}}));
        CHECK_THAT(office.remove("bob").value(), Catch::Contains("in doubt"));
        CHECK(office.code == refusal_code::forbidden);
        const flight_record ended = office.books.keeper.flights().without_doubt(account);
        REQUIRE(office.books.keeper.write({.changed_flights = {&ended, 1}}));
        CHECK(office.remove("bob") == done);
    }
}

TEST_CASE("a packet that is held while its peer is deleted leaves nothing on the account") {
    const auto store = open_or_throw("memory:");
    office office{*store};
    liquidity_account& other = *office.all().find_peer_by_name("filed")->liquidity;
    peer_wanted wanted = office.bob();
    wanted.initial_liquidity = ilp::amount{1};
    for (int i = 0; i < 200; ++i) {
        REQUIRE(office.create(wanted) == done);
        liquidity_account& account = *office.all().find_peer_by_name("bob")->liquidity;
        std::optional<std::string> refused;
        {
            std::atomic<bool> runs{false};
            const std::jthread packets{[&](const std::stop_token& stop) {
                const leg leg{&account, &other, {1}};
                while (!stop.stop_requested()) {
                    if (ledger::hold({&leg, 1})) ledger::release({&leg, 1});
                    runs = true;
                }
            }};
            while (!runs) std::this_thread::yield();
            refused = office.remove("bob");
        }
        if (refused) {
            CHECK(office.code == refusal_code::forbidden);
            CHECK(balance_of(office.books.ledger, account) == 1);
            REQUIRE(office.remove("bob") == done);
        }
        CHECK(balance_of(office.books.ledger, account) == 0);
        CHECK(account.available == 0);
    }
}

TEST_CASE("a packet to a peer that is deleted before the packet threads know it does not credit its account") {
    const store_place place{GENERATE(kinds_of_stores())};
    const auto store = place.open();
    office office{*store};
    liquidity_account& other = *office.all().find_peer_by_name("filed")->liquidity;
    peer_wanted wanted = office.bob();
    wanted.initial_liquidity = ilp::amount{1'000};  // its withdrawal leaves room for as much, but not for packets
    REQUIRE(office.create(wanted) == done);
    liquidity_account& account = *office.all().find_peer_by_name("bob")->liquidity;
    const leg to_bob{&other, &account, {1}};
    const leg from_bob{&account, &other, {1}};

    REQUIRE(ledger::hold({&to_bob, 1}));
    CHECK_THAT(office.remove("bob").value(), Catch::Contains("in flight"));
    ledger::release({&to_bob, 1});
    REQUIRE(ledger::hold({&from_bob, 1}));
    CHECK_THAT(office.remove("bob").value(), Catch::Contains("in flight"));
    ledger::release({&from_bob, 1});
    CHECK(ledger::hold({&to_bob, 1}));  // a refused deletion leaves the account as it was
    ledger::release({&to_bob, 1});
    CHECK(account.available == 1'000);
    CHECK(account.headroom == amount_max - 1'000);

    REQUIRE(office.remove("bob") == done);
    CHECK_FALSE(ledger::hold({&to_bob, 1}));
    CHECK_FALSE(ledger::hold({&from_bob, 1}));
    CHECK(other.available == balance_of(office.books.ledger, other));
    CHECK(balance_of(office.books.ledger, account) == 0);
}

TEST_CASE("a packet to a peer beside its deletion is either in flight or refused") {
    const auto store = open_or_throw("memory:");
    office office{*store};
    liquidity_account& other = *office.all().find_peer_by_name("filed")->liquidity;
    peer_wanted wanted = office.bob();
    wanted.initial_liquidity = ilp::amount{1};
    for (int i = 0; i < 200; ++i) {
        REQUIRE(office.create(wanted) == done);
        liquidity_account& account = *office.all().find_peer_by_name("bob")->liquidity;
        const leg leg{&other, &account, {1}};
        std::atomic<bool> runs{false};
        std::optional<std::string> refused;
        {
            const std::jthread packets{[&](const std::stop_token& stop) {
                while (!stop.stop_requested()) {
                    if (ledger::hold({&leg, 1})) ledger::release({&leg, 1});
                    runs = true;
                }
            }};
            while (!runs) std::this_thread::yield();
            refused = office.remove("bob");
        }
        if (refused) {
            CHECK(office.code == refusal_code::forbidden);
            CHECK(account.headroom == amount_max - 1);
            REQUIRE(office.remove("bob") == done);
        }
        CHECK_FALSE(ledger::hold({&leg, 1}));
        CHECK(account.headroom == 0);
    }
    CHECK(other.available == balance_of(office.books.ledger, other));
}

TEST_CASE("assets are created, changed, deleted and restored") {
    const store_place place{GENERATE(kinds_of_stores())};
    const auto store = place.open();
    office office{*store};
    const asset_thresholds thresholds{ilp::amount{1}, ilp::amount{2}};
    const auto create = [&](const asset_thresholds& with) {
        return office.attempt([&](auto& desk, auto& t) { return desk.create_asset(t, "EUR", 2, with); });
    };
    int notifications = 0;
    office.desk().on_assets_changed([&] { ++notifications; });
    REQUIRE(create(thresholds) == done);
    CHECK(notifications == 1);
    CHECK(create({}) == "Asset already exists");
    CHECK(office.code == refusal_code::duplicate);
    const auto made = *office.all().find_asset("EUR", 2);
    CHECK(made.terms == asset_terms{origin::api, ilp::amount{1}, ilp::amount{2}, {}});

    REQUIRE(office.attempt([&](auto& desk, auto& t) { return desk.update_asset(t, made.asset->uuid, {}); }) == done);
    CHECK(office.all().find_asset("EUR", 2)->terms == asset_terms{origin::api, {}, {}, {}});

    peer_wanted wanted = office.bob();
    wanted.asset_uuid = made.asset->uuid;
    wanted.initial_liquidity.reset();
    REQUIRE(office.create(wanted) == done);
    const auto remove = [&] {
        return office.attempt([&](auto& desk, auto& t) { return desk.delete_asset(t, made.asset->uuid); });
    };
    CHECK(remove() == "Cannot delete! Asset in use.");
    CHECK(office.code == refusal_code::forbidden);
    REQUIRE(office.remove("bob") == done);
    REQUIRE(remove() == done);
    CHECK(remove() == "Asset not found");
    CHECK(office.all().asset_count() == 1);
    CHECK(office.create(wanted) == "unknown asset");

    REQUIRE(create(thresholds) == done);
    CHECK(office.all().find_asset("EUR", 2)->asset == made.asset);
    CHECK(office.all().find_asset("EUR", 2)->terms == made.terms);
    CHECK(store->load()->assets.size() == 2);
    CHECK(store->load()->assets[1].terms == made.terms);
}

TEST_CASE("if the store refuses, directory, packets and holds are unchanged") {
    class failing_store final : public store_decorator {
    public:
        failing_store() : store_decorator{open_or_throw("memory:")} {}
        std::expected<void, store_error> commit(const changes& changes) override {
            if (fails) return std::unexpected{store_error{"no space", true}};
            return store_decorator::commit(changes);
        }
        bool fails = false;
    };
    failing_store store;
    office office{store};
    store.fails = true;
    CHECK(office.create(office.bob()) == "no space");
    CHECK(office.published.empty());
    CHECK(office.all().peer_count() == 1);
    CHECK(office.all().find_peer_by_token(hash("bob-1")) == nullptr);
    for (const account_balance& account : snapshot_of(office.books.ledger)) CHECK(account.debits_pending == 0);
    store.fails = false;
    CHECK(office.create(office.bob()) == done);
    CHECK(sums_are_zero(snapshot_of(office.books.ledger)));

    store.fails = true;
    const liquidity_account& account = *office.all().find_peer_by_name("bob")->liquidity;
    const std::uint64_t available = account.available;
    CHECK(office.remove("bob") == "no space");
    CHECK(account.available == available);
    CHECK(account.headroom == amount_max - available);
    store.fails = false;
    CHECK(office.remove("bob") == done);
}

}  // namespace administration_test
