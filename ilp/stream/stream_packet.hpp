#pragma once

#include "ilp/amount.hpp"
#include "ilp/bytes.hpp"
#include "ilp/oer.hpp"
#include "ilp/packet.hpp"
#include "ilp/stream/frames.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>

namespace ilp::stream {

/// Why a plaintext is not a STREAM packet.
enum class packet_error : std::uint8_t {
    wrong_version,  ///< another version than 1
    malformed,      ///< a field or a frame does not end within the packet, or is not canonical, or it has too many
};

/// A packet with more frames is refused, because reading them costs more than the rest of a packet. Senders use a few.
inline constexpr std::uint64_t frames_read_max = 1024;

/// What comes before the frames.
struct packet_head {
    /// 12, 13 or 14 in a packet of RFC 29, but any value is read: whether it is the type of the ILP packet that carried
    /// it is for the reader to check.
    packet_type carried_by{};
    std::uint64_t sequence = 0;
    /// In a Prepare the least that must arrive for it to be fulfilled; in an answer the amount that arrived. In units
    /// of the receiver.
    ilp::amount amount;
    friend bool operator==(const packet_head&, const packet_head&) = default;
};

/// Reads the frames of a packet one by one, in place. Frames of types that are not known are skipped.
class frame_reader {
public:
    frame_reader(bytes_view octets, std::uint64_t count) noexcept : reader_{octets}, left_{count} {}

    /// The next frame. Nullopt after the last one, and when the rest cannot be read.
    std::optional<frame> next() noexcept;
    /// True once next() has come upon something that cannot be read.
    bool is_malformed() const noexcept { return is_malformed_; }

private:
    oer::reader reader_;
    std::uint64_t left_;
    bool is_malformed_ = false;
};

/// A STREAM packet in a buffer that the caller must keep alive and unmoved. Octets after the counted frames are
/// ignored.
class packet_view {
public:
    /// Reads every frame once, so that frames() of the result comes upon nothing malformed. The number of frames in the
    /// packet is not trusted: the work is bounded by its size, and nothing is allocated.
    static std::expected<packet_view, packet_error> parse(bytes_view plaintext) noexcept;

    const packet_head& head() const noexcept { return head_; }
    frame_reader frames() const noexcept { return {frames_, frame_count_}; }

private:
    packet_view() = default;

    packet_head head_;
    std::uint64_t frame_count_ = 0;
    bytes_view frames_;
};

/// Writes a packet into memory of the caller. A frame that does not fit is left out as a whole.
class packet_writer {
public:
    static constexpr std::size_t frames_max = 255;
    /// Of the head and the number of frames.
    static constexpr std::size_t head_size_max = 2 + 2 * (1 + sizeof(std::uint64_t)) + 2;

    /// Precondition: `buffer` has room for `head_size_max` octets.
    packet_writer(bytes_span buffer, const packet_head& head) noexcept;

    /// False, and the packet is unchanged, if there is no room for the frame.
    bool add(const frame& next) noexcept;

    bytes_view packet() const noexcept { return buffer_.first(size_); }

private:
    bytes_span buffer_;
    std::size_t count_at_ = 0;
    std::size_t size_ = 0;
};

}  // namespace ilp::stream
