#include "peering/records/uuid.hpp"
#include "tests/integration/payment_events.hpp"
#include "tests/integration/store_place.hpp"
#include "tests/support/admin_client.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/metrics.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace payment_test {

namespace {

using namespace support;
using namespace std::chrono_literals;

constexpr std::uint64_t deposit = 10'000'000;

struct payment_row {
    std::string status;
    std::uint64_t sent = 0;
    std::uint64_t delivered = 0;
    std::string failure;
};

/// Two daemons that are peers. The account alice on the one pays the account bob on the other, whose payment pointer
/// leads to its SPSP server. A packet between them carries at most `maximum`.
struct payer_and_receiver {
    /// `idle_time`: after which the receiver takes a payment for ended that was not closed.
    payer_and_receiver(store_kind kind, std::uint64_t maximum, std::uint8_t receiver_scale = 9,
                       const std::string& idle_time = "1s")
        : place{kind},
          payer{payer_terms(maximum), payer_port},
          receiver{receiver_terms(receiver_scale, idle_time), receiver_port} {
        const admin_client admin{payer.admin_port()};
        alice = text_at(admin.ask(R"({ receivingAccountByName(name: "alice") { id } })").field(), "id");
        const auto done = admin.mutate("depositReceivingAccountLiquidity", {{"receivingAccountId", alice},
                                                                            {"amount", std::to_string(deposit)},
                                                                            {"id", peering::new_uuid()},
                                                                            {"idempotencyKey", peering::new_uuid()}});
        INFO(done.text());
        REQUIRE(done.done());
    }

    daemon_terms payer_terms(std::uint64_t maximum) const {
        daemon_terms terms{.address = "test.payer"};
        terms.log_level = "info";
        terms.connector = {"workers: 2"};
        terms.store = place.url();
        terms.accounts = {{.name = "alice"}};
        terms.peers = {{.name = "receiver",
                        .port = receiver_port,
                        .terms = {"max_packet_amount: " + std::to_string(maximum)},
                        .tokens = {token_for("payer")}}};
        return terms;
    }
    daemon_terms receiver_terms(std::uint8_t scale, const std::string& idle_time) const {
        daemon_terms terms{.address = "test.receiver"};
        terms.log_level = "info";
        terms.accounts = {{.name = "bob", .code = "USD", .scale = scale}};
        terms.assets = {{"USD", 9, default_liquidity}};
        if (scale != 9) terms.assets.push_back({"USD", scale, default_liquidity});
        terms.receiving = {"secret: \"" + std::string(64, '1') + "\"", "payment_idle_time: " + idle_time};
        terms.webhooks = arrived.settings();
        terms.spsp = {"enabled: true", "listen: 127.0.0.1:" + std::to_string(spsp_port)};
        terms.peers = {{.name = "payer", .port = payer_port, .tokens = {token_for("receiver")}}};
        return terms;
    }

    std::string pointer(const std::string& account = "bob") const {
        return "http://127.0.0.1:" + std::to_string(spsp_port) + "/" + account;
    }

    /// From alice. Returns the id of the payment.
    std::string begin_payment(std::uint64_t amount, const std::string& to) const {
        return begin({{"sendAmount", std::to_string(amount)}, {"receiver", to}});
    }
    /// Delivers `amount` to bob.
    std::string begin_delivery(std::uint64_t amount, std::uint64_t send_max) const {
        return begin({{"deliverAmount", std::to_string(amount)},
                      {"sendMax", std::to_string(send_max)},
                      {"receiver", pointer()}});
    }
    std::string begin(boost::json::object input) const {
        const std::string id = peering::new_uuid();
        input["id"] = id;
        input["receivingAccountId"] = alice;
        const auto made = admin_client{payer.admin_port()}.mutate("createPayment", input);
        INFO(made.text());
        REQUIRE(made.done());
        return id;
    }

    payment_row payment() const {
        const auto rows = place.rows("SELECT status, sent, delivered, coalesce(failure, '') FROM payments");
        const auto& row = rows.at(0);
        return {row.at(0), std::stoull(row.at(1)), std::stoull(row.at(2)), row.at(3)};
    }
    /// Of all payments.
    std::uint64_t total_sent() const {
        return number(place.rows("SELECT coalesce(sum(CAST(sent AS bigint)), 0) FROM payments").at(0).at(0));
    }
    /// Waits for all payments as long as they get on.
    bool ends() const {
        const auto have_ended = [&] { return place.rows("SELECT id FROM payments WHERE ended_at IS NULL").empty(); };
        for (std::uint64_t sent = 0;;) {
            if (eventually(have_ended)) return true;
            const std::uint64_t sent_now = total_sent();
            if (sent_now == sent) return false;
            sent = sent_now;
        }
    }

