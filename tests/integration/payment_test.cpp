#include "peering/records/uuid.hpp"
#include "tests/integration/payment_events.hpp"
#include "tests/integration/store_place.hpp"
#include "tests/support/admin_client.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/metrics.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace payment_test {

namespace {

using namespace support;

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
    payer_and_receiver(store_kind kind, std::uint64_t maximum, std::uint8_t receiver_scale = 9)
        : place{kind},
          payer{payer_terms(maximum), payer_port},
          receiver{receiver_terms(receiver_scale), receiver_port} {
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
        terms.connector = {"workers: 2", "max_hold_time: 5s"};
        terms.store = place.url();
        terms.accounts = {{.name = "alice"}};
        terms.peers = {{.name = "receiver",
                        .port = receiver_port,
                        .terms = {"max_packet_amount: " + std::to_string(maximum)},
                        .tokens = {token_for("payer")}}};
        return terms;
    }
    daemon_terms receiver_terms(std::uint8_t scale) const {
        daemon_terms terms{.address = "test.receiver"};
        terms.log_level = "info";
        terms.accounts = {{.name = "bob", .code = "USD", .scale = scale}};
        terms.assets = {{"USD", 9, default_liquidity}};
        if (scale != 9) terms.assets.push_back({"USD", scale, default_liquidity});
        terms.receiving = {"secret: \"" + std::string(64, '1') + "\"", "payment_idle_time: 1s"};
        terms.webhooks = arrived.settings();
        terms.spsp = {"enabled: true", "listen: 127.0.0.1:" + std::to_string(spsp_port)};
        terms.peers = {{.name = "payer", .port = payer_port, .tokens = {token_for("receiver")}}};
        return terms;
    }

    std::string pointer(const std::string& account = "bob") const {
        return "http://127.0.0.1:" + std::to_string(spsp_port) + "/" + account;
    }

    /// From alice. Returns the id of the payment.
    std::string begin_payment(std::uint64_t amount, const std::string& to, const char* kind = "sendAmount") const {
        const std::string id = peering::new_uuid();
        const auto made = admin_client{payer.admin_port()}.mutate(
            "createPayment",
            {{"id", id}, {"receivingAccountId", alice}, {"receiver", to}, {kind, std::to_string(amount)}});
        INFO(made.text());
        REQUIRE(made.done());
        return id;
    }

    payment_row payment() const {
        const auto rows = place.rows("SELECT status, sent, delivered, coalesce(failure, '') FROM payments");
        const auto& row = rows.at(0);
        return {row.at(0), std::stoull(row.at(1)), std::stoull(row.at(2)), row.at(3)};
    }
    /// Waits as long as it gets on.
    bool ends() const {
        const auto has_ended = [&] {
            const std::string status = payment().status;
            return status != "quoting" && status != "sending";
        };
        for (std::uint64_t sent = 0;;) {
            if (eventually(has_ended)) return true;
            const std::uint64_t sent_now = payment().sent;
            if (sent_now == sent) return false;
            sent = sent_now;
        }
    }

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

TEST_CASE("payments: what is to be delivered arrives, in the receiver's asset") {
    payer_and_receiver d{store_kind::sqlite, 100'000, 6};
    d.begin_payment(3'000, d.pointer(), "deliverAmount");
    CHECK(d.ends());
    const payment_row made = d.payment();
    INFO(made.failure);
    CHECK(made.status == "completed");
    CHECK(made.delivered == 3'000);
    CHECK(d.of_bob() == 3'000);
    CHECK(d.of_alice() == deposit - made.sent);
    d.expect_clean_books();
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

TEMPLATE_TEST_CASE("money: a payment whose daemon is killed goes on after the start, and nothing is debited twice", "",
                   on_sqlite, on_postgresql) {
    constexpr std::uint64_t amount = 2'000'000;
    constexpr std::uint64_t maximum = 100;
    constexpr std::uint64_t in_flight_max = 1000 * maximum;
    payer_and_receiver d{TestType::kind, maximum};
    d.begin_payment(amount, d.pointer());
    CHECK(eventually([&] { return d.payment().sent > 100 * maximum; }));
    d.payer.kill9();
    if (TestType::kind == store_kind::postgresql) {
        // A session may still end the commit that it has received.
        d.place.server().wait_for("SELECT count(*) FROM pg_stat_activity WHERE usename = 'ilpd'", "0");
    }
    const payment_row before = d.payment();
    CHECK(before.status == "sending");
    CHECK(before.sent > 0);
    CHECK(before.sent < amount);
    d.payer.start();
    CHECK(d.of_alice() <= deposit - before.sent);
    CHECK(d.ends());
    const payment_row made = d.payment();
    INFO(made.failure);
    CHECK(made.status == "completed");
    CHECK(made.sent == amount);
    CHECK(made.delivered == amount);
    CHECK(d.of_alice() == deposit - amount);
    // The receiver may have fulfilled what was in flight at the kill; the payer's account was not debited for it.
    CHECK(d.of_bob() >= amount);
    CHECK(d.of_bob() <= amount + in_flight_max);
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
