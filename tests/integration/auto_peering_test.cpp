#include "tests/support/rig.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

namespace auto_peering_test {

namespace {

using namespace support;
namespace json = boost::json;

const std::string from_mallory = "token-of-mallory-00";

http_message post_json(std::uint16_t port, const std::string& target, const json::value& body,
                       const std::string& bearer = {}) {
    http_request request{
        .target = target, .headers = {{"Content-Type", "application/json"}}, .body = to_bytes(json::serialize(body))};
    if (!bearer.empty()) request.headers.emplace_back("Authorization", "Bearer " + bearer);
    return http_connection{port}.exchange(request).value();
}

json::value json_of(const http_message& answer) {
    return json::parse(std::string{answer.body.begin(), answer.body.end()});
}

/// A daemon with auto-peering and one ordinary peer behind it that fulfills everything.
struct auto_node {
    explicit auto_node(const std::string& name, bool allows_private = true)
        : daemon{terms(name, allows_private), port} {}

    daemon_terms terms(const std::string& name, bool allows_private) const {
        daemon_terms terms{.address = "test." + name};
        terms.connector = {"workers: 1"};
        terms.peers = {{.name = name + "-end", .address = "test." + name + ".end", .port = end.port()}};
        terms.auto_peering = {"enabled: true",
                              "listen: 127.0.0.1:" + std::to_string(peering_port),
                              "connector_url: http://127.0.0.1:" + std::to_string(port) + "/",
                              "initial_liquidity: 1000000",
                              "request_rate_per_address: 0",
                              "allow_plain_http: true",
                              std::string{"allow_private_addresses: "} + (allows_private ? "true" : "false")};
        return terms;
    }

    json::value graphql(const std::string& query, const json::value& variables = json::object{}) const {
        return json_of(post_json(daemon.admin_port(), "/graphql", {{"query", query}, {"variables", variables}}));
    }

    /// The result of createOrUpdatePeerByUrl.
    json::value ask(const std::string& url) const {
        const auto assets = graphql("{ assets { edges { node { id } } } }");
        const auto& id = assets.at_pointer("/data/assets/edges/0/node/id");
        return graphql(
            "mutation Ask($input: CreateOrUpdatePeerByUrlInput!) { createOrUpdatePeerByUrl(input: $input) { peer { id "
            "staticIlpAddress } } }",
            {{"input", {{"peerUrl", url}, {"assetId", id}, {"liquidityToDeposit", "1000000"}}}});
    }

    json::value peers() const {
        return graphql(
            "{ peers { edges { node { id name staticIlpAddress liquidity maxPacketAmount routes http { outgoing { "
            "authToken endpoint } } } } } }");
    }

    std::string peering_url(const std::string& host = "127.0.0.1") const {
        return "http://" + host + ":" + std::to_string(peering_port) + "/";
    }

    http_message request_peering(const std::string& address, const std::string& url,
                                 const std::string& token = from_mallory, const std::string& bearer = {}) const {
        return post_json(peering_port, "/",
                         {{"staticIlpAddress", address},
                          {"ilpConnectorUrl", url},
                          {"asset", {{"code", "USD"}, {"scale", 9}}},
                          {"httpToken", token}},
                         bearer);
    }

