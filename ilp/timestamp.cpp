#include "ilp/timestamp.hpp"

#include <array>
#include <bit>
#include <cassert>
#include <cstdint>
#include <cstring>

namespace ilp {
namespace {

using namespace std::chrono;

/// Loads eight digits into one word, the first digit in the lowest octet.
std::uint64_t load_digits(const octet* from) noexcept {
    std::uint64_t word;
    std::memcpy(&word, from, sizeof word);
    return std::endian::native == std::endian::little ? word : std::byteswap(word);
}

/// True if every octet is one of '0'..'9': the upper half is 3 and remains 3 when 6 is added.
bool are_digits(std::uint64_t word) noexcept {
    constexpr std::uint64_t upper = 0xf0f0f0f0f0f0f0f0;
    constexpr std::uint64_t threes = 0x3030303030303030;
    return (word & upper) == threes && ((word + 0x0606060606060606) & upper) == threes;
}

/// The four numbers 0..99 that eight digits encode.
struct pairs {
    unsigned first;
    unsigned second;
    unsigned third;
    unsigned fourth;
};

pairs to_pairs(std::uint64_t digits) noexcept {
    const std::uint64_t values = digits - 0x3030303030303030;
    const std::uint64_t tens_and_ones = values * 10 + (values >> 8);
    const auto at = [&](int octet_index) { return static_cast<unsigned>(tens_and_ones >> (8 * octet_index) & 0xff); };
    return {at(0), at(2), at(4), at(6)};
}

constexpr auto two_digits = [] {
    std::array<std::array<octet, 2>, 100> table;
    for (unsigned i = 0; i < table.size(); ++i) {
        table[i] = {static_cast<octet>('0' + i / 10), static_cast<octet>('0' + i % 10)};
    }
    return table;
}();

}  // namespace

std::optional<timestamp> parse_timestamp(std::span<const octet, timestamp_size> digits) noexcept {
    const std::uint64_t date_digits = load_digits(digits.data());
    const std::uint64_t time_digits = load_digits(digits.data() + 8);
    const unsigned last = digits[16] - unsigned{'0'};
    if (!are_digits(date_digits) || !are_digits(time_digits) || last > 9) return std::nullopt;

    const auto [century, year_of_century, month_number, day_number] = to_pairs(date_digits);
    const unsigned year_number = century * 100 + year_of_century;
    const year_month_day date{year{static_cast<int>(year_number)}, month{month_number}, day{day_number}};
    const auto [hour, minute, second, centisecond] = to_pairs(time_digits);
    if (year_number == 0 || !date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
    return sys_days{date} + hours{hour} + minutes{minute} + seconds{second} + milliseconds{centisecond * 10 + last};
}

void write_timestamp(timestamp instant, std::span<octet, timestamp_size> digits) noexcept {
    const sys_days midnight = floor<days>(instant);
    const year_month_day date{midnight};
    assert(date.year() >= year{1} && date.year() <= year{9999});
    const auto since_midnight = static_cast<std::uint32_t>((instant - midnight).count());
    const std::uint32_t second_of_day = since_midnight / 1000;
    const std::uint32_t millisecond = since_midnight % 1000;
    const auto year_number = static_cast<unsigned>(static_cast<int>(date.year()));

    octet* to = digits.data();
    const auto put = [&to](unsigned number) {
        std::memcpy(to, two_digits[number].data(), 2);
        to += 2;
    };
    put(year_number / 100);
    put(year_number % 100);
    put(static_cast<unsigned>(date.month()));
    put(static_cast<unsigned>(date.day()));
    put(second_of_day / 3600);
    put(second_of_day / 60 % 60);
    put(second_of_day % 60);
    put(millisecond / 10);
    *to = static_cast<octet>('0' + millisecond % 10);
}

}  // namespace ilp
