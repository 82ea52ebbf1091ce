#pragma once

#include "connector/loop/event_loop.hpp"
#include "connector/routing/reject_reason.hpp"
#include "connector/transport/link.hpp"
#include "connector/transport/packet_in_flight.hpp"
#include "ilp/bytes.hpp"
#include "peering/splitting/split_header.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace connector {

/// The packets of one worker that have left in parts and have no answer yet. In the last second before such a packet
/// expires, the next hop is asked for its outcome, again and again: the answers to its parts may have been lost with
/// their connection.
class outcome_questions {
public:
    /// A packet expires so long after the question.
    static constexpr std::chrono::milliseconds time_to_answer{1000};
    /// From a question to the next one.
    static constexpr std::chrono::milliseconds pause{150};

    /// `answered` gets an answer to a question; the packet may have ended afterwards.
    outcome_questions(event_loop& loop, std::function<void(packet_in_flight&, ilp::bytes_span)> answered)
        : loop_{loop}, answered_{std::move(answered)} {}

    /// The packet is about to be sent in parts to the peer with this id. Returns the id of their set.
    peering::split_id begin(packet_in_flight& packet, std::uint32_t next_hop);

    /// No answer will come over the connection, for this reason, which may be unfounded: the next hop may have taken
    /// the packet.
    void lost(const packet_in_flight& packet, reject_reason why) { questions_.at(&packet)->lost = why; }
    /// The reason of lost(), if it was called.
    std::optional<reject_reason> is_lost(const packet_in_flight& packet) const { return questions_.at(&packet)->lost; }

    std::uint32_t next_hop(const packet_in_flight& packet) const { return questions_.at(&packet)->next_hop; }
    /// No question is on its way, or the last one has been for long.
    bool may_ask(const packet_in_flight& packet, ilp::steady_time now) const;
    /// Asks over this link, and no longer over another one.
    void ask(packet_in_flight& packet, link& over, ilp::steady_time now);

    /// The answer that ends the packet is that to a question.
    bool was_told(const packet_in_flight& packet) const { return questions_.at(&packet)->is_told; }
    void told(const packet_in_flight& packet) { questions_.at(&packet)->is_told = true; }

    /// The packet has ended.
    void end(const packet_in_flight& packet);

private:
    struct question final : disposable, carried_packet, link_listener {
        question(outcome_questions& owner_of, packet_in_flight& about_packet) : owner{owner_of}, about{about_packet} {
            listener = this;
        }
        void answered(carried_packet&, ilp::bytes_span answer) override;
        void failed(carried_packet&, reject_reason) override { over = nullptr; }
        /// It is not asked any more.
        void withdraw();

        outcome_questions& owner;
        packet_in_flight& about;
        peering::split_id set{};
        std::uint32_t next_hop = 0;
        link* over = nullptr;  ///< that carries the question
        ilp::steady_time asked_at{};
        bool is_over = false;  ///< the packet has ended; a link that is just ending may still tell an outcome
        bool is_told = false;
        std::optional<reject_reason> lost{};
    };

    event_loop& loop_;
    boost::unordered_flat_map<const packet_in_flight*, std::unique_ptr<question>> questions_;
    std::function<void(packet_in_flight&, ilp::bytes_span)> answered_;
};

}  // namespace connector
