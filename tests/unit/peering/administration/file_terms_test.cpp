#include "peering/administration/file_terms.hpp"

#include "tests/support/child_process.hpp"
#include "tests/unit/peering/store_place.hpp"
#include "tests/unit/peering/world.hpp"

#include <catch2/catch.hpp>

namespace file_terms_test {

using namespace peering;
using namespace peering::testing;

namespace {

config::settings two_peers() {
    config::settings settings;
    settings.assets = {make_asset("USD", 9, 500), make_asset("EUR", 2)};
    settings.peers = {make_peer("bob", "USD", 9, 1000), make_peer("carol", "EUR", 2, 0)};
    return settings;
}

ilp::digest hash(std::string_view token) {
    return ilp::sha256(ilp::as_bytes(token));
}

std::string refusal_of(const config::settings& settings, store& store) {
    books books{store};
    const auto built = build(settings, books.keeper);
    return built ? "built" : built.error();
}

}  // namespace

TEST_CASE("peers are found by the hash of their tokens, each peer by any of its own") {
    const auto store = open_or_throw("memory:");
    ledger ledger;
    config::settings settings = two_peers();
    settings.peers[1].http.incoming.auth_tokens = {config::secret{"old"}, config::secret{"new"}};
    const auto registry = build_or_throw(settings, *store, ledger);
    CHECK(registry->find_by_token(hash("from-bob")) == &registry->peers()[0]);
    CHECK(registry->find_by_token(hash("old")) == &registry->peers()[1]);
    CHECK(registry->find_by_token(hash("new")) == &registry->peers()[1]);
    CHECK(registry->find_by_token(hash("from-carol")) == nullptr);
    CHECK(registry->find_by_token({}) == nullptr);

    ilp::digest near = hash("from-bob");
    near.back() ^= 1;
    CHECK(registry->find_by_token(near) == nullptr);

    CHECK(registry->find_by_name("carol") == &registry->peers()[1]);
    CHECK(registry->find_by_name("dave") == nullptr);
}

TEST_CASE("a directory without peers finds none") {
    const auto store = open_or_throw("memory:");
    ledger ledger;
    const auto registry = build_or_throw({}, *store, ledger);
    CHECK(registry->peers().empty());
    CHECK(registry->find_by_token(hash("x")) == nullptr);
}

TEST_CASE("A32-09: a peer has the terms of the file and an account in its asset") {
    const auto store = open_or_throw("memory:");
    ledger ledger;
    config::settings settings = two_peers();
    settings.peers[0].routes = {"test.dave", ""};
    settings.peers[0].max_packet_amount = ilp::amount{77};
    settings.peers[0].split = config::split_settings{ilp::amount{200}, 3};
    settings.peers[0].max_hold_time = std::chrono::seconds{4};
    settings.peers[0].spread = std::uint16_t{25};
    settings.peers[0].packet_rate = 10;
    settings.peers[0].max_in_flight_amount = ilp::amount{99};
    settings.peers[0].return_to_source = true;
    settings.peers[0].http.incoming.client_keys = {hash("a key")};
    settings.peers[0].http.outgoing.ca_file = {.file = "/ca.pem", .pem = "the text"};
    settings.peers[0].http.outgoing.allow_plain_http = true;
    settings.peers[0].http.outgoing.protocol = config::http_protocol::http1;
    const auto registry = build_or_throw(settings, *store, ledger);
    const peer& bob = *registry->find_by_name("bob");
    const peer& carol = *registry->find_by_name("carol");
    CHECK(bob.address.text() == "test.bob");
    CHECK(bob.routes.to_vector() == std::vector<std::string>{"test.dave", ""});
    CHECK(bob.max_packet_amount == ilp::amount{77});
    CHECK(bob.split == config::split_settings{ilp::amount{200}, 3});
    CHECK_FALSE(carol.split);
    CHECK(bob.max_hold_time == std::chrono::seconds{4});
    CHECK(bob.spread == 25);
    CHECK(bob.return_to_source);
    CHECK(bob.client_keys == std::vector{hash("a key")});
    CHECK(bob.outgoing == settings.peers[0].http.outgoing);
    CHECK(bob.limits->packet_rate != nullptr);
    CHECK(bob.limits->incoming_throughput == nullptr);
    CHECK(max_in_flight_amount_of(bob) == ilp::amount{99});
    CHECK_FALSE(max_in_flight_amount_of(carol));
    CHECK(bob.asset == &registry->assets().front());
    CHECK(carol.asset->code == "EUR");
    CHECK(bob.liquidity->available == 1000);
    CHECK(bob.liquidity->kind == account_kind::peer_liquidity);
    CHECK(bob.asset->liquidity->available == 500);
    CHECK((ledger.posted(bob.asset->settlement->id) == account_totals{1500, 0}));
    CHECK(bob.id != carol.id);
    CHECK(sums_are_zero(snapshot_of(ledger)));
}

TEST_CASE("first deposits are made once, as separate transfers") {
    const support::temporary_directory directory;
    const std::string path = directory.path() / "ilpd.db";
    for (int start = 0; start < 3; ++start) {
        const auto store = open_or_throw("sqlite:" + path);
        ledger ledger;
        config::settings settings = two_peers();
        settings.peers[0].liquidity = {1000U + static_cast<unsigned>(start)};
        const auto registry = build_or_throw(settings, *store, ledger);
        CHECK(registry->find_by_name("bob")->liquidity->available == 1000);
        CHECK(sums_are_zero(snapshot_of(ledger)));
        reader reader{path};
        CHECK(reader.value("SELECT count(*) FROM transfers") == "2");
        CHECK(reader.value("SELECT count(DISTINCT uuid) FROM transfers WHERE length(uuid) = 36") == "2");
        CHECK(reader.accounts_agree_with_transfers());
        CHECK(reader.value("SELECT count(*) FROM sqlite_schema WHERE sql LIKE '%token%'") == "0");
    }
}

TEST_CASE("an initial liquidity that changes in the file moves no money and is reported once") {
    const store_place place{GENERATE(kinds_of_durable_stores())};
    config::settings settings = two_peers();
    settings.assets[0].liquidity = {500};
    const auto notes_of = [&](const config::settings& file) {
        const auto store = place.open();
        books books{*store};
        const auto known = build_or_throw(file, books.keeper);
        CHECK(known->find_by_name("bob")->liquidity->available == 1000);
        // A reload does not report it again.
        CHECK(build_or_throw(file, books.keeper, known.get())->notes.empty());
        return known->notes;
    };
    CHECK(notes_of(settings).empty());
    CHECK(notes_of(settings).empty());
    settings.peers[0].liquidity = {99};
    settings.peers[0].line = 12;
    CHECK(notes_of(settings) ==
          std::vector<std::string>{
              "peer bob (line 12): initial_liquidity is now 99 instead of 1000; it is deposited only once, with a new "
              "account, so the balance is as before: to change it, run `ilpctl liquidity deposit bob AMOUNT`, or "
              "`withdraw`"});
    CHECK(notes_of(settings).empty());
    settings.assets[0].liquidity = {501};
    CHECK_THAT(notes_of(settings).at(0),
               Catch::StartsWith("asset USD/9 (line 0): initial_liquidity is now 501 instead"));
    CHECK(notes_of(settings).empty());
    config::settings without_bob = settings;
    without_bob.peers.erase(without_bob.peers.begin());
    {
        const auto store = place.open();
        books books{*store};
        CHECK(build_or_throw(without_bob, books.keeper)->notes.empty());
    }
    CHECK(notes_of(settings).empty());  // bob is back with the account that he had
}

TEST_CASE("a peer is known by its name, else by its address and asset") {
    const auto store = open_or_throw("memory:");
    ledger ledger;
    const auto first = build_or_throw(two_peers(), *store, ledger);
    const account_id account = first->find_by_name("bob")->liquidity->id;
    config::settings settings = two_peers();

    SECTION("a new address keeps the account") {
        settings.peers[0].ilp_address = *ilp::address::parse("test.moved");
        const auto registry = build_or_throw(settings, *store, ledger, first.get());
        CHECK(registry->find_by_name("bob")->liquidity->id == account);
        CHECK(store->load().value().peers[0].terms.ilp_address == "test.moved");
    }
    SECTION("a new name keeps the account") {
        settings.peers[0].name = "robert";
        const auto registry = build_or_throw(settings, *store, ledger, first.get());
        CHECK(registry->find_by_name("robert")->liquidity->id == account);
        CHECK(registry->find_by_name("bob") == nullptr);
        CHECK(store->load().value().peers[0].terms.name == "robert");
        CHECK(store->load().value().peers.size() == 2);
    }
    SECTION("a new name in another asset is another peer") {
        settings.peers[0].name = "robert";
        settings.peers[0].asset = {"EUR", 2};
        const auto registry = build_or_throw(settings, *store, ledger, first.get());
        CHECK(registry->find_by_name("robert")->liquidity->id != account);
        CHECK(store->load().value().peers.size() == 3);
    }
    SECTION("the name goes before the address") {
        settings.peers[0].ilp_address = *ilp::address::parse("test.moved");
        settings.peers.push_back(make_peer("dave", "USD", 9, 3));
        settings.peers.back().ilp_address = *ilp::address::parse("test.bob");
        const auto registry = build_or_throw(settings, *store, ledger, first.get());
        CHECK(registry->find_by_name("bob")->liquidity->id == account);
        CHECK(registry->find_by_name("dave")->liquidity->id != account);
        CHECK(registry->find_by_name("dave")->liquidity->available == 3);
    }
    CHECK(sums_are_zero(snapshot_of(ledger)));
}

TEST_CASE("a reload keeps ids, limits and balances, and adds what is new") {
    const support::temporary_directory directory;
    const auto store = open_or_throw("sqlite:" + (directory.path() / "ilpd.db").string());
    ledger ledger;
    config::settings settings = two_peers();
    settings.peers[0].packet_rate = 10;
    settings.peers[0].max_in_flight_amount = ilp::amount{99};
    settings.peers[1].packet_rate = 10;
    const auto first = build_or_throw(settings, *store, ledger);
    const peer& bob = *first->find_by_name("bob");
    const peer& carol = *first->find_by_name("carol");
    const leg leg{bob.liquidity, bob.asset->liquidity, {400}};
    REQUIRE(ledger::hold({&leg, 1}));

    settings.assets.push_back(make_asset("JPY", 0, 5));
    settings.peers.insert(settings.peers.begin(), make_peer("dave", "JPY", 0, 11));
    settings.peers[2].packet_rate = 20;
    settings.peers[2].max_in_flight_amount = ilp::amount{7};
    settings.peers[2].split = config::split_settings{ilp::amount{8}, 2};
    const auto second = build_or_throw(settings, *store, ledger, first.get());
    CHECK(second->find_by_name("bob")->id == bob.id);
    CHECK(second->find_by_name("bob")->limits == bob.limits);
    CHECK(second->find_by_name("bob")->liquidity == bob.liquidity);
    CHECK(bob.liquidity->available == 600);
    CHECK(second->find_by_name("carol")->id == carol.id);
    CHECK(second->find_by_name("carol")->limits != carol.limits);
    CHECK(second->find_by_name("carol")->limits->packet_rate->has_terms(20, 20));
    CHECK(max_in_flight_amount_of(*second->find_by_name("carol")) == ilp::amount{7});
    CHECK(second->find_by_name("carol")->split == config::split_settings{ilp::amount{8}, 2});
    CHECK(second->find_by_name("dave")->id == 3);
    CHECK(second->find_by_name("dave")->liquidity->available == 11);
    CHECK(sums_are_zero(snapshot_of(ledger)));

    // A peer that leaves keeps its account and balance, and its id is never given to another peer.
    settings.peers.erase(settings.peers.begin());
    const auto third = build_or_throw(settings, *store, ledger, second.get());
    CHECK(third->find_by_name("dave") == nullptr);
    CHECK(third->find_by_token(hash("from-dave")) == nullptr);
    settings.peers.push_back(make_peer("erin", "USD", 9, 1));
    const auto fourth = build_or_throw(settings, *store, ledger, third.get());
    CHECK(fourth->find_by_name("erin")->id == 4);
    CHECK(sums_are_zero(snapshot_of(ledger)));
    CHECK(store->load().value().peers.size() == 4);
}

TEST_CASE("a reload that changes one limit keeps the state of the others") {
    const auto store = open_or_throw("memory:");
    ledger ledger;
    config::settings settings = two_peers();
    config::peer_settings& bob = settings.peers[0];
    bob.packet_rate = 10;
    bob.incoming_throughput = ilp::amount{500};
    bob.outgoing_throughput = ilp::amount{600};
    bob.max_in_flight_amount = ilp::amount{1000};
    const auto first = build_or_throw(settings, *store, ledger);
    const peer_limits& before = *first->find_by_name("bob")->limits;
    amount_in_use in_flight = *before.in_flight_amount;
    REQUIRE(in_flight.try_take({1000}));
    const auto can_take = [](const peer_limits& limits, std::uint64_t amount) {
        amount_in_use bound = *limits.in_flight_amount;
        if (!bound.try_take({amount})) return false;
        bound.give_back({amount});
        return true;
    };

    SECTION("the packet rate") {
        bob.packet_rate = 20;
        const auto second = build_or_throw(settings, *store, ledger, first.get());
        const peer_limits& after = *second->find_by_name("bob")->limits;
        CHECK(after.packet_rate->has_terms(20, 20));
        CHECK(before.packet_rate->has_terms(10, 10));
        CHECK(after.incoming_throughput == before.incoming_throughput);
        CHECK(after.outgoing_throughput == before.outgoing_throughput);
        CHECK_FALSE(can_take(after, 1));
        in_flight.give_back({10});
        CHECK(can_take(after, 10));
        CHECK_FALSE(can_take(after, 11));
    }
    SECTION("the amount in flight") {
        bob.max_in_flight_amount = ilp::amount{500};
        const auto second = build_or_throw(settings, *store, ledger, first.get());
        const peer_limits& after = *second->find_by_name("bob")->limits;
        CHECK(after.packet_rate == before.packet_rate);
        CHECK(after.incoming_throughput == before.incoming_throughput);
        CHECK(after.outgoing_throughput == before.outgoing_throughput);
        CHECK(before.in_flight_amount->max() == ilp::amount{1000});
        in_flight.give_back({500});
        CHECK_FALSE(can_take(after, 1));
        in_flight.give_back({1});
        CHECK(can_take(after, 1));
    }
    SECTION("one that goes away") {
        bob.incoming_throughput.reset();
        const auto second = build_or_throw(settings, *store, ledger, first.get());
        const peer_limits& after = *second->find_by_name("bob")->limits;
        CHECK(after.incoming_throughput == nullptr);
        CHECK(after.packet_rate == before.packet_rate);
        CHECK(after.outgoing_throughput == before.outgoing_throughput);
        CHECK_FALSE(can_take(after, 1));
    }
}

TEST_CASE("a file that contradicts the store or itself is refused before anything changes") {
    const auto store = open_or_throw("memory:");
    ledger ledger;
    build_or_throw(two_peers(), *store, ledger);
    config::settings settings = two_peers();
    settings.assets.push_back(make_asset("JPY", 0));
    settings.peers.push_back(make_peer("dave", "JPY", 0, 1));
    settings.peers[0].line = 12;

    SECTION("a peer's asset cannot change") {
        settings.peers[0].asset = {"EUR", 2};
        CHECK_THAT(refusal_of(settings, *store), Catch::Contains("bob") && Catch::Contains("line 12") &&
                                                     Catch::Contains("USD/9") && Catch::Contains("EUR/2"));
    }
    SECTION("a peer's asset must be listed") {
        settings.peers[2].asset = {"XAU", 3};
        CHECK_THAT(refusal_of(settings, *store), Catch::Contains("dave") && Catch::Contains("XAU/3"));
    }
    SECTION("two peers cannot share a token") {
        settings.peers[2].http.incoming.auth_tokens.emplace_back("from-bob");
        CHECK_THAT(refusal_of(settings, *store),
                   Catch::Contains("dave") && Catch::Contains("bob") && !Catch::Contains("from-bob"));
    }
    SECTION("two peers cannot share a name") {
        settings.peers[2].name = "bob";
        CHECK_THAT(refusal_of(settings, *store), Catch::Contains("same name"));
    }
    CHECK(store->load().value().assets.size() == 2);
    CHECK(store->load().value().peers.size() == 2);
}

TEST_CASE("if the store refuses, nothing changes, and the next attempt succeeds") {
    class failing_store final : public store_decorator {
    public:
        failing_store() : store_decorator{open_or_throw("memory:")} {}
        std::expected<void, store_error> commit(const changes& changes) override {
            if (fails) return std::unexpected{store_error{"no space", true}};
            return store_decorator::commit(changes);
        }
        bool fails = true;
    };
    failing_store store;
    books books{store};
    const auto failed = build(two_peers(), books.keeper);
    REQUIRE_FALSE(failed.has_value());
    CHECK(failed.error() == "no space");
    CHECK(sums_are_zero(snapshot_of(books.ledger)));
    store.fails = false;
    const auto registry = build_or_throw(two_peers(), books.keeper);
    CHECK(registry->find_by_name("bob")->liquidity->available == 1000);
    CHECK(registry->find_by_name("bob")->asset->liquidity->available == 500);
    CHECK(sums_are_zero(snapshot_of(books.ledger)));
}

TEST_CASE("thresholds follow the file, also at a reload") {
    const auto store = open_or_throw("memory:");
    books books{*store};
    config::settings settings = two_peers();
    const auto drop = [&](const known_peers& registry, std::uint64_t to) {
        const account_change change{
            registry.find_by_name("bob")->liquidity->id, account_kind::peer_liquidity, {0, 1000}, {0, to}};
        std::vector<event_record> events;
        books.thresholds.crossed({&change, 1}, events);
        return events.size();
    };
    const auto first = build_or_throw(settings, books.keeper);
    CHECK(drop(*first, 0) == 0);
    settings.peers[0].liquidity_threshold = ilp::amount{500};
    const auto second = build_or_throw(settings, books.keeper, first.get());
    CHECK(drop(*second, 501) == 0);
    CHECK(drop(*second, 500) == 1);
    settings.peers[0].liquidity_threshold.reset();
    const auto third = build_or_throw(settings, books.keeper, second.get());
    CHECK(drop(*third, 0) == 0);
}

namespace {

/// A peer in USD/9 that an operator created.
peer_wanted erin(const known_peers& known) {
    peer_wanted wanted;
    wanted.asset_uuid = known.directory->find_asset("USD", 9)->asset->uuid;
    wanted.ilp_address = "test.erin";
    wanted.name = "erin";
    wanted.initial_liquidity = ilp::amount{70};
    wanted.incoming_tokens = {"from-erin"};
    wanted.outgoing_endpoint = "http://127.0.0.1:4002/";
    wanted.outgoing_token = "to-erin";
    return wanted;
}

std::shared_ptr<const peer> create(const known_peers& known, bookkeeper& keeper, const peer_wanted& wanted) {
    transaction transaction{keeper, {}};
    const auto made = known.administration->create_peer(transaction, wanted);
    REQUIRE(made);
    REQUIRE(known.administration->commit(transaction, [] {}));
    return *made;
}

}  // namespace

TEST_CASE("peers created by operators stay when the file is read again") {
    const auto store = open_or_throw("memory:");
    books books{*store};
    const auto first = build_or_throw(two_peers(), books.keeper);
    const auto made = create(*first, books.keeper, erin(*first));
    const auto second = build_or_throw(two_peers(), books.keeper, first.get());
    CHECK(second->find_by_name("erin") == made.get());
    CHECK(second->peers().size() == 3);
    CHECK(second->find_by_name("bob")->origin == origin::file);
    CHECK(second->find_by_name("erin")->origin == origin::api);
}

TEST_CASE("a peer of the API with an address and asset of the file becomes the file's, with its balance") {
    const auto store = open_or_throw("memory:");
    books books{*store};
    const auto first = build_or_throw(two_peers(), books.keeper);
    const auto made = create(*first, books.keeper, erin(*first));
    config::settings settings = two_peers();
    settings.peers.push_back(make_peer("eve", "USD", 9, 1000));
    settings.peers.back().ilp_address = *ilp::address::parse("test.erin");
    const auto second = build_or_throw(settings, books.keeper, first.get());
    const peer* const eve = second->find_by_name("eve");
    REQUIRE(eve != nullptr);
    CHECK(eve->uuid == made->uuid);
    CHECK(eve->origin == origin::file);
    CHECK(eve->liquidity->available == 70);
    CHECK(second->find_by_token(hash("from-erin")) == nullptr);
    CHECK(second->find_by_token(hash("from-eve")) == eve);
    CHECK(second->find_by_name("erin") == nullptr);
    CHECK(store->load()->peers.back().terms.origin == origin::file);
    CHECK(store->load()->peers.back().terms.incoming_tokens.empty());

    // It is removed with its entry in the file and returns with it.
    const auto third = build_or_throw(two_peers(), books.keeper, second.get());
    CHECK(third->find_by_name("eve") == nullptr);
    CHECK(store->load()->peers.back().terms.deleted_at.has_value());
    const auto fourth = build_or_throw(settings, books.keeper, third.get());
    CHECK(fourth->find_by_name("eve")->uuid == made->uuid);
    CHECK(fourth->find_by_name("eve")->liquidity->available == 70);
    CHECK_FALSE(store->load()->peers.back().terms.deleted_at.has_value());
}

TEST_CASE("the file's name for a peer overrides the API's") {
    const auto store = open_or_throw("memory:");
    books books{*store};
    const auto first = build_or_throw(two_peers(), books.keeper);
    const auto made = create(*first, books.keeper, erin(*first));
    config::settings settings = two_peers();
    settings.peers.push_back(make_peer("erin", "EUR", 2, 0));
    settings.peers.back().http.incoming.auth_tokens = {config::secret{"from-the-other"}};
    const auto second = build_or_throw(settings, books.keeper, first.get());
    CHECK(second->find_by_name("erin")->origin == origin::file);
    CHECK(second->find_by_name(made->uuid)->given_name == "erin");
    CHECK(second->find_by_token(hash("from-erin")) == second->find_by_name(made->uuid));
}

TEST_CASE("a file that contradicts peers of the API is refused and changes nothing") {
    const auto store = open_or_throw("memory:");
    books books{*store};
    const auto first = build_or_throw(two_peers(), books.keeper);
    const auto made = create(*first, books.keeper, erin(*first));
    config::settings settings = two_peers();
    settings.peers.push_back(make_peer("frank", "USD", 9, 1));
    SECTION("one of its tokens") {
        settings.peers.back().http.incoming.auth_tokens = {config::secret{"from-erin"}};
    }
    SECTION("one of its prefixes") {
        settings.peers.back().routes = {"test.erin"};
    }
    const auto refused = build(settings, books.keeper, first.get());
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error(),
               Catch::Contains("frank") && Catch::Contains(std::string{made->uuid}) && !Catch::Contains("from-"));
    CHECK(first->directory->peer_count() == 3);
    CHECK(store->load()->peers.size() == 3);
}

