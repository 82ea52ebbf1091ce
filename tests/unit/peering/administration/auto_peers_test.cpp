#include "peering/administration/auto_peers.hpp"

#include "config/value.hpp"
#include "peering/administration/file_terms.hpp"
#include "peering/administration/recovery.hpp"
#include "peering/administration/stored_terms.hpp"
#include "peering/book/thresholds.hpp"
#include "peering/open_store.hpp"
#include "peering/records/uuid.hpp"
#include "tests/support/child_process.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace auto_peers_test {

using namespace peering;

namespace {

constexpr auto now = ilp::timestamp{std::chrono::milliseconds{1'700'000'000'000}};

const std::string from_mallory = "token-of-mallory-0";
const std::string from_dora = "token-of-dora-0000";
const std::string of_bob = "token-of-bob-00000";    // a peer from the file
const std::string of_carol = "token-of-carol-000";  // a peer that the operator created through the API

config::auto_peering_settings terms_of_alice() {
    config::auto_peering_settings settings;
    settings.enabled = true;
    settings.connector_url = config::http_url().parse("http://alice.example:3002/").value();
    settings.name = "Alice";
    settings.max_peers = 1000;
    settings.unused_after = std::chrono::hours{1};
    settings.allow_plain_http = true;
    return settings;
}

config::settings file_of_alice() {
    config::settings file;
    file.ilp_address = *ilp::address::parse("test.hub.alice");
    config::asset_settings usd;
    usd.code = "USD";
    usd.scale = 9;
    config::asset_settings eur;
    eur.code = "EUR";
    eur.scale = 2;
    file.assets = {usd, eur};
    config::peer_settings bob;
    bob.name = "bob";
    bob.ilp_address = *ilp::address::parse("test.bob");
    bob.asset = {"USD", 9};
    bob.routes = {"test.bank.east"};
    bob.http.incoming.auth_tokens = {config::secret{of_bob}};
    bob.http.outgoing.auth_token = config::secret{"alice-to-bob"};
    bob.http.outgoing.endpoint = config::http_url().parse("http://bob.example/").value();
    file.peers = {bob};
    return file;
}

/// Both clocks, as if the wall clock had never been set.
ilp::instant instant_of(ilp::timestamp wall) {
    return {wall, ilp::steady_time{wall.time_since_epoch()}};
}

/// Alice with a book, a peer from the file and one that her operator created.
struct alice {
    explicit alice(config::auto_peering_settings settings = terms_of_alice(), const std::string& url = "memory:")
        : store{open(url)}, decider{directory, admin, std::move(settings)} {
        const auto known = store->load().value();
        if (auto opened = open_directory(directory, known, keeper); !opened) throw std::runtime_error{opened.error()};
        transaction start{keeper, now};
        if (auto wrong = apply_file(file, directory, start)) throw std::runtime_error{*wrong};
        commit(start);
        if (directory.find_peer_by_name("carol")) return;
        transaction by_operator{keeper, now};
        const auto carol = admin.create_peer(by_operator, {.asset_uuid = asset("USD", 9),
                                                           .ilp_address = "test.carol",
                                                           .name = "carol",
                                                           .routes = {"test.bank.west"},
                                                           .incoming_tokens = {of_carol},
                                                           .outgoing_endpoint = "http://carol.example/",
                                                           .outgoing_token = "alice-to-carol"});
        if (!carol) throw std::runtime_error{carol.error().message};
        commit(by_operator);
    }

    static std::unique_ptr<peering::store> open(const std::string& url) {
        auto opened = open_store(url);
        if (!opened) throw std::runtime_error{opened.error().message};
        return std::move(*opened);
    }

    void commit(transaction& transaction) {
        bool done = false;
        if (!admin.commit(transaction, [&done] { done = true; }) || !done) throw std::runtime_error{"commit"};
    }

    std::string asset(std::string_view code, std::uint8_t scale) {
        return directory.find_asset(code, scale).value().asset->uuid;
    }

    auto_peers::peering_result answer(const peering_request& request, const std::string& presented = {},
                                      const std::string& source = {}, ilp::timestamp at = now) {
        return answer(request, presented, source, instant_of(at));
    }
    auto_peers::peering_result answer(const peering_request& request, const std::string& presented,
                                      const std::string& source, const ilp::instant& at) {
        std::vector<auto_peers::peering_result> answers;
        decider.handle_request(keeper, at, request, {presented, source},
                               [&](auto_peers::peering_result came) { answers.push_back(std::move(came)); });
        REQUIRE(answers.size() == 1);
        return answers.front();
    }

    /// "TYPE MESSAGE", or empty if it was accepted.
    std::string refusal_of(const peering_request& request, const std::string& presented = {},
                           const std::string& source = {}, ilp::timestamp at = now) {
        const auto came = answer(request, presented, source, at);
        return came ? "" : std::string{type_of(came.error().fault)} + " " + came.error().message;
    }

    std::shared_ptr<const peer> find(std::string_view address, std::string_view code = "USD", std::uint8_t scale = 9) {
        for (const auto& peer : directory.peers()) {
            if (peer->address.text() == address && peer->asset->uuid == asset(code, scale)) return peer;
        }
        return nullptr;
    }

    /// Everything that a stranger must not be able to change.
    std::vector<std::pair<std::string, kept_peer_terms>> everything() {
        std::vector<std::pair<std::string, kept_peer_terms>> all;
        for (const auto& peer : directory.peers()) {
            kept_peer_terms terms = kept_terms_of(*peer);
            terms.incoming_tokens = peer->incoming_tokens;
            terms.outgoing_endpoint = peer->outgoing.endpoint.url();
            terms.outgoing_token = peer->outgoing.auth_token.reveal();
            all.emplace_back(peer->uuid, terms);
        }
        return all;
    }

    administration::peer_outcome apply_peering_answer(const peer_by_url& wanted, const peering_terms& answer) {
        const auto question = decider.ask(wanted);
        if (!question) return std::unexpected{question.error()};
        transaction transaction{keeper, now};
        const auto applied = decider.apply_peering_answer(transaction, wanted, *question, answer);
        if (applied) commit(transaction);
        return applied;
    }

