#include "peering/store/postgres/postgres_slot.hpp"

#include "peering/store/postgres/postgres_connection.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <string_view>

namespace peering {
namespace {

constexpr std::string_view row_is_locked = "55P03";

}  // namespace

slot_claim decide_claim(const postgres_slot& found, const store_tenant& who) noexcept {
    if (found.instance.empty() || found.instance == who.instance || found.lease_left.count() <= 0) {
        return slot_claim::take;
    }
    return who.waits ? slot_claim::wait : slot_claim::refuse;
}

slot_finding compare_positions(const postgres_position& found, const postgres_position& known,
                               const std::optional<postgres_position>& in_doubt) noexcept {
    if (found == known) return slot_finding::unchanged;
    if (found == in_doubt) return slot_finding::written;
    return found.last_commit < known.last_commit ? slot_finding::restored : slot_finding::overtaken;
}

/// Whoever registers on a server that knows our epoch gets a later one.
bool has_forgotten(const postgres_slot& found, std::string_view instance, std::int64_t epoch) noexcept {
    return found.epoch <= epoch && found.instance != instance;
}

postgres_slot read_postgres_slot(postgres_connection& session) {
    const postgres_result row = session.run(
        "SELECT instance, host, epoch, last_commit, commit_epoch, lease_until, "
        "lease_until - (extract(epoch FROM now()) * 1000)::bigint FROM daemons WHERE slot = 0");
    if (row.rows() != 1) throw postgres_misfit{{"the table daemons is damaged: restore a backup"}};
    return {.instance = std::string{row.text(0, 0)},
            .host = std::string{row.text(0, 1)},
            .epoch = row.integer(0, 2),
            .position = {row.integer(0, 3), row.integer(0, 4)},
            .lease_until = row.integer(0, 5),
            .lease_left = std::chrono::milliseconds{row.integer(0, 6)}};
}

std::vector<daemon_place> list_postgres_slots(postgres_connection& session, const std::string& own_instance,
                                              std::int64_t own_epoch) {
    const postgres_result rows = session.run(
        "SELECT slot, instance, host, epoch, last_commit, lease_until, "
        "lease_until - (extract(epoch FROM now()) * 1000)::bigint FROM daemons ORDER BY slot");
    std::vector<daemon_place> places;
    for (int row = 0; row < rows.rows(); ++row) {
        const std::string_view instance = rows.text(row, 1);
        const std::int64_t epoch = rows.integer(row, 3);
        places.push_back({.slot = static_cast<std::uint32_t>(rows.integer(row, 0)),
                          .instance = std::string{instance},
                          .host = std::string{rows.text(row, 2)},
                          .epoch = static_cast<std::uint64_t>(epoch),
                          .last_commit = static_cast<std::uint64_t>(rows.integer(row, 4)),
                          .lease_until = ilp::timestamp{std::chrono::milliseconds{rows.integer(row, 5)}},
                          .lease_left = std::chrono::milliseconds{rows.integer(row, 6)},
                          .is_own = instance == own_instance && epoch == own_epoch});
    }
    return places;
}

std::optional<std::int64_t> take_postgres_slot(postgres_connection& session, const postgres_slot& found,
                                               const store_tenant& who, std::int64_t last_epoch) {
    try {
        const postgres_result taken = session.query(
            "UPDATE daemons SET instance = $1, host = $2, epoch = greatest(epoch, $8::bigint) + 1, "
            "lease_until = (extract(epoch FROM now()) * 1000)::bigint + $3::bigint "
            "WHERE slot = 0 AND epoch = $4::bigint AND last_commit = $5::bigint AND commit_epoch = $6::bigint "
            "AND lease_until = $7::bigint RETURNING epoch",
            {who.instance.c_str(), who.host.c_str(), std::to_string(who.lease_time.count()).c_str(),
             std::to_string(found.epoch).c_str(), std::to_string(found.position.last_commit).c_str(),
             std::to_string(found.position.epoch).c_str(), std::to_string(found.lease_until).c_str(),
             std::to_string(last_epoch).c_str()});
        if (taken.rows() != 1) return std::nullopt;
        return taken.integer(0, 0);
    } catch (postgres_failure& failure) {
        if (failure.sqlstate.empty()) {
            failure.message =
                fmt::format("the server confirms no commit: {} (is its synchronous standby there?)", failure.message);
        } else if (failure.sqlstate == row_is_locked) {
            // The row belongs to a commit until the server has confirmed it, even if its client has gone.
            failure.message = fmt::format(
                "the server confirms no commit: an earlier one has not ended yet (does it wait for a synchronous "
                "standby?): {}",
                failure.message);
        }
        throw;
    }
}

void renew_postgres_lease(postgres_connection& session, std::int64_t epoch, std::chrono::milliseconds lease_time) {
    const postgres_result renewed = session.query(
        "UPDATE daemons SET lease_until = (extract(epoch FROM now()) * 1000)::bigint + $1::bigint "
        "WHERE slot = 0 AND epoch = $2::bigint RETURNING 1",
        {std::to_string(lease_time.count()).c_str(), std::to_string(epoch).c_str()});
    if (renewed.rows() != 1) throw postgres_position_lost{};
}

void hold_postgres_slot(postgres_connection& session, std::int64_t epoch) {
    const postgres_result held = session.query("SELECT 1 FROM daemons WHERE slot = 0 AND epoch = $1::bigint FOR UPDATE",
                                               {std::to_string(epoch).c_str()});
    if (held.rows() != 1) throw postgres_position_lost{};
}

void leave_postgres_slot(postgres_connection& session, std::int64_t epoch) {
    session.query(
        "UPDATE daemons SET instance = '', host = '', lease_until = 0 WHERE slot = 0 AND epoch = $1::bigint RETURNING "
        "1",
        {std::to_string(epoch).c_str()});
}

}  // namespace peering
