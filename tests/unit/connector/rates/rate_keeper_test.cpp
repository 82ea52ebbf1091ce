#include "connector/rates/rate_keeper.hpp"

#include "config/value.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace rate_keeper_test {

using namespace connector;
using namespace std::chrono_literals;

namespace {

config::rates_settings settings() {
    config::rates_settings made;
    made.url = config::http_url().parse("http://rates/").value();
    made.lifetime = 16s;
    made.grace = 60s;
    return made;
}

ilp::rate rate(std::string_view text) {
    return ilp::parse_rate(text).value();
}

/// A keeper, a clock that only the test moves, and a source whose answers the test chooses.
struct bench {
    explicit bench(config::rates_settings with = settings(), std::set<std::string> currencies = {"EUR", "USD"}) {
        keeper.configure(with, std::move(currencies), now);
    }

    /// The bases that are due, in order.
    std::string due() {
        requests = keeper.take_due(now);
        std::string bases;
        for (const auto& request : requests) bases += (bases.empty() ? "" : " ") + request.base;
        return bases;
    }
    const rate_request& request(std::string_view base) const {
        const auto found = std::ranges::find(requests, base, &rate_request::base);
        REQUIRE(found != requests.end());
        return *found;
    }
    rate_keeper::effect answer(std::string_view base, const rates_by_quote& rates) {
        return keeper.fetched(request(base), rate_answer{rates}, now);
    }
    rate_keeper::effect answer_partly(std::string_view base, const rate_answer& with_odd_entries) {
        return keeper.fetched(request(base), with_odd_entries, now);
    }
    rate_keeper::effect fail(std::string_view base, std::string why = "no answer") {
        return keeper.fetched(request(base), std::unexpected{std::move(why)}, now);
    }
    /// Advances the clock to the next request, which must be for these bases. Returns the time that passed.
    std::chrono::nanoseconds pass_until(const std::string& bases) {
        const auto next = keeper.next_due();
        REQUIRE(next);
        const auto passed = *next - now;
        now = *next - 1ns;
        CHECK(due().empty());
        now = *next;
        CHECK(due() == bases);
        return passed;
    }

    /// "0.8 less 5 until 76s", or "none".
    std::string price(std::string_view base, std::string_view quote) const {
        const rate_table table = keeper.prices();
        const auto* const found = table.find(base, quote);
        if (found == nullptr) return "none";
        const bool forever = found->usable_until == ilp::steady_time::max();
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(found->usable_until - start).count();
        return to_string(found->rate) + " less " + std::to_string(found->spread) +
               (forever ? " for good" : " until " + std::to_string(seconds) + " s");
    }

    const ilp::steady_time start{1000h};
    ilp::steady_time now = start;
    rate_keeper keeper;
    std::vector<rate_request> requests;
};

}  // namespace

TEST_CASE("rates are fetched for each currency in use, at once and then within half of their lifetime") {
    bench b;
    CHECK(b.price("USD", "EUR") == "none");
    CHECK(b.keeper.next_due() == b.start);
    CHECK(b.due() == "EUR USD");
    CHECK(b.due().empty());
    CHECK_FALSE(b.keeper.next_due());

    b.requests = {{"EUR", 0}, {"USD", 0}};
    CHECK_FALSE(b.answer("USD", {{"EUR", rate("0.8")}}).prices_changed);  // unsolicited
    bench c;
    CHECK(c.due() == "EUR USD");
    c.now += 2s;
    const auto effect = c.answer("USD", {{"EUR", rate("0.8")}, {"JPY", rate("150")}, {"USD", rate("1")}});
    CHECK(effect.prices_changed);
    CHECK(effect.complaint.empty());
    CHECK_FALSE(effect.recovered);
    CHECK(c.price("USD", "EUR") == "0.8 less 0 until 76 s");  // its age counts from the request
    CHECK(c.price("EUR", "USD") == "none");                   // no inverse is derived
    CHECK(c.price("USD", "JPY") == "none");
    CHECK(c.price("USD", "USD") == "none");
    CHECK(c.answer("EUR", {{"USD", rate("1.25")}}).prices_changed);
    CHECK(c.price("EUR", "USD") == "1.25 less 0 until 76 s");
    CHECK(c.pass_until("EUR USD") == 6s);
}

