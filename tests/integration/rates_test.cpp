#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <map>
#include <mutex>
#include <random>
#include <thread>

namespace rates_test {

namespace {

using namespace support;
using namespace std::chrono_literals;

scripted_answer answer_json(std::string_view body, int status = 200) {
    return answer_http(status, to_bytes(body), "application/json");
}

/// The value of "base=" in the request.
std::string base_of(const http_message& request) {
    const auto begin = request.start_line.find("base=") + 5;
    return request.start_line.substr(begin, request.start_line.find(' ', begin) - begin);
}

std::string rates_answer(std::string_view base, std::string_view rates) {
    return R"({"base": ")" + std::string{base} + R"(", "rates": {)" + std::string{rates} + "}}";
}

/// A source of rates that counts the requests per base. By default USD buys 0.813399 EUR and EUR buys nothing.
class rate_server {
public:
    using answer_type = std::function<scripted_answer(const std::string& base)>;

    rate_server() {
        http_.set_script([this](const http_message& request) {
            const std::string base = base_of(request);
            const std::lock_guard lock{mutex_};
            ++asked_[base];
            return answer_(base);
        });
    }
    static scripted_answer usual(const std::string& base) {
        return answer_json(base == "USD" ? rates_answer(base, R"("EUR": 0.813399, "GBP": 0.7)")
                                         : rates_answer(base, R"("USD": 1.25)"));
    }
    void set(answer_type answer) {
        const std::lock_guard lock{mutex_};
        answer_ = std::move(answer);
    }
    int asked(const std::string& base) const {
        const std::lock_guard lock{mutex_};
        const auto found = asked_.find(base);
        return found == asked_.end() ? 0 : found->second;
    }
    /// Waits until the answer to a future request has been processed. Only one request is made at a time.
    void wait_for_a_whole_fetch(const std::string& base = "USD") const {
        const int before = asked(base);
        REQUIRE(eventually([&] { return asked(base) >= before + 2; }));
    }
    std::string line(std::string_view target = "/") const {
        return "url: \"http://127.0.0.1:" + std::to_string(http_.port()) + std::string{target} + "\"";
    }
    fake_peer& http() { return http_; }

private:
    mutable std::mutex mutex_;
    std::map<std::string, int> asked_;
    answer_type answer_ = usual;
    fake_peer http_;
};

struct neighbours {
    rate_server source;
    fake_peer p3;
};

/// p1 in USD, p2 in EUR and p3 in USD again. Rates are fetched often and stay usable for long.
struct rates_rig : neighbours, rig {
    explicit rates_rig(const std::function<void(daemon_terms&)>& change = [](daemon_terms&) {})
        : rig{[&](daemon_terms& terms) {
              terms.peers[1].code = "EUR";
              terms.peers.push_back({.name = "p3", .port = p3.port()});
              terms.assets = {{"USD", 9, default_liquidity}, {"EUR", 9, default_liquidity}};
              terms.rates = {source.line(), "lifetime: 100ms"};
              change(terms);
          }} {}

    /// The amount that p2 receives for 1'000'000, or the code of the refusal.
    std::string converted() {
        const auto answer = outcome(send(prepare{.amount = 1'000'000}));
        return answer == "fulfill" ? std::to_string(p2.last_prepare().amount) : answer;
    }
    bool same_currency_passes() const { return outcome(send(prepare{.destination = "test.p3"})) == "fulfill"; }
    bool eventually_converts(std::string_view to) {
        return eventually([&] { return converted() == to; });
    }
    bool logged(std::string_view text) const { return d.log().find(text) != std::string::npos; }
};

std::size_t count(std::string_view text, std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = text.find(part, at)) != std::string_view::npos; at += part.size()) ++found;
    return found;
}

}  // namespace

