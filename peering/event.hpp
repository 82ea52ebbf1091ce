#pragma once

#include "ilp/timestamp.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace peering {

/// Something that the operator is told by webhook. It is written in the transaction that made it true.
struct event_record {
    std::string uuid;
    std::string type;  ///< such as "peer.liquidity_low"
    std::string data;  ///< a JSON object
};

/// An event that is still to be delivered.
struct pending_event {
    event_record event;
    std::uint32_t attempts = 0;  ///< that failed
    ilp::timestamp due;          ///< when to try next
};

/// How one attempt to deliver an event ended.
struct event_attempt {
    std::string uuid;
    bool delivered = false;
    std::optional<ilp::timestamp> due;  ///< of the next attempt; empty: there will be none
};

}  // namespace peering
