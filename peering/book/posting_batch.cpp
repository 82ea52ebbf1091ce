#include "peering/book/posting_batch.hpp"

#include <algorithm>
#include <utility>

namespace peering {

void posting_batch::add(std::span<const leg> legs) {
    for (const leg& leg : legs) add(*leg.debit, *leg.credit, leg.amount.value, 1);
    ++transfers_;
}

void posting_batch::advance(const payment_progress& progress) {
    const auto known = std::ranges::find(payments_, progress.number, &payment_progress::number);
    if (known == payments_.end()) {
        payments_.push_back(progress);
    } else {
        *known = progress;
    }
}

void posting_batch::raise_ceiling(liquidity_account& account, std::uint64_t amount) {
    const auto [known, is_new] = ceiling_of_.try_emplace(&account, ceilings_.size());
    if (is_new) {
        ceilings_.push_back({&account, amount});
    } else {
        ceiling_request& request = ceilings_[known->second];
        request.amount = std::max(request.amount, amount);
    }
}

void posting_batch::merge(const posting_batch& other) {
    for (const posting& posting : other.postings_) {
        add(*posting.debit, *posting.credit, posting.amount, posting.packets);
    }
    for (const payment_progress& progress : other.payments_) advance(progress);
    for (const auto& [connection, packets] : other.received_) {
        if (const auto [known, is_new] = received_.try_emplace(connection, packets); !is_new)
            known->second.add(packets);
    }
    outcomes_.insert(outcomes_.end(), other.outcomes_.begin(), other.outcomes_.end());
    for (const auto& [account, amount] : other.ceilings_) raise_ceiling(*account, amount);
    transfers_ += other.transfers_;
}

void posting_batch::clear() noexcept {
    // Clears only the slots in use, so that after a large batch the following ones cost no more than before.
    const std::size_t mask = index_.size() - 1;
    for (std::size_t i = 0; i < postings_.size(); ++i) {
        std::size_t slot = home(postings_[i]);
        while (index_[slot] != i + 1) slot = (slot + 1) & mask;
        index_[slot] = 0;
    }
    postings_.clear();
    payments_.clear();
    if (!received_.empty()) received_.clear();
    outcomes_.clear();
    if (!ceilings_.empty()) {
        ceilings_.clear();
        ceiling_of_.clear();
    }
    transfers_ = 0;
}

void posting_batch::add(liquidity_account& debit, liquidity_account& credit, wide_amount amount,
                        std::uint64_t packets) {
    if (2 * (postings_.size() + 1) > index_.size()) grow();
    const posting added{&debit, &credit, amount, packets};
    std::size_t slot = home(added);
    while (index_[slot] != 0) {
        posting& known = postings_[index_[slot] - 1];
        if (known.debit == &debit && known.credit == &credit) {
            known.amount += amount;
            known.packets += packets;
            return;
        }
        slot = (slot + 1) & (index_.size() - 1);
    }
    postings_.push_back(added);
    index_[slot] = static_cast<std::uint32_t>(postings_.size());
}

std::size_t posting_batch::home(const posting& posting) const noexcept {
    const std::uint64_t pair =
        std::uint64_t{std::to_underlying(posting.debit->id)} << 32 | std::to_underlying(posting.credit->id);
    return static_cast<std::size_t>(pair * 0x9e3779b97f4a7c15U >> 32) & (index_.size() - 1);
}

void posting_batch::grow() {
    index_.assign(std::max<std::size_t>(16, 2 * index_.size()), 0);
    for (std::size_t i = 0; i < postings_.size(); ++i) {
        std::size_t slot = home(postings_[i]);
        while (index_[slot] != 0) slot = (slot + 1) & (index_.size() - 1);
        index_[slot] = static_cast<std::uint32_t>(i + 1);
    }
}

}  // namespace peering
