#include "tests/bench/payment_nodes.hpp"

#include "tests/bench/admin_client.hpp"
#include "tests/bench/delayed_path.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/report.hpp"
#include "tests/support/child_process.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace bench {

namespace {

namespace json = boost::json;
using std::chrono::steady_clock;

constexpr std::uint64_t plenty = 1'000'000'000'000'000;  // of liquidity
constexpr auto payment_patience = std::chrono::minutes{2};
constexpr auto first_look = std::chrono::milliseconds{1};  // until the payment is agreed
constexpr auto next_look = std::chrono::milliseconds{50};  // the daemon's CPU is measured

constexpr std::string_view create_payment =
    "mutation($i: CreatePaymentInput!) { createPayment(input: $i) { payment { id } } }";
constexpr std::string_view look_at_payment =
    "query($id: String!) { payment(id: $id) { status failure sent delivered createdAt endedAt } }";
constexpr std::string_view deposit_for_account =
    "mutation($i: DepositReceivingAccountLiquidityInput!) { depositReceivingAccountLiquidity(input: $i) { success } }";
constexpr std::string_view look_at_account =
    "query($name: String!) { receivingAccountByName(name: $name) { id liquidity } }";

struct node {
    std::string name;
    std::uint16_t port = support::free_port();
    std::uint16_t admin_port = support::free_port();
    std::uint16_t metrics_port = support::free_port();
};

std::string peer_yaml(const node& peer, const node& own, std::uint16_t port, std::string_view more) {
    return fmt::format(R"(  - name: {peer}
    ilp_address: test.{peer}
    asset: {{code: USD, scale: 9}}
    liquidity: {plenty}
{more}    http:
      incoming: {{auth_tokens: [from-{peer}-to-{own}]}}
      outgoing:
        endpoint: "http://127.0.0.1:{port}/ilp"
        auth_token: from-{own}-to-{peer}
        protocol: http2
)",
                       fmt::arg("peer", peer.name), fmt::arg("own", own.name), fmt::arg("port", port),
                       fmt::arg("plenty", plenty), fmt::arg("more", more));
}

std::string client_yaml() {
    return fmt::format(R"(  - name: {0}
    ilp_address: test.sender.{0}
    asset: {{code: USD, scale: 9}}
    liquidity: {1}
    http:
      incoming: {{auth_tokens: [from-{0}]}}
      outgoing: {{endpoint: "http://127.0.0.1:9/", auth_token: to-{0}}}
)",
                       payment_nodes::client, plenty);
}

/// An ISO 8601 time of the Admin API, in seconds.
double seconds_of(const json::value& time) {
    const std::string text{time.as_string()};
    tm parts{};
    const char* const rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    if (rest == nullptr) throw std::runtime_error{"the Admin API says that it is " + text};
    return static_cast<double>(timegm(&parts)) + (*rest == '.' ? std::stod(rest) : 0);
}

std::uint64_t number_of(const json::value& text) {
    return std::stoull(std::string{text.as_string()});
}

json::value account_of(admin_client& admin, std::string_view name) {
    return admin.ask(look_at_account, {{"name", name}}).at("receivingAccountByName");
}

}  // namespace

payment_nodes::payment_nodes(const setup& setup, std::string_view name, const path_of_nodes& path)
    : spsp_port_{support::free_port()} {
    std::vector<node> nodes(path.nodes);
    nodes.front().name = "sender";
    nodes.back().name = "receiver";
    for (std::size_t i = 1; i + 1 < nodes.size(); ++i) nodes[i].name = fmt::format("forwarder{}", i);
    if (path.round_trip.count() != 0) delay_ = std::make_unique<delayed_path>(nodes[1].port, path.round_trip / 2);

    const std::string limit = fmt::format("    max_packet_amount: {}\n", packet_amount);
    const std::string parts = path.max_parts == 0 ? std::string{}
                                                  : fmt::format("    split: {{max_total: {}, max_parts: {}}}\n",
                                                                packet_amount * path.max_parts, path.max_parts);
    for (std::size_t i = nodes.size(); i-- > 0;) {
        const node& own = nodes[i];
        const bool is_first = i == 0;
        const bool is_last = i + 1 == nodes.size();
        const auto directory = setup.directory / name / own.name;
        std::filesystem::create_directories(directory);
        std::string peers;
        if (is_first) peers += client_yaml();
        if (!is_first) {
            const bool is_limited = is_last && path.maximum == maximum_of::receiver;
            peers += peer_yaml(nodes[i - 1], own, nodes[i - 1].port,
                               is_limited || path.max_parts != 0 ? limit + parts : parts);
        }
        if (!is_last) {
            std::string more = i + 2 < nodes.size() ? "    routes: [test.receiver]\n" : "";
            if (is_first && path.maximum == maximum_of::sender) more += limit + parts;
            peers += peer_yaml(nodes[i + 1], own, is_first && delay_ ? delay_->port() : nodes[i + 1].port, more);
        }
        const std::string store =
            path.variant == without_commits ? "memory:" : fmt::format("sqlite:{}/ilpd.db", directory.string());
        const auto configuration = directory / "ilpd.yaml";
        std::ofstream{configuration} << fmt::format(
            R"(ilp_address: test.{name}
connector: {{listen: "127.0.0.1:{port}", workers: 1}}
admin: {{listen: "127.0.0.1:{admin_port}"}}
metrics: {{listen: "127.0.0.1:{metrics_port}"}}
store: {{url: "{store}"}}
spsp: {{enabled: {is_last}, listen: "127.0.0.1:{spsp_port}", request_rate_per_address: 0}}
receiving: {{secret: "{secret}"}}
assets:
  - {{code: USD, scale: 9, liquidity: {plenty}}}
accounts:
  - {{name: alice, asset: {{code: USD, scale: 9}}}}
peers:
{peers}log: {{level: info, format: text}}
)",
            fmt::arg("name", own.name), fmt::arg("port", own.port), fmt::arg("admin_port", own.admin_port),
            fmt::arg("metrics_port", own.metrics_port), fmt::arg("store", store), fmt::arg("is_last", is_last),
            fmt::arg("spsp_port", spsp_port_), fmt::arg("secret", std::string(64, '1')), fmt::arg("plenty", plenty),
            fmt::arg("peers", peers));
        const place installed{.name = own.name,
                              .arguments = {setup.ilpd, "--config", configuration.string()},
                              .output = directory / "output",
                              .ready = " ready ",
                              .core = {},  // they share the cores
                              .port = own.port,
                              .metrics_port = own.metrics_port,
                              .admin_port = own.admin_port};
        daemons_.push_back(start(installed));
    }
    std::ranges::reverse(daemons_);
    admin_client payer{nodes.front().admin_port};
    const json::value alice = account_of(payer, "alice");
    account_ = alice.at("id").as_string();
    payer.ask(deposit_for_account, {{"i", json::object{{"receivingAccountId", account_},
                                                       {"amount", std::to_string(plenty)},
                                                       {"id", new_uuid()},
                                                       {"idempotencyKey", new_uuid()}}}});
}

