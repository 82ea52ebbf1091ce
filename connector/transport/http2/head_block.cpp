#include "connector/transport/http2/head_block.hpp"

#include "ilp/invariant.hpp"

#include <nghttp2/nghttp2.h>

#include <array>
#include <limits>

namespace connector::http2 {
namespace {

constexpr std::uint8_t static_entries = 61;

/// Reads an integer with a prefix of this many bits (RFC 7541 section 5.1), and moves `at` behind it. Returns nullopt
/// if it does not end in the block, or is larger than any block.
std::optional<std::size_t> read_integer(ilp::bytes_view block, std::size_t& at, unsigned bits) noexcept {
    const std::size_t prefix_max = (std::size_t{1} << bits) - 1;
    std::size_t value = block[at++] & prefix_max;
    if (value < prefix_max) return value;
    for (unsigned shift = 0; shift < 28; shift += 7) {
        if (at == block.size()) return {};
        const ilp::octet octet = block[at++];
        value += std::size_t{octet & 0x7fU} << shift;
        if ((octet & 0x80U) == 0) return value;
    }
    return {};
}

/// Moves `at` behind a string. Returns false if it does not end in the block.
bool skip_string(ilp::bytes_view block, std::size_t& at) noexcept {
    if (at == block.size()) return false;
    const auto size = read_integer(block, at, 7);
    if (!size || *size > block.size() - at) return false;
    at += *size;
    return true;
}

void append_integer(ilp::bytes& block, ilp::octet first, unsigned bits, std::size_t value) {
    const std::size_t prefix_max = (std::size_t{1} << bits) - 1;
    if (value < prefix_max) {
        block.push_back(static_cast<ilp::octet>(first | value));
        return;
    }
    block.push_back(static_cast<ilp::octet>(first | prefix_max));
    for (value -= prefix_max; value >= 0x80; value >>= 7U) block.push_back(static_cast<ilp::octet>(value | 0x80U));
    block.push_back(static_cast<ilp::octet>(value));
}

void append_string(ilp::bytes& block, std::string_view text) {
    append_integer(block, 0, 7, text.size());
    ilp::append(block, text);
}

std::string_view text_of(const std::uint8_t* octets, std::size_t size) noexcept {
    return ilp::as_text({octets, size});
}

}  // namespace

bool leaves_table(ilp::bytes_view block) noexcept {
    std::size_t at = 0;
    while (at != block.size()) {
        const ilp::octet first = block[at];
        if ((first & 0x80U) != 0) {
            if (!read_integer(block, at, 7)) return false;
            continue;
        }
        if ((first & 0xe0U) != 0) return false;  // a literal that is added to the table, or a change of its size
        const auto name = read_integer(block, at, 4);
        if (!name || (*name == 0 && !skip_string(block, at)) || !skip_string(block, at)) return false;
    }
    return true;
}

void head_decoder::destroy::operator()(nghttp2_hd_inflater* inflater) const noexcept {
    nghttp2_hd_inflate_del(inflater);
}

head_decoder::head_decoder() = default;
head_decoder::~head_decoder() = default;

head_decoder::outcome head_decoder::decode(ilp::bytes_view block, field_sink& sink) {
    if (!inflater_) {
        nghttp2_hd_inflater* made = nullptr;
        ilp::require(nghttp2_hd_inflate_new(&made) == 0, "there is memory for an HPACK table");
        inflater_.reset(made);
    }
    constexpr std::size_t overhead = 32;  // per field, as RFC 9113 section 6.5.2 counts it
    std::size_t size = 0;
    for (;;) {
        nghttp2_nv field{};
        int flags = 0;
        const auto read = nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags, block.data(), block.size(), 1);
        if (read < 0) return outcome::malformed;
        block = block.subspan(static_cast<std::size_t>(read));
        if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
            size += field.namelen + field.valuelen + overhead;
            if (size > field_list_size_bearable) return outcome::too_large;
            sink.field(text_of(field.name, field.namelen), text_of(field.value, field.valuelen));
        }
        if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
        if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0 && block.empty()) return outcome::malformed;
    }
    nghttp2_hd_inflate_end_headers(inflater_.get());
    return outcome::decoded;
}

void append_indexed(ilp::bytes& block, std::uint8_t index) {
    ilp::require(index != 0 && index <= static_entries, "the static table has 61 entries");
    append_integer(block, 0x80, 7, index);
}

void append_literal(ilp::bytes& block, std::uint8_t name_index, std::string_view value, bool is_secret) {
    ilp::require(name_index != 0 && name_index <= static_entries, "the static table has 61 entries");
    append_integer(block, is_secret ? 0x10 : 0x00, 4, name_index);
    append_string(block, value);
}

void append_named(ilp::bytes& block, std::string_view name, std::string_view value) {
    block.push_back(0x00);  // a literal that is not added to the table, with a name of its own
    append_integer(block, 0, 7, name.size());
    for (const char c : name) block.push_back(static_cast<ilp::octet>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c));
    append_string(block, value);
}

std::optional<std::string_view> value_of_only_field(ilp::bytes_view block, std::string_view name) noexcept {
    constexpr std::size_t short_max = 126;  // a length beyond it, or Huffman coding, has other bits in its octet
    const std::size_t value_at = 3 + name.size();
    if (name.size() > short_max || block.size() < value_at || block[0] != 0x00 || block[1] != name.size()) return {};
    if (ilp::as_text(block.subspan(2, name.size())) != name) return {};
    const std::size_t size = block[value_at - 1];
    if (size > short_max || block.size() != value_at + size) return {};
    return ilp::as_text(block.subspan(value_at));
}

void append_status(ilp::bytes& block, unsigned status) {
    switch (status) {
        case 200:
            return append_indexed(block, static_table::status_200);
        case 400:
            return append_indexed(block, static_table::status_400);
        case 404:
            return append_indexed(block, static_table::status_404);
        default:
            break;
    }
    ilp::require(status >= 100 && status <= 999, "a status has three digits");
    const std::array<char, 3> digits{static_cast<char>('0' + status / 100), static_cast<char>('0' + status / 10 % 10),
                                     static_cast<char>('0' + status % 10)};
    append_literal(block, static_table::status_200, {digits.data(), digits.size()});
}

}  // namespace connector::http2
