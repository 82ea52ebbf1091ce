#include "tests/bench/proxies.hpp"

#include <pwd.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sqlite3.h>
#include <stdexcept>

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

std::vector<pid_t> children_of(pid_t pid) {
    std::ifstream in{fmt::format("/proc/{0}/task/{0}/children", pid)};
    return {std::istream_iterator<pid_t>{in}, {}};
}

/// A master that is root would give its worker to another user, who cannot write into our directory.
std::string user_directive() {
    if (geteuid() != 0) return {};
    const passwd* user = getpwuid(geteuid());
    return user == nullptr ? std::string{} : fmt::format("user {};\n", user->pw_name);
}

/// One worker, connections kept open on both sides, no log: nginx at its best for this work.
std::string nginx_configuration(const setup& setup, const fs::path& directory, std::uint16_t port) {
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
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://constant_peer;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
}}
)",
                       fmt::arg("user", user_directive()), fmt::arg("directory", directory.string()),
                       fmt::arg("worker_connections", 4 * setup.connections_max + 64),
                       fmt::arg("peer_port", setup.peer_port), fmt::arg("connections", setup.connections_max),
                       fmt::arg("port", port));
}

/// Two peers in one asset, with credit that no run can use up.
std::string ilpd_configuration(const setup& setup, std::string_view store, const ilpd_place& place,
                               std::string_view more_peers) {
    return fmt::format(R"(ilp_address: test.bench
connector:
  listen: 127.0.0.1:{port}
  workers: 1
admin: {{listen: 127.0.0.1:{admin_port}}}
metrics: {{listen: 127.0.0.1:{metrics_port}}}
store: {{url: "{store}"}}
assets:
  - {{code: USD, scale: 9, liquidity: 1000000000000000}}
peers:
  - name: alice
    ilp_address: test.alice
    asset: {{code: USD, scale: 9}}
    liquidity: 1000000000000000
    http:
      incoming: {{auth_tokens: ["{token}"]}}
      outgoing: {{endpoint: "http://127.0.0.1:{peer_port}/", auth_token: token-that-is-never-used}}
  - name: bob
    ilp_address: test.bob
    asset: {{code: USD, scale: 9}}
    liquidity: 1000000000000000
    http:
      incoming: {{auth_tokens: [another-token-that-is-never-used]}}
      outgoing:
        endpoint: "http://127.0.0.1:{peer_port}/"
        auth_token: receiver-token-of-the-bench-64-characters-long-as-real-ones-oft
        max_connections: {connections}
{more_peers}log: {{level: info, format: text}}
)",
                       fmt::arg("port", place.port), fmt::arg("metrics_port", place.metrics_port),
                       fmt::arg("admin_port", place.admin_port), fmt::arg("store", store),
                       fmt::arg("token", sender_token), fmt::arg("peer_port", setup.peer_port),
                       fmt::arg("connections", setup.connections_max), fmt::arg("more_peers", more_peers));
}

proxy start_nginx(const setup& setup, std::string_view name) {
    const auto directory = new_directory(setup, name);
    const auto port = support::free_port();
    const auto configuration = directory / "nginx.conf";
    write_file(configuration, nginx_configuration(setup, directory, port));
    support::child_process process{{.arguments = {setup.nginx, "-p", directory.string(), "-c", configuration.string(),
                                                  "-e", (directory / "error.log").string()},
                                    .output = directory / "output",
                                    .errors = {},
                                    .environment = {},
                                    .core = setup.proxy_core,
                                    .end_signal = SIGTERM}};
    if (!support::wait_for_port(port) || !process.running()) {
        throw std::runtime_error{"nginx did not start; it says: " + process.output()};
    }
    auto pids = children_of(process.pid());
    if (pids.size() != 1) throw std::runtime_error{"nginx has not the one worker that the bench expects"};
    pids.push_back(process.pid());
    return {std::string{name}, port, std::move(process), std::move(pids)};
}

ilpd_place install_ilpd(const setup& setup, std::string_view name, std::string_view store,
                        std::string_view more_peers = {}) {
    const auto directory = new_directory(setup, name);
    ilpd_place place{.name = std::string{name},
                     .configuration = directory / "ilpd.yaml",
                     .output = directory / "output",
                     .port = support::free_port(),
                     .metrics_port = support::free_port(),
                     .admin_port = support::free_port()};
    write_file(place.configuration, ilpd_configuration(setup, store, place, more_peers));
    return place;
}

proxy start_ilpd(const setup& setup, std::string_view name, std::string_view store) {
    return start(setup, install_ilpd(setup, name, store));
}

fs::path sqlite_file(const setup& setup, std::string_view name) {
    return new_directory(setup, name) / "ilpd.db";
}

