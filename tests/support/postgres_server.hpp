#pragma once

#include "tests/support/child_process.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

struct pg_conn;  // from libpq

namespace support {

class postgres_server;

struct postgres_options {
    bool tcp = false;       ///< also listens on 127.0.0.1
    bool password = false;  ///< role ilpd needs `postgres_server::password`, checked with SCRAM
    bool tls = false;       ///< required on 127.0.0.1; implies tcp
    bool fsync = false;     ///< off by default: only a power cut would show the difference
    std::vector<std::pair<std::string, std::string>> settings{};  ///< as in postgresql.conf
    std::filesystem::path parent{};  ///< parent directory; empty: the system's temporary directory
    /// Makes the server a hot standby that streams from this one, under the application name `standby_name`. The other
    /// server must outlive the constructor only.
    const postgres_server* standby_of = nullptr;
};

/// A real PostgreSQL server for one test, with an empty database `ilpd` owned by the role `ilpd`. Its directory and all
/// its processes are removed with this object, and also if the program that made it dies in any way. Start it from a
/// thread that lives as long as the server should. Failures are exceptions.
///
/// PostgreSQL refuses to run as root; in that case the server runs as user postgres.
class postgres_server {
public:
    static constexpr const char* password = "p@ss word/1";
    static constexpr const char* standby_name = "s1";

    explicit postgres_server(postgres_options options = {});
    ~postgres_server();
    postgres_server(const postgres_server&) = delete;
    postgres_server& operator=(const postgres_server&) = delete;

    /// For role ilpd through the Unix socket, without a password.
    std::string url() const;
    /// For role ilpd through 127.0.0.1, without a password.
    std::string tcp_url() const;
    std::uint16_t port() const noexcept { return port_; }
    const std::filesystem::path& socket_directory() const noexcept { return directory_.path(); }
    std::filesystem::path certificate() const { return directory_.path() / "server.crt"; }  ///< with tls; self-signed

    enum class stop_mode : std::uint8_t { fast, immediate };
    void stop(stop_mode mode = stop_mode::fast);
    void start();
    /// Sends SIGKILL to every process of the server.
    void kill9();
    /// Stops every process of the server while its sockets stay open.
    void pause();
    void resume();
    /// Turns a standby into a primary.
    void promote() const;

    /// Runs statements as superuser in the database ilpd.
    void execute(const std::string& sql) const;
    std::vector<std::vector<std::string>> rows(const std::string& sql) const;  ///< values as text, null as ""
    std::string value(const std::string& sql) const;                           ///< the first value of rows()
    /// Waits until `sql` yields `expected`. Throws if it does not in time. An error of the server counts as another
    /// value, because a standby may not have replayed the tables yet.
    void wait_for(const std::string& sql, const std::string& expected,
                  std::chrono::milliseconds at_most = std::chrono::seconds{20}) const;

    std::string log() const;

    std::vector<pid_t> processes() const;

private:
    struct making_template {};
    explicit postgres_server(making_template);

    static std::filesystem::path template_directory();
    std::filesystem::path data() const { return directory_.path() / "data"; }
    std::string admin_url() const;
    void write_access_rules() const;
    void make_certificate() const;
    void copy_from(const postgres_server& primary) const;
    void forget_shared_memory() const;

    postgres_options options_;
    temporary_directory directory_;
    std::uint16_t port_ = 5432;
    std::optional<child_process> guardian_;
    std::optional<child_process> server_;

    /// The connection that rows() reuses: a new one for each query would dominate the time of some tests.
    mutable std::mutex observer_mutex_;
    mutable std::unique_ptr<pg_conn, void (*)(pg_conn*)> observer_{nullptr, nullptr};
};

}  // namespace support
