#include "peering/store/postgres/store_postgres.hpp"

#include "peering/records/uuid.hpp"
#include "peering/store/postgres/postgres_book.hpp"
#include "peering/store/postgres/postgres_commit.hpp"
#include "peering/store/postgres/postgres_connection.hpp"
#include "peering/store/postgres/postgres_history.hpp"
#include "peering/store/postgres/postgres_schema.hpp"
#include "peering/store/postgres/postgres_url.hpp"
#include "peering/store/transfer_chain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <type_traits>
#include <utility>

namespace peering {
namespace {

/// The first version with pipelines and with a timeout for pg_terminate_backend().
constexpr int oldest_server = 140'000;

/// First half of the key of the advisory lock ("ilpd"). The other half is the id of the schema that contains the
/// tables, so that each schema of a database can have its own daemon.
constexpr int lock_key = 0x696c7064;

/// A commit may return only once it is durable, whatever the server's default is, and even if that default changes
/// later. Time limits are enforced on our side, except for locks held by other programs: in that case the server says
/// what it was waiting for. The keep-alives let the server notice that we are gone, and release the lock to a daemon
/// elsewhere.
constexpr const char* session_settings = R"sql(
SELECT set_config('synchronous_commit',
                  CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
                  ELSE current_setting('synchronous_commit') END, false),
       set_config('statement_timeout', '0', false),
       set_config('lock_timeout', '2s', false),
       set_config('idle_session_timeout', '0', false),
       set_config('idle_in_transaction_session_timeout', '0', false),
       set_config('plan_cache_mode', 'force_generic_plan', false),
       set_config('tcp_keepalives_idle', '10', false),
       set_config('tcp_keepalives_interval', '5', false),
       set_config('tcp_keepalives_count', '3', false);
SELECT pg_backend_pid(), extract(epoch FROM backend_start)
FROM pg_stat_activity WHERE pid = pg_backend_pid()
)sql";

/// True for errors in the request itself, not in the server, where a retry cannot help. A revoked privilege (42501)
/// does not count as one.
bool is_final(std::string_view sqlstate) noexcept {
    constexpr std::array<std::string_view, 7> classes{"0A", "21", "22", "23", "42", "44", "54"};
    return sqlstate != "42501" && std::ranges::find(classes, sqlstate.substr(0, 2)) != classes.end();
}

constexpr std::string_view read_only_transaction = "25006";
constexpr std::string_view lock_not_available = "55P03";

/// Thrown if the book on the server is not the one that this daemon knows; the daemon must not write any more.
struct fenced {
    std::string message;
};

constexpr const char* overtaken =
    "another ilpd has written to this database in the meantime: make sure that only one runs, then restart this one";

void check_server(const postgres_connection& session) {
    const int version = session.server_version();
    if (version < oldest_server) {
        throw postgres_misfit{
            {fmt::format("the server is PostgreSQL {}, but ilpd needs {} or newer: upgrade the server",
                         version / 10'000, oldest_server / 10'000)}};
    }
}

class postgres_store final : public store {
public:
    explicit postgres_store(postgres_url url) : url_{std::move(url)} {
        session_.emplace(open_session());
        load_postgres_chain(*session_, chain_);
    }

    std::expected<catalogue, store_error> load() override;
    std::expected<void, store_error> commit(const changes& changes) override;
    std::expected<void, store_error> ping() override;
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
    /// The server process of one of our sessions.
    struct server_process {
        std::string pid;
        std::string started;
    };

    /// The outcome of the last commit. `written_unreported` is set only once the commit is known to be durable.
    enum class commit_outcome : std::uint8_t { known, in_doubt, written_unreported };

    template <class Work>
    auto attempt(std::string_view purpose, Work work) -> std::expected<decltype(work()), store_error>;
    void recover_from(const postgres_failure& failure) noexcept;

    postgres_connection open_session();
    void take_lock(postgres_connection& session);
    void must_still_be_there(postgres_connection& session);
    void find_position(postgres_connection& session);
    postgres_position next_position() const { return {position_->last_commit + 1, name_}; }

    void write(const changes& changes);

