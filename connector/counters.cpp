#include "connector/counters.hpp"

namespace connector {
namespace {

void add(packet_counters& to, const packet_counters& from) noexcept {
    to.prepares += from.prepares;
    to.fulfills += from.fulfills;
    to.amount += from.amount;
    for (std::size_t i = 0; i < to.rejects.size(); ++i) to.rejects[i] += from.rejects[i];
}

}  // namespace

void peer_counters::add(const peer_counters& other) noexcept {
    connector::add(incoming, other.incoming);
    connector::add(outgoing, other.outgoing);
    packets_in_flight += other.packets_in_flight;
    amount_in_flight += other.amount_in_flight;
    duration.sum += other.duration.sum;
    for (std::size_t i = 0; i < duration.buckets.size(); ++i) duration.buckets[i] += other.duration.buckets[i];
}

}  // namespace connector
