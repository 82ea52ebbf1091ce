#include "ilp/payment/payment_quote.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace payment_quote_test {

using namespace std::chrono_literals;
using ilp::amount;
using ilp::error_code;
using ilp::payment_quote;
using ilp::quote_failure;

namespace {

constexpr ilp::steady_time start{1000s};

struct world {
    payment_quote quote;
    ilp::steady_time now = start;

    std::vector<std::uint64_t> sent{};  // and not yet looked at
    std::uint64_t last = 0;
    std::uint64_t answered = 0;

    /// Lets everything leave that may leave now.
    payment_quote::step run() {
        for (;;) {
            auto step = quote.next(now);
            const auto* const probe = std::get_if<payment_quote::send_probe>(&step);
            if (probe == nullptr) return step;
            CHECK(probe->number == ++last);
            CHECK(probe->expires_at > now);
            sent.push_back(probe->amount.value);
        }
    }
    std::vector<std::uint64_t> probes() {
        run();
        return std::exchange(sent, {});
    }
    std::optional<payment_quote::finished> end() {
        const auto step = run();
        const auto* const finished = std::get_if<payment_quote::finished>(&step);
        return finished == nullptr ? std::nullopt : std::optional{*finished};
    }
    template <class Answer>
    void answer_all(Answer answer) {
        while (answered < last) answer(++answered);
    }
    void wait() { now = std::get<payment_quote::wait_until>(run()).time; }
    void arrived(std::uint64_t number, std::uint64_t received) {
        quote.rejected(number, {.code = error_code::f99_application_error, .received = amount{received}}, now);
    }
    void reject(std::uint64_t number, error_code code) { quote.rejected(number, {.code = code}, now); }
};

world asking(std::uint64_t wanted, const ilp::known_path& path = {}, amount available = amount::max()) {
    return {payment_quote{amount{wanted}, path, available}};
}

}  // namespace

