#include "tests/support/daemon.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <thread>

namespace support {
namespace {

/// The line that reports readiness, as text and as JSON. Other lines may contain the word.
bool says_ready(std::string_view output) {
    return output.contains(" info ready ilp_address=") || output.contains("\"message\":\"ready\"");
}

void append_lines(std::string& yaml, const std::vector<std::string>& lines, int indent) {
    for (const std::string& line : lines) yaml += std::string(static_cast<std::size_t>(indent), ' ') + line + "\n";
}

std::string quoted_list(const std::vector<std::string>& values) {
    std::string text = "[";
    for (const std::string& value : values) text += (text.size() > 1 ? ", \"" : "\"") + value + "\"";
    return text + "]";
}

/// Runs `ilpd --config FILE` and waits until it ends.
finished_daemon run_to_the_end(const std::filesystem::path& config, const std::vector<std::string>& arguments) {
    const temporary_directory folder;
    const auto read = [&](const char* name) {
        std::ifstream file{folder.path() / name, std::ios::binary};
        return std::string{std::istreambuf_iterator<char>{file}, {}};
    };
    command what;
    what.arguments = {daemon_program(), "--config", config.string()};
    what.arguments.insert(what.arguments.end(), arguments.begin(), arguments.end());
    what.output = folder.path() / "output";
    what.errors = folder.path() / "errors";
    child_process process{std::move(what)};
    const auto status = process.wait(patience);
    if (!status) throw std::runtime_error{"the daemon did not end: " + process.output()};
    return {*status, config.string(), read("output"), read("errors")};
}

std::string asset_of(std::string_view code, std::uint8_t scale) {
    return "{code: \"" + std::string{code} + "\", scale: " + std::to_string(scale);
}

/// A shell's commands that run "$@" with these sockets: descriptors 3, 4, ... and the variables of sd_listen_fds(3).
std::string shell_that_passes(const std::vector<std::pair<std::string, int>>& sockets) {
    std::string redirections;
    std::string names;
    int next = 3;
    for (const auto& [name, descriptor] : sockets) {
        redirections += " " + std::to_string(next++) + "<&" + std::to_string(descriptor);
        names += (names.empty() ? "" : ":") + name;
    }
    return "exec" + redirections + " && export LISTEN_PID=$$ LISTEN_FDS=" + std::to_string(sockets.size()) +
           " LISTEN_FDNAMES=" + names + " && exec \"$@\"";
}

}  // namespace

std::string token_of(std::string_view name) {
    return std::string{name} + "-to-us-secret";
}
std::string token_for(std::string_view name) {
    return "us-to-" + std::string{name} + "-secret";
}
std::string daemon_program() {
    return ILPD_BINARY_DIR "/ilpd";
}

std::string to_yaml(const daemon_terms& terms, const std::filesystem::path& folder, std::uint16_t port,
                    std::uint16_t metrics_port, std::uint16_t nobody, std::uint16_t admin_port) {
    const std::string store = terms.store.empty() ? "sqlite:" + (folder / "ilpd.db").string() : terms.store;
    std::string yaml = "ilp_address: " + terms.address + "\nconnector:\n";
    yaml += "  listen: \"" + terms.host + ":" + std::to_string(port) + "\"\n";
    append_lines(yaml, terms.connector, 2);
    yaml += "admin:\n  listen: 127.0.0.1:" + std::to_string(admin_port) + "\n";
    append_lines(yaml, terms.admin, 2);
    if (!terms.rates.empty()) yaml += "rates:\n";
    append_lines(yaml, terms.rates, 2);
    if (!terms.auto_peering.empty()) yaml += "auto_peering:\n";
    append_lines(yaml, terms.auto_peering, 2);
    yaml += "metrics:\n  listen: 127.0.0.1:" + std::to_string(metrics_port) + "\n";
    append_lines(yaml, terms.metrics, 2);
    yaml += "store:\n  url: \"" + store + "\"\n";
    if (store.starts_with("postgresql:")) yaml += "  instance_file: \"" + (folder / "ilpd.instance").string() + "\"\n";
    append_lines(yaml, terms.store_settings, 2);

    if (!terms.webhooks.empty()) yaml += "webhooks:\n";
    append_lines(yaml, terms.webhooks, 2);

    std::set<std::pair<std::string, std::uint8_t>> written;
    yaml += "assets:\n";
    for (const asset_terms& asset : terms.assets) {
        yaml += "  - " + asset_of(asset.code, asset.scale) + ", liquidity: " + std::to_string(asset.liquidity);
        if (asset.liquidity_threshold) yaml += ", liquidity_threshold: " + std::to_string(*asset.liquidity_threshold);
        yaml += "}\n";
        written.emplace(asset.code, asset.scale);
    }
    for (const peer_terms& peer : terms.peers) {
        if (!written.emplace(peer.code, peer.scale).second) continue;
        yaml += "  - " + asset_of(peer.code, peer.scale) + "}\n";
    }
    if (!terms.receiving.empty()) yaml += "receiving:\n";
    append_lines(yaml, terms.receiving, 2);
    if (!terms.accounts.empty()) yaml += "accounts:\n";
    for (const account_terms& account : terms.accounts) {
        yaml += "  - {name: " + account.name + ", asset: " + asset_of(account.code, account.scale) + "}";
        if (!account.public_name.empty()) yaml += ", public_name: " + account.public_name;
        yaml += "}\n";
    }
    yaml += "peers:\n";
    for (const peer_terms& peer : terms.peers) {
        const auto tokens = peer.tokens.empty() ? std::vector{token_of(peer.name)} : peer.tokens;
        const auto port_of_peer = std::to_string(peer.port == 0 ? nobody : peer.port);
        const auto url = peer.url.empty() ? "http://127.0.0.1:" + port_of_peer + "/" : peer.url;
        yaml += "  - name: " + peer.name + "\n";
        yaml += "    ilp_address: " + (peer.address.empty() ? "test." + peer.name : peer.address) + "\n";
        yaml += "    asset: " + asset_of(peer.code, peer.scale) + "}\n";
        yaml += "    liquidity: " + std::to_string(peer.liquidity) + "\n";
        if (!peer.routes.empty()) yaml += "    routes: " + quoted_list(peer.routes) + "\n";
        append_lines(yaml, peer.terms, 4);
        std::string incoming;
        const auto is_about_tokens = [](const std::string& entry) { return entry.starts_with("auth_tokens"); };
        if (std::ranges::none_of(peer.incoming, is_about_tokens)) incoming = "auth_tokens: " + quoted_list(tokens);
        for (const std::string& entry : peer.incoming) incoming += (incoming.empty() ? "" : ", ") + entry;
        yaml += "    http:\n      incoming: {" + incoming + "}\n      outgoing:\n";
        yaml += "        endpoint: \"" + url + "\"\n";
        if (peer.presents_token) yaml += "        auth_token: " + token_for(peer.name) + "\n";
        append_lines(yaml, peer.outgoing, 8);
    }
    if (!terms.spsp.empty()) yaml += "spsp:\n";
    append_lines(yaml, terms.spsp, 2);
    yaml += "log: {level: " + terms.log_level + ", format: " + terms.log_format + "}\n";
    return yaml;
}

ilpd_daemon::ilpd_daemon(daemon_terms terms, std::uint16_t port)
    : terms_{std::move(terms)},
      port_{port},
      metrics_port_{free_port()},
      admin_port_{free_port()},
      nobody_{free_port()} {
    start();
}

void ilpd_daemon::write_config() const {
    std::ofstream{config_path()} << to_yaml(terms_, folder_.path(), port_, metrics_port_, nobody_, admin_port_);
}

ilpd_daemon::~ilpd_daemon() {
    if (!process_ || ends_by_request_) return;
    const std::optional<int> status = process_->wait(milliseconds{0});
    if (status && *status != 0) std::cerr << "ilpd ended by itself with status " << *status << ":\n" << log();
}

void ilpd_daemon::launch() {
    write_config();
    ends_by_request_ = false;
    command what;
    what.arguments = {daemon_program(), "--config", config_path().string()};
    what.environment = terms_.environment;
    if (!terms_.ulimit.empty()) {
        const std::vector<std::string> shell{"sh", "-c", "ulimit " + terms_.ulimit + " && exec \"$@\"", "sh"};
        what.arguments.insert(what.arguments.begin(), shell.begin(), shell.end());
    }
    if (!terms_.passed_sockets.empty()) {
        const std::vector<std::string> shell{"bash", "-c", shell_that_passes(terms_.passed_sockets), "bash"};
        what.arguments.insert(what.arguments.begin(), shell.begin(), shell.end());
    }
    what.output = folder_.path() / ("log-" + std::to_string(++starts_));
    process_ = std::make_unique<child_process>(std::move(what));
}

void ilpd_daemon::wait_until_ready() {
    process_->wait_for_output("ready", says_ready, patience);
}

void ilpd_daemon::start() {
    launch();
    wait_until_ready();
}

void ilpd_daemon::reload() const {
    write_config();
    process_->signal(SIGHUP);
}

finished_daemon ilpd_daemon::audit() const {
    return run_to_the_end(config_path(), {"--audit"});
}

int ilpd_daemon::stop() {
    ends_by_request_ = true;
    process_->signal(SIGTERM);
    const auto status = process_->wait(patience);
    if (!status) throw std::runtime_error{"the daemon does not stop: " + log()};
    return *status;
}

void ilpd_daemon::kill9() {
    ends_by_request_ = true;
    process_->signal(SIGKILL);
    process_->wait(patience);
}

std::string ilpd_daemon::log() const {
    std::string text;
    for (int i = 1; i <= starts_; ++i) {
        std::ifstream file{folder_.path() / ("log-" + std::to_string(i)), std::ios::binary};
        text.append(std::istreambuf_iterator<char>{file}, {});
    }
    return text;
}

bool ilpd_daemon::logs(std::string_view text) const {
    return eventually([&] { return has_logged(text); });
}

bool ilpd_daemon::is_ready() const {
    const auto response = http_connection{metrics_port_}.exchange({.method = "GET", .target = "/readyz"});
    return response && response->status() == 200;
}

metrics ilpd_daemon::scrape() const {
    return metrics{http_get(metrics_port_, "/metrics")};
}

std::uint64_t ilpd_daemon::liquidity(std::string_view peer) const {
    return static_cast<std::uint64_t>(scrape().sum("ilp_peer_liquidity", {{"peer", peer}}));
}

std::uint64_t ilpd_daemon::settled_liquidity(std::string_view peer) const {
    wait_until_idle();
    return liquidity(peer);
}

std::uint64_t ilpd_daemon::asset_liquidity(std::string_view code, std::uint8_t scale) const {
    const metrics scraped = scrape();
    double sum = 0;
    for (const auto& [series, value] : scraped.series()) {
        if (!series.starts_with("ilp_asset_liquidity{")) continue;
        if (series.contains("\"" + std::string{code} + "/" + std::to_string(scale) + "\"")) sum += value;
    }
    return static_cast<std::uint64_t>(sum);
}

void ilpd_daemon::wait_until_idle() const {
    if (!eventually([this] { return scrape().sum("ilp_packets_in_flight") == 0; })) {
        throw std::runtime_error{"packets stay in flight"};
    }
}

std::optional<http_message> ilpd_daemon::post(ilp::bytes_view body, std::string_view peer) const {
    return http_connection{port_}.exchange(ilp_request(body, peer));
}

std::optional<http_message> ilpd_daemon::post(const prepare& prepare, std::string_view peer) const {
    return post(encode(prepare), peer);
}

http_request ilp_request(ilp::bytes_view body, std::string_view peer) {
    return {.headers = {{"Authorization", "Bearer " + token_of(peer)}, {"Content-Type", "application/octet-stream"}},
            .body = {body.begin(), body.end()}};
}

finished_daemon run_daemon(std::string_view yaml, const std::vector<std::string>& arguments) {
    const temporary_directory folder;
    const auto config = folder.path() / "ilpd.yaml";
    std::ofstream{config} << yaml;
    return run_to_the_end(config, arguments);
}

finished_daemon run_daemon(const daemon_terms& terms, const std::vector<std::string>& arguments) {
    const temporary_directory folder;
    return run_daemon(to_yaml(terms, folder.path(), free_port(), free_port(), free_port()), arguments);
}

bool eventually(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!done()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(milliseconds{2});
    }
    return true;
}

}  // namespace support
