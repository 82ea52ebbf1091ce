#include "tests/bench/proxies.hpp"

#include "tests/bench/wire.hpp"
#include "tests/support/certificates.hpp"

#include <pwd.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sqlite3.h>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace bench {

namespace {

namespace fs = std::filesystem;

fs::path new_directory(const setup& setup, std::string_view name) {
    const auto directory = setup.directory / name;
    fs::create_directories(directory);
    return directory;
}

void write_file(const fs::path& path, std::string_view text) {
    std::ofstream out{path};
    out << text;
    if (!out.flush()) throw std::runtime_error{"cannot write " + path.string()};
}

/// What haproxy and nghttpx let a client have in flight on a connection; 100 by default.
constexpr std::size_t proxied_streams_max = 1000;

std::vector<pid_t> children_of(pid_t pid) {
    std::ifstream in{fmt::format("/proc/{0}/task/{0}/children", pid)};
    return {std::istream_iterator<pid_t>{in}, {}};
}

/// The worker of an nginx, which starts to listen before it has one.
std::vector<pid_t> worker_of(support::child_process& nginx) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (nginx.running() && std::chrono::steady_clock::now() < deadline) {
        if (auto workers = children_of(nginx.pid()); workers.size() == 1) return workers;
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    throw std::runtime_error{"nginx has not the one worker that the bench expects"};
}

/// A master running as root would run its worker as another user, who cannot write to our directory.
std::string user_directive() {
    if (geteuid() != 0) return {};
    const passwd* user = getpwuid(geteuid());
    return user == nullptr ? std::string{} : fmt::format("user {};\n", user->pw_name);
}

std::uint16_t next_hop_port(const setup& setup, const shape& shape) {
    return shape.tls ? setup.tls_peer_port : setup.peer_port;
}

/// TLS 1.3 only, which is what ilpd and its peers agree on.
std::string nginx_tls(const setup& setup, const shape& shape) {
    if (!shape.tls) return {};
    return fmt::format(R"(        ssl_certificate "{}";
        ssl_certificate_key "{}";
        ssl_protocols TLSv1.3;
        proxy_ssl_protocols TLSv1.3;
)",
                       setup.tls.certificate, setup.tls.key);
}