    const config::settings file = file_of_alice();
    std::unique_ptr<peering::store> store;
    peering::ledger ledger;
    peering::thresholds thresholds;
    bookkeeper keeper{ledger, *store, thresholds};
    peering::directory directory{file.ilp_address};
    peering::administration admin{directory};
    peering::auto_peers decider;
};

peering_request request_of(const std::string& address, const std::string& token = from_mallory,
                           const std::string& url = "http://mallory.example/") {
    return {{*ilp::address::parse(address), url, token}, "USD", 9};
}

ilp::digest hash(std::string_view token) {
    return ilp::sha256(ilp::as_bytes(token));
}

std::uint64_t balance(const alice& alice, const peer& peer) {
    const account_totals totals = alice.ledger.posted(peer.liquidity->id);
    return static_cast<std::uint64_t>(totals.credits_posted - totals.debits_posted);
}

/// Credits minus debits of any account; negative numbers wrap.
std::uint64_t balance_of(const alice& alice, account_id account) {
    const account_totals totals = alice.ledger.posted(account);
    return static_cast<std::uint64_t>(totals.credits_posted - totals.debits_posted);
}

std::string text_of(const administration::peer_outcome& outcome) {
    return outcome ? "" : outcome.error().message;
}

const std::string in_another_asset = "InvalidPeeringRequest there is a peer with this ILP address in another asset.";
const std::string already = "InvalidPeeringRequest there is already a peer with this ILP address and asset.";

}  // namespace

TEST_CASE("a stranger becomes a peer on the terms of the configuration") {
    config::auto_peering_settings settings = terms_of_alice();
    settings.initial_liquidity = {500};
    alice alice{settings};
    peering_request request = request_of("test.dora", from_dora, "http://dora.example:3002/ilp");
    request.asker.name = "Dora & Co.";
    request.max_packet_amount = ilp::amount{77};
    const auto answer = alice.answer(request);
    REQUIRE(answer);
    CHECK(answer->address.text() == "test.hub.alice");
    CHECK(answer->connector_url == "http://alice.example:3002/");
    CHECK(answer->name.value() == "Alice");
    CHECK(answer->token.size() == 64);

    const auto dora = alice.find("test.dora");
    REQUIRE(dora);
    CHECK(dora->given_name == "Dora & Co.");
    CHECK(dora->routes.to_vector().empty());
    CHECK(dora->max_packet_amount->value == 77);
    CHECK(dora->incoming_tokens == std::vector{hash(from_dora)});
    CHECK(dora->outgoing.endpoint.url() == "http://dora.example:3002/ilp");
    CHECK(dora->outgoing.auth_token.reveal() == answer->token);
    CHECK(dora->outgoing.public_addresses_only);
    CHECK(dora->origin == origin::api);
    CHECK(*dora->auto_peered == auto_peered_terms{"", true});
    CHECK(balance(alice, *dora) == 500);
    CHECK(alice.directory.find_peer_by_token(hash(from_dora)) == dora);
}

TEST_CASE("a stranger gets only the liquidity and the maximum packet amount that the configuration allows") {
    config::auto_peering_settings settings = terms_of_alice();
    settings.max_packet_amount = ilp::amount{100};
    alice alice{settings};
    std::string name = "a";
    for (const auto& [asked, given] : std::vector<std::pair<std::optional<ilp::amount>, std::uint64_t>>{
             {std::nullopt, 100}, {ilp::amount{99}, 99}, {ilp::amount{101}, 100}, {ilp::amount{0}, 0}}) {
        peering_request request = request_of("test." + name, from_mallory + name);
        request.max_packet_amount = asked;
        REQUIRE(alice.answer(request));
        CHECK(alice.find("test." + name)->max_packet_amount->value == given);
        CHECK(balance(alice, *alice.find("test." + name)) == 0);
        name += 'a';
    }
}

TEST_CASE("auto-peering in an unknown or deleted asset is refused") {
    alice alice;
    peering_request request = request_of("test.dora");
    request.asset_scale = 8;
    CHECK(alice.refusal_of(request) == "UnknownAsset Unknown asset");
    request.asset_code = "usd";
    CHECK(alice.refusal_of(request) == "UnknownAsset Unknown asset");

    transaction made{alice.keeper, now};
    const auto gbp = alice.admin.create_asset(made, "GBP", 2, {});
    REQUIRE(gbp);
    alice.commit(made);
    transaction deleted{alice.keeper, now};
    REQUIRE(alice.admin.delete_asset(deleted, gbp->asset->uuid));
    alice.commit(deleted);
    request.asset_code = "GBP";
    request.asset_scale = 2;
    CHECK(alice.refusal_of(request) == "UnknownAsset Unknown asset");
    CHECK(alice.directory.peer_count() == 2);
}

TEST_CASE("a stranger cannot have an address that is already routed, or our own") {
    alice alice;
    const auto before = alice.everything();
    for (const char* const taken :
         {"test.hub.alice", "test.hub.alice.child", "test.hub", "test.bob.child", "test.carol.a.b", "test.bank",
          "test.bank.east", "test.bank.east.1", "test.bank.west", "test.bank.west.1"}) {
        CAPTURE(taken);
        CHECK(alice.refusal_of(request_of(taken)).starts_with("InvalidPeerIlpConfiguration staticIlpAddress: "));
        CHECK(alice.refusal_of(request_of(taken), of_bob).starts_with("InvalidPeerIlpConfiguration "));
    }
    CHECK(alice.everything() == before);
    for (const char* const free : {"test.bobby", "test.bank.north", "test.hub.alic", "private.bob", "test.hub.bob"}) {
        CAPTURE(free);
        CHECK(alice.refusal_of(request_of(free, from_mallory + free)).empty());
    }
    CHECK(alice.refusal_of(request_of("g.bob")) ==
          "InvalidPeerIlpConfiguration staticIlpAddress: it is in another network than this node");
    // It may not be an address that another stranger has, or one above or below it.
    REQUIRE(alice.answer(request_of("test.dora.x", from_dora)));
    CHECK(alice.refusal_of(request_of("test.dora")).starts_with("InvalidPeerIlpConfiguration "));
    CHECK(alice.refusal_of(request_of("test.dora.x.y")).starts_with("InvalidPeerIlpConfiguration "));
}

TEST_CASE("a stranger cannot have the address of a peer that was removed from the file") {
    alice alice;
    config::settings without_bob = alice.file;
    without_bob.peers.clear();
    transaction reload{alice.keeper, now};
    REQUIRE_FALSE(apply_file(without_bob, alice.directory, reload));
    alice.commit(reload);
    REQUIRE_FALSE(alice.find("test.bob"));
    for (const char* const address : {"test.bob", "test.bob.child"}) {
        CAPTURE(address);
        CHECK(alice.refusal_of(request_of(address)).starts_with("InvalidPeerIlpConfiguration "));
    }
}

