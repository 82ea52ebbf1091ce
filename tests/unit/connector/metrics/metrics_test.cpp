#include "connector/metrics/metrics.hpp"

#include "tests/unit/connector/peers.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <limits>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace metrics_test {

using namespace connector;
using namespace connector::testing;
using namespace std::chrono_literals;

namespace {

/// Parses the text format line by line. Any line that it does not allow fails the test.
struct exposition {
    std::map<std::string, std::string> help;
    std::map<std::string, std::string> type;
    std::map<std::string, double> series;  ///< by name with labels, spelled as in the text

    explicit exposition(const std::string& text) {
        REQUIRE(text.ends_with('\n'));
        std::istringstream lines{text};
        for (std::string line; std::getline(lines, line);) {
            INFO(line);
            const bool is_help = line.starts_with("# HELP ");
            if (is_help || line.starts_with("# TYPE ")) {
                const std::size_t end = line.find(' ', 7);
                REQUIRE(end != std::string::npos);
                auto& texts = is_help ? help : type;
                REQUIRE(texts.emplace(line.substr(7, end - 7), line.substr(end + 1)).second);
                continue;
            }
            const std::size_t space = line.rfind(' ');
            REQUIRE(space != std::string::npos);
            REQUIRE(series.emplace(line.substr(0, space), std::stod(line.substr(space + 1))).second);
        }
    }

    double value(const std::string& name) const {
        INFO(name);
        const auto found = series.find(name);
        REQUIRE(found != series.end());
        return found->second;
    }
};

config::settings two_peers() {
    config::settings settings;
    settings.assets = {asset_settings("USD", 9, 5000), asset_settings("EUR", 2, 0)};
    settings.assets[0].liquidity_threshold = {100};
    settings.peers = {peer_settings("alice", "USD", 9, 1'000'000), peer_settings("bob", "EUR", 2, 7)};
    settings.peers[0].liquidity_threshold = {1000};
    return settings;
}

}  // namespace

TEST_CASE("the age of rates is shown for each base, and is infinite before the first rates") {
    const book book{two_peers()};
    const peering::committer::counters commits;
    const exposition shown{expose({.directory = *book.known->directory,
                                   .commits = commits,
                                   .samples = {},
                                   .rate_ages = {{"EUR", {}}, {"USD", std::chrono::milliseconds{1500}}}})};
    CHECK(shown.value("ilp_rate_age_seconds{base=\"USD\"}") == 1.5);
    CHECK(shown.value("ilp_rate_age_seconds{base=\"EUR\"}") == std::numeric_limits<double>::infinity());
}

TEST_CASE("metrics: the size of the store's log is shown if it has one") {
    const book book{two_peers()};
    peering::committer::counters commits;
    CHECK_FALSE(exposition{expose({*book.known->directory, commits, {}})}.series.contains("ilp_store_log_bytes"));
    commits.log_bytes = 4711;
    CHECK(exposition{expose({*book.known->directory, commits, {}})}.value("ilp_store_log_bytes") == 4711);
}

TEST_CASE("metrics: every family has its name, help and type, also before the first answer") {
    const book book{two_peers()};
    const peering::committer::counters commits;
    const exposition shown{expose({*book.known->directory, commits, {{book.peer("alice").id, {}, 0}}})};
    const std::map<std::string, std::string> expected{{"ilp_packet_duration_seconds", "histogram"},
                                                      {"ilp_packets_in_flight", "gauge"},
                                                      {"ilp_amount_in_flight", "gauge"},
                                                      {"ilp_peer_liquidity", "gauge"},
                                                      {"ilp_peer_liquidity_threshold", "gauge"},
                                                      {"ilp_asset_liquidity", "gauge"},
                                                      {"ilp_asset_liquidity_threshold", "gauge"},
                                                      {"ilp_link_connections", "gauge"},
                                                      {"ilp_peers_with_low_liquidity", "gauge"},
                                                      {"ilp_peers_not_reachable", "gauge"},
                                                      {"ilp_assets_with_low_liquidity", "gauge"},
                                                      {"ilp_store_commit_seconds", "histogram"},
                                                      {"ilp_store_commit_transfers", "histogram"},
                                                      {"ilp_store_commit_failures_total", "counter"},
                                                      {"ilp_unauthenticated_requests_total", "counter"},
                                                      {"ilp_log_lines_dropped_total", "counter"}};
    CHECK(shown.type == expected);
    for (const auto& [name, type] : expected) {
        INFO(name);
        REQUIRE(shown.help.contains(name));
        CHECK(shown.help.at(name).ends_with('.'));
        CHECK((type == "counter") == name.ends_with("_total"));
    }
    CHECK(shown.value("ilp_peer_liquidity{peer=\"alice\",asset=\"USD/9\"}") == 1'000'000);
    CHECK(shown.value("ilp_peer_liquidity{peer=\"bob\",asset=\"EUR/2\"}") == 7);
    CHECK(shown.value("ilp_peer_liquidity_threshold{peer=\"alice\",asset=\"USD/9\"}") == 1000);
    CHECK_FALSE(shown.series.contains("ilp_peer_liquidity_threshold{peer=\"bob\",asset=\"EUR/2\"}"));
    CHECK(shown.value("ilp_asset_liquidity{asset=\"USD/9\"}") == 5000);
    CHECK(shown.value("ilp_asset_liquidity_threshold{asset=\"USD/9\"}") == 100);
}