/// One worker, persistent connections on both sides and no log: nginx at its best for this task.
std::string nginx_configuration(const setup& setup, const shape& shape, const fs::path& directory, std::uint16_t port) {
    return fmt::format(R"({user}daemon off;
worker_processes 1;
pid "{directory}/nginx.pid";
error_log "{directory}/error.log" error;
events {{ worker_connections {worker_connections}; }}
http {{
    access_log off;
    client_body_temp_path "{directory}/body";
    proxy_temp_path "{directory}/proxy";
    fastcgi_temp_path "{directory}/fastcgi";
    scgi_temp_path "{directory}/scgi";
    uwsgi_temp_path "{directory}/uwsgi";
    client_body_buffer_size 64k;
    proxy_buffers 16 8k;
    keepalive_timeout 1h;
    keepalive_requests 1000000000;
    upstream constant_peer {{
        server 127.0.0.1:{peer_port};
        keepalive {connections};
        keepalive_timeout 1h;
        keepalive_requests 1000000000;
    }}
    server {{
        listen 127.0.0.1:{port}{ssl};
{tls}        location / {{
            proxy_pass {scheme}://constant_peer;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
}}
)",
                       fmt::arg("user", user_directive()), fmt::arg("directory", directory.string()),
                       fmt::arg("worker_connections", 4 * setup.connections_max + shape.idle + 64),
                       fmt::arg("peer_port", next_hop_port(setup, shape)),
                       fmt::arg("connections", setup.connections_max), fmt::arg("port", port),
                       fmt::arg("ssl", shape.tls ? " ssl" : ""), fmt::arg("tls", nginx_tls(setup, shape)),
                       fmt::arg("scheme", shape.tls ? "https" : "http"));
}

/// One thread, HTTP/2 on both sides and no log.
std::string haproxy_configuration(const setup& setup, const shape& shape, std::uint16_t port) {
    return fmt::format(R"(global
    nbthread 1
    maxconn {connections}
    tune.h2.max-concurrent-streams {streams}
defaults
    mode http
    timeout connect 10s
    timeout client 1h
    timeout server 1h
    http-reuse always
frontend generator
    bind 127.0.0.1:{port} proto h2
    default_backend constant_peer
backend constant_peer
    server peer 127.0.0.1:{peer_port} proto h2
)",
                       fmt::arg("connections", 4 * setup.connections_max + shape.idle + 64),
                       fmt::arg("streams", proxied_streams_max), fmt::arg("port", port),
                       fmt::arg("peer_port", setup.peer_port));
}

std::string_view receivers_asset(const shape& shape) {
    return shape.cross_asset ? "EUR" : "USD";
}

std::string senders_yaml(const setup& setup, const shape& shape) {
    std::string text;
    for (std::size_t n = 0; n < shape.senders; ++n) {
        fmt::format_to(std::back_inserter(text),
                       R"(  - name: alice{0}
    ilp_address: test.alice{0}
    asset: {{code: USD, scale: 9}}
    liquidity: 1000000000000000
{3}    http:
      incoming: {{auth_tokens: ["{1}"]}}
      outgoing: {{endpoint: "http://127.0.0.1:{2}/", auth_token: token-that-is-never-used}}
)",
                       n == 0 ? "" : std::to_string(n), token_of_sender(n), setup.peer_port,
                       shape.packet_rate != 0 && n + 1 == shape.senders
                           ? fmt::format("    packet_rate: {}\n", shape.packet_rate)
                           : "");
    }
    return text;
}

/// A peer that receives packets, at a constant peer's plain port.
std::string receiver_yaml(const setup& setup, const shape& shape, std::string_view name, std::string_view endpoint) {
    return fmt::format(R"(  - name: {name}
    ilp_address: test.{name}
    asset: {{code: {asset}, scale: 9}}
    liquidity: 1000000000000000
    http:
      incoming: {{auth_tokens: [token-of-{name}-that-is-never-used]}}
      outgoing:
        endpoint: "{endpoint}"
        auth_token: receiver-token-of-the-bench-64-characters-long-as-real-ones-oft
        max_connections: {connections}
)",
                       fmt::arg("name", name), fmt::arg("asset", receivers_asset(shape)),
                       fmt::arg("endpoint", endpoint), fmt::arg("connections", setup.connections_max));
}

/// The receiver of the packets that are fulfilled.
std::string bob_yaml(const setup& setup, const shape& shape) {
    auto text =
        receiver_yaml(setup, shape, "bob",
                      fmt::format("{}://127.0.0.1:{}/", shape.tls ? "https" : "http", next_hop_port(setup, shape)));
    if (shape.tls) text += fmt::format("        ca_file: \"{}\"\n", setup.tls.roots);
    text += fmt::format("        protocol: {}\n", shape.http2 ? "http2" : "http1");
    return text;
}

std::string listener_tls(const setup& setup, const shape& shape) {
    if (!shape.tls) return {};
    return fmt::format("  certificate_file: \"{}\"\n  key_file: \"{}\"\n", setup.tls.certificate, setup.tls.key);
}

/// The peers have more credit than any run can use up.
std::string ilpd_configuration(const setup& setup, const shape& shape, std::string_view store, const place& place,
                               std::string_view more_peers) {
    return fmt::format(R"(ilp_address: test.bench
connector:
  listen: 127.0.0.1:{port}
  workers: {workers}
  max_connections: {connections}
  idle_timeout: 1h
  max_hold_time: 60s
{tls}admin: {{listen: 127.0.0.1:{admin_port}}}
metrics: {{listen: 127.0.0.1:{metrics_port}}}
store: {{url: "{store}"}}
rates:
  fixed:
    - {{base: USD, quote: EUR, rate: 0.8}}
assets:
  - {{code: USD, scale: 9, liquidity: 1000000000000000}}
  - {{code: EUR, scale: 9, liquidity: 1000000000000000}}
peers:
{senders}{carol}{bob}{more_peers}log: {{level: info, format: text}}
)",
                       fmt::arg("port", place.port), fmt::arg("workers", shape.workers),
                       fmt::arg("connections", setup.connections_max + shape.idle + 64),
                       fmt::arg("admin_port", place.admin_port), fmt::arg("metrics_port", place.metrics_port),
                       fmt::arg("store", store), fmt::arg("senders", senders_yaml(setup, shape)),
                       fmt::arg("carol", receiver_yaml(setup, shape, "carol",
                                                       fmt::format("http://127.0.0.1:{}/", setup.rejecting_port))),
                       fmt::arg("bob", bob_yaml(setup, shape)), fmt::arg("tls", listener_tls(setup, shape)),
                       fmt::arg("more_peers", more_peers));
}

