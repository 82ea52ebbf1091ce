#pragma once

#include "connector/loop/buffer_memory.hpp"
#include "connector/routing/fair_share.hpp"
#include "connector/routing/recent_users.hpp"
#include "connector/transport/link.hpp"
#include "ilp/bytes.hpp"
#include "ilp/clock.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>

namespace connector {

/// Packets that wait for a connection to one next hop. Their senders take turns; the packets of one sender go in order.
/// So a sender waits for as many packets as there are other senders, and not for all that they have sent.
class waiting_packets {
public:
    struct entry {
        carried_packet* packet = nullptr;
        ilp::bytes octets{};  ///< what is to be sent
        buffer_memory::waiting memory{};
    };

    /// `memory` must outlive this. The packets count as waiting in it.
    explicit waiting_packets(buffer_memory& memory) : memory_{&memory} {}

    bool empty() const noexcept { return size_ == 0; }
    std::size_t size() const noexcept { return size_; }

    /// True if no further packet of this sender may wait when `max` may do so in all. While several senders have
    /// packets for the next hop, each has a fair share of the places.
    bool is_full_for(std::uint32_t sender, std::size_t max, ilp::steady_time now);

    /// Adds a packet, with what is to be sent, behind those of its sender.
    void add(carried_packet& packet, ilp::bytes octets);

    /// Adds a packet that had been taken before, in front of all others.
    void put_back(carried_packet& packet, ilp::bytes octets);

    /// Precondition: not empty.
    entry take();

    /// Returns false if the packet does not wait here.
    bool remove(const carried_packet& packet);

private:
    struct line {
        std::uint32_t sender;
        std::deque<entry> packets;
    };

    std::list<line>::iterator line_of(std::uint32_t sender);
    entry make_entry(carried_packet& packet, ilp::bytes octets) const;

    static constexpr std::chrono::minutes remembered_for{1};  ///< the maximum of max_hold_time

    buffer_memory* memory_;
    std::list<line> lines_;  ///< the senders that have packets here; the first one is next
    std::size_t size_ = 0;
    recent_users senders_{remembered_for};
};

}  // namespace connector
