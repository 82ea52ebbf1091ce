#include "ilp/stream/stream_packet.hpp"

#include "ilp/invariant.hpp"

#include <concepts>
#include <type_traits>

namespace ilp::stream {
namespace {

constexpr octet stream_version = 1;
constexpr std::size_t frame_size_min = 2;

/// Passes the fields of a frame to a codec, in the order of RFC 29: to one that reads them, counts their octets or
/// writes them. False as soon as a field cannot be read.
template <class Codec, class Frame>
bool for_each_field(Codec& codec, Frame& of) noexcept {
    using kind = std::remove_const_t<Frame>;
    if constexpr (std::same_as<kind, connection_close>) {
        return codec.code(of.code) && codec.text(of.message);
    } else if constexpr (std::same_as<kind, connection_new_address>) {
        return codec.text(of.address);
    } else if constexpr (std::same_as<kind, connection_max_data> || std::same_as<kind, connection_data_blocked>) {
        return codec.number(of.max_offset);
    } else if constexpr (std::same_as<kind, connection_max_stream_id> ||
                         std::same_as<kind, connection_stream_id_blocked>) {
        return codec.number(of.max_stream_id);
    } else if constexpr (std::same_as<kind, connection_asset_details>) {
        return codec.text(of.asset_code) && codec.small(of.asset_scale);
    } else if constexpr (std::same_as<kind, stream_close>) {
        return codec.number(of.stream_id) && codec.code(of.code) && codec.text(of.message);
    } else if constexpr (std::same_as<kind, stream_money>) {
        return codec.number(of.stream_id) && codec.number(of.shares);
    } else if constexpr (std::same_as<kind, stream_max_money>) {
        return codec.number(of.stream_id) && codec.saturated(of.receive_max) && codec.number(of.total_received);
    } else if constexpr (std::same_as<kind, stream_money_blocked>) {
        return codec.number(of.stream_id) && codec.saturated(of.send_max) && codec.number(of.total_sent);
    } else if constexpr (std::same_as<kind, stream_data>) {
        return codec.number(of.stream_id) && codec.number(of.offset) && codec.text(of.data);
    } else if constexpr (std::same_as<kind, stream_max_data> || std::same_as<kind, stream_data_blocked>) {
        return codec.number(of.stream_id) && codec.number(of.max_offset);
    } else {
        static_assert(std::same_as<kind, stream_receipt>);
        return codec.number(of.stream_id) && codec.text(of.receipt);
    }
}

class field_reader {
public:
    explicit field_reader(bytes_view contents) noexcept : reader_{contents} {}

    bool small(std::uint8_t& into) noexcept { return store(reader_.read_u8(), into); }
    bool number(std::uint64_t& into) noexcept { return store(reader_.read_var_uint(), into); }
    bool saturated(std::uint64_t& into) noexcept { return store(reader_.read_saturated_var_uint(), into); }
    bool text(std::string_view& into) noexcept {
        const auto octets = reader_.read_variable();
        if (octets) into = as_text(*octets);
        return octets.has_value();
    }
    bool code(close_code& into) noexcept {
        const auto value = reader_.read_u8();
        if (value) into = static_cast<close_code>(*value);
        return value.has_value();
    }

private:
    template <class Value>
    static bool store(const std::optional<Value>& value, Value& into) noexcept {
        if (value) into = *value;
        return value.has_value();
    }

    oer::reader reader_;
};

struct field_sizes {
    std::size_t sum = 0;

    bool small(std::uint8_t) noexcept { return add(1); }
    bool number(std::uint64_t value) noexcept { return add(oer::var_uint_size(value)); }
    bool saturated(std::uint64_t value) noexcept { return number(value); }
    bool text(std::string_view value) noexcept { return add(oer::length_size(value.size()) + value.size()); }
    bool code(close_code) noexcept { return add(1); }

private:
    bool add(std::size_t size) noexcept {
        sum += size;
        return true;
    }
};

struct field_writer {
    octet* to;

