#include "ilp/payment/outgoing_payment.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace outgoing_payment_test {

using namespace std::chrono_literals;
using ilp::amount;
using ilp::error_code;
using ilp::exchange_ratio;
using ilp::outgoing_payment;
using ilp::path_maximum;
using ilp::payment_end;
using ilp::payment_state;

namespace {

constexpr ilp::steady_time start{1000s};

/// A payment with the time of its test.
struct world {
    outgoing_payment payment;
    ilp::steady_time now = start;
    std::vector<outgoing_payment::send_packet> sent{};  // and not yet looked at

    /// Lets everything leave that may leave now.
    outgoing_payment::step run() {
        for (;;) {
            const auto step = payment.next(now);
            const auto* const packet = std::get_if<outgoing_payment::send_packet>(&step);
            if (packet == nullptr) return step;
            sent.push_back(*packet);
        }
    }
    std::vector<outgoing_payment::send_packet> packets() {
        run();
        return std::exchange(sent, {});
    }
    std::optional<outgoing_payment::send_packet> packet() {
        const auto all = packets();
        CHECK(all.size() <= 1);
        return all.empty() ? std::nullopt : std::optional{all.front()};
    }
    std::optional<outgoing_payment::finished> end() {
        const auto step = run();
        const auto* const finished = std::get_if<outgoing_payment::finished>(&step);
        return finished == nullptr ? std::nullopt : std::optional{*finished};
    }
    bool ends_as(payment_end expected) {
        const auto ended = end();
        return ended && ended->end == expected;
    }
    /// Until the next packet may leave.
    void wait() {
        const auto step = run();
        REQUIRE(std::holds_alternative<outgoing_payment::wait_until>(step));
        REQUIRE(std::get<outgoing_payment::wait_until>(step).time < ilp::steady_time::max());
        now = std::get<outgoing_payment::wait_until>(step).time;
    }
    void reject(std::uint64_t number, error_code code) { payment.rejected(number, {.code = code}, now); }
};

world paying(const ilp::payment_terms& terms, std::uint64_t maximum, const payment_state& state = {}) {
    return {outgoing_payment{terms, state, {path_maximum{amount{maximum}}, {}}, {}}};
}

std::vector<std::uint64_t> amounts(const std::vector<outgoing_payment::send_packet>& packets) {
    std::vector<std::uint64_t> all;
    for (const auto& packet : packets) all.push_back(packet.amount.value);
    return all;
}

}  // namespace

