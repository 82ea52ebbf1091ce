#include "connector/transport/trace_id.hpp"

#include "ilp/hex.hpp"
#include "ilp/invariant.hpp"

#include <openssl/rand.h>

#include <span>

namespace connector {
namespace {

constexpr std::size_t digits_of_half = 16;

/// The finalizer of SplitMix64: of a counter, it makes numbers that look random.
std::uint64_t mixed(std::uint64_t number) noexcept {
    number = (number ^ (number >> 30U)) * 0xbf58476d1ce4e5b9U;
    number = (number ^ (number >> 27U)) * 0x94d049bb133111ebU;
    return number ^ (number >> 31U);
}

/// The most significant octet comes first.
std::uint64_t number_in(std::span<const ilp::octet> octets) noexcept {
    std::uint64_t number = 0;
    for (const ilp::octet octet : octets) number = number << 8U | octet;
    return number;
}

void write_digits(std::uint64_t number, std::span<char> to) noexcept {
    constexpr std::string_view digits = "0123456789abcdef";
    for (std::size_t at = to.size(); at-- > 0; number >>= 4U) to[at] = digits[number & 0xfU];
}

}  // namespace

std::optional<trace_id> trace_id::parse(std::string_view text) noexcept {
    std::array<ilp::octet, 16> octets{};
    if (!ilp::parse_hex(text, octets)) return std::nullopt;
    const std::span<const ilp::octet> all{octets};
    const trace_id parsed{number_in(all.first(8)), number_in(all.last(8))};
    return parsed ? std::optional{parsed} : std::nullopt;
}

trace_id::text_form trace_id::text() const noexcept {
    text_form text{};
    write_digits(high_, std::span{text}.first<digits_of_half>());
    write_digits(low_, std::span{text}.last<digits_of_half>());
    return text;
}

trace_source::trace_source() {
    std::array<std::uint64_t, 2> seed{};
    const bool is_random = RAND_bytes(reinterpret_cast<unsigned char*>(seed.data()), sizeof seed) == 1;
    ilp::require(is_random, "libcrypto has random numbers");
    high_ = seed[0];
    low_ = seed[1];
}

trace_id trace_source::next() noexcept {
    constexpr std::uint64_t golden_ratio = 0x9e3779b97f4a7c15U;
    high_ += golden_ratio;
    low_ += golden_ratio;
    const trace_id made{mixed(high_), mixed(low_)};
    return made ? made : next();
}

}  // namespace connector