    bool small(std::uint8_t value) noexcept {
        *to++ = value;
        return true;
    }
    bool number(std::uint64_t value) noexcept {
        to = oer::write_var_uint(to, value);
        return true;
    }
    bool saturated(std::uint64_t value) noexcept { return number(value); }
    bool text(std::string_view value) noexcept {
        to = oer::write_variable(to, as_bytes(value));
        return true;
    }
    bool code(close_code value) noexcept { return small(static_cast<std::uint8_t>(value)); }
};

enum class frame_status : std::uint8_t { read, unknown_type, malformed };

/// Reads the contents of a frame as those of the kind whose type it has, into `into`.
template <std::size_t Kind = 0>
frame_status read_frame(octet type, bytes_view contents, frame& into) noexcept {
    if constexpr (Kind == std::variant_size_v<frame>) {
        return frame_status::unknown_type;
    } else {
        if (type != std::variant_alternative_t<Kind, frame>::type) return read_frame<Kind + 1>(type, contents, into);
        field_reader reader{contents};
        return for_each_field(reader, into.emplace<Kind>()) ? frame_status::read : frame_status::malformed;
    }
}

}  // namespace

std::optional<frame> frame_reader::next() noexcept {
    while (left_ > 0 && !is_malformed_) {
        --left_;
        const auto type = reader_.read_u8();
        const auto contents = reader_.read_variable();
        frame found;
        const frame_status status = type && contents ? read_frame(*type, *contents, found) : frame_status::malformed;
        if (status == frame_status::read) return found;
        is_malformed_ = status == frame_status::malformed;
    }
    return std::nullopt;
}

std::expected<packet_view, packet_error> packet_view::parse(bytes_view plaintext) noexcept {
    oer::reader reader{plaintext};
    const auto version = reader.read_u8();
    if (version && *version != stream_version) return std::unexpected{packet_error::wrong_version};
    const auto carried_by = reader.read_u8();
    const auto sequence = reader.read_var_uint();
    const auto amount = reader.read_var_uint();
    const auto count = reader.read_var_uint();
    const std::unexpected malformed{packet_error::malformed};
    if (!carried_by || !sequence || !amount || !count) return malformed;
    if (*count > frames_read_max || *count > reader.rest().size() / frame_size_min) return malformed;
    packet_view packet;
    packet.head_ = {static_cast<packet_type>(*carried_by), *sequence, {*amount}};
    packet.frame_count_ = *count;
    packet.frames_ = reader.rest();
    frame_reader frames = packet.frames();
    while (frames.next()) {
    }
    if (frames.is_malformed()) return malformed;
    return packet;
}

packet_writer::packet_writer(bytes_span buffer, const packet_head& head) noexcept : buffer_{buffer} {
    require(buffer.size() >= head_size_max, "a STREAM packet has room for its head");
    octet* to = buffer.data();
    *to++ = stream_version;
    *to++ = static_cast<octet>(head.carried_by);
    to = oer::write_var_uint(to, head.sequence);
    to = oer::write_var_uint(to, head.amount.value);
    to = oer::write_var_uint(to, 0);  // the number of frames, one octet up to frames_max
    size_ = static_cast<std::size_t>(to - buffer.data());
    count_at_ = size_ - 1;
}

bool packet_writer::add(const frame& next) noexcept {
    if (buffer_[count_at_] == frames_max) return false;
    return std::visit(
        [this](const auto& fields) {
            field_sizes sizes;
            for_each_field(sizes, fields);
            if (buffer_.size() - size_ < 1 + oer::length_size(sizes.sum) + sizes.sum) return false;
            octet* const to = buffer_.data() + size_;
            *to = fields.type;
            field_writer writer{oer::write_length(to + 1, sizes.sum)};
            for_each_field(writer, fields);
            size_ = static_cast<std::size_t>(writer.to - buffer_.data());
            ++buffer_[count_at_];
            return true;
        },
        next);
}

}  // namespace ilp::stream
