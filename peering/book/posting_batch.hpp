#pragma once

#include "peering/records/flight.hpp"
#include "peering/records/payment.hpp"
#include "peering/records/posting.hpp"
#include "peering/records/received_packets.hpp"
#include "peering/splitting/split_outcomes.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace peering {

/// Number of a submitted batch; batches become durable in this order, starting at 1.
using commit_ticket = std::uint64_t;

/// The ticket of a batch that need not be waited for, because the store keeps nothing and the batch has been booked
/// already.
inline constexpr commit_ticket nothing_to_wait_for = 0;

/// Postings that one event loop collects during one turn, netted per pair of accounts; each direction of a pair remains
/// a posting of its own. Not shared between threads; keeps its memory from turn to turn.
class posting_batch {
public:
    /// Adds the legs of one transfer, which must have been held.
    void add(std::span<const leg> legs);
    /// What a payment has sent and delivered in all; a later figure replaces an earlier one. The legs of its packets
    /// are in this batch, so that both are written in one transaction.
    void advance(const payment_progress& progress);
    /// What a connection has brought to a receiving account in this batch: to be added to, and to be described if it
    /// has no packets yet. The legs of its packets are in this batch, so that they and the event about the payment are
    /// written in one transaction.
    received_packets& received_over(const connection_id& connection) { return received_[connection]; }
    /// The Fulfill of a packet that has come in parts. Its legs are in this batch, so that both are written in one
    /// transaction.
    void keep(split_outcome outcome) { outcomes_.push_back(std::move(outcome)); }
    /// Has the ceiling of an account raised so that `amount` may be in flight to its peer.
    void raise_ceiling(liquidity_account& account, std::uint64_t amount);
    void merge(const posting_batch& other);
    bool empty() const noexcept {
        return postings_.empty() && payments_.empty() && received_.empty() && outcomes_.empty() && ceilings_.empty();
    }
    std::span<const posting> postings() const noexcept { return postings_; }
    std::span<const payment_progress> payments() const noexcept { return payments_; }
    const table_by_connection<received_packets>& received() const noexcept { return received_; }
    std::span<const split_outcome> outcomes() const noexcept { return outcomes_; }
    std::span<const ceiling_request> ceilings() const noexcept { return ceilings_; }
    std::uint64_t transfers() const noexcept { return transfers_; }
    void clear() noexcept;

private:
    void add(liquidity_account& debit, liquidity_account& credit, wide_amount amount, std::uint64_t packets);
    std::size_t home(const posting& posting) const noexcept;
    void grow();

    std::vector<posting> postings_;
    // Open addressing by account pair: 1-based index into postings_; 0: empty. With 1000 pairs a leg takes 183
    // instructions; with a linear search it takes 1516, and with boost::unordered_flat_map, whose clear() also visits
    // its whole capacity, 219. Up to 64 pairs a linear search is as good.
    std::vector<std::uint32_t> index_;
    std::vector<payment_progress> payments_;  // few
    table_by_connection<received_packets> received_;
    std::vector<split_outcome> outcomes_;
    std::vector<ceiling_request> ceilings_;                                 // each account once; most batches have none
    std::unordered_map<const liquidity_account*, std::size_t> ceiling_of_;  // index into ceilings_
    std::uint64_t transfers_ = 0;
};

}  // namespace peering
