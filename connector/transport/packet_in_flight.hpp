#pragma once

#include "connector/loop/deadline_wheel.hpp"
#include "connector/routing/pool_shares.hpp"
#include "connector/transport/answer_sink.hpp"
#include "connector/transport/link.hpp"
#include "ilp/amount.hpp"
#include "ilp/clock.hpp"
#include "ilp/condition.hpp"
#include "ilp/invariant.hpp"
#include "peering/book/posting_batch.hpp"
#include "peering/directory/limits.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace connector {

struct peer_state;

/// The state kept for a Prepare until its answer has been queued; the packet itself is lost when its receive buffer is
/// reused. The deadline wakes the worker twice: when the packet has waited too long to be sent, and at its expiry
/// towards the next hop, which is `due`; setting the wall clock does not move it.
struct packet_in_flight : deadline, carried_packet, owed_answer {
    explicit packet_in_flight(action on_expiry) : deadline{on_expiry} {}

    link* next_hop_link = nullptr;  ///< null if no answer from the next hop is expected
    peer_state* from = nullptr;
    peer_state* to = nullptr;  ///< null if this node fulfilled the packet itself
    ilp::condition condition{};
    ilp::steady_time arrived_at;
    ilp::amount incoming_amount;
    ilp::amount outgoing_amount;
    peering::packet_transfer transfer;  ///< held in the ledger
    peering::taken_limits limits;
    pool_shares::held_amount* pool_share = nullptr;  ///< counts the outgoing amount; null if no pool pays it
    /// The next hop's account, which counts the outgoing amount as in flight; null while the packet waits for that.
    peering::liquidity_account* flies_to = nullptr;

    // Used while the transfer is being committed.
    peering::commit_ticket ticket = 0;
    packet_in_flight* next = nullptr;
};

/// An intrusive queue of packets in the order of their tickets.
class commit_queue {
public:
    bool empty() const noexcept { return first_ == nullptr; }
    std::size_t size() const noexcept { return size_; }
    packet_in_flight& front() const noexcept { return *first_; }

    void push(packet_in_flight& packet) noexcept {
        ilp::require(empty() || last_->ticket <= packet.ticket, "answers wait in the order of their commits");
        packet.next = nullptr;
        (first_ == nullptr ? first_ : last_->next) = &packet;
        last_ = &packet;
        ++size_;
    }
    void pop() noexcept {
        first_ = first_->next;
        --size_;
    }

private:
    std::size_t size_ = 0;
    packet_in_flight* first_ = nullptr;
    packet_in_flight* last_ = nullptr;
};

/// The packets in flight of one worker. Their memory is reused.
class packet_pool {
public:
    explicit packet_pool(deadline::action on_expiry) : on_expiry_{on_expiry} {}

    packet_in_flight& take() {
        ++in_use_;
        if (free_.empty()) return storage_.emplace_back(on_expiry_);
        packet_in_flight& packet = *free_.back();
        free_.pop_back();
        return packet;
    }

    void give_back(packet_in_flight& packet) {
        --in_use_;
        packet.cancel();
        packet.transfer = {};
        packet.answer_to = nullptr;
        packet.next_hop_link = nullptr;
        packet.pool_share = nullptr;
        packet.flies_to = nullptr;
        free_.push_back(&packet);
    }

    std::size_t in_use() const noexcept { return in_use_; }

    /// Calls visit(packet) for all packets, with those that are not in use: they have no link, hold nothing and wait
    /// for nothing. Packets may be given back meanwhile, but none may be taken.
    template <class Visit>
    void visit(Visit visit) {
        for (packet_in_flight& packet : storage_) visit(packet);
    }

    /// Arrival of the oldest packet that holds liquidity. Looks at all packets, for a scrape.
    std::optional<ilp::steady_time> oldest_hold() const noexcept {
        std::optional<ilp::steady_time> oldest;
        for (const packet_in_flight& packet : storage_) {
            if (packet.transfer.empty()) continue;  // holds nothing, or is not in use
            if (!oldest || packet.arrived_at < *oldest) oldest = packet.arrived_at;
        }
        return oldest;
    }

private:
    deadline::action on_expiry_;
    std::deque<packet_in_flight> storage_;  // stable addresses
    std::vector<packet_in_flight*> free_;
    std::size_t in_use_ = 0;
};

}  // namespace connector
