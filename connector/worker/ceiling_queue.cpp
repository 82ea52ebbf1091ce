#include "connector/worker/ceiling_queue.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace connector {

void ceiling_queue::add(entry waiting) {
    // All of this is held on the account at once, so the sum is an amount.
    sums_[waiting.account] += waiting.packet->outgoing_amount.value;
    if (std::ranges::find(asking_, waiting.account) == asking_.end()) asking_.push_back(waiting.account);
    waiting.ticket = 0;
    entries_.push_back(std::move(waiting));
}

bool ceiling_queue::remove(const packet_in_flight& packet) {
    const auto found = std::ranges::find(entries_, &packet, &entry::packet);
    if (found == entries_.end()) return false;
    leave(*found);
    entries_.erase(found);
    return true;
}

void ceiling_queue::ask(peering::posting_batch& batch) const {
    for (peering::liquidity_account* const account : asking_) {
        const auto waiting = sums_.find(account);
        if (waiting == sums_.end()) continue;  // they have expired
        const std::uint64_t present = account->in_flight.load();
        const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
        batch.raise_ceiling(*account, waiting->second > most - present ? most : present + waiting->second);
    }
}

void ceiling_queue::submitted(peering::commit_ticket ticket) noexcept {
    asking_.clear();
    for (auto waiting = entries_.rbegin(); waiting != entries_.rend() && waiting->ticket == 0; ++waiting) {
        waiting->ticket = ticket;
    }
}

std::optional<ceiling_queue::entry> ceiling_queue::take(peering::commit_ticket durable) {
    if (entries_.empty() || entries_.front().ticket == 0 || entries_.front().ticket > durable) return std::nullopt;
    entry taken = std::move(entries_.front());
    entries_.pop_front();
    leave(taken);
    return taken;
}

void ceiling_queue::leave(const entry& left) {
    const auto sum = sums_.find(left.account);
    sum->second -= left.packet->outgoing_amount.value;
    if (sum->second == 0) sums_.erase(sum);
}

}  // namespace connector
