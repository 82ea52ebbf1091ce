#include "peering/store/sealed_store.hpp"

#include "peering/records/uuid.hpp"
#include "tests/unit/peering/store_place.hpp"
#include "tests/unit/peering/world.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>

namespace sealed_store_test {

using namespace peering;
using namespace peering::testing;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view one = "1111111111111111111111111111111111111111111111111111111111111111";
constexpr std::string_view two = "2222222222222222222222222222222222222222222222222222222222222222";
const std::string two_then_one = std::string{two} + "\n" + std::string{one};

sealing_keys keys_of(std::string_view text) {
    return text.empty() ? sealing_keys{} : parse_sealing_keys(text).value();
}

std::unique_ptr<sealed_store> open_with(const store_place& place, std::string_view keys) {
    return std::make_unique<sealed_store>(place.open(), keys_of(keys));
}

kept_peer_terms terms_with(std::string token) {
    return {.ilp_address = "test.erin",
            .origin = origin::api,
            .outgoing_endpoint = "http://erin/",
            .outgoing_token = std::move(token)};
}

asset_record an_asset() {
    return {.id = 1,
            .uuid = new_uuid(),
            .code = "USD",
            .scale = 2,
            .liquidity = {account_id{1}, account_kind::asset_liquidity, {}},
            .settlement = {account_id{2}, account_kind::settlement, {}}};
}

peer_record a_peer(std::uint32_t id, std::string token) {
    return {.id = id,
            .uuid = new_uuid(),
            .asset_id = 1,
            .liquidity = {account_id{id + 10}, account_kind::peer_liquidity, {}},
            .terms = terms_with(std::move(token))};
}

void write_peers(store& store, std::uint32_t count) {
    REQUIRE(store.load());
    const std::vector assets{an_asset()};
    std::vector<peer_record> peers;
    for (std::uint32_t id = 1; id <= count; ++id) peers.push_back(a_peer(id, "token-" + std::to_string(id)));
    REQUIRE(store.commit({.new_assets = assets, .new_peers = peers}));
}

std::vector<std::string> tokens_in(store& store) {
    std::vector<std::string> tokens;
    const auto loaded = store.load();
    if (!loaded) FAIL(loaded.error().message);
    for (const peer_record& peer : loaded->peers) tokens.push_back(peer.terms.outgoing_token);
    return tokens;
}

/// What the database has, without the keys.
std::vector<std::string> kept_tokens(const store_place& place) {
    return tokens_in(*place.open());
}

bool all_sealed_with(std::string_view key, const std::vector<std::string>& tokens) {
    return std::ranges::all_of(tokens, [&](const auto& token) { return is_sealed_with(keys_of(key)[0], token); });
}

bool all_plain(const std::vector<std::string>& tokens) {
    return std::ranges::none_of(tokens, [](const auto& token) { return is_sealed(token); });
}

}  // namespace

TEST_CASE("sealed store: tokens are sealed in the database and plain for the daemon") {
    store_place place{GENERATE(kinds_of_durable_stores())};
    {
        const auto store = open_with(place, one);
        write_peers(*store, 2);
        const std::vector<peer_change> changed{{2, terms_with("another")}};
        REQUIRE(store->commit({.changed_peers = changed}));
    }
    CHECK(all_sealed_with(one, kept_tokens(place)));
    CHECK(tokens_in(*open_with(place, one)) == std::vector<std::string>{"token-1", "another"});
}

TEST_CASE("sealed store: a start with a key seals what was written without one") {
    store_place place{GENERATE(kinds_of_durable_stores())};
    write_peers(*open_with(place, ""), 3);
    CHECK(all_plain(kept_tokens(place)));
    CHECK(tokens_in(*open_with(place, one)) == std::vector<std::string>{"token-1", "token-2", "token-3"});
    const auto sealed = kept_tokens(place);
    CHECK(all_sealed_with(one, sealed));
    // Nothing is written when nothing has to be sealed anew.
    CHECK(tokens_in(*open_with(place, one)).size() == 3);
    CHECK(kept_tokens(place) == sealed);
}

TEST_CASE("sealed store: a key is replaced by putting the new one before it") {
    store_place place{GENERATE(kinds_of_durable_stores())};
    write_peers(*open_with(place, one), 3);
    CHECK(tokens_in(*open_with(place, two_then_one)) == std::vector<std::string>{"token-1", "token-2", "token-3"});
    CHECK(all_sealed_with(two, kept_tokens(place)));
    CHECK(tokens_in(*open_with(place, two)).size() == 3);
}

