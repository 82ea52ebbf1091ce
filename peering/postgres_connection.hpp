#pragma once

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

/// Carries an error to the border of whoever uses postgres_connection. The message has no secret in it.
struct postgres_failure {
    static constexpr const char* character_not_in_repertoire = "22021";

    std::string message;
    std::string sqlstate{};                  ///< empty: the connection itself failed, or the answer makes no sense
    std::optional<std::size_t> statement{};  ///< of a pipeline, from 0: which one the server refused
};

/// What the server answered to one statement.
class postgres_result {
public:
    explicit postgres_result(PGresult* result) noexcept : handle_{result} {}

    int rows() const noexcept { return PQntuples(handle_.get()); }
    bool is_null(int row, int column) const noexcept { return PQgetisnull(handle_.get(), row, column) != 0; }
    /// Empty for null. Valid as long as the result.
    std::string_view text(int row, int column) const noexcept;
    /// Throws when the text is no integer.
    std::int64_t integer(int row, int column) const;
    bool boolean(int row, int column) const noexcept { return text(row, column) == "t"; }

private:
    struct clearing {
        void operator()(PGresult* result) const noexcept { PQclear(result); }
    };
    std::unique_ptr<PGresult, clearing> handle_;
};

/// One session of a PostgreSQL server. All calls block, in poll() alone, and none of them for ever: a server that keeps
/// silent for too long counts as gone, also when its sockets are still open (a cut cable, a machine that stands still).
/// Only looking up the name of a host is left to the resolver's own time-outs. After a failure without an SQLSTATE the
/// connection is of no use any more.
class postgres_connection {
public:
    static constexpr std::chrono::milliseconds connect_time_max{3'000};
    static constexpr std::chrono::milliseconds silence_max{5'000};

    /// To the first host of the URL that takes it.
    explicit postgres_connection(const postgres_url& url);

    int server_version() const noexcept { return PQserverVersion(handle_.get()); }
    bool is_in_transaction() const noexcept { return PQtransactionStatus(handle_.get()) != PQTRANS_IDLE; }

    /// Statements divided by semicolons: one transaction, unless they say otherwise. The answer is the last one's.
    postgres_result run(const std::string& script, std::chrono::milliseconds silence = silence_max);

    /// One statement with its parameters, $1 on.
    postgres_result query(const char* sql, std::initializer_list<const char*> values);

    /// Until finish_pipeline(), statements are sent without waiting for answers. After one that the server refuses, the
    /// server skips the others.
    void start_pipeline();
    void prepare(const char* name, const char* sql);
    void execute(const char* name, std::initializer_list<const char*> values);
    /// Throws what the server refused first.
    void finish_pipeline(std::chrono::milliseconds silence = silence_max);

private:
    struct finishing {
        void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
    };

    [[noreturn]] void throw_lost(const std::optional<postgres_failure>& reason = std::nullopt) const;
    bool is_lost() const noexcept { return PQstatus(handle_.get()) == CONNECTION_BAD; }
    void must_be_queued(int accepted) const;
    bool wait(short events, std::chrono::steady_clock::time_point deadline) const;
    void connect(const postgres_url& url);
    PGresult* next_result(std::chrono::milliseconds silence);
    postgres_result last_result(std::chrono::milliseconds silence);

    std::unique_ptr<PGconn, finishing> handle_;
    std::size_t queued_ = 0;  // statements of the pipeline
};

}  // namespace peering