TEST_CASE("metrics: what is on a receiving account is shown") {
    config::settings settings = two_peers();
    settings.accounts = {{.name = "shop", .asset = {"EUR", 2}, .public_name = std::nullopt}};
    const book book{settings};
    const peering::committer::counters commits;
    const exposition shown{expose({*book.known->directory, commits, {}})};
    CHECK(shown.type.at("ilp_account_liquidity") == "gauge");
    CHECK(shown.value("ilp_account_liquidity{account=\"shop\",asset=\"EUR/2\"}") == 0);
}

TEST_CASE("metrics: for a peer without packets only the liquidity is shown") {
    const book book{two_peers()};
    const peering::committer::counters commits;
    const exposition shown{expose({*book.known->directory, commits, {{book.peer("alice").id, {}, 0}}})};
    CHECK(shown.value("ilp_packets_in_flight{peer=\"alice\"}") == 0);
    CHECK(shown.value("ilp_packet_duration_seconds_count{peer=\"alice\"}") == 0);
    CHECK(shown.value("ilp_link_connections{peer=\"alice\"}") == 0);
    CHECK(shown.value("ilp_peer_liquidity{peer=\"bob\",asset=\"EUR/2\"}") == 7);
    for (const auto& [name, value] : shown.series) {
        INFO(name);
        CHECK((!name.contains("peer=\"bob\"") || name.starts_with("ilp_peer_liquidity")));
    }
}

TEST_CASE("metrics: the reachability of a peer is shown as far as it is known") {
    const book book{two_peers()};
    const peering::committer::counters commits;
    const auto at = [](std::chrono::milliseconds time) { return ilp::instant{ilp::timestamp{time}, {}}; };
    scrape scrape{*book.known->directory, commits, {}};
    scrape.reachability[book.peer("alice").id] = {.state = peering::reachability_state::reachable,
                                                  .since = at(1'000'000ms),
                                                  .last_answer = at(2'000'500ms),
                                                  .round_trip = 20ms,
                                                  .answers = 2};
    scrape.reachability[book.peer("bob").id] = {
        .state = peering::reachability_state::refusing, .since = at(3'000'000ms), .last_failure = at(4'000'000ms)};
    const exposition shown{expose(scrape)};
    CHECK(shown.value("ilp_peer_reachable{peer=\"alice\"}") == 1);
    CHECK(shown.value("ilp_peer_refusing{peer=\"alice\"}") == 0);
    CHECK(shown.value("ilp_peer_reachability_timestamp_seconds{peer=\"alice\"}") == 1000);
    CHECK(shown.value("ilp_peer_last_answer_timestamp_seconds{peer=\"alice\"}") == 2000.5);
    CHECK(shown.value("ilp_peer_round_trip_seconds{peer=\"alice\"}") == 0.02);
    CHECK(shown.value("ilp_peer_reachable{peer=\"bob\"}") == 0);
    CHECK(shown.value("ilp_peer_refusing{peer=\"bob\"}") == 1);
    CHECK(shown.value("ilp_peer_reachability_timestamp_seconds{peer=\"bob\"}") == 3000);
    CHECK_FALSE(shown.series.contains("ilp_peer_last_answer_timestamp_seconds{peer=\"bob\"}"));
    CHECK_FALSE(shown.series.contains("ilp_peer_round_trip_seconds{peer=\"bob\"}"));
    CHECK(shown.value("ilp_peers_not_reachable") == 1);
    scrape.reachability[book.peer("bob").id].state = peering::reachability_state::unreachable;
    CHECK(exposition{expose(scrape)}.value("ilp_peer_refusing{peer=\"bob\"}") == 0);
    CHECK(exposition{expose(scrape)}.value("ilp_peers_not_reachable") == 1);
}

