#include "peering/splitting/part_sets.hpp"

#include "ilp/packet.hpp"
#include "peering/splitting/split_plan.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <set>
#include <string_view>
#include <vector>

namespace part_sets_test {

using namespace peering;
using namespace std::chrono_literals;
using step = part_sets::step;

namespace {

constexpr ilp::steady_time start{1000s};
constexpr ilp::steady_time far = start + 30s;

split_id id_of(std::uint64_t number) {
    split_id id{};
    for (std::size_t i = 0; i < sizeof number; ++i) id[i] = static_cast<ilp::octet>(number >> 8 * i);
    return id;
}

/// A Prepare; the amount in it does not matter here.
ilp::bytes make_prepare(std::string_view data) {
    ilp::bytes made;
    ilp::serialize_prepare(made, {.amount = {1},
                                  .expires_at = ilp::timestamp{1h},
                                  .condition = {},
                                  .destination = "test.bob",
                                  .data = {reinterpret_cast<const ilp::octet*>(data.data()), data.size()}});
    return made;
}

const ilp::bytes usual = make_prepare("usual");
const ilp::bytes other = make_prepare("other");

/// The parts of a packet, as an honest peer sends them.
std::vector<arrived_part> parts_of(std::uint64_t id, std::uint64_t total, std::uint64_t part_max,
                                   std::uint32_t peer = 1) {
    const auto plan = split_plan::make({total}, {part_max}, split_parts_limit).value();
    std::vector<arrived_part> parts;
    for (std::uint32_t i = 0; i < plan.parts(); ++i) {
        parts.push_back({.peer = peer,
                         .connection = 7,
                         .label = {id_of(id), i, plan.parts(), {total}},
                         .prepare = usual,
                         .amount = plan.amount_of(i)});
    }
    return parts;
}

}  // namespace

TEST_CASE("a set becomes whole with its last part, in whatever order the parts come") {
    for (const std::uint64_t count : {2U, 3U, 5U}) {
        const auto parts = parts_of(1, count * 100 - 1, 100);
        std::vector<std::size_t> order(parts.size());
        std::iota(order.begin(), order.end(), 0);
        do {
            part_sets sets;
            for (std::size_t i = 0; i < order.size(); ++i) {
                const auto [what, set] = sets.take(parts[order[i]], far, start);
                CHECK(what == (i == 0 ? step::open : i + 1 < order.size() ? step::keep : step::complete));
                REQUIRE(set);
                if (what == step::complete) sets.close(*set);
            }
            CHECK(sets.open() == 0);
            CHECK(!sets.next_timeout());
        } while (std::ranges::next_permutation(order).found);
    }
}

TEST_CASE("two and three sets at the same time stay apart in every interleaving") {
    std::vector<arrived_part> all;
    for (std::uint64_t set = 0; set < 3; ++set) {
        for (const auto& part : parts_of(set, 20 + set, 10 + set)) all.push_back(part);
    }
    std::vector<std::size_t> order(all.size());
    std::iota(order.begin(), order.end(), 0);
    do {
        part_sets sets;
        std::size_t complete = 0;
        for (const std::size_t i : order) {
            const auto [what, set] = sets.take(all[i], far, start);
            REQUIRE((what == step::open || what == step::keep || what == step::complete));
            if (what != step::complete) continue;
            sets.close(*set);
            ++complete;
        }
        REQUIRE(complete == 3);
        REQUIRE(sets.open() == 0);
    } while (std::ranges::next_permutation(order).found);
}

TEST_CASE("a part that has come before is refused alone") {
    part_sets sets;
    const auto parts = parts_of(1, 300, 100);
    CHECK(sets.take(parts[0], far, start).what == step::open);
    CHECK(sets.take(parts[0], far, start).what == step::duplicate);
    CHECK(sets.take(parts[2], far, start).what == step::keep);
    CHECK(sets.take(parts[2], far, start).what == step::duplicate);
    CHECK(sets.take(parts[1], far, start).what == step::complete);
    CHECK(sets.take(parts[1], far, start).what == step::duplicate);
}

TEST_CASE("a part that contradicts its set in any common field is one, and the set goes with it") {
    const auto parts = parts_of(1, 300, 100);
    const auto second = [&](const auto& change) {
        part_sets sets;
        CHECK(sets.take(parts[0], far, start).what == step::open);
        arrived_part changed = parts[1];
        change(changed);
        const auto [what, set] = sets.take(changed, far, start);
        if (what == step::contradiction) {
            sets.close(set.value());
            CHECK(sets.take(parts[2], far, start).what == step::late);
            CHECK(!sets.next_timeout());
        }
        return what;
    };
    CHECK(second([](arrived_part&) {}) == step::keep);
    CHECK(second([](arrived_part& part) { part.connection = 8; }) == step::late);
    CHECK(second([](arrived_part& part) { part.prepare = other; }) == step::contradiction);
    CHECK(second([](arrived_part& part) { part.label.total = {301}; }) == step::contradiction);
    CHECK(second([](arrived_part& part) { part.label.parts = 4; }) == step::contradiction);
    // Amounts that cannot add up to the total with the parts that are still missing.
    CHECK(second([](arrived_part& part) { part.amount = {0}; }) == step::contradiction);
    CHECK(second([](arrived_part& part) { part.amount = {200}; }) == step::contradiction);
    CHECK(second([](arrived_part& part) { part.amount = {199}; }) == step::keep);
    CHECK(second([](arrived_part& part) { part.amount = ilp::amount::max(); }) == step::contradiction);
    // The same id of another peer is another set.
    CHECK(second([](arrived_part& part) { part.peer = 2; }) == step::open);
}

TEST_CASE("parts that do not add up to the total are no set, not even the first of them") {
    part_sets sets;
    auto parts = parts_of(1, 200, 100);
    parts[1].amount = {99};
    CHECK(sets.take(parts[0], far, start).what == step::open);
    CHECK(sets.take(parts[1], far, start).what == step::contradiction);

    auto alone = parts_of(2, 200, 100);
    alone[0].amount = {200};
    const auto [what, set] = sets.take(alone[0], far, start);
    CHECK(what == step::contradiction);
    sets.close(set.value());
    CHECK(sets.take(alone[1], far, start).what == step::late);
}

TEST_CASE("a set waits for its last part a second, or until the packet has to be on its way") {
    part_sets sets;
    const auto first = parts_of(1, 200, 100);
    const auto second = parts_of(2, 200, 100);
    CHECK(sets.take(first[0], far, start).what == step::open);
    CHECK(sets.take(second[0], start + 400ms, start + 100ms).what == step::open);
    CHECK(sets.next_timeout() == start + 400ms);
    CHECK(!sets.timed_out(start + 399ms));
    const auto late = sets.timed_out(start + 400ms);
    REQUIRE(late);
    sets.close(*late);
    CHECK(sets.take(second[1], far, start + 400ms).what == step::late);
    CHECK(sets.next_timeout() == start + 1s);
    // What is complete has no timeout any more: the packet's own expiry counts.
    CHECK(sets.take(first[1], far, start + 999ms).what == step::complete);
    CHECK(!sets.next_timeout());
    CHECK(!sets.timed_out(far));
}

TEST_CASE("a set that is whole counts no longer, and its first part is kept until it is closed") {
    part_sets sets{{.incomplete_per_peer = 1}};
    const auto first = parts_of(1, 200, 100);
    const auto second = parts_of(2, 200, 100);
    const auto set = sets.take(first[0], far, start).set.value();
    CHECK(sets.take(second[0], far, start).what == step::too_many);
    CHECK(sets.take(first[1], far, start).what == step::complete);
    CHECK(sets.incomplete() == 0);
    CHECK(sets.take(second[0], far, start).what == step::open);
    CHECK(sets.open() == 2);
    CHECK(sets.find(1, first[0].label.id) == set);
    CHECK(sets.prepare(set) == usual);
    sets.close(set);
    CHECK(!sets.find(1, first[0].label.id));
}

TEST_CASE("a peer has a bounded number of incomplete sets, and all peers together have one") {
    part_sets sets{{.incomplete_per_peer = 2, .incomplete = 3, .ended = 4}};
    CHECK(sets.take(parts_of(1, 2, 1, 1)[0], far, start).what == step::open);
    const auto second = sets.take(parts_of(2, 2, 1, 1)[0], far, start);
    CHECK(second.what == step::open);
    CHECK(sets.take(parts_of(3, 2, 1, 1)[0], far, start).what == step::too_many);
    CHECK(sets.take(parts_of(3, 2, 1, 2)[0], far, start).what == step::open);
    CHECK(sets.take(parts_of(4, 2, 1, 3)[0], far, start).what == step::too_many);
    sets.close(second.set.value());
    CHECK(sets.take(parts_of(4, 2, 1, 3)[0], far, start).what == step::open);
    CHECK(sets.open() == 3);
}

TEST_CASE("the parts behind one that was refused come too late, and a whole set needs its first part no longer") {
    part_sets sets;
    const auto refused = parts_of(1, 300, 100);
    sets.end_unopened(1, refused[0].label.id);
    CHECK(sets.take(refused[1], far, start).what == step::late);
    const auto whole = parts_of(2, 200, 100);
    const auto set = sets.take(whole[0], far, start).set.value();
    CHECK(sets.take(whole[1], far, start).what == step::complete);
    CHECK_FALSE(sets.is_incomplete(set));
    sets.drop_prepare(set);
    CHECK(sets.take(whole[1], far, start).what == step::duplicate);
    CHECK(sets.total(set) == ilp::amount{200});
}

TEST_CASE("an id that has ended is remembered, as far as there is room") {
    part_sets sets{{.incomplete_per_peer = 2, .incomplete = 3, .ended = 4}};
    const auto end = [&](std::uint64_t id) { sets.close(sets.take(parts_of(id, 2, 1)[0], far, start).set.value()); };
    for (std::uint64_t id = 0; id < 5; ++id) end(id);
    for (std::uint64_t id = 1; id < 5; ++id) CHECK(sets.take(parts_of(id, 2, 1)[1], far, start).what == step::late);
    CHECK(sets.take(parts_of(0, 2, 1)[1], far, start).what == step::open);
}

TEST_CASE("the ids of a peer that have ended are not pushed out by those of another") {
    part_sets sets{{.ended = 4}};
    for (std::uint64_t id = 0; id < 2; ++id) sets.end_unopened(1, id_of(id));
    for (std::uint64_t id = 0; id < 100; ++id) sets.end_unopened(2, id_of(id));
    for (std::uint64_t id = 0; id < 2; ++id) CHECK(sets.take(parts_of(id, 2, 1, 1)[0], far, start).what == step::late);
    for (std::uint64_t id = 98; id < 100; ++id) {
        CHECK(sets.take(parts_of(id, 2, 1, 2)[0], far, start).what == step::late);
    }
    CHECK(sets.take(parts_of(97, 2, 1, 2)[0], far, start).what == step::open);
    // Whoever has none yet gets places from whoever has most.
    sets.end_unopened(3, id_of(7));
    CHECK(sets.take(parts_of(7, 2, 1, 3)[0], far, start).what == step::late);
    CHECK(sets.take(parts_of(1, 2, 1, 1)[0], far, start).what == step::late);
}

TEST_CASE("a set awaits each part until it has come, on the connection of the first one") {
    part_sets sets;
    const auto parts = parts_of(1, 200, 100);
    const auto set = sets.take(parts[0], far, start).set.value();
    CHECK_FALSE(sets.awaits(set, 0, parts[0].connection));
    CHECK(sets.awaits(set, 1, parts[0].connection));
    CHECK_FALSE(sets.awaits(set, 1, parts[0].connection + 1));
    CHECK(sets.take(parts[1], far, start).what == step::complete);
    CHECK_FALSE(sets.awaits(set, 1, parts[0].connection));
}

/// An adversary sends anything, and a model that keeps everything says what must come of it.
TEST_CASE("whatever a peer sends, a set that is complete has every part once, and their sum is its total") {
    for (std::uint32_t seed = 0; seed < 300; ++seed) {
        std::mt19937 random{seed};
        const auto below = [&](std::uint64_t end) { return random() % end; };
        part_sets sets{{.incomplete_per_peer = 3, .incomplete = 5, .ended = 50'000, .longest_wait = 100ms}};
        struct known_set {
            std::vector<arrived_part> taken;
            bool complete = false;
        };
        std::map<part_sets::place, known_set> model;
        std::set<std::pair<std::uint32_t, split_id>> ended;
        ilp::steady_time now = start;
        const auto close = [&](part_sets::place set) {
            const arrived_part& first = model.at(set).taken.front();
            ended.emplace(first.peer, first.label.id);
            model.erase(set);
            sets.close(set);
        };
        for (int i = 0; i < 400; ++i) {
            now += std::chrono::milliseconds{below(10)};
            while (const auto late = sets.timed_out(now)) {
                REQUIRE(!model.at(*late).complete);
                close(*late);
            }
            const std::uint64_t total = 20 + below(2);
            auto parts = parts_of(below(12), total, total / (2 + below(2)), static_cast<std::uint32_t>(below(3)));
            arrived_part part = parts[below(parts.size())];
            if (below(10) == 0) part.amount = {below(25)};
            if (below(20) == 0) part.connection = below(3);
            if (below(20) == 0) part.prepare = other;
            const std::pair id{part.peer, part.label.id};
            const auto open = sets.find(part.peer, part.label.id);
            const bool is_elsewhere = open && model.at(*open).taken.front().connection != part.connection;
            const auto [what, set] = sets.take(part, now + std::chrono::milliseconds{below(150)}, now);
            INFO("seed " << seed << ", step " << i);
            REQUIRE((what == step::late) == (ended.contains(id) || is_elsewhere));
            if (!set) continue;
            auto& known = model[*set];
            for (const auto& each : known.taken) {
                REQUIRE(each.peer == part.peer);
                REQUIRE(each.label.id == part.label.id);
            }
            if (what == step::open) {
                REQUIRE(known.taken.empty());
            }
            if (what == step::contradiction) {
                known.taken.push_back(part);  // so that it has an id, even if it is the first
                close(*set);
                continue;
            }
            if (what == step::duplicate) continue;
            known.taken.push_back(part);
            if (what == step::complete) {
                known.complete = true;
                std::set<std::uint32_t> numbers;
                std::uint64_t sum = 0;
                for (const auto& each : known.taken) {
                    numbers.insert(each.label.part);
                    sum += each.amount.value;
                    REQUIRE(each.label.total == part.label.total);
                    REQUIRE(std::ranges::equal(each.prepare, part.prepare));
                    REQUIRE(each.connection == part.connection);
                }
                REQUIRE(numbers.size() == known.taken.size());
                REQUIRE(numbers.size() == part.label.parts);
                REQUIRE(sum == part.label.total.value);
                close(*set);
            }
            REQUIRE(sets.open() == model.size());
            REQUIRE(sets.open() <= 5);
        }
    }
}

}  // namespace part_sets_test