TEST_CASE("a peer created by an operator cannot be taken over, whatever the token") {
    alice alice;
    const auto before = alice.everything();
    for (const auto& [address, token] : {std::pair{"test.bob", of_bob}, {"test.carol", of_carol}}) {
        CAPTURE(address);
        CHECK(alice.refusal_of(request_of(address)).starts_with(already));
        CHECK(alice.refusal_of(request_of(address, token)).starts_with(already));
        CHECK(alice.refusal_of(request_of(address), token).starts_with(already));
        CHECK(alice.refusal_of(request_of(address), of_bob).starts_with(already));
        peering_request in_euros = request_of(address);
        in_euros.asset_code = "EUR";
        in_euros.asset_scale = 2;
        CHECK(alice.refusal_of(in_euros).starts_with(in_another_asset));
        CHECK(alice.refusal_of(in_euros, token).starts_with(in_another_asset));
    }
    CHECK(alice.everything() == before);
}

TEST_CASE("an auto-peer cannot be taken over without its current token") {
    alice alice;
    REQUIRE(alice.answer(request_of("test.dora", from_dora, "http://dora.example/")));
    REQUIRE(alice.answer(request_of("test.mallory", from_mallory)));
    const auto before = alice.everything();
    const auto& outgoing = alice.find("test.dora")->outgoing.auth_token.reveal();
    for (const std::string& token : {std::string{}, from_mallory, std::string{"another-token-00"}, of_bob, of_carol,
                                     outgoing, from_dora + "x", from_dora.substr(0, from_dora.size() - 1)}) {
        CAPTURE(token);
        const std::string refusal = alice.refusal_of(request_of("test.dora", "another-token-of-mallory"), token);
        CHECK(refusal.starts_with(already));
        CHECK_FALSE(refusal.contains("dora"));
        if (token.size() >= peering_token_size_min) {
            CHECK(alice.refusal_of(request_of("test.dora", token))
                      .starts_with(token == outgoing ? "InvalidPeeringRequest Invalid peering request" : already));
        }
    }
    CHECK(alice.everything() == before);
}

TEST_CASE("an auto-peer renews its token and endpoint with its current token, and the other terms stay") {
    config::auto_peering_settings settings = terms_of_alice();
    settings.initial_liquidity = {5};
    alice alice{settings};
    const auto first = alice.answer(request_of("test.dora", from_dora, "http://dora.example/"));
    REQUIRE(first);
    const std::string id{alice.find("test.dora")->uuid};
    transaction by_operator{alice.keeper, now};
    peer_edit edit;
    edit.name = "D";
    edit.max_packet_amount = ilp::amount{9};
    REQUIRE(alice.admin.update_peer(by_operator, id, edit));
    alice.commit(by_operator);

    peering_request request = request_of("test.dora", "second-token-of-dora", "http://new.dora.example/");
    request.max_packet_amount = ilp::amount{1'000'000};
    request.asker.name = "Dora";
    const auto second = alice.answer(request, from_dora);
    REQUIRE(second);
    CHECK(second->token != first->token);
    auto dora = alice.find("test.dora");
    CHECK(dora->uuid == id);
    CHECK(dora->outgoing.endpoint.url() == "http://new.dora.example/");
    CHECK(dora->outgoing.auth_token.reveal() == second->token);
    CHECK(dora->max_packet_amount->value == 9);
    CHECK(dora->given_name == "D");
    CHECK(balance(alice, *dora) == 5);

    // The answer may have been lost, so the old token remains valid until the next renewal.
    CHECK(dora->incoming_tokens == std::vector{hash("second-token-of-dora"), hash(from_dora)});
    REQUIRE(alice.answer(request_of("test.dora", "third-token-of-dora0"), from_dora));
    CHECK(alice.find("test.dora")->incoming_tokens == std::vector{hash("third-token-of-dora0"), hash(from_dora)});
    REQUIRE(alice.answer(request_of("test.dora", "fourth-token-of-dora"), "third-token-of-dora0"));
    CHECK_FALSE(alice.answer(request_of("test.dora", from_dora)));

    // With its present token as httpToken, only the endpoint changes.
    REQUIRE(alice.answer(request_of("test.dora", "fourth-token-of-dora", "http://third.example/")));
    dora = alice.find("test.dora");
    CHECK(dora->incoming_tokens == std::vector{hash("fourth-token-of-dora")});
    CHECK(dora->outgoing.endpoint.url() == "http://third.example/");
}

TEST_CASE("an auto-peer that has been disabled stays so") {
    alice alice;
    REQUIRE(alice.answer(request_of("test.dora", from_dora)));
    transaction by_operator{alice.keeper, now};
    REQUIRE(alice.admin.set_enabled(by_operator, alice.find("test.dora")->uuid, false));
    alice.commit(by_operator);
    REQUIRE(alice.answer(request_of("test.dora", "second-token-of-dora"), from_dora));
    CHECK_FALSE(alice.find("test.dora")->enabled);
}

TEST_CASE("an auto-peer that is added to the file belongs to the operator from then on") {
    alice alice;
    REQUIRE(alice.answer(request_of("test.dora", from_dora)));
    config::settings file = alice.file;
    config::peer_settings dora = file.peers[0];
    dora.name = "dora";
    dora.ilp_address = *ilp::address::parse("test.dora");
    dora.routes.clear();
    dora.http.incoming.auth_tokens = {config::secret{from_dora}};
    file.peers.push_back(dora);
    transaction reload{alice.keeper, now};
    REQUIRE_FALSE(apply_file(file, alice.directory, reload));
    alice.commit(reload);
    const auto before = alice.everything();
    CHECK(alice.refusal_of(request_of("test.dora", "second-token-of-dora"), from_dora).starts_with(already));
    CHECK(alice.everything() == before);
}

TEST_CASE("a stranger cannot have another peer's token, and does not learn that it is in use") {
    alice alice;
    const auto before = alice.everything();
    CHECK(alice.refusal_of(request_of("test.mallory", of_bob)) == "InvalidPeeringRequest Invalid peering request");
    REQUIRE(alice.answer(request_of("test.dora", from_dora)));
    const auto with_dora = alice.everything();
    CHECK(alice.refusal_of(request_of("test.dora", of_carol), from_dora) ==
          "InvalidPeeringRequest Invalid peering request");
    CHECK(alice.everything() == with_dora);
    CHECK(before.size() + 1 == with_dora.size());
}

