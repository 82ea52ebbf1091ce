#pragma once

#include "connector/routing/reject_reason.hpp"
#include "connector/transport/http2/flood_budget.hpp"
#include "ilp/amount.hpp"
#include "ilp/error_code.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

/// Counters of the packet path: plain integers, owned by one worker. A scrape asks each worker for a copy.
namespace connector {

/// Inclusive upper bounds of the buckets of ilp_packet_duration_seconds, in seconds.
inline constexpr std::array<double, 12> duration_bounds{0.0005, 0.001, 0.002, 0.005, 0.01, 0.02,
                                                        0.05,   0.1,   0.5,   1.0,   5.0,  30.0};

struct duration_histogram {
    std::array<std::uint64_t, duration_bounds.size() + 1> buckets{};
    double sum = 0;

    void observe(double seconds) noexcept {
        std::size_t i = 0;
        while (i < duration_bounds.size() && seconds > duration_bounds[i]) ++i;
        ++buckets[i];
        sum += seconds;
    }
};

/// Packets in one direction over the link with one peer.
struct packet_counters {
    std::uint64_t prepares = 0;
    std::uint64_t fulfills = 0;
    /// By error code; the last element counts codes that RFC 27 does not define.
    std::array<std::uint64_t, ilp::error_code_count + 1> rejects{};
    double amount = 0;  ///< sum over the fulfilled Prepares

    void count_reject(std::string_view code) noexcept {
        const auto known = ilp::parse_error_code(code);
        ++rejects[known ? static_cast<std::size_t>(*known) : rejects.size() - 1];
    }
    void count_reject(ilp::error_code code) noexcept { ++rejects[static_cast<std::size_t>(code)]; }
    void add(const packet_counters& other) noexcept;
};

/// Prepares that this node refused, by reason. There may be very many peers, most of which never see a refusal, so the
/// array is allocated at the first one.
class refusal_counters {
public:
    refusal_counters() = default;
    refusal_counters(const refusal_counters& other);
    refusal_counters(refusal_counters&&) = default;
    refusal_counters& operator=(refusal_counters other) noexcept {
        counts_ = std::move(other.counts_);
        return *this;
    }
    ~refusal_counters() = default;

    void count(reject_reason reason) {
        if (!counts_) counts_ = std::make_unique<counts>();
        ++(*counts_)[static_cast<std::size_t>(reason)];
    }
    bool empty() const noexcept { return counts_ == nullptr; }
    std::uint64_t operator[](reject_reason reason) const noexcept {
        return counts_ ? (*counts_)[static_cast<std::size_t>(reason)] : 0;
    }
    void add(const refusal_counters& other);

private:
    using counts = std::array<std::uint64_t, reject_reason_count>;
    std::unique_ptr<counts> counts_;
};

/// Answers to packets in asynchronous mode that the peer has not taken.
struct reply_counters {
    std::uint64_t fulfills = 0;
    std::uint64_t rejects = 0;
};

/// Says what became of a packet that crossed the link in parts.
enum class split_result : std::uint8_t {
    sent_fulfilled,
    sent_recovered,  ///< fulfilled, as the peer said when it was asked: its answers had been lost
    sent_rejected,
    received_fulfilled,
    received_rejected,
    received_incomplete,  ///< refused while parts were missing
};
inline constexpr std::array<std::string_view, 6> split_result_names{"sent_fulfilled",    "sent_recovered",
                                                                    "sent_rejected",     "received_fulfilled",
                                                                    "received_rejected", "received_incomplete"};

struct split_counters {
    std::array<std::uint64_t, split_result_names.size()> by_result{};

    void count(split_result result) noexcept { ++by_result[static_cast<std::size_t>(result)]; }
};

struct peer_counters {
    packet_counters incoming;             ///< from the peer
    packet_counters outgoing;             ///< to the peer
    std::uint64_t packets_in_flight = 0;  ///< Prepares to the peer that have not been answered
    double amount_in_flight = 0;
    duration_histogram duration;  ///< of Prepares from the peer, from arrival to answer
    duration_histogram answers;   ///< of the peer as next hop: from a Prepare's arrival here to the peer's answer
    refusal_counters refusals;    ///< of Prepares from the peer
    reply_counters undelivered;
    split_counters splits;

    void add(const peer_counters& other);
};

/// One worker's counters for one peer, and the number of its connections to the peer.
struct peer_sample {
    std::uint32_t peer = 0;  ///< the peer's id
    peer_counters counters;
    std::size_t link_connections = 0;
};

/// Why an incoming connection was closed when there were too many.
enum class room_reason : std::uint8_t {
    no_token,  ///< the oldest one that has not shown a valid token, for a new one
    idle,      ///< an idle one of the peer that had most, for one of a peer that had fewer
    busy,      ///< the same, after the answer to a request, because none was idle
    too_many,  ///< a new one of a peer that already had as many as others, after a refusal
    no_place,  ///< a new one of which nothing was known yet
};
inline constexpr std::array<std::string_view, 5> room_reason_names{"no_token", "idle", "busy", "too_many", "no_place"};

/// Stands for the peer that has sent a packet if it is one of this node's own payments. No peer has such a name.
inline constexpr std::string_view payments_of_this_node = "payments of this node";

/// One worker's figures that belong to no peer.
struct worker_figures {
    std::size_t incoming_connections = 0;
    std::size_t packets = 0;            ///< from their arrival until the answer may be sent
    std::size_t waiting_for_store = 0;  ///< of these, fulfilled and waiting for their commit
    std::size_t waiting_for_a_connection = 0;
    std::optional<std::chrono::nanoseconds> oldest_hold;  ///< time since the oldest packet with a hold arrived
    std::size_t buffered_bytes = 0;                       ///< memory of the connections' buffers
    std::uint64_t connections_closed_for_memory = 0;      ///< see buffer_memory::relieve()
    std::array<std::uint64_t, room_reason_names.size()> connections_closed_for_room{};  ///< by room_reason
    std::array<std::uint64_t, http2::flood_kinds> http2_floods{};                       ///< by http2::flood
    std::size_t replies = 0;              ///< packets in asynchronous mode whose answer the sender has not taken yet
    std::size_t payments = 0;             ///< quotes and payments of this node that are being carried out
    packet_counters payment_packets{};    ///< of them; `amount` is not counted
    refusal_counters payment_refusals{};  ///< of their packets, by this node
};

/// The answer of one worker to a scrape.
struct worker_sample {
    std::vector<peer_sample> peers;
    worker_figures figures;
};

}  // namespace connector
