#pragma once

#include "peering/store/tenancy.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peering {

class postgres_connection;

/// Identifies the last ilpd transaction in a database. A counter alone would not be enough: two daemons can count to
/// the same number.
struct postgres_position {
    std::int64_t last_commit = 0;
    std::int64_t epoch = 0;  ///< in which it was written
    friend bool operator==(const postgres_position&, const postgres_position&) = default;
};

/// Thrown if the database is not at the expected position, or another registration has followed ours. Nothing was
/// changed.
struct postgres_position_lost {};

/// The row of `daemons` for the place of a daemon.
struct postgres_slot {
    std::string instance{};  ///< empty: nobody has it
    std::string host{};
    std::int64_t epoch = 0;
    postgres_position position{};
    std::int64_t lease_until = 0;            ///< by the server's clock
    std::chrono::milliseconds lease_left{};  ///< negative: it has ended
};

enum class slot_claim : std::uint8_t { take, wait, refuse };

/// What a daemon that finds this row does. The clock is only about whether to disturb a daemon that seems to work: the
/// book stays right whoever takes the place and when, because each registration shuts out the earlier ones.
slot_claim decide_claim(const postgres_slot& found, const store_tenant& who) noexcept;

enum class slot_finding : std::uint8_t {
    unchanged,  ///< the book is the one that we know
    written,    ///< likewise, and it includes our commit in doubt
    restored,   ///< the book is an earlier one
    overtaken,  ///< another daemon has written to it
};

/// Compares the position in the database with the one that we know. `in_doubt` is the position that our last commit
/// leads to, if its outcome is unknown.
slot_finding compare_positions(const postgres_position& found, const postgres_position& known,
                               const std::optional<postgres_position>& in_doubt) noexcept;

/// True if the server does not know that `instance` has registered in `epoch`, and somebody else has: it was promoted
/// without the last commits. The numbers and epochs of its commits may be those that we know, and mean others.
bool has_forgotten(const postgres_slot& found, std::string_view instance, std::int64_t epoch) noexcept;

// The functions below throw postgres_failure.

postgres_slot read_postgres_slot(postgres_connection& session);

/// The rows of all places, by slot. `own_instance` with `own_epoch` is the registration of the daemon that asks.
std::vector<daemon_place> list_postgres_slots(postgres_connection& session, const std::string& own_instance,
                                              std::int64_t own_epoch);

/// Registers the daemon if the row is still as it was found, and returns the new epoch; nullopt if the row has changed.
/// The epoch is above `last_epoch`, too, which the daemon had before: a server that was promoted may not know it.
/// From then on, nothing that an earlier session has sent can be committed any more. What was committed before, by
/// whatever session, is as durable as the server's settings demand: also on its synchronous standbys, which confirm the
/// log in order. A row that can be read does not prove this, because a server shows what it has committed locally as
/// soon as the session that was waiting for the standby has ended.
std::optional<std::int64_t> take_postgres_slot(postgres_connection& session, const postgres_slot& found,
                                               const store_tenant& who, std::int64_t last_epoch);

/// Throws postgres_position_lost if the epoch is over.
void renew_postgres_lease(postgres_connection& session, std::int64_t epoch, std::chrono::milliseconds lease_time);

/// Within a transaction: nobody else can register before it has ended. Throws postgres_position_lost if the epoch is
/// over.
void hold_postgres_slot(postgres_connection& session, std::int64_t epoch);

/// Lets another daemon take the place at once, if the epoch is not over.
void leave_postgres_slot(postgres_connection& session, std::int64_t epoch);

}  // namespace peering