TEST_CASE("metrics: requests of senders are shown by outcome where there is a listener for them") {
    const book book{two_peers()};
    const peering::committer::counters commits;
    scrape scrape{*book.known->directory, commits, {}};
    CHECK_FALSE(exposition{expose(scrape)}.series.contains("ilp_spsp_requests_total{outcome=\"answered\"}"));
    scrape.spsp = {.answered = 5, .unknown_receiver = 4, .refused = 3, .too_many = 2, .too_many_handshakes = 1};
    const exposition shown{expose(scrape)};
    CHECK(shown.value("ilp_spsp_requests_total{outcome=\"answered\"}") == 5);
    CHECK(shown.value("ilp_spsp_requests_total{outcome=\"unknown_receiver\"}") == 4);
    CHECK(shown.value("ilp_spsp_requests_total{outcome=\"refused\"}") == 3);
    CHECK(shown.value("ilp_spsp_requests_total{outcome=\"too_many\"}") == 2);
    CHECK(shown.value("ilp_spsp_requests_total{outcome=\"too_many_handshakes\"}") == 1);
}

TEST_CASE("metrics: the counts of all workers are added up for each peer") {
    const book book{two_peers()};
    const auto id = book.peer("alice").id;
    peer_counters counted;
    counted.incoming.prepares = 10;
    counted.incoming.fulfills = 3;
    counted.incoming.amount = 1e12;
    counted.outgoing.fulfills = 4;
    counted.outgoing.count_reject("F08");
    counted.outgoing.count_reject("X42");
    counted.packets_in_flight = 2;
    counted.amount_in_flight = 300;
    counted.duration.observe(0.003);
    counted.duration.observe(60);
    const peering::committer::counters commits;
    const exposition shown{
        expose({*book.known->directory, commits, {{id, counted, 5}, {id, counted, 1}, {1000, counted, 1}}})};

    CHECK(shown.type.at("ilp_packets_total") == "counter");
    CHECK(shown.type.at("ilp_packet_amount_total") == "counter");
    const auto packets = [&shown](const std::string& direction, const std::string& type, const std::string& code) {
        return shown.value("ilp_packets_total{direction=\"" + direction + "\",peer=\"alice\",type=\"" + type +
                           "\",code=\"" + code + "\"}");
    };
    CHECK(packets("incoming", "prepare", "") == 20);
    CHECK(packets("incoming", "fulfill", "") == 6);
    CHECK(packets("outgoing", "fulfill", "") == 8);
    CHECK(packets("outgoing", "reject", "F08") == 2);
    CHECK(packets("outgoing", "reject", "other") == 2);
    CHECK(shown.value("ilp_packet_amount_total{direction=\"incoming\",peer=\"alice\",asset=\"USD/9\"}") == 2e12);
    CHECK(shown.value("ilp_packets_in_flight{peer=\"alice\"}") == 4);
    CHECK(shown.value("ilp_amount_in_flight{peer=\"alice\"}") == 600);
    CHECK(shown.value("ilp_link_connections{peer=\"alice\"}") == 6);
    CHECK_FALSE(shown.series.contains("ilp_link_connections{peer=\"bob\"}"));

    const auto bucket = [&shown](const std::string& bound) {
        return shown.value("ilp_packet_duration_seconds_bucket{peer=\"alice\",le=\"" + bound + "\"}");
    };
    CHECK(bucket("0.002") == 0);
    CHECK(bucket("0.005") == 2);
    CHECK(bucket("30") == 2);
    CHECK(bucket("+Inf") == 4);
    CHECK(shown.value("ilp_packet_duration_seconds_count{peer=\"alice\"}") == 4);
    CHECK(shown.value("ilp_packet_duration_seconds_sum{peer=\"alice\"}") == Approx(120.006));
}