TEST_CASE("an auto-peer gets a second asset by the token of the first") {
    alice alice;
    REQUIRE(alice.answer(request_of("test.dora", from_dora)));
    peering_request in_euros = request_of("test.dora", "euro-token-of-dora-0");
    in_euros.asset_code = "EUR";
    in_euros.asset_scale = 2;
    CHECK(alice.refusal_of(in_euros).starts_with(in_another_asset));
    CHECK(alice.refusal_of(in_euros).contains("auto_peering.further_assets"));
    CHECK(alice.refusal_of(in_euros, from_mallory).starts_with(in_another_asset));
    CHECK_FALSE(alice.find("test.dora", "EUR", 2));
    REQUIRE(alice.answer(in_euros, from_dora));
    CHECK(alice.find("test.dora", "EUR", 2));
    CHECK(alice.find("test.dora")->incoming_tokens == std::vector{hash(from_dora)});
}

TEST_CASE("an operator lets a node that cannot present a token have a second asset, where its packets go already") {
    config::auto_peering_settings settings = terms_of_alice();
    settings.further_assets = {*ilp::address::parse("test.dora"), *ilp::address::parse("test.carol")};
    alice alice{settings};
    REQUIRE(alice.answer(request_of("test.dora", from_dora, "http://dora.example/")));
    REQUIRE(alice.answer(request_of("test.erin", "token-of-erin-0000", "http://erin.example/")));
    const auto in_euros = [](const char* address, const char* url) {
        peering_request request = request_of(address, "euro-token-of-a-node", url);
        request.asset_code = "EUR";
        request.asset_scale = 2;
        return request;
    };
    const auto before = alice.everything();
    CHECK(alice.refusal_of(in_euros("test.dora", "http://mallory.example/")).starts_with(in_another_asset));
    CHECK(alice.refusal_of(in_euros("test.erin", "http://erin.example/")).starts_with(in_another_asset));
    CHECK(alice.refusal_of(in_euros("test.carol", "http://carol.example/")).starts_with(in_another_asset));  // by hand
    CHECK(alice.everything() == before);
    CHECK(alice.answer(in_euros("test.dora", "http://dora.example/")));
    CHECK(alice.find("test.dora", "EUR", 2));
    CHECK(alice.find("test.dora")->incoming_tokens == std::vector{hash(from_dora)});
    // Once it is a peer in both, it needs the token again.
    CHECK(alice.refusal_of(in_euros("test.dora", "http://dora.example/")).empty());
    peering_request other_token = in_euros("test.dora", "http://dora.example/");
    other_token.asker.token = "another-token-0000";
    CHECK(alice.refusal_of(other_token).starts_with(already));
}

TEST_CASE("the number of auto-peers is bounded, and existing ones can renew") {
    config::auto_peering_settings settings = terms_of_alice();
    settings.max_peers = 2;
    alice alice{settings};
    REQUIRE(alice.answer(request_of("test.a", from_dora)));
    REQUIRE(alice.answer(request_of("test.b", from_mallory)));
    CHECK(alice.refusal_of(request_of("test.c", "third-token-000000")).starts_with("Unavailable "));
    CHECK(alice.directory.peer_count() == 4);
    CHECK(alice.answer(request_of("test.a", from_dora)));
}

TEST_CASE("one source cannot take all places") {
    config::auto_peering_settings settings = terms_of_alice();
    settings.max_peers_per_address = 2;
    alice alice{settings};
    REQUIRE(alice.answer(request_of("test.a", from_dora), {}, "192.0.2.1"));
    REQUIRE(alice.answer(request_of("test.b", from_mallory), {}, "192.0.2.1"));
    CHECK(alice.find("test.a")->auto_peered->source == "192.0.2.1");
    CHECK(alice.refusal_of(request_of("test.c", "third-token-000000"), {}, "192.0.2.1").starts_with("Unavailable "));
    CHECK(alice.answer(request_of("test.a", from_dora), {}, "192.0.2.1"));
    CHECK(alice.answer(request_of("test.c", "third-token-000000"), {}, "192.0.2.2"));
    // A renewal from elsewhere, or by an operator, gives the source no further place.
    CHECK(alice.answer(request_of("test.a", from_dora), {}, "198.51.100.1"));
    transaction by_operator{alice.keeper, now};
    peer_edit edit;
    edit.outgoing_endpoint = "http://10.0.0.9/";
    REQUIRE(alice.admin.update_peer(by_operator, alice.find("test.b")->uuid.text(), edit));
    alice.commit(by_operator);
    CHECK(alice.refusal_of(request_of("test.d", "fourth-token-00000"), {}, "192.0.2.1").starts_with("Unavailable "));
}

TEST_CASE("when all places are taken, the oldest unused peer makes room for a newcomer and returns its liquidity") {
    config::auto_peering_settings settings = terms_of_alice();
    settings.max_peers = 4;
    settings.initial_liquidity = {5};
    alice alice{settings};
    const auto later = now + settings.unused_after;
    const auto token = [](int number) { return "token-of-stranger-" + std::to_string(number); };
    for (int i = 0; i < 4; ++i) REQUIRE(alice.answer(request_of("test.s" + std::to_string(i), token(i))));
    // One was disabled by the operator, one was given liquidity, and one has sent a packet.
    transaction disabling{alice.keeper, now};
    REQUIRE(alice.admin.set_enabled(disabling, alice.find("test.s0")->uuid.text(), false));
    alice.commit(disabling);
    transaction depositing{alice.keeper, now};
    const auto s1 = alice.find("test.s1");
    REQUIRE(depositing.deposit(s1->asset->settlement->id, s1->liquidity->id, {1}));
    alice.commit(depositing);
    const leg packet{alice.find("test.s2")->liquidity, s1->liquidity, {2}};
    REQUIRE(ledger::hold({&packet, 1}));

    const auto settlement = [&] { return balance_of(alice, s1->asset->settlement->id); };
    const auto before = settlement();
    CHECK(alice.refusal_of(request_of("test.new", token(9)), {}, {}, later - std::chrono::milliseconds{1})
              .starts_with("Unavailable "));
    const auto s3 = alice.find("test.s3");
    CHECK(alice.answer(request_of("test.new", token(9)), {}, {}, later));
    CHECK_FALSE(alice.find("test.s3"));
    CHECK(balance(alice, *s3) == 0);
    CHECK(balance(alice, *alice.find("test.new")) == 5);
    CHECK(settlement() == before);
    for (const char* const kept : {"test.s0", "test.s1", "test.s2"}) CHECK(alice.find(kept));
    CHECK(alice.refusal_of(request_of("test.other", token(10)), {}, {}, later).starts_with("Unavailable "));
    ledger::release({&packet, 1});
    CHECK(alice.answer(request_of("test.other", token(10)), {}, {}, later));
    CHECK_FALSE(alice.find("test.s2"));
}