TEST_CASE("an asset removed from the file belongs to the API from then on") {
    const auto store = open_or_throw("memory:");
    books books{*store};
    config::settings settings = two_peers();
    settings.assets.push_back(make_asset("JPY", 0, 5));
    const auto first = build_or_throw(settings, books.keeper);
    CHECK(first->directory->find_asset("JPY", 0)->terms.origin == origin::file);
    const auto second = build_or_throw(two_peers(), books.keeper, first.get());
    CHECK(second->directory->find_asset("JPY", 0)->terms.origin == origin::api);
    CHECK(second->directory->find_asset("JPY", 0)->asset->liquidity->available == 5);
    CHECK(store->load()->assets.back().terms.origin == origin::api);
    const auto third = build_or_throw(settings, books.keeper, second.get());
    CHECK(third->directory->find_asset("JPY", 0)->terms.origin == origin::file);
}

TEST_CASE("a peer disabled by an operator stays disabled, whatever the file changes") {
    const auto store = open_or_throw("memory:");
    books books{*store};
    config::settings settings = two_peers();
    const auto first = build_or_throw(settings, books.keeper);
    transaction transaction{books.keeper, {}};
    REQUIRE(first->administration->set_enabled(transaction, first->find_by_name("bob")->uuid, false));
    REQUIRE(first->administration->commit(transaction, [] {}));
    settings.peers[0].max_packet_amount = ilp::amount{5};
    CHECK_FALSE(build_or_throw(settings, books.keeper, first.get())->find_by_name("bob")->enabled);
    CHECK_FALSE(store->load()->peers[0].terms.enabled);
}

}  // namespace file_terms_test
