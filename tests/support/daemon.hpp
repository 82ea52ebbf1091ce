#pragma once

#include "tests/support/child_process.hpp"
#include "tests/support/http.hpp"
#include "tests/support/metrics.hpp"
#include "tests/support/packets.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

inline constexpr std::uint64_t default_liquidity = 1'000'000'000'000;

struct peer_terms {
    std::string name{};
    std::string address{};   ///< default: "test." plus the name
    std::uint16_t port = 0;  ///< where the peer listens; 0: a port where nobody listens
    std::string code = "USD";
    std::uint8_t scale = 9;
    std::uint64_t liquidity = default_liquidity;
    std::vector<std::string> routes{};
    std::vector<std::string> terms{};     ///< further lines of the peer's section, such as "max_packet_amount: 1000"
    std::vector<std::string> outgoing{};  ///< further lines of the peer's http.outgoing section
    std::vector<std::string> tokens{};    ///< tokens that the peer presents; default: `token_of(name)`
    std::string url{};                    ///< of the peer; default: http:// on 127.0.0.1 and `port`
    /// Entries of the peer's http.incoming section, such as "jwt_secrets: [a]". If one is about tokens, the default is
    /// left out.
    std::vector<std::string> incoming{};
    bool presents_token = true;  ///< false: `outgoing` says what the daemon presents instead of `token_for(name)`
};

struct asset_terms {
    std::string code = "USD";
    std::uint8_t scale = 9;
    std::uint64_t liquidity = 0;
    std::optional<std::uint64_t> liquidity_threshold{};
};

/// The end of a daemon that was expected to exit on its own.
struct finished_daemon {
    int status = 0;
    std::string config_path{};
    std::string standard_output{};
    std::string standard_error{};
};

/// A receiving account.
struct account_terms {
    std::string name{};
    std::string code = "USD";
    std::uint8_t scale = 9;
    std::string public_name{};  ///< empty: none
};

/// The parts of a daemon's configuration that a test chooses. Everything else keeps its default.
struct daemon_terms {
    std::string address = "test.d";
    std::vector<peer_terms> peers{};
    std::vector<asset_terms> assets{};  ///< assets that no peer uses, or that have liquidity
    std::vector<account_terms> accounts{};
    std::vector<std::string> receiving{};     ///< lines of the receiving section
    std::string host = "127.0.0.1";           ///< in connector.listen
    std::vector<std::string> connector{};     ///< further lines of the connector section
    std::vector<std::string> admin{};         ///< further lines of the admin section
    std::vector<std::string> auto_peering{};  ///< lines of the auto_peering section
    std::vector<std::string> metrics{};       ///< further lines of the metrics section
    std::vector<std::string> webhooks{};      ///< lines of the webhooks section
    std::vector<std::string> rates{};         ///< lines of the rates section
    std::vector<std::string> spsp{};          ///< lines of the spsp section
    std::string log_level = "debug";
    std::string log_format = "text";
    std::string store{};                                             ///< default: an SQLite file in the daemon's folder
    std::vector<std::string> store_settings{};                       ///< further lines of the store section
    std::vector<std::pair<std::string, std::string>> environment{};  ///< of the program; added to our own
    /// Names and descriptors of listening sockets that are passed to the program, as a service manager passes them.
    std::vector<std::pair<std::string, int>> passed_sockets{};
    std::string ulimit{};  ///< arguments of the shell's `ulimit` before the start, such as "-n 80"
};

/// The tokens that a peer of this name presents to the daemon and that the daemon presents to the peer. Both end in
/// "-secret" so that a log can be searched for them.
std::string token_of(std::string_view name);
std::string token_for(std::string_view name);

/// A real ilpd with its own folder, ports and database.
class ilpd_daemon {
public:
    /// Starts the daemon and waits until it is ready. Throws std::runtime_error with its output if it does not become
    /// ready.
    explicit ilpd_daemon(daemon_terms terms, std::uint16_t port = free_port());
    /// Prints the log if the daemon has failed and no test asked it to end.
    ~ilpd_daemon();

    std::uint16_t port() const noexcept { return port_; }
    std::uint16_t metrics_port() const noexcept { return metrics_port_; }
    std::uint16_t admin_port() const noexcept { return admin_port_; }
    const std::filesystem::path& folder() const noexcept { return folder_.path(); }
    std::filesystem::path config_path() const { return folder_.path() / "ilpd.yaml"; }
    daemon_terms& terms() noexcept { return terms_; }
    const daemon_terms& terms() const noexcept { return terms_; }
    child_process& process() const { return *process_; }

    void write_config() const;
    /// Starts it again on the same database with the current `terms`. It must have ended.
    void start();
    /// Starts it without waiting until it is ready.
    void launch();
    void wait_until_ready();

    /// Sends SIGHUP after writing the current `terms`.
    void reload() const;

    /// Runs `ilpd --audit` with the same configuration, whether or not the daemon is running.
    finished_daemon audit() const;

    /// Sends SIGTERM and returns the exit status. Throws if the daemon does not end in time.
    int stop();
    void kill9();
    bool running() { return process_ && process_->running(); }

    /// Everything logged since the first start.
    std::string log() const;
    bool has_logged(std::string_view text) const { return log().contains(text); }
    /// Waits until it has been logged: a line is written a moment after the event that it reports. False after
    /// `patience`.
    bool logs(std::string_view text) const;

    /// The result of /readyz.
    bool is_ready() const;

    metrics scrape() const;
    std::uint64_t liquidity(std::string_view peer) const;
    /// The liquidity, read once no packet is in flight.
    std::uint64_t settled_liquidity(std::string_view peer) const;
    std::uint64_t asset_liquidity(std::string_view code, std::uint8_t scale) const;
    void wait_until_idle() const;

    /// POSTs one request to `/` as `peer`, on a connection of its own. Empty if the connection ended without an answer.
    std::optional<http_message> post(ilp::bytes_view body, std::string_view peer = "p1") const;
    std::optional<http_message> post(const prepare& prepare, std::string_view peer = "p1") const;

private:
    temporary_directory folder_;
    daemon_terms terms_;
    std::uint16_t port_;
    std::uint16_t metrics_port_;
    std::uint16_t admin_port_;
    std::uint16_t nobody_;  ///< a port where nothing listens
    int starts_ = 0;
    bool ends_by_request_ = false;
    std::unique_ptr<child_process> process_;
};

/// A POST of `body` as ILP over HTTP requires it, with the token of `peer`.
http_request ilp_request(ilp::bytes_view body, std::string_view peer = "p1");

/// The path of the program.
std::string daemon_program();

std::string to_yaml(const daemon_terms& terms, const std::filesystem::path& folder, std::uint16_t port,
                    std::uint16_t metrics_port, std::uint16_t nobody, std::uint16_t admin_port = free_port());

/// Writes `yaml` to a temporary file, runs `ilpd --config FILE` with it and waits until it ends. Throws if it keeps
/// running.
finished_daemon run_daemon(std::string_view yaml, const std::vector<std::string>& arguments = {});
finished_daemon run_daemon(const daemon_terms& terms, const std::vector<std::string>& arguments = {});

/// Polls `done` until it is true. False after `patience`.
bool eventually(const std::function<bool()>& done);

}  // namespace support