TEST_CASE("quote: the largest probe that arrives gives the rate") {
    world world = asking(2'000'000);
    CHECK(world.probes() == std::vector<std::uint64_t>{2, 200, 20'000, 2'000'000});
    world.now += 50ms;
    world.arrived(3, 10'000);
    world.arrived(1, 1);
    CHECK_FALSE(world.end().has_value());
    world.arrived(4, 1'000'001);
    const auto end = world.end();
    REQUIRE(end.has_value());
    REQUIRE(end->has_value());
    CHECK((*end)->rate == ilp::exchange_ratio{1'000'001, 2'000'000});
    CHECK((*end)->numbers_used == 4);
    CHECK((*end)->path.times.smoothed() == 50ms);
    world.arrived(2, 100);  // too late to matter
    CHECK(world.end().has_value());
}

TEST_CASE("quote: a known maximum is where it begins") {
    world world = asking(2'000'000, {ilp::path_maximum{amount{500}}, {}});
    CHECK(world.probes() == std::vector<std::uint64_t>{5, 500});
    world.arrived(2, 250);
    const auto end = world.end();
    REQUIRE(end.has_value());
    REQUIRE(end->has_value());
    CHECK((*end)->rate == ilp::exchange_ratio{250, 500});
}

TEST_CASE("quote: F08 of the larger probes does not cost a round trip, unless what passed was too small") {
    world enough = asking(5'000'000'000);
    CHECK(enough.probes() == std::vector<std::uint64_t>{50, 5'000, 500'000, 50'000'000, 5'000'000'000});
    enough.quote.rejected(
        5, {.code = error_code::f08_amount_too_large, .too_large = ilp::amount_too_large{{5'000'000'000}, {1'000'000}}},
        enough.now);
    enough.reject(4, error_code::f08_amount_too_large);
    enough.arrived(3, 400'000);
    REQUIRE(enough.end().has_value());
    REQUIRE(enough.end()->has_value());
    CHECK((*enough.end())->rate == ilp::exchange_ratio{400'000, 500'000});
    CHECK((*enough.end())->path.maximum.value() == amount{1'000'000});

    world more = asking(50'000);
    CHECK(more.probes() == std::vector<std::uint64_t>{5, 500, 50'000});
    more.quote.rejected(
        3, {.code = error_code::f08_amount_too_large, .too_large = ilp::amount_too_large{{50'000}, {2'400}}}, more.now);
    more.arrived(2, 400);
    more.arrived(1, 4);
    CHECK(more.probes() == std::vector<std::uint64_t>{600, 1'200, 2'400});
    more.arrived(6, 1'920);
    REQUIRE(more.end().has_value());
    REQUIRE(more.end()->has_value());
    CHECK((*more.end())->rate == ilp::exchange_ratio{1'920, 2'400});
}

TEST_CASE("quote: the probes in flight never take more than the account has, and the smallest leave first") {
    SECTION("a larger one waits until the smaller ones have returned, if they have not shown the rate") {
        world world = asking(10'000, {}, amount{10'000});
        CHECK(world.probes() == std::vector<std::uint64_t>{1, 100});
        world.arrived(1, 0);
        CHECK(world.probes().empty());
        world.arrived(2, 50);
        CHECK(world.probes() == std::vector<std::uint64_t>{10'000});
        world.arrived(3, 5'000);
        REQUIRE(world.end().has_value());
        REQUIRE(world.end()->has_value());
        CHECK((*world.end())->rate == ilp::exchange_ratio{5'000, 10'000});
    }
    SECTION("it is not sent once they have") {
        world world = asking(10'000'000, {}, amount{10'000'000});
        CHECK(world.probes() == std::vector<std::uint64_t>{10, 1'000, 100'000});
        world.arrived(3, 50'000);
        REQUIRE(world.end().has_value());
        REQUIRE(world.end()->has_value());
        CHECK((*world.end())->rate == ilp::exchange_ratio{50'000, 100'000});
    }
    SECTION("it is not sent where the path does not take it") {
        world world = asking(10'000'000, {}, amount{10'000'000});
        CHECK(world.probes().size() == 3);
        for (const std::uint64_t number : {3U, 2U}) {
            world.quote.rejected(number,
                                 {.code = error_code::f08_amount_too_large,
                                  .too_large = ilp::amount_too_large{{number == 3 ? 100'000U : 1'000U}, {500}}},
                                 world.now);
        }
        CHECK(world.probes().empty());
        world.arrived(1, 5);
        CHECK(world.probes().back() == 500);
    }
    SECTION("the probes of a later round take turns as well") {
        world world = asking(200, {}, amount{201});
        CHECK(world.probes() == std::vector<std::uint64_t>{2});
        world.reject(1, error_code::t00_internal_error);
        CHECK(world.probes() == std::vector<std::uint64_t>{200});
        world.reject(2, error_code::t00_internal_error);
        world.wait();
        CHECK(world.probes() == std::vector<std::uint64_t>{2});
    }
    SECTION("at every instant of a quote whose answers come in any order") {
        for (const std::uint64_t all : {1U, 2U, 99U, 101U, 5'000U, 1'000'000U}) {
            world world = asking(all, {}, amount{all});
            std::vector<std::pair<std::uint64_t, std::uint64_t>> in_flight;
            std::uint64_t number = 0;
            for (int step = 0; step < 200 && !world.end(); ++step) {
                for (const std::uint64_t probe : world.probes()) in_flight.emplace_back(++number, probe);
                std::uint64_t sum = 0;
                for (const auto& [_, probe] : in_flight) sum += probe;
                CHECK(sum <= all);
                if (in_flight.empty()) {
                    world.wait();
                    continue;
                }
                const auto answered = in_flight.begin() + step % static_cast<std::ptrdiff_t>(in_flight.size());
                world.reject(answered->first, error_code::t01_peer_unreachable);
                in_flight.erase(answered);
            }
            REQUIRE(world.end().has_value());
            CHECK(world.end()->error().failure == quote_failure::no_answer);
        }
    }
}

TEST_CASE("quote: a final reject ends it at once") {
    world world = asking(2'000);
    CHECK(world.probes().size() == 2);
    world.reject(2, error_code::f02_unreachable);
    const auto end = world.end();
    REQUIRE(end.has_value());
    REQUIRE_FALSE(end->has_value());
    CHECK(end->error().failure == quote_failure::refused);
    CHECK(end->error().code == error_code::f02_unreachable);
}

TEST_CASE("quote: temporary rejects and silence are asked again after a pause, within a bound") {
    for (const bool is_silent : {false, true}) {
        world world = asking(2'000);
        int rounds = 0;
        while (!world.end() && rounds < 100) {
            if (world.probes().empty()) {
                const auto before = world.now;
                world.wait();
                REQUIRE(world.now > before);
                continue;
            }
            ++rounds;
            world.answer_all([&](std::uint64_t number) {
                if (is_silent) {
                    world.quote.expired(number, world.now);
                } else {
                    world.reject(number, error_code::t01_peer_unreachable);
                }
            });
        }
        REQUIRE(world.end().has_value());
        REQUIRE_FALSE(world.end()->has_value());
        CHECK(world.end()->error().failure == quote_failure::no_answer);
        CHECK(rounds == 4);
    }
}

TEST_CASE("quote: a probe that its own node does not take is sent later, however often") {
    world world = asking(2'000);
    const auto first = std::get<payment_quote::send_probe>(world.quote.next(world.now));
    world.quote.withdrawn(first.number, world.now);
    for (std::uint64_t number = first.number + 1; number < 100; ++number) {
        const auto step = world.quote.next(world.now);
        REQUIRE(std::holds_alternative<payment_quote::wait_until>(step));
        world.now = std::get<payment_quote::wait_until>(step).time;
        const auto again = std::get<payment_quote::send_probe>(world.quote.next(world.now));
        CHECK(again.amount == first.amount);
        CHECK(again.number == number);
        world.quote.withdrawn(number, world.now);
        world.last = number;
    }
    world.wait();
    world.answered = world.last;
    CHECK_FALSE(world.probes().empty());
    world.answer_all([&](std::uint64_t number) { world.arrived(number, 1'000); });
    const auto ended = world.end();
    REQUIRE(ended.has_value());
    CHECK(ended->has_value());
}

TEST_CASE("quote: amounts that arrive as nothing, and a path that takes nothing, have a refusal of their own") {
    world small = asking(2);
    for (int i = 0; i < 20 && !small.end(); ++i) {
        small.answer_all(
            [&](std::uint64_t number) { small.reject(number, error_code::r01_insufficient_source_amount); });
    }
    REQUIRE(small.end().has_value());
    CHECK(small.end()->error().failure == quote_failure::amount_too_small);

    world nothing = asking(5);
    CHECK(nothing.probes().size() == 1);
    nothing.quote.rejected(1, {.code = error_code::f08_amount_too_large, .too_large = ilp::amount_too_large{{5}, {0}}},
                           nothing.now);
    REQUIRE(nothing.end().has_value());
    CHECK(nothing.end()->error().failure == quote_failure::path_takes_nothing);
}

TEST_CASE("quote: answers with foreign numbers and each refusal's description") {
    world world = asking(5);
    world.arrived(17, 5);
    world.probes();
    world.arrived(1, 5);
    world.arrived(1, 7);
    REQUIRE(world.end().has_value());
    CHECK((*world.end())->rate == ilp::exchange_ratio{5, 5});
    using enum quote_failure;
    for (const auto failure : {refused, no_answer, path_takes_nothing, amount_too_small}) {
        CHECK_FALSE(ilp::describe(failure).empty());
    }
}

}  // namespace payment_quote_test
