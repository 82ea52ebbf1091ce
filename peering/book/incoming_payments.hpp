#pragma once

#include "ilp/clock.hpp"
#include "peering/records/event.hpp"
#include "peering/records/received_packets.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace peering {

/// The payments that arrive, for the events that report them. A payment is what one connection brings until its sender
/// closes it, or until no packet has come for a while. Its event is written with its first packets, and is open: each
/// transaction with more packets of it writes the new sum, and a later one ends it and has it delivered. So the events
/// of an account add up to what was credited to it, whenever the process ends; the next start has delivered what was
/// open. However often a sender closes, the number of events that end in a second is bounded by `ended_at_a_time`.
///
/// What a transaction adds takes effect only once it is durable. Used by one thread at a time, with the bookkeeper.
class incoming_payments {
public:
    /// While so many are open, what comes over other connections is reported together, by one event for each account.
    static constexpr std::size_t open_max = 10'000;
    /// A payment that goes on for longer is reported in parts.
    static constexpr std::chrono::hours part_time_max{1};
    /// The number of payments that one transaction ends because they are idle.
    static constexpr std::size_t ended_at_a_time = 32;

    explicit incoming_payments(std::chrono::milliseconds idle_time) : idle_time_{idle_time} {}

    /// Whether a transaction with these packets has an event to write. They may have brought nothing, and end nothing.
    bool concerns(const table_by_connection<received_packets>& received) const;

    /// Whether a payment is idle: its sender has closed it, or no packet has come for the idle time.
    bool has_idle(ilp::steady_time now) const;

    /// Works out the events of a transaction with these packets, and replaces both lists. With `idle_at`, payments that
    /// are idle at that time end. written() follows when the transaction is durable; without it, nothing has happened.
    void add(const table_by_connection<received_packets>& received, std::optional<ilp::steady_time> idle_at,
             std::vector<event_record>& new_events, std::vector<event_record>& changed_events);

    void written();

private:
    struct open_payment {
        std::string event;  ///< uuid
        received_packets received;
        bool has_ended = false;
    };

    bool is_idle(const open_payment& payment, ilp::steady_time now) const noexcept {
        return payment.received.has_ended || payment.received.last.steady + idle_time_ <= now;
    }
    /// Works out what happens with the payment of one connection.
    void take(const connection_id& connection, const received_packets& more, std::vector<event_record>& new_events,
              std::vector<event_record>& changed_events);

    const std::chrono::milliseconds idle_time_;
    table_by_connection<open_payment> open_;
    std::vector<std::pair<connection_id, open_payment>> pending_;  ///< how they are once the transaction is durable
};

}  // namespace peering
