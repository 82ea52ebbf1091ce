#include "ilp/payment/outgoing_payment.hpp"
#include "ilp/payment/payment_quote.hpp"
#include "ilp/rate.hpp"
#include "ilp/stream/sender.hpp"
#include "tests/unit/ilp/stream/faulty_path.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <random>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

// Whole payments, with their packets as they are on the wire, along paths where anything may go wrong. What is checked
// is where the money is.
namespace payment_faults_test {

namespace stream = ilp::stream;
using namespace std::chrono_literals;
using faulty_path::connector;
using faulty_path::honesty;
using faulty_path::path;
using ilp::amount;
using ilp::error_code;
using ilp::outgoing_payment;
using ilp::payment_end;
using ilp::payment_quote;
using ilp::payment_terms;

namespace {

constexpr ilp::steady_time start{1'000s};
constexpr ilp::timestamp noon{1'800'000'000'000ms};
constexpr unsigned slippage = 100;
constexpr std::uint64_t amount_max = 20'000;
constexpr int steps_max = 1'000'000;
constexpr std::uint64_t never = ~std::uint64_t{0};
constexpr ilp::payment_limits limits{.packets_in_flight_max = 100, .progress = 10s};

/// ILPD_SEED=N repeats an earlier run.
std::uint64_t printed_seed() {
    const char* const given = std::getenv("ILPD_SEED");
    const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    std::cout << "faulty paths from seed " << seed << '\n';
    return seed;
}

/// ILPD_SCALE=N makes N times as many payments.
std::uint64_t scale() {
    const char* const given = std::getenv("ILPD_SCALE");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : 1;
}

/// As REQUIRE, which would take most of the time if it were called for each packet.
void require(bool holds, std::string_view what) {
    if (holds) return;
    CAPTURE(what);
    REQUIRE(holds);
}

/// What a crash leaves of the node that pays, and what others could tell about it.
struct books {
    ilp::payment_state stored{};  ///< `sent` is what the account was debited
    ilp::uint128 claimed = 0;     ///< by the next hop, for the Fulfills that it has passed on
};

/// The node that pays, from a start of its process to the end of it.
class node {
public:
    node(path& to, honesty receiver, ilp::steady_time now) : path_{to}, receiver_{receiver}, now_{now} {}

    ilp::steady_time now() const { return now_; }
    std::uint64_t numbers_used() const { return last_number_; }

    payment_quote::finished quote(amount wanted) {
        payment_quote quote{wanted, {}};
        for (int step = 0; step < steps_max; ++step) {
            const auto next = quote.next(now_);
            if (const auto* const probe = std::get_if<payment_quote::send_probe>(&next)) {
                ilp::bytes written;
                sender_.write_probe(written, probe->number, probe->amount, wall(probe->expires_at));
                send(probe->number, probe->amount, {}, std::move(written), probe->expires_at);
            } else if (const auto* const wait = std::get_if<payment_quote::wait_until>(&next)) {
                const auto answered = wait_for_answer(wait->time);
                if (!answered) continue;
                require(!answered->is_fulfilled, "nobody fulfills a probe");
                quote.rejected(answered->number, answered->rejection, now_);
            } else {
                answers_.clear();
                sent_.clear();
                return std::get<payment_quote::finished>(next);
            }
        }
        FAIL("the quote does not end");
        return std::unexpected{ilp::quote_refusal{}};
    }

    /// Nullopt if the process has ended before the payment did, after `ends_after` packets.
    std::optional<outgoing_payment::finished> pay(outgoing_payment& payment, const payment_terms& terms, books& books,
                                                  std::uint64_t ends_after, std::mt19937_64& random) {
        std::uint64_t packets = 0;
        const auto began = now_;
        const std::uint64_t debited_before = books.stored.sent.value;
        ilp::uint128 fulfilled = 0;
        std::uint64_t fulfilled_packets = 0;
        bool is_contradicted = false;
        for (int step = 0; step < steps_max; ++step) {
            const auto next = payment.next(now_);
            if (const auto* const packet = std::get_if<outgoing_payment::send_packet>(&next)) {
                if (packets++ == ends_after) return std::nullopt;
                require(!is_contradicted, "nothing is sent to a receiver that has contradicted itself");
                check(*packet, payment.state(), terms);
                require(debited_before + fulfilled + in_flight() + packet->amount.value <= terms.send.value,
                        "no more is sent than may be sent");
                ilp::bytes written;
                sender_.write_prepare(written, packet->number, packet->amount, packet->minimum,
                                      wall(packet->expires_at));
                send(packet->number, packet->amount, packet->minimum, std::move(written), packet->expires_at);
            } else if (const auto* const wait = std::get_if<outgoing_payment::wait_until>(&next)) {
                const auto answered = wait_for_answer(wait->time);
                if (!answered) continue;
                if (!answered->is_fulfilled) {
                    payment.rejected(answered->number, answered->rejection, now_);
                    continue;
                }
                const sent_packet& was = answered->sent;
                if (receiver_ == honesty::honest) {
                    require(answered->arrived >= was.minimum, "what is fulfilled has arrived, and is not too little");
                    require(answered->delivered.value_or(was.minimum) <= answered->arrived, "no reply says too much");
                }
                is_contradicted |= answered->delivered.value_or(was.minimum) < was.minimum;
                fulfilled += was.amount.value;
                ++fulfilled_packets;
                books.claimed += was.amount.value;
                payment.fulfilled(answered->number, answered->delivered, now_);
                require(payment.state().sent.value == debited_before + fulfilled, "what was fulfilled was sent");
                if (random() % 4 == 0) books.stored = payment.state();  // a commit
            } else {
                require(sent_.empty(), "a payment ends when all of its packets have been answered");
                require(now_ - began <= (fulfilled_packets + 1) * 2 * ilp::round_trip_times::lifetime_max,
                        "it gives up when nothing is fulfilled");
                books.stored = payment.state();
                return std::get<outgoing_payment::finished>(next);
            }
        }
        FAIL("the payment does not end");
        return std::nullopt;
    }

private:
    struct sent_packet {
        ilp::amount amount;
        ilp::amount minimum;
        ilp::condition condition;
    };
    struct answer {
        std::uint64_t number;
        ilp::bytes octets;  ///< empty: the packet has expired
        ilp::amount arrived;
    };
    struct answered {
        std::uint64_t number;
        sent_packet sent;
        ilp::amount arrived;
        bool is_fulfilled = false;
        std::optional<amount> delivered{};
        ilp::payment_rejection rejection{};
    };

    ilp::timestamp wall(ilp::steady_time time) const {
        return noon + std::chrono::floor<std::chrono::milliseconds>(time - start);
    }
    ilp::uint128 in_flight() const {
        ilp::uint128 sum = 0;
        for (const auto& [number, packet] : sent_) sum += packet.amount.value;
        return sum;
    }

    void check(const outgoing_payment::send_packet& next, const ilp::payment_state& state, const payment_terms& terms) {
        require(next.number > last_number_, "no number is used twice");
        require(!next.amount.is_zero() && !next.minimum.is_zero(), "a packet carries something");
        require(next.expires_at > now_ && next.expires_at <= now_ + ilp::round_trip_times::lifetime_max,
                "a packet expires in time");
        const amount minimum = terms.minimum.minimum_for(next.amount);
        ilp::uint128 agreed = ilp::uint128{state.delivered.value} + next.minimum.value;
        for (const auto& [number, packet] : sent_) agreed += packet.minimum.value;
        const amount whole{state.sent.value + static_cast<std::uint64_t>(in_flight()) + next.amount.value};
        const bool is_protected = agreed + 1 >= terms.minimum.minimum_for(whole).value;  // rounding may take a unit
        const bool is_delivery = terms.kind == payment_terms::target::fixed_delivery;
        require(next.minimum <= minimum && (is_protected || (is_delivery && agreed <= terms.deliver.value)),
                "only the last packets may deliver less");
    }

    void send(std::uint64_t number, amount amount, ilp::amount minimum, ilp::bytes prepare,
              ilp::steady_time expires_at) {
        const auto written = ilp::prepare_view::parse(prepare);
        sent_packet& added = sent_[number];
        added = {.amount = amount, .minimum = minimum, .condition = {}};
        std::ranges::copy(written->condition(), added.condition.begin());
        last_number_ = number;
        auto back = path_.carry(std::move(prepare));
        const auto comes_at = now_ + back.takes;
        const bool is_late = back.answer.empty() || comes_at >= expires_at;
        if (is_late) back.answer.clear();
        answers_.emplace(is_late ? expires_at : comes_at, answer{number, std::move(back.answer), back.arrived});
    }

    /// Lets the time pass until the next answer, or until `time`.
    std::optional<answered> wait_for_answer(ilp::steady_time time) {
        if (answers_.empty() || answers_.begin()->first > time) {
            require(time > now_ && time != ilp::steady_time::max(), "nobody waits for nothing");
            now_ = time;
            return std::nullopt;
        }
        now_ = std::max(now_, answers_.begin()->first);
        answer next = std::move(answers_.begin()->second);
        answers_.erase(answers_.begin());
        const auto sent = sent_.extract(next.number);
        answered read{.number = next.number, .sent = sent.mapped(), .arrived = next.arrived};
        // As router::check_reply() and the reject reasons of a connector.
        if (next.octets.empty()) {
            read.rejection = {.code = error_code::r00_transfer_timed_out};
        } else if (const auto fulfill = ilp::fulfill_view::parse(next.octets)) {
            read.is_fulfilled = ilp::fulfills(fulfill->fulfillment(), read.sent.condition);
            if (read.is_fulfilled) {
                read.delivered = sender_.read_fulfill(next.number, *fulfill);
            } else {
                read.rejection = {.code = error_code::f05_wrong_condition};
            }
        } else if (const auto reject = ilp::reject_view::parse(next.octets)) {
            read.rejection = sender_.read_reject(next.number, *reject);
        } else {
            read.rejection = {.code = error_code::t00_internal_error};
        }
        return read;
    }

    path& path_;
    honesty receiver_;
    ilp::steady_time now_;
    stream::receiver_token token_ = path_.make_token();
    stream::sender_memory memory_;
    stream::sender sender_{memory_, path::destination_of(token_), token_.shared_secret, "test.alice"};
    std::multimap<ilp::steady_time, answer> answers_;
    std::unordered_map<std::uint64_t, sent_packet> sent_;
    std::uint64_t last_number_ = 0;
};

struct scenario {
    std::vector<connector> connectors;
    honesty receiver = honesty::honest;
    std::uint64_t unit = 1;   ///< all amounts are about so many times as large
    bool is_lossless = true;  ///< the node that pays learns of all that the receiver fulfills
};

scenario random_scenario(std::mt19937_64& random, bool may_lie) {
    const auto one_in = [&random](unsigned n) { return random() % n == 0; };
    const auto rate_up_to = [&random](unsigned most) { return static_cast<unsigned>(random() % most) + 1; };
    scenario made;
    if (may_lie) made.receiver = honesty::lies;
    // Amounts up to 2^63. Then nobody may say by mistake that a path takes very little, or there would be no end of it.
    const bool is_large = one_in(8);
    if (is_large) made.unit = std::uint64_t{1} << 49;
    for (auto i = random() % 3 + 1; i > 0; --i) {
        connector hop;
        if (one_in(2)) hop.rate = {random() % 900 + 100, random() % 900 + 100};
        if (one_in(2)) hop.maximum = {made.unit * (random() % 5'000 + 200)};
        hop.tells_maximum = !one_in(3);
        faulty_path::faults& faults = hop.faults;
        if (one_in(4)) faults.loses_request = rate_up_to(30);
        if (one_in(4)) faults.loses_answer = rate_up_to(30);
        if (one_in(4)) faults.delays = rate_up_to(30);
        if (one_in(4)) faults.repeats = rate_up_to(100);
        if (one_in(4) && !is_large) faults.rejects = rate_up_to(40);
        if (one_in(8)) faults.forges = rate_up_to(10);
        if (one_in(4)) faults.talks_nonsense = rate_up_to(30);
        if (one_in(4)) faults.changes_amount = rate_up_to(200);
        if (one_in(8)) faults.changes_request = rate_up_to(10);
        if (one_in(8) && !is_large) faults.changes_answer = rate_up_to(20);
        if (one_in(4)) faults.exchanges_replies = rate_up_to(200);
        made.is_lossless = made.is_lossless && faults.loses_answer + faults.delays + faults.repeats +
                                                       faults.changes_answer + faults.exchanges_replies ==
                                                   0;
        made.connectors.push_back(hop);
    }
    return made;
}

ilp::exchange_ratio whole_rate(const std::vector<connector>& connectors) {
    constexpr std::uint64_t large = 1'000'000'000'000;
    amount passed{large};
    for (const auto& hop : connectors) passed = hop.rate.delivered_for(passed);
    return {passed.value, large};
}

struct outcome {
    outgoing_payment::finished how;
    bool has_crashed = false;
};

/// Pays, with a quote or without, and with up to two crashes on the way.
outcome pay(const scenario& made, std::mt19937_64& random) {
    path path{made.connectors, made.receiver, random()};
    node first{path, made.receiver, start};
    const amount wanted{made.unit * (random() % amount_max) + 1};
    ilp::quoted_path quoted{.rate = whole_rate(made.connectors)};
    if (random() % 2 == 0) {
        if (const auto quote = first.quote(wanted)) quoted = *quote;
        CHECK((path.credited == 0));
    }
    const bool is_delivery = random() % 2 == 0;
    payment_terms terms = is_delivery ? ilp::deliver_exactly(wanted, quoted.rate, slippage)
                                      : ilp::send_exactly(wanted, quoted.rate, slippage);
    // A receiver may have said that almost nothing arrives; the account has no more than this.
    if (is_delivery) terms.send = std::min(terms.send, amount{10 * std::min(wanted.value, amount::max().value / 10)});
    CAPTURE(wanted.value, is_delivery, terms.send.value, terms.minimum.delivered, terms.minimum.sent);

    books books;
    outcome ended;
    std::uint64_t crashes_left = random() % 3 == 0 ? random() % 3 : 0;
    std::optional<outgoing_payment::finished> how;
    auto now = first.now();
    ilp::uint128 lost_by_crash = 0;
    for (bool is_first = true; !how; is_first = false) {
        node again{path, made.receiver, now};
        node& running = is_first ? first : again;
        outgoing_payment payment{terms, ilp::taken_up(books.stored), quoted.path, limits,
                                 is_first ? first.numbers_used() : 0};
        how = running.pay(payment, terms, books, crashes_left > 0 ? random() % 60 : never, random);
        if (how) break;
        --crashes_left;
        ended.has_crashed = true;
        const ilp::payment_state state = payment.state();
        CHECK(books.stored.sent <= state.sent);
        CHECK(state.sent.value + state.in_doubt.value <= terms.send.value);
        lost_by_crash += state.sent.value - books.stored.sent.value;
        now = running.now() + ilp::round_trip_times::lifetime_max;
    }
    ended.how = *how;

    const ilp::payment_state& state = books.stored;
    CAPTURE(ilp::describe(how->end), state.sent.value, state.delivered.value);
    CHECK(state.in_doubt.is_zero());
    CHECK(state.sent <= terms.send);
    // What the account was not debited for is what a crash has cost the node.
    CHECK((books.claimed == state.sent.value + lost_by_crash));
    if (made.receiver == honesty::honest) {
        CHECK((path.credited >= state.delivered.value));
        if (!is_delivery) {
            const amount least = terms.minimum.minimum_for(state.sent);
            CHECK(state.delivered.value >= least.value - std::min<std::uint64_t>(least.value, 1));
        }
        if (made.is_lossless && !ended.has_crashed) {
            CHECK((std::min<ilp::uint128>(path.credited, amount::max().value) == state.delivered.value));
        }
        if (how->end == payment_end::completed && is_delivery) CHECK((path.credited >= wanted.value));
        CHECK(how->end != payment_end::receiver_contradicts);
    }
    if (how->end == payment_end::completed) {
        CHECK((is_delivery ? state.delivered >= wanted : state.sent == wanted));
    }
    return ended;
}

}  // namespace

TEST_CASE("payments along faulty paths: what was sent, what is said to have arrived and what arrived agree") {
    const std::uint64_t seed = printed_seed();
    std::map<payment_end, int> ends;
    for (std::uint64_t run = 0; run < 2'000 * scale(); ++run) {
        CAPTURE(seed, run);
        std::mt19937_64 random{seed + run};
        const scenario made = random_scenario(random, false);
        ++ends[pay(made, random).how.end];
    }
    CHECK(ends[payment_end::completed] > 500);
}

TEST_CASE("payments to receivers that lie, along faulty paths: never is more sent than agreed, and all of them end") {
    const std::uint64_t seed = printed_seed();
    std::map<payment_end, int> ends;
    for (std::uint64_t run = 0; run < 1'000 * scale(); ++run) {
        CAPTURE(seed, run);
        std::mt19937_64 random{seed + run};
        const scenario made = random_scenario(random, true);
        ++ends[pay(made, random).how.end];
    }
    CHECK(ends[payment_end::receiver_contradicts] > 50);
}

}  // namespace payment_faults_test
