#pragma once

#include "ilp/bytes.hpp"

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <libpq-fe.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peering {

class postgres_url;

/// Carries an error up to the caller of postgres_connection. The message contains no secret.
struct postgres_failure {
    static constexpr const char* character_not_in_repertoire = "22021";

    std::string message;
    std::string sqlstate{};  ///< empty if the connection itself failed or the server's answer is invalid
    std::optional<std::size_t> statement{};  ///< in a pipeline: 0-based index of the statement that the server refused
    bool ends_session = false;               ///< the server closes the connection after this message
};

/// Thrown if the server or the database is not one that ilpd can use: waiting does not help.
struct postgres_misfit : postgres_failure {};

/// The server's answer to one statement.
class postgres_result {
public:
    explicit postgres_result(PGresult* result) noexcept : handle_{result} {}

    int rows() const noexcept { return PQntuples(handle_.get()); }
    bool is_null(int row, int column) const noexcept { return PQgetisnull(handle_.get(), row, column) != 0; }
    /// Empty for null. Valid as long as the result exists.
    std::string_view text(int row, int column) const noexcept;
    /// Throws if the text is not an integer.
    std::int64_t integer(int row, int column) const;
    bool boolean(int row, int column) const noexcept { return text(row, column) == "t"; }
    /// Reads a bytea. Throws if the memory for it cannot be had.
    ilp::bytes octets(int row, int column) const;

private:
    struct clearing {
        void operator()(PGresult* result) const noexcept { PQclear(result); }
    };
    std::unique_ptr<PGresult, clearing> handle_;
};

/// A session with a PostgreSQL server. All calls block, but only in poll(), and none of them forever: a server that
/// stays silent for too long counts as lost, even if its sockets are still open (a cut cable, a frozen machine). Only
/// resolving a host name depends on the resolver's own timeouts. After a failure without an SQLSTATE the connection is
/// unusable.
///
/// The server commits a transaction locally before it waits for its synchronous standbys, and answers as usual if that
/// wait is cancelled (pg_cancel_backend). Such an answer is a failure here, because the commit may not be durable.
class postgres_connection {
public:
    static constexpr std::chrono::milliseconds connect_time_max{3'000};
    static constexpr std::chrono::milliseconds silence_max{5'000};

    /// Connects to the first host of the URL that accepts the connection.
    explicit postgres_connection(const postgres_url& url);

    int server_version() const noexcept { return PQserverVersion(handle_.get()); }
    bool is_in_transaction() const noexcept { return PQtransactionStatus(handle_.get()) != PQTRANS_IDLE; }

    /// Runs statements separated by semicolons, as one transaction unless they say otherwise. Returns the result of the
    /// last one.
    postgres_result run(const std::string& script, std::chrono::milliseconds silence = silence_max);

    /// Runs one statement with its parameters, from $1 on.
    postgres_result query(const char* sql, std::initializer_list<const char*> values);

    /// Until finish_pipeline(), statements are sent without waiting for answers. If the server refuses one, it skips
    /// the following ones.
    void start_pipeline();
    void prepare(const char* name, const char* sql);
    void execute(const char* name, std::initializer_list<const char*> values);
    /// Throws the first refusal of the server.
    void finish_pipeline(std::chrono::milliseconds silence = silence_max);

private:
    struct finishing {
        void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
    };

    /// The server's notices. They are on the heap, because libpq keeps their address.
    struct notices {
        bool wait_was_cancelled = false;
    };

    [[noreturn]] void throw_lost(const std::optional<postgres_failure>& reason = std::nullopt) const;
    void must_be_confirmed() const;
    static void note(void* to, const PGresult* notice);
    bool is_lost() const noexcept { return PQstatus(handle_.get()) == CONNECTION_BAD; }
    void must_be_queued(int accepted) const;
    bool wait(short events, std::chrono::steady_clock::time_point deadline) const;
    void connect(const postgres_url& url);
    PGresult* next_result(std::chrono::milliseconds silence);
    postgres_result last_result(std::chrono::milliseconds silence);

    std::unique_ptr<notices> notices_ = std::make_unique<notices>();
    std::unique_ptr<PGconn, finishing> handle_;
    std::size_t queued_ = 0;  // number of statements in the pipeline
};

}  // namespace peering
