#include "tests/integration/store_blockade.hpp"
#include "tests/support/rig.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <sqlite3.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace webhook_test {

namespace {

using namespace support;
using namespace std::chrono_literals;
using integration::store_blockade;

constexpr std::string_view signing_secret = "between-you-and-me-secret";

/// The first column of the first row.
std::string query(const std::filesystem::path& database, const char* sql) {
    sqlite3* handle = nullptr;
    sqlite3_stmt* statement = nullptr;
    std::string text;
    const bool found = sqlite3_open_v2(database.c_str(), &handle, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK &&
                       sqlite3_prepare_v2(handle, sql, -1, &statement, nullptr) == SQLITE_OK &&
                       sqlite3_step(statement) == SQLITE_ROW;
    if (found) text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    sqlite3_close(handle);
    if (!found) throw std::runtime_error{std::string{"no row: "} + sql};
    return text;
}

/// The signature that openssl computes from time and body, implemented here once more.
std::string signature_of(const std::string& time, ilp::bytes_view body) {
    const std::string text = time + "." + std::string{ilp::as_text(body)};
    ilp::bytes digest(32);
    HMAC(EVP_sha256(), signing_secret.data(), static_cast<int>(signing_secret.size()), ilp::as_bytes(text).data(),
         text.size(), digest.data(), nullptr);
    return "t=" + time + ", v1=" + to_hex(digest);
}

/// The event in a request, after a check of the request's form and signature.
boost::json::object event_in(const http_message& request) {
    CHECK(request.start_line == "POST /hook HTTP/1.1");
    CHECK(request.header("content-type") == "application/json");
    const auto signature = request.header("rafiki-signature");
    REQUIRE(signature);
    REQUIRE(signature->starts_with("t="));
    const std::string time = signature->substr(2, signature->find(',') - 2);
    CHECK(*signature == signature_of(time, request.body));
    const auto age = now().time_since_epoch() - milliseconds{std::stoll(time)};
    CHECK(age >= 0ms);
    CHECK(age < patience);
    const auto text = ilp::as_text(request.body);
    return boost::json::parse(boost::json::string_view{text.data(), text.size()}).as_object();
}

std::string text_at(const boost::json::object& object, const char* key) {
    return std::string{object.at(key).as_string()};
}

/// p1 can send 1000; its threshold is 900.
struct webhook_rig {
    webhook_rig() : webhook_rig{[](daemon_terms&) {}} {}

    template <typename change_terms>
    explicit webhook_rig(const change_terms& change)
        : r{[&](daemon_terms& terms) {
              terms.peers[0].liquidity = 1000;
              terms.peers[0].terms = {"liquidity_threshold: 900"};
              terms.webhooks = {"url: \"http://127.0.0.1:" + std::to_string(receiver.port()) + "/hook\"",
                                "secret: " + std::string{signing_secret}};
              change(terms);
          }} {}

    std::filesystem::path database() const { return r.d.folder() / "ilpd.db"; }
    void send(std::uint64_t amount) { REQUIRE(outcome(r.send({.amount = amount})) == "fulfill"); }
    /// What was posted, but for the doubts about the books that a kill -9 leaves.
    std::vector<http_message> requests() const {
        auto all = receiver.requests();
        std::erase_if(
            all, [](const http_message& each) { return text_at(event_in(each), "type") == "peer.books_in_doubt"; });
        return all;
    }
    bool wait_for_requests(std::size_t count) const {
        return eventually([&] { return requests().size() >= count; });
    }
    /// Waits until there is nothing left to deliver.
    bool wait_until_delivered() const {
        return eventually([this] { return r.d.scrape().sum("ilp_webhooks_pending") == 0; });
    }
    std::size_t attempts(const char* result) const {
        return static_cast<std::size_t>(r.d.scrape().sum("ilp_webhook_attempts_total", {{"result", result}}));
    }

    fake_peer receiver{[](const http_message&) { return answer_http(200); }};
    rig r;
};

}  // namespace

TEST_CASE("webhooks: a peer's liquidity raises one signed event each time that it falls to its threshold") {
    webhook_rig w;
    w.send(50);  // balance 950
    w.send(50);  // balance 900
    REQUIRE(w.receiver.wait_for_requests(1));
    const auto first = event_in(w.receiver.requests().at(0));
    const std::string peer = query(w.database(), "SELECT uuid FROM peers WHERE name = 'p1'");
    const std::string asset = query(w.database(), "SELECT uuid FROM assets");
    CHECK(first == boost::json::object{{"id", first.at("id")},
                                       {"type", "peer.liquidity_low"},
                                       {"data",
                                        {{"id", peer},
                                         {"asset", {{"id", asset}, {"code", "USD"}, {"scale", 9}}},
                                         {"liquidityThreshold", "900"},
                                         {"balance", "900"}}}});
    CHECK(text_at(first, "id") == query(w.database(), "SELECT uuid FROM events"));

    for (int i = 0; i < 5; ++i) w.send(20);                                                        // balance 800
    REQUIRE(outcome(w.r.d.post({.amount = 300, .destination = "test.p1.x"}, "p2")) == "fulfill");  // balance 1100
    w.send(250);                                                                                   // balance 850
    REQUIRE(w.receiver.wait_for_requests(2));
    const auto second = event_in(w.receiver.requests().at(1));
    CHECK(second.at("data").at("balance") == "850");
    CHECK(second.at("id") != first.at("id"));

    REQUIRE(w.wait_until_delivered());
    CHECK(w.receiver.request_count() == 2);
    CHECK(w.attempts("delivered") == 2);
    CHECK(w.attempts("failed") == 0);
    CHECK(query(w.database(), "SELECT count(*) FROM events WHERE delivered_at IS NOT NULL AND due IS NULL") == "2");
    CHECK(!w.r.d.log().contains(signing_secret));
}

TEST_CASE("webhooks: an asset whose liquidity pays for packets between scales raises an event") {
    webhook_rig w{[](daemon_terms& terms) {
        terms.peers[0].terms.clear();
        terms.peers[0].liquidity = 1'000'000;
        terms.peers[1].scale = 6;
        terms.assets = {{.scale = 6, .liquidity = 1000, .liquidity_threshold = 900}};
    }};
    w.send(99'000);  // balance 901 at scale 6
    w.send(2'000);   // balance 899
    w.send(2'000);
    REQUIRE(w.receiver.wait_for_requests(1));
    const auto event = event_in(w.receiver.requests().at(0));
    const std::string asset = query(w.database(), "SELECT uuid FROM assets WHERE scale = 6");
    CHECK(event.at("type") == "asset.liquidity_low");
    CHECK(event.at("data") == boost::json::object{{"id", asset},
                                                  {"asset", {{"id", asset}, {"code", "USD"}, {"scale", 6}}},
                                                  {"liquidityThreshold", "900"},
                                                  {"balance", "899"}});
    REQUIRE(w.wait_until_delivered());
    CHECK(w.receiver.request_count() == 1);
}

TEST_CASE("webhooks: an event that was refused is posted again at its time, also by a daemon that was killed") {
    webhook_rig w;
    w.receiver.set_script([](const http_message&) { return answer_http(500); });
    w.send(100);
    REQUIRE(w.wait_for_requests(1));
    const auto refused = now();
    REQUIRE(eventually([&] { return query(w.database(), "SELECT attempts FROM events") == "1"; }));
    CHECK(w.attempts("failed") == 1);
    CHECK(w.r.d.scrape().sum("ilp_webhooks_pending") == 1);

    w.r.d.kill9();
    w.receiver.set_script([](const http_message&) { return answer_http(200); });
    w.r.d.start();
    CHECK(w.r.d.scrape().sum("ilp_webhooks_given_up_total") == 0);
    REQUIRE(w.wait_for_requests(2));
    CHECK(now() - refused >= 9900ms);
    const auto requests = w.requests();
    CHECK(event_in(requests[1]) == event_in(requests[0]));
    CHECK(requests[1].header("rafiki-signature") != requests[0].header("rafiki-signature"));
    REQUIRE(w.wait_until_delivered());
    CHECK(w.requests().size() == 2);
}

TEST_CASE("webhooks: an event that a killed daemon had not delivered is delivered by the next one") {
    webhook_rig w;
    w.receiver.set_script([](const http_message&) { return answer_silence(); });
    w.send(100);
    REQUIRE(w.wait_for_requests(1));
    w.r.d.kill9();
    w.receiver.set_script([](const http_message&) { return answer_http(200); });
    w.r.d.start();
    REQUIRE(w.wait_for_requests(2));
    const auto requests = w.requests();
    CHECK(event_in(requests[1]) == event_in(requests[0]));
    REQUIRE(w.wait_until_delivered());
}

TEST_CASE("webhooks: an event delivered while the store is down is posted once by each daemon until that is saved") {
    webhook_rig w;
    const auto hold = std::make_shared<gate>();
    w.receiver.set_script([&](const http_message&) {
        auto answer = answer_http(200);
        answer.held_by = hold;
        return answer;
    });
    w.send(100);
    REQUIRE(w.wait_for_requests(1));
    {
        const store_blockade blockade{w.database()};
        hold->open();
        REQUIRE(eventually([&] { return w.r.d.scrape().sum("ilp_store_commit_failures_total") > 0; }));
        CHECK(w.attempts("delivered") == 1);
        CHECK(w.requests().size() == 1);
        w.r.d.kill9();
    }
    w.r.d.start();
    REQUIRE(w.wait_for_requests(2));
    REQUIRE(w.wait_until_delivered());
    const auto requests = w.requests();
    REQUIRE(requests.size() == 2);
    CHECK(event_in(requests[1]) == event_in(requests[0]));
}

TEST_CASE("webhooks: a balance that goes up and down, and a receiver that refuses, are one line of the log each") {
    constexpr int times = 10;
    webhook_rig w{[](daemon_terms& terms) { terms.log_level = "info"; }};
    w.receiver.set_script([](const http_message&) { return answer_http(500); });
    for (int i = 0; i < times; ++i) {
        w.send(200);  // balance 800
        REQUIRE(outcome(w.r.d.post({.amount = 200, .destination = "test.p1.x"}, "p2")) == "fulfill");
    }
    REQUIRE(w.receiver.wait_for_requests(times));
    REQUIRE(eventually([&] { return w.attempts("failed") >= times; }));
    CHECK(w.r.d.stop() == 0);
    const std::string log = w.r.d.log();
    INFO(log);
    const auto count = [&log](std::string_view text) {
        int found = 0;
        for (std::size_t at = 0; (at = log.find(text, at)) != std::string::npos; at += text.size()) ++found;
        return found;
    };
    CHECK(count("liquidity is low") == 1);
    CHECK(count("a webhook was not delivered") == 1);
    CHECK(count("kind=liquidity") == 1);
    CHECK(count("kind=webhook source=\"HTTP status 500\"") == 1);
}

TEST_CASE("webhooks: without a URL, low liquidity is logged and no event is stored") {
    webhook_rig w{[](daemon_terms& terms) { terms.webhooks.clear(); }};
    w.send(100);
    REQUIRE(eventually([&] { return w.r.d.log().contains("liquidity is low"); }));
    CHECK(query(w.database(), "SELECT count(*) FROM events") == "0");
    CHECK(!w.r.d.scrape().has("ilp_webhooks_pending"));
    CHECK(w.receiver.request_count() == 0);
}

TEST_CASE("webhooks: many crossings under load are each delivered once") {
    webhook_rig w{[](daemon_terms& terms) { terms.log_level = "info"; }};
    constexpr int crossings = 100;
    for (int i = 0; i < crossings; ++i) {
        w.send(200);
        REQUIRE(outcome(w.r.d.post({.amount = 200, .destination = "test.p1.x"}, "p2")) == "fulfill");
    }
    REQUIRE(w.receiver.wait_for_requests(crossings));
    REQUIRE(w.wait_until_delivered());
    std::vector<std::string> ids;
    for (const http_message& request : w.receiver.requests()) ids.push_back(text_at(event_in(request), "id"));
    CHECK(ids.size() == crossings);
    std::ranges::sort(ids);
    CHECK(std::ranges::adjacent_find(ids) == ids.end());
}

}  // namespace webhook_test