    std::uint16_t port = free_port();
    std::uint16_t peering_port = free_port();
    fake_peer end;
    ilpd_daemon daemon;
};

std::string error_type(const http_message& answer) {
    return std::to_string(answer.status()) + " " + std::string{json_of(answer).at_pointer("/error/type").as_string()};
}

}  // namespace

TEST_CASE("two daemons become peers by auto-peering, and packets pass both ways, before and after a renewal") {
    const auto_node alice{"alice"};
    const auto_node dora{"dora"};
    for (int round = 0; round < 2; ++round) {
        const json::value made = dora.ask(alice.peering_url());
        INFO(json::serialize(made));
        CHECK(made.at_pointer("/data/createOrUpdatePeerByUrl/peer/staticIlpAddress").as_string() == "test.alice");
        CHECK(outcome(dora.daemon.post({.amount = 10, .destination = "test.alice.end.x"}, "dora-end")) == "fulfill");
        CHECK(outcome(alice.daemon.post({.amount = 10, .destination = "test.dora.end.x"}, "alice-end")) == "fulfill");
    }
    CHECK(dora.peers().at_pointer("/data/peers/edges").as_array().size() == 2);
    CHECK(alice.peers().at_pointer("/data/peers/edges").as_array().size() == 2);
}

TEST_CASE("two daemons whose peers have a history change their tokens by updatePeer on both sides, as documented") {
    const auto_node alice{"alice"};
    const auto_node dora{"dora"};
    REQUIRE(dora.ask(alice.peering_url()).as_object().contains("data"));
    const auto packets_pass = [&] {
        CHECK(outcome(dora.daemon.post({.amount = 10, .destination = "test.alice.end.x"}, "dora-end")) == "fulfill");
        CHECK(outcome(alice.daemon.post({.amount = 10, .destination = "test.dora.end.x"}, "alice-end")) == "fulfill");
    };
    packets_pass();
    const auto id_at = [](const auto_node& node, const std::string& address) {
        const json::value all = node.peers();
        for (const json::value& edge : all.at_pointer("/data/peers/edges").as_array()) {
            const json::object& peer = edge.at("node").as_object();
            if (std::string_view{peer.at("staticIlpAddress").as_string()} == address) return peer.at("id").as_string();
        }
        return json::string{};
    };
    const auto changed = [&](const auto_node& node, const std::string& of, const std::string& from,
                             const std::string& to, std::uint16_t port) {
        const json::object input{
            {"id", id_at(node, of)},
            {"http",
             {{"incoming", {{"authTokens", json::array{json::string{from}}}}},
              {"outgoing", {{"authToken", to}, {"endpoint", "http://127.0.0.1:" + std::to_string(port) + "/"}}}}}};
        return json::serialize(node.graphql(
            "mutation M($input: UpdatePeerInput!) { updatePeer(input: $input) { peer { id } } }", {{"input", input}}));
    };
    // The peer cannot be deleted, because its history is kept; a request without the present token changes nothing.
    CHECK(json::serialize(alice.graphql("mutation M($id: ID!) { deletePeer(input: {id: $id}) { success } }",
                                        {{"id", id_at(alice, "test.dora")}}))
              .contains("FORBIDDEN"));
    CHECK(error_type(alice.request_peering("test.dora", "http://127.0.0.1:1/")) == "400 InvalidPeeringRequest");
    packets_pass();
    const std::string to_alice = "new-token-to-alice";
    const std::string to_dora = "new-token-to-dora";
    CHECK_FALSE(changed(alice, "test.dora", to_alice, to_dora, dora.port).contains("errors"));
    CHECK_FALSE(changed(dora, "test.alice", to_dora, to_alice, alice.port).contains("errors"));
    packets_pass();
}

TEST_CASE(
    "a peer that an operator created and then renews by auto-peering with a Rafiki stays the same peer, with new "
    "tokens") {
    const auto_node alice{"alice"};
    fake_peer rafiki;
    const std::string url = "http://127.0.0.1:" + std::to_string(rafiki.port()) + "/";
    // Like a Rafiki, it takes every request as a renewal of both tokens, and refuses packets with other tokens.
    rafiki.set_script([url, expected = std::make_shared<std::string>("to-rafiki")](const http_message& request) {
        if (request.header("Content-Type") != "application/json") {
            return request.header("Authorization") == "Bearer " + *expected ? answer_fulfill(request)
                                                                            : answer_http(401);
        }
        *expected = std::string{std::string_view{json_of(request).at("httpToken").as_string()}};
        return answer_http(200,
                           to_bytes(json::serialize(json::object{{"staticIlpAddress", "test.rafiki"},
                                                                 {"ilpConnectorUrl", url},
                                                                 {"httpToken", "renewed-token-of-rafiki"},
                                                                 {"name", "Rafiki"}})),
                           "application/json");
    });
    const auto assets = alice.graphql("{ assets { edges { node { id } } } }");
    const json::object input{{"staticIlpAddress", "test.rafiki"},
                             {"name", "hand-made"},
                             {"assetId", assets.at_pointer("/data/assets/edges/0/node/id")},
                             {"initialLiquidity", "1000"},
                             {"http",
                              {{"incoming", {{"authTokens", {"first-token-of-rafiki"}}}},
                               {"outgoing", {{"authToken", "to-rafiki"}, {"endpoint", url}}}}}};
    REQUIRE_FALSE(
        json::serialize(alice.graphql("mutation M($input: CreatePeerInput!) { createPeer(input: $input) { peer { "
                                      "id } } }",
                                      {{"input", input}}))
            .contains("errors"));
    for (int round = 0; round < 2; ++round) {
        CHECK(outcome(alice.daemon.post({.amount = 10, .destination = "test.rafiki.x"}, "alice-end")) == "fulfill");
        const json::value asked = alice.ask(url);
        INFO(json::serialize(asked));
        CHECK_FALSE(asked.as_object().contains("errors"));
    }
    CHECK(outcome(alice.daemon.post({.amount = 10, .destination = "test.rafiki.x"}, "alice-end")) == "fulfill");
    CHECK(json::serialize(alice.peers()).contains("hand-made"));
    CHECK_FALSE(json::serialize(alice.peers()).contains("Rafiki"));
}

TEST_CASE("a stranger cannot take over a daemon's peer, and packets flow as before") {
    const auto_node alice{"alice"};
    const auto_node dora{"dora"};
    REQUIRE(dora.ask(alice.peering_url()).as_object().contains("data"));
    const fake_peer mallory;
    const std::string to_mallory = "http://127.0.0.1:" + std::to_string(mallory.port()) + "/";
    const json::value before = alice.peers();

    CHECK(error_type(alice.request_peering("test.dora", to_mallory)) == "400 InvalidPeeringRequest");
    CHECK(error_type(alice.request_peering("test.dora", to_mallory, from_mallory, "another-token-of-mallory")) ==
          "400 InvalidPeeringRequest");
    CHECK(error_type(alice.request_peering("test.alice.end", to_mallory, token_of("alice-end"))) ==
          "400 InvalidPeeringRequest");
    for (const char* const address : {"test.dora.end", "test.alice", "test.alice.end.x", "test.alice.x"}) {
        CAPTURE(address);
        CHECK(error_type(alice.request_peering(address, to_mallory)).starts_with("400 Invalid"));
    }
    CHECK(alice.peers() == before);
    CHECK(outcome(alice.daemon.post({.amount = 10, .destination = "test.dora.end.x"}, "alice-end")) == "fulfill");
    CHECK(mallory.request_count() == 0);
}

TEST_CASE("a daemon connects to no address that is not public, whatever the URL") {
    const auto_node alice{"alice", false};
    fake_peer inside;
    const std::string port = std::to_string(inside.port());
    for (const std::string host : {"127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "169.254.169.254"}) {
        CAPTURE(host);
        CHECK(error_type(alice.request_peering("test.mallory", "http://" + host + ":" + port + "/")) ==
              "400 InvalidPeerIlpConfiguration");
        CHECK(json::serialize(alice.ask("http://" + host + ":" + port + "/")).contains("not public"));
    }
    CHECK(json::serialize(alice.ask("http://localhost:" + port + "/")).contains("not public"));

    // A host name is only resolved when packets are sent.
    REQUIRE(alice.request_peering("test.mallory", "http://localhost:" + port + "/").status() == 200);
    CHECK(outcome(alice.daemon.post({.amount = 10, .destination = "test.mallory.x"}, "alice-end")) == "T01");
    CHECK(alice.daemon.logs("its endpoint has no public address"));
    CHECK(inside.request_count() == 0);
}

TEST_CASE("a daemon accepts no auto-peering unless it is enabled") {
    auto_node alice{"alice"};
    alice.daemon.stop();
    alice.daemon.terms().auto_peering.clear();
    alice.daemon.start();
    CHECK_THROWS_AS(http_connection{alice.peering_port}, std::system_error);
    CHECK(json::serialize(alice.ask("http://127.0.0.1:1/")).contains("not public"));
}

}  // namespace auto_peering_test