    /// Also waits until what the daemon has sent to the store has been written or has gone.
    void kill_payer() {
        payer.kill9();
        if (place.url().starts_with("postgres")) {
            place.server().wait_for("SELECT count(*) FROM pg_stat_activity WHERE usename = 'ilpd'", "0");
        }
    }
    /// What the store has of alice while the daemon does not run.
    std::uint64_t stored_balance() const {
        const auto rows = place.rows(
            "SELECT a.credits_posted, a.debits_posted FROM accounts a "
            "JOIN receiving_accounts r ON r.account_id = a.id WHERE r.name = 'alice'");
        return number(rows.at(0).at(0)) - number(rows.at(0).at(1));
    }
    std::uint64_t fulfilled_packets() const {
        return static_cast<std::uint64_t>(payer.scrape().sum("ilp_payment_packets_total", {{"type", "fulfill"}}));
    }

    static std::uint64_t number(const std::string& text) { return std::stoull(text); }

    static std::uint64_t balance(const ilpd_daemon& d, const std::string& account) {
        const auto answer =
            admin_client{d.admin_port()}.ask("{ receivingAccountByName(name: \"" + account + "\") { liquidity } }");
        return std::stoull(std::string{answer.field().at("liquidity").as_string()});
    }
    std::uint64_t of_alice() const { return balance(payer, "alice"); }
    std::uint64_t of_bob() const { return balance(receiver, "bob"); }

    void expect_clean_books() {
        CHECK(payer.stop() == 0);
        CHECK(receiver.stop() == 0);
        CHECK(payer.audit().status == 0);
        CHECK(receiver.audit().status == 0);
    }

    integration::payment_events arrived;  ///< at the receiver
    store_place place;
    std::uint16_t payer_port = free_port();
    std::uint16_t receiver_port = free_port();
    std::uint16_t spsp_port = free_port();
    ilpd_daemon payer;
    ilpd_daemon receiver;
    std::string alice;  ///< id of the account
};

}  // namespace

TEMPLATE_TEST_CASE("A29-02 payments: an account pays a payment pointer in many packets, and it arrives to the unit", "",
                   on_sqlite, on_postgresql) {
    payer_and_receiver d{TestType::kind, 1000};
    d.begin_payment(1'000'001, d.pointer());
    CHECK(d.ends());
    const payment_row made = d.payment();
    INFO(made.failure);
    CHECK(made.status == "completed");
    CHECK(made.sent == 1'000'001);
    CHECK(made.delivered == 1'000'001);
    CHECK(d.of_alice() == deposit - 1'000'001);
    CHECK(d.of_bob() == 1'000'001);
    CHECK(d.payer.settled_liquidity("receiver") == default_liquidity + 1'000'001);
    CHECK(d.receiver.settled_liquidity("payer") == default_liquidity - 1'000'001);
    const auto shown = d.payer.scrape();
    CHECK(shown.sum("ilp_payments_in_progress") == 0);
    CHECK(shown.sum("ilp_payment_packets_total", {{"type", "fulfill"}}) >= 1001);
    // Usually one event; a payment that has been held up for a second has more.
    CHECK(eventually([&] { return d.arrived.total() == 1'000'001; }));
    CHECK(d.arrived.all().at(0).at("receivedAmount").at("assetScale") == 9);
    d.expect_clean_books();
}

