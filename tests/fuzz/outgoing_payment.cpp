#include "ilp/payment/outgoing_payment.hpp"

#include "ilp/rate.hpp"
#include "tests/fuzz/property.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <variant>
#include <vector>

using fuzz::require;
using ilp::amount;
using ilp::outgoing_payment;
using ilp::payment_terms;

namespace {

/// Numbers from the octets of an input; zeros after its end.
class numbers {
public:
    numbers(const std::uint8_t* octets, std::size_t size) : at_{octets}, end_{octets + size} {}

    bool is_at_end() const { return at_ == end_; }
    std::uint8_t octet() { return is_at_end() ? std::uint8_t{0} : *at_++; }
    /// Of the size that the first octet says, so that all magnitudes are likely.
    amount any() {
        amount read;
        for (int left = octet() % 9; left > 0; --left) read.value = read.value << 8 | octet();
        return read;
    }
    amount positive() { return std::max(any(), amount{1}); }

private:
    const std::uint8_t* at_;
    const std::uint8_t* end_;
};

payment_terms read_terms(numbers& input) {
    const bool is_delivery = input.octet() % 2 == 1;
    const amount whole = input.positive();
    const ilp::exchange_ratio rate{input.positive().value, input.positive().value};
    const auto slippage = static_cast<unsigned>(input.any().value % (ilp::slippage_max + 1));
    return is_delivery ? ilp::deliver_exactly(whole, rate, slippage) : ilp::send_exactly(whole, rate, slippage);
}

ilp::payment_rejection read_rejection(numbers& input) {
    ilp::payment_rejection rejection;
    const auto code = input.octet() % (ilp::error_code_count + 1);
    if (code < ilp::error_code_count) rejection.code = static_cast<ilp::error_code>(code);
    if (input.octet() % 2 == 1) rejection.too_large = ilp::amount_too_large{input.any(), input.any()};
    if (input.octet() % 2 == 1) rejection.received = input.any();
    return rejection;
}

struct sent_packet {
    std::uint64_t number;
    ilp::amount amount;
};

/// Tells the payment what has become of the packet. Returns what was fulfilled.
amount answer(outgoing_payment& payment, const sent_packet& packet, numbers& input, ilp::steady_time now) {
    switch (input.octet() % 4) {
        case 0:
            payment.fulfilled(packet.number, input.any(), now);
            return packet.amount;
        case 1:
            payment.fulfilled(packet.number, std::nullopt, now);
            return packet.amount;
        case 2:
            payment.expired(packet.number, now);
            return {};
        default:
            payment.rejected(packet.number, read_rejection(input), now);
            return {};
    }
}

void check_end(const outgoing_payment::finished& how, const ilp::payment_state& state, const payment_terms& terms) {
    if (how.end != ilp::payment_end::completed) return;
    const bool is_delivery = terms.kind == payment_terms::target::fixed_delivery;
    require(is_delivery ? state.delivered >= terms.deliver : state.sent == terms.send, "what is complete is complete");
}

}  // namespace

/// The input says what is to be paid, and what becomes of each packet, by whatever the path and the receiver do. No
/// more is sent than may be sent, and what was fulfilled is what was sent.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    numbers input{octets, size};
    const payment_terms terms = read_terms(input);
    const ilp::known_path path{ilp::path_maximum{input.any()}, {}};
    outgoing_payment payment{terms, {}, path, {.packets_in_flight_max = input.octet() + std::size_t{1}}};
    ilp::steady_time now{std::chrono::seconds{1}};
    std::vector<sent_packet> in_flight;
    ilp::uint128 fulfilled = 0;
    ilp::uint128 under_way = 0;
    while (!input.is_at_end()) {
        const auto next = payment.next(now);
        if (const auto* const packet = std::get_if<outgoing_payment::send_packet>(&next)) {
            require(!packet->amount.is_zero() && !packet->minimum.is_zero(), "a packet carries something");
            in_flight.push_back({packet->number, packet->amount});
            under_way += packet->amount.value;
            require(fulfilled + under_way <= terms.send.value, "no more is sent than may be sent");
        } else if (const auto* const end = std::get_if<outgoing_payment::finished>(&next)) {
            require(in_flight.empty(), "a payment ends when its packets are answered");
            check_end(*end, payment.state(), terms);
            return 0;
        } else if (in_flight.empty()) {
            const auto time = std::get<outgoing_payment::wait_until>(next).time;
            require(time > now && time != ilp::steady_time::max(), "a payment does not wait for nothing");
            now = time;
        } else {
            const auto which = in_flight.begin() + input.octet() % static_cast<std::ptrdiff_t>(in_flight.size());
            now += std::chrono::milliseconds{input.octet()};
            under_way -= which->amount.value;
            fulfilled += answer(payment, *which, input, now).value;
            in_flight.erase(which);
            require(payment.state().sent.value == fulfilled, "what was fulfilled was sent");
            require(payment.state().in_doubt.value == under_way, "what is under way is in doubt");
        }
    }
    return 0;
}
