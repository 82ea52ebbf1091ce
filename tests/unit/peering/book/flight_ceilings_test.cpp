#include "peering/book/flight_ceilings.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <deque>
#include <limits>
#include <map>
#include <random>
#include <vector>

namespace flight_ceilings_test {

using namespace peering;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t amount_max = std::numeric_limits<std::uint64_t>::max();

/// Accounts of peers, and a store that has what was written.
struct world {
    world() {
        for (std::size_t i = 0; i < accounts.size(); ++i) {
            accounts[i].id = account_id{static_cast<std::uint32_t>(i + 1)};
            accounts[i].kind = account_kind::peer_liquidity;
            accounts[i].flight_ceiling = 0;
        }
    }

    auto find() {
        return [this](account_id id) -> liquidity_account& { return accounts[static_cast<std::size_t>(id) - 1]; };
    }

    /// As a transaction does.
    void write(const std::vector<flight_record>& changed) {
        for (const flight_record& record : changed) stored[record.account] = record;
        ceilings.written(changed, find());
    }

    std::vector<flight_record> records() const {
        std::vector<flight_record> found;
        for (const auto& [account, record] : stored) {
            if (record.ceiling != 0 || record.doubt != 0) found.push_back(record);
        }
        return found;
    }

    std::vector<flight_record> raise(std::size_t account, std::uint64_t amount) {
        const ceiling_request request{&accounts[account], amount};
        std::vector<flight_record> changed;
        ceilings.raise({&request, 1}, changed);
        return changed;
    }

    std::vector<flight_record> sink(ilp::steady_time now) {
        std::vector<flight_record> changed;
        ceilings.sink(now, changed);
        return changed;
    }

    std::array<liquidity_account, 4> accounts;
    flight_ceilings ceilings;
    std::map<account_id, flight_record> stored;
};

}  // namespace

TEST_CASE("flight ceilings: nothing takes off before the ceiling is in the store, and then as much as it says") {
    world w;
    CHECK_FALSE(take_off(w.accounts[0], {5}));
    CHECK(take_off(w.accounts[0], {0}));
    CHECK(w.accounts[0].in_flight == 0);
    const auto changed = w.raise(0, 5);
    CHECK(changed == std::vector<flight_record>{{account_id{1}, 8, 0}});
    CHECK_FALSE(take_off(w.accounts[0], {5}));
    w.write(changed);
    CHECK(take_off(w.accounts[0], {5}));
    CHECK_FALSE(take_off(w.accounts[0], {4}));
    CHECK(take_off(w.accounts[0], {3}));
    CHECK(w.accounts[0].in_flight == 8);
    CHECK(w.raise(0, 8).empty());
    land(w.accounts[0], {5});
    CHECK(take_off(w.accounts[0], {4}));
}

TEST_CASE("flight ceilings: the largest amounts have a ceiling, and no sum wraps") {
    CHECK(flight_ceilings::ceiling_for(0) == 0);
    CHECK(flight_ceilings::ceiling_for(1) == 1);
    CHECK(flight_ceilings::ceiling_for(1025) == 2048);
    CHECK(flight_ceilings::ceiling_for(std::uint64_t{1} << 63U) == std::uint64_t{1} << 63U);
    CHECK(flight_ceilings::ceiling_for((std::uint64_t{1} << 63U) + 1) == amount_max);
    CHECK(flight_ceilings::ceiling_for(amount_max) == amount_max);
    world w;
    w.write(w.raise(0, amount_max));
    CHECK(take_off(w.accounts[0], {amount_max}));
    CHECK_FALSE(take_off(w.accounts[0], {1}));
    CHECK_FALSE(take_off(w.accounts[0], {amount_max}));
    CHECK(w.accounts[0].in_flight == amount_max);
}

TEST_CASE("flight ceilings: a steady flow writes nothing, and what was much less for a quiet time sinks") {
    world w;
    ilp::steady_time now{1h};
    w.write(w.raise(0, 1000));
    CHECK(w.sink(now).empty());  // it was asked for and not used yet
    CHECK(take_off(w.accounts[0], {700}));
    for (int minute = 0; minute < 100; ++minute) {
        now += flight_ceilings::quiet_time;
        land(w.accounts[0], {700});
        CHECK(take_off(w.accounts[0], {300}));
        CHECK(take_off(w.accounts[0], {400}));
        land(w.accounts[0], {300});
        land(w.accounts[0], {400});
        CHECK(take_off(w.accounts[0], {700}));
        CHECK(w.sink(now).empty());
    }
    land(w.accounts[0], {700});
    CHECK(take_off(w.accounts[0], {10}));
    now += flight_ceilings::quiet_time;
    CHECK(w.sink(now).empty());  // 700 was in flight in this time
    CHECK(w.sink(now + flight_ceilings::quiet_time - 1ms).empty());
    now += flight_ceilings::quiet_time;
    const auto lower = w.sink(now);
    CHECK(lower == std::vector<flight_record>{{account_id{1}, 32, 0}});
    CHECK_FALSE(take_off(w.accounts[0], {23}));  // although it is not written yet
    w.write(lower);
    CHECK(take_off(w.accounts[0], {22}));
    land(w.accounts[0], {32});
    w.sink(now + flight_ceilings::quiet_time);
    const auto none = w.sink(now + 2 * flight_ceilings::quiet_time);
    CHECK(none == std::vector<flight_record>{{account_id{1}, 0, 0}});
}

