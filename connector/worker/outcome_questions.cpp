#include "connector/worker/outcome_questions.hpp"

#include "ilp/invariant.hpp"

#include <openssl/rand.h>

#include <utility>

namespace connector {

peering::split_id outcome_questions::begin(packet_in_flight& packet, std::uint32_t next_hop) {
    auto begun = std::make_unique<question>(*this, packet);
    begun->next_hop = next_hop;
    const bool is_random = RAND_bytes(begun->set.data(), static_cast<int>(begun->set.size())) == 1;
    ilp::require(is_random, "libcrypto has random numbers");
    const peering::split_id set = begun->set;
    questions_.insert_or_assign(&packet, std::move(begun));
    return set;
}

bool outcome_questions::may_ask(const packet_in_flight& packet, ilp::steady_time now) const {
    const question& of = *questions_.at(&packet);
    return of.over == nullptr || now - of.asked_at >= 2 * pause;
}

void outcome_questions::ask(packet_in_flight& packet, link& over, ilp::steady_time now) {
    question& of = *questions_.at(&packet);
    of.withdraw();
    of.sender = packet.sender;
    of.asked_at = now;
    of.over = &over;
    if (over.ask_outcome(of, of.set)) of.over = nullptr;
}

void outcome_questions::end(const packet_in_flight& packet) {
    const auto found = questions_.find(&packet);
    if (found == questions_.end()) return;
    std::unique_ptr<question> ended = std::move(found->second);
    questions_.erase(found);
    ended->is_over = true;
    ended->withdraw();
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
    if (is_over) return;
    about.accepts = accepts;
    owner.answered_(about, answer);
}

}  // namespace connector
