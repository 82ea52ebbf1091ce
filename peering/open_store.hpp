#pragma once

#include "peering/store/store.hpp"
#include "peering/store/tenancy.hpp"

#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace peering {

/// Opens the store that `store.url` names: `sqlite:PATH`, `postgresql://...` or `memory:`. Runs the migrations, and
/// keeps a second daemon out until the store is destroyed. An error that is not final may resolve itself: the server
/// may not be up yet. `who` matters only to a store that daemons on other machines can reach.
std::expected<std::unique_ptr<store>, store_error> open_store(const std::string& url, store_tenant who = {});

/// `url` without anything that may be secret, for logs.
std::string printable_store_url(std::string_view url);

/// Visits the whole book at `url`: first the accounts, then the transfers. It changes nothing, and works while a daemon
/// is running.
std::expected<void, store_error> read_book(const std::string& url, book_visitor& visitor);

/// Visits the history of the book at `url` up to its last transfer: the accounts, then the transfers. It changes
/// nothing and works while a daemon is running, which it does not hinder: the history is read in portions.
std::expected<void, store_error> read_history(const std::string& url, history_visitor& visitor);

}  // namespace peering
