#include "peering/store/postgres/store_postgres.hpp"

#include "peering/records/uuid.hpp"
#include "peering/store/postgres/postgres_book.hpp"
#include "peering/store/postgres/postgres_commit.hpp"
#include "peering/store/postgres/postgres_connection.hpp"
#include "peering/store/postgres/postgres_history.hpp"
#include "peering/store/postgres/postgres_lease_keeper.hpp"
#include "peering/store/postgres/postgres_schema.hpp"
#include "peering/store/postgres/postgres_slot.hpp"
#include "peering/store/postgres/postgres_url.hpp"
#include "peering/store/transfer_chain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <type_traits>
#include <utility>

namespace peering {
namespace {

/// The first version with idle_session_timeout.
constexpr int oldest_server = 140'000;

/// An idle daemon renews its lease this often. A tenant accepts packets for at least 10 s after the last renewal.
constexpr std::chrono::milliseconds renewal_interval{3'000};

/// A registration is tried again when another session changes the row at the same time.
constexpr int registration_tries_max = 10;

/// A commit may return only once it is durable, whatever the server's default is, and even if that default changes
/// later. Time limits are enforced on our side, except for locks held by others: in that case the server says what it
/// was waiting for. What an earlier session of ours, or of another daemon, has left half done holds its rows until the
/// server ends it: after a while without our next statement, or when the keep-alives show that we are gone.
constexpr const char* session_settings = R"sql(
SELECT set_config('synchronous_commit',
                  CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
                  ELSE current_setting('synchronous_commit') END, false),
       set_config('statement_timeout', '0', false),
       set_config('lock_timeout', '2s', false),
       set_config('idle_session_timeout', '0', false),
       set_config('idle_in_transaction_session_timeout', '5s', false),
       set_config('plan_cache_mode', 'force_generic_plan', false),
       set_config('tcp_keepalives_idle', '5', false),
       set_config('tcp_keepalives_interval', '2', false),
       set_config('tcp_keepalives_count', '3', false)
)sql";

/// True for errors in the request itself, not in the server, where a retry cannot help. A revoked privilege (42501)
/// does not count as one.
bool is_final(std::string_view sqlstate) noexcept {
    constexpr std::array<std::string_view, 7> classes{"0A", "21", "22", "23", "42", "44", "54"};
    return sqlstate != "42501" && std::ranges::find(classes, sqlstate.substr(0, 2)) != classes.end();
}

constexpr std::string_view read_only_transaction = "25006";

/// Thrown if the book on the server is not the one that this daemon knows; the daemon must not write any more.
struct fenced {
    std::string message;
    bool is_overtaken = false;  ///< another daemon has written to it
};

/// Thrown while another daemon has the place in the database.
struct in_use {
    std::string message;
    daemon_place holder;
    bool is_final = false;
};

daemon_place place_of(const postgres_slot& slot) {
    return {.instance = slot.instance,
            .host = slot.host,
            .epoch = static_cast<std::uint64_t>(slot.epoch),
            .last_commit = static_cast<std::uint64_t>(slot.position.last_commit),
            .lease_until = ilp::timestamp{std::chrono::milliseconds{slot.lease_until}},
            .lease_left = slot.lease_left};
}

std::string where(const postgres_slot& slot) {
    return slot.host.empty() ? std::string{} : fmt::format(" ({})", slot.host);
}

fenced overtaken_by(const postgres_slot& slot) {
    return {fmt::format("another ilpd{} has taken over this database and has written to it in the meantime (epoch {}): "
                        "this one can write nothing any more",
                        where(slot), slot.epoch),
            true};
}

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
    postgres_store(postgres_url url, store_tenant who) : url_{std::move(url)}, who_{std::move(who)} {
        if (who_.instance.empty()) who_.instance = new_uuid();
        session_.emplace(open_session());
        try {
            const postgres_lease_keeper keeper = keep_lease();
            load_postgres_chain(*session_, chain_);
        } catch (const postgres_failure&) {
            leave();
            throw;
        }
    }
    ~postgres_store() override { leave(); }
    postgres_store(const postgres_store&) = delete;
    postgres_store& operator=(const postgres_store&) = delete;

    std::expected<catalogue, store_error> load() override;
    std::expected<void, store_error> commit(const changes& changes) override;
    std::expected<void, store_error> ping() override;
    std::optional<store_tenure> tenure() const override {
        const auto lease_until = renewed_at_ + who_.lease_time;
        return store_tenure{static_cast<std::uint64_t>(epoch_), lease_until - who_.max_hold_time, lease_until};
    }
    std::expected<std::vector<daemon_place>, store_error> list_daemons() override {
        return attempt("list the daemons", [this] { return list_postgres_slots(*session_, who_.instance, epoch_); });
    }
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
    /// The outcome of the last commit. `written_unreported` is set only once the commit is known to be durable.
    enum class commit_outcome : std::uint8_t { known, in_doubt, written_unreported };

