#pragma once

#include "ilp/timestamp.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace peering {

/// An event that the operator receives by webhook. It is written in the transaction that caused it.
struct event_record {
    std::string uuid;
    std::string type;  ///< such as "peer.liquidity_low"
    std::string data;  ///< a JSON object
};

/// An event that has not been delivered yet.
struct pending_event {
    event_record event;
    std::uint32_t attempts = 0;  ///< number of failed attempts
    ilp::timestamp due;          ///< time of the next attempt
};

/// The result of one attempt to deliver an event.
struct event_attempt {
    std::string uuid;
    bool delivered = false;
    std::optional<ilp::timestamp> due;  ///< time of the next attempt; nullopt if there will be none
};

}  // namespace peering