TEST_CASE("flight ceilings: what is asked for many accounts joins what the transaction writes already") {
    constexpr std::uint32_t count = 3000;
    std::deque<liquidity_account> accounts(count);
    std::vector<ceiling_request> requests;
    for (std::uint32_t i = 0; i < count; ++i) {
        accounts[i].id = account_id{i + 1};
        accounts[i].flight_ceiling = i % 3 == 0 ? 8 : 0;
        requests.push_back({&accounts[i], 5});
    }
    flight_ceilings ceilings;
    std::vector<flight_record> changed{{account_id{2}, 0, 0}, {account_id{3}, 64, 7}};
    ceilings.raise(requests, changed);
    CHECK(changed.size() == 2 * count / 3);
    CHECK(changed[0] == flight_record{account_id{2}, 8, 0});
    CHECK(changed[1] == flight_record{account_id{3}, 64, 7});
    CHECK(changed.back() == flight_record{account_id{count}, 8, 0});
}

TEST_CASE("flight ceilings: what a stop in good order finds landed leaves no doubt") {
    world w;
    w.write(w.raise(0, 100));
    w.write(w.raise(1, 100));
    CHECK(take_off(w.accounts[1], {7}));
    std::vector<flight_record> changed;
    w.ceilings.end(changed);
    w.write(changed);
    CHECK(w.records() == std::vector<flight_record>{{account_id{2}, 128, 0}});
    CHECK_FALSE(take_off(w.accounts[0], {1}));
}

TEST_CASE("flight ceilings: each crash adds to the doubt, until it is ended") {
    std::vector<flight_record> stored{{account_id{1}, 64, 0}, {account_id{2}, 0, 5}, {account_id{3}, 1U << 31U, 0}};
    for (const std::uint64_t doubt : {64U, 96U}) {
        world w;
        w.ceilings.restore(stored, w.find());
        for (const flight_record& record : stored) w.stored[record.account] = record;
        std::vector<flight_record> changed;
        w.ceilings.find_doubts(changed);
        w.write(changed);
        CHECK(w.ceilings.doubt_about(account_id{1}) == doubt);
        CHECK(w.ceilings.doubt_about(account_id{2}) == 5);
        CHECK(w.ceilings.doubt_about(account_id{4}) == 0);
        CHECK(w.ceilings.doubts().size() == 3);
        w.write(w.raise(0, 32));
        CHECK(w.ceilings.doubt_about(account_id{1}) == doubt);
        w.write({w.ceilings.without_doubt(account_id{2}), {account_id{2}, 0, 5}});
        stored = w.records();
    }
    world w;
    w.ceilings.restore(std::vector<flight_record>{{account_id{1}, 8, amount_max - 7}}, w.find());
    std::vector<flight_record> changed;
    w.ceilings.find_doubts(changed);
    CHECK(changed == std::vector<flight_record>{{account_id{1}, 0, amount_max}});
    w.write(changed);
    w.write(w.raise(0, 3));
    const flight_record ended = w.ceilings.without_doubt(account_id{1});
    CHECK(ended == flight_record{account_id{1}, 4, 0});
    w.write({ended});
    CHECK(w.ceilings.doubts().empty());
    CHECK(take_off(w.accounts[0], {4}));
}

TEST_CASE("flight ceilings: at any moment no more is in flight than the store allows, whatever fails in between") {
    for (std::uint32_t seed = 1; seed <= 200; ++seed) {
        std::mt19937_64 random{seed};
        const auto below = [&random](std::uint64_t end) { return random() % end; };
        world w;
        ilp::steady_time now{1h};
        std::array<std::deque<std::uint64_t>, 4> flying;
        std::array<std::uint64_t, 4> sums{};
        const std::uint64_t largest = std::uint64_t{1} << below(40);
        for (int i = 0; i < 2000; ++i) {
            const std::size_t at = below(w.accounts.size());
            liquidity_account& account = w.accounts[at];
            const auto what = below(10);
            if (what < 5) {
                const std::uint64_t amount = below(largest) + 1;
                if (!take_off(account, {amount})) {
                    const auto changed = w.raise(at, sums[at] + amount);
                    REQUIRE(changed.size() == 1);
                    if (below(4) == 0) continue;  // the store has failed, and the packet has given up
                    w.write(changed);
                    REQUIRE(take_off(account, {amount}));
                }
                flying[at].push_back(amount);
                sums[at] += amount;
            } else if (what < 9) {
                if (flying[at].empty()) continue;
                land(account, {flying[at].front()});
                sums[at] -= flying[at].front();
                flying[at].pop_front();
            } else {
                now += std::chrono::seconds{below(30)};
                const auto changed = w.sink(now);
                for (const flight_record& record : changed) {
                    CHECK(record.ceiling < w.stored[record.account].ceiling);
                }
                if (below(3) != 0) w.write(changed);
            }
            REQUIRE(account.in_flight == sums[at]);
            for (std::size_t each = 0; each < w.accounts.size(); ++each) {
                const auto& kept = w.stored[w.accounts[each].id];
                REQUIRE(w.accounts[each].in_flight <= w.accounts[each].flight_ceiling);
                REQUIRE(w.accounts[each].flight_ceiling <= kept.ceiling);
                REQUIRE((kept.ceiling == 0 || std::has_single_bit(kept.ceiling)));
            }
        }
    }
}

}  // namespace flight_ceilings_test
