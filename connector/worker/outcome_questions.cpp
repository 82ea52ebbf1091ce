#include "connector/worker/outcome_questions.hpp"

#include "ilp/invariant.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <utility>

namespace connector {

peering::split_id outcome_questions::begin(packet_in_flight& packet, std::uint32_t next_hop) {
    auto begun = std::make_unique<matter>(*this, packet);
    begun->next_hop = next_hop;
    const bool is_random = RAND_bytes(begun->set.data(), static_cast<int>(begun->set.size())) == 1;
    ilp::require(is_random, "libcrypto has random numbers");
    const peering::split_id set = begun->set;
    matters_.insert_or_assign(&packet, std::move(begun));
    return set;
}

bool outcome_questions::may_ask(const packet_in_flight& packet, ilp::steady_time now) const {
    const matter& about = *matters_.at(&packet);
    if (about.last->over == nullptr) return true;
    return now - about.asked_at >= 2 * pause &&
           std::ranges::any_of(about.asked, [](const question& each) { return each.over == nullptr; });
}

void outcome_questions::ask(packet_in_flight& packet, link& over, ilp::steady_time now) {
    matter& about = *matters_.at(&packet);
    const auto free = std::ranges::find(about.asked, nullptr, &question::over);
    ilp::require(free != about.asked.end(), "there is room for another question");
    about.last = &*free;
    about.asked_at = now;
    free->sender = packet.sender;
    free->over = &over;
    if (over.ask_outcome(*free, about.set)) free->over = nullptr;
}

void outcome_questions::end(const packet_in_flight& packet) {
    const auto found = matters_.find(&packet);
    if (found == matters_.end()) return;
    std::unique_ptr<matter> ended = std::move(found->second);
    matters_.erase(found);
    ended->is_over = true;
    for (question& each : ended->asked) each.withdraw();
    // A connection that is ending tells the outcomes of all that it carried, one after the other, and this may be one
    // of them.
    loop_.dispose(std::move(ended));
}

void outcome_questions::question::withdraw() {
    link* const asked = std::exchange(over, nullptr);
    if (asked != nullptr && !asked->withdraw(*this)) asked->forget(*this);
}

void outcome_questions::question::answered(carried_packet&, ilp::bytes_span answer) {
    over = nullptr;
    if (of.is_over) return;
    of.about.accepts = accepts;
    of.owner.answered_(of.about, answer);
}

}  // namespace connector