place install_nginx(const setup& setup, std::string_view name, const shape& shape) {
    const auto directory = new_directory(setup, name);
    const auto port = support::free_port();
    const auto configuration = directory / "nginx.conf";
    write_file(configuration, nginx_configuration(setup, shape, directory, port));
    return {.name = std::string{name},
            .arguments = {setup.nginx, "-p", directory.string(), "-c", configuration.string(), "-e",
                          (directory / "error.log").string()},
            .output = directory / "output",
            .ready = {},
            .has_worker = true,
            .core = setup.proxy_core,
            .port = port};
}

place install_haproxy(const setup& setup, std::string_view name, const shape& shape) {
    const auto directory = new_directory(setup, name);
    const auto port = support::free_port();
    const auto configuration = directory / "haproxy.cfg";
    write_file(configuration, haproxy_configuration(setup, shape, port));
    return {.name = std::string{name},
            .arguments = {setup.haproxy, "-db", "-f", configuration.string()},
            .output = directory / "output",
            .ready = {},
            .core = setup.proxy_core,
            .port = port};
}

/// One thread, HTTP/2 on both sides and no log.
place install_nghttpx(const setup& setup, std::string_view name, const shape&) {
    const auto directory = new_directory(setup, name);
    const auto port = support::free_port();
    const auto streams = std::to_string(proxied_streams_max);
    return {.name = std::string{name},
            .arguments = {setup.nghttpx, "--conf=/dev/null", "--single-process", "--single-thread", "--workers=1",
                          fmt::format("--frontend=127.0.0.1,{};no-tls", port),
                          fmt::format("--backend=127.0.0.1,{};;proto=h2", setup.peer_port),
                          "--frontend-http2-max-concurrent-streams=" + streams,
                          "--backend-http2-max-concurrent-streams=" + streams},
            .output = directory / "output",
            .ready = {},
            .has_worker = false,
            .has_usual_heap = false,  // Debian builds it with jemalloc
            .core = setup.proxy_core,
            .port = port};
}

place install_ilpd(const setup& setup, std::string_view name, const shape& shape, std::string_view store,
                   std::string_view more_peers = {}) {
    const auto directory = new_directory(setup, name);
    const auto configuration = directory / "ilpd.yaml";
    place place{.name = std::string{name},
                .arguments = {setup.ilpd, "--config", configuration.string()},
                .output = directory / "output",
                .ready = " ready ",
                .has_worker = false,
                .core = shape.workers == 1 ? std::optional{setup.proxy_core} : std::nullopt,
                .port = support::free_port(),
                .metrics_port = support::free_port(),
                .admin_port = support::free_port()};
    write_file(configuration, ilpd_configuration(setup, shape, store, place, more_peers));
    return place;
}

fs::path sqlite_file(const setup& setup, std::string_view name) {
    return new_directory(setup, name) / "ilpd.db";
}

std::string sqlite_url(const setup& setup, std::string_view name) {
    return "sqlite:" + sqlite_file(setup, name).string();
}

/// Whether other users can access the contents of the directory.
bool lets_others_through(const fs::path& directory) {
    for (fs::path path = directory; path.has_relative_path(); path = path.parent_path()) {
        if ((fs::status(path).permissions() & fs::perms::others_exec) == fs::perms::none) return false;
    }
    return true;
}