std::string sqlite_url(const setup& setup, std::string_view name) {
    return "sqlite:" + sqlite_file(setup, name).string();
}

proxy start_ilpd_sqlite(const setup& setup, std::string_view name) {
    return start_ilpd(setup, name, sqlite_url(setup, name));
}

proxy start_ilpd_memory(const setup& setup, std::string_view name) {
    return start_ilpd(setup, name, "memory:");
}

/// Whether another user gets to what lies in it.
bool lets_others_through(const fs::path& directory) {
    for (fs::path path = directory; path.has_relative_path(); path = path.parent_path()) {
        if ((fs::status(path).permissions() & fs::perms::others_exec) == fs::perms::none) return false;
    }
    return true;
}

/// As an operator would run it on the same machine: durable, free to use both cores. Beside the other databases, if
/// the user that it runs as can get there.
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

proxy start_ilpd_postgresql(const setup& setup, std::string_view name) {
    auto database = start_postgres(setup);
    auto started = start_ilpd(setup, name, database->url());
    started.database = std::move(database);
    return started;
}

/// Transfers of one unit between alice and bob, to and fro, so that the balances stay what they were. The chains of the
/// accounts pass them by: nobody lists transfers here.
std::string history_sql(std::uint64_t count, std::string_view numbers, std::string_view columns) {
    return fmt::format(
        "INSERT INTO transfers (id, debit_account, credit_account, amount, packets, created_at) "
        "SELECT last + n, CASE WHEN n % 2 = 0 THEN a ELSE b END, CASE WHEN n % 2 = 0 THEN b ELSE a END, {}, 1, "
        "1700000000000 + n FROM {}, (SELECT min(account_id) AS a, max(account_id) AS b FROM peers) p, "
        "(SELECT coalesce(max(id), 0) AS last FROM transfers) t; "
        "UPDATE accounts SET debits_posted = {}, credits_posted = {} WHERE kind = 'peer_liquidity';",
        columns, numbers, count / 2, 1'000'000'000'000'000 + count / 2);
}

/// The daemon makes the schema, then ends; the history comes behind its back.
void make_schema(const setup& setup, std::string_view name, std::string_view store) {
    auto daemon = start_ilpd(setup, name, store);
    daemon.process.stop();
}

void run_in_sqlite(const fs::path& file, const std::string& sql) {
    sqlite3* database = nullptr;
    sqlite3_open(file.c_str(), &database);
    const int result = sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr);
    const std::string message = sqlite3_errmsg(database);
    sqlite3_close(database);
    if (result != SQLITE_OK) throw std::runtime_error{"cannot fill the store: " + message};
}

std::string sqlite_numbers(std::uint64_t count) {
    return fmt::format("(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {}) SELECT n FROM c)",
                       count);
}

std::string postgres_numbers(std::uint64_t count) {
    return fmt::format("generate_series(1, {}) n", count);
}

void settle_down(const support::postgres_server& database) {
    database.execute("VACUUM ANALYZE");
    database.execute("CHECKPOINT");
}

proxy start_ilpd_sqlite_history(const setup& setup, std::string_view name) {
    const auto url = sqlite_url(setup, name);
    make_schema(setup, name, url);
    run_in_sqlite(sqlite_file(setup, name), history_sql(setup.history, sqlite_numbers(setup.history), "'1'"));
    return start_ilpd(setup, name, url);
}

proxy start_ilpd_postgresql_history(const setup& setup, std::string_view name) {
    auto database = start_postgres(setup);
    make_schema(setup, name, database->url());
    database->execute(history_sql(setup.history, postgres_numbers(setup.history), "1"));
    settle_down(*database);
    auto started = start_ilpd(setup, name, database->url());
    started.database = std::move(database);
    return started;
}

/// Accounts and peers, numbered behind those that there are; each with a route, a token and a name of its own.
/// `numbers` is a table of n; the functions are those of the database.
std::string peers_sql(const setup& setup, std::string_view numbers, std::string_view uuid, std::string_view digest) {
    const auto terms = fmt::format(
        R"('{{"max_packet_amount":"1000000000","routes":["test.beyond' || n || '"],"incoming_tokens":["' || {} || )"
        R"('"],"outgoing":{{"endpoint":"http://127.0.0.1:{}/","auth_token":)"
        R"("outgoing-token-that-is-64-characters-long-as-real-ones-oft' || (100000 + n) || '"}}}}')",
        digest, setup.peer_port);
    return fmt::format(
        "INSERT INTO accounts (id, asset_id, kind) SELECT last + n, asset, 'peer_liquidity' FROM {0}, "
        "(SELECT max(id) AS last, min(asset_id) AS asset FROM accounts) a; "
        "INSERT INTO peers (id, uuid, name, ilp_address, asset_id, account_id, created_at, origin, terms) "
        "SELECT last + n, {1}, 'peer' || n, 'test.peer' || n, asset, "
        "(SELECT max(account_id) FROM peers) + n, 1700000000000 + n, 'api', {2} "
        "FROM {0}, (SELECT max(id) AS last, min(asset_id) AS asset FROM peers) p;",
        numbers, uuid, terms);
}

