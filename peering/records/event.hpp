#pragma once

#include "ilp/timestamp.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace peering {

/// An event that the operator receives by webhook. It is written in the transaction that caused it.
struct event_record {
    std::string uuid;
    std::string type;  ///< such as "peer.liquidity_low"
    std::string data;  ///< a JSON object
    /// What it reports goes on: it is delivered once a change has closed it.
    bool is_open = false;
    /// Of the event of a payment that has arrived: uuid of the receiving account. Otherwise empty.
    std::string receiving_account{};
};

/// Events are delivered in two lines, so that no number of payments delays what an operator must know of this node.
enum class event_line : std::uint8_t {
    node,      ///< peers and assets
    payments,  ///< payments that have arrived: those with a receiving account
};

/// The store keeps this time for an open event, instead of the time of the next attempt: far enough in the future, and
/// not a time of an attempt.
inline constexpr ilp::timestamp due_of_open_events{std::chrono::sys_days{std::chrono::year{2200} / 1 / 1}};

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
    std::string receiving_account{};    ///< as in the event
};

/// How many events are to be delivered, without open ones.
struct pending_count {
    std::string receiving_account;  ///< of their payments; empty for all other events
    std::uint64_t events = 0;
};

}  // namespace peering
