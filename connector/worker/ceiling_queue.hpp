#pragma once

#include "connector/loop/buffer_memory.hpp"
#include "connector/transport/packet_in_flight.hpp"
#include "ilp/bytes.hpp"
#include "peering/book/posting_batch.hpp"
#include "peering/records/account.hpp"
#include "peering/splitting/split_plan.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

namespace connector {

/// The packets of one worker that may not leave before the store has a higher ceiling for what is in flight to their
/// next hop (peering::flight_ceilings). What they transfer is held. A packet that fits below the ceiling does not wait
/// behind one that does not: packets have no order.
class ceiling_queue {
public:
    struct entry {
        packet_in_flight* packet = nullptr;
        std::uint32_t peer = 0;  ///< the next hop
        peering::liquidity_account* account = nullptr;
        ilp::bytes prepare{};
        std::optional<peering::split_plan> plan{};
        buffer_memory::waiting memory{};
        peering::commit_ticket ticket = 0;  ///< of the commit that raises the ceiling; 0: not submitted yet
    };

    bool empty() const noexcept { return entries_.empty(); }
    std::size_t size() const noexcept { return entries_.size(); }

    void add(entry waiting);

    /// Returns false if the packet does not wait here.
    bool remove(const packet_in_flight& packet);

    /// Asks for ceilings that let all packets of the accounts leave to which packets were added since submitted().
    void ask(peering::posting_batch& batch) const;
    void submitted(peering::commit_ticket ticket) noexcept;

    /// Takes the packet that has waited for longest, if its commit is durable.
    std::optional<entry> take(peering::commit_ticket durable);

private:
    struct account_state {
        std::uint64_t sum = 0;   // of the amounts that wait
        bool is_asking = false;  // it is in asking_
    };

    void leave(const entry& left);

    std::deque<entry> entries_;  // in the order of their tickets; those without one are the last
    std::unordered_map<const peering::liquidity_account*, account_state> accounts_;  // for which packets wait
    std::vector<peering::liquidity_account*> asking_;
};

}  // namespace connector
