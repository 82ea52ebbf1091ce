#include "connector/ilpctl/rates.hpp"

#include "tests/unit/connector/ilpctl/fake_daemon.hpp"

#include <cmath>
#include <string>

namespace rates_test {

using namespace connector::ilpctl;
using namespace connector::ilpctl::testing;

namespace {

json::object counts(int prepares, int fulfills, int rejects) {
    return {{"prepares", std::to_string(prepares)},
            {"fulfills", std::to_string(fulfills)},
            {"rejects", std::to_string(rejects)}};
}

/// `fast` packets took up to 1 ms, `slow` ones up to 2 ms, and `endless` ones more than all bounds.
json::object traffic(int received, int sent, int fast = 0, int slow = 0, int endless = 0) {
    return {{"incoming", counts(received, received - 2, 2)},
            {"outgoing", counts(sent, sent, 0)},
            {"packetsInFlight", "3"},
            {"refusals", {json::object{{"count", "1"}}}},
            {"durations",
             {json::object{{"seconds", 0.001}, {"count", std::to_string(fast)}},
              json::object{{"seconds", 0.002}, {"count", std::to_string(slow)}},
              json::object{{"seconds", nullptr}, {"count", std::to_string(endless)}}}}};
}

}  // namespace

TEST_CASE("ilpctl rates: what has come since the last look, for each second") {
    const auto rates = rates_between(traffic(100, 10, 60, 40), traffic(300, 30, 160, 139, 1), 2);
    CHECK(rates.received == 100);
    CHECK(rates.sent == 10);
    CHECK(rates.fulfilled == 100);
    CHECK(rates.rejected == 0);
    CHECK(rates.refused == 0);
    CHECK(rates.median == 0.001);
    CHECK(rates.percentile_99 == 0.002);
}

TEST_CASE("ilpctl rates: the first look, and one after a restart, count from zero") {
    const auto first = rates_between(nullptr, traffic(4, 2), 2);
    CHECK(first.received == 2);
    CHECK(first.rejected == 1);
    CHECK(first.refused == 0.5);
    CHECK_FALSE(first.median);
    const auto anew = rates_between(traffic(100, 2, 90), traffic(4, 2, 0, 0, 4), 2);
    CHECK(anew.received == 2);
    REQUIRE(anew.median);
    CHECK(std::isinf(*anew.median));
}

TEST_CASE("ilpctl rates: numbers are short") {
    CHECK(show_rate(0) == "0");
    CHECK(show_rate(0.25) == "0.25");
    CHECK(show_rate(3) == "3");
    CHECK(show_rate(17.34) == "17.3");
    CHECK(show_rate(1234.4) == "1234");
    CHECK(show_rate(56'999) == "57k");
    CHECK(show_bound(std::nullopt) == "-");
    CHECK(show_bound(0.0005) == "0.5 ms");
    CHECK(show_bound(0.05) == "50 ms");
    CHECK(show_bound(5.0) == "5 s");
    CHECK(show_bound(INFINITY) == ">30 s");
}

TEST_CASE("ilpctl top: the busiest peer comes first, and a terminal is cleared") {
    auto d = fake_daemon{};
    const auto look = [&](int bob, int carol) {
        auto first = peer_answer();
        first["traffic"] = traffic(bob, bob);
        auto second = peer_answer("carol", carol_id);
        second["traffic"] = traffic(carol, carol);
        d.will_answer(documents::traffic, page_answer({first, second}));
    };
    d.pauses = 2;
    d.out_is_terminal = true;
    look(2, 2);
    look(2, 1000);
    look(5000, 1000);
    const auto result = d.run({"top", "--limit", "1", "--interval", "3s"});
    INFO(result.err);
    CHECK(result.status == exit_status::done);
    CHECK(d.paused == std::chrono::seconds{3});
    const auto carol = result.out.find("carol at test.carol");
    const auto bob = result.out.find("bob at test.bob");
    REQUIRE(carol != std::string::npos);
    REQUIRE(bob != std::string::npos);
    CHECK(carol < bob);
    CHECK(result.out.starts_with("\x1b[H\x1b[JPEER"));
    CHECK(result.out.ends_with("and 1 more peers\n"));

    d.pauses = 5;
    d.out_is_terminal = false;
    look(2, 2);
    look(2, 2);
    const auto once = d.run({"top", "--once", "--json"});
    const auto list = json::parse(once.out);
    CHECK(list.at(0).at("received").to_number<double>() == 0);
    CHECK(list.at(0).at("median").is_null());
    CHECK(d.pauses == 4);
}

TEST_CASE("ilpctl top: a look without an answer does not end it") {
    auto d = fake_daemon{};
    d.pauses = 1;
    auto peer = peer_answer();
    peer["traffic"] = nullptr;
    d.will_answer(documents::traffic, page_answer({peer}));
    d.will_answer(documents::traffic, page_answer({peer}));
    d.will_answer(documents::traffic, page_answer({peer}));
    d.will_answer(documents::traffic, page_answer({peer}));
    const auto result = d.run({"top"});
    CHECK(result.status == exit_status::done);
    CHECK(result.err == "ilpctl: the daemon's workers do not answer\n");
    d.pauses = 1;
    CHECK(d.run({"top", "--once"}).status == exit_status::no_answer);
}

TEST_CASE("ilpctl --watch: a verb is run again, a failure is shown in its place, and a change is refused") {
    auto d = fake_daemon{};
    d.pauses = 2;
    d.will_answer(documents::whoami, {{"id", "t"}, {"isOperator", true}});
    d.will_refuse(documents::whoami, "down", "INTERNAL_SERVER_ERROR");
    d.will_answer(documents::whoami, {{"id", "t"}, {"isOperator", false}});
    const auto result = d.run({"whoami", "--watch", "2s"});
    CHECK(result.status == exit_status::done);
    CHECK(result.out.contains("operator  yes"));
    CHECK(result.out.contains("operator  no"));
    CHECK(result.err.starts_with("ilpctl: down"));
    CHECK(d.paused == std::chrono::seconds{2});

    d.pauses = 2;
    d.will_answer(documents::peers, page_answer({peer_answer()}));
    const auto change = d.run({"peer", "disable", "bob", "--watch", "2s"});
    CHECK(change.status == exit_status::usage);
    CHECK(change.err == "ilpctl: --watch repeats only verbs that change nothing\n");
    CHECK(d.pauses == 2);
}

}  // namespace rates_test