TEST_CASE("sealed store: a key that is missing is an error that changes nothing") {
    store_place place{GENERATE(kinds_of_durable_stores())};
    write_peers(*open_with(place, one), 2);
    {
        // One more without a key: it would be sealed if the others could be opened.
        const auto inner = place.open();
        REQUIRE(inner->load());
        const std::vector<peer_record> peers{a_peer(3, "token-3")};
        REQUIRE(inner->commit({.new_peers = peers}));
    }
    const auto before = kept_tokens(place);
    for (const std::string_view keys : {std::string_view{}, two}) {
        const auto loaded = open_with(place, keys)->load();
        REQUIRE_FALSE(loaded);
        CHECK(loaded.error().final);
        CHECK(
            loaded.error().message.contains("the outgoing token of the peer with the number 1 is sealed with the key"));
    }
    CHECK(kept_tokens(place) == before);
}

TEST_CASE("sealed store: a value that was moved to another peer is noticed") {
    store_place place{GENERATE(kinds_of_durable_stores())};
    write_peers(*open_with(place, one), 2);
    {
        const auto inner = place.open();
        const auto loaded = inner->load();
        REQUIRE(loaded);
        const std::vector<peer_change> swapped{{1, loaded->peers[1].terms}};
        REQUIRE(inner->commit({.changed_peers = swapped}));
    }
    const auto loaded = open_with(place, one)->load();
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().message.contains("was changed or moved"));
}

TEST_CASE("sealed store: answers kept for idempotency keys are sealed, and opened while the old key is there") {
    store_place place{GENERATE(kinds_of_stores())};
    auto inner = place.open();
    store& database = *inner;
    sealed_store store{std::move(inner), keys_of(one)};
    REQUIRE(store.load());
    const std::vector<idempotency_record> answers{{"k", std::string(64, 'a'), R"({"token":"secret"})", {}}};
    REQUIRE(store.commit({.new_answers = answers}));
    CHECK(store.find_answer("k").value().value() == answers[0]);
    CHECK(store.find_answer("l").value() == std::nullopt);
    CHECK(is_sealed_with(keys_of(one)[0], database.find_answer("k").value()->answer));
    if (!place.is_durable()) return;

    const auto reopen = [&, kept = database.find_answer("k").value().value()](std::string_view keys) {
        auto memory = open_or_throw("memory:");
        const std::vector<idempotency_record> copied{kept};
        REQUIRE(memory->commit({.new_answers = copied}));
        return sealed_store{std::move(memory), keys_of(keys)}.find_answer("k");
    };
    CHECK(reopen(two_then_one).value().value() == answers[0]);
    CHECK(reopen(two).error().final);
}

/// A daemon is killed at any moment of a start that seals everything anew.
TEST_CASE("sealed store: kill -9 during a change of the key leaves all values under one of the two") {
    store_place place{GENERATE(kinds_of_durable_stores())};
    constexpr std::uint32_t count = 3000;
    write_peers(*open_with(place, one), count);
    // The number of starts that were killed before and after the change.
    unsigned before = 0;
    unsigned after = 0;
    std::string_view now = one;
    for (auto delay = 0us; (before < 3 || after < 3) && delay < 2s; delay = delay * 5 / 4 + 500us) {
        const std::string_view next = now == one ? two : one;
        const std::string keys = std::string{next} + "\n" + std::string{now};
        const pid_t child = ::fork();
        if (child == 0) {
            auto opened = open_store(place.url(), killed_before);
            if (opened) static_cast<void>(sealed_store{std::move(*opened), keys_of(keys)}.load());
            ::pause();
            ::_exit(0);
        }
        REQUIRE(child > 0);
        std::this_thread::sleep_for(delay);
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);

        std::unique_ptr<store> opened;
        for (int i = 0; i < 1000 && !opened; ++i) {  // PostgreSQL notices after a moment that its client is gone
            if (auto attempt = open_store(place.url(), killed_before)) opened = std::move(*attempt);
            if (!opened) std::this_thread::sleep_for(10ms);
        }
        REQUIRE(opened);
        const auto kept = tokens_in(*opened);
        REQUIRE(kept.size() == count);
        if (all_sealed_with(next, kept)) {
            now = next;
            ++after;
        } else {
            REQUIRE(all_sealed_with(now, kept));
            ++before;
        }
    }
    CHECK(before > 0);
    CHECK(after > 0);
}

}  // namespace sealed_store_test