TEST_CASE("payment: it is split by the maximum, and the last two packets share the remainder") {
    world world = paying(ilp::send_exactly({3'001}, {1, 2}, 100), 1'000);
    const auto packets = world.packets();
    CHECK(amounts(packets) == std::vector<std::uint64_t>{1'000, 1'000, 500, 501});
    CHECK(packets[0].number == 1);
    CHECK(packets[3].number == 4);
    CHECK(packets[0].minimum == amount{495});
    CHECK(packets[2].minimum == amount{248});  // 247.5 rounded up
    CHECK(packets[0].expires_at == start + 6s);
    CHECK(world.payment.state() == payment_state{{}, {}, {3'001}});
    world.now += 100ms;
    for (const auto& packet : packets)
        world.payment.fulfilled(packet.number, amount{packet.amount.value / 2}, world.now);
    CHECK(world.payment.state() == payment_state{{3'001}, {1'500}, {}});
    CHECK(world.ends_as(payment_end::completed));
    CHECK(world.payment.path().times.is_known());
}

TEST_CASE("payment: packets into a coarse asset are worth whole units, and the remainder gives way to rounding") {
    // 1.239 USD with 9 digits arrive as 1.1151 EUR with 2 digits.
    const auto terms = ilp::send_exactly({1'239'000'000}, {90, 1'000'000'000}, 100);
    world world = paying(terms, 1'000'000'000);
    const auto packets = world.packets();
    REQUIRE(packets.size() == 2);
    CHECK(packets[0].amount == amount{622'222'223});  // 56 cents, and not 55.755
    CHECK(packets[0].minimum == amount{56});
    CHECK(packets[1].amount == amount{616'777'777});
    CHECK(packets[1].minimum == amount{55});
    world.payment.fulfilled(1, amount{56}, world.now);
    world.payment.fulfilled(2, amount{55}, world.now);
    CHECK(world.ends_as(payment_end::completed));
}

TEST_CASE("payment: however small its packets are made, the whole delivers at most one unit less than its minimum") {
    // Each packet is worth 1.8 units, and somebody on the way keeps what is not asked for.
    const auto terms = ilp::send_exactly({200}, {9, 10}, 100);
    world world = paying(terms, 2);
    while (!world.end()) {
        const auto packets = world.packets();
        if (packets.empty()) {
            world.wait();
            continue;
        }
        for (const auto& packet : packets) {
            world.now += 1ms;
            if (packet.minimum <= amount{1}) {
                world.payment.fulfilled(packet.number, amount{1}, world.now);
            } else {
                world.payment.rejected(packet.number,
                                       {.code = error_code::f99_application_error, .received = amount{1}}, world.now);
            }
        }
    }
    CHECK(world.ends_as(payment_end::rate_too_low));
    const auto state = world.payment.state();
    CHECK(state.delivered.value + 1 >= terms.minimum.minimum_for(state.sent).value);
}

TEST_CASE("payment: a packet of which the receiver got a unit too little is made a little larger") {
    // Of three conversions on the way, two round as well: an amount for exactly 50 units delivers 49.
    world world = paying(ilp::send_exactly({100'000'000}, {50, 50'000'000}, 100), 50'000'000);
    auto packets = world.packets();
    REQUIRE(packets.size() == 2);
    CHECK(packets[0].amount == amount{50'000'000});
    CHECK(packets[0].minimum == amount{50});
    world.now += 10ms;
    for (const auto& packet : packets) {
        world.payment.rejected(packet.number, {.code = error_code::f99_application_error, .received = amount{49}},
                               world.now);
    }
    world.wait();
    packets = world.packets();
    REQUIRE(packets.size() == 3);
    CHECK(packets[0].amount == amount{49'003'907});
    CHECK(packets[0].minimum == amount{49});
}

TEST_CASE("payment: the larger of two packets leaves first when equal ones lose too much, and the other may lose") {
    // Six units are lost of every packet, whatever its size.
    const auto arrives = [](amount sent) { return amount{sent.value - std::min<std::uint64_t>(sent.value, 6)}; };
    world world = paying(ilp::send_exactly({1'100}, {1, 1}, 100), 1'000);
    std::vector<std::uint64_t> first_of_each;
    while (!world.end()) {
        const auto packets = world.packets();
        if (packets.empty()) {
            world.wait();
            continue;
        }
        first_of_each.push_back(packets.front().amount.value);
        world.now += 10ms;
        for (const auto& packet : packets) {
            const amount received = arrives(packet.amount);
            if (received >= packet.minimum) {
                world.payment.fulfilled(packet.number, received, world.now);
            } else {
                world.payment.rejected(packet.number, {.code = error_code::f99_application_error, .received = received},
                                       world.now);
            }
        }
    }
    CHECK(first_of_each == std::vector<std::uint64_t>{550, 1'000, 100});
    CHECK(world.ends_as(payment_end::completed));
    CHECK(world.payment.state() == payment_state{{1'100}, {1'088}, {}});  // the minimum is 1 089, less a unit
}

TEST_CASE("payment: a single unit and the largest amount are paid") {
    world one = paying(ilp::send_exactly({1}, {}, 0), 1'000);
    CHECK(amounts(one.packets()) == std::vector<std::uint64_t>{1});
    one.payment.fulfilled(1, amount{1}, one.now);
    CHECK(one.ends_as(payment_end::completed));

    world all = paying(ilp::send_exactly(amount::max(), {}, 0), amount::max().value);
    CHECK(amounts(all.packets()) == std::vector<std::uint64_t>{amount::max().value});
    all.payment.fulfilled(1, amount::max(), all.now);
    CHECK(all.ends_as(payment_end::completed));
}

TEST_CASE("payment: a fixed delivery sends what the rate asks for, and its last packet needs only what is missing") {
    world world = paying(ilp::deliver_exactly({1'000}, {1, 2}, 100), 1'500);
    auto packets = world.packets();
    CHECK(amounts(packets) == std::vector<std::uint64_t>{1'000, 1'000});
    CHECK(packets[0].minimum == amount{495});
    world.payment.fulfilled(1, amount{500}, world.now);
    world.payment.fulfilled(2, amount{497}, world.now);  // the rate became worse
    packets = world.packets();
    CHECK(amounts(packets) == std::vector<std::uint64_t>{7});
    CHECK(packets[0].minimum == amount{3});
    world.payment.fulfilled(3, amount{3}, world.now);
    CHECK(world.payment.state() == payment_state{{2'007}, {1'000}, {}});
    CHECK(world.ends_as(payment_end::completed));
}

TEST_CASE("payment: a fixed delivery never sends more than its limit") {
    auto terms = ilp::deliver_exactly({1'000}, {1, 1}, 1'000);
    CHECK(terms.send == amount{1'112});
    terms.send = {1'050};
    world world = paying(terms, 10'000);
    world.packets();
    world.payment.fulfilled(1, amount{900}, world.now);
    CHECK(amounts(world.packets()) == std::vector<std::uint64_t>{50});
    world.payment.fulfilled(2, amount{45}, world.now);
    CHECK(world.ends_as(payment_end::limit_reached));
    CHECK(world.payment.state() == payment_state{{1'050}, {945}, {}});
}

TEST_CASE("A27-58: F08 makes packets smaller, and the amount is sent again") {
    for (const bool with_data : {false, true}) {
        world world = paying(ilp::send_exactly({1'000}, {}, 0), 10'000);
        CHECK(amounts(world.packets()) == std::vector<std::uint64_t>{1'000});
        ilp::payment_rejection rejection{.code = error_code::f08_amount_too_large};
        if (with_data) rejection.too_large = ilp::amount_too_large{{1'000}, {400}};
        world.payment.rejected(1, rejection, world.now);
        const auto expected =
            with_data ? std::vector<std::uint64_t>{400, 300, 300} : std::vector<std::uint64_t>{500, 500};
        CHECK(amounts(world.packets()) == expected);
    }
    world world = paying(ilp::send_exactly({8}, {}, 0), 10'000);
    for (int i = 0; i < 100 && !world.end(); ++i) {
        for (const auto& packet : world.packets()) world.reject(packet.number, error_code::f08_amount_too_large);
    }
    CHECK(world.ends_as(payment_end::path_takes_nothing));
}

TEST_CASE("A27-69: R01 makes the next packets larger") {
    world world = paying(ilp::send_exactly({3'000}, {}, 100), 1'000);
    world.payment.rejected(world.packets().at(0).number, {.code = error_code::f08_amount_too_large}, world.now);
    auto packets = world.packets();
    REQUIRE_FALSE(packets.empty());
    const std::uint64_t small = packets.front().amount.value;
    CHECK(small < 1'000);
    world.reject(packets.front().number, error_code::r01_insufficient_source_amount);
    packets = world.packets();
    CHECK_FALSE(world.end());
    for (const auto& packet : packets) CHECK(packet.amount.value >= 2 * small);
}

TEST_CASE("A27-69: an R01 for as much as was fulfilled before is tried again, and ends the payment when it lasts") {
    const bool lasts = GENERATE(true, false);
    world world = paying(ilp::send_exactly({10'000'000}, {}, 100), 1'000);
    auto packets = world.packets();
    REQUIRE(packets.size() > 2);
    for (const auto& packet : packets) world.payment.fulfilled(packet.number, packet.amount, world.now);
    int round_trips = 0;
    while (!world.end() && round_trips < 20) {
        packets = world.packets();
        if (packets.empty()) {
            world.wait();
            continue;
        }
        world.now += 100ms;
        ++round_trips;
        for (const auto& packet : packets) {
            if (lasts || round_trips < 3) {
                world.reject(packet.number, error_code::r01_insufficient_source_amount);
            } else {
                world.payment.fulfilled(packet.number, packet.amount, world.now);
            }
        }
    }
    CHECK(round_trips > 3);
    if (lasts) {
        CHECK(world.ends_as(payment_end::rate_too_low));
        CHECK(world.end()->code == error_code::r01_insufficient_source_amount);
    } else {
        CHECK_FALSE(world.end());
    }
}

TEST_CASE("A27-55: F05 is final, although other packets were fulfilled") {
    world world = paying(ilp::send_exactly({3'000}, {}, 100), 1'000);
    REQUIRE(world.packets().size() == 3);
    world.payment.fulfilled(1, amount{1'000}, world.now);
    world.reject(2, error_code::f05_wrong_condition);
    world.payment.fulfilled(3, amount{1'000}, world.now);
    CHECK(world.ends_as(payment_end::refused));
    CHECK(world.end()->code == error_code::f05_wrong_condition);
}

TEST_CASE("payment: the final rejects end it, with what was in flight counted") {
    using enum error_code;
    for (const auto code :
         {f00_bad_request, f01_invalid_packet, f02_unreachable, f03_invalid_amount, f04_insufficient_destination_amount,
          f05_wrong_condition, f06_unexpected_payment, f07_cannot_receive}) {
        world world = paying(ilp::send_exactly({3'000}, {}, 0), 1'000);
        REQUIRE(world.packets().size() == 3);
        world.reject(2, code);
        CHECK_FALSE(world.end());
        CHECK(std::get<outgoing_payment::wait_until>(world.payment.next(world.now)).time == ilp::steady_time::max());
        world.payment.fulfilled(1, amount{1'000}, world.now);
        world.payment.expired(3, world.now);
        REQUIRE(world.end());
        CHECK(world.end()->end == payment_end::refused);
        CHECK(world.end()->code == code);
        CHECK(world.payment.state() == payment_state{{1'000}, {1'000}, {}});
    }
}

TEST_CASE("payment: T00, T01, R00, R02, F99 and unknown codes are tried again after a round trip, but not for ever") {
    using enum error_code;
    for (const auto code :
         {std::optional{t00_internal_error}, std::optional{t01_peer_unreachable}, std::optional{t99_application_error},
          std::optional{r00_transfer_timed_out}, std::optional{r02_insufficient_timeout},
          std::optional{r99_application_error}, std::optional{f99_application_error}, std::optional<error_code>{}}) {
        world world = paying(ilp::send_exactly({2'000}, {}, 0), 1'000);
        auto packets = world.packets();
        int round_trips = 0;
        while (!world.end() && round_trips < 100) {
            world.now += 100ms;
            const auto answered_at = world.now;
            for (const auto& packet : packets) world.payment.rejected(packet.number, {.code = code}, world.now);
            ++round_trips;
            if (world.end()) break;
            CHECK(world.packets().empty());  // it waits first
            world.wait();
            CHECK(world.now >= answered_at + 100ms);
            packets = world.packets();
            CHECK(packets.size() == 2);
        }
        CHECK(world.ends_as(payment_end::refused));
        CHECK(world.end()->code == code);
        CHECK(round_trips >= 3);
        CHECK(round_trips <= 12);
    }
}

TEST_CASE("payment: a path that has carried money may be out of order for as long as the limits allow") {
    const auto outage = GENERATE(20s, 60s);
    world world = paying(ilp::send_exactly({2'000}, {}, 0), 1'000);
    const auto packets = world.packets();
    REQUIRE(packets.size() == 2);
    world.payment.fulfilled(packets[0].number, amount{1'000}, world.now);
    world.reject(packets[1].number, error_code::t01_peer_unreachable);
    const auto lost_at = world.now;
    int attempts = 0;
    while (!world.end() && attempts < 1'000) {
        auto packet = world.packet();
        if (!packet) {
            world.wait();
            continue;
        }
        ++attempts;
        world.now += 10ms;
        if (world.now - lost_at < outage) {
            world.reject(packet->number, error_code::t01_peer_unreachable);
        } else {
            world.payment.fulfilled(packet->number, amount{1'000}, world.now);
        }
    }
    CHECK(attempts > 12);
    CHECK(world.ends_as(outage < 30s ? payment_end::completed : payment_end::no_progress));
    if (outage > 30s) {
        CHECK(world.end()->code == error_code::t01_peer_unreachable);
        CHECK(world.now - lost_at >= 30s);
        CHECK(world.now - lost_at < 40s);
    }
}

TEST_CASE("payment: R02 and R00 give the next packets more time") {
    world world = paying(ilp::send_exactly({1'000}, {}, 0), 1'000);
    auto packet = world.packet();
    REQUIRE(packet);
    CHECK(packet->expires_at == world.now + 6s);
    world.reject(packet->number, error_code::r02_insufficient_timeout);
    world.wait();
    packet = world.packet();
    REQUIRE(packet);
    CHECK(packet->expires_at == world.now + 11s);
    world.now = packet->expires_at;
    world.payment.expired(packet->number, world.now);
    world.wait();
    packet = world.packet();
    REQUIRE(packet);
    CHECK(packet->expires_at == world.now + 21s);
}

TEST_CASE("payment: a Fulfill between them makes setbacks count from the beginning") {
    world world = paying(ilp::send_exactly({100'000'000}, {}, 0), 1'000);
    for (int i = 0; i < 50; ++i) {
        const auto packets = world.packets();
        REQUIRE(packets.size() >= 2);
        world.now += 100ms;
        world.reject(packets[0].number, error_code::r00_transfer_timed_out);
        for (std::size_t n = 1; n < packets.size(); ++n) {
            world.payment.fulfilled(packets[n].number, packets[n].amount, world.now);
        }
        REQUIRE_FALSE(world.end());
        world.now += 3s;
    }
    CHECK(world.payment.state().sent > amount{900'000});
}

TEST_CASE("payment: T04 lets less value leave, also smaller packets") {
    world world = paying(ilp::send_exactly({2'000}, {}, 0), 1'000);
    for (const auto& packet : world.packets()) world.reject(packet.number, error_code::t04_insufficient_liquidity);
    world.wait();
    CHECK(amounts(world.packets()) == std::vector<std::uint64_t>{1'000});
    world.now += 1s;
    world.reject(3, error_code::t04_insufficient_liquidity);
    world.wait();
    CHECK(amounts(world.packets()) == std::vector<std::uint64_t>{500});
}

TEST_CASE("payment: T02, T03 and T05 slow it down, and only the time without progress ends it") {
    using enum error_code;
    for (const auto code : {t02_peer_busy, t03_connector_busy, t05_rate_limited}) {
        world world = paying(ilp::send_exactly({1'000'000}, {}, 0), 1'000);
        auto packets = world.packets();
        REQUIRE(packets.size() == ilp::send_window::packets_first);
        world.now += 100ms;
        for (const auto& packet : packets) world.reject(packet.number, code);
        CHECK(world.packets().empty());  // it waits first
        world.wait();
        packets = world.packets();
        // T03: half as many at a time; the others: one after the other.
        CHECK(packets.size() == (code == t03_connector_busy ? ilp::send_window::packets_first / 2 : 1));
        for (int i = 0; i < 1'000 && !world.end(); ++i) {
            const std::size_t before = packets.size();
            for (const auto& packet : packets) world.reject(packet.number, code);
            if (world.end()) break;
            world.wait();
            packets = world.packets();
            CHECK(packets.size() <= std::max<std::size_t>(before / 2, 2));
        }
        CHECK(world.ends_as(payment_end::no_progress));
        CHECK(world.now == start + 30s);
    }
}

TEST_CASE("payment: more packets leave after each round trip in which all were fulfilled") {
    world world = paying(ilp::send_exactly({1'000'000}, {}, 0), 1'000);
    for (std::size_t expected = ilp::send_window::packets_first; expected < 200; expected *= 2) {
        const auto packets = world.packets();
        CHECK(packets.size() == expected);
        world.now += 100ms;
        for (const auto& packet : packets) world.payment.fulfilled(packet.number, packet.amount, world.now);
    }
}

TEST_CASE("payment: a path that takes more than before gets larger packets, and one that does not is seldom asked") {
    const std::uint64_t takes = GENERATE(1'000U, 50'000U);
    world world = paying(ilp::send_exactly({1'000'000'000'000}, {}, 0), 1'000);
    int refused = 0;
    std::uint64_t largest = 0;
    while (world.now - start < 60s) {
        const auto packets = world.packets();
        REQUIRE_FALSE(packets.empty());
        world.now += 100ms;
        for (const auto& packet : packets) {
            if (packet.amount.value > takes) {
                ++refused;
                world.payment.rejected(packet.number,
                                       {.code = error_code::f08_amount_too_large,
                                        .too_large = ilp::amount_too_large{packet.amount, {takes}}},
                                       world.now);
            } else {
                largest = std::max(largest, packet.amount.value);
                world.payment.fulfilled(packet.number, packet.amount, world.now);
            }
        }
    }
    CHECK(largest == takes);
    CHECK(refused > 0);
    CHECK(refused < 5);
}

TEST_CASE("payment: the expiry of packets follows the round-trip time") {
    world world = paying(ilp::send_exactly({1'000'000}, {}, 0), 1'000);
    auto packets = world.packets();
    CHECK(packets.front().expires_at == world.now + 6s);  // a guess
    for (int i = 0; i < 50; ++i) {
        world.now += 10ms;
        for (const auto& packet : packets) world.payment.fulfilled(packet.number, packet.amount, world.now);
        packets = world.packets();
        if (packets.empty()) break;
        CHECK(packets.front().expires_at < world.now + 5100ms);
        CHECK(packets.front().expires_at >= world.now + 5020ms);
    }
    CHECK(world.ends_as(payment_end::completed));
}

TEST_CASE("payment: an F99 that says that enough has arrived is tried again, but not for ever") {
    world world = paying(ilp::send_exactly({1'000}, {1, 1}, 100), 1'000);
    int tries = 0;
    while (!world.end() && tries < 100) {
        const auto packet = world.packet();
        REQUIRE(packet);
        ++tries;
        world.now += 10ms;
        const amount received{tries % 2 == 0 ? 1'000U : amount::max().value};
        world.payment.rejected(packet->number, {.code = error_code::f99_application_error, .received = received},
                               world.now);
        if (!world.end()) world.wait();
    }
    CHECK(world.ends_as(payment_end::refused));
    CHECK(world.end()->code == error_code::f99_application_error);
    CHECK(tries > 1);
    CHECK(tries < 10);
    CHECK(world.payment.state() == payment_state{});
}

TEST_CASE("payment: what the receiver got too little of is tried again, then the rate is too low") {
    world world = paying(ilp::send_exactly({1'000}, {1, 1}, 100), 1'000);
    int tries = 0;
    while (!world.end() && tries < 100) {
        const auto packet = world.packet();
        REQUIRE(packet);
        ++tries;
        world.now += 10ms;
        world.payment.rejected(packet->number, {.code = error_code::f99_application_error, .received = amount{989}},
                               world.now);
        if (!world.end()) world.wait();
    }
    CHECK(world.ends_as(payment_end::rate_too_low));
    CHECK(tries > 1);
    CHECK(tries < 10);
    CHECK(world.payment.state() == payment_state{});
}

TEST_CASE("payment: a remainder that is rounded to nothing stays in the account") {
    world world = paying(ilp::send_exactly({3}, {1, 10}, 0), 1'000);
    for (int i = 0; i < 10 && !world.end(); ++i) {
        for (const auto& packet : world.packets())
            world.reject(packet.number, error_code::r01_insufficient_source_amount);
    }
    CHECK(world.ends_as(payment_end::amount_too_small));
    CHECK(world.payment.state() == payment_state{});
}

TEST_CASE("payment: a receiver that fulfills and says that it got less than the minimum is paid nothing more") {
    world world = paying(ilp::send_exactly({2'000}, {1, 1}, 100), 1'000);
    REQUIRE(world.packets().size() == 2);
    world.payment.fulfilled(1, amount{989}, world.now);
    world.payment.fulfilled(2, amount{1'000}, world.now);
    CHECK(world.ends_as(payment_end::receiver_contradicts));
    CHECK(world.payment.state() == payment_state{{2'000}, {1'989}, {}});
}

TEST_CASE("payment: a Fulfill without an authentic reply counts as the packet's minimum") {
    world world = paying(ilp::send_exactly({1'000}, {1, 1}, 100), 1'000);
    REQUIRE(world.packet());
    world.payment.fulfilled(1, std::nullopt, world.now);
    CHECK(world.ends_as(payment_end::completed));
    CHECK(world.payment.state() == payment_state{{1'000}, {990}, {}});
}

TEST_CASE("payment: a receiver that says too much wins nothing, and the sum stops at the largest amount") {
    world world = paying(ilp::deliver_exactly({2'000}, {1, 1}, 100), 1'000);
    world.packets();
    world.payment.fulfilled(1, amount::max(), world.now);
    world.payment.fulfilled(2, amount::max(), world.now);
    CHECK(world.ends_as(payment_end::completed));
    CHECK(world.payment.state() == payment_state{{2'000}, amount::max(), {}});
}

TEST_CASE("payment: it gives up when nothing was fulfilled for too long, and waits for what is in flight") {
    world world = paying(ilp::send_exactly({2'000}, {}, 0), 1'000);
    REQUIRE(world.packets().size() == 2);
    world.now += 20s;
    world.payment.fulfilled(1, amount{1'000}, world.now);
    world.now += 29s;
    CHECK(std::get<outgoing_payment::wait_until>(world.payment.next(world.now)).time == start + 50s);
    world.now += 1s;
    CHECK_FALSE(world.end());
    world.reject(2, error_code::t00_internal_error);
    CHECK(world.ends_as(payment_end::no_progress));
    CHECK(world.payment.state() == payment_state{{1'000}, {1'000}, {}});
}

TEST_CASE("payment: while its own node takes no packets it waits, and neither errors nor time are counted") {
    world world = paying(ilp::send_exactly({3'000}, {}, 0), 1'000);
    REQUIRE(world.packets().size() == 3);
    world.now += 29s;
    world.payment.withdrawn(2, world.now);
    world.payment.withdrawn(3, world.now);
    CHECK(world.payment.state() == payment_state{{}, {}, {1'000}});
    std::uint64_t number = 3;
    for (int i = 0; i < 1'000; ++i) {
        CHECK(world.packets().empty());
        const auto began = world.now;
        world.wait();
        CHECK(world.now == began + ilp::pause_after_withdrawal);
        world.now += 50ms;  // the timer is late
        CHECK(amounts(world.packets()) == std::vector<std::uint64_t>{1'000, 1'000});
        world.payment.withdrawn(++number, world.now);
        world.payment.withdrawn(++number, world.now);
    }
    world.payment.fulfilled(1, amount{1'000}, world.now);  // what is in flight is answered meanwhile
    world.wait();
    REQUIRE(world.packets().size() == 2);
    world.payment.fulfilled(++number, amount{1'000}, world.now);
    world.payment.fulfilled(++number, amount{1'000}, world.now);
    CHECK(world.ends_as(payment_end::completed));
    CHECK(world.payment.state() == payment_state{{3'000}, {3'000}, {}});
}

TEST_CASE("payment: time counts again when its own node takes packets again") {
    world world = paying(ilp::send_exactly({1'000}, {}, 0), 1'000);
    REQUIRE(world.packet());
    world.now += 20s;
    world.payment.withdrawn(1, world.now);
    world.now += 1h;
    REQUIRE(world.packet());
    CHECK(std::get<outgoing_payment::wait_until>(world.payment.next(world.now)).time == start + 1h + 30s);
    world.now += 10s;
    world.reject(2, error_code::t00_internal_error);
    CHECK(world.ends_as(payment_end::no_progress));
}

TEST_CASE("payment: one that is cancelled while its own node takes no packets ends at once") {
    world world = paying(ilp::send_exactly({1'000}, {}, 0), 1'000);
    REQUIRE(world.packet());
    world.payment.withdrawn(1, world.now);
    world.payment.cancel();
    CHECK(world.ends_as(payment_end::cancelled));
}

TEST_CASE("payment: a cancelled one sends nothing more, and is complete if all arrives nevertheless") {
    world cancelled = paying(ilp::send_exactly({20'000}, {}, 0), 1'000);
    REQUIRE(cancelled.packets().size() == ilp::send_window::packets_first);
    cancelled.payment.cancel();
    CHECK(cancelled.packets().empty());
    CHECK_FALSE(cancelled.end());
    cancelled.payment.fulfilled(1, amount{1'000}, cancelled.now);
    CHECK_FALSE(cancelled.end());
    for (std::uint64_t number = 2; number <= ilp::send_window::packets_first; ++number) {
        cancelled.payment.expired(number, cancelled.now);
    }
    CHECK(cancelled.ends_as(payment_end::cancelled));
    CHECK(cancelled.payment.state() == payment_state{{1'000}, {1'000}, {}});

    world complete = paying(ilp::send_exactly({1'000}, {}, 0), 1'000);
    REQUIRE(complete.packet());
    complete.payment.cancel();
    complete.payment.fulfilled(1, amount{1'000}, complete.now);
    CHECK(complete.ends_as(payment_end::completed));

    world unsent = paying(ilp::send_exactly({1'000}, {}, 0), 1'000);
    unsent.payment.cancel();
    CHECK(unsent.ends_as(payment_end::cancelled));
}

TEST_CASE("A29-29: a connection has no more than 2^31 - 1 packets") {
    constexpr std::uint64_t used = 0x7fff'ffff - 1;
    world world{outgoing_payment{ilp::send_exactly({2'000}, {}, 0), {}, {path_maximum{amount{1'000}}, {}}, {}, used}};
    CHECK(world.packets().size() == 1);
    world.payment.fulfilled(used + 1, amount{1'000}, world.now);
    CHECK(world.ends_as(payment_end::too_many_packets));
}

TEST_CASE("payment: after a restart it sends what was not debited") {
    world first = paying(ilp::send_exactly({2'000}, {}, 0), 1'000);
    REQUIRE(first.packets().size() == 2);
    first.payment.fulfilled(1, amount{1'000}, first.now);
    const payment_state stored = first.payment.state();
    CHECK(stored == payment_state{{1'000}, {1'000}, {1'000}});
    world second = paying(ilp::send_exactly({2'000}, {}, 0), 1'000, ilp::taken_up(stored));
    CHECK(amounts(second.packets()) == std::vector<std::uint64_t>{1'000});
    second.payment.fulfilled(1, amount{1'000}, second.now);
    CHECK(second.payment.state() == payment_state{{2'000}, {2'000}, {}});
    CHECK(second.ends_as(payment_end::completed));
    world complete = paying(ilp::send_exactly({2'000}, {}, 0), 1'000, {{2'000}, {2'000}, {}});
    CHECK(complete.ends_as(payment_end::completed));
}

TEST_CASE("payment: each end is described") {
    using enum payment_end;
    for (const auto end : {completed, cancelled, no_progress, refused, rate_too_low, limit_reached, amount_too_small,
                           path_takes_nothing, receiver_contradicts, too_many_packets}) {
        CHECK_FALSE(ilp::describe(end).empty());
    }
}

}  // namespace outgoing_payment_test
