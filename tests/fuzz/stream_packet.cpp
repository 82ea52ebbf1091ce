#include "ilp/stream/stream_packet.hpp"

#include "ilp/stream/receive.hpp"
#include "tests/fuzz/property.hpp"

#include <algorithm>
#include <array>

using fuzz::require;
namespace stream = ilp::stream;

namespace {

bool have_same_frames(const stream::packet_view& one, const stream::packet_view& other) {
    stream::frame_reader frames = one.frames();
    stream::frame_reader others = other.frames();
    while (true) {
        const auto frame = frames.next();
        if (frame != others.next()) return false;
        if (!frame) return true;
    }
}

/// Whatever a request says, the receiver's reply is a packet, for this request, within its bound.
void check_reply(const stream::packet_view& request) {
    std::array<ilp::octet, stream::reply_size_max> buffer;
    const stream::decision decided = stream::receive({request, {1}, true, "EUR", 2}, buffer);
    const auto verdict = decided.verdict;
    const auto octets = decided.reply;
    if (verdict == stream::verdict::not_a_request) {
        require(octets.empty(), "what is not a request gets no reply");
        return;
    }
    const auto reply = stream::packet_view::parse(octets);
    require(reply.has_value(), "a reply is a packet");
    require(reply->head().sequence == request.head().sequence, "a reply has the sequence of its request");
    require(verdict != stream::verdict::fulfill || request.head().amount <= ilp::amount{1},
            "less than the minimum is not fulfilled");
}

}  // namespace

/// What can be read is written as a packet with the same head and frames; only frames of unknown types and octets that
/// belong to nothing are dropped.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const auto packet = stream::packet_view::parse({octets, size});
    if (!packet) return 0;
    ilp::bytes buffer(size + stream::packet_writer::head_size_max);
    stream::packet_writer writer{buffer, packet->head()};
    bool is_whole = true;
    for (stream::frame_reader frames = packet->frames(); const auto next = frames.next();) {
        is_whole = writer.add(*next) && is_whole;
    }
    const auto again = stream::packet_view::parse(writer.packet());
    require(again && again->head() == packet->head(), "read, write, read: the same head");
    require(!is_whole || have_same_frames(*packet, *again), "read, write, read: the same frames");
    check_reply(*packet);
    return 0;
}
