#include "ilp/ildcp.hpp"
#include "tests/support/page.hpp"
#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace peering_page_test {

// Runs docs/operating/peering.md as written, against the node of the example and the neighbour that it describes.
namespace {

using namespace support;

const std::filesystem::path page = std::filesystem::path{ILPD_SOURCE_DIR} / "docs/operating/peering.md";

constexpr std::string_view with_curl = "### With curl";
constexpr std::string_view with_ilpctl = "### With ilpctl";
constexpr std::string_view before_all = "## Before you begin";
constexpr std::string_view asynchronous = "## Asynchronous mode";  // asynchronous_test.cpp runs it
constexpr std::string_view signing = "## Signed requests";

daemon_terms terms_of_alice(bool is_signed) {
    daemon_terms terms{.address = "test.alice", .peers = {{.name = "bob", .routes = {"test.carol"}}}};
    if (is_signed) terms.admin = {"api_secret: THE-ADMIN-SECRET"};
    return terms;
}

daemon_terms terms_of_dora(std::uint16_t port_of_alice) {
    return {.address = "test.dora",
            .peers = {{.name = "alice",
                       .port = port_of_alice,
                       .code = "EUR",
                       .scale = 2,
                       .tokens = {"TOKEN-THAT-DORA-TOLD-US"}}}};
}

/// A reader of the page who has chosen one of its two ways.
class reader {
public:
    reader(std::string_view way, bool is_signed)
        : way_{way},
          is_signed_{is_signed},
          alice_{terms_of_alice(is_signed)},
          dora_{terms_of_dora(alice_.port())},
          places_{{"127.0.0.1:3001", "127.0.0.1:" + std::to_string(alice_.admin_port())},
                  {"127.0.0.1:9464", "127.0.0.1:" + std::to_string(alice_.metrics_port())},
                  {"dora.example:3002", "127.0.0.1:" + std::to_string(dora_.port())}},
          shell_{places_,
                 {{"PATH", std::filesystem::path{daemon_program()}.parent_path().string() + ":" +
                               std::string{std::getenv("PATH")}}}} {}

    /// Runs every step and calls `then(section, commands)` after each.
    template <typename Then>
    void read(const Then& then) {
        std::string last_section;
        for (const page_step& step : steps_of(page)) {
            if (!concerns_us(step)) continue;
            take(step);
            then(step.section, step.commands);
            last_section = step.section;
        }
        CHECK(last_section == "## 9. Remove the peer");
    }

    /// The outcome of a packet with the token in this file, which was created in one of the steps.
    std::string outcome_with_token(std::string_view file) const {
        std::string token;
        std::ifstream{shell_.folder() / file} >> token;
        REQUIRE(token.size() == 64);
        auto request = ilp_request(encode({.amount = 0,
                                           .destination = std::string{ilp::ildcp::destination},
                                           .condition = ilp::peer_protocol_condition}));
        request.headers.front().second = "Bearer " + token;
        return outcome(http_connection{alice_.port()}.exchange(request));
    }

    const ilpd_daemon& alice() const noexcept { return alice_; }
    const std::filesystem::path& folder() const noexcept { return shell_.folder(); }

private:
    bool concerns_us(const page_step& step) const {
        if (step.heading != way_ && (step.heading == with_curl || step.heading == with_ilpctl)) return false;
        if (step.section == asynchronous) return false;
        if (step.section == signing) return is_signed_;
        // Requests are not signed yet, but the functions are needed.
        return !is_signed_ || step.section != before_all || !step.printed;
    }

    void take(const page_step& step) {
        INFO(step.commands);
        const auto result = shell_.run(step.commands);
        INFO(result.output);
        REQUIRE(result.status == 0);
        std::string expected = step.printed.value_or("");
        for (const auto& [what, with] : places_) {
            if (const auto at = expected.find(what); at != std::string::npos) expected.replace(at, what.size(), with);
        }
        CHECK(comparable(result.output) == comparable(expected));
    }