TEST_CASE("a failed fetch changes no price, is repeated after increasing pauses, and is reported once") {
    bench b;
    b.due();
    b.answer("EUR", {{"USD", rate("1.25")}});
    b.answer("USD", {{"EUR", rate("0.8")}});
    b.pass_until("EUR USD");
    b.answer("EUR", {{"USD", rate("1.25")}});
    auto effect = b.fail("USD", "Connection refused");
    CHECK(effect.complaint == "Connection refused");
    CHECK_FALSE(effect.prices_changed);
    for (const auto pause : {1000ms, 2000ms, 4000ms}) {
        CHECK(b.pass_until("USD") == pause);
        effect = b.fail("USD", "Connection refused");
        CHECK(effect.complaint.empty());
        CHECK_FALSE(effect.prices_changed);
        CHECK(b.price("USD", "EUR") == "0.8 less 0 until 76 s");
    }
    b.pass_until("EUR");
    b.answer("EUR", {{"USD", rate("1.25")}});
    CHECK(b.pass_until("USD") == 7s);  // 8 s after the failure: the pause is never longer than half a lifetime
    CHECK(b.fail("USD", "it responded with status 503").complaint == "it responded with status 503");
    b.pass_until("EUR");
    b.answer("EUR", {{"USD", rate("1.25")}});
    b.pass_until("USD");
    effect = b.answer("USD", {{"EUR", rate("0.9")}});
    CHECK(effect.recovered);
    CHECK(effect.prices_changed);
    CHECK(effect.complaint.empty());
    CHECK(b.price("USD", "EUR").starts_with("0.9 less 0"));
    b.pass_until("EUR");
    b.answer("EUR", {{"USD", rate("1.25")}});
    b.pass_until("USD");
    b.fail("USD");
    CHECK(b.pass_until("EUR USD") == 1s);  // the pause starts from the beginning
}

TEST_CASE("with a long lifetime failures are still repeated soon") {
    auto with = settings();
    with.lifetime = 24h;
    bench b{with};
    b.due();
    b.answer("EUR", {{"USD", rate("1.25")}});
    std::vector<std::chrono::nanoseconds> pauses;
    for (int i = 0; i < 7; ++i) {
        b.fail("USD");
        pauses.push_back(b.pass_until("USD"));
    }
    CHECK(pauses == std::vector<std::chrono::nanoseconds>{1s, 2s, 4s, 8s, 16s, 30s, 30s});
}

TEST_CASE("a currency that the source has no rate for loses its price, which is reported once") {
    bench b{settings(), {"EUR", "JPY", "USD"}};
    CHECK(b.due() == "EUR JPY USD");
    CHECK(b.answer("USD", {{"EUR", rate("0.8")}, {"JPY", rate("150")}}).complaint.empty());
    CHECK(b.answer("EUR", {}).complaint == "has no rate for JPY, USD");
    b.fail("JPY");
    b.now += 8s;
    CHECK(b.due() == "EUR JPY USD");
    const auto effect = b.answer("USD", {{"EUR", rate("0.8")}});
    CHECK(effect.complaint == "has no rate for JPY");
    CHECK(effect.prices_changed);
    CHECK(b.price("USD", "JPY") == "none");
    CHECK(b.price("USD", "EUR") == "0.8 less 0 until 84 s");
    CHECK(b.answer("EUR", {}).complaint.empty());
}

TEST_CASE("an odd entry of an unused currency is ignored, and one of a currency in use is named and refused alone") {
    bench b{settings(), {"EUR", "JPY", "USD"}};
    b.due();
    auto effect = b.answer_partly(
        "USD", rate_answer{{{"EUR", rate("0.8")}, {"JPY", rate("150")}}, {{"VEF", "has null as the rate for VEF"}}});
    CHECK(effect.complaint.empty());
    CHECK(b.price("USD", "EUR") == "0.8 less 0 until 76 s");
    effect = b.answer_partly("EUR", rate_answer{{{"JPY", rate("160")}}, {{"USD", "has null as the rate for USD"}}});
    CHECK(effect.complaint == "its response has null as the rate for USD");
    CHECK(effect.prices_changed);
    CHECK(b.price("EUR", "JPY") == "160 less 0 until 76 s");
    CHECK(b.price("EUR", "USD") == "none");
    b.fail("JPY");

    // A rate that was good before is used until it is too old, and its age shows.
    b.now += 8s;
    CHECK(b.due() == "EUR JPY USD");
    effect = b.answer_partly("USD", rate_answer{{{"JPY", rate("151")}}, {{"EUR", "has two rates for EUR"}}});
    CHECK(effect.complaint == "its response has two rates for EUR");
    CHECK(b.price("USD", "EUR") == "0.8 less 0 until 76 s");
    CHECK(b.price("USD", "JPY") == "151 less 0 until 84 s");
    CHECK(b.keeper.ages(b.now).back().age == 8s);
    effect = b.answer_partly("EUR", rate_answer{{}, {{"USD", "has null as the rate for USD"}}});
    CHECK(effect.complaint == "its response has null as the rate for USD; has no rate for JPY");
    b.now += 8s;
    b.due();
    CHECK(b.answer("USD", {{"EUR", rate("0.9")}, {"JPY", rate("152")}}).recovered);
    CHECK(b.price("USD", "EUR") == "0.9 less 0 until 92 s");
    CHECK(b.keeper.ages(b.now).back().age == 0s);
}

