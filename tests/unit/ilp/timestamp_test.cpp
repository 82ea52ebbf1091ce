#include "ilp/timestamp.hpp"

#include "tests/unit/ilp/vectors.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <array>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace timestamp_test {

using ilp::timestamp;
using namespace std::chrono;

namespace {

std::optional<timestamp> parse(std::string_view digits) {
    if (digits.size() != ilp::timestamp_size) throw std::invalid_argument{"a time has 17 octets"};
    return ilp::parse_timestamp(ilp::as_bytes(digits).first<ilp::timestamp_size>());
}

std::string write(timestamp instant) {
    std::array<ilp::octet, ilp::timestamp_size> digits;
    ilp::write_timestamp(instant, digits);
    return std::string{ilp::as_text(digits)};
}

}  // namespace

TEST_CASE("A30-11 A27-96: the valid times of the vectors are read, and written as they were") {
    const auto vectors = vectors::load("generated/timestamps.json");
    for (const auto& vector : vectors.at("valid").as_array()) {
        const std::string_view digits = vectors::text(vector.at("ts"));
        INFO(digits);
        const timestamp instant{milliseconds{vector.at("unix_ms").to_number<std::int64_t>()}};
        CHECK(parse(digits) == instant);
        CHECK(write(instant) == digits);
    }
}

TEST_CASE("A30-10 A27-95: the invalid times of the vectors are refused, year 0000 too") {
    const auto vectors = vectors::load("generated/timestamps.json");
    for (const auto* kind : {"invalid", "policy"}) {
        for (const auto& vector : vectors.at(kind).as_array()) {
            INFO(vectors::text(vector.at("ts")) << ": " << vectors::text(vector.at("why")));
            CHECK_FALSE(parse(vectors::text(vector.at("ts"))));
        }
    }
}

TEST_CASE("A30-10 A27-95: an octet that is not a digit is refused wherever it is") {
    const std::string valid = "20200229123456789";
    for (std::size_t at = 0; at < valid.size(); ++at) {
        for (int octet = 0; octet < 256; ++octet) {
            if (octet >= '0' && octet <= '9') continue;
            std::string digits = valid;
            digits[at] = static_cast<char>(octet);
            if (!parse(digits)) continue;
            CAPTURE(at, octet);
            FAIL("was accepted");
        }
    }
}

TEST_CASE("A30-10 A30-12 A27-95: each part of the time is bounded") {
    for (int month_number = 0; month_number < 100; ++month_number) {
        for (int day_number = 0; day_number < 100; ++day_number) {
            for (const int year_number : {1900, 2000, 2023, 2024}) {
                std::string digits =
                    std::to_string(year_number * 10000 + month_number * 100 + day_number) + "000000000";
                const bool exists = year_month_day{year{year_number}, month(static_cast<unsigned>(month_number)),
                                                   day(static_cast<unsigned>(day_number))}
                                        .ok();
                if (parse(digits).has_value() == exists) continue;
                INFO(digits);
                FAIL("taken for the opposite");
            }
        }
    }
    for (int number = 0; number < 100; ++number) {
        const std::string two_digits = std::to_string(100 + number).substr(1);
        INFO(two_digits);
        CHECK(parse("20200229" + two_digits + "0000000").has_value() == (number < 24));
        CHECK(parse("2020022900" + two_digits + "00000").has_value() == (number < 60));
        CHECK(parse("202002290000" + two_digits + "000").has_value() == (number < 60));
        CHECK(parse("20200229000000" + two_digits + "0").has_value());
    }
}

TEST_CASE("A30-09: midnight belongs to the next day, and milliseconds have three digits") {
    const timestamp midnight = sys_days{year{2017} / December / 25};
    CHECK(write(midnight) == "20171225000000000");
    CHECK(write(midnight - milliseconds{1}) == "20171224235959999");
    CHECK(write(midnight + milliseconds{20}) == "20171225000000020");
    CHECK(write(sys_days{year{1970} / January / 1}) == "19700101000000000");
}

TEST_CASE("A30-12: the second of a leap second is smeared") {
    const timestamp before = sys_days{year{2017} / January / 1} - milliseconds{1};
    CHECK(write(before) == "20161231235959999");
    CHECK(write(before + milliseconds{1}) == "20170101000000000");
    CHECK_FALSE(parse("20161231235960000"));
}

TEST_CASE("A30-15: a finer clock does not convert by itself, so that it is rounded down by name") {
    STATIC_REQUIRE_FALSE(std::is_convertible_v<sys_time<microseconds>, timestamp>);
    const auto instant = sys_days{year{2020} / February / 29} + microseconds{1999};
    CHECK(write(floor<milliseconds>(instant)) == "20200229000000001");
}

TEST_CASE("A30-09: every day of the years 1 to 9999 is written in order and read back") {
    const sys_days first = year{1} / January / 1;
    const sys_days last = year{9999} / December / 31;
    std::string previous;
    for (sys_days each = first; each <= last; each += days{1}) {
        const timestamp instant = each + hours{each.time_since_epoch().count() & 15} + milliseconds{12'345};
        std::string digits = write(instant);
        if (digits > previous && parse(digits) == instant) {
            previous = std::move(digits);
            continue;
        }
        CAPTURE(previous, digits);
        FAIL("out of order, or not read back");
    }
}

}  // namespace timestamp_test
