#include "peering/store/postgres/postgres_history.hpp"

#include "peering/store/history_pages.hpp"
#include "peering/store/postgres/postgres_array.hpp"
#include "peering/store/postgres/postgres_book.hpp"
#include "peering/store/postgres/postgres_connection.hpp"
#include "peering/store/postgres/postgres_slot.hpp"
#include "peering/store/stored_values.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string_view>
#include <vector>

namespace peering {
namespace {

using stored = stored_values<postgres_misfit>;

wide_amount amount_in(const postgres_result& rows, int row, int column) {
    const auto amount = parse_wide_amount(rows.text(row, column));
    if (!amount) throw postgres_failure{fmt::format("transfer {} has an invalid amount", rows.text(row, 0))};
    return *amount;
}

// As in postgres_book.cpp, the statements contain the numbers that a plan depends on.

std::vector<packet_row> read_packet_rows(postgres_connection& session, std::int64_t after, std::uint64_t before,
                                         std::size_t limit) {
    const postgres_result found = session.run(
        fmt::format("SELECT id, debit_account, credit_account, amount, packets, created_at FROM transfers "
                    "WHERE id > {} AND id < {} AND uuid IS NULL AND sum_of_day IS NULL ORDER BY id LIMIT {}",
                    after, before, stored::row_limit(limit)));
    std::vector<packet_row> rows;
    rows.reserve(static_cast<std::size_t>(found.rows()));
    for (int row = 0; row < found.rows(); ++row) {
        rows.push_back({.number = static_cast<std::uint64_t>(found.integer(row, 0)),
                        .debit = stored::account_of_transfer(found.integer(row, 1)),
                        .credit = stored::account_of_transfer(found.integer(row, 2)),
                        .amount = amount_in(found, row, 3),
                        .packets = static_cast<std::uint64_t>(found.integer(row, 4)),
                        .created_at = ilp::timestamp{std::chrono::milliseconds{found.integer(row, 5)}}});
    }
    return rows;
}

/// Adds what the database has already to the sums. Returns how many of them are new.
std::size_t add_known_sums(postgres_connection& session, std::vector<day_sum>& sums) {
    postgres_array debits;
    postgres_array credits;
    postgres_array days;
    for (const day_sum& sum : sums) {
        debits.add(sum.debit);
        credits.add(sum.credit);
        days.add(sum.day);
    }
    // LATERAL and LIMIT make the server use the index for each sum, whatever it assumes about the size of the table.
    const postgres_result known = session.query(
        "SELECT t.id, t.amount, t.packets, g.place FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) "
        "WITH ORDINALITY AS g (debit, credit, day, place) CROSS JOIN LATERAL (SELECT id, amount, packets "
        "FROM transfers WHERE debit_account = g.debit AND credit_account = g.credit AND sum_of_day = g.day LIMIT 1) t",
        {debits.finish(), credits.finish(), days.finish()});
    for (int row = 0; row < known.rows(); ++row) {
        if (!add_to_known(sums.at(static_cast<std::size_t>(known.integer(row, 3) - 1)),
                          static_cast<std::uint64_t>(known.integer(row, 0)), amount_in(known, row, 1),
                          static_cast<std::uint64_t>(known.integer(row, 2)))) {
            throw postgres_failure{"old transfers add up to more than is possible: see --audit"};
        }
    }
    return sums.size() - static_cast<std::size_t>(known.rows());
}

void write_sums(postgres_connection& session, const std::vector<day_sum>& sums) {
    postgres_array numbers;
    postgres_array amounts;
    postgres_array packets;
    postgres_array days;
    for (const day_sum& sum : sums) {
        numbers.add(sum.number);
        amounts.add(sum.amount);
        packets.add(sum.packets);
        days.add(sum.day);
    }
    session.query(
        "UPDATE transfers t SET amount = s.amount, packets = s.packets, sum_of_day = s.day "
        "FROM unnest($1::bigint[], $2::numeric[], $3::bigint[], $4::bigint[]) AS s (id, amount, packets, day) "
        "WHERE t.id = s.id",
        {numbers.finish(), amounts.finish(), packets.finish(), days.finish()});
}

/// Portions of the history for visit_history_in_pages().
class paged_book {
public:
    explicit paged_book(postgres_connection& session) : session_{session} {}

