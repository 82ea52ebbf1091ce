#include "peering/store/sqlite/store_sqlite.hpp"

#include "ilp/clock.hpp"
#include "peering/store/lock_file.hpp"
#include "peering/store/record_text.hpp"
#include "peering/store/sqlite/book_mark.hpp"
#include "peering/store/sqlite/database_file.hpp"
#include "peering/store/sqlite/sqlite_book.hpp"
#include "peering/store/sqlite/sqlite_connection.hpp"
#include "peering/store/sqlite/sqlite_history.hpp"
#include "peering/store/sqlite/sqlite_schema.hpp"
#include "peering/store/terms_json.hpp"
#include "peering/store/transfer_chain.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace peering {
namespace {

using sqlite::book_mark;
using sqlite::connection;
using sqlite::database_file;
using sqlite::failure;
using sqlite::statement;

/// SQLite begins the write-ahead log anew after a checkpoint, at about 4 MB, unless a reader still needs what is in it.
/// Above this size, the log is shortened as soon as the reader allows it.
constexpr std::uint64_t log_size_max = 8U << 20;

void configure(connection& connection) {
    statement journal{connection, "PRAGMA journal_mode = WAL"};
    journal.for_each([&] {
        if (journal.text(0) != "wal") throw failure{"the file system does not allow SQLite's WAL mode"};
    });
    connection.execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
    statement limit{connection, fmt::format("PRAGMA journal_size_limit = {}", log_size_max)};
    limit.for_each([] {});
}

/// The prepared statements of one open database.
struct statements {
    explicit statements(connection& db)
        : begin{db, "BEGIN IMMEDIATE"},
          commit{db, "COMMIT"},
          rollback{db, "ROLLBACK"},
          insert_posting{db,
                         "INSERT INTO transfers (id, debit_account, credit_account, amount, packets, created_at, "
                         "previous_of_debit, previous_of_credit) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"},
          update_account{db,
                         "UPDATE accounts SET debits_posted = ?, credits_posted = ?, last_debit_transfer = ?, "
                         "last_credit_transfer = ? WHERE id = ?"},
          update_ends{db, "UPDATE accounts SET last_debit_transfer = ?, last_credit_transfer = ? WHERE id = ?"},
          insert_account{db, "INSERT INTO accounts (id, asset_id, kind) VALUES (?, ?, ?)"},
          insert_asset{db,
                       "INSERT INTO assets (id, uuid, code, scale, created_at, origin, terms, deleted_at) "
                       "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"},
          update_asset{db, "UPDATE assets SET origin = ?, terms = ?, deleted_at = ? WHERE id = ?"},
          insert_peer{
              db,
              "INSERT INTO peers (id, uuid, asset_id, account_id, created_at, name, ilp_address, origin, enabled, "
              "terms, deleted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
          update_peer{db,
                      "UPDATE peers SET name = ?, ilp_address = ?, origin = ?, enabled = ?, terms = ?, deleted_at = ? "
                      "WHERE id = ?"},
          insert_receiver{db,
                          "INSERT INTO receiving_accounts (id, uuid, asset_id, account_id, created_at, name, "
                          "public_name, origin, enabled, deleted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
          update_receiver{db,
                          "UPDATE receiving_accounts SET name = ?, public_name = ?, origin = ?, enabled = ?, "
                          "deleted_at = ? WHERE id = ?"},
          insert_transfer{db,
                          "INSERT INTO transfers (id, uuid, kind, state, debit_account, credit_account, amount, "
                          "packets, created_at, expires_at, previous_of_debit, previous_of_credit) "
                          "VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)"},
          end_transfer{db, "UPDATE transfers SET state = ? WHERE uuid = ? AND state = 'pending'"},
          find_transfer{db, fmt::format("SELECT {} FROM transfers WHERE uuid = ?", sqlite::transfer_columns)},
          insert_event{
              db,
              "INSERT INTO events (uuid, type, data, created_at, due, receiving_account) VALUES (?, ?, ?, ?, ?, ?)"},
          change_event{db, "UPDATE events SET data = ? WHERE uuid = ? AND due = ?"},
          close_event{db,
                      "UPDATE events SET id = (SELECT max(id) + 1 FROM events), data = ?, created_at = ?2, due = ?2 "
                      "WHERE uuid = ? AND due = ?"},
          event_delivered{db, "UPDATE events SET delivered_at = ?, due = NULL WHERE uuid = ?"},
          event_failed{db, "UPDATE events SET attempts = attempts + 1, due = ? WHERE uuid = ?"},
          pending_events{db, fmt::format("SELECT {}, attempts, due FROM events WHERE due < ? AND receiving_account IS "
                                         "NULL ORDER BY due, id LIMIT ?",
                                         sqlite::event_columns)},
          pending_payments{db, fmt::format("SELECT {}, attempts, due FROM events WHERE due < ? AND receiving_account "
                                           "IS NOT NULL ORDER BY due, id LIMIT ?",
                                           sqlite::event_columns)},
          insert_payment{
              db,
              "INSERT INTO payments (id, uuid, account_id, receiver, fixed_delivery, amount, slippage, "
              "created_at, status, send_max, minimum, expected, failure, ended_at, sent, delivered, at_most) "
              "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
          update_payment{db,
                         "UPDATE payments SET status = ?, send_max = ?, minimum = ?, expected = ?, failure = ?, "
                         "ended_at = ? WHERE id = ? AND ended_at IS NULL"},
          advance_payment{db, "UPDATE payments SET sent = ?, delivered = ? WHERE id = ?"},
          find_payment{db, fmt::format("SELECT {} FROM payments WHERE uuid = ?", sqlite::payment_columns)},
          insert_answer{db, "INSERT INTO answers (key, request, answer, kept_at) VALUES (?, ?, ?, ?)"},
          forget_answers{db, "DELETE FROM answers WHERE kept_at < ?"},
          find_answer{db, "SELECT key, request, answer, kept_at FROM answers WHERE key = ?"},
          forget_outcomes{db,
                          "DELETE FROM split_outcomes WHERE rowid IN "
                          "(SELECT rowid FROM split_outcomes WHERE until < ? ORDER BY until LIMIT ?)"},
          insert_outcome{db,
                         "INSERT INTO split_outcomes (peer_id, split_id, fulfill, until) VALUES (?, ?, ?, ?) "
                         "ON CONFLICT (peer_id, split_id) DO NOTHING"},
          keep_flight{db, "INSERT OR REPLACE INTO flights (account_id, ceiling, doubt) VALUES (?, ?, ?)"},
          forget_flight{db, "DELETE FROM flights WHERE account_id = ?"} {}

    statement begin;
    statement commit;
    statement rollback;
    statement insert_posting;
    statement update_account;
    statement update_ends;
    statement insert_account;
    statement insert_asset;
    statement update_asset;
    statement insert_peer;
    statement update_peer;
    statement insert_receiver;
    statement update_receiver;
    statement insert_transfer;
    statement end_transfer;
    statement find_transfer;
    statement insert_event;
    statement change_event;
    statement close_event;
    statement event_delivered;
    statement event_failed;
    statement pending_events;
    statement pending_payments;
    statement insert_payment;
    statement update_payment;
    statement advance_payment;
    statement find_payment;
    statement insert_answer;
    statement forget_answers;
    statement find_answer;
    statement forget_outcomes;
    statement insert_outcome;
    statement keep_flight;
    statement forget_flight;
};

std::optional<std::string_view> unless_empty(std::string_view text) {
    return text.empty() ? std::nullopt : std::optional{text};
}

/// The JSON of a peer's terms; empty if there is nothing to keep.
std::string json_of(const kept_peer_terms& terms) {
    std::optional<std::string> json = to_json(terms);
    if (!json) throw failure{fmt::format("a term of peer {} is not UTF-8", shown_name(terms)), true};
    return *std::move(json);
}

/// Turns exceptions of `work` into error values.
template <class Work>
auto attempt(std::string_view path, std::string_view purpose, Work work)
    -> std::expected<decltype(work()), store_error> {
    try {
        if constexpr (std::is_void_v<decltype(work())>) {
            work();
            return {};
        } else {
            return work();
        }
    } catch (const failure& failure) {
        return std::unexpected{
            store_error{fmt::format("sqlite:{}: cannot {}: {}", path, purpose, failure.message), failure.final}};
    }
}

/// SQLite gives its side files the mode of the database, which an operator may have made accessible to others. The side
/// files hold the newest part of the book, and anyone who can write to them can change it.
void restrict_side_files(const std::string& path) noexcept {
    for (const char* const suffix : {"-wal", "-shm"}) ::chmod((path + suffix).c_str(), 0600);
}

/// A daemon that was killed may have written commits that are still only in the machine's memory. They become durable
/// before anything relies on them.
void sync_log(const std::string& real_path) {
    for (const std::string& path : {real_path + "-wal", std::filesystem::path{real_path}.parent_path().string()}) {
        const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        const bool is_synced = descriptor >= 0 && ::fsync(descriptor) == 0;
        const int error = errno;
        // Some file systems cannot sync a directory, or let us use it without letting us read it.
        const bool is_unsupported = error == EINVAL || error == ENOTSUP || error == EACCES;
        if (descriptor >= 0) ::close(descriptor);
        if (!is_synced && !(is_unsupported && !path.ends_with("-wal")))
            throw failure{fmt::format("cannot sync {}: {}", path, std::generic_category().message(error))};
    }
}

/// The message about a missing or empty database in a place where ilpd has kept a book before.
std::string empty_where_a_book_was(const std::string& database, std::uint64_t last_transfer) {
    return fmt::format(
        "the database is empty or not there, but ilpd has kept a book here, up to transfer number {}: put the file "
        "back or restore a backup; only if an empty book is what you want, remove {} and start again",
        last_transfer, book_mark::path_for(database));
}

class sqlite_store final : public store {
public:
    sqlite_store(const std::string& path, const std::string& real_path, lock_file lock, database_file file,
                 book_mark mark)
        : path_{path},
          real_path_{real_path},
          lock_{std::move(lock)},
          file_{std::move(file)},
          mark_{std::move(mark)},
          connection_{real_path, SQLITE_OPEN_READWRITE} {
        // SQLite silently opens a file that it cannot write as read-only, and it stays so until it is reopened.
        if (sqlite3_db_readonly(connection_.handle(), "main") == 1) throw failure{"the file is read-only"};
        configure(connection_);
        sqlite::migrate(connection_);
        sqlite::load_chain(connection_, chain_);
        restrict_side_files(real_path);
        sync_log(real_path);
        statements_.emplace(connection_);
        file_.watch_side_files(real_path);
        if (const std::uint64_t names = file_.count_names(); names > 1) {
            remarks_.push_back(
                fmt::format("{} is one of {} names of the file (hard links): always start ilpd with the same one, "
                            "because the latest commits are in a file beside that name",
                            real_path, names));
        }
        compare_with_mark(real_path);  // changes the mark, so nothing may fail after it
    }

    std::expected<catalogue, store_error> load() override;
    std::expected<void, store_error> commit(const changes& changes) override;
    std::expected<void, store_error> ping() override;
    std::optional<std::uint64_t> log_size() const override { return log_size_; }
    std::vector<std::string> take_remarks() override { return std::exchange(remarks_, {}); }
    std::expected<std::optional<transfer_record>, store_error> find_transfer(std::string_view uuid) override;
    std::expected<std::vector<pending_event>, store_error> load_pending_events(event_line line,
                                                                               std::size_t limit) override;
    std::expected<std::uint64_t, store_error> size() override;
    using store::list_transfers;
    std::expected<std::vector<listed_transfer>, store_error> list_transfers(account_id account, account_side side,
                                                                            std::size_t limit,
                                                                            std::optional<std::uint64_t> from) override;
    std::expected<std::optional<std::vector<listed_event>>, store_error> list_events(const event_query& query) override;
    std::expected<std::optional<payment_record>, store_error> find_payment(std::string_view uuid) override;
    std::expected<std::optional<std::vector<payment_record>>, store_error> list_payments(
        const payment_query& query) override;
    std::expected<std::optional<idempotency_record>, store_error> find_answer(std::string_view key) override;
    std::expected<history_step, store_error> sum_history(const history_age& age, std::size_t rows_max) override;
    std::expected<history_step, store_error> forget_events(const history_age& age, std::size_t rows_max) override;

private:
    template <class Step>
    std::expected<history_step, store_error> shorten_history(std::string_view purpose, Step step);

    void roll_back() noexcept {
        // After some errors SQLite has already rolled back. If the rollback fails, the next BEGIN fails and reports it.
        if (sqlite3_get_autocommit(connection_.handle()) != 0) return;
        try {
            statements_->rollback.run();
        } catch (const failure&) {
            return;
        }
    }

    void compare_with_mark(const std::string& real_path);
    void check_names();
    void shorten_log();

    void write(const changes& changes);
    void write_catalogue(const changes& changes);
    void write_transfers(const changes& changes, std::int64_t now);
    void write_payments(const changes& changes);
    void write_accounts(const changes& changes);
    void write_events(const changes& changes, std::int64_t now);
    void write_answers(const changes& changes);
    void write_outcomes(const changes& changes, std::int64_t now);
    void write_flights(const changes& changes);
    void must_have_changed_one_row(std::string_view what) const;

    std::string path_;  // for messages
    std::string real_path_;
    // These two must outlive the connection. The lock file is for operators: it names the process that has the lock.
    lock_file lock_;
    database_file file_;
    book_mark mark_;
    connection connection_;
    std::optional<statements> statements_;
    transfer_chain chain_;
    bool is_unreported_ = false;  // the last commit was written, and was not reported
    std::uint64_t log_size_ = 0;
    bool log_is_pinned_ = false;  // and this has been reported
    std::vector<std::string> remarks_;
};

std::expected<catalogue, store_error> sqlite_store::load() {
    return attempt(path_, "load the accounts", [this] { return sqlite::load_catalogue(connection_); });
}

std::expected<std::optional<transfer_record>, store_error> sqlite_store::find_transfer(std::string_view uuid) {
    return attempt(path_, "look up a transfer", [&] {
        std::optional<transfer_record> found;
        statements_->find_transfer.for_each([&] { found = sqlite::read_transfer(statements_->find_transfer); }, uuid);
        return found;
    });
}

std::expected<std::vector<pending_event>, store_error> sqlite_store::load_pending_events(event_line line,
                                                                                         std::size_t limit) {
    return attempt(path_, "load events", [&] {
        std::vector<pending_event> events;
        statement& row = line == event_line::payments ? statements_->pending_payments : statements_->pending_events;
        row.for_each(
            [&] {
                events.push_back({sqlite::read_event(row), static_cast<std::uint32_t>(row.integer(4)),
                                  ilp::timestamp{std::chrono::milliseconds{row.integer(5)}}});
            },
            due_of_open_events, static_cast<std::int64_t>(limit));
        return events;
    });
}

std::expected<std::uint64_t, store_error> sqlite_store::size() {
    std::uint64_t size = 0;
    for (const char* const suffix : {"", "-wal"}) {
        std::error_code error;
        const auto of_file = std::filesystem::file_size(real_path_ + suffix, error);
        if (!error) size += of_file;
    }
    return size;
}

std::expected<std::vector<listed_transfer>, store_error> sqlite_store::list_transfers(
    account_id account, account_side side, std::size_t limit, std::optional<std::uint64_t> from) {
    return attempt(path_, "list transfers",
                   [&] { return sqlite::list_transfers(connection_, account, side, limit, from); });
}

std::expected<std::optional<std::vector<listed_event>>, store_error> sqlite_store::list_events(
    const event_query& query) {
    return attempt(path_, "list events", [&] { return sqlite::list_events(connection_, query); });
}

std::expected<std::optional<payment_record>, store_error> sqlite_store::find_payment(std::string_view uuid) {
    return attempt(path_, "look up a payment", [&] {
        std::optional<payment_record> found;
        statements_->find_payment.for_each([&] { found = sqlite::read_payment(statements_->find_payment); }, uuid);
        return found;
    });
}

std::expected<std::optional<std::vector<payment_record>>, store_error> sqlite_store::list_payments(
    const payment_query& query) {
    return attempt(path_, "list payments", [&] { return sqlite::list_payments(connection_, query); });
}

std::expected<std::optional<idempotency_record>, store_error> sqlite_store::find_answer(std::string_view key) {
    return attempt(path_, "look up an answer", [&] {
        std::optional<idempotency_record> found;
        const statement& row = statements_->find_answer;
        statements_->find_answer.for_each(
            [&] {
                found = {std::string{row.text(0)}, std::string{row.text(1)}, std::string{row.text(2)},
                         ilp::timestamp{std::chrono::milliseconds{row.integer(3)}}};
            },
            key);
        return found;
    });
}

/// Takes one step in a transaction of its own.
template <class Step>
std::expected<history_step, store_error> sqlite_store::shorten_history(std::string_view purpose, Step step) {
    if (is_unreported_) return std::unexpected{store_error{"the last commit has not been confirmed yet"}};
    auto taken = attempt(path_, purpose, [&] {
        statements_->begin.run();
        const history_step done = step();
        statements_->commit.run();
        return done;
    });
    if (!taken) roll_back();
    return taken;
}

std::expected<history_step, store_error> sqlite_store::sum_history(const history_age& age, std::size_t rows_max) {
    return shorten_history("sum up old transfers",
                           [&] { return sqlite::sum_history(connection_, age, rows_max, chain_.last_number()); });
}

std::expected<history_step, store_error> sqlite_store::forget_events(const history_age& age, std::size_t rows_max) {
    return shorten_history("forget old events", [&] { return sqlite::forget_events(connection_, age, rows_max); });
}

void sqlite_store::must_have_changed_one_row(std::string_view what) const {
    if (sqlite3_changes(connection_.handle()) != 1) throw failure{fmt::format("{} is not in the database", what), true};
}

/// Called at the start. A book whose last transfer is older than the one in the mark has lost transfers.
void sqlite_store::compare_with_mark(const std::string& real_path) {
    const std::uint64_t marked = book_mark::read(real_path);
    const std::uint64_t last = chain_.last_number();
    if (marked > 0 && last == 0) throw failure{empty_where_a_book_was(real_path, marked)};
    if (marked > last) {
        remarks_.push_back(fmt::format(
            "the book is older than it was: its last transfer has the number {}, and ilpd had written number {} here. "
            "The -wal file was damaged or removed, or a backup was restored: compare the balances with your peers",
            last, marked));
    }
    mark_.set(last);
}

void sqlite_store::check_names() {
    const auto log_size = file_.check_names();
    if (!log_size) throw failure{log_size.error()};
    log_size_ = *log_size;
}

/// A program that reads the database in one long transaction keeps the log from being begun anew, so that it grows with
/// every commit.
void sqlite_store::shorten_log() {
    const bool is_long = log_size_ > log_size_max;
    if (is_long && connection_.empty_log()) {
        log_size_ = 0;
    } else if (is_long && !log_is_pinned_) {
        remarks_.push_back(
            fmt::format("{}-wal has grown to {} MB and cannot be shortened, because another program has been reading "
                        "the database in one transaction for long: end that program; the file is shortened then",
                        path_, log_size_ >> 20));
    }
    log_is_pinned_ = log_size_ > log_size_max;
}

std::expected<void, store_error> sqlite_store::ping() {
    return attempt(path_, "write", [this] {
        check_names();
        shorten_log();
    });
}

std::expected<void, store_error> sqlite_store::commit(const changes& changes) {
    if (!is_unreported_) {
        auto written = attempt(path_, "write", [&] { write(changes); });
        if (!written) {
            roll_back();
            chain_.undo();
            return written;
        }
        chain_.keep();
        is_unreported_ = true;
    }
    // A commit to a file that has lost its name is not durable. The names are checked after the commit, so that a file
    // that disappears during it is noticed.
    if (auto checked = attempt(path_, "write", [this] { check_names(); }); !checked) return checked;
    is_unreported_ = false;
    mark_.set(chain_.last_number());
    return {};
}

/// Everything becomes durable, or nothing does: a transaction that fails before COMMIT succeeds is rolled back, and is
/// written again.
void sqlite_store::write(const changes& changes) {
    statements_->begin.run();
    const std::int64_t now = ilp::wall_clock().time_since_epoch().count();
    write_catalogue(changes);
    write_transfers(changes, now);
    write_payments(changes);
    write_accounts(changes);
    write_events(changes, now);
    write_answers(changes);
    write_outcomes(changes, now);
    write_flights(changes);
    statements_->commit.run();
}

void sqlite_store::write_catalogue(const changes& changes) {
    const auto insert_account = [&](const account_record& account, std::uint32_t asset) {
        statements_->insert_account.run(account.id, std::int64_t{asset}, to_text(account.kind));
    };
    for (const asset_change& change : changes.changed_assets) {
        const std::string json = to_json(change.terms);
        statements_->update_asset.run(to_text(change.terms.origin), unless_empty(json), change.terms.deleted_at,
                                      std::int64_t{change.id});
        must_have_changed_one_row("an asset");
    }
    for (const asset_record& asset : changes.new_assets) {
        const std::string json = to_json(asset.terms);
        statements_->insert_asset.run(std::int64_t{asset.id}, std::string_view{asset.uuid},
                                      std::string_view{asset.code}, std::int64_t{asset.scale}, asset.created_at,
                                      to_text(asset.terms.origin), unless_empty(json), asset.terms.deleted_at);
        insert_account(asset.liquidity, asset.id);
        insert_account(asset.settlement, asset.id);
    }
    for (const peer_change& change : changes.changed_peers) {
        const kept_peer_terms& terms = change.terms;
        const std::string json = json_of(terms);
        statements_->update_peer.run(terms.name, std::string_view{terms.ilp_address}, to_text(terms.origin),
                                     std::int64_t{terms.enabled}, unless_empty(json), terms.deleted_at,
                                     std::int64_t{change.id});
        must_have_changed_one_row(fmt::format("peer {}", shown_name(terms)));
    }
    for (const peer_record& peer : changes.new_peers) {
        const kept_peer_terms& terms = peer.terms;
        const std::string json = json_of(terms);
        insert_account(peer.liquidity, peer.asset_id);
        statements_->insert_peer.run(std::int64_t{peer.id}, std::string_view{peer.uuid}, std::int64_t{peer.asset_id},
                                     peer.liquidity.id, peer.created_at, terms.name,
                                     std::string_view{terms.ilp_address}, to_text(terms.origin),
                                     std::int64_t{terms.enabled}, unless_empty(json), terms.deleted_at);
    }
    for (const receiving_account_change& change : changes.changed_receiving_accounts) {
        const receiving_account_terms& terms = change.terms;
        statements_->update_receiver.run(std::string_view{terms.name}, unless_empty(terms.public_name),
                                         to_text(terms.origin), std::int64_t{terms.enabled}, terms.deleted_at,
                                         std::int64_t{change.id});
        must_have_changed_one_row(fmt::format("receiving account {}", terms.name));
    }
    for (const receiving_account_record& receiver : changes.new_receiving_accounts) {
        const receiving_account_terms& terms = receiver.terms;
        insert_account(receiver.liquidity, receiver.asset_id);
        statements_->insert_receiver.run(std::int64_t{receiver.id}, std::string_view{receiver.uuid},
                                         std::int64_t{receiver.asset_id}, receiver.liquidity.id, receiver.created_at,
                                         std::string_view{terms.name}, unless_empty(terms.public_name),
                                         to_text(terms.origin), std::int64_t{terms.enabled}, terms.deleted_at);
    }
}

void sqlite_store::write_transfers(const changes& changes, std::int64_t now) {
    wide_amount_buffer digits;
    for (const posting& posting : changes.postings) {
        const chain_link link = chain_.add(posting.debit->id, posting.credit->id);
        statements_->insert_posting.run(link.number, posting.debit->id, posting.credit->id,
                                        to_text(posting.amount, digits), posting.packets, now, link.previous_of_debit,
                                        link.previous_of_credit);
    }
    for (const transfer_record& transfer : changes.new_transfers) {
        const chain_link link = chain_.add(transfer.debit, transfer.credit);
        statements_->insert_transfer.run(link.number, std::string_view{transfer.uuid}, to_text(transfer.kind),
                                         to_text(transfer.state), transfer.debit, transfer.credit,
                                         to_text(transfer.amount.value, digits), now, transfer.expires_at,
                                         link.previous_of_debit, link.previous_of_credit);
    }
    for (const transfer_record& transfer : changes.ended_transfers) {
        statements_->end_transfer.run(to_text(transfer.state), std::string_view{transfer.uuid});
        must_have_changed_one_row("pending withdrawal " + transfer.uuid);
    }
}

/// The columns of a payment's offer; empty texts are null.
struct offer_texts {
    explicit offer_texts(const std::optional<payment_offer>& offer) {
        if (!offer) return;
        send_max = ilp::to_string(offer->send_max);
        minimum = to_text(offer->minimum);
        expected = to_text(offer->expected);
    }

    std::string send_max;
    std::string minimum;
    std::string expected;
};

void sqlite_store::write_payments(const changes& changes) {
    for (const payment_record& payment : changes.new_payments) {
        const offer_texts offer{payment.standing.offer};
        const std::string amount = ilp::to_string(payment.amount);
        const std::string sent = ilp::to_string(payment.sent);
        const std::string delivered = ilp::to_string(payment.delivered);
        const std::string at_most = payment.at_most ? ilp::to_string(*payment.at_most) : std::string{};
        statements_->insert_payment.run(
            payment.number, std::string_view{payment.uuid}, payment.account, std::string_view{payment.receiver},
            std::int64_t{payment.is_fixed_delivery}, std::string_view{amount}, std::int64_t{payment.slippage},
            payment.created_at, to_text(payment.standing.status), unless_empty(offer.send_max),
            unless_empty(offer.minimum), unless_empty(offer.expected), unless_empty(payment.standing.failure),
            payment.standing.ended_at, std::string_view{sent}, std::string_view{delivered}, unless_empty(at_most));
    }
    for (const payment_change& change : changes.changed_payments) {
        const offer_texts offer{change.standing.offer};
        statements_->update_payment.run(to_text(change.standing.status), unless_empty(offer.send_max),
                                        unless_empty(offer.minimum), unless_empty(offer.expected),
                                        unless_empty(change.standing.failure), change.standing.ended_at, change.number);
        must_have_changed_one_row("an open payment");
    }
    for (const payment_progress& progress : changes.advanced_payments) {
        const std::string sent = ilp::to_string(progress.sent);
        const std::string delivered = ilp::to_string(progress.delivered);
        statements_->advance_payment.run(std::string_view{sent}, std::string_view{delivered}, progress.number);
        must_have_changed_one_row("a payment");
    }
}

void sqlite_store::write_accounts(const changes& changes) {
    for (const account_change& account : changes.accounts) {
        wide_amount_buffer debits;
        wide_amount_buffer credits;
        const chain_ends ends = chain_.take_ends(account.id);
        statements_->update_account.run(to_text(account.after.debits_posted, debits),
                                        to_text(account.after.credits_posted, credits), ends.debit, ends.credit,
                                        account.id);
        must_have_changed_one_row("an account");
    }
    // A pending withdrawal moves the ends of the chains but changes no totals.
    chain_.take_others([this](account_id account, chain_ends ends) {
        statements_->update_ends.run(ends.debit, ends.credit, account);
        must_have_changed_one_row("an account");
    });
}

void sqlite_store::write_events(const changes& changes, std::int64_t now) {
    const auto first_due_of = [now](const event_record& event) {
        return event.is_open ? due_of_open_events.time_since_epoch().count() : now;
    };
    for (const event_record& event : changes.new_events) {
        statements_->insert_event.run(std::string_view{event.uuid}, std::string_view{event.type},
                                      std::string_view{event.data}, now, first_due_of(event),
                                      unless_empty(event.receiving_account));
    }
    for (const event_record& event : changes.changed_events) {
        if (event.is_open) {
            statements_->change_event.run(std::string_view{event.data}, std::string_view{event.uuid},
                                          due_of_open_events);
        } else {
            statements_->close_event.run(std::string_view{event.data}, now, std::string_view{event.uuid},
                                         due_of_open_events);
        }
    }
    for (const event_attempt& attempt : changes.event_attempts) {
        if (attempt.delivered) {
            statements_->event_delivered.run(now, std::string_view{attempt.uuid});
        } else {
            statements_->event_failed.run(attempt.due, std::string_view{attempt.uuid});
        }
        must_have_changed_one_row("event " + attempt.uuid);
    }
}

void sqlite_store::write_answers(const changes& changes) {
    if (changes.forget_answers_before) statements_->forget_answers.run(*changes.forget_answers_before);
    for (const idempotency_record& answer : changes.new_answers) {
        statements_->insert_answer.run(std::string_view{answer.key}, std::string_view{answer.request},
                                       std::string_view{answer.answer}, answer.kept_at);
    }
}

void sqlite_store::write_outcomes(const changes& changes, std::int64_t now) {
    if (changes.new_split_outcomes.empty()) return;
    statements_->forget_outcomes.run(now, static_cast<std::int64_t>(old_outcomes_max(changes)));
    for (const split_outcome& outcome : changes.new_split_outcomes) {
        statements_->insert_outcome.run(std::int64_t{outcome.peer}, ilp::bytes_view{outcome.id},
                                        ilp::bytes_view{outcome.fulfill}, outcome.until);
    }
}

void sqlite_store::write_flights(const changes& changes) {
    for (const auto& [account, ceiling, doubt] : changes.changed_flights) {
        if (ceiling == 0 && doubt == 0) {
            statements_->forget_flight.run(account);
        } else {
            wide_amount_buffer ceiling_text;
            wide_amount_buffer doubt_text;
            statements_->keep_flight.run(account, to_text(ceiling, ceiling_text), to_text(doubt, doubt_text));
        }
    }
}

/// Messages name this path: what a relative one means depends on the working directory, which the reader may not know.
std::string absolute_path(const std::string& path) {
    std::error_code error;
    const auto absolute = std::filesystem::absolute(path, error);
    return error ? path : absolute.string();
}

}  // namespace

std::expected<std::unique_ptr<store>, store_error> open_sqlite_store(const std::string& path) {
    const std::string shown = absolute_path(path);
    const auto refuse = [&shown](const std::string& why, bool is_final = true) {
        return std::unexpected{store_error{fmt::format("sqlite:{}: {}", shown, why), is_final}};
    };
    // Different names of the same file must lead to the same lock.
    std::error_code error;
    const std::string real_path = std::filesystem::weakly_canonical(shown, error).string();
    if (error) return refuse(error.message());
    if (std::filesystem::is_directory(real_path, error)) return refuse("it is a directory, not a database file");
    auto lock = lock_file::acquire(real_path + ".lock");
    if (!lock) return refuse(lock.error());
    if (const std::uint64_t marked = book_mark::read(real_path); marked > 0) {
        const std::uintmax_t size = std::filesystem::file_size(real_path, error);
        if (error || size == 0) return refuse(empty_where_a_book_was(real_path, marked));
    }
    auto file = database_file::open(shown, real_path);
    if (!file) return refuse(file.error());
    // A symbolic link to a file that did not exist can be followed only now.
    const std::string found_path = std::filesystem::canonical(shown, error).string();
    if (error) return refuse(error.message());
    auto mark = book_mark::open(found_path);
    if (!mark) return refuse(mark.error());
    try {
        return std::make_unique<sqlite_store>(shown, found_path, std::move(*lock), std::move(*file), std::move(*mark));
    } catch (const failure& failure) {
        return refuse("cannot open: " + failure.message, !failure.is_busy);
    }
}

std::expected<void, store_error> read_sqlite_book(const std::string& path, book_visitor& visitor) {
    return attempt(absolute_path(path), "read", [&] {
        std::error_code error;
        // Read first: a daemon that is running may commit meanwhile.
        const std::uint64_t marked = book_mark::read(std::filesystem::weakly_canonical(path, error).string());
        connection connection{path, SQLITE_OPEN_READONLY};
        sqlite::check_schema(connection);
        const std::uint64_t last = sqlite::visit_book(connection, visitor);
        if (marked > last) visitor.loss(last, marked);
    });
}

std::expected<void, store_error> read_sqlite_history(const std::string& path, history_visitor& visitor) {
    return attempt(absolute_path(path), "read", [&] {
        connection connection{path, SQLITE_OPEN_READONLY};
        sqlite::check_schema(connection);
        sqlite::visit_history(connection, visitor);
    });
}

}  // namespace peering