TEST_CASE("setting the wall clock neither takes a newcomer's place away nor keeps an old one occupied") {
    config::auto_peering_settings settings = terms_of_alice();
    settings.max_peers = 1;
    alice alice{settings};
    const auto after = [](std::chrono::milliseconds elapsed, std::chrono::milliseconds set) {
        return ilp::instant{now + elapsed + set, instant_of(now + elapsed).steady};
    };
    const auto has_place = [&](const std::string& address, const ilp::instant& at) {
        return alice.answer(request_of(address, "token-of-" + address), {}, {}, at).has_value();
    };
    const auto age = settings.unused_after;
    REQUIRE(has_place("test.first", after({}, {})));
    CHECK_FALSE(has_place("test.second", after(age - std::chrono::milliseconds{1}, 2 * age)));
    CHECK(has_place("test.second", after(age, -2 * age)));
    CHECK_FALSE(alice.find("test.first"));
}

TEST_CASE("a stranger's URL must not point to a private address unless that is allowed") {
    alice strict;
    config::auto_peering_settings settings = terms_of_alice();
    settings.allow_private_addresses = true;
    alice lenient{settings};
    int number = 0;
    for (const char* const url : {"http://127.0.0.1:3001/graphql", "http://10.0.0.1/", "http://169.254.169.254/latest",
                                  "http://[::1]:9464/", "http://[::ffff:192.168.0.1]/", "http://0.0.0.0:3001/",
                                  "http://[fd00::1]/", "http://100.64.0.1/", "http://[64:ff9b::7f00:1]/"}) {
        CAPTURE(url);
        CHECK(strict.refusal_of(request_of("test.mallory", from_mallory, url)) ==
              "InvalidPeerIlpConfiguration ilpConnectorUrl: points to an address that is not public");
        const std::string next = std::to_string(++number);
        REQUIRE(lenient.answer(request_of("test.m" + next, from_mallory + next, url)));
        CHECK_FALSE(lenient.find("test.m" + next)->outgoing.public_addresses_only);
    }
    CHECK(strict.directory.peer_count() == 2);

    REQUIRE(strict.answer(request_of("test.dora", from_dora, "http://8.8.8.8/")));
    const auto before = strict.everything();
    CHECK(strict.refusal_of(request_of("test.dora", from_dora, "http://127.0.0.1/")).starts_with("InvalidPeerIlp"));
    CHECK(strict.everything() == before);
    // The link checks the addresses that a host name resolves to.
    REQUIRE(strict.answer(request_of("test.mallory", from_mallory, "http://localhost/")));
    CHECK(strict.find("test.mallory")->outgoing.public_addresses_only);
}

TEST_CASE("A35-32: a stranger's URL is an https URL unless plain HTTP is allowed") {
    config::auto_peering_settings settings = terms_of_alice();
    settings.allow_plain_http = false;
    alice strict{settings};
    settings.allow_private_addresses = true;
    alice in_private_network{settings};
    const std::string expected =
        "InvalidPeerIlpConfiguration ilpConnectorUrl: expected an https:// URL, because packets to an http:// URL "
        "would "
        "cross public networks unencrypted";
    for (const char* const url : {"http://8.8.8.8/", "http://dora.example/"}) {
        CHECK(strict.refusal_of(request_of("test.dora", from_dora, url)) == expected);
    }
    REQUIRE(strict.answer(request_of("test.dora", from_dora, "https://dora.example/")));
    CHECK_FALSE(strict.find("test.dora")->outgoing.allow_plain_http);
    CHECK(strict.refusal_of(request_of("test.dora", from_dora, "http://dora.example/")) == expected);

    CHECK(in_private_network.refusal_of(request_of("test.dora", from_dora, "http://8.8.8.8/")) == expected);
    REQUIRE(in_private_network.answer(request_of("test.dora", from_dora, "http://10.0.0.1/")));
    REQUIRE(in_private_network.answer(request_of("test.mallory", from_mallory, "http://mallory.example/")));

    alice lenient;
    REQUIRE(lenient.answer(request_of("test.dora", from_dora, "http://8.8.8.8/")));
    CHECK(lenient.find("test.dora")->outgoing.allow_plain_http);
}

TEST_CASE("no peer of a stranger leads back to this node, by its URL or by a token of ours") {
    alice alice;
    const auto before = alice.everything();
    for (const char* const own :
         {"http://alice.example:3002/", "http://ALICE.example:3002", "http://alice.example:3002/x?y"}) {
        CAPTURE(own);
        CHECK(alice.refusal_of(request_of("test.mallory", from_mallory, own)) ==
              "InvalidPeerIlpConfiguration ilpConnectorUrl: is this node's own");
        CHECK(text_of(alice.apply_peering_answer({"http://mallory.example/", alice.asset("USD", 9)},
                                                 {*ilp::address::parse("test.mallory"), own, from_mallory}))
                  .contains("come back"));
    }
    CHECK(alice.everything() == before);
    const auto first = alice.answer(request_of("test.m1", "token-of-mallory-1"));
    REQUIRE(first);
    const auto with_first = alice.everything();
    CHECK(alice.refusal_of(request_of("test.m2", first->token)) == "InvalidPeeringRequest Invalid peering request");
    CHECK(alice.refusal_of(request_of("test.m1", first->token), "token-of-mallory-1") ==
          "InvalidPeeringRequest Invalid peering request");
    CHECK(text_of(alice.apply_peering_answer({"http://mallory.example/", alice.asset("USD", 9)},
                                             {*ilp::address::parse("test.m2"), "http://m/", first->token}))
              .contains("come back"));
    CHECK(alice.everything() == with_first);
    CHECK(alice.answer(request_of("test.m2", "token-of-mallory-2", "http://alice.example:3003/")));
}

TEST_CASE("an operator's peer does not lead back to this node either") {
    alice alice;
    alice.admin.set_own_url(terms_of_alice().connector_url);
    const auto created = [&](const std::string& endpoint) {
        transaction by_operator{alice.keeper, now};
        return text_of(alice.admin.create_peer(by_operator, {.asset_uuid = alice.asset("USD", 9),
                                                             .ilp_address = "test.loop",
                                                             .outgoing_endpoint = endpoint,
                                                             .outgoing_token = "t"}));
    };
    CHECK(created("http://alice.example:3002/").contains("it is this node's own"));
    CHECK(created("http://alice.example:3004/").empty());
    transaction by_operator{alice.keeper, now};
    peer_edit edit;
    edit.outgoing_endpoint = "http://alice.example:3002/";
    CHECK(text_of(alice.admin.update_peer(by_operator, alice.find("test.carol")->uuid, edit))
              .contains("it is this node's own"));
}

