#include "tests/integration/split_link.hpp"
#include "tests/support/admin_client.hpp"
#include "tests/support/ilpctl.hpp"
#include "tests/support/rig.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include <map>
#include <string>

namespace doctor_test {

namespace {

using namespace support;
namespace json = boost::json;

/// The verdicts of `ilpctl doctor`, by subject.
std::map<std::string, std::string> verdicts(const ilpctl_run& run) {
    INFO(run.err);
    std::map<std::string, std::string> all;
    const auto findings = json::parse(run.out);
    for (const json::value& finding : findings.as_array()) {
        all[finding.at("subject").as_string().c_str()] = finding.at("verdict").as_string().c_str();
    }
    return all;
}

std::map<std::string, std::string> examine(const ilpd_daemon& daemon, const std::string& peer) {
    return verdicts(run_ilpctl(daemon.admin_port(), {"doctor", peer, "--json"}));
}

}  // namespace

TEST_CASE("ilpctl doctor: both directions of a healthy link between two daemons are good, and no money moves") {
    for (const auto* protocol : {"http1", "http2"}) {
        const split_link link{{.protocol = protocol, .workers = 2}};
        link.agree();
        link.alice.wait_until_idle();
        const auto before = link.alice.settled_liquidity("bob");
        const auto run = run_ilpctl(link.alice.admin_port(), {"doctor", "bob"});
        INFO(run.out);
        INFO(run.err);
        CHECK(run.status == 0);
        CHECK(run.out.contains("good     asset          both sides keep the account in USD/9\n"));
        CHECK(run.out.contains("good     our address    the peer knows us as test.alice\n"));
        CHECK(run.out.contains("good     way from it    a packet that it sent for us has arrived here\n"));
        CHECK(run.out.contains("good     parts          the peer accepts packets in parts\n"));
        const auto of_bob = examine(link.bob, "alice");
        for (const auto& [subject, verdict] : of_bob) {
            INFO(subject);
            CHECK(verdict == "good");
        }
        CHECK(link.alice.settled_liquidity("bob") == before);
        link.expect_equal_books();
    }
}

TEST_CASE("ilpctl doctor: a token that the other side has not got is found from both sides") {
    split_link link;
    link.agree();
    // Bob forgets the token that alice presents: his answers are 401 from now on.
    link.bob.terms().peers[0].tokens = {"another-token-of-some-length"};
    link.bob.reload();
    ilpctl_run at_alice;
    CHECK(eventually([&] {
        at_alice = run_ilpctl(link.alice.admin_port(), {"doctor", "bob"});
        return at_alice.out.contains("HTTP status 401");
    }));
    INFO(at_alice.out);
    CHECK(at_alice.status == 1);
    CHECK(at_alice.err == "ilpctl: 1 fault was found\n");
    CHECK(at_alice.out.contains("unknown  way from it    not checked, because the peer does not answer\n"));
    const auto at_bob = examine(link.bob, "alice");
    CHECK(at_bob.at("way to it") == "good");
    CHECK(at_bob.at("way from it") == "fault");
}

TEST_CASE("ilpctl doctor: a peer that answers every packet with a Reject, or not at all") {
    rig r;
    r.p2.set_script([](const http_message&) { return answer_reject("F02"); });
    auto found = examine(r.d, "p2");
    CHECK(found.at("way to it") == "good");
    CHECK(found.at("account there") == "unknown");
    CHECK(found.at("way from it") == "unknown");
    r.p2.stop();
    CHECK(eventually([&] { return examine(r.d, "p2").at("way to it") == "fault"; }));
}

TEST_CASE("ilpctl top: shows what the workers have counted for each peer") {
    rig r{[](daemon_terms& terms) { terms.connector = {"workers: 2"}; }};
    CHECK(outcome(r.send(prepare{.amount = 70})) == "fulfill");
    CHECK(outcome(r.send(prepare{.amount = 30})) == "fulfill");
    CHECK(outcome(r.send(prepare{.amount = 5, .destination = "test.nowhere"})) == "F02");
    const admin_client admin{r.d.admin_port()};
    const auto traffic_of = [&](const std::string& name) {
        const auto peers = admin
                               .ask(
                                   "query { peers { edges { node { name traffic { incoming { prepares fulfills rejects "
                                   "amount } outgoing { prepares fulfills amount } packetsInFlight refusals { reason "
                                   "code count } durations { seconds count } } } } } }")
                               .field();
        for (const json::value& edge : peers.at("edges").as_array()) {
            if (edge.at("node").at("name") == json::value(name)) return edge.at("node").at("traffic");
        }
        return json::value{};
    };
    json::value p1;
    // What was sampled before these packets is shown for half a second.
    CHECK(eventually([&] {
        p1 = traffic_of("p1");
        return p1.at("incoming").at("prepares") == json::value("3");
    }));
    CHECK(p1.at("incoming") == json::value{{"prepares", "3"}, {"fulfills", "2"}, {"rejects", "1"}, {"amount", "100"}});
    CHECK(p1.at("refusals") ==
          json::value(json::array{json::object{{"reason", "no_route"}, {"code", "F02"}, {"count", "1"}}}));
    CHECK(p1.at("durations").as_array().size() == 13);
    CHECK(p1.at("durations").as_array().back().at("seconds").is_null());
    CHECK(traffic_of("p2").at("outgoing") == json::value{{"prepares", "2"}, {"fulfills", "2"}, {"amount", "100"}});

    const auto run = run_ilpctl(r.d.admin_port(), {"top", "--once", "--interval", "1s"});
    INFO(run.err);
    CHECK(run.status == 0);
    CHECK(run.out.contains("p1 at test.p1"));
}

}  // namespace doctor_test
