#include "peering/records/uuid.hpp"
#include "tests/unit/connector/ilpctl/fake_daemon.hpp"

namespace payment_verbs_test {

using namespace connector::ilpctl;
using namespace connector::ilpctl::testing;

namespace {

constexpr auto alice_id = "5b0a8cf4-0c0d-4f0e-9df8-6a1d8ec6dd54";
constexpr auto shop_id = "b9f1f6f5-8a2d-4c05-9b43-5ec0f16a1c9d";
constexpr auto pointer = "$example.com/bob";

json::object receiver_answer(const std::string& name, const std::string& id, const std::string& code = "USD",
                             int scale = 9) {
    return {{"id", id},           {"name", name},
            {"publicName", {}},   {"asset", {{"id", usd_id}, {"code", code}, {"scale", scale}}},
            {"liquidity", "100"}, {"enabled", true},
            {"origin", "API"},    {"createdAt", "2026-08-01T12:00:00.000Z"}};
}

json::object disabled(json::object receiver) {
    receiver["enabled"] = false;
    return receiver;
}

json::object payment_answer(const std::string& status, const std::string& sent) {
    const bool has_ended = status == "COMPLETED" || status == "CANCELLED";
    return {{"id", carol_id},
            {"receivingAccount", {{"id", alice_id}, {"name", "alice"}, {"asset", {{"code", "USD"}, {"scale", 9}}}}},
            {"receiver", pointer},
            {"sendAmount", "12500000000"},
            {"deliverAmount", nullptr},
            {"slippage", 100},
            {"status", status},
            {"failure", nullptr},
            {"waitsFor", status == "SENDING" ? json::value("T04 Insufficient Liquidity of test.x") : json::value{}},
            {"sendMax", status == "QUOTING" ? json::value{} : json::value("12500000000")},
            {"sent", sent},
            {"delivered", sent},
            {"createdAt", "2026-08-01T12:00:00.000Z"},
            {"endedAt", has_ended ? json::value("2026-08-01T12:00:01.000Z") : json::value{}}};
}

/// The daemon takes the payment. The words are those after "pay".
run_result pay(fake_daemon& d, std::vector<std::string> words) {
    d.will_answer(documents::create_payment, json::object{{"payment", payment_answer("QUOTING", "0")}});
    words.insert(words.begin(), {"pay", pointer});
    words.emplace_back("--no-wait");
    return d.run(words);
}

}  // namespace

TEST_CASE("ilpctl pay: the only account in the asset pays") {
    auto d = fake_daemon{};
    d.will_answer(documents::receiving_accounts,
                  page_answer({receiver_answer("euros", shop_id, "EUR", 2), receiver_answer("alice", alice_id),
                               disabled(receiver_answer("old", bob_id))}));
    const auto result = pay(d, {"12.50", "USD"});
    INFO(result.err);
    CHECK(result.status == exit_status::done);
    CHECK(result.out.contains("from               alice\n"));
    CHECK(d.input().at("receiver") == json::value(pointer));
    CHECK(d.input().at("receivingAccountId") == json::value(alice_id));
    CHECK(d.input().at("sendAmount") == json::value("12500000000"));
    CHECK(peering::is_uuid_v4(d.input().at("id").as_string()));
}

TEST_CASE("ilpctl payment show: what a payment waits for is shown") {
    auto d = fake_daemon{};
    d.will_answer(documents::payment, payment_answer("SENDING", "100"));
    const auto result = d.run({"payment", "show", carol_id});
    INFO(result.err);
    CHECK(result.status == exit_status::done);
    CHECK(result.out.contains("waits for          T04 Insufficient Liquidity of test.x\n"));
}

TEST_CASE("ilpctl pay: CODE/SCALE tells accounts of one code apart") {
    auto d = fake_daemon{};
    const auto both = page_answer({receiver_answer("alice", alice_id), receiver_answer("shop", shop_id, "USD", 2)});
    d.will_answer(documents::receiving_accounts, both);
    CHECK(pay(d, {"12.50", "USD/2"}).status == exit_status::done);
    CHECK(d.input().at("receivingAccountId") == json::value(shop_id));
    CHECK(d.input().at("sendAmount") == json::value("1250"));

    d.will_answer(documents::receiving_accounts, both);
    const auto result = pay(d, {"12.50", "USD"});
    CHECK(result.status == exit_status::usage);
    CHECK(result.err == "ilpctl: 2 receiving accounts are in USD: name the one that pays with --from, such as alice\n");
}

TEST_CASE("ilpctl pay: without an account in the asset nothing is paid") {
    auto d = fake_daemon{};
    d.will_answer(documents::receiving_accounts,
                  page_answer({disabled(receiver_answer("alice", alice_id)), receiver_answer("a", shop_id, "EUR", 2)}));
    const auto result = pay(d, {"12.50", "USD"});
    CHECK(result.status == exit_status::refused);
    CHECK(result.err ==
          "ilpctl: no receiving account that is enabled is in USD: see `ilpctl account list`, or add one with `ilpctl "
          "account create NAME --asset USD`\n");
    CHECK(d.last().field == "receivingAccounts");
}

TEST_CASE("ilpctl pay: the account that is named pays, in its asset") {
    auto d = fake_daemon{};
    const auto answer = [&] {
        d.will_answer(documents::receiving_account_by_name, receiver_answer("alice", alice_id));
    };
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
             {"12.5", "USD", "--from", "alice"}, {"12.5", "USD/9", "--from", "alice"}, {"12.5", "--from", "alice"}}) {
        answer();
        CHECK(pay(d, words).status == exit_status::done);
        CHECK(d.input().at("receivingAccountId") == json::value(alice_id));
        CHECK(d.input().at("sendAmount") == json::value("12500000000"));
    }
    answer();
    const auto result = pay(d, {"12.50", "EUR", "--from", "alice"});
    CHECK(result.status == exit_status::usage);
    CHECK(result.err == "ilpctl: ASSET: the receiving account alice is in USD/9, not in EUR\n");
}

