#include "tests/unit/ilp/payment/simulated_path.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace simulated_path {
namespace {

constexpr int steps_max = 5'000'000;

}  // namespace

void path::send(std::uint64_t number, amount amount, ilp::amount minimum, steady_time expires_at, steady_time now,
                bool is_probe) {
    ++packets;
    waiting packet{{number, std::nullopt}, 0, {amount}, 0};
    auto content = decide(packet, minimum, expires_at - now, now, is_probe);
    auto arrives_at = now + 2 * one_way;
    if (jitter.count() > 0)
        arrives_at += std::chrono::nanoseconds{random_() % static_cast<std::uint64_t>(jitter.count())};

    // An answer is lost at one of the connectors that it passes.
    for (std::size_t i = packet.reached; i-- > 0;) {
        if (!chance(connectors_[i].lost_per_mille)) continue;
        packet.posts_from = std::max(packet.posts_from, i + 1);
    }
    const bool is_lost = packet.posts_from > 0 || arrives_at >= expires_at;
    const bool is_silent = receiver_ == receiver::is_silent && packet.reached == connectors_.size();
    if (std::holds_alternative<fulfillment>(content)) {
        if (!is_silent) {
            received.value += packet.amounts.back().value;
            if (is_lost) lost_received.value += packet.amounts.back().value;
            for (std::size_t i = packet.posts_from; i < connectors_.size() && arrives_at < expires_at; ++i) {
                connectors_[i].taken.value += packet.amounts[i].value;
                connectors_[i].given.value += packet.amounts[i + 1].value;
            }
        }
    }
    if (is_lost || is_silent) {
        arrives_at = expires_at;
    } else {
        packet.what.content = content;
    }
    arrivals_.emplace(arrives_at, std::move(packet));
}

std::optional<steady_time> path::next_arrival_at() const {
    if (arrivals_.empty()) return std::nullopt;
    return arrivals_.begin()->first;
}

auto path::take_next_arrival() -> arrival {
    const waiting packet = arrivals_.begin()->second;
    arrivals_.erase(arrivals_.begin());
    for (std::size_t i = 0; i < packet.reached; ++i) {
        connectors_[i].in_flight.value -= packet.amounts[i].value;
        --connectors_[i].packets_in_flight;
    }
    return packet.what;
}

answer path::decide(waiting& packet, amount minimum, std::chrono::nanoseconds lifetime, steady_time now,
                    bool is_probe) {
    for (connector& hop : connectors_) {
        const amount incoming = packet.amounts.back();
        if (lifetime < hop.takes) return payment_rejection{.code = error_code::r02_insufficient_timeout};
        lifetime -= hop.takes;
        if (incoming > hop.maximum) {
            payment_rejection rejection{.code = error_code::f08_amount_too_large};
            if (hop.tells_maximum) rejection.too_large = ilp::amount_too_large{incoming, hop.maximum};
            return rejection;
        }
        if (hop.packet_interval.count() > 0) {
            const auto full = now - hop.packet_interval * hop.burst;
            hop.next_packet_at = std::max(hop.next_packet_at, full);
            if (hop.next_packet_at > now) return payment_rejection{.code = error_code::t05_rate_limited};
            hop.next_packet_at += hop.packet_interval;
        }
        if (hop.packets_in_flight >= hop.in_flight_max) {
            return payment_rejection{.code = error_code::t03_connector_busy};
        }
        if (incoming.value > hop.liquidity.value - std::min(hop.liquidity, hop.in_flight).value) {
            return payment_rejection{.code = error_code::t04_insufficient_liquidity};
        }
        if (!hop.faults.empty() && chance(hop.faults_per_mille)) {
            return payment_rejection{.code = hop.faults[random_() % hop.faults.size()]};
        }
        const amount outgoing = hop.rate.delivered_for(incoming);
        if (outgoing.is_zero()) return payment_rejection{.code = error_code::r01_insufficient_source_amount};
        hop.in_flight.value += incoming.value;
        ++hop.packets_in_flight;
        ++packet.reached;
        packet.amounts.push_back(outgoing);
    }
    return receive(packet.amounts.back(), minimum, is_probe);
}

answer path::receive(amount amount, ilp::amount minimum, bool is_probe) {
    if (is_probe || amount < minimum || receiver_ == receiver::takes_none) {
        return payment_rejection{.code = error_code::f99_application_error, .received = amount};
    }
    switch (receiver_) {
        case receiver::says_less:
            return fulfillment{ilp::amount{minimum.value - 1}};
        case receiver::says_more:
            return fulfillment{ilp::amount{2 * amount.value}};
        case receiver::says_nothing:
            return fulfillment{};
        case receiver::honest:
        case receiver::takes_none:
        case receiver::is_silent:
            break;
    }
    return fulfillment{amount};
}

result pay(ilp::outgoing_payment& payment, path& path, const ilp::payment_terms& terms, steady_time start,
           std::uint64_t cancel_after) {
    steady_time now = start;
    result result{};
    std::unordered_map<std::uint64_t, amount> in_flight;
    amount in_flight_amount{};
    std::uint64_t last_number = 0;
    for (int step = 0; step < steps_max; ++step) {
        const auto next = payment.next(now);
        if (const auto* packet = std::get_if<ilp::outgoing_payment::send_packet>(&next)) {
            in_flight.emplace(packet->number, packet->amount);
            in_flight_amount.value += packet->amount.value;
            const bool is_sound = !packet->amount.is_zero() && !packet->minimum.is_zero() &&
                                  packet->number > last_number && packet->expires_at > now &&
                                  packet->expires_at <= now + ilp::round_trip_times::lifetime_max &&
                                  result.fulfilled.value + in_flight_amount.value <= terms.send.value;
            if (!is_sound) REQUIRE(is_sound);  // a REQUIRE for each packet would take most of the time
            last_number = packet->number;
            path.send(packet->number, packet->amount, packet->minimum, packet->expires_at, now);
            result.packets_in_flight_max = std::max(result.packets_in_flight_max, in_flight.size());
            if (path.packets >= cancel_after) payment.cancel();
            continue;
        }
        if (const auto* end = std::get_if<ilp::outgoing_payment::finished>(&next)) {
            REQUIRE(in_flight.empty());
            REQUIRE_FALSE(path.next_arrival_at().has_value());
            result.finished = *end;
            result.state = payment.state();
            result.took = now - start;
            return result;
        }
        const auto wakes_at = std::get<ilp::outgoing_payment::wait_until>(next).time;
        const auto arrives_at = path.next_arrival_at();
        if (!arrives_at || *arrives_at > wakes_at) {
            if (wakes_at <= now || wakes_at == steady_time::max()) FAIL("the payment waits for nothing");
            now = wakes_at;
            continue;
        }
        now = std::max(now, *arrives_at);
        const auto arrival = path.take_next_arrival();
        const amount amount = in_flight.at(arrival.number);
        in_flight.erase(arrival.number);
        in_flight_amount.value -= amount.value;
        if (!arrival.content) {
            payment.expired(arrival.number, now);
        } else if (const auto* fulfilled = std::get_if<fulfillment>(&*arrival.content)) {
            result.fulfilled.value += amount.value;
            payment.fulfilled(arrival.number, fulfilled->delivered, now);
        } else {
            payment.rejected(arrival.number, std::get<payment_rejection>(*arrival.content), now);
        }
    }
    FAIL("the payment does not end");
    return result;
}

}  // namespace simulated_path
