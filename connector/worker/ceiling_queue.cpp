#include "connector/worker/ceiling_queue.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace connector {

void ceiling_queue::add(entry waiting) {
    // All of this is held on the account at once, so the sum is an amount.
    account_state& state = accounts_[waiting.account];
    state.sum += waiting.packet->outgoing_amount.value;
    if (!std::exchange(state.is_asking, true)) asking_.push_back(waiting.account);
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
        const auto waiting = accounts_.find(account);
        if (waiting == accounts_.end()) continue;  // they have expired
        const std::uint64_t sum = waiting->second.sum;
        const std::uint64_t present = account->in_flight.load();
        const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
        batch.raise_ceiling(*account, sum > most - present ? most : present + sum);
    }
}

void ceiling_queue::submitted(peering::commit_ticket ticket) noexcept {
    for (const peering::liquidity_account* const account : asking_) {
        const auto asked = accounts_.find(account);
        if (asked != accounts_.end()) asked->second.is_asking = false;
    }
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
    const auto found = accounts_.find(left.account);
    found->second.sum -= left.packet->outgoing_amount.value;
    if (found->second.sum == 0) accounts_.erase(found);
}

}  // namespace connector