TEST_CASE("ilpctl pay: an amount that does not fit the asset is refused before the daemon is asked to pay") {
    auto d = fake_daemon{};
    d.will_answer(documents::receiving_accounts, page_answer({receiver_answer("shop", shop_id, "USD", 2)}));
    const auto result = pay(d, {"12.505", "USD"});
    CHECK(result.status == exit_status::usage);
    CHECK(result.err == "ilpctl: AMOUNT: 12.505 has 3 decimals: USD/2 allows at most 2 decimals\n");
    CHECK(d.last().field == "receivingAccounts");

    CHECK(pay(d, {"12.50"}).err ==
          "ilpctl: name the asset after AMOUNT, as in 12.50 USD, or the account that pays with --from\n");
    CHECK(pay(d, {"12.50"}).status == exit_status::usage);

    d.will_answer(documents::receiving_accounts, page_answer({receiver_answer("alice", alice_id)}));
    const auto too_much = pay(d, {"12.50", "USD", "--slippage", "10000"});
    CHECK(too_much.status == exit_status::usage);
    CHECK(too_much.err == "ilpctl: --slippage: \"10000\": expected a whole number from 0 to 9999\n");
}

TEST_CASE("ilpctl pay: an amount to deliver is in the receiver's asset, of which nothing is known here") {
    auto d = fake_daemon{};
    CHECK(pay(d, {"1250", "USD", "--deliver", "--at-most", "13"}).status == exit_status::usage);
    CHECK(pay(d, {"1250", "--deliver", "--from", "alice"}).status == exit_status::usage);
    CHECK(pay(d, {"1250", "--deliver", "--at-most", "13"}).err.contains("--deliver needs --from ACCOUNT"));
    CHECK(d.requests.empty());
    d.will_answer(documents::receiving_account_by_name, receiver_answer("alice", alice_id));
    CHECK(pay(d, {"1250", "--deliver", "--from", "alice", "--at-most", "13"}).status == exit_status::done);
    CHECK(d.input().contains("sendMax"));
    CHECK(d.input().at("deliverAmount") == json::value("1250"));
    CHECK_FALSE(d.input().contains("sendAmount"));
}

