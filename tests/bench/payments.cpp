#include "tests/bench/payments.hpp"

#include "tests/bench/measure.hpp"
#include "tests/bench/payment_nodes.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace bench {

namespace {

namespace json = boost::json;

constexpr double us_per_second = 1e6;
constexpr double targeted_ratio_to_pay = 50;
constexpr double targeted_ratio_to_forwarder = 2;
constexpr double targeted_round_trips = 2;

class payments_run {
public:
    payments_run(const setup& setup, const payments_plan& plan) : setup_{setup}, plan_{plan} {}

    payments_results run() {
        for (const std::string& variant : plan_.variants) measure_payments_of(variant);
        measure_quotes("the sender knows the maximum", maximum_of::sender);
        measure_quotes("a maximum on the way", maximum_of::receiver);
        return std::move(results_);
    }

private:
    void measure_payments_of(const std::string& variant) {
        payment_nodes two{setup_, fmt::format("payments-{}-two", variant), {.variant = variant}};
        payment_nodes three{setup_, fmt::format("payments-{}-three", variant), {.variant = variant, .nodes = 3}};
        payment_nodes far{
            setup_, fmt::format("payments-{}-far", variant), {.variant = variant, .round_trip = plan_.round_trip}};
        for (payment_nodes* const path : {&two, &three, &far}) pay(*path, plan_.packets / 10 + 1);  // to warm up
        std::vector<payment_sample> through_two;
        std::vector<payment_sample> through_three;
        std::vector<double> over_a_long_path;
        for (std::size_t i = 0; i < plan_.repetitions; ++i) {
            through_two.push_back(measure(two));
            through_three.push_back(measure(three));
            over_a_long_path.push_back(measure(far).packets_per_second);
            const payment_sample& sample = through_three.back();
            fmt::print(stderr,
                       "{}, repetition {}: {:.0f} packets/s through two, {:.0f} through three, {:.0f} over a long "
                       "path; CPU us {:.2f}, {:.2f}, {:.2f}\n",
                       variant, i + 1, through_two.back().packets_per_second, sample.packets_per_second,
                       over_a_long_path.back(), sample.sender_us, sample.forwarder_us, sample.receiver_us);
        }
        auto result = summarize(variant, through_two, through_three, over_a_long_path);
        if (const auto paid = pay_so_many_packets(two, plan_.packets_of_pay)) {
            result.pay = paid->packets / paid->seconds;
        }
        results_.payments.push_back(std::move(result));
    }

    payment_sample measure(payment_nodes& path) {
        const auto cpu = [&path] {
            std::vector<double> seconds;
            for (const proxy& daemon : path.daemons()) seconds.push_back(cpu_seconds(daemon.pids));
            return seconds;
        };
        const double sent_before = path.packets_of_payments(false);
        const double paid_before = path.packets_of_payments(true);
        const auto before = cpu();
        const ended_payment ended = pay(path, plan_.packets);
        const auto after = cpu();
        const double paid = path.packets_of_payments(true) - paid_before;
        const double sent = path.packets_of_payments(false) - sent_before;
        const auto us_of = [&](std::size_t daemon) {
            return paid > 0 ? (after[daemon] - before[daemon]) * us_per_second / paid : 0;
        };
        return {.packets_per_second = ended.seconds > 0 ? paid / ended.seconds : 0,
                .without_money = sent - paid,
                .sender_us = us_of(0),
                .forwarder_us = after.size() == 3 ? us_of(1) : 0,
                .receiver_us = us_of(after.size() - 1)};
    }

    /// A payment of so many packets. All of it has to arrive.
    ended_payment pay(payment_nodes& path, std::size_t packets) {
        const std::uint64_t amount = packets * packet_amount;
        const std::uint64_t received = path.received();
        ended_payment ended = path.pay(amount);
        if (!ended.failure.empty()) {
            results_.troubles.push_back(fmt::format("a payment has failed: {}", ended.failure));
        } else if (const auto arrived = path.received() - received;
                   ended.sent != amount || ended.delivered != amount || arrived != amount) {
            results_.troubles.push_back(fmt::format("of {}, {} was sent, {} delivered, and {} has arrived", amount,
                                                    ended.sent, ended.delivered, arrived));
        }
        return ended;
    }

