#pragma once

#include "connector/transport/http/known_head.hpp"
#include "ilp/bytes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

struct nghttp2_hd_inflater;

namespace connector::http2 {

/// The greatest size of a list of fields, as SETTINGS_MAX_HEADER_LIST_SIZE counts it. A message with more is refused.
inline constexpr std::size_t field_list_size_max = 8 * 1024;
/// Beyond this size of the list, or of the block that encodes it, the connection ends.
inline constexpr std::size_t field_list_size_bearable = 64 * 1024;
inline constexpr std::size_t head_block_size_max = 16 * 1024;

/// Receives the fields of a block, in their order. The views are valid during the call.
class field_sink {
public:
    virtual void field(std::string_view name, std::string_view value) = 0;

protected:
    ~field_sink() = default;
};

/// True if decoding the block leaves the dynamic table as it is: each of its fields is indexed, or a literal that is
/// not added to the table. The same block with the same table then means the same. False for a malformed block.
bool leaves_table(ilp::bytes_view block) noexcept;

/// Decodes the header blocks of a connection (HPACK, RFC 7541), which must be given in their order. The table has the
/// default size of 4096 bytes.
class head_decoder {
public:
    head_decoder();
    ~head_decoder();
    head_decoder(const head_decoder&) = delete;
    head_decoder& operator=(const head_decoder&) = delete;

    enum class outcome : std::uint8_t { decoded, malformed, too_large };

    /// After another outcome than `decoded`, no further block can be decoded.
    outcome decode(ilp::bytes_view block, field_sink& sink);

private:
    struct destroy {
        void operator()(nghttp2_hd_inflater* inflater) const noexcept;
    };

    std::unique_ptr<nghttp2_hd_inflater, destroy> inflater_;  ///< made when the first block comes
};

/// The last few blocks that a connection has received and that mean the same when they come again. A peer sends the
/// same ones with every packet; recognizing one costs a comparison, instead of decoding it, hashing the token and
/// looking up the peer. The meanings are kept by the user of this, under the number of the place.
class known_blocks {
public:
    static constexpr std::size_t places = 4;  ///< a client may say the length of the body, which varies

    /// Returns the place of a block. The comparison takes constant time wherever the difference is, because a block
    /// contains a token.
    std::optional<std::size_t> find(ilp::bytes_view block) const noexcept {
        for (std::size_t place = 0; place < places; ++place) {
            const entry& each = entries_[place];
            if (each.size == block.size() && each.block.find(ilp::as_text(block)) != nullptr) return place;
        }
        return {};
    }

    struct beginning {
        std::size_t place = 0;
        std::size_t size = 0;
    };
    /// The one with which a longer block begins. The comparison takes constant time, too.
    std::optional<beginning> find_beginning(ilp::bytes_view block) const noexcept {
        for (std::size_t place = 0; place < places; ++place) {
            const entry& each = entries_[place];
            if (each.size != 0 && each.size < block.size() && each.block.find(ilp::as_text(block)) != nullptr) {
                return beginning{place, each.size};
            }
        }
        return {};
    }

    /// Returns the place where it is kept from now on; nullopt if it is too long for that.
    std::optional<std::size_t> keep(ilp::bytes_view block) {
        const std::size_t place = next_;
        entry& kept = entries_[place];
        kept.block.keep(ilp::as_text(block), {});
        kept.size = kept.block.meaning() == nullptr ? 0 : block.size();
        if (kept.size == 0) return {};
        next_ = (next_ + 1) % places;
        return place;
    }

    void forget(std::size_t place) noexcept {
        entries_[place].block.forget();
        entries_[place].size = 0;
    }
    void forget_all() noexcept {
        for (std::size_t place = 0; place < places; ++place) forget(place);
    }

private:
    struct nothing {};
    struct entry {
        http::known_head<nothing> block;
        std::size_t size = 0;  ///< 0: the place is free
    };

    std::array<entry, places> entries_;
    std::size_t next_ = 0;
};

// The encoder has no state: it uses the static table only, so that blocks may be made in advance and sent in any order.

/// Tells the other side that the dynamic table is not used. It belongs at the beginning of the first block, and of one
/// after each change of the table's size by the other side (RFC 9113 section 4.3.1).
inline constexpr ilp::octet table_size_zero = 0x20;

/// An entry of the static table.
void append_indexed(ilp::bytes& block, std::uint8_t index);
/// A value with the name of an entry of the static table. A secret value is never indexed, on later hops neither.
void append_literal(ilp::bytes& block, std::uint8_t name_index, std::string_view value, bool is_secret = false);
/// A field that the static table does not have. Its name is written in lower case, as HTTP/2 wants it.
void append_named(ilp::bytes& block, std::string_view name, std::string_view value);

/// Positions in the static table (RFC 7541 appendix A).
namespace static_table {
inline constexpr std::uint8_t authority = 1;
inline constexpr std::uint8_t method_get = 2;
inline constexpr std::uint8_t method_post = 3;
inline constexpr std::uint8_t path = 4;
inline constexpr std::uint8_t scheme_http = 6;
inline constexpr std::uint8_t scheme_https = 7;
inline constexpr std::uint8_t status_200 = 8;
inline constexpr std::uint8_t status_400 = 12;
inline constexpr std::uint8_t status_404 = 13;
inline constexpr std::uint8_t accept = 19;
inline constexpr std::uint8_t allow = 22;
inline constexpr std::uint8_t authorization = 23;
inline constexpr std::uint8_t content_length = 28;
inline constexpr std::uint8_t content_type = 31;
inline constexpr std::uint8_t www_authenticate = 61;
}  // namespace static_table

/// The value in a block that has only this field, written as append_named() writes it, with a short value. It leaves
/// the dynamic table as it is.
std::optional<std::string_view> value_of_only_field(ilp::bytes_view block, std::string_view name) noexcept;

/// `:status` with any value of three digits.
void append_status(ilp::bytes& block, unsigned status);

}  // namespace connector::http2