/// Configured as by an operator on the same machine: durable, and free to use both cores. It lies beside the other
/// databases if the user that the server runs as can access that place.
std::shared_ptr<support::postgres_server> start_postgres(const setup& setup) {
    fs::permissions(setup.directory, fs::perms::group_exec | fs::perms::others_exec, fs::perm_options::add);
    const bool beside = geteuid() != 0 || lets_others_through(setup.directory);
    if (!beside) {
        fmt::print(stderr, "PostgreSQL keeps its data in {}: its user cannot reach {}\n",
                   fs::temp_directory_path().string(), setup.directory.string());
    }
    return std::make_shared<support::postgres_server>(
        support::postgres_options{.fsync = true,
                                  .settings = {{"shared_buffers", "128MB"}, {"max_wal_size", "4GB"}},
                                  .parent = beside ? setup.directory : fs::path{}});
}

/// SQL in which the two databases differ.
struct dialect {
    std::string (*numbers)(std::uint64_t count);  ///< a table with column n, counting from 1
    std::string_view some_uuid;                   ///< derived from n
    std::string_view some_digest;
    std::string_view amount_of_one;  ///< of a transfer
    const char* array_of;            ///< aggregates a column into JSON
};

std::string sqlite_numbers(std::uint64_t count) {
    return fmt::format("(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {}) SELECT n FROM c)",
                       count);
}

std::string postgres_numbers(std::uint64_t count) {
    return fmt::format("generate_series(1, {}) AS numbers(n)", count);
}

constexpr dialect sqlite_dialect{sqlite_numbers, "printf('%08x-0000-4000-8000-%012x', n, n)",
                                 "lower(hex(randomblob(32)))", "'1'", "json_group_array({})"};
constexpr dialect postgres_dialect{postgres_numbers, "gen_random_uuid()::text",
                                   "encode(sha256(('token ' || n)::bytea), 'hex')", "1", "json_agg({})::text"};

/// Transfers of one unit back and forth between the first peer and the last, so that the balances stay as they are.
/// They are not linked into the accounts' chains, since the bench never lists transfers.
std::string history_sql(const dialect& sql, std::uint64_t count) {
    return fmt::format(
        "INSERT INTO transfers (id, debit_account, credit_account, amount, packets, created_at) "
        "SELECT last + n, CASE WHEN n % 2 = 0 THEN a ELSE b END, CASE WHEN n % 2 = 0 THEN b ELSE a END, {}, 1, "
        "1700000000000 + n FROM {}, (SELECT min(account_id) AS a, max(account_id) AS b FROM peers) p, "
        "(SELECT coalesce(max(id), 0) AS last FROM transfers) t; "
        "UPDATE accounts SET debits_posted = {}, credits_posted = {} "
        "WHERE id IN (SELECT min(account_id) FROM peers UNION SELECT max(account_id) FROM peers);",
        sql.amount_of_one, sql.numbers(count), count / 2, 1'000'000'000'000'000 + count / 2);
}

/// Accounts and peers, numbered after the existing ones. Each has its own routes, token and name.
std::string peers_sql(const dialect& sql, const setup& setup, const shape& shape) {
    const auto numbers = sql.numbers(shape.peers);
    const auto routes = fmt::format("(SELECT {} FROM (SELECT n FROM {}) m)",
                                    fmt::format(fmt::runtime(sql.array_of), "'test.beyond' || p.n || '.' || m.n"),
                                    sql.numbers(shape.routes_per_peer));
    const auto terms =
        fmt::format(R"('{{"max_packet_amount":"1000000000","routes":' || {} || ',"incoming_tokens":["' || {} || )"
                    R"('"],"outgoing":{{"endpoint":"http://127.0.0.1:{}/","auth_token":)"
                    R"("outgoing-token-that-is-64-characters-long-as-real-ones-oft' || (100000 + n) || '"}}}}')",
                    routes, sql.some_digest, setup.peer_port);
    return fmt::format(
        "INSERT INTO accounts (id, asset_id, kind) SELECT last + n, asset, 'peer_liquidity' FROM {0}, "
        "(SELECT max(id) AS last FROM accounts) a, (SELECT min(asset_id) AS asset FROM peers) s; "
        "INSERT INTO peers (id, uuid, name, ilp_address, asset_id, account_id, created_at, origin, terms) "
        "SELECT last + n, {1}, 'peer' || n, 'test.peer' || n, asset, last_account + n, 1700000000000 + n, 'api', {2} "
        "FROM (SELECT n FROM {0}) p, (SELECT max(id) AS last, min(asset_id) AS asset, "
        "max(account_id) AS last_account FROM peers) q;",
        numbers, sql.some_uuid, terms);
}

/// Fills the store before the measured daemon starts. Empty if there is nothing to add.
std::string filling_sql(const dialect& sql, const setup& setup, const shape& shape) {
    std::string text;
    if (shape.history != 0) text += history_sql(sql, shape.history);
    if (shape.peers != 0) text += peers_sql(sql, setup, shape);
    return text;
}

void run_in_sqlite(const fs::path& file, const std::string& sql) {
    sqlite3* database = nullptr;
    sqlite3_open(file.c_str(), &database);
    const int result = sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr);
    const std::string message = sqlite3_errmsg(database);
    sqlite3_close(database);
    if (result != SQLITE_OK) throw std::runtime_error{"cannot fill the store: " + message};
}

