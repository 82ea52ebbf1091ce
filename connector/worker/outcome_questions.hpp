#pragma once

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
    explicit outcome_questions(std::function<void(packet_in_flight&, ilp::bytes_span)> answered)
        : answered_{std::move(answered)} {}

    /// The packet is about to be sent in parts to the peer with this id. Returns the id of their set.
    peering::split_id begin(packet_in_flight& packet, std::uint32_t next_hop);

    /// No answer will come over the connection, for this reason, which may be unfounded: the next hop may have taken
    /// the packet.
    void lost(const packet_in_flight& packet, reject_reason why) { questions_.at(&packet)->lost = why; }
    /// The reason of lost(), if it was called.
    std::optional<reject_reason> is_lost(const packet_in_flight& packet) const { return questions_.at(&packet)->lost; }

    std::uint32_t next_hop(const packet_in_flight& packet) const { return questions_.at(&packet)->next_hop; }
    /// A question is on its way.
    bool is_asking(const packet_in_flight& packet) const { return questions_.at(&packet)->over != nullptr; }
    /// Asks over this link. Precondition: no question is on its way.
    void ask(packet_in_flight& packet, link& over);

    /// The answer that ends the packet is that to a question.
    bool was_told(const packet_in_flight& packet) const { return questions_.at(&packet)->is_told; }
    void told(const packet_in_flight& packet) { questions_.at(&packet)->is_told = true; }

    /// The packet has ended.
    void end(const packet_in_flight& packet);

private:
    struct question final : carried_packet, link_listener {
        question(outcome_questions& owner_of, packet_in_flight& about_packet) : owner{owner_of}, about{about_packet} {
            listener = this;
        }
        void answered(carried_packet&, ilp::bytes_span answer) override;
        void failed(carried_packet&, reject_reason) override { over = nullptr; }

        outcome_questions& owner;
        packet_in_flight& about;
        peering::split_id set{};
        std::uint32_t next_hop = 0;
        link* over = nullptr;  ///< that carries the question
        bool is_told = false;
        std::optional<reject_reason> lost{};
    };

    boost::unordered_flat_map<const packet_in_flight*, std::unique_ptr<question>> questions_;
    std::function<void(packet_in_flight&, ilp::bytes_span)> answered_;
};

}  // namespace connector
