#include "connector/worker/part_collector.hpp"

#include "ilp/invariant.hpp"
#include "ilp/packet.hpp"

#include <utility>

namespace connector {

collected_packet& part_collector::open(place set) {
    if (set >= packets_.size()) packets_.resize(set + 1);
    ilp::require(packets_[set] == nullptr, "a set of parts has one packet");
    packets_[set] = std::make_unique<collected_packet>();
    return *packets_[set];
}

void part_collector::close(place set) {
    packets_[set].reset();
    sets_.close(set);
}

const peering::split_outcome& part_collector::fulfilled(place set, ilp::bytes_view fulfill) {
    peering::split_outcome& outcome = packets_[set]->outcome;
    ilp::bytes octets{fulfill.begin(), fulfill.end()};
    outcome.fulfill = peering::fulfill_to_keep(ilp::fulfill_view::parse(octets).value());
    return outcome;
}

void part_collector::answer(std::uint64_t request, ilp::bytes_view packet, bool held) {
    const auto set = static_cast<place>(request);
    packets_[set]->from->counters.splits.count(split_result::received_fulfilled);
    for (owed_answer& part : packets_[set]->parts) {
        if (part.answer_to != nullptr) part.answer_to->answer(part.request, packet, held);
    }
    if (!held) close(set);
}

void part_collector::reject(std::uint64_t request, ilp::bytes_view packet, const failure& failure) {
    const auto set = static_cast<place>(request);
    packets_[set]->from->counters.splits.count(sets_.is_incomplete(set) ? split_result::received_incomplete
                                                                        : split_result::received_rejected);
    for (owed_answer& part : packets_[set]->parts) {
        if (part.answer_to != nullptr) part.answer_to->reject(part.request, packet, failure);
    }
    close(set);
}

void part_collector::release(std::uint64_t request) {
    const auto set = static_cast<place>(request);
    // The peer can ask for it as soon as one of the answers below is lost.
    durable_(std::move(packets_[set]->outcome));
    for (owed_answer& part : packets_[set]->parts) {
        if (part.answer_to != nullptr) part.answer_to->release(part.request);
    }
    close(set);
}

void part_collector::revoke(std::uint64_t request, ilp::bytes_view packet, const failure& failure) {
    const auto set = static_cast<place>(request);
    for (owed_answer& part : packets_[set]->parts) {
        if (part.answer_to != nullptr) part.answer_to->revoke(part.request, packet, failure);
    }
    close(set);
}

void part_collector::refuse_malformed(std::uint64_t) {
    ilp::require(false, "what has come in parts is a Prepare");
}

}  // namespace connector
