#pragma once

#include "ilp/timestamp.hpp"
#include "peering/store/store.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace peering {
class transfer_chain;
}

namespace peering::sqlite {

class connection;
class statement;

// Reads the tables and validates what it reads. Everything here throws failure.

inline constexpr const char* transfer_columns = "uuid, kind, state, debit_account, credit_account, amount, expires_at";

inline constexpr const char* payment_columns =
    "id, uuid, account_id, receiver, fixed_delivery, amount, slippage, created_at, status, send_max, minimum, "
    "expected, "
    "failure, ended_at, sent, delivered, at_most";

/// Reads a row of payment_columns.
payment_record read_payment(const statement& row);

/// Reads a row of transfer_columns.
transfer_record read_transfer(const statement& row);

inline constexpr const char* event_columns = "uuid, type, data, receiving_account";

/// Reads a row of event_columns, as one that is not open.
event_record read_event(const statement& row);

catalogue load_catalogue(connection& connection);

void load_chain(connection& connection, transfer_chain& chain);

/// The number of the last row of transfers that was summed up; 0 if there is none.
std::int64_t summed_up_to(connection& connection);

std::vector<listed_transfer> list_transfers(connection& connection, account_id account, account_side side,
                                            std::size_t limit, std::optional<std::uint64_t> from);
std::optional<std::vector<listed_event>> list_events(connection& connection, const event_query& query);
std::optional<std::vector<payment_record>> list_payments(connection& connection, const payment_query& query);

/// `owner` and `asset` are as for a book_visitor.
using account_callback = std::function<void(const account_record&, std::string_view owner, std::string_view asset)>;
void visit_accounts(connection& connection, const account_callback& each);

/// Calls `each` for at most `limit` rows of transfers with numbers above `after`, up to `last`, until it returns false.
void list_history(connection& connection, std::uint64_t after, std::uint64_t last, std::size_t limit,
                  const std::function<bool(const listed_transfer&)>& each);

/// Reads the book in one read transaction. Returns the number of its last transfer; 0 if there is none.
std::uint64_t visit_book(connection& connection, book_visitor& visitor);

}  // namespace peering::sqlite
