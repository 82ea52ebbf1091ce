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

void outcome_questions::ask(packet_in_flight& packet, link& over) {
    question& of = *questions_.at(&packet);
    of.sender = packet.sender;
    of.over = &over;
    if (over.ask_outcome(of, of.set)) of.over = nullptr;
}

void outcome_questions::end(const packet_in_flight& packet) {
    const auto found = questions_.find(&packet);
    if (found == questions_.end()) return;
    const std::unique_ptr<question> ended = std::move(found->second);
    questions_.erase(found);
    if (ended->over != nullptr && !ended->over->withdraw(*ended)) ended->over->forget(*ended);
}

void outcome_questions::question::answered(carried_packet&, ilp::bytes_span answer) {
    over = nullptr;
    about.accepts = accepts;
    owner.answered_(about, answer);
}

}  // namespace connector