TEST_CASE("metrics: accounts at their threshold or below are counted") {
    auto settings = two_peers();
    settings.peers[0].liquidity_threshold = {1'000'000};
    settings.peers[1].liquidity_threshold = {6};
    settings.assets[1].liquidity_threshold = {0};
    const book book{settings};
    const peering::committer::counters commits;
    const exposition shown{expose({*book.known->directory, commits, {}})};
    CHECK(shown.value("ilp_peers_with_low_liquidity") == 1);
    CHECK(shown.value("ilp_assets_with_low_liquidity") == 1);
}

TEST_CASE("metrics: the time until a next hop answers is shown for those that have answered") {
    const book book{two_peers()};
    peer_counters counted;
    counted.answers.observe(0.003);
    const peering::committer::counters commits;
    const auto id = book.peer("alice").id;
    const exposition shown{
        expose({*book.known->directory, commits, {{id, counted, 0}, {id, counted, 0}, {book.peer("bob").id, {}, 0}}})};
    CHECK(shown.value("ilp_next_hop_duration_seconds_count{peer=\"alice\"}") == 2);
    CHECK(shown.value("ilp_next_hop_duration_seconds_sum{peer=\"alice\"}") == Approx(0.006));
    CHECK_FALSE(shown.series.contains("ilp_next_hop_duration_seconds_count{peer=\"bob\"}"));
}

TEST_CASE("metrics: a daemon that shares its database shows its registration") {
    const book book{two_peers()};
    const peering::committer::counters commits;
    scrape scrape{*book.known->directory, commits, {}};
    scrape.daemon = daemon_figures{};
    CHECK_FALSE(exposition{expose(scrape)}.series.contains("ilp_active"));
    scrape.daemon->cluster = cluster_figures{
        .is_active = true, .has_taken_over = true, .holder = "on a, process 1", .epoch = 7, .lease_left = 38500ms};
    const exposition shown{expose(scrape)};
    CHECK(shown.value("ilp_active") == 1);
    CHECK(shown.value("ilp_store_takeovers_total") == 1);
    CHECK(shown.value("ilp_store_epoch") == 7);
    CHECK(shown.value("ilp_store_lease_seconds") == 38.5);
    CHECK(shown.value("ilp_store_holder_info{holder=\"on a, process 1\"}") == 1);
}

TEST_CASE("metrics: a daemon that waits for its database shows that, and nothing that it does not have yet") {
    start_figures start{.version = "1.2.3",
                        .started_at = ilp::timestamp{2000ms},
                        .cluster = {.holder = "on b, process \"2\"", .epoch = 7, .lease_left = -1s}};
    const exposition shown{expose(start)};
    CHECK(shown.value("ilp_active") == 0);
    CHECK(shown.value("ilp_store_takeovers_total") == 0);
    CHECK(shown.value("ilp_store_epoch") == 7);
    CHECK(shown.value("ilp_store_lease_seconds") == -1);
    CHECK(shown.value("ilp_store_holder_info{holder=\"on b, process \\\"2\\\"\"}") == 1);
    CHECK(shown.value("ilp_build_info{version=\"1.2.3\"}") == 1);
    CHECK(shown.value("process_start_time_seconds") == 2);
    CHECK_FALSE(shown.series.contains("ilp_ready"));

    start.cluster = {};
    const exposition unknown{expose(start)};
    CHECK(unknown.value("ilp_active") == 0);
    CHECK_FALSE(unknown.series.contains("ilp_store_epoch"));
    CHECK_FALSE(unknown.series.contains("ilp_store_lease_seconds"));
    CHECK_FALSE(unknown.type.contains("ilp_store_holder_info"));
}

