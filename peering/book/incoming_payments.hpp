#pragma once

#include "ilp/clock.hpp"
#include "peering/book/undelivered_events.hpp"
#include "peering/records/event.hpp"
#include "peering/records/received_packets.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace peering {

/// The payments that arrive, for the events that report them. A payment is what one connection brings until its sender
/// closes it, or until no packet has come for a while. Its event is written with its first packets, and is open: each
/// transaction with more packets of it writes the new sum, and a later one ends it and has it delivered. So the events
/// of an account add up to what was credited to it, whenever the process ends; the next start has delivered what was
/// open. However often a sender closes, the number of events that end in a second is bounded by `ended_at_a_time`.
///
/// Payments that may have no event of their own are reported together, by a collective event of their account. It ends
/// like that of a payment, but not while the account has too many events that are not delivered.
///
/// What a transaction adds takes effect only once it is durable. Used by one thread at a time, with the bookkeeper.
class incoming_payments {
public:
    /// While so many are open, or so many of the account are open or not delivered, a further payment has no event of
    /// its own.
    static constexpr std::size_t open_max = 10'000;
    static constexpr std::size_t undelivered_max = 1'000;
    /// While an account has so many, no collective event of it ends.
    static constexpr std::size_t undelivered_with_collective_max = 2 * undelivered_max;
    /// While the payments of all collective events are more than these, further ones are reported and not counted.
    static constexpr std::size_t counted_max = 100'000;
    /// A payment that goes on for longer is reported in parts.
    static constexpr std::chrono::hours part_time_max{1};
    /// The number of payments that one transaction ends because they are idle.
    static constexpr std::size_t ended_at_a_time = 32;

    /// `undelivered` must outlive this object. What it says may change between transactions.
    incoming_payments(std::chrono::milliseconds idle_time, const undelivered_events& undelivered)
        : idle_time_{idle_time}, undelivered_{undelivered} {}

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
        std::string event{};  ///< uuid
        received_packets received{};
        bool has_ended = false;
        bool is_collective = false;  ///< has the id of no connection
        std::uint64_t payments = 0;  ///< of a collective one

        event_record report(const connection_id& connection, bool is_open) const;
    };
    using account_counts = std::map<std::string_view, std::size_t>;  ///< by the uuid of the receiving account

    bool is_idle(const open_payment& payment, ilp::steady_time now) const;
    bool may_have_own_event(const uuid_text& account, std::size_t open, const account_counts& begun) const;
    /// Adds what came over a connection without an event of its own to the collective payment of its account.
    void collect(const connection_id& connection, const received_packets& more,
                 table_by_connection<open_payment>& collected);
    /// Works out what happens with the payment of one connection, or with a collective one, and what came for it.
    void take(const connection_id& connection, const open_payment& more, std::vector<event_record>& new_events,
              std::vector<event_record>& changed_events);

    const std::chrono::milliseconds idle_time_;
    const undelivered_events& undelivered_;
    table_by_connection<open_payment> open_;
    table_by_connection<connection_id> counted_;                   ///< the collective payments in which they are
    std::vector<std::pair<connection_id, open_payment>> pending_;  ///< how they are once the transaction is durable
    std::vector<std::pair<connection_id, connection_id>> newly_counted_;  ///< the same
};

}  // namespace peering