    std::string_view way_;
    bool is_signed_;
    ilpd_daemon alice_;
    ilpd_daemon dora_;
    std::vector<std::pair<std::string, std::string>> places_;
    page_shell shell_;
};

/// Follows the page and checks the daemon after each step.
void read_page(std::string_view way, bool is_signed) {
    reader reader{way, is_signed};
    const ilpd_daemon& alice = reader.alice();
    const auto knows_dora = [&] { return alice.scrape().has("ilp_peer_liquidity", {{"peer", "dora"}}); };
    std::vector<std::string> seen;
    reader.read([&](const std::string& section, const std::string& commands) {
        INFO(section);
        if (seen.empty() || seen.back() != section) seen.push_back(section);
        if (section.starts_with("## 1.")) {
            CHECK(reader.outcome_with_token("from-dora.token") == "HTTP 401");
            const auto others = std::filesystem::perms::group_all | std::filesystem::perms::others_all;
            for (const char* file : {"from-dora.token", "to-dora.token"}) {
                CHECK((status(reader.folder() / file).permissions() & others) == std::filesystem::perms::none);
            }
        } else if (section.starts_with("## 2.")) {
            CHECK(alice.scrape().has("ilp_asset_liquidity", {{"asset", "EUR/2"}}));
            CHECK(!knows_dora());
        } else if (section.starts_with("## 3.")) {
            CHECK(alice.liquidity("dora") == 50'000);
            CHECK(reader.outcome_with_token("from-dora.token") == "fulfill");
            CHECK(alice.scrape().sum("ilp_packets_total",
                                     {{"peer", "dora"}, {"direction", "incoming"}, {"type", "prepare"}}) == 1);
        } else if (section.starts_with("## 5.")) {
            CHECK(alice.liquidity("dora") == 65'000);
        } else if (section.starts_with("## 6.")) {
            CHECK(alice.scrape().sum("ilp_peer_liquidity_threshold", {{"peer", "dora"}}) == 10'000);
            CHECK(alice.scrape().sum("ilp_asset_liquidity_threshold", {{"asset", "EUR/2"}}) == 100'000);
        } else if (section.starts_with("## 7.")) {
            CHECK(reader.outcome_with_token("from-dora.token") == "fulfill");
            CHECK(reader.outcome_with_token("from-dora.token.new") == "fulfill");
        } else if (section.starts_with("## 8.")) {
            const bool disabled = commands.contains("disable") || commands.contains("false");
            CHECK(reader.outcome_with_token("from-dora.token") == (disabled ? "T00" : "fulfill"));
        } else if (section.starts_with("## 9.")) {
            CHECK(reader.outcome_with_token("from-dora.token") == "HTTP 401");
            CHECK(reader.outcome_with_token("from-dora.token.new") == "HTTP 401");
            CHECK(!knows_dora());
            CHECK(!alice.scrape().has("ilp_asset_liquidity", {{"asset", "EUR/2"}}));
        }
    });
    CHECK(std::ranges::count_if(seen, [](const std::string& section) { return std::isdigit(section[3]) != 0; }) == 9);
    CHECK(reader.alice().audit().status == 0);
}

}  // namespace

TEST_CASE("the manual: a peer is made, changed and removed with curl") {
    read_page(with_curl, false);
}

TEST_CASE("the manual: a peer is made, changed and removed with ilpctl") {
    read_page(with_ilpctl, false);
}

TEST_CASE("the manual: a peer is made, changed and removed with curl, by signed requests") {
    read_page(with_curl, true);
}

TEST_CASE("the manual: a peer is made, changed and removed with ilpctl, by signed requests") {
    read_page(with_ilpctl, true);
}

// Checks the section "The file and the API" sentence by sentence.
TEST_CASE("the manual: a peer is owned by the file or the API, and ownership can change") {
    ilpd_daemon d{terms_of_alice(false)};
    const page_shell shell{{},
                           {{"ILPCTL_URL", "http://127.0.0.1:" + std::to_string(d.admin_port()) + "/graphql"},
                            {"PATH", std::filesystem::path{daemon_program()}.parent_path().string() + ":" +
                                         std::string{std::getenv("PATH")}}}};
    const auto run = [&](const std::string& command) { return shell.run(command + "\n"); };
    const auto done = [&](const std::string& command) {
        const auto result = run(command);
        INFO(command << ": " << result.output);
        REQUIRE(result.status == 0);
        return result.output;
    };
    const auto shows = [&](const std::string& command, std::string_view wanted) {
        return run(command).output.contains(wanted);
    };

    // Refused, because the file owns them.
    for (const char* change : {"peer update bob --name robert", "peer delete bob", "asset delete USD/9",
                               "asset update USD/9 --liquidity-threshold 1"}) {
        const auto refused = run("ilpctl " + std::string{change});
        INFO(change);
        CHECK(refused.status == 1);
        CHECK(refused.output.contains("FORBIDDEN"));
    }
    done("ilpctl liquidity deposit bob 1");
    CHECK(d.liquidity("bob") == default_liquidity + 1'000'000'000);
    done("ilpctl peer disable bob");
    CHECK(outcome(d.post(prepare{.amount = 0}, "bob")) == "T00");

    // Peers and assets made through the API survive a restart and a reload, and so does a disabled state.
    done("ilpctl asset create EUR/2");
    done(
        "ilpctl peer create test.dora --name dora --asset EUR/2 --initial-liquidity 500 --max-packet-amount 1 "
        "--incoming-token " +
        token_of("dora") + " --outgoing-endpoint http://127.0.0.1:1/ --outgoing-token " + token_for("dora"));
    done("dora=$(ilpctl peer show dora | grep '^id ' | grep -o '[^ ]*$')");
    REQUIRE(d.stop() == 0);
    d.start();
    CHECK(d.liquidity("dora") == 50'000);
    CHECK(shows("ilpctl peer show bob", "disabled"));

    // The file gets a peer with the same token, or with the same route in the same asset.
    const auto reload_with = [&](const std::vector<peer_terms>& others) {
        d.terms().peers.resize(1);
        d.terms().peers.insert(d.terms().peers.end(), others.begin(), others.end());
        d.reload();
    };
    const auto refusal_told = [&](std::string_view why) {
        return eventually([&] { return d.has_logged(why); }) && shows("ilpctl peer show $dora", "API");
    };
    reload_with({{.name = "erin", .tokens = {token_of("dora")}}});
    CHECK(refusal_told("one of its incoming tokens belongs to"));
    reload_with({{.name = "erin", .code = "EUR", .scale = 2, .routes = {"test.dora"}}});
    CHECK(refusal_told("has the route 'test.dora' in the same asset"));
    CHECK(!shows("ilpctl peer list", "erin"));

    // A peer of the file with the same address and asset takes it over. Id and liquidity stay.
    const peer_terms of_file{
        .name = "dora-of-the-file", .address = "test.dora", .code = "EUR", .scale = 2, .liquidity = 7};
    reload_with({of_file});
    REQUIRE(eventually([&] { return shows("ilpctl peer show $dora", "FILE"); }));
    CHECK(shows("ilpctl peer show $dora", "dora-of-the-file"));
    CHECK(comparable(done("ilpctl peer show $dora | grep max")) == "maxpacketamount-maxinflight-maxholdtime-");
    CHECK(d.liquidity("dora-of-the-file") == 50'000);
    CHECK(outcome(d.post(prepare{.amount = 0}, "dora")) == "HTTP 401");
    CHECK(shows("ilpctl asset show EUR/2", "FILE"));

    // The peer leaves the file, its asset becomes the API's, and then it returns.
    reload_with({});
    REQUIRE(eventually([&] { return run("ilpctl peer show $dora").status == 1; }));
    CHECK(shows("ilpctl asset show EUR/2", "API"));
    reload_with({of_file});
    REQUIRE(eventually([&] { return run("ilpctl peer show $dora").status == 0; }));
    CHECK(d.liquidity("dora-of-the-file") == 50'000);
    CHECK(d.audit().status == 0);
}

}  // namespace peering_page_test