/// The daemon creates the schema, then ends. The remaining data is inserted without it.
void make_schema(const place& place) {
    start(place).process.stop();
}

place install_ilpd_memory(const setup& setup, std::string_view name, const shape& shape) {
    if (shape.peers != 0 || shape.history != 0) throw std::runtime_error{"`memory:` cannot be filled from outside"};
    return install_ilpd(setup, name, shape, "memory:");
}

place install_ilpd_sqlite(const setup& setup, std::string_view name, const shape& shape) {
    auto place = install_ilpd(setup, name, shape, sqlite_url(setup, name));
    const auto sql = filling_sql(sqlite_dialect, setup, shape);
    if (sql.empty()) return place;
    make_schema(place);
    run_in_sqlite(sqlite_file(setup, name), sql);
    return place;
}

place install_ilpd_postgresql(const setup& setup, std::string_view name, const shape& shape) {
    auto database = start_postgres(setup);
    auto place = install_ilpd(setup, name, shape, database->url());
    if (const auto sql = filling_sql(postgres_dialect, setup, shape); !sql.empty()) {
        make_schema(place);
        database->execute(sql);
        database->execute("VACUUM ANALYZE");
        database->execute("CHECKPOINT");
    }
    place.database = std::move(database);
    return place;
}

/// The same peers as part of a configuration file.
std::string peers_yaml(const setup& setup, std::size_t count) {
    std::string text;
    for (std::size_t n = 1; n <= count; ++n) {
        fmt::format_to(std::back_inserter(text),
                       R"(  - name: peer{0}
    ilp_address: test.peer{0}
    asset: {{code: USD, scale: 9}}
    routes: [test.beyond{0}.1]
    max_packet_amount: 1000000000
    http:
      incoming: {{auth_tokens: [incoming-token-that-is-64-characters-long-as-real-ones-oft{2}]}}
      outgoing:
        endpoint: "http://127.0.0.1:{1}/"
        auth_token: outgoing-token-that-is-64-characters-long-as-real-ones-oft{2}
)",
                       n, setup.peer_port, 100'000 + n);
    }
    return text;
}

std::string version_line(const setup& setup, const std::string& program, const std::string& option) {
    const auto output = new_directory(setup, "versions") / fs::path{program}.filename();
    support::child_process process{{.arguments = {program, option},
                                    .output = output,
                                    .errors = {},
                                    .environment = {},
                                    .core = {},
                                    .end_signal = SIGKILL}};
    process.wait(std::chrono::seconds{10});
    const auto text = process.output();
    return text.substr(0, text.find('\n'));
}

}  // namespace

std::string token_of_sender(std::size_t sender) {
    return sender == 0 ? std::string{sender_token}
                       : fmt::format("{}{:03}", sender_token.substr(0, sender_token.size() - 3), sender);
}

std::string destination_beyond(std::size_t peer, std::size_t route) {
    return fmt::format("test.beyond{}.{}.jar", peer, route);
}