payment_nodes::~payment_nodes() = default;

ended_payment payment_nodes::pay(std::uint64_t amount) {
    const std::string id = new_uuid();
    admin_client payer{daemons_.front().admin_port};
    const auto begin = steady_clock::now();
    const auto created = payer.ask(create_payment, {{"i", json::object{{"id", id},
                                                                       {"receivingAccountId", account_},
                                                                       {"receiver", receiver_url()},
                                                                       {"sendAmount", std::to_string(amount)}}}});
    if (created.at("createPayment").at("payment").is_null()) {
        throw std::runtime_error{"createPayment: " + json::serialize(created)};
    }
    std::optional<double> quoted;
    for (;;) {
        const json::value now = payer.ask(look_at_payment, {{"id", id}}).at("payment");
        const std::chrono::duration<double> elapsed = steady_clock::now() - begin;
        const std::string status{now.at("status").as_string()};
        if (status != "QUOTING" && !quoted) quoted = elapsed.count();
        if (!now.at("endedAt").is_null()) {
            const auto& failure = now.at("failure");
            return {.seconds = seconds_of(now.at("endedAt")) - seconds_of(now.at("createdAt")),
                    .quote_seconds = *quoted,
                    .sent = number_of(now.at("sent")),
                    .delivered = number_of(now.at("delivered")),
                    .failure = status == "COMPLETED" ? std::string{}
                               : failure.is_null()   ? status
                                                     : std::string{failure.as_string()}};
        }
        if (interrupted != 0) throw std::runtime_error{"interrupted"};
        if (elapsed > payment_patience) throw std::runtime_error{"a payment does not end: " + json::serialize(now)};
        std::this_thread::sleep_for(quoted ? next_look : first_look);
    }
}

std::uint64_t payment_nodes::received() {
    admin_client receiver{daemons_.back().admin_port};
    return number_of(account_of(receiver, "alice").at("liquidity"));
}

double payment_nodes::packets_of_payments(bool fulfilled) const {
    const std::string series = fmt::format("ilp_payment_packets_total{{type=\"{}\"", fulfilled ? "fulfill" : "prepare");
    std::istringstream lines{support::http_get(daemons_.front().metrics_port, "/metrics")};
    double sum = 0;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(series)) sum += std::stod(line.substr(line.rfind(' ')));
    }
    return sum;
}

std::string payment_nodes::packets_url() const {
    return fmt::format("http://127.0.0.1:{}/ilp", daemons_.front().port);
}

std::string payment_nodes::receiver_url() const {
    return fmt::format("http://127.0.0.1:{}/alice", spsp_port_);
}

std::optional<paid_by_pay> pay_with_pay(const setup& setup, payment_nodes& path, std::uint64_t amount) {
    namespace fs = std::filesystem;
    const fs::path tests{ILPD_BENCH_SOURCES};
    if (amount == 0 || !fs::exists(tests.parent_path() / "interop/node_modules/@interledger/pay")) return std::nullopt;
    const json::object order{{"name", payment_nodes::client},
                             {"port", support::free_port()},
                             {"url", path.packets_url()},
                             {"receiver", path.receiver_url()},
                             {"amount", std::to_string(amount)}};
    const std::uint64_t received = path.received();
    support::child_process program{{.arguments = {"node", (tests / "pay.mjs").string(), json::serialize(order)},
                                    .output = fresh_file(setup.directory / "pay.json"),
                                    .errors = fresh_file(setup.directory / "pay.errors"),
                                    .environment = {},
                                    .core = {},
                                    .end_signal = SIGKILL}};
    const auto limit = std::chrono::seconds{60} + amount / packet_amount * std::chrono::milliseconds{20};
    if (program.wait(std::chrono::duration_cast<std::chrono::milliseconds>(limit)) != 0) {
        fmt::print(stderr, "@interledger/pay is not measured: {}\n", program.output());
        return std::nullopt;
    }
    const auto said = read_last_line(program.output());
    const auto number = [&said](std::string_view what) { return said.at(what).to_number<double>(); };
    fmt::print(stderr, "@interledger/pay: {:.0f} packets in {:.1f} s\n", number("fulfilled"), number("seconds"));
    return paid_by_pay{.quote_seconds = number("quote_ms") / 1000,
                       .seconds = number("seconds"),
                       .packets = number("fulfilled"),
                       .trouble = path.received() - received == amount ? std::string{} : json::serialize(said)};
}

}  // namespace bench
