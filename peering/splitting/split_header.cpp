#include "peering/splitting/split_header.hpp"

#include <charconv>
#include <limits>
#include <span>

namespace peering {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t id_text_size = 24;  // 16 octets in base64, with the padding that RFC 8941 asks for

template <typename Number>
void append_number(std::string& out, Number value) {
    std::array<char, std::numeric_limits<Number>::digits10 + 1> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
}

void append_id(std::string& out, const split_id& id) {
    for (std::size_t i = 0; i < id.size(); i += 3) {
        std::uint32_t bits = std::uint32_t{id[i]} << 16U;
        if (i + 1 < id.size()) bits |= std::uint32_t{id[i + 1]} << 8U | id[i + 2];
        const std::size_t characters = i + 1 < id.size() ? 4 : 2;
        for (std::size_t j = 0; j < characters; ++j) out += alphabet[bits >> (18U - 6U * j) & 0x3fU];
    }
    out += "==";
}

/// Takes pieces off the front of a text. After the first that is not there, nothing more is taken.
class reader {
public:
    explicit reader(std::string_view text) noexcept : rest_{text} {}

    reader& text(std::string_view expected) noexcept {
        if (rest_.starts_with(expected)) {
            rest_.remove_prefix(expected.size());
        } else {
            fail();
        }
        return *this;
    }

    /// A number as append_number() writes it: without a leading zero.
    template <typename Number>
    reader& number(Number& to) noexcept {
        const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), to);
        const auto size = static_cast<std::size_t>(end - rest_.data());
        if (error != std::errc{} || (size > 1 && rest_.front() == '0')) {
            fail();
        } else {
            rest_.remove_prefix(size);
        }
        return *this;
    }

    reader& id(split_id& to) noexcept {
        if (rest_.size() < id_text_size) {
            fail();
            return *this;
        }
        std::uint32_t bits = 0;
        std::size_t octet = 0;
        for (std::size_t i = 0; i < id_text_size - 2; ++i) {
            const std::size_t digit = alphabet.find(rest_[i]);
            if (digit == std::string_view::npos) {
                fail();
                return *this;
            }
            bits = bits << 6U | static_cast<std::uint32_t>(digit);
            if (i % 4 != 0 && octet < to.size()) {
                to[octet++] = static_cast<ilp::octet>(bits >> (6U - 2U * (i % 4)));
            }
        }
        // The last character has four bits beyond the last octet. They are zero, so that an id has one text only.
        if ((bits & 0xfU) != 0) fail();
        rest_.remove_prefix(std::min(rest_.size(), id_text_size - 2));
        return text("==");
    }

    bool is_at_end() const noexcept { return !failed_ && rest_.empty(); }

private:
    void fail() noexcept {
        failed_ = true;
        rest_ = {};
    }

    std::string_view rest_;
    bool failed_ = false;
};

bool is_count_of_parts(std::uint32_t parts) noexcept {
    return parts >= 2 && parts <= split_parts_limit;
}

}  // namespace

void append(std::string& out, const part_label& label) {
    out += "id=:";
    append_id(out, label.id);
    out += ":, part=";
    append_number(out, label.part);
    out += ", parts=";
    append_number(out, label.parts);
    out += ", total=\"";
    append_number(out, label.total.value);
    out += '"';
}

void append(std::string& out, const split_terms& terms) {
    out += "max-total=\"";
    append_number(out, terms.max_total.value);
    out += "\", max-parts=";
    append_number(out, terms.max_parts);
}

std::optional<part_label> parse_part_label(std::string_view value) noexcept {
    part_label label;
    const bool is_whole = reader{value}
                              .text("id=:")
                              .id(label.id)
                              .text(":, part=")
                              .number(label.part)
                              .text(", parts=")
                              .number(label.parts)
                              .text(", total=\"")
                              .number(label.total.value)
                              .text("\"")
                              .is_at_end();
    if (!is_whole || !is_count_of_parts(label.parts) || label.part >= label.parts) return std::nullopt;
    return label;
}

std::optional<split_terms> parse_split_terms(std::string_view value) noexcept {
    split_terms terms;
    const bool is_whole = reader{value}
                              .text("max-total=\"")
                              .number(terms.max_total.value)
                              .text("\", max-parts=")
                              .number(terms.max_parts)
                              .is_at_end();
    if (!is_whole || !is_count_of_parts(terms.max_parts)) return std::nullopt;
    return terms;
}

}  // namespace peering
