#include "peering/json/canonical_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

namespace peering {
namespace {

/// Comparing the bytes of UTF-8 texts by this rank gives the order of their UTF-16 forms. There, a character of four
/// UTF-8 bytes is a surrogate pair, which sorts before U+E000 to U+FFFF.
int rank(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return byte == 0xee || byte == 0xef ? byte + 0x10 : byte;
}

bool comes_before(std::string_view a, std::string_view b) {
    return std::ranges::lexicographical_compare(a, b, {}, rank, rank);
}

enum class integers : std::uint8_t { as_doubles, exact };

class writer {
public:
    explicit writer(integers integers) : integers_{integers} {}

    /// Returns false for a value that JSON cannot represent.
    bool write(const boost::json::value& value) {
        switch (value.kind()) {
            case boost::json::kind::null:
                out_ += "null";
                return true;
            case boost::json::kind::bool_:
                out_ += value.get_bool() ? "true" : "false";
                return true;
            case boost::json::kind::int64:
                return write_integer(value.get_int64());
            case boost::json::kind::uint64:
                return write_integer(value.get_uint64());
            case boost::json::kind::double_:
                return write(value.get_double());
            case boost::json::kind::string:
                write(std::string_view{value.get_string()});
                return true;
            case boost::json::kind::array:
                return write(value.get_array());
            case boost::json::kind::object:
                return write(value.get_object());
        }
        std::unreachable();
    }

    std::string take() { return std::move(out_); }

private:
    template <std::integral Integer>
    bool write_integer(Integer number) {
        if (integers_ == integers::as_doubles) return write(static_cast<double>(number));
        out_ += std::to_string(number);
        return true;
    }

    bool write(const boost::json::array& array) {
        out_ += '[';
        for (std::size_t i = 0; i < array.size(); ++i) {
            if (i > 0) out_ += ',';
            if (!write(array[i])) return false;
        }
        out_ += ']';
        return true;
    }

    bool write(const boost::json::object& object) {
        std::vector<const boost::json::key_value_pair*> members;
        for (const auto& member : object) members.push_back(&member);
        std::ranges::sort(members, comes_before, [](const auto* member) { return std::string_view{member->key()}; });
        out_ += '{';
        for (std::size_t i = 0; i < members.size(); ++i) {
            if (i > 0) out_ += ',';
            write(std::string_view{members[i]->key()});
            out_ += ':';
            if (!write(members[i]->value())) return false;
        }
        out_ += '}';
        return true;
    }

    void write(std::string_view text) {
        out_ += '"';
        for (const char c : text) write_character(c);
        out_ += '"';
    }

    void write_character(char c) {
        constexpr std::string_view digits = "0123456789abcdef";
        constexpr std::string_view escaped = "\"\\\b\t\n\f\r";
        constexpr std::string_view letters = "\"\\btnfr";
        if (const auto at = escaped.find(c); at != std::string_view::npos) {
            out_ += '\\';
            out_ += letters[at];
        } else if (static_cast<unsigned char>(c) < 0x20) {
            out_ += "\\u00";
            out_ += digits[static_cast<unsigned char>(c) >> 4];
            out_ += digits[static_cast<unsigned char>(c) & 15];
        } else {
            out_ += c;
        }
    }

    /// Number::toString of ECMAScript. Its n is called `point` here: the position of the decimal point, counted from
    /// the first digit.
    bool write(double number) {
        if (!std::isfinite(number)) return false;
        if (number == 0) {
            out_ += '0';  // also for negative zero
            return true;
        }
        if (number < 0) out_ += '-';
        std::array<char, 32> buffer;  // d.ddddddddddddddddde-ddd
        const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(number),
                                                std::chars_format::scientific);
        const std::string_view shortest{buffer.data(), end};
        const std::size_t e = shortest.find('e');
        std::string digits{shortest.substr(0, 1)};
        if (e > 2) digits += shortest.substr(2, e - 2);
        int exponent = 0;
        std::from_chars(shortest.data() + e + (shortest[e + 1] == '+' ? 2 : 1), end, exponent);
        write(std::move(digits), exponent + 1);
        return true;
    }

    void write(std::string digits, int point) {
        const int count = static_cast<int>(digits.size());
        if (point > 21 || point <= -6) {
            if (count > 1) digits.insert(1, 1, '.');
            out_ += digits + (point > 0 ? "e+" : "e-") + std::to_string(std::abs(point - 1));
        } else if (point <= 0) {
            out_ += "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
        } else if (count <= point) {
            out_ += digits + std::string(static_cast<std::size_t>(point - count), '0');
        } else {
            out_ += digits.insert(static_cast<std::size_t>(point), 1, '.');
        }
    }

    const integers integers_;
    std::string out_;
};

std::optional<std::string> written(const boost::json::value& value, integers integers) {
    writer out{integers};
    if (!out.write(value)) return std::nullopt;
    return out.take();
}

}  // namespace

std::optional<std::string> canonical_json(const boost::json::value& value) {
    return written(value, integers::as_doubles);
}

std::optional<std::string> exact_json(const boost::json::value& value) {
    return written(value, integers::exact);
}

}  // namespace peering
