#include "peering/store/sqlite/sqlite_history.hpp"

#include "peering/store/history_pages.hpp"
#include "peering/store/sqlite/sqlite_book.hpp"
#include "peering/store/sqlite/sqlite_connection.hpp"
#include "peering/store/stored_values.hpp"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace peering::sqlite {
namespace {

using stored = stored_values<failure>;

wide_amount amount_in(const statement& row, int column, std::uint64_t number) {
    const auto amount = parse_wide_amount(row.text(column));
    if (!amount) throw failure{fmt::format("transfer {} has an invalid amount", number)};
    return *amount;
}

std::vector<packet_row> read_rows(connection& db, std::int64_t after, std::uint64_t before, std::size_t limit) {
    statement row{db,
                  "SELECT id, debit_account, credit_account, amount, packets, created_at FROM transfers "
                  "WHERE id > ? AND id < ? AND uuid IS NULL AND sum_of_day IS NULL ORDER BY id LIMIT ?"};
    std::vector<packet_row> rows;
    rows.reserve(limit);
    row.for_each(
        [&] {
            const auto number = static_cast<std::uint64_t>(row.integer(0));
            rows.push_back({.number = number,
                            .debit = stored::account_of_transfer(row.integer(1)),
                            .credit = stored::account_of_transfer(row.integer(2)),
                            .amount = amount_in(row, 3, number),
                            .packets = static_cast<std::uint64_t>(row.integer(4)),
                            .created_at = ilp::timestamp{std::chrono::milliseconds{row.integer(5)}}});
        },
        after, before, stored::row_limit(limit));
    return rows;
}

failure too_large(const day_sum& sum) {
    return {fmt::format("the transfers from account {} to account {} add up to more than is possible: see --audit",
                        std::to_underlying(sum.debit), std::to_underlying(sum.credit))};
}

/// One side of the pages of visit_history_in_pages().
class paged_book {
public:
    explicit paged_book(connection& db) : db_{db} {}

    void begin() { transaction_.emplace(db_); }
    void end() { transaction_.reset(); }
    std::uint64_t last_number() {
        return static_cast<std::uint64_t>(single_integer(db_, "SELECT ifnull(max(id), 0) FROM transfers"));
    }
    std::uint64_t summed_up_to() { return static_cast<std::uint64_t>(sqlite::summed_up_to(db_)); }
    void accounts(history_visitor& visitor) {
        visit_accounts(db_, [&](const account_record& account, std::string_view owner, std::string_view asset) {
            visitor.account(account.id, owner, asset);
        });
    }
    template <class Each>
    void page(std::uint64_t after, std::uint64_t last, Each each) {
        list_history(db_, after, last, history_page_size, each);
    }

private:
    connection& db_;
    std::optional<reading> transaction_;
};

}  // namespace

history_step sum_history(connection& db, const history_age& age, std::size_t rows_max, std::uint64_t last_number) {
    const std::int64_t after = summed_up_to(db);
    const std::vector<packet_row> rows = read_rows(db, after, last_number, rows_max);
    const bool old_follows = ends_in_future(rows, age) &&
                             single_integer(db, query_for_later_old_row(rows.back().number, last_number, age)) > 0;
    auto summed = sum_by_day(rows, age, old_follows);
    if (!summed) throw failure{"old transfers add up to more than is possible: see --audit"};
    if (summed->last == 0) return {};
    statement known{db,
                    "SELECT id, amount, packets FROM transfers WHERE debit_account = ? AND credit_account = ? AND "
                    "sum_of_day = ?"};
    statement update{db, "UPDATE transfers SET amount = ?, packets = ?, sum_of_day = ? WHERE id = ?"};
    std::size_t begun = 0;
    for (day_sum& sum : summed->sums) {
        known.for_each(
            [&] {
                const auto number = static_cast<std::uint64_t>(known.integer(0));
                if (!add_to_known(sum, number, amount_in(known, 1, number),
                                  static_cast<std::uint64_t>(known.integer(2)))) {
                    throw too_large(sum);
                }
            },
            sum.debit, sum.credit, std::optional{sum.day});
        if (!sum.is_known) ++begun;
        wide_amount_buffer digits;
        update.run(to_text(sum.amount, digits), sum.packets, std::optional{sum.day}, sum.number);
    }
    statement remove{db, "DELETE FROM transfers WHERE id > ? AND id <= ? AND uuid IS NULL AND sum_of_day IS NULL"};
    remove.run(after, summed->last);
    // The transaction is rolled back if anything but the rows that were read has gone.
    const auto removed = static_cast<std::size_t>(sqlite3_changes(db.handle()));
    if (removed + begun != summed->rows) throw failure{"the rows of transfers do not agree with each other"};
    statement advance{db, "UPDATE history SET summed_up_to = ?"};
    advance.run(summed->last);
    if (sqlite3_changes(db.handle()) != 1) throw failure{"the table history is damaged: restore a backup"};
    return {.rows = summed->rows, .has_more = summed->rows == rows_max};
}

history_step forget_events(connection& db, const history_age& age, std::size_t rows_max) {
    statement row{db, "SELECT id, created_at FROM events WHERE due IS NULL AND created_at <= ? ORDER BY id LIMIT ?"};
    std::vector<ended_event> events;
    const auto read = [&](std::size_t limit) {
        events.clear();
        row.for_each(
            [&] {
                events.push_back({static_cast<std::uint64_t>(row.integer(0)),
                                  ilp::timestamp{std::chrono::milliseconds{row.integer(1)}}});
            },
            age.now, stored::row_limit(limit));
    };
    read(1);  // most steps find that the oldest one is young
    if (count_old_events(events, age) != 0) read(rows_max);
    const std::size_t old = count_old_events(events, age);
    if (old == 0) return {};
    statement remove{db, "DELETE FROM events WHERE due IS NULL AND id <= ? AND created_at < ?"};
    remove.run(events[old - 1].number, age.older_than);
    return {.rows = old, .has_more = old == rows_max};
}

void visit_history(connection& db, history_visitor& visitor) {
    paged_book book{db};
    if (!visit_history_in_pages(book, visitor)) throw failure{history_changed};
}

}  // namespace peering::sqlite
