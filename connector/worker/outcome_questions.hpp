#pragma once

#include "connector/loop/event_loop.hpp"
#include "connector/routing/reject_reason.hpp"
#include "connector/transport/link.hpp"
#include "connector/transport/packet_in_flight.hpp"
#include "ilp/bytes.hpp"
#include "peering/splitting/split_header.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace connector {

/// The packets of one worker that have left in parts and have no answer yet. In the last second before such a packet
/// expires, the next hop is asked for its outcome, again and again: the answers to its parts may have been lost with
/// their connection. A question that is not answered soon stays, because the next hop may be far away, and is joined by
/// a second one, because its connection may be dead.
class outcome_questions {
public:
    /// A packet expires so long after the question.
    static constexpr std::chrono::milliseconds time_to_answer{1000};
    /// From a question to the next one.
    static constexpr std::chrono::milliseconds pause{150};
    /// The most questions about one packet that are on their way.
    static constexpr std::size_t asked_max = 2;

    /// `answered` gets an answer to a question; the packet may have ended afterwards.
    outcome_questions(event_loop& loop, std::function<void(packet_in_flight&, ilp::bytes_span)> answered)
        : loop_{loop}, answered_{std::move(answered)} {}

    /// The packet is about to be sent in parts to the peer with this id. Returns the id of their set.
    peering::split_id begin(packet_in_flight& packet, std::uint32_t next_hop);

    /// No answer will come over the connection, for this reason, which may be unfounded: the next hop may have taken
    /// the packet.
    void lost(const packet_in_flight& packet, reject_reason why) { matters_.at(&packet)->lost = why; }
    /// The reason of lost(), if it was called.
    std::optional<reject_reason> is_lost(const packet_in_flight& packet) const { return matters_.at(&packet)->lost; }

    std::uint32_t next_hop(const packet_in_flight& packet) const { return matters_.at(&packet)->next_hop; }
    /// The last question has ended, or has been on its way for long and there is room for another one.
    bool may_ask(const packet_in_flight& packet, ilp::steady_time now) const;
    /// Asks over this link. Call it only if may_ask().
    void ask(packet_in_flight& packet, link& over, ilp::steady_time now);

    /// The answer that ends the packet is that to a question.
    bool was_told(const packet_in_flight& packet) const { return matters_.at(&packet)->is_told; }
    void told(const packet_in_flight& packet) { matters_.at(&packet)->is_told = true; }

    /// The packet has ended.
    void end(const packet_in_flight& packet);

private:
    struct matter;

    struct question final : carried_packet, link_listener {
        explicit question(matter& of_matter) : of{of_matter} { listener = this; }
        void answered(carried_packet&, ilp::bytes_span answer) override;
        void failed(carried_packet&, reject_reason) override { over = nullptr; }
        /// It is not asked any more.
        void withdraw();

        matter& of;
        link* over = nullptr;  ///< that carries the question; null if it is not on its way
    };

    /// A packet, and what is asked about it.
    struct matter final : disposable {
        matter(outcome_questions& owner_of, packet_in_flight& about_packet) : owner{owner_of}, about{about_packet} {}

        outcome_questions& owner;
        packet_in_flight& about;
        peering::split_id set{};
        std::uint32_t next_hop = 0;
        std::array<question, asked_max> asked{question{*this}, question{*this}};
        question* last = asked.data();
        ilp::steady_time asked_at{};
        bool is_over = false;  ///< the packet has ended; a link that is just ending may still tell an outcome
        bool is_told = false;
        std::optional<reject_reason> lost{};
    };

    event_loop& loop_;
    boost::unordered_flat_map<const packet_in_flight*, std::unique_ptr<matter>> matters_;
    std::function<void(packet_in_flight&, ilp::bytes_span)> answered_;
};

}  // namespace connector
