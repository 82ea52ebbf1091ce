#pragma once

#include "connector/transport/link.hpp"
#include "ilp/bytes.hpp"

#include <cstddef>
#include <deque>
#include <map>
#include <string>

namespace connector::testing {

/// Packets, and what a link reported about each: the answer, or the identifier of the reason.
struct recorded_outcomes final : link_listener {
    carried_packet& make() { return packets.emplace_back(carried_packet{this}); }

    std::string outcome(const carried_packet& packet) const {
        const auto found = outcomes.find(&packet);
        return found == outcomes.end() ? "" : found->second;
    }

    void answered(carried_packet& packet, ilp::bytes_span answer) override {
        outcomes[&packet] += ilp::as_text(answer);
    }
    void failed(carried_packet& packet, reject_reason reason) override {
        outcomes[&packet] += describe(reason).identifier;
    }

    std::deque<carried_packet> packets;  // stable addresses
    std::map<const carried_packet*, std::string> outcomes;
};

}  // namespace connector::testing
