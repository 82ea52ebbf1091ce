#include "tests/conversation/world.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cstdio>
#include <ctime>
#include <random>
#include <string>

namespace expiry_test {

using namespace conversation;
using std::chrono::sys_days;
using std::chrono::year;

namespace {

/// The 17 digits according to the C library's calendar.
std::string digits_of(ilp::timestamp instant) {
    const auto whole = std::chrono::floor<std::chrono::seconds>(instant);
    const std::time_t seconds = whole.time_since_epoch().count();
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 80> text{};
    std::snprintf(text.data(), text.size(), "%04d%02d%02d%02d%02d%02d%03d", parts.tm_year + 1900, parts.tm_mon + 1,
                  parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                  static_cast<int>((instant - whole).count()));
    return text.data();
}

/// The expiresAt that the next hop reads.
std::string forwarded_digits(const decision& decided) {
    const auto octets = decided.forwarded();
    const std::size_t contents = octets[1] < 0x80 ? 2U : 2U + (octets[1] & 0x7fU);
    return std::string{ilp::as_text(octets.subspan(contents + 8, 17))};
}

}  // namespace

TEST_CASE("A27-07: the outgoing expiry is earlier by the minimum window") {
    auto settings = usual_settings();
    for (const auto window : {1ms, 250ms, 1000ms, 2500ms}) {
        settings.connector.min_expiration_window = window;
        world d{settings};
        const decision decided = d.send("p1", prepare{.expires_in = 10s});
        REQUIRE(decided.what == step::go_on);
        CHECK(decided.context.prepare->expires_at() == d.now.wall + 10s - window);
        CHECK(decided.context.outgoing_expires_at == decided.context.prepare->expires_at());
    }
}

TEST_CASE("A18-09 A27-08: the outgoing expiry is at most the maximum hold time ahead") {
    world d;
    const auto left = [&d](std::chrono::milliseconds expires_in) {
        const decision decided = d.send("p1", prepare{.amount = 0, .expires_in = expires_in});
        REQUIRE(decided.what == step::go_on);
        return decided.context.prepare->expires_at() - d.now.wall;
    };
    CHECK(left(30'999ms) == 29'999ms);
    CHECK(left(31s) == 30s);
    CHECK(left(31'001ms) == 30s);
    CHECK(left(1h) == 30s);
    const decision last_year =
        d.send("p1", prepare{.amount = 0, .expires_at = sys_days{year{9999} / 12 / 31} + 24h - 1ms});
    REQUIRE(last_year.what == step::go_on);
    CHECK(last_year.context.prepare->expires_at() == d.now.wall + 30s);
}

TEST_CASE("A27-70: the remaining time must be at least the minimum window, to the millisecond") {
    auto settings = usual_settings();
    for (const auto window : {1ms, 1000ms, 2500ms}) {
        settings.connector.min_expiration_window = window;
        world d{settings};
        CHECK(d.send("p1", prepare{.expires_in = 2 * window - 1ms}).refused_with(reject_reason::expires_too_soon));
        const decision last = d.send("p1", prepare{.expires_in = 2 * window});
        REQUIRE(last.what == step::go_on);
        CHECK(last.context.prepare->expires_at() == d.now.wall + window);
    }
}

TEST_CASE("A27-09 A30-09 A30-12: the written expiry is right across every boundary of the calendar") {
    world d;
    for (const auto& boundary :
         {ilp::timestamp{sys_days{year{2026} / 3 / 14}} + 15h + 9min + 27s,  // second
          ilp::timestamp{sys_days{year{2026} / 3 / 14}} + 15h + 10min,       // minute
          ilp::timestamp{sys_days{year{2026} / 3 / 14}} + 16h,               // hour
          ilp::timestamp{sys_days{year{2026} / 3 / 15}},                     // day
          ilp::timestamp{sys_days{year{2026} / 5 / 1}},                      // months
          ilp::timestamp{sys_days{year{2027} / 3 / 1}},
          ilp::timestamp{sys_days{year{2028} / 2 / 29}},  // leap day, before and after
          ilp::timestamp{sys_days{year{2028} / 3 / 1}}, ilp::timestamp{sys_days{year{2000} / 2 / 29}},
          ilp::timestamp{sys_days{year{2100} / 3 / 1}},  // not a leap year
          ilp::timestamp{sys_days{year{2027} / 1 / 1}},  // year
          ilp::timestamp{sys_days{year{2017} / 1 / 1}},  // after a leap second
          ilp::timestamp{sys_days{year{1970} / 1 / 1}}, ilp::timestamp{sys_days{year{10000} / 1 / 1}} - 1min}) {
        for (const auto offset : {-1001ms, -1000ms, -999ms, -1ms, 0ms, 1ms, 9ms, 10ms, 99ms, 100ms, 999ms, 1000ms}) {
            const ilp::timestamp outgoing = boundary + offset;
            INFO(digits_of(outgoing));
            // Shortened by the minimum window...
            d.now.wall = outgoing - 5s;
            const decision shortened = d.send("p1", prepare{.amount = 0, .expires_at = outgoing + 1s});
            REQUIRE(shortened.what == step::go_on);
            CHECK(forwarded_digits(shortened) == digits_of(outgoing));
            // ...and by the maximum hold time.
            d.now.wall = outgoing - 30s;
            const decision capped = d.send("p1", prepare{.amount = 0, .expires_at = outgoing + 10s});
            REQUIRE(capped.what == step::go_on);
            CHECK(forwarded_digits(capped) == digits_of(outgoing));
        }
    }
}

TEST_CASE("A27-07 A27-08 A27-09: the next hop reads the correct expiry for random times") {
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    world d;
    const auto first = ilp::timestamp{sys_days{year{1990} / 1 / 1}};
    const auto range = static_cast<std::uint64_t>((ilp::timestamp{sys_days{year{2400} / 1 / 1}} - first).count());
    for (int i = 0; i < 5000; ++i) {
        d.now.wall = first + std::chrono::milliseconds{random() % range};
        const std::chrono::milliseconds expires_in{2000 + random() % 60'000};
        const decision decided = d.send("p1", prepare{.amount = 0, .expires_in = expires_in});
        REQUIRE(decided.what == step::go_on);
        const ilp::timestamp expected = d.now.wall + std::min(expires_in - 1s, std::chrono::milliseconds{30'000});
        REQUIRE(forwarded_digits(decided) == digits_of(expected));
    }
}

}  // namespace expiry_test
