#include "connector/ilpctl/diagnosis.hpp"

#include "tests/unit/connector/ilpctl/fake_daemon.hpp"

#include <map>
#include <string>

namespace diagnosis_test {

using namespace connector::ilpctl;
using namespace connector::ilpctl::testing;

namespace {

json::object answer(bool reached, const json::value& code = nullptr, const std::string& message = "-") {
    return {{"reached", reached},
            {"milliseconds", 1.26},
            {"code", code},
            {"triggeredBy", nullptr},
            {"message", reached ? json::value(nullptr) : json::value(message)}};
}

/// A link on which everything is as it should be, for a test to change.
struct link_facts {
    json::object node{{"ilpAddress", "test.alice"}, {"ready", true}, {"storeError", nullptr}};
    json::object peer = peer_answer();
    json::value route{{"prefix", "test.bob"}, {"peer", peer_answer()}};
    json::object examination{{"question", answer(true)},
                             {"configuration", {{"ilpAddress", "test.alice"}, {"assetCode", "USD"}, {"assetScale", 9}}},
                             {"echo", answer(true)}};

    link_facts() {
        peer["http"].as_object()["incoming"] = {{"tokenFingerprints", {"sha256:0123456789abcdef"}},
                                                {"jwtSecretFingerprints", json::array{}}};
    }