const std::vector<variant> all_variants{
    {"nginx", {}, install_nginx},
    {"haproxy", "nginx", install_haproxy},
    {"nghttpx", "nginx", install_nghttpx},
    {"ilpd-sqlite", "nginx", install_ilpd_sqlite},
    {"ilpd-postgresql", "nginx", install_ilpd_postgresql},
    {"ilpd-memory", "nginx", install_ilpd_memory},
};

const variant& find_variant(std::string_view name) {
    return *std::ranges::find(all_variants, name, &variant::name);
}

proxy start(const place& place, const std::vector<std::pair<std::string, std::string>>& environment) {
    fs::remove(place.output);  // the output of an earlier run must not count
    support::child_process process{{.arguments = place.arguments,
                                    .output = place.output,
                                    .errors = {},
                                    .environment = environment,
                                    .core = place.core,
                                    .end_signal = place.ready.empty() ? SIGTERM : SIGKILL}};
    if (!place.ready.empty()) {
        process.wait_for_output(place.ready, std::chrono::minutes{2});
    } else if (!support::wait_for_port(place.port) || !process.running()) {
        throw std::runtime_error{place.name + " did not start; it says: " + process.output()};
    }
    auto pids = place.has_worker ? worker_of(process) : std::vector<pid_t>{};
    pids.push_back(process.pid());
    return {place.name,         place.port,       std::move(process), std::move(pids),
            place.metrics_port, place.admin_port, place.database};
}

place prepare_peers(const setup& setup, std::string_view name, peer_source source, std::size_t count) {
    switch (source) {
        case peer_source::file:
            return install_ilpd(setup, name, {}, sqlite_url(setup, name), peers_yaml(setup, count));
        case peer_source::sqlite:
            return install_ilpd_sqlite(setup, name, {.peers = count});
        case peer_source::postgresql:
            break;
    }
    return install_ilpd_postgresql(setup, name, {.peers = count});
}

namespace {

/// With a certificate, its second port is the one for TLS.
std::pair<proxy, std::uint16_t> start_constant_peer(const setup& setup, std::string_view name,
                                                    const std::vector<std::string>& options) {
    const auto directory = new_directory(setup, name);
    std::vector<std::string> arguments{(setup.programs / "ilpd_constant_peer").string()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    support::child_process process{{.arguments = std::move(arguments),
                                    .output = directory / "output",
                                    .errors = {},
                                    .environment = {},
                                    .core = setup.load_core,
                                    .end_signal = SIGKILL}};
    constexpr std::string_view announcement = "ready on port ";
    process.wait_for_output("\n");
    const auto output = process.output();
    if (!output.starts_with(announcement)) throw std::runtime_error{"the constant peer says: " + output};
    std::istringstream ports{output.substr(announcement.size())};
    std::uint16_t port = 0;
    std::uint16_t tls_port = 0;
    ports >> port >> tls_port;
    const auto pid = process.pid();
    return {proxy{std::string{name}, port, std::move(process), {pid}}, tls_port};
}

}  // namespace

constant_peers start_constant_peers(const setup& setup) {
    auto [fulfilling, tls_port] =
        start_constant_peer(setup, "constant-peer", {"--certificate", setup.tls.certificate, "--key", setup.tls.key});
    auto rejecting = start_constant_peer(setup, "rejecting-peer", {"--reject", std::string{peers_reject_code}}).first;
    return {std::move(fulfilling), std::move(rejecting), tls_port};
}

tls_files make_certificates(const fs::path& directory) {
    const support::authority authority{"Authority of the bench"};
    const auto identity = authority.issue({.names = {"127.0.0.1"}});
    const tls_files files{
        .roots = directory / "roots.crt", .certificate = directory / "proxy.crt", .key = directory / "proxy.key"};
    write_file(files.roots, authority.certificate());
    write_file(files.certificate, identity.certificate);
    write_file(files.key, identity.key);
    fs::permissions(files.key, fs::perms::owner_read | fs::perms::owner_write);
    return files;
}

std::vector<std::string> versions(const setup& setup) {
    const auto nginx = version_line(setup, setup.nginx, "-v");
    return {nginx.substr(std::min(nginx.size(), nginx.find("nginx/"))), version_line(setup, setup.ilpd, "--version")};
}

}  // namespace bench
