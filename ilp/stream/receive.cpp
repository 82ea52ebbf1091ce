#include "ilp/stream/receive.hpp"

#include <concepts>
#include <limits>
#include <variant>

namespace ilp::stream {
namespace {

template <class Frame>
constexpr bool names_stream = requires(const Frame& each) { each.stream_id; };

/// Streams that the sender opens have odd numbers, and this node opens none.
bool is_of_sender(std::uint64_t stream_id) noexcept {
    return stream_id % 2 == 1;
}

/// Says what the frames of a request mean for the whole of it.
struct frames_in_short {
    bool violate_protocol = false;
    bool close = false;

    template <class Frame>
    void operator()(const Frame& each) noexcept {
        if constexpr (names_stream<Frame>) violate_protocol = violate_protocol || !is_of_sender(each.stream_id);
        if constexpr (std::same_as<Frame, connection_close> || std::same_as<Frame, stream_close>) close = true;
    }
};

frames_in_short read_all(frame_reader frames) noexcept {
    frames_in_short all;
    while (const auto next = frames.next()) std::visit(all, *next);
    return all;
}

verdict judge(const arrival& arrived, const frames_in_short& frames) noexcept {
    if (frames.violate_protocol) return verdict::protocol_violation;
    if (!arrived.fulfillable) return verdict::not_fulfillable;
    if (arrived.amount < arrived.request.head().amount) return verdict::below_minimum;
    return verdict::fulfill;
}

/// Adds what this receiver answers to a frame of a request.
struct frame_answer {
    packet_writer& reply;
    const arrival& arrived;

    void operator()(const connection_close&) const noexcept {
        reply.add(connection_close{.code = close_code::no_error, .message = {}});
    }
    /// The address itself is of no use to a receiver that never sends.
    void operator()(const connection_new_address&) const noexcept {
        reply.add(connection_asset_details{arrived.asset_code, arrived.asset_scale});
    }
    void operator()(const stream_money& money) const noexcept {
        constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();
        reply.add(stream_max_money{.stream_id = money.stream_id, .receive_max = no_limit, .total_received = 0});
    }
    void operator()(const stream_data& data) const noexcept {
        reply.add(connection_max_data{data_offset_max});
        reply.add(stream_max_data{data.stream_id, data_offset_max});
    }
    void operator()(const auto&) const noexcept {}
};

}  // namespace

decision receive(const arrival& arrived, std::span<octet, reply_size_max> buffer) noexcept {
    if (arrived.request.head().carried_by != packet_type::prepare) return {verdict::not_a_request, {}};
    const frames_in_short all = read_all(arrived.request.frames());
    const verdict judged = judge(arrived, all);
    packet_writer reply{buffer,
                        {.carried_by = judged == verdict::fulfill ? packet_type::fulfill : packet_type::reject,
                         .sequence = arrived.request.head().sequence,
                         .amount = arrived.amount}};
    if (judged == verdict::protocol_violation) {
        reply.add(connection_close{close_code::protocol_violation, "streams of the client have odd numbers"});
        return {judged, reply.packet(), all.close};
    }
    const frame_answer answer{reply, arrived};
    for (frame_reader frames = arrived.request.frames(); const auto next = frames.next();) std::visit(answer, *next);
    return {judged, reply.packet(), all.close};
}

}  // namespace ilp::stream
