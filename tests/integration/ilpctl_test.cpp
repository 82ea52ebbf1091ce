#include "tests/support/ilpctl.hpp"

#include "tests/support/rig.hpp"
#include "tests/support/tcp_proxy.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>

namespace ilpctl_test {

// The operators' command line client against the real daemon.
namespace {

using namespace support;
namespace json = boost::json;

/// A daemon and its operator.
struct operated {
    operated() : operated{[](daemon_terms&) {}} {}
    template <typename change_terms>
    explicit operated(const change_terms& change) : r{change} {}

    ilpctl_run run(const std::vector<std::string>& words) const { return run_ilpctl(r.d.admin_port(), words); }

    std::string done(const std::vector<std::string>& words) const {
        const auto result = run(words);
        INFO(result.err);
        REQUIRE(result.status == 0);
        return result.out;
    }

    json::value asked(std::vector<std::string> words) const {
        words.emplace_back("--json");
        return json::parse(done(words));
    }

    std::string refused(const std::vector<std::string>& words) const {
        const auto result = run(words);
        INFO(result.out);
        CHECK(result.status == 1);
        CHECK(result.out.empty());
        return result.err;
    }

    /// Creates a peer bob in EUR/2 whose packets go to p2's listener.
    void create_bob() const {
        done({"asset", "create", "EUR/2"});
        done({"peer", "create", "test.bob", "--name", "bob", "--asset", "EUR/2", "--outgoing-endpoint",
              "http://127.0.0.1:" + std::to_string(r.p2.port()) + "/", "--outgoing-token", token_for("bob"),
              "--incoming-token", token_of("bob"), "--initial-liquidity", "100.00"});
    }

