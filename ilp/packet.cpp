#include "ilp/packet.hpp"

#include "ilp/address.hpp"
#include "ilp/oer.hpp"

#include <algorithm>

namespace ilp {
namespace {

constexpr std::size_t expires_at_offset = 8;
constexpr std::size_t condition_offset = 25;
constexpr std::size_t prepare_fixed_size = 57;
constexpr std::size_t code_size = 3;
static_assert(condition_offset == expires_at_offset + timestamp_size);
static_assert(prepare_fixed_size == condition_offset + hash_size);

/// Tells why the length determinant at the start of `at`, or the octets it announces, could not be read.
[[gnu::cold]] decode_error why_unreadable(bytes_view at) noexcept {
    if (at.empty() || oer::reader{at}.read_length()) return decode_error::truncated;
    const std::size_t size = at.front() & 0x7fU;
    if (size > 0 && size <= sizeof(std::uint64_t) && at.size() <= size) return decode_error::truncated;
    return decode_error::not_canonical;
}

/// Reads the fields of one packet in order. It keeps the first error; every later read returns an empty value.
class field_reader {
public:
    field_reader(bytes_span buffer, packet_type type) noexcept : buffer_{buffer}, type_{type}, reader_{buffer} {
        const auto first = reader_.read_u8();
        require(first.has_value(), decode_error::truncated);
        require(first == static_cast<octet>(type), decode_error::wrong_type);
        reader_ = oer::reader{read_variable()};
        contents_ = position();
    }

    /// Returns nullptr if fewer octets are left.
    octet* read_fixed(std::size_t size) noexcept {
        octet* const begin = position();
        if (reader_.read_fixed(size)) return begin;
        fail(decode_error::truncated);
        return nullptr;
    }

    bytes_view read_variable(std::size_t size_max) noexcept {
        const bytes_view octets = read_variable();
        require(octets.size() <= size_max, decode_error::field_too_long);
        return octets;
    }

    void require(bool fact, decode_error otherwise) noexcept {
        if (!fact) fail(otherwise);
    }

    bool failed() const noexcept { return failed_; }
    /// Meaningful only if failed() is true.
    decode_error error() const noexcept { return error_; }

    /// Returns the packet without octets after it or after its last field. Call it once, after all fields are read.
    bytes_view finish() noexcept {
        if (!reader_.at_end()) return shorten();
        return {buffer_.data(), position()};
    }

private:
    octet* position() const noexcept { return buffer_.data() + (reader_.rest().data() - buffer_.data()); }

    bytes_view read_variable() noexcept {
        const bytes_view before = reader_.rest();
        if (const auto length = reader_.read_length()) {
            if (const auto octets = reader_.read_fixed(*length)) return *octets;
        }
        fail(why_unreadable(before));
        return reader_.rest();
    }

    /// Writes the shorter header directly in front of the contents, which stay in place. It always fits, because a
    /// smaller length never has a longer determinant.
    [[gnu::cold]] bytes_view shorten() noexcept {
        const auto size = static_cast<std::size_t>(position() - contents_);
        octet* const begin = contents_ - 1 - oer::length_size(size);
        *begin = static_cast<octet>(type_);
        oer::write_length(begin + 1, size);
        return {begin, position()};
    }

    [[gnu::cold]] void fail(decode_error error) noexcept {
        if (!failed_) error_ = error;
        failed_ = true;
        reader_ = oer::reader{buffer_.first(0)};
    }

    bytes_span buffer_;
    packet_type type_;
    oer::reader reader_;
    octet* contents_;
    bool failed_ = false;
    decode_error error_{};
};

bool is_printable_ascii(bytes_view octets) noexcept {
    return std::ranges::all_of(octets, [](octet each) { return each >= 0x20 && each <= 0x7e; });
}

std::size_t variable_size(std::size_t size) noexcept {
    return oer::length_size(size) + size;
}

/// Grows `out` for the packet, writes type and length, and returns the position of the contents.
octet* append_envelope(bytes& out, packet_type type, std::size_t contents_size) {
    const std::size_t begin = out.size();
    out.resize(begin + 1 + variable_size(contents_size));
    octet* const to = out.data() + begin;
    *to = static_cast<octet>(type);
    return oer::write_length(to + 1, contents_size);
}

}  // namespace

std::expected<prepare_view, decode_error> prepare_view::parse(bytes_span buffer) noexcept {
    field_reader reader{buffer, packet_type::prepare};
    octet* const contents = reader.read_fixed(prepare_fixed_size);
    if (!contents) return std::unexpected{reader.error()};
    const auto expires_at =
        parse_timestamp(std::span<const octet, timestamp_size>{contents + expires_at_offset, timestamp_size});
    if (!expires_at) return std::unexpected{decode_error::invalid_timestamp};
    const std::string_view destination = as_text(reader.read_variable(address_size_max));
    reader.require(is_address(destination), decode_error::invalid_address);
    const bytes_view data = reader.read_variable(data_size_max);
    if (reader.failed()) return std::unexpected{reader.error()};

    prepare_view view;
    view.contents_ = contents;
    view.packet_ = reader.finish();
    view.amount_ = {oer::load<std::uint64_t>(contents)};
    view.expires_at_ = *expires_at;
    view.destination_ = destination;
    view.data_ = data;
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

bool differ_only_in_amount(bytes_view a, bytes_view b) noexcept {
    if (a.size() != b.size()) return false;
    // The amount is the first field behind the type and the length, whose first octet says how long it is.
    const std::size_t amount_at = a[1] < 0x80 ? 2 : 2 + (a[1] & 0x7fU);
    const std::size_t rest_at = amount_at + sizeof(std::uint64_t);
    return std::ranges::equal(a.first(amount_at), b.first(amount_at)) &&
           std::ranges::equal(a.subspan(rest_at), b.subspan(rest_at));
}

std::expected<fulfill_view, decode_error> fulfill_view::parse(bytes_span buffer) noexcept {
    field_reader reader{buffer, packet_type::fulfill};
    const octet* const contents = reader.read_fixed(hash_size);
    const bytes_view data = reader.read_variable(data_size_max);
    if (reader.failed()) return std::unexpected{reader.error()};

    fulfill_view view;
    view.contents_ = contents;
    view.packet_ = reader.finish();
    view.data_ = data;
    return view;
}

std::expected<reject_view, decode_error> reject_view::parse(bytes_span buffer) noexcept {
    field_reader reader{buffer, packet_type::reject};
    const octet* const contents = reader.read_fixed(code_size);
    if (!contents) return std::unexpected{reader.error()};
    const bytes_view code{contents, code_size};
    reader.require(is_printable_ascii(code), decode_error::invalid_error_code);
    const std::string_view triggered_by = as_text(reader.read_variable(address_size_max));
    reader.require(triggered_by.empty() || is_address(triggered_by), decode_error::invalid_address);
    const bytes_view message = reader.read_variable(message_size_max);
    const bytes_view data = reader.read_variable(data_size_max);
    if (reader.failed()) return std::unexpected{reader.error()};

    reject_view view;
    view.packet_ = reader.finish();
    view.code_ = as_text(code);
    view.triggered_by_ = triggered_by;
    view.message_ = as_text(message);
    view.data_ = data;
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