TEST_CASE("A27-33 A32-09: rates arrive from the source, packets convert, and both books stay in balance") {
    rates_rig r;
    REQUIRE(r.eventually_converts("813399"));
    const std::uint64_t before = r.d.settled_liquidity("p1");
    const std::uint64_t dollars = r.d.asset_liquidity("USD", 9);
    const std::uint64_t euros = r.d.asset_liquidity("EUR", 9);
    const std::uint64_t theirs = r.d.liquidity("p2");
    const prepare sent{.amount = 1'000'000'007};
    expect_fulfill(r.send(sent), sent);
    CHECK(r.p2.last_prepare().amount == 813'399'005);
    CHECK(r.d.settled_liquidity("p1") == before - 1'000'000'007);
    CHECK(r.d.asset_liquidity("USD", 9) == dollars + 1'000'000'007);
    CHECK(r.d.asset_liquidity("EUR", 9) == euros - 813'399'005);
    CHECK(r.d.liquidity("p2") == theirs + 813'399'005);
    REQUIRE(eventually([&] { return r.source.asked("EUR") > 1; }));
    const metrics shown = r.d.scrape();
    for (const char* const base : {"USD", "EUR"}) {
        REQUIRE(shown.has("ilp_rate_age_seconds", {{"base", base}}));
        CHECK(shown.sum("ilp_rate_age_seconds", {{"base", base}}) < 20);
    }
    const http_message request = r.source.http().requests().front();
    CHECK(request.header("Accept") == "application/json");
}

TEST_CASE("A27-64: a packet into a currency without liquidity gets T04") {
    rates_rig r{[](daemon_terms& terms) {
        terms.assets[1].liquidity = 813'398;
        terms.rates = {"fixed: [{base: USD, quote: EUR, rate: 0.813399}]"};
    }};
    CHECK(expect_reject(r.send(prepare{.amount = 1'000'000}), "T04").message ==
          "insufficient liquidity: this node has too little of the next hop's asset");
    CHECK(r.d.logs("reason=asset_lacks_liquidity asset=EUR/9"));
    CHECK(r.d.settled_liquidity("p1") == default_liquidity);
    CHECK(outcome(r.send(prepare{.amount = 999'999})) == "fulfill");
}

TEST_CASE("A27-60: without its source a rate is used for the grace, then T00 for that pair alone, until it is back") {
    rates_rig r{[](daemon_terms& terms) { terms.rates.push_back("grace: 3s"); }};
    REQUIRE(r.eventually_converts("813399"));
    r.source.http().stop();
    REQUIRE(eventually([&] { return r.logged("the source of rates failed"); }));
    CHECK(r.converted() == "813399");
    REQUIRE(r.eventually_converts("T00"));
    const auto refused = expect_reject(r.send(prepare{.amount = 1'000'000}), "T00");
    CHECK(refused.message == "exchange rate between the assets is too old");
    CHECK(r.same_currency_passes());
    CHECK(r.d.scrape().sum("ilp_rate_age_seconds", {{"base", "USD"}}) > 3);
    // Dozens of attempts have failed, but each base logged it only once.
    CHECK(count(r.d.log(), "Connection refused") == 2);
    CHECK_FALSE(r.logged("the source of rates works again"));

    r.source.http().start();
    REQUIRE(r.eventually_converts("813399"));
    CHECK(r.d.logs("the source of rates works again"));
}

TEST_CASE("A27-60: a daemon whose source never responded starts, but has no rate between currencies") {
    rates_rig r{
        [](daemon_terms& terms) { terms.rates = {"url: \"http://127.0.0.1:" + std::to_string(free_port()) + "/\""}; }};
    CHECK(expect_reject(r.send(prepare{.amount = 1'000'000}), "T00").message == "no exchange rate between the assets");
    CHECK(r.same_currency_passes());
    CHECK(r.d.scrape().series().at("ilp_rate_age_seconds{base=\"USD\"}") > 1e300);
}

TEST_CASE("a source with invalid responses changes nothing") {
    rates_rig r;
    REQUIRE(r.eventually_converts("813399"));
    const auto usd = [](std::string_view rate) { return rates_answer("USD", R"("EUR": )" + std::string{rate}); };
    const auto whole = [](std::string octets) {
        return scripted_answer{.octets = std::move(octets), .after = scripted_answer::ending::close};
    };
    const std::string good = usd("2");
    const std::vector<std::pair<const char*, scripted_answer>> nonsense{
        {"negative", answer_json(usd("-2"))},
        {"zero", answer_json(usd("0"))},
        {"NaN", answer_json(usd("NaN"))},
        {"string", answer_json(usd("\"2\""))},
        {"twice", answer_json(rates_answer("USD", R"("EUR": 2, "EUR": 2)"))},
        {"one megabyte", answer_json(good + std::string(1'000'000, ' '))},
        {"wrong base", answer_json(rates_answer("EUR", R"("EUR": 2)"))},
        {"truncated JSON", answer_json(good.substr(0, good.size() - 1))},
        {"truncated HTTP",
         whole("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(good.size() + 1) + "\r\n\r\n" + good)},
        {"another status", answer_json(good, 500)},
        {"not found", answer_json(good, 404)},
        {"created", answer_json(good, 201)},
        {"a redirect", whole("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: " + std::to_string(good.size()) +
                             "\r\n\r\n" + good)},
        {"no HTTP", whole(good)},
        {"nothing", answer_json("")},
        {"a page", answer_http(200, to_bytes("<html></html>"), "text/html")},
    };
    for (const auto& [what, answer] : nonsense) {
        CAPTURE(what);
        r.source.set([&](const std::string&) { return answer; });
        r.source.wait_for_a_whole_fetch();
        CHECK(r.converted() == "813399");
        r.source.set(rate_server::usual);
        r.source.wait_for_a_whole_fetch();
    }
    // The check is meaningful: a valid answer given in the same way does change the result, whatever it says about
    // currencies that are not in use here.
    r.source.set([&](const std::string& base) {
        return answer_json(rates_answer(base, R"("VEF": null, "EUR": 20e-1, "USD": 1, "ZWL": {"EUR": 3})"));
    });
    r.source.wait_for_a_whole_fetch();
    CHECK(r.eventually_converts("2000000"));
}

TEST_CASE("a source that never responds delays no packet") {
    rates_rig r{[](daemon_terms& terms) { terms.rates.push_back("timeout: 1m"); }};
    REQUIRE(r.eventually_converts("813399"));
    const std::size_t open = r.source.http().request_count();
    r.source.set([](const std::string&) { return answer_silence(); });
    REQUIRE(r.source.http().wait_for_requests(open + 2));
    for (int i = 0; i < 50; ++i) {
        REQUIRE(r.converted() == "813399");
        REQUIRE(r.same_currency_passes());
    }
}

TEST_CASE("A27-37: while the rate changes under load, each packet uses one rate from end to end") {
    rates_rig r;
    std::atomic<unsigned> fetches = 0;
    r.source.set([&](const std::string& base) {
        return answer_json(rates_answer(base, ++fetches % 2 == 0 ? R"("EUR": 2)" : R"("EUR": 3)"));
    });
    REQUIRE(r.eventually_converts("2000000"));
    const std::uint64_t before = r.d.settled_liquidity("p1");
    const std::uint64_t theirs = r.d.liquidity("p2");
    const std::uint64_t dollars = r.d.asset_liquidity("USD", 9);
    const std::uint64_t euros = r.d.asset_liquidity("EUR", 9);

    std::atomic<std::uint64_t> doubled = 0, tripled = 0, wrong = 0, received = 0;
    r.p2.set_script([&](const http_message& request) {
        const auto prepare = decode_prepare(request.body);
        std::uint64_t sent = 0;
        std::memcpy(&sent, prepare.data.data(), sizeof sent);
        ++(prepare.amount == 2 * sent ? doubled : prepare.amount == 3 * sent ? tripled : wrong);
        received += prepare.amount;
        return answer_fulfill(request);
    });
    std::atomic<std::uint64_t> paid = 0, failed = 0;
    {
        std::vector<std::jthread> senders;
        for (int i = 0; i < 3; ++i) {
            senders.emplace_back([&] {
                std::mt19937_64 random{std::random_device{}()};
                http_connection connection{r.d.port()};
                const auto end = std::chrono::steady_clock::now() + patience;
                while ((doubled < 100 || tripled < 100) && std::chrono::steady_clock::now() < end) {
                    prepare sent{.amount = random() % 1'000'000 + 1};
                    sent.data.resize(sizeof sent.amount);
                    std::memcpy(sent.data.data(), &sent.amount, sizeof sent.amount);
                    const bool fulfilled = outcome(connection.exchange(ilp_request(encode(sent)))) == "fulfill";
                    (fulfilled ? paid : failed) += fulfilled ? sent.amount : 1;
                }
            });
        }
    }
    CHECK(doubled >= 100);
    CHECK(tripled >= 100);
    CHECK(wrong == 0);
    CHECK(failed == 0);
    CHECK(r.d.settled_liquidity("p1") == before - paid);
    CHECK(r.d.liquidity("p2") == theirs + received);
    CHECK(r.d.asset_liquidity("USD", 9) == dollars + paid);
    CHECK(r.d.asset_liquidity("EUR", 9) == euros - received);
}

TEST_CASE("reload: SIGHUP takes fixed rates, spreads, a source and new currencies without a restart") {
    rates_rig r{[](daemon_terms& terms) { terms.rates = {"fixed: [{base: USD, quote: EUR, rate: 0.5}]"}; }};
    CHECK(r.converted() == "500000");
    const auto reload = [&](const std::vector<std::string>& rates) {
        r.d.terms().rates = rates;
        r.d.write_config();
        r.d.process().signal(SIGHUP);
    };
    reload({"fixed: [{base: USD, quote: EUR, rate: 0.6}]", "spreads: [{base: USD, quote: EUR, basis_points: 100}]"});
    CHECK(r.eventually_converts("594000"));
    r.d.terms().peers[0].terms = {"spread: 0"};
    reload({"fixed: [{base: USD, quote: EUR, rate: 0.6}]", "spreads: [{base: USD, quote: EUR, basis_points: 100}]"});
    CHECK(r.eventually_converts("600000"));
    reload({r.source.line("/"), "lifetime: 100ms"});
    CHECK(r.eventually_converts("813399"));
    CHECK(r.source.asked("GBP") == 0);
    r.d.terms().assets.push_back({"GBP", 2, 0});
    reload({r.source.line("/"), "lifetime: 100ms"});
    CHECK(eventually([&] { return r.source.asked("GBP") > 0; }));
    reload({});
    CHECK(r.eventually_converts("T00"));
    CHECK_FALSE(r.logged("take effect at the next start"));
    CHECK_FALSE(r.d.scrape().has("ilp_rate_age_seconds"));
}

TEST_CASE("the base is added to any URL, percent-encoded") {
    rates_rig r{[](daemon_terms& terms) {
        terms.peers[1].code = "E+R";
        terms.assets[1].code = "E+R";
        const auto end = terms.rates[0].rfind('/');
        terms.rates[0].insert(end + 1, "v1/latest?key=a");
    }};
    REQUIRE(eventually([&] { return r.source.asked("E%2BR") > 0 && r.source.asked("USD") > 0; }));
    const auto requests = r.source.http().requests();
    CHECK(std::ranges::any_of(requests, [](const http_message& request) {
        return request.start_line == "GET /v1/latest?key=a&base=E%2BR HTTP/1.1";
    }));
}

}  // namespace rates_test