    /// Alternately: one payment that takes one packet, one that is larger than the maximum of the path.
    void measure_quotes(std::string name, maximum_of maximum) {
        payment_nodes path{setup_,
                           fmt::format("payments-quotes-{}", maximum == maximum_of::sender ? "near" : "far"),
                           {.variant = plan_.variants.front(), .round_trip = plan_.round_trip, .maximum = maximum}};
        const double round_trip = std::chrono::duration<double>{plan_.round_trip}.count();
        pay(path, 1);  // connects
        std::vector<double> quotes;
        std::vector<double> wholes;
        for (std::size_t i = 0; i < plan_.repetitions; ++i) {
            wholes.push_back(pay(path, 1).seconds / round_trip);
            quotes.push_back(pay(path, 100).quote_seconds / round_trip);
        }
        quote_times times{.path = std::move(name), .quote = median_of(quotes), .whole = median_of(wholes), .pay = {}};
        if (const auto paid = pay_so_many_packets(path, 10)) times.pay = paid->quote_seconds / round_trip;
        fmt::print(stderr, "{}: a quote takes {:.2f} round trips\n", times.path, times.quote);
        results_.quotes.push_back(std::move(times));
    }

    std::optional<paid_by_pay> pay_so_many_packets(payment_nodes& path, std::size_t packets) {
        auto paid = pay_with_pay(setup_, path, packets * packet_amount);
        if (paid && !paid->trouble.empty()) results_.troubles.push_back("@interledger/pay: " + paid->trouble);
        return paid;
    }

    const setup& setup_;
    const payments_plan& plan_;
    payments_results results_;
};

double part_of(double part, double whole) {
    return whole > 0 ? part / whole : 0;
}

payment_sample median_of_each(const std::vector<payment_sample>& samples) {
    const auto median_of_one = [&samples](double payment_sample::* which) {
        std::vector<double> values;
        for (const auto& sample : samples) values.push_back(sample.*which);
        return median_of(std::move(values));
    };
    return {.packets_per_second = median_of_one(&payment_sample::packets_per_second),
            .without_money = median_of_one(&payment_sample::without_money),
            .sender_us = median_of_one(&payment_sample::sender_us),
            .forwarder_us = median_of_one(&payment_sample::forwarder_us),
            .receiver_us = median_of_one(&payment_sample::receiver_us)};
}

std::optional<double> beside_pay(const payments_result& row) {
    return row.pay ? std::optional{part_of(row.through_two.packets_per_second, *row.pay)} : std::nullopt;
}

std::string figure_text(const std::optional<double>& value, int digits) {
    return value ? fmt::format("{:.{}f}", *value, digits) : std::string{};
}

void set(json::object& row, std::string_view key, const std::optional<double>& value) {
    if (value) row[key] = *value;
}

}  // namespace

payments_result summarize(std::string variant, const std::vector<payment_sample>& through_two,
                          const std::vector<payment_sample>& through_three, const std::vector<double>& far) {
    std::vector<double> senders;
    std::vector<double> receivers;
    for (const auto& sample : through_three) {
        senders.push_back(part_of(sample.sender_us, sample.forwarder_us));
        receivers.push_back(part_of(sample.receiver_us, sample.forwarder_us));
    }
    return {.variant = std::move(variant),
            .through_two = median_of_each(through_two),
            .through_three = median_of_each(through_three),
            .sender = median_of(senders),
            .receiver = median_of(receivers),
            .far = median_of(far),
            .pay = {}};
}

payments_results measure_payments(const setup& setup, const payments_plan& plan) {
    return payments_run{setup, plan}.run();
}

std::vector<target> check_targets(const payments_plan& plan, const payments_results& results) {
    std::vector<target> targets;
    for (const auto& variant : plan.variants) {
        const auto found = std::ranges::find(results.payments, variant, &payments_result::variant);
        const auto* const row = found == results.payments.end() ? nullptr : &*found;
        const auto figure = [row](double payments_result::* which) {
            return row == nullptr ? std::nullopt : std::optional{row->*which};
        };
        targets.push_back({fmt::format("packets/s of a payment / @interledger/pay, {}", variant), targeted_ratio_to_pay,
                           false, row == nullptr ? std::nullopt : beside_pay(*row)});
        targets.push_back({fmt::format("CPU per packet, sender of a payment / forwarder, {}", variant),
                           targeted_ratio_to_forwarder, true, figure(&payments_result::sender)});
        targets.push_back({fmt::format("CPU per packet, receiver of a payment / forwarder, {}", variant),
                           targeted_ratio_to_forwarder, true, figure(&payments_result::receiver)});
    }
    std::optional<double> slowest;
    for (const auto& row : results.quotes) slowest = std::max(slowest.value_or(row.quote), row.quote);
    targets.push_back({"time of a quote over two daemons, in round trips", targeted_round_trips, true, slowest});
    return targets;
}