/// The same in a configuration file.
std::string peers_yaml(const setup& setup, std::size_t count) {
    std::string text;
    for (std::size_t n = 1; n <= count; ++n) {
        fmt::format_to(std::back_inserter(text),
                       R"(  - name: peer{0}
    ilp_address: test.peer{0}
    asset: {{code: USD, scale: 9}}
    routes: [test.beyond{0}]
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

const std::vector<variant> all_variants{
    {"nginx", {}, true, start_nginx},
    {"ilpd-sqlite", "nginx", true, start_ilpd_sqlite},
    {"ilpd-postgresql", "nginx", true, start_ilpd_postgresql},
    {"ilpd-memory", "nginx", true, start_ilpd_memory},
    {"ilpd-sqlite-history", "ilpd-sqlite", false, start_ilpd_sqlite_history},
    {"ilpd-postgresql-history", "ilpd-postgresql", false, start_ilpd_postgresql_history},
    {"ilpd-sqlite-mutations", "ilpd-sqlite", false, start_ilpd_sqlite, true},
    {"ilpd-postgresql-mutations", "ilpd-postgresql", false, start_ilpd_postgresql, true},
};

const variant& find_variant(std::string_view name) {
    return *std::ranges::find(all_variants, name, &variant::name);
}

proxy start(const setup& setup, const ilpd_place& place) {
    fs::remove(place.output);  // what an earlier run said there must not count
    support::child_process process{{.arguments = {setup.ilpd, "--config", place.configuration.string()},
                                    .output = place.output,
                                    .errors = {},
                                    .environment = {},
                                    .core = setup.proxy_core,
                                    .end_signal = SIGKILL}};
    process.wait_for_output(" ready ", std::chrono::minutes{2});
    const auto pid = process.pid();
    return {place.name, place.port, std::move(process), {pid}, place.metrics_port, place.admin_port, place.database};
}

ilpd_place prepare_peers(const setup& setup, std::string_view name, peer_source source, std::size_t count) {
    if (source == peer_source::file) {
        return install_ilpd(setup, name, sqlite_url(setup, name), peers_yaml(setup, count));
    }
    if (source == peer_source::sqlite) {
        const auto url = sqlite_url(setup, name);
        make_schema(setup, name, url);
        run_in_sqlite(sqlite_file(setup, name),
                      peers_sql(setup, sqlite_numbers(count), "printf('%08x-0000-4000-8000-%012x', n, n)",
                                "lower(hex(randomblob(32)))"));
        return install_ilpd(setup, name, url);
    }
    auto database = start_postgres(setup);
    make_schema(setup, name, database->url());
    database->execute(peers_sql(setup, postgres_numbers(count), "gen_random_uuid()::text",
                                "encode(sha256(('token ' || n)::bytea), 'hex')"));
    settle_down(*database);
    auto place = install_ilpd(setup, name, database->url());
    place.database = std::move(database);
    return place;
}

proxy start_constant_peer(const setup& setup) {
    const auto directory = new_directory(setup, "constant-peer");
    support::child_process process{{.arguments = {(setup.programs / "ilpd_constant_peer").string()},
                                    .output = directory / "output",
                                    .errors = {},
                                    .environment = {},
                                    .core = setup.load_core,
                                    .end_signal = SIGKILL}};
    constexpr std::string_view announcement = "ready on port ";
    process.wait_for_output("\n");
    const auto output = process.output();
    if (!output.starts_with(announcement)) throw std::runtime_error{"the constant peer says: " + output};
    const auto port = static_cast<std::uint16_t>(std::stoul(output.substr(announcement.size())));
    const auto pid = process.pid();
    return {"constant peer", port, std::move(process), {pid}};
}

std::vector<std::string> versions(const setup& setup, const std::vector<std::string>& variants) {
    const auto any = [&](std::string_view start) {
        return std::ranges::any_of(variants, [&](const auto& name) { return name.starts_with(start); });
    };
    std::vector<std::string> lines;
    if (any("nginx")) {
        const auto line = version_line(setup, setup.nginx, "-v");
        lines.push_back(line.substr(std::min(line.size(), line.find("nginx/"))));
    }
    if (any("ilpd")) lines.push_back(version_line(setup, setup.ilpd, "--version"));
    return lines;
}

}  // namespace bench
