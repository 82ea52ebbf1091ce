#pragma once

#include "tests/bench/proxies.hpp"
#include "tests/bench/report.hpp"
#include "tests/bench/targets.hpp"

#include <boost/json/value.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What payments that ilpd makes and receives itself take, beside @interledger/pay through the same daemons, and beside
/// packets that are only forwarded.
namespace bench {

struct payments_plan {
    std::vector<std::string> variants{"ilpd-memory", "ilpd-sqlite"};
    std::size_t packets = 10'000;               ///< of a payment
    std::size_t packets_of_pay = 2'000;         ///< of the one by @interledger/pay, which sends 200 packets/s at most
    std::chrono::milliseconds round_trip{100};  ///< of the path whose quotes are measured
    std::size_t repetitions = 9;
};

/// One payment, as its sender has seen it.
struct payment_sample {
    double packets_per_second = 0;  ///< from the request to pay until the end is stored: its quote is included
    double without_money = 0;       ///< packets that were not fulfilled, probes included
    double sender_us = 0;           ///< CPU of each daemon per packet
    double forwarder_us = 0;        ///< 0 without a third daemon
    double receiver_us = 0;
};

/// A row of the first table: medians over the repetitions.
struct payments_result {
    std::string variant{};
    payment_sample through_two{};
    payment_sample through_three{};
    double sender = 0;            ///< its CPU per packet divided by the forwarder's of the same payment
    double receiver = 0;          ///< likewise
    double far = 0;               ///< packets/s through two daemons between which there is the plan's round trip
    std::optional<double> pay{};  ///< packets/s of @interledger/pay through the same two; empty: not measured
};

/// A row of the second table, in round trips: a path of two daemons.
struct quote_times {
    std::string path{};
    double quote = 0;             ///< until the payment is agreed and begins
    double whole = 0;             ///< until a payment of one packet has ended
    std::optional<double> pay{};  ///< of @interledger/pay until it has its quote
};

struct payments_results {
    std::vector<payments_result> payments{};
    std::vector<quote_times> quotes{};
    std::vector<std::string> troubles{};  ///< what did not arrive, or not to the unit
};

/// The median of each figure.
payments_result summarize(std::string variant, const std::vector<payment_sample>& through_two,
                          const std::vector<payment_sample>& through_three, const std::vector<double>& far);

payments_results measure_payments(const setup& setup, const payments_plan& plan);

/// Three for each variant: packets/s beside @interledger/pay, and the CPU of a sender and of a receiver. And the time
/// of a quote.
std::vector<target> check_targets(const payments_plan& plan, const payments_results& results);

std::string as_table(const conditions& conditions, const payments_plan& plan, const payments_results& results);
boost::json::value as_json(const conditions& conditions, const payments_plan& plan, const payments_results& results);

}  // namespace bench