    template <class Work>
    auto attempt(std::string_view purpose, Work work) -> std::expected<decltype(work()), store_error>;
    void recover_from(const postgres_failure& failure) noexcept;
    void leave() noexcept;

    postgres_connection open_session();
    void must_still_be_there(postgres_connection& session);
    void register_daemon(postgres_connection& session);
    postgres_lease_keeper keep_lease() const;
    void check_book(const postgres_slot& found);
    void check_claim(const postgres_slot& found) const;
    postgres_position next_position() const { return {position_->last_commit + 1, epoch_}; }

    void write(const changes& changes);

    postgres_url url_;
    store_tenant who_;
    std::optional<postgres_connection> session_;
    std::int64_t epoch_ = 0;  // of our last registration
    std::chrono::steady_clock::time_point renewed_at_;
    std::optional<postgres_position> position_;  // as we last reported or found it
    postgres_position doubtful_;                 // where the last commit leads to
    commit_outcome last_outcome_ = commit_outcome::known;
    transfer_chain chain_;  // includes the rows of the last commit while its outcome is unknown
    std::optional<fenced> fenced_;
};

/// Turns exceptions of `work` into error values. A lost session is reopened here, once per call; pauses are up to the
/// caller.
template <class Work>
auto postgres_store::attempt(std::string_view purpose, Work work) -> std::expected<decltype(work()), store_error> {
    bool is_open = false;
    const auto refuse = [&](const std::string& why, bool is_final) {
        // Whatever the reason, it must not be taken as proof that a commit in doubt was not written.
        is_final = is_final && last_outcome_ == commit_outcome::known;
        return store_error{fmt::format("{}: cannot {}: {}", url_.printable(), purpose, why), is_final};
    };
    try {
        if (fenced_) throw fenced{*fenced_};
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
        return std::unexpected{refuse(failure.message, is_open && is_final(failure.sqlstate))};
    } catch (const postgres_position_lost&) {
        // Nothing was written. The next session finds out what has happened.
        session_.reset();
        return std::unexpected{refuse("another session has registered since", false)};
    } catch (const in_use& other) {
        store_error error = refuse(other.message, false);
        error.in_use = true;
        error.holder = other.holder;
        return std::unexpected{std::move(error)};
    } catch (const fenced& fenced) {
        session_.reset();
        fenced_ = fenced;
        store_error error = refuse(fenced.message, true);
        error.taken_over = fenced.is_overtaken;
        return std::unexpected{std::move(error)};
    }
}

/// The next daemon need not wait for the end of the lease.
void postgres_store::leave() noexcept {
    if (!session_) return;
    try {
        if (session_->is_in_transaction()) session_->run("ROLLBACK");
        leave_postgres_slot(*session_, epoch_);
    } catch (const postgres_failure&) {
        session_.reset();  // the lease ends by itself
    }
}

/// Keeps the session if it can be used for another attempt.
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
    session.run(session_settings);
    must_still_be_there(session);
    begin_postgres_schema(session);
    register_daemon(session);
    {
        const postgres_lease_keeper keeper = keep_lease();
        migrate_postgres(session);
    }
    prepare_postgres_commits(session);
    return session;
}

/// A database that was dropped and made again must not get new tables from a daemon that knows the old ones.
void postgres_store::must_still_be_there(postgres_connection& session) {
    if (!position_ || postgres_version_of(session)) return;
    last_outcome_ = commit_outcome::known;  // whatever was in doubt is not in this database
    throw fenced{
        "the database has lost ilpd's tables: it was dropped and created anew; restore a backup, then restart this "
        "ilpd"};
}

/// Every session does so before its first use. At the start, too, what an earlier run has left unconfirmed must not be
/// reported.
void postgres_store::register_daemon(postgres_connection& session) {
    for (int tries_left = registration_tries_max; tries_left > 0; --tries_left) {
        const postgres_slot found = read_postgres_slot(session);
        if (position_) check_book(found);
        check_claim(found);
        const auto began = std::chrono::steady_clock::now();
        const auto epoch = take_postgres_slot(session, found, who_, epoch_);
        if (!epoch) continue;
        // The position itself stays where it was until the commit is reported: a standby of the server may still take
        // over without it.
        if (last_outcome_ != commit_outcome::known) {
            last_outcome_ = found.position == doubtful_ ? commit_outcome::written_unreported : commit_outcome::known;
        }
        if (!position_) position_ = found.position;
        epoch_ = *epoch;
        renewed_at_ = began;
        return;
    }
    throw postgres_failure{"other sessions register all the time"};
}

/// For what may take longer than the lease.
postgres_lease_keeper postgres_store::keep_lease() const {
    return {url_, epoch_, who_.lease_time, std::min(renewal_interval, who_.lease_time / 4)};
}