TEST_CASE("an operator may change the endpoint of an auto-peer") {
    alice alice;
    REQUIRE(alice.answer(request_of("test.dora", from_dora, "http://dora.example/")));
    const auto apply = [&](const peer_edit& edit) {
        transaction by_operator{alice.keeper, now};
        REQUIRE(alice.admin.update_peer(by_operator, alice.find("test.dora")->uuid, edit));
        alice.commit(by_operator);
        return alice.find("test.dora")->outgoing.public_addresses_only;
    };
    peer_edit same;
    same.outgoing_endpoint = "http://dora.example/";
    same.name = "d";
    CHECK(apply(same));
    peer_edit private_one;
    private_one.outgoing_endpoint = "http://10.0.0.9/";
    CHECK_FALSE(apply(private_one));
    REQUIRE(alice.answer(request_of("test.dora", from_dora, "http://dora.example/")));
    CHECK(alice.find("test.dora")->outgoing.public_addresses_only);
}

TEST_CASE("a stranger's name cannot be confused with another peer") {
    alice alice;
    std::string token = from_mallory;
    const auto shown = [&](const std::string& name) {
        const std::string address = "test.m" + std::to_string(token.size());
        peering_request request = request_of(address, token += 'x');
        request.asker.name = name;
        REQUIRE(alice.answer(request));
        return alice.find(address)->given_name;
    };
    CHECK(shown("Mallory") == "Mallory");
    CHECK_FALSE(shown("Mallory"));
    CHECK_FALSE(shown("bob"));
    CHECK_FALSE(shown("BOB"));
    CHECK_FALSE(shown("b0b"));
    CHECK_FALSE(shown("carol"));
    CHECK_FALSE(shown("Car\u043el"));                // a Cyrillic o
    CHECK_FALSE(shown("\u0441\u0430\u0440\u043e"));  // Cyrillic letters that look like "capo"
    CHECK_FALSE(shown(std::string{alice.find("test.carol")->uuid}));
    CHECK_FALSE(shown(new_uuid()));
    CHECK_FALSE(shown("test.bob"));
    CHECK(shown("<script>alert(1)</script>") == "<script>alert(1)</script>");
}

TEST_CASE("an auto-peer is still one after a restart") {
    const support::temporary_directory folder;
    const std::string url = "sqlite:" + (folder.path() / "ilpd.db").string();
    {
        alice before{terms_of_alice(), url};
        REQUIRE(before.answer(request_of("test.dora", from_dora, "http://dora.example/")));
    }
    alice alice{terms_of_alice(), url};
    const auto dora = alice.find("test.dora");
    REQUIRE(dora);
    CHECK(*dora->auto_peered == auto_peered_terms{"", true});
    CHECK(dora->outgoing.public_addresses_only);
    CHECK(alice.refusal_of(request_of("test.dora")).starts_with(already));
    CHECK(alice.refusal_of(request_of("test.carol", of_carol)).starts_with(already));
    CHECK(alice.answer(request_of("test.dora", "second-token-of-dora"), from_dora));
}

namespace {

/// Refuses every transaction.
class full_store final : public store {
public:
    std::expected<catalogue, store_error> load() override { return catalogue{}; }
    std::expected<void, store_error> commit(const changes&) override {
        return std::unexpected{store_error{"full", true}};
    }
    std::expected<std::optional<transfer_record>, store_error> find_transfer(std::string_view) override {
        return std::nullopt;
    }
    std::expected<std::vector<pending_event>, store_error> load_pending_events(event_line, std::size_t) override {
        return {};
    }
    using store::list_transfers;
    std::expected<std::vector<listed_transfer>, store_error> list_transfers(account_id, account_side, std::size_t,
                                                                            std::optional<std::uint64_t>) override {
        return {};
    }
    std::expected<std::optional<std::vector<listed_event>>, store_error> list_events(const event_query&) override {
        return {};
    }
    std::expected<std::optional<payment_record>, store_error> find_payment(std::string_view) override {
        return std::nullopt;
    }
    std::expected<std::optional<std::vector<payment_record>>, store_error> list_payments(
        const payment_query&) override {
        return {};
    }
    std::expected<std::optional<idempotency_record>, store_error> find_answer(std::string_view) override {
        return std::nullopt;
    }
};

}  // namespace

TEST_CASE("auto-peering is refused while the store fails") {
    alice alice;
    full_store full;
    bookkeeper keeper{alice.ledger, full, alice.thresholds};
    const auto before = alice.everything();
    std::vector<auto_peers::peering_result> answers;
    alice.decider.handle_request(keeper, instant_of(now), request_of("test.dora"), {},
                                 [&](auto_peers::peering_result came) { answers.push_back(std::move(came)); });
    REQUIRE(answers.size() == 1);
    REQUIRE_FALSE(answers[0]);
    CHECK(answers[0].error().fault == peering_fault::unavailable);
    CHECK(alice.everything() == before);
}

TEST_CASE("a request to another node has our terms and a new token") {
    alice alice;
    const peer_by_url wanted{
        .url = "http://dora.example:3005/", .asset_uuid = alice.asset("USD", 9), .max_packet_amount = ilp::amount{5}};
    const auto question = alice.decider.ask(wanted);
    REQUIRE(question);
    CHECK(question->endpoint.url() == "http://dora.example:3005/");
    CHECK(question->request.asker.address.text() == "test.hub.alice");
    CHECK(question->request.asker.connector_url == "http://alice.example:3002/");
    CHECK(question->request.asker.name.value() == "Alice");
    CHECK(question->request.asset_code == "USD");
    CHECK(question->request.asset_scale == 9);
    CHECK(question->request.max_packet_amount->value == 5);
    CHECK_FALSE(question->present_token);
    CHECK(alice.decider.ask(wanted)->request.asker.token != question->request.asker.token);
    CHECK(parse_peering_request(to_json(question->request)).value() == question->request);
}

