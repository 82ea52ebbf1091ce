#pragma once

#include "ilp/amount.hpp"
#include "ilp/bytes.hpp"
#include "ilp/condition.hpp"
#include "ilp/error_code.hpp"
#include "ilp/timestamp.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

/// The three packets of ILPv4 (RFC 27). A view reads in place, from a buffer that the caller must keep alive and
/// unmoved. The serializers write canonical OER.
namespace ilp {

enum class packet_type : std::uint8_t { prepare = 12, fulfill = 13, reject = 14 };

inline constexpr std::size_t data_size_max = 32767;
inline constexpr std::size_t message_size_max = 8191;
inline constexpr std::size_t prepare_size_max = 33857;
inline constexpr std::size_t fulfill_size_max = 32806;
inline constexpr std::size_t reject_size_max = 41997;

enum class decode_error : std::uint8_t {
    wrong_type,          ///< the first octet is not the type of the requested packet
    truncated,           ///< a length exceeds the octets available
    not_canonical,       ///< a length determinant that a canonical encoder would not write
    invalid_timestamp,   ///< expiresAt is not a valid time
    invalid_address,     ///< destination is invalid, or triggeredBy is neither empty nor an address
    field_too_long,      ///< data, address or message exceeds the bound of RFC 27
    invalid_error_code,  ///< not three printable ASCII characters
};

/// A Prepare in a writable buffer. Octets after the packet and after its last field are dropped (RFC 30). If there are
/// octets after the last field, parse() rewrites the envelope in place, so bytes() is always canonical.
class prepare_view {
public:
    static std::expected<prepare_view, decode_error> parse(bytes_span buffer) noexcept;

    ilp::amount amount() const noexcept { return amount_; }
    timestamp expires_at() const noexcept { return expires_at_; }
    std::span<const octet, hash_size> condition() const noexcept {
        return std::span<const octet, hash_size>{contents_ + 25, hash_size};
    }
    std::string_view destination() const noexcept { return destination_; }
    bytes_view data() const noexcept { return data_; }

    /// The packet to send, including what the setters wrote.
    bytes_view bytes() const noexcept { return packet_; }

    /// Both fields have a fixed width, so nothing moves.
    void set_amount(ilp::amount value) noexcept;
    void set_expires_at(timestamp instant) noexcept;

private:
    prepare_view() = default;

    octet* contents_ = nullptr;
    bytes_view packet_;
    ilp::amount amount_;
    timestamp expires_at_;
    std::string_view destination_;
    bytes_view data_;
};

class fulfill_view {
public:
    static std::expected<fulfill_view, decode_error> parse(bytes_span buffer) noexcept;

    std::span<const octet, hash_size> fulfillment() const noexcept {
        return std::span<const octet, hash_size>{contents_, hash_size};
    }
    bytes_view data() const noexcept { return data_; }
    bytes_view bytes() const noexcept { return packet_; }

private:
    fulfill_view() = default;

    const octet* contents_ = nullptr;
    bytes_view packet_;
    bytes_view data_;
};

class reject_view {
public:
    static std::expected<reject_view, decode_error> parse(bytes_span buffer) noexcept;

    /// Three printable ASCII characters; not necessarily a code of RFC 27.
    std::string_view code() const noexcept { return code_; }
    /// An address, or empty.
    std::string_view triggered_by() const noexcept { return triggered_by_; }
    /// RFC 27 requires UTF-8, but this is not checked: escape it before it reaches a log or a terminal.
    std::string_view message() const noexcept { return message_; }
    bytes_view data() const noexcept { return data_; }
    bytes_view bytes() const noexcept { return packet_; }

private:
    reject_view() = default;

    bytes_view packet_;
    std::string_view code_;
    std::string_view triggered_by_;
    std::string_view message_;
    bytes_view data_;
};

struct prepare_fields {
    ilp::amount amount;
    timestamp expires_at;
    ilp::condition condition;
    std::string_view destination;
    bytes_view data;
};

struct reject_fields {
    std::string_view code;
    std::string_view triggered_by;
    std::string_view message;
    bytes_view data;
};

/// Each serializer appends one packet to `out`. Precondition: the fields are within the bounds of RFC 27, which are not
/// checked again.
void serialize_prepare(bytes& out, const prepare_fields& fields);
void serialize_fulfill(bytes& out, std::span<const octet, hash_size> preimage, bytes_view data);
void serialize_reject(bytes& out, const reject_fields& fields);

/// True if two Prepares are equal but for their amounts. Precondition: both are canonical, as bytes() of a view is.
bool differ_only_in_amount(bytes_view a, bytes_view b) noexcept;

inline constexpr std::size_t amount_too_large_data_size = 16;

/// Data of an F08 (InterledgerErrorData). Both amounts are in units of the account that the Prepare arrived on; the
/// maximum is inclusive.
struct amount_too_large_data {
    amount received;
    amount maximum;
};

std::array<octet, amount_too_large_data_size> serialize(const amount_too_large_data& data) noexcept;

}  // namespace ilp