TEMPLATE_TEST_CASE("payments: what is to be delivered arrives, in the receiver's asset", "", on_sqlite, on_postgresql) {
    payer_and_receiver d{TestType::kind, 100'000, 6};
    constexpr std::uint64_t send_max = 3'000'000 + 3'000'000 / 50;
    const std::string id = d.begin_delivery(3'000, send_max);
    CHECK(d.ends());
    const payment_row made = d.payment();
    INFO(made.failure);
    CHECK(made.status == "completed");
    CHECK(made.delivered == 3'000);
    CHECK(made.sent <= send_max);
    CHECK(d.of_bob() == 3'000);
    CHECK(d.of_alice() == deposit - made.sent);
    const auto shown =
        admin_client{d.payer.admin_port()}.ask("{ payment(id: \"" + id + "\") { requestedSendMax sendMax } }");
    CHECK(text_at(shown.field(), "requestedSendMax") == std::to_string(send_max));
    CHECK(std::stoull(text_at(shown.field(), "sendMax")) <= send_max);
    d.expect_clean_books();
}

TEST_CASE("payments: what would cost more than may be sent is not sent") {
    payer_and_receiver d{store_kind::sqlite, 100'000, 6};
    d.begin_delivery(3'000, 2'999'000);
    CHECK(d.ends());
    const payment_row made = d.payment();
    CHECK(made.status == "failed");
    CHECK(made.failure.contains("more than the 2999000 that may be sent at most (in the smallest unit of USD/9)"));
    CHECK(made.sent == 0);
    CHECK(d.of_alice() == deposit);
    CHECK(d.of_bob() == 0);
    d.expect_clean_books();
}

TEST_CASE("A29-21 payments: a payment that has arrived is reported without waiting for more") {
    payer_and_receiver d{store_kind::sqlite, 100'000, 9, "1h"};
    d.begin_payment(1'000'000, d.pointer());
    CHECK(d.ends());
    CHECK(d.payment().status == "completed");
    CHECK(eventually([&] { return d.arrived.total() == 1'000'000; }));
    CHECK(d.arrived.all().size() == 1);
    d.expect_clean_books();
}

TEST_CASE("payments: a failure says why this node itself refuses the packets, and so do the metrics") {
    payer_and_receiver d{store_kind::sqlite, 100'000};
    const admin_client admin{d.payer.admin_port()};
    const std::string peer = text_at(
        admin.ask("{ peers { edges { node { id } } } }").field().at("edges").at(0).at("node").as_object(), "id");
    const auto disabled = admin.mutate("setPeerEnabled", {{"id", peer}, {"enabled", false}});
    INFO(disabled.text());
    REQUIRE(disabled.done());
    d.begin_payment(1000, d.pointer());
    CHECK(d.ends());
    const payment_row made = d.payment();
    CHECK(made.status == "failed");
    CHECK(made.failure ==
          "No packet has reached the receiver (T01 Peer Unreachable of this node: account of the next hop is disabled "
          "(next_hop_disabled); enable the peer (`ilpctl peer enable PEER`))");
    CHECK(d.payer.scrape().sum("ilp_packets_refused_total",
                               {{"peer", "payments of this node"}, {"reason", "next_hop_disabled"}}) > 0);
    d.expect_clean_books();
}

TEST_CASE("payments: an account pays all that it has") {
    payer_and_receiver d{store_kind::sqlite, 1'000'000};
    d.begin_payment(deposit, d.pointer());
    CHECK(d.ends());
    INFO(d.payment().failure);
    CHECK(d.payment().status == "completed");
    CHECK(d.of_alice() == 0);
    CHECK(d.of_bob() == deposit);
    d.expect_clean_books();
}

TEST_CASE("payments: two payments of one account that need nearly all of it are both made") {
    payer_and_receiver d{store_kind::sqlite, deposit};
    d.begin_delivery(deposit / 2 - 100'000, deposit);
    d.begin_delivery(deposit / 2 - 100'000, deposit);
    const auto all_ended = [&] { return d.place.rows("SELECT status FROM payments WHERE ended_at IS NULL").empty(); };
    CHECK(eventually(all_ended));
    for (const auto& row : d.place.rows("SELECT status, coalesce(failure, '') FROM payments")) {
        INFO(row.at(1));
        CHECK(row.at(0) == "completed");
    }
    CHECK(d.of_bob() == deposit - 200'000);
    d.expect_clean_books();
}

TEST_CASE("payments: a request that makes no sense is refused with what is wrong") {
    const payer_and_receiver d{store_kind::sqlite, 1000};
    const admin_client admin{d.payer.admin_port()};
    const auto refused = [&](boost::json::object with) {
        with["id"] = peering::new_uuid();
        with["receivingAccountId"] = d.alice;
        if (!with.contains("receiver")) with["receiver"] = d.pointer();
        const auto answer = admin.mutate("createPayment", with);
        INFO(answer.text());
        CHECK(answer.code() == "BAD_USER_INPUT");
        return answer.text();
    };
    CHECK(refused({{"deliverAmount", "5"}}).contains("deliverAmount needs sendMax"));
    CHECK(refused({{"sendAmount", "5"}, {"sendMax", "4"}}).contains("more than the most that may be sent"));
    CHECK(refused({{"sendAmount", "5"}, {"receiver", "bob"}}).contains("receiver: a payment pointer begins with $"));
    CHECK(refused({{"sendAmount", "5"}, {"receiver", "$bob.example:3004/bob"}}).contains("has no port"));
    CHECK(refused({{"sendAmount", "5"}, {"receiver", "http://bob.example/bob"}}).contains("use https://"));
    CHECK(refused({{"sendAmount", "5"}, {"receiver", "$" + std::string(2'000, 'a')}}).contains("at most 2000"));
    CHECK(d.place.rows("SELECT id FROM payments").empty());
}

TEST_CASE("payments: a request that is repeated with another sendMax is another request") {
    const payer_and_receiver d{store_kind::sqlite, 1000};
    const admin_client admin{d.payer.admin_port()};
    boost::json::object input{{"id", peering::new_uuid()},
                              {"receivingAccountId", d.alice},
                              {"receiver", d.pointer()},
                              {"sendAmount", "5"},
                              {"sendMax", "5"},
                              {"idempotencyKey", "once"}};
    CHECK(admin.mutate("createPayment", input).done());
    CHECK(admin.mutate("createPayment", input).done());
    input["sendMax"] = "6";
    CHECK(admin.mutate("createPayment", input).code() == "CONFLICT");
    CHECK(d.place.rows("SELECT id FROM payments").size() == 1);
}

TEST_CASE("payments: they are listed, and one that is repeated is made once") {
    payer_and_receiver d{store_kind::sqlite, 1000};
    const admin_client admin{d.payer.admin_port()};
    const std::string id = d.begin_payment(5'000, d.pointer());
    CHECK(d.ends());
    const auto again =
        admin.mutate("createPayment",
                     {{"id", id}, {"receivingAccountId", d.alice}, {"receiver", d.pointer()}, {"sendAmount", "5000"}});
    CHECK(again.code() == "DUPLICATE");
    CHECK(admin.mutate("cancelPayment", {{"id", id}}).code() == "CONFLICT");
    CHECK(admin.mutate("cancelPayment", {{"id", peering::new_uuid()}}).code() == "NOT_FOUND");
    CHECK(
        admin
            .mutate("createPayment", {{"id", peering::new_uuid()}, {"receivingAccountId", d.alice}, {"receiver", "$a"}})
            .code() == "BAD_USER_INPUT");
    const std::string other = d.begin_payment(1'000, d.pointer("carol"));
    CHECK(eventually([&] {
        return text_at(admin.ask("{ payment(id: \"" + other + "\") { status } }").field(), "status") == "FAILED";
    }));
    const auto list =
        admin.ask("{ payments(first: 1) { edges { cursor node { id receiver } } pageInfo { hasNextPage } } }");
    INFO(list.text());
    const auto& edges = list.field().at("edges").as_array();
    REQUIRE(edges.size() == 1);
    CHECK(text_at(edges.at(0).at("node"), "id") == other);
    CHECK(list.field().at("pageInfo").at("hasNextPage").as_bool());
    const auto shown = admin.ask("{ payment(id: \"" + id +
                                 "\") { status sendAmount deliverAmount sent delivered receivingAccount { name } } }");
    INFO(shown.text());
    CHECK(text_at(shown.field(), "status") == "COMPLETED");
    CHECK(text_at(shown.field(), "sent") == "5000");
    CHECK(shown.field().at("deliverAmount").is_null());
    CHECK(text_at(shown.field().at("receivingAccount"), "name") == "alice");
    d.expect_clean_books();
}

TEST_CASE("payments: a receiver that does not exist is not paid") {
    payer_and_receiver d{store_kind::sqlite, 1000};
    d.begin_payment(1000, d.pointer("carol"));
    CHECK(d.ends());
    const payment_row made = d.payment();
    CHECK(made.status == "failed");
    CHECK_FALSE(made.failure.empty());
    CHECK(made.sent == 0);
    CHECK(d.of_alice() == deposit);
    d.expect_clean_books();
}

TEMPLATE_TEST_CASE("money: payments whose daemon is killed at any moment go on, and nothing is debited twice", "",
                   on_sqlite, on_postgresql) {
    constexpr int kills = 20;
    constexpr std::uint64_t amount = 200'000;
    constexpr std::uint64_t maximum = 100;
    constexpr std::uint64_t in_flight_max = 1000 * maximum;
    const std::uint64_t seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    payer_and_receiver d{TestType::kind, maximum};
    const auto expect_one_truth = [&] { CHECK(d.stored_balance() == deposit - d.total_sent()); };
    for (int kill = 0; kill < kills; ++kill) {
        if (kill % 2 == 0) {
            d.begin_payment(amount, d.pointer());
        } else {
            d.begin_delivery(amount, 2 * amount);
        }
        // Each fourth kill comes while the payment is set up.
        const std::uint64_t packets = kill % 4 == 0 ? 0 : random() % (amount / maximum);
        REQUIRE(eventually([&] { return d.fulfilled_packets() >= packets; }));
        d.kill_payer();
        expect_one_truth();
        if (kill % 5 == 0) {
            d.payer.launch();
            d.kill_payer();
        }
        d.payer.start();
    }
    // All of them go on together, and are interrupted once more.
    const std::uint64_t before = d.total_sent();
    const std::uint64_t rest = kills * amount - before;
    REQUIRE(rest > 0);
    const std::uint64_t more = random() % (rest / 2);
    REQUIRE(eventually([&] { return d.total_sent() > before + more; }));
    d.kill_payer();
    expect_one_truth();
    d.payer.start();
    CHECK(d.ends());

    constexpr std::uint64_t total = kills * amount;
    const std::string paid = std::to_string(amount);
    for (const auto& row : d.place.rows("SELECT status, sent, delivered, coalesce(failure, '') FROM payments")) {
        CHECK(row == std::vector<std::string>{"completed", paid, paid, ""});
    }
    CHECK(d.of_alice() == deposit - total);
    CHECK(d.payer.settled_liquidity("receiver") == default_liquidity + total);
    // The receiver may have fulfilled what was in flight at a kill; the payer's account was not debited for it.
    const std::uint64_t received = d.of_bob();
    CHECK(received >= total);
    CHECK(received <= total + (kills + 1) * in_flight_max);
    CHECK(d.receiver.settled_liquidity("payer") == default_liquidity - received);
    d.expect_clean_books();
}

TEMPLATE_TEST_CASE("money: a payment waits while the payer's store does not work, and then arrives to the unit", "",
                   on_sqlite, on_postgresql) {
    constexpr std::uint64_t amount = 3'000'000;
    payer_and_receiver d{TestType::kind, 100};
    d.begin_payment(amount, d.pointer());
    CHECK(eventually([&] { return d.payment().sent > 10'000; }));
    d.place.stall();
    REQUIRE(eventually([&] { return !d.payer.is_ready(); }));
    // Longer than a path may refuse every packet with T00 until the payment fails, which is about six seconds.
    const auto end = std::chrono::steady_clock::now() + 10s;
    REQUIRE(eventually([&] {
        const auto shown = d.payer.scrape();
        REQUIRE(shown.sum("ilp_payments_in_progress") == 1);
        // Packets that had not left, because they waited for a commit, are refused once. None is sent any more.
        REQUIRE(shown.sum("ilp_payment_packets_total", {{"code", "T00"}}) < 1000);
        return std::chrono::steady_clock::now() >= end;
    }));
    d.place.go_on();
    CHECK(d.ends());
    const payment_row made = d.payment();
    INFO(made.failure);
    CHECK(made.status == "completed");
    CHECK(made.sent == amount);
    CHECK(made.delivered == amount);
    CHECK(d.of_alice() == deposit - amount);
    CHECK(d.of_bob() == amount);
    CHECK(d.payer.settled_liquidity("receiver") == default_liquidity + amount);
    CHECK(d.receiver.settled_liquidity("payer") == default_liquidity - amount);
    d.expect_clean_books();
}

TEST_CASE("money: a payment goes on after an ordinary stop, and both books agree to the unit") {
    constexpr std::uint64_t amount = 2'000'000;
    payer_and_receiver d{store_kind::sqlite, 100};
    d.begin_payment(amount, d.pointer());
    CHECK(eventually([&] { return d.of_bob() > 10'000; }));
    REQUIRE(d.payer.stop() == 0);
    const payment_row before = d.payment();
    CHECK(before.status == "sending");
    CHECK(before.sent == before.delivered);
    CHECK(before.sent == d.of_bob());
    d.payer.start();
    CHECK(d.ends());
    CHECK(d.payment().status == "completed");
    CHECK(d.of_alice() == deposit - amount);
    CHECK(d.of_bob() == amount);
    d.expect_clean_books();
}

}  // namespace payment_test