std::string as_table(const conditions& conditions, const payments_plan& plan, const payments_results& results) {
    std::string text = fmt::format("{:<12} {:>10} {:>8} {:>8} {:>10} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}\n", "",
                                   "packets/s", "pay", "rate", "without", "far", "three", "sender", "forwarder",
                                   "receiver", "sender /", "receiver /");
    for (const auto& row : results.payments) {
        text += fmt::format(
            "{:<12} {:>10.0f} {:>8} {:>8} {:>10.0f} {:>10.0f} {:>9.0f} {:>9.2f} {:>9.2f} {:>9.2f} {:>9.2f} {:>9.2f}\n",
            row.variant, row.through_two.packets_per_second, figure_text(row.pay, 0), figure_text(beside_pay(row), 1),
            row.through_two.without_money, row.far, row.through_three.packets_per_second, row.through_three.sender_us,
            row.through_three.forwarder_us, row.through_three.receiver_us, row.sender, row.receiver);
    }
    text += fmt::format(
        "\nPayments of {} packets by ilpd to an account of another ilpd. packets/s: through these two, from the "
        "request until the end is stored. pay: those of @interledger/pay through the same two, in a payment of {} "
        "packets. rate: packets/s divided by pay. without: packets of the payment that carried no money, or whose "
        "money did not arrive. far: packets/s when the round trip between the two takes {} ms. three: packets/s "
        "through "
        "a third daemon between them. sender, forwarder, receiver: CPU us per packet of each of these three. sender /, "
        "receiver /: their CPU divided by the forwarder's. All daemons share the cores.\n\n",
        plan.packets, plan.packets_of_pay, plan.round_trip.count());
    text += fmt::format("{:<30} {:>10} {:>10} {:>10}\n", "in round trips", "quote", "pay", "whole");
    for (const auto& row : results.quotes) {
        text +=
            fmt::format("{:<30} {:>10.2f} {:>10} {:>10.2f}\n", row.path, row.quote, figure_text(row.pay, 2), row.whole);
    }
    text += fmt::format(
        "\nTwo daemons whose round trip takes {} ms. quote: the time until a payment is agreed, its receiver is looked "
        "up included. pay: that of @interledger/pay. whole: the time in which a payment of one packet is quoted, made "
        "and stored.\n",
        plan.round_trip.count());
    for (const auto& trouble : results.troubles) text += fmt::format("WRONG: {}\n", trouble);
    return text + as_text(conditions);
}

json::value as_json(const conditions& conditions, const payments_plan& plan, const payments_results& results) {
    json::array rows;
    for (const auto& row : results.payments) {
        json::object object{{"variant", row.variant},
                            {"packets_per_second", row.through_two.packets_per_second},
                            {"without_money", row.through_two.without_money},
                            {"packets_per_second_far", row.far},
                            {"packets_per_second_through_three", row.through_three.packets_per_second},
                            {"sender_us", row.through_three.sender_us},
                            {"forwarder_us", row.through_three.forwarder_us},
                            {"receiver_us", row.through_three.receiver_us},
                            {"sender", row.sender},
                            {"receiver", row.receiver}};
        set(object, "packets_per_second_of_pay", row.pay);
        rows.push_back(std::move(object));
    }
    json::array quotes;
    for (const auto& row : results.quotes) {
        json::object object{{"path", row.path}, {"quote", row.quote}, {"whole", row.whole}};
        set(object, "quote_of_pay", row.pay);
        quotes.push_back(std::move(object));
    }
    return {{"conditions", to_json(conditions)},
            {"packets", plan.packets},
            {"packets_of_pay", plan.packets_of_pay},
            {"round_trip_ms", plan.round_trip.count()},
            {"payments", std::move(rows)},
            {"quotes", std::move(quotes)},
            {"troubles", json::value_from(results.troubles)}};
}

}  // namespace bench
