#include "ilp/stream/receiver_token.hpp"
#include "tests/integration/payment_events.hpp"
#include "tests/support/admin_client.hpp"
#include "tests/support/rig.hpp"
#include "tests/support/stream_sender.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <initializer_list>
#include <map>
#include <random>
#include <string>
#include <thread>

namespace receive_test {

namespace {

using namespace support;
using namespace std::chrono_literals;
namespace stream = ilp::stream;

constexpr std::uint64_t asset_deposit = 1'000'000'000;

const std::string server_secret(64, '1');

/// The id of the first account in the file.
constexpr std::uint32_t first_account = 1;

void add_accounts(daemon_terms& terms) {
    terms.log_level = "info";
    terms.assets = {{"USD", 9, asset_deposit}, {"EUR", 6, asset_deposit}};
    terms.rates = {"fixed: [{base: USD, quote: EUR, rate: 0.5}]"};
    terms.receiving = {"secret: \"" + server_secret + "\""};
    terms.accounts = {{"alice"}, {"bob", "EUR", 6}};
}

/// What the daemon itself gives to a sender.
stream_sender sender_to(std::uint32_t account) {
    ilp::digest secret;
    secret.fill(0x11);
    stream::envelope_cipher cipher;
    const auto token = stream::receiver_secrets{std::span{&secret, 1}}.make_token(cipher, {account, now() + 1h});
    return {"test.d." + token.segment, token.shared_secret};
}

/// The balance of a receiving account, as operators see it.
std::uint64_t balance(const ilpd_daemon& d, std::string_view name) {
    const auto answer = admin_client{d.admin_port()}.ask("{ receivingAccountByName(name: \"" + std::string{name} +
                                                         "\") { liquidity } }");
    return std::stoull(std::string{answer.field().at("liquidity").as_string()});
}

/// Requires a Fulfill with the receiver's reply. Returns the amount that has arrived.
std::uint64_t pay(http_connection& connection, stream_sender& sender, std::uint64_t amount, std::uint64_t minimum,
                  std::initializer_list<stream::frame> frames = {}) {
    const auto request = sender.next(minimum, frames);
    auto response = connection.exchange(ilp_request(encode(prepare{
        .amount = amount, .destination = sender.destination(), .data = request.data, .condition = request.condition})));
    REQUIRE(outcome(response) == "fulfill");
    const auto fulfill = ilp::fulfill_view::parse(response->body).value();
    CHECK(ilp::fulfills(fulfill.fulfillment(), request.condition));
    const auto reply = sender.reply(request, ilp::packet_type::fulfill, fulfill.data());
    REQUIRE(reply);
    return reply->head().amount.value;
}

prepare to_send(const stream_sender& sender, const stream_sender::request& request) {
    return {.destination = sender.destination(), .data = request.data, .condition = request.condition};
}

/// Sends what `next` returns until the daemon is killed or gone. `told` counts the Fulfills that have arrived.
template <typename Next>
void pay_until_killed(const ilpd_daemon& d, const std::atomic<bool>& killed, std::atomic<std::uint64_t>& told,
                      Next next) {
    try {
        http_connection connection{d.port()};
        while (!killed) {
            const auto response = connection.exchange(ilp_request(encode(next())));
            if (!response) return;
            if (outcome(response) == "fulfill") ++told;
        }
    } catch (const std::system_error&) {  // the daemon is gone
    }
}

}  // namespace

TEST_CASE(
    "A29-02 A29-07 A29-26: a payment of several packets arrives, in the account's currency, and survives a restart") {
    rig r{add_accounts};
    auto to_alice = sender_to(first_account);
    auto to_bob = sender_to(first_account + 1);
    constexpr std::uint64_t packets = 20;
    {
        http_connection connection{r.d.port()};
        for (std::uint64_t i = 0; i < packets; ++i) {
            CHECK(pay(connection, to_alice, 1000, 1000) == 1000);
            CHECK(pay(connection, to_bob, 2'000'000, 900) == 1000);
        }
    }
    const auto expect_paid = [&] {
        CHECK(balance(r.d, "alice") == packets * 1000);
        CHECK(balance(r.d, "bob") == packets * 1000);
        CHECK(r.d.liquidity("p1") == default_liquidity - packets * 2'001'000);
        CHECK(r.d.asset_liquidity("USD", 9) == asset_deposit + packets * 2'000'000);
        CHECK(r.d.asset_liquidity("EUR", 6) == asset_deposit - packets * 1000);
    };
    expect_paid();
    CHECK(r.d.audit().status == 0);
    CHECK(r.d.stop() == 0);
    r.d.start();
    expect_paid();
    CHECK(r.d.audit().status == 0);
    // The addresses of before are still paid.
    http_connection connection{r.d.port()};
    CHECK(pay(connection, to_alice, 1, 1) == 1);
    CHECK(balance(r.d, "alice") == packets * 1000 + 1);
    CHECK(r.p2.request_count() == 0);
}

TEST_CASE("A29-08 A29-09 A29-34: a probe learns what arrives, and pays nothing") {
    rig r{add_accounts};
    auto sender = sender_to(first_account + 1);
    const auto request = sender.next(0, {stream::connection_new_address{"test.p1"}});
    const auto response = r.send(prepare{.amount = 3'000'000,
                                         .destination = sender.destination(),
                                         .data = request.data,
                                         .condition = ilp::sha256(random_bytes(32))});
    REQUIRE(response);
    ilp::bytes body{response->body};
    const auto reject = ilp::reject_view::parse(body).value();
    CHECK(reject.code() == "F99");
    CHECK(reject.triggered_by() == "test.d");
    CHECK(reject.message().empty());
    const auto reply = sender.reply(request, ilp::packet_type::reject, reject.data());
    REQUIRE(reply);
    CHECK(reply->head().amount == ilp::amount{1500});
    CHECK(balance(r.d, "bob") == 0);
    r.expect_untouched();
}

TEST_CASE("A29-28: a packet that has expired when it arrives is not fulfilled, and pays nothing") {
    rig r{add_accounts};
    auto sender = sender_to(first_account);
    const auto request = sender.next(1);
    prepare late{
        .amount = 1000, .destination = sender.destination(), .data = request.data, .condition = request.condition};
    late.expires_at = now() - 1s;
    CHECK(outcome(r.send(late)) == "R00");
    CHECK(balance(r.d, "alice") == 0);
    r.expect_untouched();
}

TEST_CASE("webhooks: a payment that its sender closes is reported at once, and another one when nothing more comes") {
    const integration::payment_events events;
    rig r{[&](daemon_terms& terms) {
        add_accounts(terms);
        terms.connector = {"workers: 2"};
        terms.receiving.emplace_back("payment_idle_time: 5s");  // no packet is held up for so long
        terms.webhooks = events.settings();
    }};
    auto to_alice = sender_to(first_account);
    auto to_bob = sender_to(first_account + 1);
    {
        // Of the two workers, either may have a connection.
        http_connection one{r.d.port()};
        http_connection other{r.d.port()};
        for (int i = 0; i < 5; ++i) {
            CHECK(pay(one, to_alice, 1000, 1000) == 1000);
            CHECK(pay(other, to_alice, 10, 10) == 10);
            CHECK(pay(other, to_bob, 2'000'000, 900) == 1000);
        }
        // An ordinary sender ends with a packet without money, which may have any condition.
        const auto last = to_alice.next(0, {stream::connection_close{stream::close_code::no_error, ""}});
        const auto response = one.exchange(ilp_request(encode(prepare{.amount = 0,
                                                                      .destination = to_alice.destination(),
                                                                      .data = last.data,
                                                                      .condition = ilp::sha256(random_bytes(32))})));
        CHECK(outcome(response) == "F99");
    }
    CHECK(eventually([&] { return events.all().size() == 2; }));
    std::map<std::string, boost::json::object> by_code;
    for (auto& data : events.all()) {
        by_code.emplace(data.at("receivedAmount").at("assetCode").as_string(), std::move(data));
    }
    REQUIRE(by_code.size() == 2);
    CHECK(by_code.at("USD").at("receivedAmount") ==
          boost::json::object{{"value", "5050"}, {"assetCode", "USD"}, {"assetScale", 9}});
    CHECK(by_code.at("USD").at("packets") == 10);
    CHECK(by_code.at("EUR").at("receivedAmount") ==
          boost::json::object{{"value", "5000"}, {"assetCode", "EUR"}, {"assetScale", 6}});
    CHECK(by_code.at("USD").at("connectionId") != by_code.at("EUR").at("connectionId"));
    const auto alice = admin_client{r.d.admin_port()}.ask("{ receivingAccountByName(name: \"alice\") { id } }");
    CHECK(by_code.at("USD").at("walletAddressId") == alice.field().at("id"));
    CHECK(r.d.stop() == 0);
    CHECK(r.d.audit().status == 0);
    // A stop adds nothing.
    r.d.start();
    CHECK(eventually([&] { return r.d.scrape().sum("ilp_webhooks_pending") == 0; }));
    CHECK(events.all().size() == 2);
}

TEST_CASE("webhooks: whenever the process is killed, the events of an account add up to what was credited") {
    const integration::payment_events events;
    rig r{[&](daemon_terms& terms) {
        add_accounts(terms);
        terms.receiving.emplace_back("payment_idle_time: 1h");
        terms.webhooks = events.settings();
    }};
    for (int round = 0; round < 3; ++round) {
        std::atomic<bool> killed{false};
        std::atomic<std::uint64_t> told{0};
        {
            const std::jthread pays{[&] {
                // Payments of three packets; the last one closes.
                auto sender = sender_to(first_account);
                pay_until_killed(r.d, killed, told, [&sender, i = 0]() mutable {
                    if (i++ % 3 == 0) sender = sender_to(first_account);
                    if (i % 3 != 0) return to_send(sender, sender.next(1));
                    return to_send(sender, sender.next(1, {stream::stream_close{1, stream::close_code::no_error, ""}}));
                });
            }};
            CHECK(eventually([&] { return told >= 20; }));
            r.d.kill9();
            killed = true;
        }
        r.d.start();
        const std::uint64_t credited = balance(r.d, "alice");
        CHECK(eventually([&] { return events.total() == credited; }));
    }
    CHECK(r.d.stop() == 0);
    CHECK(r.d.audit().status == 0);
}

TEST_CASE("money: kill -9 under payments loses none whose Fulfill the sender has received") {
    rig r{add_accounts};
    std::uint64_t booked = 0;
    for (int round = 0; round < 4; ++round) {
        INFO("round " << round);
        std::atomic<bool> killed{false};
        std::atomic<std::uint64_t> told{0};
        std::atomic<std::uint64_t> sent{0};
        {
            const std::jthread pays{[&] {
                auto sender = sender_to(first_account);
                pay_until_killed(r.d, killed, told, [&] {
                    ++sent;
                    return to_send(sender, sender.next(1));
                });
            }};
            CHECK(eventually([&] { return told >= 20; }));
            r.d.kill9();
            killed = true;
        }
        r.d.start();
        const std::uint64_t now_booked = balance(r.d, "alice");
        CHECK(now_booked >= booked + told);
        CHECK(now_booked <= booked + sent);
        CHECK(r.d.liquidity("p1") == default_liquidity - now_booked);
        booked = now_booked;
    }
    CHECK(r.d.stop() == 0);
    CHECK(r.d.audit().status == 0);
}

}  // namespace receive_test
