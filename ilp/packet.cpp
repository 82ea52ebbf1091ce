#include "ilp/packet.hpp"

#include "ilp/address.hpp"
#include "ilp/oer.hpp"

#include <algorithm>
#include <optional>

namespace ilp {
namespace {

constexpr std::size_t expires_at_offset = 8;
constexpr std::size_t condition_offset = 25;
constexpr std::size_t prepare_fixed_size = 57;
constexpr std::size_t code_size = 3;
static_assert(condition_offset == expires_at_offset + timestamp_size);
static_assert(prepare_fixed_size == condition_offset + hash_size);

/// Why a length determinant, or the octets that it promises, could not be read at the begin of `at`.
[[gnu::cold]] decode_error why_unreadable(bytes_view at) noexcept {
    if (at.empty() || oer::reader{at}.read_length()) return decode_error::truncated;
    const std::size_t size = at.front() & 0x7fU;
    if (size > 0 && size <= sizeof(std::uint64_t) && at.size() <= size) return decode_error::truncated;
    return decode_error::not_canonical;
}

std::expected<bytes_view, decode_error> read_variable(oer::reader& reader, std::size_t size_max) noexcept {
    const auto octets = reader.read_variable();
    if (!octets) return std::unexpected{why_unreadable(reader.rest())};
    if (octets->size() > size_max) return std::unexpected{decode_error::field_too_long};
    return *octets;
}

/// The contents of the packet's envelope, with whatever stands behind the last field.
std::expected<bytes_span, decode_error> open_envelope(bytes_span buffer, packet_type type) noexcept {
    if (buffer.empty()) return std::unexpected{decode_error::truncated};
    if (buffer.front() != static_cast<octet>(type)) return std::unexpected{decode_error::wrong_type};
    oer::reader reader{buffer.subspan(1)};
    const auto contents = reader.read_variable();
    if (!contents) return std::unexpected{why_unreadable(reader.rest())};
    return buffer.subspan(static_cast<std::size_t>(contents->data() - buffer.data()), contents->size());
}

/// The packet without what stands behind its last field. Its shorter header goes right in front of the contents: there
/// is room, since a smaller length has no longer determinant.
[[gnu::cold]] bytes_view close_envelope_early(packet_type type, octet* contents, std::size_t size) noexcept {
    octet* const begin = contents - 1 - oer::length_size(size);
    *begin = static_cast<octet>(type);
    oer::write_length(begin + 1, size);
    return {begin, contents + size};
}

bytes_view close_envelope(bytes_span buffer, packet_type type, bytes_span contents, bytes_view unread) noexcept {
    if (!unread.empty()) return close_envelope_early(type, contents.data(), contents.size() - unread.size());
    return {buffer.data(), contents.data() + contents.size()};
}

bool is_printable_ascii(bytes_view octets) noexcept {
    return std::ranges::all_of(octets, [](octet each) { return each >= 0x20 && each <= 0x7e; });
}

std::size_t variable_size(std::size_t size) noexcept {
    return oer::length_size(size) + size;
}

/// Makes room at the end of `out` for the packet, writes type and length, and returns the place of the contents.
octet* append_envelope(bytes& out, packet_type type, std::size_t contents_size) {
    const std::size_t begin = out.size();
    out.resize(begin + 1 + variable_size(contents_size));
    octet* const to = out.data() + begin;
    *to = static_cast<octet>(type);
    return oer::write_length(to + 1, contents_size);
}

}  // namespace

std::string_view describe(decode_error error) noexcept {
    switch (error) {
        case decode_error::wrong_type:
            return "the type octet is not that of the expected packet";
        case decode_error::truncated:
            return "the packet ends before its last field does";
        case decode_error::not_canonical:
            return "a length is not encoded in its only canonical form";
        case decode_error::invalid_timestamp:
            return "expiresAt is not a valid time";
        case decode_error::invalid_address:
            return "an address is not a valid ILP address";
        case decode_error::field_too_long:
            return "a field is longer than RFC 27 allows";
        case decode_error::invalid_error_code:
            return "the error code is not three printable ASCII characters";
    }
    return {};
}

std::expected<prepare_view, decode_error> prepare_view::parse(bytes_span buffer) noexcept {
    const auto contents = open_envelope(buffer, packet_type::prepare);
    if (!contents) return std::unexpected{contents.error()};
    if (contents->size() < prepare_fixed_size) return std::unexpected{decode_error::truncated};
    const auto expires_at = parse_timestamp(contents->subspan<expires_at_offset, timestamp_size>());
    if (!expires_at) return std::unexpected{decode_error::invalid_timestamp};
    oer::reader reader{contents->subspan(prepare_fixed_size)};
    const auto destination = read_variable(reader, address_size_max);
    if (!destination) return std::unexpected{destination.error()};
    if (!is_address(as_text(*destination))) return std::unexpected{decode_error::invalid_address};
    const auto data = read_variable(reader, data_size_max);
    if (!data) return std::unexpected{data.error()};

    prepare_view view;
    view.contents_ = contents->data();
    view.packet_ = close_envelope(buffer, packet_type::prepare, *contents, reader.rest());
    view.amount_ = {oer::load<std::uint64_t>(contents->data())};
    view.expires_at_ = *expires_at;
    view.destination_ = as_text(*destination);
    view.data_ = *data;
    return view;
}

void prepare_view::set_amount(ilp::amount value) noexcept {
    amount_ = value;
    oer::store(contents_, value.value);
}

void prepare_view::set_expires_at(timestamp instant) noexcept {
    expires_at_ = instant;
    write_timestamp(instant, std::span<octet, timestamp_size>{contents_ + expires_at_offset, timestamp_size});
}

std::expected<fulfill_view, decode_error> fulfill_view::parse(bytes_span buffer) noexcept {
    const auto contents = open_envelope(buffer, packet_type::fulfill);
    if (!contents) return std::unexpected{contents.error()};
    if (contents->size() < hash_size) return std::unexpected{decode_error::truncated};
    oer::reader reader{contents->subspan(hash_size)};
    const auto data = read_variable(reader, data_size_max);
    if (!data) return std::unexpected{data.error()};

    fulfill_view view;
    view.contents_ = contents->data();
    view.packet_ = close_envelope(buffer, packet_type::fulfill, *contents, reader.rest());
    view.data_ = *data;
    return view;
}

std::expected<reject_view, decode_error> reject_view::parse(bytes_span buffer) noexcept {
    const auto contents = open_envelope(buffer, packet_type::reject);
    if (!contents) return std::unexpected{contents.error()};
    oer::reader reader{*contents};
    const auto code = reader.read_fixed(code_size);
    if (!code) return std::unexpected{decode_error::truncated};
    if (!is_printable_ascii(*code)) return std::unexpected{decode_error::invalid_error_code};
    const auto triggered_by = read_variable(reader, address_size_max);
    if (!triggered_by) return std::unexpected{triggered_by.error()};
    if (!triggered_by->empty() && !is_address(as_text(*triggered_by))) {
        return std::unexpected{decode_error::invalid_address};
    }
    const auto message = read_variable(reader, message_size_max);
    if (!message) return std::unexpected{message.error()};
    const auto data = read_variable(reader, data_size_max);
    if (!data) return std::unexpected{data.error()};

    reject_view view;
    view.packet_ = close_envelope(buffer, packet_type::reject, *contents, reader.rest());
    view.code_ = as_text(*code);
    view.triggered_by_ = as_text(*triggered_by);
    view.message_ = as_text(*message);
    view.data_ = *data;
    return view;
}

void serialize_prepare(bytes& out, const prepare_fields& fields) {
    const std::size_t size =
        prepare_fixed_size + variable_size(fields.destination.size()) + variable_size(fields.data.size());
    octet* to = append_envelope(out, packet_type::prepare, size);
    oer::store(to, fields.amount.value);
    write_timestamp(fields.expires_at, std::span<octet, timestamp_size>{to + expires_at_offset, timestamp_size});
    to = std::ranges::copy(fields.condition, to + condition_offset).out;
    to = oer::write_variable(to, as_bytes(fields.destination));
    oer::write_variable(to, fields.data);
}

void serialize_fulfill(bytes& out, std::span<const octet, hash_size> preimage, bytes_view data) {
    octet* to = append_envelope(out, packet_type::fulfill, hash_size + variable_size(data.size()));
    to = std::ranges::copy(preimage, to).out;
    oer::write_variable(to, data);
}

void serialize_reject(bytes& out, const reject_fields& fields) {
    const std::size_t size = fields.code.size() + variable_size(fields.triggered_by.size()) +
                             variable_size(fields.message.size()) + variable_size(fields.data.size());
    octet* to = append_envelope(out, packet_type::reject, size);
    to = std::ranges::copy(as_bytes(fields.code), to).out;
    to = oer::write_variable(to, as_bytes(fields.triggered_by));
    to = oer::write_variable(to, as_bytes(fields.message));
    oer::write_variable(to, fields.data);
}

std::array<octet, amount_too_large_data_size> serialize(const amount_too_large_data& data) noexcept {
    std::array<octet, amount_too_large_data_size> octets;
    oer::store(octets.data(), data.received.value);
    oer::store(octets.data() + sizeof(std::uint64_t), data.maximum.value);
    return octets;
}

}  // namespace ilp