/// Throws if the book on the server is not the one that we know.
void postgres_store::check_book(const postgres_slot& found) {
    if (has_forgotten(found, who_.instance, epoch_)) {
        last_outcome_ = commit_outcome::known;  // whatever was in doubt is not in this database
        throw fenced{fmt::format("this server does not know that this ilpd has registered in epoch {}: it was promoted "
                                 "without the last commits, and another ilpd{} has the database (epoch {})",
                                 epoch_, where(found), found.epoch),
                     true};
    }
    const bool is_open_question = last_outcome_ != commit_outcome::known;
    switch (compare_positions(found.position, *position_, is_open_question ? std::optional{doubtful_} : std::nullopt)) {
        case slot_finding::unchanged:
        case slot_finding::written:
            return;
        case slot_finding::restored:
            last_outcome_ = commit_outcome::known;
            throw fenced{
                "this database has been restored to an earlier state while ilpd was running: restart this ilpd"};
        case slot_finding::overtaken:
            // If the database is at another commit of the same number as ours, ours is not in it.
            if (found.position.last_commit <= doubtful_.last_commit) last_outcome_ = commit_outcome::known;
            throw overtaken_by(found);
    }
}

void postgres_store::check_claim(const postgres_slot& found) const {
    const slot_claim claim = decide_claim(found, who_);
    if (claim == slot_claim::take) return;
    const std::string by = fmt::format("it is in use by another ilpd{}, in epoch {}", where(found), found.epoch);
    // Whoever has had the place before waits in any case: the other daemon may have written nothing.
    if (claim == slot_claim::wait || position_) throw in_use{by, place_of(found)};
    throw in_use{
        fmt::format("{}, which last gave a sign of life less than {} s ago: stop that process, give this one its "
                    "own database or schema, or set store.standby: true to wait for its end",
                    by, std::chrono::ceil<std::chrono::seconds>(who_.lease_time).count()),
        place_of(found), true};
}

std::expected<catalogue, store_error> postgres_store::load() {
    return attempt("load the accounts", [this] {
        const postgres_lease_keeper keeper = keep_lease();
        return load_postgres_catalogue(*session_);
    });
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
                   [&] { return sum_postgres_history(*session_, epoch_, age, rows_max, chain_.last_number()); });
}

std::expected<history_step, store_error> postgres_store::forget_events(const history_age& age, std::size_t rows_max) {
    if (last_outcome_ != commit_outcome::known) return commit_is_in_doubt();
    return attempt("forget old events", [&] { return forget_postgres_events(*session_, epoch_, age, rows_max); });
}

std::expected<void, store_error> postgres_store::ping() {
    return attempt("write", [this] {
        const postgres_result state =
            session_->run("SELECT current_setting('transaction_read_only'), epoch FROM daemons WHERE slot = 0");
        if (state.rows() != 1 || state.integer(0, 1) != epoch_) throw postgres_position_lost{};
        if (state.text(0, 0) != "off")
            throw postgres_failure{"the server is read-only", std::string{read_only_transaction}};
        const auto now = std::chrono::steady_clock::now();
        if (now - renewed_at_ < renewal_interval) return;
        renew_postgres_lease(*session_, epoch_, who_.lease_time);
        renewed_at_ = now;
    });
}

std::expected<void, store_error> postgres_store::commit(const changes& changes) {
    return attempt("write", [&] { write(changes); });
}

void postgres_store::write(const changes& changes) {
    const auto report = [this] {
        last_outcome_ = commit_outcome::known;
        position_ = doubtful_;
        chain_.keep();
    };
    if (last_outcome_ == commit_outcome::written_unreported) return report();
    chain_.undo();  // undoes a commit that was not written
    last_outcome_ = commit_outcome::in_doubt;
    doubtful_ = next_position();
    const auto began = std::chrono::steady_clock::now();
    try {
        write_postgres_commit(*session_, changes, doubtful_, who_.lease_time, chain_);
    } catch (const postgres_failure& failure) {
        if (!failure.sqlstate.empty()) last_outcome_ = commit_outcome::known;
        throw;
    } catch (const postgres_position_lost&) {
        last_outcome_ = commit_outcome::known;
        throw;
    }
    renewed_at_ = began;
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

std::expected<std::unique_ptr<store>, store_error> open_postgres_store(const std::string& url, store_tenant who) {
    const auto parsed = postgres_url::parse(url);
    if (!parsed) return std::unexpected{malformed_url()};
    const bool waits = who.waits;
    try {
        return std::make_unique<postgres_store>(*parsed, std::move(who));
    } catch (const postgres_earlier_daemon& other) {
        store_error error = cannot(*parsed, "open", other.message, !waits);
        error.in_use = true;
        return std::unexpected{std::move(error)};
    } catch (const postgres_misfit& misfit) {
        return std::unexpected{cannot(*parsed, "open", misfit.message)};
    } catch (const postgres_failure& failure) {
        return std::unexpected{cannot(*parsed, "open", failure.message, is_final(failure.sqlstate))};
    } catch (const in_use& other) {
        store_error error = cannot(*parsed, "open", other.message, other.is_final);
        error.in_use = true;
        error.holder = other.holder;
        return std::unexpected{std::move(error)};
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
