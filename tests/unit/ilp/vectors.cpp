#include "tests/unit/ilp/vectors.hpp"

#include <boost/json.hpp>

#include <charconv>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace vectors {
namespace {

template <class Integer>
Integer number(std::string_view digits, int base) {
    Integer value{};
    const auto [stopped, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (error != std::errc{} || stopped != digits.data() + digits.size()) {
        throw std::invalid_argument{"no number: " + std::string{digits}};
    }
    return value;
}

}  // namespace

boost::json::value load(std::string_view file) {
    const std::string path = std::string{ILPD_VECTORS "/"}.append(file);
    std::ifstream in{path};
    if (!in) throw std::runtime_error{"cannot read " + path};
    return boost::json::parse(std::string{std::istreambuf_iterator<char>{in}, {}});
}

std::string_view text(const boost::json::value& value) {
    const boost::json::string& string = value.as_string();
    return {string.data(), string.size()};
}

ilp::bytes from_hex(std::string_view hex) {
    ilp::bytes octets;
    for (std::size_t i = 0; i < hex.size(); i += 2) octets.push_back(number<ilp::octet>(hex.substr(i, 2), 16));
    return octets;
}

ilp::bytes from_base64(std::string_view base64) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    ilp::bytes octets;
    unsigned bits = 0;
    int bit_count = 0;
    for (const char c : base64.substr(0, base64.find('='))) {
        bits = bits << 6 | static_cast<unsigned>(digits.find(c));
        bit_count += 6;
        if (bit_count < 8) continue;
        bit_count -= 8;
        octets.push_back(static_cast<ilp::octet>(bits >> bit_count & 0xff));
    }
    return octets;
}

std::string to_hex(ilp::bytes_view octets) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (const ilp::octet each : octets) {
        hex += digits[each >> 4];
        hex += digits[each & 0xf];
    }
    return hex;
}

std::string build(std::string_view recipe) {
    const auto next_quoted = [&recipe] {
        const std::size_t begin = recipe.find('\'') + 1;
        const std::size_t end = recipe.find('\'', begin);
        const std::string quoted{recipe.substr(begin, end - begin)};
        recipe.remove_prefix(end + 1);
        return quoted;
    };
    std::string built = next_quoted();
    const std::string repeated = next_quoted();
    const auto count = number<std::size_t>(recipe.substr(1), 10);
    for (std::size_t i = 0; i < count; ++i) built += repeated;
    return built;
}

ilp::bytes data_of(const boost::json::object& fields) {
    if (const auto* hex = fields.if_contains("data_hex")) return from_hex(text(*hex));
    const boost::json::value& repeat = fields.at("data_repeat");
    return ilp::bytes(repeat.at("count").to_number<std::size_t>(), from_hex(text(repeat.at("byte"))).at(0));
}

}  // namespace vectors