    std::map<std::string, finding> findings() const {
        std::map<std::string, finding> all;
        for (auto& each : diagnose({node, peer, route, examination}, amount_form::units)) all[each.subject] = each;
        return all;
    }
    finding at(const std::string& subject) const {
        const auto all = findings();
        REQUIRE(all.contains(subject));
        return all.at(subject);
    }
};

}  // namespace

TEST_CASE("ilpctl diagnosis: a healthy link has only good findings, without advice") {
    link_facts facts;
    facts.peer["split"] = {{"maxTotal", "5000000"}, {"maxParts", 16}};
    facts.peer["splitAccepted"] = {{"maxTotal", "5000000"}, {"maxParts", 16}};
    facts.peer["maxHoldMilliseconds"] = 4000;
    const auto all = facts.findings();
    CHECK(all.size() == 11);
    for (const auto& [subject, finding] : all) {
        INFO(subject);
        CHECK(finding.verdict == verdict::good);
        CHECK(finding.advice.empty());
    }
}

TEST_CASE("ilpctl diagnosis: what stops every packet is a fault") {
    link_facts facts;
    facts.node["ready"] = false;
    facts.node["storeError"] = "disk full";
    CHECK(facts.at("daemon").verdict == verdict::fault);
    CHECK(facts.at("daemon").text == "it accepts no packets: disk full");

    facts.peer["enabled"] = false;
    CHECK(facts.at("state").verdict == verdict::fault);

    facts.route.as_object()["peer"] = peer_answer("carol", carol_id);
    CHECK(facts.at("route").verdict == verdict::fault);
    CHECK(facts.at("route").text == "packets to test.bob go to another peer, carol at test.carol");
    facts.route = nullptr;
    CHECK(facts.at("route").text == "no route leads to test.bob");

    facts.peer["http"].as_object()["incoming"].as_object()["tokenFingerprints"] = json::array{};
    CHECK(facts.at("way from it").verdict == verdict::fault);
    facts.peer["liquidity"] = "0";
    CHECK(facts.at("liquidity").verdict == verdict::fault);
}

TEST_CASE("ilpctl diagnosis: a peer that does not answer leaves open what only an answer can show") {
    link_facts facts;
    facts.examination = {
        {"question", answer(false, nullptr, "Connection refused")}, {"configuration", nullptr}, {"echo", nullptr}};
    facts.peer["split"] = {{"maxTotal", "5000000"}, {"maxParts", 16}};
    const auto all = facts.findings();
    CHECK(all.at("way to it").verdict == verdict::fault);
    CHECK(all.at("way to it").text == "http://127.0.0.1:4002/: Connection refused");
    CHECK(all.at("way from it").verdict == verdict::unknown);
    CHECK(all.at("way from it").advice == "its operator can check it with `ilpctl ping test.alice`");
    for (const auto* subject : {"asset", "our address", "account there", "parts"}) CHECK_FALSE(all.contains(subject));
}

TEST_CASE("ilpctl diagnosis: the account as the peer knows it is compared with ours") {
    link_facts facts;
    facts.examination["configuration"] = {{"ilpAddress", "g.bob.alice"}, {"assetCode", "USD"}, {"assetScale", 6}};
    CHECK(facts.at("asset").verdict == verdict::fault);
    CHECK(facts.at("asset").text == "the peer keeps our account in USD/6, and we keep its account in USD/9");
    CHECK(facts.at("our address").verdict == verdict::warning);
    facts.examination["configuration"] = nullptr;
    facts.examination["question"] = answer(false, "F02", "no route");
    CHECK(facts.at("account there").verdict == verdict::unknown);
    CHECK(facts.at("account there").text ==
          "the peer does not say which address and asset we have there: no route (F02)");
    CHECK(facts.at("way to it").verdict == verdict::good);
    facts.examination["question"] = answer(true);
    CHECK(facts.at("account there").text.ends_with("its answer is not one of ILDCP (RFC 31)"));
}

TEST_CASE(
    "ilpctl diagnosis: an echo that fails for now is a fault of the way from the peer, and a final one tells nothing") {
    link_facts facts;
    facts.examination["echo"] = answer(false, "T01", "peer refuses");
    CHECK(facts.at("way from it").verdict == verdict::fault);
    CHECK(facts.at("way from it").text == "a packet that it sent to us was not answered: peer refuses (T01)");
    facts.examination["echo"] = answer(false, nullptr, "no response in time");
    CHECK(facts.at("way from it").verdict == verdict::fault);
    facts.examination["echo"] = answer(false, "F06", "no echo");
    CHECK(facts.at("way from it").verdict == verdict::unknown);
}

TEST_CASE("ilpctl diagnosis: warnings") {
    link_facts facts;
    facts.peer["liquidityThreshold"] = "12500000000";
    CHECK(facts.at("liquidity").verdict == verdict::warning);
    CHECK(facts.at("liquidity").text == "12.50 USD, which is not above its threshold of 12.50 USD");
    facts.peer["liquidityThreshold"] = "9000000000";
    CHECK(facts.at("liquidity").verdict == verdict::good);
    facts.peer["maxPacketAmount"] = "12500000001";
    CHECK(facts.at("liquidity").verdict == verdict::warning);

    facts.peer["transport"].as_object()["allowPlainHttp"] = true;
    CHECK(facts.at("encryption").verdict == verdict::warning);
    facts.peer["http"].as_object()["outgoing"].as_object()["endpoint"] = "https://bob.example/";
    CHECK(facts.at("encryption").verdict == verdict::good);

    facts.peer["maxHoldMilliseconds"] = 2;
    CHECK(facts.at("hold time").verdict == verdict::warning);
    facts.peer["split"] = {{"maxTotal", "5000000"}, {"maxParts", 16}};
    CHECK(facts.at("parts").verdict == verdict::warning);
}

TEST_CASE("ilpctl doctor: prints the findings, and its exit status says whether there is a fault") {
    const link_facts facts;
    auto d = fake_daemon{};
    const auto script = [&](const json::object& examination) {
        d.will_answer(documents::peers, page_answer({facts.peer}));
        d.will_answer(documents::examine_peer, examination);
        d.will_answer(documents::status, facts.node);
        d.will_answer(documents::peer, facts.peer);
        d.will_answer(documents::route, facts.route);
    };
    script(facts.examination);
    auto result = d.run({"doctor", "bob", "--timeout", "3s"});
    INFO(result.err);
    CHECK(result.status == exit_status::done);
    CHECK(result.out.starts_with("good     daemon         it accepts packets\n"));
    CHECK(d.requests[1].variables == json::object{{"input", {{"id", bob_id}, {"timeoutSeconds", 3}}}});
    CHECK(d.requests[1].extra == std::chrono::seconds{6});

    script({{"question", answer(false, nullptr, "\x1b[31mred")}, {"configuration", nullptr}, {"echo", nullptr}});
    result = d.run({"doctor", "bob"});
    CHECK(result.status == exit_status::refused);
    CHECK(result.err == "ilpctl: 1 fault was found\n");
    CHECK(result.out.contains("http://127.0.0.1:4002/: \\x1b[31mred\n                        -> its operator"));

    script(facts.examination);
    result = d.run({"doctor", "bob", "--json"});
    const auto list = json::parse(result.out);
    CHECK(list.at(0) ==
          json::value{{"advice", nullptr}, {"subject", "daemon"}, {"text", "it accepts packets"}, {"verdict", "good"}});
}

}  // namespace diagnosis_test
