#pragma once

#include "peering/store/store.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peering {

class postgres_connection;
class transfer_chain;

// Reads ilpd's tables. All of these functions throw postgres_failure.

catalogue load_postgres_catalogue(postgres_connection& session);
std::optional<transfer_record> find_postgres_transfer(postgres_connection& session, const std::string& uuid);
std::vector<pending_event> load_postgres_events(postgres_connection& session, event_line line, std::size_t limit);
std::vector<listed_transfer> list_postgres_transfers(postgres_connection& session, account_id account,
                                                     account_side side, std::size_t limit,
                                                     std::optional<std::uint64_t> from);
std::optional<std::vector<listed_event>> list_postgres_events(postgres_connection& session, const event_query& query);
std::optional<payment_record> find_postgres_payment(postgres_connection& session, const std::string& uuid);
std::optional<std::vector<payment_record>> list_postgres_payments(postgres_connection& session,
                                                                  const payment_query& query);
std::optional<idempotency_record> find_postgres_answer(postgres_connection& session, const std::string& key);

void load_postgres_chain(postgres_connection& session, transfer_chain& chain);

/// The number of the last row of transfers that was summed up; 0 if there is none.
std::int64_t postgres_summed_up_to(postgres_connection& session);

/// `owner` and `asset` are as for a book_visitor. Requires an open transaction.
using postgres_account_callback =
    std::function<void(const account_record&, std::string_view owner, std::string_view asset)>;
void visit_postgres_accounts(postgres_connection& session, const postgres_account_callback& each);

/// Calls `each` for at most `limit` rows of transfers with numbers above `after`, up to `last`, until it returns false.
void list_postgres_history(postgres_connection& session, std::uint64_t after, std::uint64_t last, std::size_t limit,
                           const std::function<bool(const listed_transfer&)>& each);

/// Throws if the tables are not there, or not in the version that this ilpd reads.
void must_have_postgres_schema(postgres_connection& session);

/// See read_book(). The history is read in portions, whatever its length.
void visit_postgres_book(postgres_connection& session, book_visitor& visitor);

}  // namespace peering