TEST_CASE("metrics: the daemon as a whole, with all workers added up") {
    const book book{two_peers()};
    const peering::committer::counters commits;
    daemon_figures daemon{
        .version = "1.2.3",
        .started_at = ilp::timestamp{std::chrono::milliseconds{1'500}},
        .ready = true,
        .last_reload_succeeded = false,
        .last_reload_at = ilp::timestamp{std::chrono::milliseconds{2'500}},
        .workers =
            {{3, 10, 4, 1, std::chrono::milliseconds{1500}, 1000, 1, {10, 0, 0, 0, 0}, {1}, 3, 2, {.prepares = 5}},
             {5, 20, 6, 2, std::nullopt, 500, 2, {1, 2, 3, 4, 5}, {2, 0, 0, 7}, 4, 1, {.prepares = 6, .fulfills = 4}}},
        .connections_max = 200,
        .packets_max = 400,
        .pending_withdrawals = 2,
        .store_size = 4096,
        .history_rows_summed = 12,
        .process = {.cpu_seconds = 1.5, .resident_bytes = 1, .virtual_bytes = 2},
        .certificates = {{"connector", ilp::timestamp{std::chrono::seconds{90}}}}};
    for (worker_figures& worker : daemon.workers) worker.payment_refusals.count(reject_reason::no_rate);
    const exposition shown{
        expose({.directory = *book.known->directory, .commits = commits, .samples = {}, .daemon = daemon})};
    const std::map<std::string, double> expected{
        {"ilp_build_info{version=\"1.2.3\"}", 1},
        {"process_start_time_seconds", 1.5},
        {"ilp_ready", 1},
        {"ilp_last_reload_success", 0},
        {"ilp_last_reload_timestamp_seconds", 2.5},
        {"ilp_incoming_connections", 8},
        {"ilp_incoming_connections_max", 200},
        {"ilp_replies_pending", 7},
        {"ilp_payments_in_progress", 3},
        {"ilp_payment_packets_total{type=\"prepare\",code=\"\"}", 11},
        {"ilp_payment_packets_total{type=\"fulfill\",code=\"\"}", 4},
        {"ilp_packets_refused_total{peer=\"payments of this node\",reason=\"no_rate\"}", 2},
        {"ilp_buffered_bytes", 1500},
        {"ilp_connections_closed_for_memory_total", 3},
        {"ilp_connections_closed_for_room_total{reason=\"no_token\"}", 11},
        {"ilp_connections_closed_for_room_total{reason=\"no_place\"}", 5},
        {"ilp_http2_floods_total{kind=\"resets_received\"}", 3},
        {"ilp_http2_floods_total{kind=\"pings\"}", 7},
        {"ilp_http2_floods_total{kind=\"header_blocks\"}", 0},
        {"ilp_packets_pending", 30},
        {"ilp_packets_pending_max", 400},
        {"ilp_packets_waiting{waits_for=\"store\"}", 10},
        {"ilp_packets_waiting{waits_for=\"connection\"}", 3},
        {"ilp_oldest_hold_seconds", 1.5},
        {"ilp_certificate_expiry_timestamp_seconds{listener=\"connector\"}", 90},
        {"ilp_pending_withdrawals", 2},
        {"ilp_store_bytes", 4096},
        {"ilp_store_history_rows_summed_total", 12},
        {"process_cpu_seconds_total", 1.5},
        {"process_resident_memory_bytes", 1},
        {"process_virtual_memory_bytes", 2}};
    for (const auto& [name, value] : expected) {
        INFO(name);
        CHECK(shown.value(name) == value);
    }
    CHECK_FALSE(shown.series.contains("process_open_fds"));  // not known
    daemon.workers.clear();
    daemon.store_size = std::nullopt;
    daemon.history_rows_summed = std::nullopt;
    const exposition idle{
        expose({.directory = *book.known->directory, .commits = commits, .samples = {}, .daemon = daemon})};
    CHECK(idle.value("ilp_oldest_hold_seconds") == 0);
    CHECK_FALSE(idle.series.contains("ilp_store_bytes"));
    CHECK_FALSE(idle.series.contains("ilp_store_history_rows_summed_total"));
}

TEST_CASE("metrics: answers that a peer has not taken are shown by type, once there are any") {
    const book book{two_peers()};
    peer_counters counted;
    counted.undelivered.fulfills = 2;
    const auto id = book.peer("alice").id;
    const peering::committer::counters commits;
    const exposition shown{
        expose({*book.known->directory, commits, {{id, counted, 0}, {id, counted, 0}, {book.peer("bob").id, {}, 0}}})};
    CHECK(shown.value("ilp_replies_undelivered_total{peer=\"alice\",type=\"fulfill\"}") == 4);
    CHECK_FALSE(shown.series.contains("ilp_replies_undelivered_total{peer=\"alice\",type=\"reject\"}"));
    CHECK_FALSE(shown.series.contains("ilp_replies_undelivered_total{peer=\"bob\",type=\"fulfill\"}"));
}

TEST_CASE("metrics: refusals are shown by reason, and reasons that have not occurred are not") {
    const book book{two_peers()};
    peer_counters counted;
    counted.refusals.count(reject_reason::no_rate);
    peer_counters counted_elsewhere;
    counted_elsewhere.refusals.count(reject_reason::no_rate);
    counted_elsewhere.refusals.count(reject_reason::store_unavailable);
    const auto id = book.peer("alice").id;
    const peering::committer::counters commits;
    const exposition shown{expose({*book.known->directory,
                                   commits,
                                   {{id, counted, 0}, {id, counted_elsewhere, 0}, {book.peer("bob").id, {}, 0}}})};
    CHECK(shown.type.at("ilp_packets_refused_total") == "counter");
    CHECK(shown.value("ilp_packets_refused_total{peer=\"alice\",reason=\"no_rate\"}") == 2);
    CHECK(shown.value("ilp_packets_refused_total{peer=\"alice\",reason=\"store_unavailable\"}") == 1);
    int series = 0;
    for (const auto& [name, value] : shown.series) series += name.starts_with("ilp_packets_refused_total");
    CHECK(series == 2);
}

TEST_CASE("metrics: liquidity excludes held amounts") {
    book book{two_peers()};
    peering::packet_transfer transfer;
    transfer.add(*book.peer("alice").liquidity, *book.known->assets()[0].liquidity, {400});
    REQUIRE(peering::ledger::hold(transfer.legs()));
    const peering::committer::counters commits;
    const exposition shown{expose({*book.known->directory, commits, {}})};
    CHECK(shown.value("ilp_peer_liquidity{peer=\"alice\",asset=\"USD/9\"}") == 999'600);
    CHECK(shown.value("ilp_asset_liquidity{asset=\"USD/9\"}") == 5000);
}

TEST_CASE("metrics: commits are shown as cumulative histograms in seconds and transfers") {
    const book book{two_peers()};
    peering::committer::counters commits;
    commits.seconds[0] = 3;
    commits.seconds[12] = 1;
    commits.nanoseconds_total = 2'500'000'000;
    commits.transfers[1] = 4;
    commits.transfers_total = 8;
    commits.failures_total = 2;
    const exposition shown{expose({*book.known->directory, commits, {}})};
    CHECK(shown.value("ilp_store_commit_seconds_bucket{le=\"0.0001\"}") == 3);
    CHECK(shown.value("ilp_store_commit_seconds_bucket{le=\"2\"}") == 3);
    CHECK(shown.value("ilp_store_commit_seconds_bucket{le=\"+Inf\"}") == 4);
    CHECK(shown.value("ilp_store_commit_seconds_sum") == 2.5);
    CHECK(shown.value("ilp_store_commit_transfers_bucket{le=\"1\"}") == 0);
    CHECK(shown.value("ilp_store_commit_transfers_count") == 4);
    CHECK(shown.value("ilp_store_commit_transfers_sum") == 8);
    CHECK(shown.value("ilp_store_commit_failures_total") == 2);
}

TEST_CASE("metrics: webhooks are shown if they are configured") {
    const book book{two_peers()};
    const peering::committer::counters commits;
    const webhooks::statistics events{.pending = 3, .delivered = 20, .failed = 5, .given_up = 1};
    const exposition shown{expose({*book.known->directory, commits, {}, events})};
    CHECK(shown.type.at("ilp_webhooks_pending") == "gauge");
    CHECK(shown.type.at("ilp_webhook_attempts_total") == "counter");
    CHECK(shown.type.at("ilp_webhooks_given_up_total") == "counter");
    CHECK(shown.value("ilp_webhooks_pending") == 3);
    CHECK(shown.value("ilp_webhook_attempts_total{result=\"delivered\"}") == 20);
    CHECK(shown.value("ilp_webhook_attempts_total{result=\"failed\"}") == 5);
    CHECK(shown.value("ilp_webhooks_given_up_total") == 1);
}

TEST_CASE("metrics: no secret is shown") {
    const book book{two_peers()};
    const peering::committer::counters commits;
    CHECK(expose({*book.known->directory, commits, {}}).find("token-of-") == std::string::npos);
}

}  // namespace metrics_test
