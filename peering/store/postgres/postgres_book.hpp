#pragma once

#include "peering/store/store.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace peering {

class postgres_connection;
class transfer_chain;

// Reads ilpd's tables. All of these functions throw postgres_failure.

catalogue load_postgres_catalogue(postgres_connection& session);
std::optional<transfer_record> find_postgres_transfer(postgres_connection& session, const std::string& uuid);
std::vector<pending_event> load_postgres_events(postgres_connection& session, std::size_t limit);
std::uint64_t count_postgres_events(postgres_connection& session);
std::vector<listed_transfer> list_postgres_transfers(postgres_connection& session, account_id account,
                                                     account_side side, std::size_t limit,
                                                     std::optional<std::uint64_t> from);
std::vector<listed_event> list_postgres_events(postgres_connection& session, const event_query& query);
std::optional<idempotency_record> find_postgres_answer(postgres_connection& session, const std::string& key);

void load_postgres_chain(postgres_connection& session, transfer_chain& chain);

/// See read_book(). The history is read in portions, whatever its length.
void visit_postgres_book(postgres_connection& session, book_visitor& visitor);

}  // namespace peering
