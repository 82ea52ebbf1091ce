#include "peering/parts/lease_queue.hpp"

#include "ilp/invariant.hpp"

namespace peering {

lease_queue::step lease_queue::decide(account_id account, std::uint64_t lacking, ilp::steady_time now) {
    if (const auto refused = refusals_.find(account); refused != refusals_.end()) {
        if (now >= refused->second.until) {
            refusals_.erase(refused);
        } else if (lacking >= refused->second.lacking) {
            return step::refuse;
        }
    }
    if (waiting_ >= waiting_max) return step::refuse;
    entry& known = entries_[account];
    if (known.waiting >= waiting_of_account_max) return step::refuse;
    ++known.waiting;
    ++waiting_;
    if (known.is_asked_for) return step::wait;
    known.is_asked_for = true;
    return step::ask_and_wait;
}

void lease_queue::end_wait(account_id account) {
    const auto found = entries_.find(account);
    ilp::require(found != entries_.end() && found->second.waiting > 0, "a wait for a lease ends once");
    --found->second.waiting;
    --waiting_;
    forget_if_idle(found);
}

void lease_queue::was_granted(account_id account) {
    refusals_.erase(account);
    const auto found = entries_.find(account);
    if (found == entries_.end()) return;
    found->second.is_asked_for = false;
    forget_if_idle(found);
}

void lease_queue::was_refused(account_id account, std::uint64_t lacking, ilp::steady_time now) {
    if (refusals_.size() >= refusals_max) {
        std::erase_if(refusals_, [now](const auto& refused) { return now >= refused.second.until; });
    }
    if (refusals_.size() < refusals_max) refusals_.insert_or_assign(account, refusal{lacking, now + refused_for});
    const auto found = entries_.find(account);
    if (found == entries_.end()) return;
    found->second.is_asked_for = false;
    forget_if_idle(found);
}

void lease_queue::forget_if_idle(std::unordered_map<account_id, entry>::iterator found) {
    if (found->second.waiting == 0 && !found->second.is_asked_for) entries_.erase(found);
}

}  // namespace peering