TEST_CASE("no request is made for an unknown asset, an invalid URL, or without a connector URL") {
    alice alice;
    const auto refusal_for = [](const auto_peers& asking, const peer_by_url& wanted) {
        const auto question = asking.ask(wanted);
        return question ? refusal{} : question.error();
    };
    const std::string usd = alice.asset("USD", 9);
    const refusal unknown = refusal_for(alice.decider, {"http://dora.example/", new_uuid()});
    CHECK(unknown.code == refusal_code::not_found);
    CHECK(unknown.message == "Unknown asset");
    const std::string bad = "Peer URL is invalid or peer does not support auto-peering";
    for (const char* const url : {"", "dora", "http://", "https://dora.example:0/", "http://u:p@dora.example/"}) {
        CAPTURE(url);
        CHECK(refusal_for(alice.decider, {url, usd}).code == refusal_code::not_found);
        CHECK(refusal_for(alice.decider, {url, usd}).message.starts_with(bad + ": "));
    }
    for (const char* const url :
         {"http://127.0.0.1:3005/", "http://[fe80::1]/", "http://192.168.0.7/", "https://10.0.0.1/"}) {
        CAPTURE(url);
        CHECK(refusal_for(alice.decider, {url, usd}).message.starts_with(bad + ": it points to an address"));
    }
    CHECK(refusal_for(alice.decider, {"https://dora.example/", usd}).message.empty());
    config::auto_peering_settings mute = terms_of_alice();
    mute.connector_url.reset();
    const auto_peers without{alice.directory, alice.admin, mute};
    CHECK(refusal_for(without, {"http://dora.example/", usd}).code == refusal_code::inactive);
    CHECK(refusal_for(without, {"http://dora.example/", usd}).message.starts_with("auto_peering.connector_url is not"));
}

TEST_CASE("the node that responds becomes a peer on the operator's terms") {
    alice alice;
    const peer_by_url wanted{.url = "http://dora.example:3005/",
                             .asset_uuid = alice.asset("USD", 9),
                             .max_packet_amount = ilp::amount{5},
                             .liquidity_threshold = ilp::amount{6},
                             .liquidity_to_deposit = ilp::amount{700}};
    const peering_terms answer{*ilp::address::parse("test.dora"), "http://dora.example:3002/", from_dora, "Dora"};
    const auto question = alice.decider.ask(wanted);
    REQUIRE(question);
    transaction transaction{alice.keeper, now};
    REQUIRE(alice.decider.apply_peering_answer(transaction, wanted, *question, answer));
    alice.commit(transaction);
    const auto dora = alice.find("test.dora");
    REQUIRE(dora);
    CHECK(dora->given_name == "Dora");
    CHECK(dora->max_packet_amount->value == 5);
    CHECK(dora->liquidity_threshold->value == 6);
    CHECK(dora->incoming_tokens == std::vector{hash(from_dora)});
    CHECK(dora->outgoing.endpoint.url() == "http://dora.example:3002/");
    CHECK(dora->outgoing.auth_token.reveal() == question->request.asker.token);
    CHECK(dora->outgoing.public_addresses_only);
    CHECK(*dora->auto_peered == auto_peered_terms{"http://dora.example:3005/", true});
    CHECK(balance(alice, *dora) == 700);

    // When asked again, the other node is sent our present token, by which it knows us. Terms that the operator left
    // out stay as they are.
    const auto again = alice.decider.ask({wanted.url, wanted.asset_uuid});
    REQUIRE(again);
    CHECK(again->present_token->reveal() == dora->outgoing.auth_token.reveal());
    CHECK(again->request.asker.token != dora->outgoing.auth_token.reveal());
    const peering_terms renewed{answer.address, "http://new.dora.example/", "second-token-of-dora", "Other"};
    REQUIRE(alice.apply_peering_answer(
        {.url = wanted.url, .asset_uuid = wanted.asset_uuid, .name = "D", .liquidity_to_deposit = ilp::amount{1}},
        renewed));
    const auto after = alice.find("test.dora");
    CHECK(after->uuid == dora->uuid);
    CHECK(after->given_name == "D");
    CHECK(after->max_packet_amount->value == 5);
    CHECK(after->liquidity_threshold->value == 6);
    CHECK(after->incoming_tokens == std::vector{hash("second-token-of-dora")});
    CHECK(after->outgoing.endpoint.url() == "http://new.dora.example/");
    CHECK(balance(alice, *after) == 701);
    CHECK(alice.directory.peer_count() == 3);
}

TEST_CASE("the current token is sent only to the URL from which it came") {
    alice alice;
    const std::string usd = alice.asset("USD", 9);
    const std::string eur = alice.asset("EUR", 2);
    REQUIRE(alice.apply_peering_answer({"http://dora.example/", usd},
                                       {*ilp::address::parse("test.dora"), "http://d/", from_dora}));
    REQUIRE(alice.answer(request_of("test.mallory", from_mallory)));
    CHECK(alice.decider.ask({"http://dora.example/", usd})->present_token);
    CHECK(alice.decider.ask({"http://dora.example/", eur})->present_token);
    for (const char* const url : {"http://dora.example", "http://dora.example/x", "http://mallory.example/"}) {
        CAPTURE(url);
        CHECK_FALSE(alice.decider.ask({url, usd})->present_token);
    }
    REQUIRE(alice.apply_peering_answer({"http://dora.example/", eur},
                                       {*ilp::address::parse("test.dora"), "http://d/", "euro-token-of-dora-0"}));
    CHECK(alice.find("test.dora", "EUR", 2));
}

TEST_CASE("a response cannot take over a peer that was not created from its URL") {
    alice alice;
    const std::string usd = alice.asset("USD", 9);
    REQUIRE(alice.answer(request_of("test.erin", "token-of-erin-000", "http://erin.example/")));
    REQUIRE(alice.apply_peering_answer({"http://dora.example/", usd},
                                       {*ilp::address::parse("test.dora"), "http://d/", from_dora}));
    const auto before = alice.everything();
    const auto claims = [&](const char* address, const std::string& asset) {
        return text_of(
            alice.apply_peering_answer({"http://mallory.example/", asset},
                                       {*ilp::address::parse(address), "http://mallory.example/", from_mallory}));
    };
    for (const char* const address : {"test.bob", "test.carol", "test.erin", "test.dora"}) {
        CAPTURE(address);
        const std::string refusal = claims(address, usd);
        CHECK(refusal.contains(address == std::string_view{"test.bob"} ? "of the configuration file"
                                                                       : "was not created from this URL"));
        CHECK(refusal.contains("it may already present and expect new tokens"));
        CHECK(claims(address, alice.asset("EUR", 2)).contains("for which packets go to peer"));
    }
    for (const char* const address : {"test.bob.x", "test.bank.east", "test.bank.west.x", "test.dora.x"}) {
        CAPTURE(address);
        CHECK(claims(address, usd).contains("for which packets go to peer"));
    }
    CHECK(claims("test.hub.alice", usd).starts_with("invalid ILP address"));
    CHECK(alice.everything() == before);
    CHECK(claims("test.hub", usd).empty());  // a parent is allowed, because the operator may want one
}