    postgres_url url_;
    std::string name_ = new_uuid();  // identifies this run in ledger_state.writer
    std::optional<postgres_connection> session_;
    server_process process_;
    std::optional<postgres_position> position_;  // as we last reported or found it
    commit_outcome last_outcome_ = commit_outcome::known;
    transfer_chain chain_;  // includes the rows of the last commit while its outcome is unknown
    std::string fenced_;    // the reason; empty if not fenced
};

/// Turns exceptions of `work` into error values. A lost session is reopened here, once per call; pauses are up to the
/// caller.
template <class Work>
auto postgres_store::attempt(std::string_view purpose, Work work) -> std::expected<decltype(work()), store_error> {
    bool is_open = false;
    const auto refuse = [&](const std::string& why, bool is_final) {
        // Whatever the reason, it must not be taken as proof that a commit in doubt was not written.
        is_final = is_final && last_outcome_ == commit_outcome::known;
        return std::unexpected{store_error{fmt::format("{}: cannot {}: {}", url_.printable(), purpose, why), is_final}};
    };
    try {
        if (!fenced_.empty()) throw fenced{fenced_};
        if (!session_) session_.emplace(open_session());
        is_open = true;
        if constexpr (std::is_void_v<decltype(work())>) {
            work();
            return {};
        } else {
            return work();
        }
    } catch (const postgres_failure& failure) {
        recover_from(failure);
        // If the server refuses to open a session, it has not refused the request itself.
        return refuse(failure.message, is_open && is_final(failure.sqlstate));
    } catch (const fenced& fenced) {
        session_.reset();
        fenced_ = fenced.message;
        return refuse(fenced.message, true);
    }
}

/// Keeps the session if it can be used for another attempt, because losing it means losing the lock.
void postgres_store::recover_from(const postgres_failure& failure) noexcept {
    if (!session_) return;
    // A server that has become read-only may have been replaced by another one; reconnecting finds it.
    if (failure.sqlstate.empty() || failure.sqlstate == read_only_transaction) return session_.reset();
    try {
        if (session_->is_in_transaction()) session_->run("ROLLBACK");
    } catch (const postgres_failure&) {
        session_.reset();
    }
}

postgres_connection postgres_store::open_session() {
    postgres_connection session{url_};
    check_server(session);
    const postgres_result own = session.run(session_settings);
    if (own.rows() != 1) throw postgres_failure{"the server does not list our own process"};
    take_lock(session);
    process_ = {std::string{own.text(0, 0)}, std::string{own.text(0, 1)}};
    must_still_be_there(session);
    migrate_postgres(session);
    find_position(session);
    prepare_postgres_commits(session);
    return session;
}

void postgres_store::take_lock(postgres_connection& session) {
    const postgres_result space = session.run(
        "SELECT coalesce((SELECT relnamespace FROM pg_class WHERE oid = to_regclass('ilpd_schema_version')), "
        "(SELECT oid FROM pg_namespace WHERE nspname = current_schema()))::int");
    if (space.is_null(0, 0))
        throw postgres_misfit{{"the search_path names no existing schema: create it or correct the search_path"}};
    // While a session that we have lost is still alive in the server, the outcome of its last transaction is open. That
    // transaction ends before the session releases the lock.
    if (!process_.pid.empty()) {
        session.query(
            "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity "
            "WHERE pid = $1::int AND extract(epoch FROM backend_start) = $2::numeric",
            {process_.pid.c_str(), process_.started.c_str()});
    }
    try {
        // Waits for a short time, because the server may not have noticed yet that a previous daemon has ended.
        session.run(fmt::format("SELECT pg_advisory_lock({}, {})", lock_key, space.text(0, 0)));
        return;
    } catch (const postgres_failure& failure) {
        if (failure.sqlstate != lock_not_available) throw;
    }
    const postgres_result holder = session.run(fmt::format(
        "SELECT l.pid, host(a.client_addr), a.wait_event FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid "
        "WHERE l.locktype = 'advisory' AND l.classid = {} AND l.objid = ({})::oid AND l.objsubid = 2 AND "
        "l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        lock_key, space.text(0, 0)));
    std::string who;
    if (holder.rows() > 0 && holder.text(0, 2) == "SyncRep") {
        // Meanwhile the server does not notice that its client has gone, so the session may belong to a daemon that was
        // killed.
        throw postgres_failure{
            fmt::format("it is in use by another ilpd (process {} of the server), whose last commit waits for a "
                        "synchronous standby",
                        holder.text(0, 0))};
    }
    if (holder.rows() > 0) {
        who = fmt::format(" (process {} of the server{}{})", holder.text(0, 0), holder.is_null(0, 1) ? "" : ", from ",
                          holder.text(0, 1));
    }
    throw postgres_misfit{{fmt::format(
        "it is in use by another ilpd{}: stop that process, or give this one its own database or schema", who)}};
}

/// A database that was dropped and made again must not get new tables from a daemon that knows the old ones.
void postgres_store::must_still_be_there(postgres_connection& session) {
    if (!position_ || postgres_version_of(session)) return;
    last_outcome_ = commit_outcome::known;  // whatever was in doubt is not in this database
    throw fenced{
        "the database has lost ilpd's tables: it was dropped and created anew; restore a backup, then restart this "
        "ilpd"};
}

/// Compares the book on the server with the one that we know, and has the server confirm that what it shows is durable.
/// Every session does so before its first use: at the start, what an earlier run has left unconfirmed must not be
/// reported either. We hold the lock, so every earlier session has ended.
void postgres_store::find_position(postgres_connection& session) {
    const postgres_result state = session.run("SELECT last_commit, writer FROM ledger_state");
    if (state.rows() != 1) throw postgres_misfit{{"the table ledger_state is damaged: restore a backup"}};
    const postgres_position found{state.integer(0, 0), std::string{state.text(0, 1)}};
    if (!position_) position_ = found;
    const bool is_open_question = last_outcome_ != commit_outcome::known;
    const bool is_written = is_open_question && found == next_position();
    if (found != *position_ && !is_written) {
        // If the database is at an earlier commit than ours, or at another one of the same number, ours is not in it.
        if (found.last_commit <= next_position().last_commit) last_outcome_ = commit_outcome::known;
        if (found.last_commit < position_->last_commit) {
            throw fenced{
                "this database has been restored to an earlier state while ilpd was running: restart this ilpd"};
        }
        throw fenced{overtaken};
    }
    try {
        confirm_postgres_commits(session, found);
    } catch (const postgres_position_lost&) {
        throw fenced{overtaken};  // cannot happen while we hold the lock
    }
    // The position itself stays where it was until the commit is reported: a standby may still take over without it.
    if (is_open_question) last_outcome_ = is_written ? commit_outcome::written_unreported : commit_outcome::known;
}

std::expected<catalogue, store_error> postgres_store::load() {
    return attempt("load the accounts", [this] { return load_postgres_catalogue(*session_); });
}

std::expected<std::optional<transfer_record>, store_error> postgres_store::find_transfer(std::string_view uuid) {
    return attempt("look up a transfer", [&] { return find_postgres_transfer(*session_, std::string{uuid}); });
}

std::expected<std::vector<pending_event>, store_error> postgres_store::load_pending_events(event_line line,
                                                                                           std::size_t limit) {
    return attempt("load events", [&] { return load_postgres_events(*session_, line, limit); });
}

std::expected<std::uint64_t, store_error> postgres_store::size() {
    return attempt("ask for the size", [this] {
        return static_cast<std::uint64_t>(session_->run("SELECT pg_database_size(current_database())").integer(0, 0));
    });
}

std::expected<std::vector<listed_transfer>, store_error> postgres_store::list_transfers(
    account_id account, account_side side, std::size_t limit, std::optional<std::uint64_t> from) {
    return attempt("list transfers", [&] { return list_postgres_transfers(*session_, account, side, limit, from); });
}

std::expected<std::optional<std::vector<listed_event>>, store_error> postgres_store::list_events(
    const event_query& query) {
    return attempt("list events", [&] { return list_postgres_events(*session_, query); });
}

std::expected<std::optional<payment_record>, store_error> postgres_store::find_payment(std::string_view uuid) {
    return attempt("look up a payment", [&] { return find_postgres_payment(*session_, std::string{uuid}); });
}

std::expected<std::optional<std::vector<payment_record>>, store_error> postgres_store::list_payments(
    const payment_query& query) {
    return attempt("list payments", [&] { return list_postgres_payments(*session_, query); });
}

std::expected<std::optional<idempotency_record>, store_error> postgres_store::find_answer(std::string_view key) {
    return attempt("look up an answer", [&] { return find_postgres_answer(*session_, std::string{key}); });
}

std::unexpected<store_error> commit_is_in_doubt() {
    return std::unexpected{store_error{"it is not known yet whether the last commit was written"}};
}

std::expected<history_step, store_error> postgres_store::sum_history(const history_age& age, std::size_t rows_max) {
    if (last_outcome_ != commit_outcome::known) return commit_is_in_doubt();
    return attempt("sum up old transfers",
                   [&] { return sum_postgres_history(*session_, age, rows_max, chain_.last_number()); });
}

std::expected<history_step, store_error> postgres_store::forget_events(const history_age& age, std::size_t rows_max) {
    if (last_outcome_ != commit_outcome::known) return commit_is_in_doubt();
    return attempt("forget old events", [&] { return forget_postgres_events(*session_, age, rows_max); });
}

std::expected<void, store_error> postgres_store::ping() {
    return attempt("write", [this] {
        if (session_->run("SELECT current_setting('transaction_read_only')").text(0, 0) != "off") {
            throw postgres_failure{"the server is read-only", std::string{read_only_transaction}};
        }
    });
}

std::expected<void, store_error> postgres_store::commit(const changes& changes) {
    return attempt("write", [&] { write(changes); });
}

void postgres_store::write(const changes& changes) {
    const auto report = [this] {
        last_outcome_ = commit_outcome::known;
        position_ = next_position();
        chain_.keep();
    };
    if (last_outcome_ == commit_outcome::written_unreported) return report();
    chain_.undo();  // undoes a commit that was not written
    last_outcome_ = commit_outcome::in_doubt;
    try {
        write_postgres_commit(*session_, changes, *position_, name_, chain_);
    } catch (const postgres_failure& failure) {
        if (!failure.sqlstate.empty()) last_outcome_ = commit_outcome::known;
        throw;
    } catch (const postgres_position_lost&) {
        last_outcome_ = commit_outcome::known;
        throw fenced{overtaken};  // cannot happen while we hold the lock
    }
    report();
}

store_error malformed_url() {
    return {
        "store.url: PostgreSQL's client library does not accept this URL: expected "
        "postgresql://USER:PASSWORD@HOST:PORT/DATABASE?PARAMETER=VALUE, with percent-encoding inside the parts",
        true};
}

store_error cannot(const postgres_url& url, std::string_view purpose, const std::string& why, bool is_final = true) {
    return {fmt::format("{}: cannot {}: {}", url.printable(), purpose, why), is_final};
}

/// Calls visit(session) with a session of a program other than the daemon.
template <class Visit>
std::expected<void, store_error> read_from(const std::string& url, Visit visit) {
    const auto parsed = postgres_url::parse(url);
    if (!parsed) return std::unexpected{malformed_url()};
    try {
        postgres_connection session{*parsed};
        check_server(session);
        visit(session);
        return {};
    } catch (const postgres_failure& failure) {
        return std::unexpected{cannot(*parsed, "read", failure.message)};
    }
}

}  // namespace

std::expected<std::unique_ptr<store>, store_error> open_postgres_store(const std::string& url) {
    const auto parsed = postgres_url::parse(url);
    if (!parsed) return std::unexpected{malformed_url()};
    try {
        return std::make_unique<postgres_store>(*parsed);
    } catch (const postgres_misfit& misfit) {
        return std::unexpected{cannot(*parsed, "open", misfit.message)};
    } catch (const postgres_failure& failure) {
        return std::unexpected{cannot(*parsed, "open", failure.message, is_final(failure.sqlstate))};
    } catch (const fenced& fenced) {
        return std::unexpected{cannot(*parsed, "open", fenced.message)};
    }
}

std::expected<void, store_error> read_postgres_book(const std::string& url, book_visitor& visitor) {
    return read_from(url, [&](postgres_connection& session) { visit_postgres_book(session, visitor); });
}

std::expected<void, store_error> read_postgres_history(const std::string& url, history_visitor& visitor) {
    return read_from(url, [&](postgres_connection& session) { visit_postgres_history(session, visitor); });
}

std::string printable_postgres_url(std::string_view url) {
    const auto parsed = postgres_url::parse(std::string{url});
    return parsed ? parsed->printable() : "postgresql://...";
}

}  // namespace peering