    rig r;
};

std::string text_at(const json::value& object, std::string_view name) {
    const auto& value = object.at(name);
    return value.is_string() ? std::string{std::string_view{value.get_string()}} : json::serialize(value);
}

}  // namespace

TEST_CASE("ilpctl: status and whoami show the daemon and the tenant") {
    const operated o;
    CHECK(o.done({"status"}).contains("test.d\n"));
    const auto node = o.asked({"status"});
    CHECK(text_at(node, "ilpAddress") == "test.d");
    CHECK(node.at("ready") == json::value(true));
    CHECK(node.at("peers").to_number<int>() == 2);
    CHECK(node.at("assets").to_number<int>() == 1);
    const auto who = o.asked({"whoami"});
    CHECK(text_at(who, "id") == "00000000-0000-4000-8000-000000000001");
    CHECK(who.at("isOperator") == json::value(true));
    CHECK(o.done({"whoami"}).contains("operator  yes"));
    CHECK(o.asked({"tenant", "list"}).as_array().size() == 1);
    CHECK(o.done({"tenant", "show", text_at(who, "id")}).contains(text_at(who, "id")));
}

TEST_CASE("ilpctl: a peer that is not reachable is seen in status, in the list and by itself") {
    operated o;
    CHECK(!o.done({"status"}).contains("not reachable"));
    CHECK(o.done({"peer", "show", "p2"}).contains("reachability         unknown\n"));
    CHECK(outcome(o.r.send(prepare{})) == "fulfill");
    const auto shown = o.done({"peer", "show", "p2"});
    CHECK(shown.contains("reachability         reachable since 2"));
    CHECK(shown.contains("round trip  "));
    CHECK(shown.contains("last answer  "));
    CHECK(o.done({"peer", "list"}).contains("  reachable\n"));
    o.r.p2.stop();
    REQUIRE(eventually([&] { return o.run({"ping", "p2"}).err.contains("Connection refused"); }));
    CHECK(o.done({"peer", "list"}).contains("  unreachable\n"));
    CHECK(o.done({"peer", "show", "p2"}).contains("last error           peer is unreachable: Connection refused at 2"));
    const auto status = o.done({"status"});
    CHECK(status.contains("not reachable        p2 at test.p2: unreachable since 2"));
    CHECK(!status.contains("p1 at"));
    const auto node = o.asked({"status"});
    CHECK(node.at("unreachablePeerCount").to_number<int>() == 1);
    CHECK(text_at(node.at("unreachablePeers").as_array().at(0).at("reachability"), "state") == "UNREACHABLE");
    const auto peers = o.asked({"peer", "list", "--oldest-first"}).as_array();
    CHECK(text_at(peers.at(0).at("reachability"), "state") == "UNKNOWN");
    CHECK(text_at(peers.at(1).at("reachability"), "state") == "UNREACHABLE");
    o.done({"peer", "disable", "p2"});
    CHECK(!o.done({"status"}).contains("not reachable"));  // nothing is sent to it any more
}

TEST_CASE("ilpctl: a peer may have an https endpoint") {
    const operated o;
    const auto made = o.done({"peer", "create", "test.wallet", "--name", "wallet", "--asset", "USD/9",
                              "--outgoing-endpoint", "https://ilp.othergreatwallet.com", "--outgoing-token",
                              token_for("wallet"), "--incoming-token", token_of("wallet")});
    CHECK(made.contains("https://ilp.othergreatwallet.com\n"));
    // The host is somebody else's, so no packet goes there.
    o.done({"peer", "update", "wallet", "--outgoing-endpoint", "https://127.0.0.1:1/", "--outgoing-token",
            token_for("wallet")});
    CHECK(o.refused({"ping", "wallet"}).contains("next hop is unreachable"));
    CHECK(o.asked({"peer", "list", "--owner", "00000000-0000-4000-8000-000000000001"}).as_array().size() == 3);
    CHECK(o.done({"peer", "delete", "wallet"}).starts_with("deleted peer wallet"));
}

TEST_CASE("ilpctl: assets are created, changed, listed and deleted") {
    const operated o;
    CHECK(o.done({"asset", "create", "EUR/2", "--liquidity-threshold", "10", "--withdrawal-threshold", "0.50"})
              .contains("liquidity threshold   10.00 EUR\n"));
    CHECK(o.refused({"asset", "create", "EUR/2"}).contains("(DUPLICATE)"));

    // A threshold that is not given keeps its value.
    o.done({"asset", "update", "EUR", "--liquidity-threshold", "20 EUR"});
    auto euro = o.asked({"asset", "show", "EUR/2"});
    CHECK(text_at(euro, "liquidityThreshold") == "2000");
    CHECK(text_at(euro, "withdrawalThreshold") == "50");
    o.done({"asset", "update", "EUR/2", "--no-withdrawal-threshold"});
    euro = o.asked({"asset", "show", text_at(euro, "id")});
    CHECK(text_at(euro, "liquidityThreshold") == "2000");
    CHECK(euro.at("withdrawalThreshold").is_null());

    CHECK(o.done({"asset", "list"}).contains("EUR/2"));
    CHECK(o.asked({"asset", "list", "--limit", "1", "--oldest-first"}).as_array().size() == 1);
    CHECK(o.refused({"asset", "delete", "USD/9"}).contains("(FORBIDDEN)"));
    CHECK(o.done({"asset", "delete", "EUR/2"}).starts_with("deleted asset EUR/2"));
    CHECK(o.refused({"asset", "show", "EUR"}).contains("there is no asset \"EUR\""));
}

TEST_CASE("ilpctl: an asset of scale 255 and one of scale 0") {
    const operated o;
    o.done({"asset", "create", "TINY/255"});
    o.done({"liquidity", "deposit", "TINY", "0." + std::string(235, '0') + "18446744073709551615"});
    CHECK(text_at(o.asked({"asset", "show", "TINY"}), "liquidity") == "18446744073709551615");
    o.done({"asset", "create", "YEN/0"});
    o.done({"liquidity", "deposit", "YEN", "5"});
    CHECK(o.r.d.asset_liquidity("YEN", 0) == 5);
    CHECK(o.run({"liquidity", "deposit", "YEN", "5.0"}).status == 2);
}

TEST_CASE("ilpctl: a peer is created, changed, disabled, enabled and deleted") {
    const operated o;
    o.create_bob();
    CHECK(o.r.d.liquidity("bob") == 10'000);

    const auto bob = o.asked({"peer", "show", "bob"});
    CHECK(text_at(bob, "staticIlpAddress") == "test.bob");
    CHECK(text_at(bob, "origin") == "API");
    CHECK(!bob.at("http").at("outgoing").as_object().contains("authToken"));
    CHECK(o.done({"peer", "show", "bob", "--show-secrets"}).contains("(hidden: sign the request)"));
    const auto token_at_bob = [&] {
        o.run({"ping", "test.bob"});
        return o.r.p2.requests().back().header("Authorization").value_or("");
    };
    o.done({"peer", "update", "bob", "--incoming-token", token_of("bob")});
    CHECK(token_at_bob() == "Bearer " + token_for("bob"));
    CHECK(!o.done({"peer", "show", "bob"}).contains("secret"));
    CHECK(o.done({"peer", "list"}).contains("bob"));
    CHECK(o.asked({"peer", "list", "--all"}).as_array().size() == 3);

    const temporary_directory folder;
    const auto token = (folder.path() / "token").string();
    std::ofstream{token} << "another-secret\n";
    o.done({"peer", "update", "bob", "--max-packet-amount", "1.50", "--route", "test.carol", "--liquidity-threshold",
            "7", "--outgoing-token-file", token});
    auto changed = o.asked({"peer", "show", text_at(bob, "id"), "--show-secrets"});
    CHECK(text_at(changed, "maxPacketAmount") == "150");
    CHECK(text_at(changed, "liquidityThreshold") == "700");
    CHECK(json::serialize(changed.at("routes")).contains("test.carol"));
    CHECK(token_at_bob() == "Bearer another-secret");
    CHECK(changed.at("http").at("outgoing").at("endpoint") == bob.at("http").at("outgoing").at("endpoint"));

    o.done({"peer", "update", "bob", "--no-max-packet-amount", "--no-liquidity-threshold", "--no-routes", "--name",
            "robert"});
    changed = o.asked({"peer", "show", "robert"});
    CHECK(changed.at("maxPacketAmount").is_null());
    CHECK(changed.at("liquidityThreshold").is_null());
    CHECK(!json::serialize(changed.at("routes")).contains("test.carol"));
    CHECK(o.refused({"peer", "show", "bob"}).contains("there is no peer \"bob\""));

    CHECK(o.done({"peer", "disable", "robert"}).starts_with("disabled"));
    CHECK(o.asked({"peer", "show", "robert"}).at("enabled") == json::value(false));
    CHECK(o.done({"peer", "enable", "robert"}).starts_with("enabled"));
    CHECK(o.asked({"peer", "show", "robert"}).at("enabled") == json::value(true));

    CHECK(!o.refused({"peer", "update", "p1", "--name", "x"}).empty());  // the peer belongs to the configuration file
    CHECK(!o.refused({"peer", "add-by-url", "http://127.0.0.1:" + std::to_string(free_port()) + "/", "--asset", "USD"})
               .empty());

    o.done({"peer", "create", "test.idle", "--name", "idle", "--asset", "EUR", "--outgoing-endpoint",
            "http://127.0.0.1:1/", "--outgoing-token-file", token});
    CHECK(o.done({"peer", "delete", "idle"}).starts_with("deleted peer idle"));
}

TEST_CASE("ilpctl: liquidity agrees with the metrics") {
    const operated o;
    o.create_bob();
    o.done({"liquidity", "deposit", "bob", "12.50"});
    CHECK(o.r.d.liquidity("bob") == 11'250);
    o.done({"liquidity", "deposit", "bob", "1", "--raw"});
    CHECK(o.r.d.liquidity("bob") == 11'251);
    // With a key, the command as it is can be repeated; the id of the transfer follows from the key.
    const std::vector<std::string> correction{"liquidity", "deposit", "bob", "2", "--idempotency-key", "incident-7"};
    const auto corrected = o.done(correction);
    CHECK(o.done(correction) == corrected);
    CHECK(o.r.d.liquidity("bob") == 11'451);
    CHECK(o.refused({"liquidity", "deposit", "bob", "3", "--idempotency-key", "incident-7"}).contains("(CONFLICT)"));
    o.done({"liquidity", "withdraw", "bob", "2", "--idempotency-key", "incident-7-undone"});
    o.done({"liquidity", "withdraw", "bob", "0.01 EUR"});
    CHECK(o.r.d.liquidity("bob") == 11'250);
    CHECK(o.refused({"liquidity", "withdraw", "bob", "1000"}).contains("Insufficient transfer balance (FORBIDDEN)"));
    CHECK(o.run({"liquidity", "deposit", "bob", "0.001"}).status == 2);

    const auto reserve = [&] {
        return text_at(o.asked({"liquidity", "withdraw", "bob", "12.50", "--timeout", "1h"}), "id");
    };
    const auto posted = reserve();
    CHECK(o.asked({"status"}).at("pendingWithdrawals").to_number<int>() == 1);
    o.done({"liquidity", "post", posted});
    CHECK(o.r.d.liquidity("bob") == 10'000);
    CHECK(o.refused({"liquidity", "post", posted}).contains("Transfer already posted (CONFLICT)"));
    const auto voided = reserve();
    o.done({"liquidity", "void", voided});
    CHECK(o.r.d.liquidity("bob") == 10'000);

    const auto transfers = o.done({"transfers", "bob"});
    CHECK(transfers.contains("VOIDED"));
    CHECK(transfers.contains("12.50 EUR"));
    CHECK(transfers.contains(posted));
    CHECK(transfers.contains("settlement of EUR/2"));
    // The newest first; pages of the whole history give the same list.
    const auto all = o.asked({"transfers", "bob", "--all"}).as_array();
    const auto newest = o.asked({"transfers", "bob", "--limit", "1"}).as_array();
    REQUIRE(newest.size() == 1);
    CHECK(newest.front() == all.front());
    CHECK(all.size() > 2);
    CHECK(o.done({"transfers", "EUR/2"}).contains("CREATED"));
}

TEST_CASE("ilpctl: receiving accounts are created, changed, funded, listed and deleted") {
    const operated o;
    CHECK(o.done({"account", "create", "alice", "--asset", "USD", "--public-name", "Alice's shop"})
              .contains("public name  Alice's shop\n"));
    CHECK(o.refused({"account", "create", "alice", "--asset", "USD/9"}).contains("(DUPLICATE)"));
    CHECK(o.refused({"account", "create", "Bob", "--asset", "USD/9"}).contains("(BAD_USER_INPUT)"));
    o.done({"account", "deposit", "alice", "12.50"});
    const std::vector<std::string> correction{"account", "deposit", "alice", "1", "--idempotency-key", "incident-7"};
    CHECK(o.done(correction) == o.done(correction));
    CHECK(text_at(o.asked({"account", "show", "alice"}), "liquidity") == "13500000000");
    CHECK(o.refused({"account", "withdraw", "alice", "14"}).contains("Insufficient transfer balance (FORBIDDEN)"));
    CHECK(o.done({"account", "withdraw", "alice", "1"}).starts_with("withdrew 1.00 USD from receiving account alice"));
    const auto reserved = text_at(o.asked({"account", "withdraw", "alice", "0.50", "--timeout", "1h"}), "id");
    o.done({"liquidity", "post", reserved});
    CHECK(o.done({"account", "list"}).contains("12.00 USD"));
    const auto transfers = o.done({"account", "transfers", "alice"});
    CHECK(transfers.contains(reserved));
    CHECK(transfers.contains("settlement of USD/9"));

    CHECK(o.done({"account", "update", "alice", "--no-public-name"}).contains("public name  -\n"));
    CHECK(o.done({"account", "show", "alice"}).contains("pointer      none: spsp.public_url, "));
    CHECK(o.run({"account", "update", "alice"}).status == 2);
    CHECK(o.done({"account", "disable", "alice"}).starts_with("disabled receiving account alice"));
    CHECK(!o.asked({"account", "show", "alice"}).at("enabled").as_bool());
    o.done({"account", "enable", "alice"});
    CHECK(o.refused({"account", "delete", "alice"}).contains("(FORBIDDEN)"));
    o.done({"account", "withdraw", "alice", "12"});
    CHECK(o.done({"account", "delete", "alice"}).starts_with("deleted receiving account alice"));
    CHECK(o.refused({"account", "show", "alice"}).contains("there is no receiving account \"alice\""));
    CHECK(o.asked({"account", "list", "--all"}).as_array().empty());
}

TEST_CASE("ilpctl: an account pays, and a command that is repeated with its key pays once") {
    const std::uint16_t spsp_port = free_port();
    const operated o{[&](daemon_terms& terms) {
        terms.accounts = {{.name = "alice"}, {.name = "bob"}};
        terms.spsp = {"enabled: true", "listen: 127.0.0.1:" + std::to_string(spsp_port)};
    }};
    o.done({"account", "deposit", "alice", "100"});
    const std::string bob = "http://127.0.0.1:" + std::to_string(spsp_port) + "/bob";
    const std::vector<std::string> pay{"pay", bob, "12.5", "USD", "--from", "alice", "--idempotency-key", "once"};
    const auto first = o.run(pay);
    INFO(first.err);
    REQUIRE(first.status == 0);
    CHECK(first.err.starts_with("payment "));
    CHECK(first.err.contains("COMPLETED: sent 12.5"));
    const auto again = o.run(pay);
    INFO(again.err);
    CHECK(again.status == 0);
    CHECK(again.out == first.out);
    CHECK(json::parse(o.done({"payment", "list", "--json"})).as_array().size() == 1);
    CHECK(o.done({"payments", "--json"}) == o.done({"payment", "list", "--json"}));
    CHECK(o.done({"account", "show", "bob"}).contains("12.5"));
    const auto unbounded = o.run({"pay", bob, "1000000000", "--from", "alice", "--deliver"});
    CHECK(unbounded.status == 2);
    CHECK(unbounded.err.contains("--deliver needs --at-most AMOUNT"));
    const auto delivered = o.run({"pay", bob, "1000000000", "--from", "alice", "--deliver", "--at-most", "1.02"});
    INFO(delivered.err);
    CHECK(delivered.status == 0);
    CHECK(delivered.out.contains("allowed at most    1.02 USD"));
    const auto too_dear = o.run({"pay", bob, "1000000000", "--from", "alice", "--deliver", "--at-most", "0.9"});
    CHECK(too_dear.status == 1);
    CHECK(too_dear.err.contains("that may be sent at most"));
    const auto itself =
        o.run({"pay", "http://127.0.0.1:" + std::to_string(spsp_port) + "/alice", "1", "--from", "alice"});
    CHECK(itself.status == 1);
    CHECK(itself.err.contains("the payment is not complete: This account cannot pay itself"));

    const std::string id = "3b7a8b5e-4e0c-4d43-9d0e-5f2c7f0c6c11";
    const std::vector<std::string> with_id{"pay", bob, "1.5", "--from", "alice", "--at-most", "2", "--id", id};
    const std::string paid = o.done(with_id);
    CHECK(o.done(with_id) == paid);
    CHECK(o.run({"pay", bob, "1.6", "--from", "alice", "--at-most", "2", "--id", id}).status == 1);
    CHECK(json::parse(o.done({"payment", "show", id, "--json"})).at("sent") == json::value("1500000000"));
}

TEST_CASE("ilpctl: a payment appears in the list of transfers") {
    const operated o;
    REQUIRE(outcome(o.r.send({.amount = 1'500'000'000})) == "fulfill");
    CHECK(o.done({"transfers", "p1"}).contains("TRANSFER"));
    CHECK(o.done({"transfers", "p2"}).contains("1.50 USD"));
}

TEST_CASE("ilpctl: low liquidity appears as an event") {
    const auto closed_port = free_port();
    const operated o{[&](daemon_terms& terms) {
        terms.webhooks = {"url: \"http://127.0.0.1:" + std::to_string(closed_port) + "/\""};
    }};
    o.create_bob();
    o.done({"peer", "update", "bob", "--liquidity-threshold", "50"});
    o.done({"liquidity", "withdraw", "bob", "60"});
    CHECK(o.done({"events"}).contains("liquidity 40.00 EUR, threshold 50.00 EUR"));
    CHECK(o.asked({"events", "--type", "peer.liquidity_low"}).as_array().size() == 1);
    CHECK(o.asked({"events", "--not-type", "peer.liquidity_low", "--limit", "5"}).as_array().empty());
}

TEST_CASE("ilpctl: routes") {
    const operated o;
    CHECK(o.done({"route", "list"}).contains("test.p1"));
    CHECK(o.asked({"route", "list", "--prefix", "test.p1"}).as_array().size() == 1);
    CHECK(text_at(o.asked({"route", "lookup", "test.p2.someone", "--asset", "USD"}).at("peer"), "name") == "p2");
    CHECK(o.refused({"route", "lookup", "test.nobody"}).contains("no route leads to \"test.nobody\""));
}

TEST_CASE("ilpctl: ping") {
    const auto d_port = free_port();
    const auto e_port = free_port();
    const auto terms = [](const std::string& own, const std::string& other, std::uint16_t other_port) {
        return daemon_terms{.address = "test." + own,
                            .peers = {{.name = other, .port = other_port, .tokens = {token_for(own)}}}};
    };
    const ilpd_daemon d{terms("d", "e", e_port), d_port};
    const ilpd_daemon e{terms("e", "d", d_port), e_port};
    const auto reached = run_ilpctl(d.admin_port(), {"ping", "test.e"});
    INFO(reached.err);
    CHECK(reached.status == 0);
    CHECK(reached.out.starts_with("test.e reached in "));
    CHECK(reached.out.contains("next hop e"));
    CHECK(run_ilpctl(d.admin_port(), {"ping", "e"}).out.starts_with("test.e reached in "));
    REQUIRE(run_ilpctl(d.admin_port(), {"peer", "disable", "e"}).status == 0);
    const auto disabled = run_ilpctl(d.admin_port(), {"ping", "e"});
    CHECK(disabled.status == 1);
    CHECK(
        disabled.err.starts_with("ilpctl: test.e not reached: the next hop e is disabled, so no packet is sent to it"));
    const auto nowhere = run_ilpctl(d.admin_port(), {"ping", "test.nobody", "--timeout", "2s"});
    CHECK(nowhere.status == 1);
    CHECK(nowhere.err.starts_with("ilpctl: test.nobody not reached"));
}

TEST_CASE("ilpctl: each exit status") {
    const operated o{[](daemon_terms& terms) { terms.admin = {"api_secret: the-admin-secret"}; }};
    const auto port = o.r.d.admin_port();
    const auto with = [&](const std::string& secret, const std::vector<std::string>& words) {
        return run_ilpctl(port, words, {{"ILPD_ADMIN_SECRET", secret}}).status;
    };
    CHECK(with("the-admin-secret", {"status"}) == 0);
    CHECK(with("the-admin-secret", {"asset", "create", "EUR/2"}) == 0);
    CHECK(with("the-admin-secret", {"peer", "show", "nobody"}) == 1);
    CHECK(with("the-admin-secret", {"peer", "shw"}) == 2);
    CHECK(run_ilpctl(free_port(), {"status"}).status == 3);
    CHECK(run_ilpctl(o.r.d.metrics_port(), {"status"}).status == 3);
    CHECK(with("another-secret", {"status"}) == 4);
    CHECK(with("the-admin-secret", {"status", "--tenant", "7d0d6a2c-0c34-4e0d-8a5b-2d2d4c2e0ad3"}) == 4);
    const auto without = run_ilpctl(port, {"status"});
    CHECK(without.status == 4);
    CHECK(without.err.contains("--secret-file"));

    const temporary_directory folder;
    const auto file = (folder.path() / "secret").string();
    std::ofstream{file} << "the-admin-secret\n";
    CHECK(run_ilpctl(port, {"status", "--secret-file", file}).status == 0);
}

TEST_CASE("ilpctl: a deposit whose answer was lost is repeated as the message says, and done once") {
    const operated o;
    o.create_bob();
    const auto bob = text_at(o.asked({"peer", "show", "bob"}), "id");
    // The command sends two requests, a look-up and a deposit. The answer to the second one is lost.
    tcp_proxy cable{o.r.d.admin_port()};
    REQUIRE(run_ilpctl(cable.port(), {"peer", "show", bob}).status == 0);
    auto lost = ilpctl_run{};
    for (std::size_t octets = 0; !lost.err.contains("--id "); octets += 50) {
        REQUIRE(octets < 5000);
        cable.cut_after(towards::client, octets);
        lost = run_ilpctl(cable.port(), {"liquidity", "deposit", bob, "12.50"});
        cable.was_cut();
    }
    CHECK(lost.status == 3);
    const auto word_behind = [&](std::string_view option) {
        const auto at = lost.err.find(option) + option.size() + 1;
        return lost.err.substr(at, lost.err.find_first_of(" \n", at) - at);
    };
    const std::vector<std::string> again{"liquidity",
                                         "deposit",
                                         bob,
                                         "12.50",
                                         "--id",
                                         word_behind("--id"),
                                         "--idempotency-key",
                                         word_behind("--idempotency-key")};
    o.done(again);
    o.done(again);
    CHECK(o.r.d.liquidity("bob") == 11'250);
    auto other = again;
    other[3] = "13";
    CHECK(o.refused(other).contains("(CONFLICT)"));
}

}  // namespace ilpctl_test