TEST_CASE(
    "a node that has renewed its terms for a peer of ours is that peer, if it is evidently where its packets go") {
    alice alice;
    REQUIRE(alice.answer(request_of("test.dora", from_dora, "http://dora.example:3002/")));
    const std::string fresh = "fresh-token-of-a-node";
    const auto take = [&](const peer_by_url& wanted, const peering_terms& answer) {
        const auto question = alice.decider.ask(wanted);
        REQUIRE(question);
        CHECK(question->present_token.has_value() == wanted.peer_uuid.has_value());
        transaction transaction{alice.keeper, now};
        const auto applied = alice.decider.apply_peering_answer(transaction, wanted, *question, answer);
        if (applied) {
            alice.commit(transaction);
            CHECK((*applied)->outgoing.auth_token.reveal() == question->request.asker.token);
            CHECK((*applied)->incoming_tokens == std::vector{hash(answer.token)});
        }
        return text_of(applied);
    };
    const std::string usd = alice.asset("USD", 9);
    const auto at = [&](const char* address, const char* url, const std::string& token) {
        return peering_terms{*ilp::address::parse(address), url, token, "Renamed"};
    };

    // Its tokens and name have changed at its side; the peer gets the new tokens and remains one that the operator
    // created.
    CHECK(take({"http://carol.example:3005/", usd}, at("test.carol", "http://carol.example", fresh)).empty());
    const auto carol = alice.find("test.carol");
    CHECK(carol->given_name == "carol");
    CHECK(carol->routes.to_vector() == std::vector<std::string>{"test.bank.west"});
    CHECK_FALSE(carol->auto_peered);
    // The same for a peer that added itself.
    CHECK(take({"http://dora.example:3005/", usd}, at("test.dora", "http://dora.example:3002/", fresh + "2")).empty());
    CHECK(*alice.find("test.dora")->auto_peered == auto_peered_terms{"http://dora.example:3005/", true});

    // At another host, or with another endpoint, the operator has to say that it is this peer.
    const auto before = alice.everything();
    for (const auto& [url, endpoint] : {std::pair{"http://10-0-0-7.example:3005/", "http://carol.example/"},
                                        {"http://carol.example:3005/", "http://carol.example:99/"},
                                        {"http://mallory.example/", "http://mallory.example/"}}) {
        CAPTURE(url, endpoint);
        CHECK(take({url, usd}, at("test.carol", endpoint, fresh + "3")).contains("peerId"));
    }
    const std::string id{carol->uuid.text()};

    const peer_by_url named{.url = "http://new.example:3005/", .asset_uuid = usd, .peer_uuid = id};
    CHECK(take(named, at("test.dora", "http://new.example/", fresh + "3")).contains("which is not that of peer"));
    CHECK(take(named, at("test.new", "http://new.example/", fresh + "3")).contains("which is not that of peer"));
    CHECK(alice.everything() == before);
    CHECK(take(named, at("test.carol", "http://new.example/", fresh + "3")).empty());
    CHECK(alice.find("test.carol")->outgoing.endpoint.url() == "http://new.example/");
    CHECK(alice.find("test.carol")->outgoing.public_addresses_only);
    CHECK(alice.find("test.carol")->given_name == "carol");
}

TEST_CASE("a request that cannot succeed is refused before the other node is asked") {
    alice alice;
    const std::string carol{alice.find("test.carol")->uuid.text()};
    const auto refusal_of = [&](const std::string& peer, const std::string& asset) {
        const auto question =
            alice.decider.ask({.url = "http://carol.example/", .asset_uuid = asset, .peer_uuid = peer});
        return question ? "" : question.error().message;
    };
    CHECK(refusal_of(carol, alice.asset("USD", 9)).empty());
    CHECK(refusal_of(new_uuid(), alice.asset("USD", 9)) == "unknown peer");
    CHECK(refusal_of(carol, alice.asset("EUR", 2)) == "the peer trades in another asset");
    const std::string bob{alice.find("test.bob")->uuid.text()};
    CHECK(refusal_of(bob, alice.asset("USD", 9)).contains("is in the configuration file"));
}

TEST_CASE("a response with a connector URL at a private address is refused unless that is allowed") {
    alice strict;
    const peering_terms answer{*ilp::address::parse("test.dora"), "http://127.0.0.1:3001/", from_dora};
    CHECK(text_of(strict.apply_peering_answer({"http://dora.example/", strict.asset("USD", 9)}, answer))
              .starts_with("Peer URL is invalid or peer does not support auto-peering: "));
    CHECK(strict.directory.peer_count() == 2);
    config::auto_peering_settings settings = terms_of_alice();
    settings.allow_private_addresses = true;
    alice lenient{settings};
    CHECK(lenient.apply_peering_answer({"http://127.0.0.1:3005/", lenient.asset("USD", 9)}, answer));
    CHECK_FALSE(lenient.find("test.dora")->outgoing.public_addresses_only);
}

TEST_CASE("two nodes become peers of each other, and renew") {
    alice alice;
    config::auto_peering_settings settings = terms_of_alice();
    settings.name.reset();
    settings.connector_url = config::http_url().parse("http://dora.example:3002/").value();
    peering::directory dora_directory{*ilp::address::parse("test.dora")};
    const auto store = alice::open("memory:");
    peering::ledger ledger;
    peering::thresholds thresholds;
    bookkeeper keeper{ledger, *store, thresholds};
    peering::administration administration{dora_directory};
    auto_peers dora{dora_directory, administration, settings};
    transaction assets{keeper, now};
    const auto usd = administration.create_asset(assets, "USD", 9, {});
    REQUIRE(usd);
    REQUIRE(administration.commit(assets, [] {}));

    for (int round = 0; round < 3; ++round) {
        const peer_by_url wanted{"http://alice.example:3005/", dora_directory.find_asset("USD", 9)->asset->uuid};
        const auto question = dora.ask(wanted);
        REQUIRE(question);
        CHECK(question->present_token.has_value() == (round > 0));
        const auto answer = alice.answer(parse_peering_request(to_json(question->request)).value(),
                                         question->present_token ? question->present_token->reveal() : "");
        REQUIRE(answer);
        transaction transaction{keeper, now};
        REQUIRE(
            dora.apply_peering_answer(transaction, wanted, *question, parse_peering_answer(to_json(*answer)).value()));
        REQUIRE(administration.commit(transaction, [] {}));
        const auto at_alice = alice.find("test.dora");
        const auto at_dora = dora_directory.peers().front();
        CHECK(at_dora->incoming_tokens.front() == hash(at_alice->outgoing.auth_token.reveal()));
        CHECK(at_alice->incoming_tokens.front() == hash(at_dora->outgoing.auth_token.reveal()));
        CHECK(dora_directory.peer_count() == 1);
    }
}

}  // namespace auto_peers_test