TEST_CASE("fixed rates override fetched ones, never expire, and apply only in their direction") {
    auto with = settings();
    with.fixed = {{"USD", "EUR", rate("0.75")}};
    with.spreads = {{"USD", "EUR", 5}, {"EUR", "USD", 7}, {"USD", "JPY", 9}};
    bench b{with, {"EUR", "JPY", "USD"}};
    CHECK(b.price("USD", "EUR") == "0.75 less 5 for good");
    CHECK(b.due() == "EUR JPY USD");
    b.answer("USD", {{"EUR", rate("0.8")}, {"JPY", rate("150")}});
    b.answer("EUR", {{"USD", rate("1.25")}, {"JPY", rate("160")}});
    CHECK(b.price("USD", "EUR") == "0.75 less 5 for good");
    CHECK(b.price("EUR", "USD") == "1.25 less 7 until 76 s");
    CHECK(b.price("USD", "JPY") == "150 less 9 until 76 s");
    CHECK(b.price("EUR", "JPY") == "160 less 0 until 76 s");
}

TEST_CASE("nothing is fetched for currencies that fixed rates cover, or without a source") {
    auto with = settings();
    with.fixed = {{"USD", "EUR", rate("0.75")}};
    CHECK(bench{with}.due() == "EUR");
    with.fixed.push_back({"EUR", "USD", rate("1.3")});
    CHECK(bench{with}.due().empty());
    with = settings();
    CHECK(bench{with, {"USD"}}.due().empty());
    with.url.reset();
    bench none{with};
    CHECK(none.due().empty());
    CHECK_FALSE(none.keeper.next_due());
    CHECK(none.keeper.ages(none.now).empty());
}

TEST_CASE("the number of fetches in progress is bounded") {
    std::set<std::string> currencies;
    for (char c = 'A'; c <= 'J'; ++c) currencies.insert(std::string(3, c));
    bench b{settings(), currencies};
    CHECK(b.due() == "AAA BBB CCC DDD EEE FFF GGG HHH");
    CHECK_FALSE(b.keeper.next_due());
    b.answer("CCC", {});
    CHECK(b.keeper.next_due() == b.now);
    const auto first = b.requests;
    CHECK(b.due() == "III");
    b.requests = first;
    b.fail("AAA");
    CHECK(b.due() == "JJJ");
}

TEST_CASE("new settings take effect at once, and fetched rates stay until the next fetch") {
    bench b;
    b.due();
    b.answer("USD", {{"EUR", rate("0.8")}});
    const auto requests = b.requests;
    b.now += 1s;

    auto with = settings();
    with.lifetime = 10s;
    with.grace = 0s;
    with.spreads = {{"USD", "EUR", 3}};
    b.keeper.configure(with, {"EUR", "GBP", "USD"}, b.now);
    CHECK(b.price("USD", "EUR") == "0.8 less 3 until 10 s");
    CHECK_FALSE(b.keeper.fetched(requests.front(), rate_answer{{{"USD", rate("1.25")}}}, b.now).prices_changed);
    CHECK(b.due() == "EUR GBP USD");
    CHECK(b.price("EUR", "USD") == "none");
    b.answer("USD", {{"EUR", rate("0.9")}, {"GBP", rate("0.7")}});
    CHECK(b.price("USD", "EUR") == "0.9 less 3 until 11 s");

    // When a currency is removed, its prices in both directions are removed too.
    b.keeper.configure(with, {"GBP", "USD"}, b.now);
    CHECK(b.price("USD", "EUR") == "none");
    CHECK(b.price("USD", "GBP") == "0.7 less 0 until 11 s");
    with.url.reset();
    b.keeper.configure(with, {"GBP", "USD"}, b.now);
    CHECK(b.price("USD", "GBP") == "none");
    CHECK_FALSE(b.keeper.next_due());
}

TEST_CASE("the age of rates counts from the request that fetched them") {
    bench b;
    b.due();
    b.now += 2s;
    b.answer("USD", {{"EUR", rate("0.8")}});
    b.fail("EUR");
    b.now += 1s;
    const auto ages = b.keeper.ages(b.now);
    REQUIRE(ages.size() == 2);
    CHECK(ages[0].base == "EUR");
    CHECK_FALSE(ages[0].age);
    CHECK(ages[1].base == "USD");
    CHECK(ages[1].age == 3s);
}

}  // namespace rate_keeper_test
