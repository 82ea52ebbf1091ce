#include "ilp/payment/path_maximum.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <optional>
#include <random>

namespace path_maximum_test {

using ilp::amount;
using ilp::amount_too_large;
using ilp::path_maximum;

namespace {

/// A connector with a maximum, behind a rate of numerator / denominator. Answers with F08 data, or none if it passes.
struct connector {
    std::uint64_t numerator = 1;
    std::uint64_t denominator = 1;
    std::uint64_t maximum = 1'000;

    std::optional<amount_too_large> answer(amount sent) const {
        const amount received{sent.value * numerator / denominator};
        if (received.value <= maximum) return std::nullopt;
        return amount_too_large{received, {maximum}};
    }
    /// The largest amount that passes, found by trying.
    amount largest() const {
        amount sent{0};
        while (!answer({sent.value + 1})) ++sent.value;
        return sent;
    }
};

/// Sends the amount to try until it passes and stays. Returns how many packets were refused.
int learn(path_maximum& maximum, const connector& path, bool with_data) {
    int refused = 0;
    for (int i = 0; i < 200; ++i) {
        const amount sent = maximum.value();
        if (sent.is_zero()) return refused;
        const auto data = path.answer(sent);
        if (!data) {
            maximum.passed(sent);
        } else {
            maximum.refused(sent, with_data ? data : std::nullopt);
            ++refused;
        }
    }
    return refused;
}

}  // namespace

TEST_CASE("path maximum: without knowledge it is the largest amount, with a setting that") {
    CHECK(path_maximum{}.value() == amount::max());
    CHECK(path_maximum{amount{500}}.value() == amount{500});
    CHECK(path_maximum{amount{0}}.value() == amount{0});
}

TEST_CASE("A27-35 A27-36: an F08 with data gives the maximum exactly, in our units") {
    std::mt19937_64 random{3};
    for (int i = 0; i < 500; ++i) {
        const connector path{random() % 50 + 1, random() % 50 + 1, random() % 1'000 + 1};
        const amount largest = path.largest();
        path_maximum maximum{amount{largest.value + random() % 10'000 + 1}};
        CAPTURE(path.numerator, path.denominator, path.maximum, largest.value, maximum.value().value);
        const int refused = learn(maximum, path, true);
        CHECK(maximum.value() <= largest);
        // An amount just above the maximum shows the ratio only to a unit; a later answer makes up for it.
        CHECK(refused <= 2);
        CHECK(path.answer({maximum.value().value}) == std::nullopt);
    }
    // A large amount shows it to the unit.
    path_maximum maximum{amount{1'000'000}};
    maximum.refused({1'000'000}, amount_too_large{{2'000'000}, {1'000}});
    CHECK(maximum.value() == amount{500});
    maximum.passed({500});
    CHECK(maximum.value() == amount{500});
}

TEST_CASE("path maximum: the largest numbers are exact") {
    path_maximum maximum;
    maximum.refused(amount::max(), amount_too_large{amount::max(), {amount::max().value - 1}});
    CHECK(maximum.value() == amount{amount::max().value - 1});
}

TEST_CASE("path maximum: an F08 without data halves the amount, and what passes grows back") {
    const connector path{1, 1, 700'000};
    path_maximum maximum{amount{1'000'000'000}};
    const int refused = learn(maximum, path, false);
    CHECK(maximum.value() <= amount{700'000});
    CHECK(maximum.value() > amount{700'000 - 700'000 / 8});
    CHECK(refused <= 16);  // ten halvings, and some on the way back
}

TEST_CASE("path maximum: several answers of one round trip count once") {
    path_maximum maximum{amount{1'000}};
    for (int i = 0; i < 10; ++i) maximum.refused({1'000}, std::nullopt);
    CHECK(maximum.value() == amount{500});
    maximum.refused({2'000}, std::nullopt);
    CHECK(maximum.value() == amount{500});
}

TEST_CASE("path maximum: data that contradicts itself counts as none") {
    path_maximum maximum{amount{1'000}};
    maximum.refused({1'000}, amount_too_large{{1'000}, {1'000}});
    CHECK(maximum.value() == amount{500});
    maximum.refused({500}, amount_too_large{{1}, amount::max()});
    CHECK(maximum.value() == amount{250});
}

TEST_CASE("path maximum: a path that refuses everything ends at zero") {
    for (const bool with_data : {false, true}) {
        path_maximum maximum;
        learn(maximum, {.numerator = 1, .denominator = 1'000'000, .maximum = 0}, false);
        CHECK(maximum.value() < amount{1'000'000});
        path_maximum nothing;
        int answers = 0;
        for (; !nothing.value().is_zero() && answers < 1'000; ++answers) {
            nothing.refused(nothing.value(), with_data ? std::optional{amount_too_large{{5}, {0}}} : std::nullopt);
        }
        CHECK(nothing.value().is_zero());
        CHECK(answers < 70);
    }
}

TEST_CASE("path maximum: a larger packet shows that the path takes more than before, or that it does not") {
    path_maximum maximum;
    maximum.refused({5'000}, amount_too_large{{5'000}, {1'000}});
    SECTION("it passes") {
        maximum.trial_passed({2'000});
        CHECK(maximum.value() == amount{2'000});
    }
    SECTION("it is refused, and the maximum has become larger") {
        maximum.trial_refused({2'000}, amount_too_large{{2'000}, {1'500}});
        CHECK(maximum.value() == amount{1'500});
    }
    SECTION("it is refused as before") {
        maximum.trial_refused({2'000}, amount_too_large{{2'000}, {1'000}});
        CHECK(maximum.value() == amount{1'000});
        maximum.trial_refused({2'000}, std::nullopt);
        CHECK(maximum.value() == amount{1'000});
    }
    SECTION("it is refused, and the maximum has become smaller") {
        maximum.trial_refused({2'000}, amount_too_large{{2'000}, {700}});
        CHECK(maximum.value() == amount{700});
    }
}

TEST_CASE("path maximum: a maximum that has become smaller is learned, although more has passed before") {
    path_maximum maximum{amount{1'000}};
    maximum.passed({1'000});
    maximum.refused({1'000}, std::nullopt);
    CHECK(maximum.value() == amount{500});
    maximum.passed({500});
    maximum.refused({750}, amount_too_large{{750}, {100}});
    CHECK(maximum.value() == amount{100});
}

}  // namespace path_maximum_test