    void begin() { session_.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); }
    void end() { session_.run("COMMIT"); }
    std::uint64_t last_number() {
        return static_cast<std::uint64_t>(session_.run("SELECT coalesce(max(id), 0) FROM transfers").integer(0, 0));
    }
    std::uint64_t summed_up_to() { return static_cast<std::uint64_t>(postgres_summed_up_to(session_)); }
    void accounts(history_visitor& visitor) {
        visit_postgres_accounts(session_, [&](const account_record& account, std::string_view owner,
                                              std::string_view asset) { visitor.account(account.id, owner, asset); });
    }
    template <class Each>
    void page(std::uint64_t after, std::uint64_t last, Each each) {
        list_postgres_history(session_, after, last, history_page_size, each);
    }

private:
    postgres_connection& session_;
};

}  // namespace

history_step sum_postgres_history(postgres_connection& session, std::int64_t epoch, const history_age& age,
                                  std::size_t rows_max, std::uint64_t last_number) {
    // Nobody relies on this transaction, so it waits neither for the disk nor for a standby.
    session.run("BEGIN; SET LOCAL synchronous_commit = off");
    hold_postgres_slot(session, epoch);
    const std::int64_t after = postgres_summed_up_to(session);
    const std::vector<packet_row> rows = read_packet_rows(session, after, last_number, rows_max);
    const bool old_follows =
        ends_in_future(rows, age) &&
        session.run(query_for_later_old_row(rows.back().number, last_number, age)).integer(0, 0) > 0;
    auto summed = sum_by_day(rows, age, old_follows);
    if (!summed) throw postgres_failure{"old transfers add up to more than is possible: see --audit"};
    if (summed->last == 0) {
        session.run("COMMIT");
        return {};
    }
    const std::size_t begun = add_known_sums(session, summed->sums);
    write_sums(session, summed->sums);
    const std::int64_t removed =
        session
            .run(fmt::format("WITH removed AS (DELETE FROM transfers WHERE id > {} AND id <= {} AND uuid IS NULL AND "
                             "sum_of_day IS NULL RETURNING 1) SELECT count(*) FROM removed",
                             after, summed->last))
            .integer(0, 0);
    // The caller rolls back if anything but the rows that were read has gone.
    if (static_cast<std::size_t>(removed) + begun != summed->rows) {
        throw postgres_failure{"the rows of transfers do not agree with each other"};
    }
    session.run(fmt::format("UPDATE history SET summed_up_to = {}", summed->last));
    session.run("COMMIT");
    return {.rows = summed->rows, .has_more = summed->rows == rows_max};
}

history_step forget_postgres_events(postgres_connection& session, std::int64_t epoch, const history_age& age,
                                    std::size_t rows_max) {
    // As for sums, nobody waits for this transaction.
    session.run("BEGIN; SET LOCAL synchronous_commit = off");
    hold_postgres_slot(session, epoch);
    std::vector<ended_event> events;
    const auto read = [&](std::size_t limit) {
        events.clear();
        const postgres_result found = session.run(
            fmt::format("SELECT id, created_at FROM events WHERE due IS NULL AND created_at <= {} ORDER BY id LIMIT {}",
                        age.now.time_since_epoch().count(), stored::row_limit(limit)));
        for (int row = 0; row < found.rows(); ++row) {
            events.push_back({static_cast<std::uint64_t>(found.integer(row, 0)),
                              ilp::timestamp{std::chrono::milliseconds{found.integer(row, 1)}}});
        }
    };
    read(1);  // most steps find that the oldest one is young
    if (count_old_events(events, age) != 0) read(rows_max);
    const std::size_t old = count_old_events(events, age);
    if (old != 0) {
        session.run(fmt::format("DELETE FROM events WHERE due IS NULL AND id <= {} AND created_at < {}",
                                events[old - 1].number, age.older_than.time_since_epoch().count()));
    }
    session.run("COMMIT");
    return {.rows = old, .has_more = old == rows_max};
}

void visit_postgres_history(postgres_connection& session, history_visitor& visitor) {
    must_have_postgres_schema(session);
    paged_book book{session};
    if (!visit_history_in_pages(book, visitor)) throw postgres_failure{history_changed};
}

}  // namespace peering
