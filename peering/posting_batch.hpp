#pragma once

#include "peering/posting.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace peering {

/// Number of a batch that was handed over; batches become durable in this order, from 1.
using commit_ticket = std::uint64_t;

/// The ticket of a batch that need not be waited for: the store keeps nothing, and the book has it already.
inline constexpr commit_ticket nothing_to_wait_for = 0;

/// Postings that one loop collects during one turn, netted per pair of accounts; each direction of a pair stays a
/// posting of its own. Not shared between threads; keeps its memory from turn to turn.
class posting_batch {
public:
    /// The legs of one transfer, which were held.
    void add(std::span<const leg> legs);
    void merge(const posting_batch& other);
    bool empty() const noexcept { return postings_.empty(); }
    std::span<const posting> postings() const noexcept { return postings_; }
    std::uint64_t transfers() const noexcept { return transfers_; }
    void clear() noexcept;

private:
    void add(liquidity_account& debit, liquidity_account& credit, wide_amount amount, std::uint64_t packets);
    std::size_t home(const posting& posting) const noexcept;
    void grow();

    std::vector<posting> postings_;
    std::vector<std::uint32_t> index_;  // open addressing by pair: place in postings_, from 1; empty slots are 0
    std::uint64_t transfers_ = 0;
};

}  // namespace peering
