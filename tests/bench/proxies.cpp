#include "tests/bench/proxies.hpp"

#include <pwd.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
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
std::string ilpd_configuration(const setup& setup, std::string_view store, std::uint16_t port,
                               std::uint16_t metrics_port) {
    return fmt::format(R"(ilp_address: test.bench
connector:
  listen: 127.0.0.1:{port}
  workers: 1
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
log: {{level: info, format: text}}
)",
                       fmt::arg("port", port), fmt::arg("metrics_port", metrics_port), fmt::arg("store", store),
                       fmt::arg("token", sender_token), fmt::arg("peer_port", setup.peer_port),
                       fmt::arg("connections", setup.connections_max));
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

proxy start_ilpd(const setup& setup, std::string_view name, std::string_view store) {
    const auto directory = new_directory(setup, name);
    const auto port = support::free_port();
    const auto configuration = directory / "ilpd.yaml";
    write_file(configuration, ilpd_configuration(setup, store, port, support::free_port()));
    support::child_process process{{.arguments = {setup.ilpd, "--config", configuration.string()},
                                    .output = directory / "output",
                                    .errors = {},
                                    .environment = {},
                                    .core = setup.proxy_core,
                                    .end_signal = SIGKILL}};
    process.wait_for_output("ready");
    const auto pid = process.pid();
    return {std::string{name}, port, std::move(process), {pid}};
}

proxy start_ilpd_sqlite(const setup& setup, std::string_view name) {
    return start_ilpd(setup, name, "sqlite:" + (new_directory(setup, name) / "ilpd.db").string());
}

proxy start_ilpd_memory(const setup& setup, std::string_view name) {
    return start_ilpd(setup, name, "memory:");
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
    {"nginx", start_nginx},
    {"ilpd-sqlite", start_ilpd_sqlite},
    {"ilpd-memory", start_ilpd_memory},
};

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