TEST_CASE("ilpctl pay: the progress is a bar on a terminal, and lines elsewhere") {
    auto d = fake_daemon{};
    const auto run = [&] {
        d.will_answer(documents::receiving_accounts, page_answer({receiver_answer("alice", alice_id)}));
        d.will_answer(documents::create_payment, json::object{{"payment", payment_answer("QUOTING", "0")}});
        d.will_answer(documents::payment, payment_answer("QUOTING", "0"));
        d.will_answer(documents::payment, payment_answer("SENDING", "6250000000"));
        d.will_answer(documents::payment, payment_answer("COMPLETED", "12500000000"));
        const auto result = d.run({"pay", pointer, "12.50", "USD", "--id", carol_id});
        CHECK(result.status == exit_status::done);
        return result.err;
    };
    const std::string first = "payment " + std::string{carol_id} + "\n";
    CHECK(run() == first +
                       "QUOTING: sent 0.00 USD of -\n"
                       "SENDING: sent 6.25 USD of 12.50 USD\n"
                       "COMPLETED: sent 12.50 USD of 12.50 USD\n");
    d.err_is_terminal = true;
    CHECK(run() == first +
                       "\r\x1b[K[--------------------] QUOTING: sent 0.00 USD of -"
                       "\r\x1b[K[##########----------] SENDING: sent 6.25 USD of 12.50 USD"
                       "\r\x1b[K[####################] COMPLETED: sent 12.50 USD of 12.50 USD\n");
}

TEST_CASE("ilpctl pay: a payment that is cancelled is not complete, and the message begins a line of its own") {
    auto d = fake_daemon{};
    d.err_is_terminal = true;
    d.will_answer(documents::receiving_accounts, page_answer({receiver_answer("alice", alice_id)}));
    d.will_answer(documents::create_payment, json::object{{"payment", payment_answer("QUOTING", "0")}});
    d.will_answer(documents::payment, payment_answer("CANCELLED", "6250000000"));
    const auto result = d.run({"pay", pointer, "12.50", "USD"});
    CHECK(result.status == exit_status::refused);
    CHECK(result.err.ends_with("\nilpctl: the payment is not complete: it was cancelled\n"));
}

TEST_CASE("ilpctl pay: a command that is repeated with its id waits for the payment that was made") {
    const auto repeat = [](const std::string& amount, const std::vector<std::string>& options = {}) {
        auto d = fake_daemon{};
        d.will_answer(documents::receiving_accounts, page_answer({receiver_answer("alice", alice_id)}));
        d.will_refuse(documents::create_payment, "Payment already exists (DUPLICATE)", "DUPLICATE");
        d.will_answer(documents::payment, payment_answer("SENDING", "6250000000"));
        d.will_answer(documents::payment, payment_answer("COMPLETED", "12500000000"));
        auto words = std::vector<std::string>{"pay", pointer, amount, "USD", "--id", carol_id};
        words.insert(words.end(), options.begin(), options.end());
        return d.run(words);
    };
    const auto again = repeat("12.50");
    CHECK(again.status == exit_status::done);
    CHECK(again.err == "payment " + std::string{carol_id} + "\nCOMPLETED: sent 12.50 USD of 12.50 USD\n");
    CHECK(again.out.contains("status             COMPLETED\n"));

    const std::string another =
        "ilpctl: the id is that of another payment, and nothing was paid: ilpctl payment show " +
        std::string{carol_id} + "\n";
    for (const auto& options : std::vector<std::vector<std::string>>{{"--at-most", "13"}, {"--slippage", "7"}}) {
        const auto other = repeat("12.50", options);
        CHECK(other.status == exit_status::refused);
        CHECK(other.err == another);
    }
    CHECK(repeat("12.49").err == another);

    auto d = fake_daemon{};
    d.will_answer(documents::receiving_accounts, page_answer({receiver_answer("alice", alice_id)}));
    d.will_refuse(documents::create_payment, "Too many payments have not ended yet (FORBIDDEN)", "FORBIDDEN");
    CHECK(d.run({"pay", pointer, "12.50", "USD"}).err == "ilpctl: Too many payments have not ended yet (FORBIDDEN)\n");
}

TEST_CASE("ilpctl pay: a pointer that a shell has changed is refused with the way to write it") {
    auto d = fake_daemon{};
    for (const std::string receiver : {"/alice", ".example/alice", "", "12.50"}) {
        const auto result = d.run({"pay", receiver, "12.50", "USD"});
        CHECK(result.status == exit_status::usage);
        CHECK(result.err == "ilpctl: RECEIVER: \"" + receiver +
                                "\" is neither a payment pointer nor a URL. In a shell, a payment pointer needs single "
                                "quotes: '$example.com/alice'\n");
    }
    CHECK(d.requests.empty());
}

}  // namespace payment_verbs_test
