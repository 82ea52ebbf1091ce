#include "tests/bench/payments.hpp"

#include "tests/bench/delayed_path.hpp"
#include "tests/support/socket.hpp"

#include <catch2/catch.hpp>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace payments_test {

namespace {

const std::vector<bench::payment_sample> through_two{
    {.packets_per_second = 10'000, .without_money = 7},
    {.packets_per_second = 12'000, .without_money = 9},
    {.packets_per_second = 30'000, .without_money = 7},
};
const std::vector<bench::payment_sample> through_three{
    {.sender_us = 30, .forwarder_us = 10, .receiver_us = 15},
    {.sender_us = 12, .forwarder_us = 8, .receiver_us = 16},
    {.sender_us = 20, .forwarder_us = 20, .receiver_us = 20},
};

const bench::target& find(const std::vector<bench::target>& targets, std::string_view start) {
    return *std::ranges::find_if(targets, [&](const auto& target) { return target.what.starts_with(start); });
}

}  // namespace

TEST_CASE("sender and receiver of a payment are compared with the forwarder of the same payment") {
    const auto result = bench::summarize("ilpd-memory", through_two, through_three, {1, 2, 3});
    CHECK(result.through_two.packets_per_second == 12'000);
    CHECK(result.through_two.without_money == 7);
    CHECK(result.through_three.sender_us == 20);
    CHECK(result.sender == Approx(1.5));    // of 3, 1.5 and 1
    CHECK(result.receiver == Approx(1.5));  // of 1.5, 2 and 1
    CHECK(result.far == 2);
}

TEST_CASE("the targets of payments are about each variant, and about the slowest quote") {
    const bench::payments_plan plan{.variants = {"ilpd-memory", "ilpd-sqlite"}};
    auto measured = bench::summarize("ilpd-memory", through_two, through_three, {1});
    measured.pay = 200;
    const bench::payments_results results{
        .payments = {measured}, .quotes = {{.path = "near", .quote = 1.1}, {.path = "far", .quote = 2.5, .pay = 11}}};
    const auto targets = bench::check_targets(plan, results);
    const auto& rate = find(targets, "packets/s of a payment / @interledger/pay, ilpd-memory");
    CHECK(rate.reached == Approx(60));
    CHECK(rate.is_met());
    CHECK(find(targets, "CPU per packet, sender of a payment / forwarder, ilpd-memory").is_met());
    CHECK_FALSE(find(targets, "CPU per packet, receiver of a payment / forwarder, ilpd-sqlite").reached);
    const auto& quote = find(targets, "time of a quote");
    CHECK(quote.reached == Approx(2.5));
    CHECK_FALSE(quote.is_met());
}

TEST_CASE("nothing is said about a payment by a program that was not there") {
    const bench::payments_plan plan{.variants = {"ilpd-memory"}};
    const bench::payments_results results{
        .payments = {bench::summarize("ilpd-memory", through_two, through_three, {1})}};
    CHECK_FALSE(find(bench::check_targets(plan, results), "packets/s of a payment").reached);
}

TEST_CASE("bytes take at least their time on a delayed path, in both directions, and arrive in order") {
    const auto listener = support::listen_on(0);
    constexpr auto one_way = std::chrono::milliseconds{5};
    const bench::delayed_path path{support::local_port(listener), one_way};
    const auto client = support::connect_to(path.port());
    const support::descriptor server{::accept(listener.get(), nullptr, nullptr)};
    const auto begin = std::chrono::steady_clock::now();
    REQUIRE(support::send_all(client, "first "));
    REQUIRE(support::send_all(client, "second"));
    std::string arrived;
    while (arrived.size() < 12)
        REQUIRE(support::read_some(server, arrived, support::patience) == support::read_result::data);
    CHECK(arrived == "first second");
    REQUIRE(support::send_all(server, "third"));
    std::string answer;
    while (answer.size() < 5)
        REQUIRE(support::read_some(client, answer, support::patience) == support::read_result::data);
    CHECK(answer == "third");
    CHECK(std::chrono::steady_clock::now() - begin >= 2 * one_way);
}

}  // namespace payments_test
