#pragma once

#include "ilp/payment/outgoing_payment.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <variant>
#include <vector>

/// A path of connectors and a receiver as plain values, in which time passes only when a test lets it.
namespace simulated_path {

using ilp::amount;
using ilp::error_code;
using ilp::payment_rejection;
using ilp::steady_time;

/// A connector. Everything that it holds against packets is off unless set.
struct connector {
    ilp::exchange_ratio rate{};
    amount maximum = amount::max();
    bool tells_maximum = true;                    // F08 with data
    std::chrono::nanoseconds packet_interval{0};  // T05 if packets come faster, after a burst
    unsigned burst = 50;
    amount liquidity = amount::max();        // T04 if more than it would be in flight
    std::size_t in_flight_max = 1'000'000;   // T03 above it
    std::chrono::milliseconds takes{1'000};  // of the packet's time; R02 if too little is left
    std::vector<error_code> faults{};        // one of them answers a packet now and then
    unsigned faults_per_mille = 0;
    unsigned lost_per_mille = 0;  // answers that never come

    // What it has seen.
    steady_time next_packet_at{};
    amount in_flight{};
    std::size_t packets_in_flight = 0;
    amount taken{};  // by fulfilled packets, in its incoming asset
    amount given{};  // in its outgoing asset
};

enum class receiver : std::uint8_t {
    honest,
    says_less,     // a unit less than the minimum, in a Fulfill
    says_more,     // twice what came
    says_nothing,  // no authentic reply
    takes_none,    // F99 for every packet
    is_silent,
};

struct fulfillment {
    std::optional<amount> delivered;
};
using answer = std::variant<fulfillment, payment_rejection>;

class path {
public:
    path(std::vector<connector> connectors, receiver receiver, std::uint64_t seed)
        : connectors_{std::move(connectors)}, receiver_{receiver}, random_{seed} {}

    std::chrono::nanoseconds one_way = std::chrono::milliseconds{10};
    std::chrono::nanoseconds jitter{0};

    struct arrival {
        std::uint64_t number;
        std::optional<answer> content;  // nullopt: the packet has expired at its sender
    };

    /// `is_probe`: nobody can fulfill it.
    void send(std::uint64_t number, amount amount, ilp::amount minimum, steady_time expires_at, steady_time now,
              bool is_probe = false);
    std::optional<steady_time> next_arrival_at() const;
    /// Precondition: an answer is on its way.
    arrival take_next_arrival();

    amount received{};       // by the receiver
    amount lost_received{};  // of it, by packets whose sender has never learned it
    std::uint64_t packets = 0;
    const std::vector<connector>& connectors() const { return connectors_; }

private:
    struct waiting {
        arrival what;
        std::size_t reached;          // connectors that hold the packet
        std::vector<amount> amounts;  // in the incoming asset of each, and of the receiver
        std::size_t posts_from;       // the first connector that has learned of the Fulfill
    };

    answer decide(waiting& packet, ilp::amount minimum, std::chrono::nanoseconds lifetime, steady_time now,
                  bool is_probe);
    answer receive(amount amount, ilp::amount minimum, bool is_probe);
    bool chance(unsigned per_mille) { return random_() % 1'000 < per_mille; }

    std::vector<connector> connectors_;
    receiver receiver_;
    std::mt19937_64 random_;
    std::multimap<steady_time, waiting> arrivals_;
};

struct result {
    ilp::outgoing_payment::finished finished;
    ilp::payment_state state;
    amount fulfilled{};  // the sum over the packets, kept beside the payment
    std::chrono::nanoseconds took{};
    std::size_t packets_in_flight_max = 0;
};

/// Pays until the payment is finished. `cancel_after`: packets. Checks what holds at each step: the bound on what is
/// sent, each packet's minimum, and that the payment does not turn in a circle.
result pay(ilp::outgoing_payment& payment, path& path, const ilp::payment_terms& terms, steady_time start,
           std::uint64_t cancel_after = ~std::uint64_t{0});

}  // namespace simulated_path
