#include "connector/control/auto_peering_client.hpp"

#include "connector/control/pinger.hpp"
#include "connector/worker/make_link.hpp"
#include "tests/support/fake_peer.hpp"
#include "tests/unit/connector/control/auto_peering_world.hpp"

#include <catch2/catch.hpp>

namespace auto_peering_client_test {

using connector::testing::node;
using peering::refusal_code;
using support::answer_http;
using support::fake_peer;
using support::http_message;
using support::to_bytes;

namespace {

ilp::digest hash(std::string_view token) {
    return ilp::sha256(ilp::as_bytes(token));
}

constexpr auto bad_url = "Peer URL is invalid or peer does not support auto-peering";

support::scripted_answer json(unsigned status, const std::string& body) {
    return answer_http(static_cast<int>(status), to_bytes(body), "application/json");
}

}  // namespace

TEST_CASE("two nodes become peers over HTTP, and a second request renews both tokens") {
    node alice{"test.alice"};
    node dora{"test.dora"};
    std::string last_token;
    for (int round = 0; round < 3; ++round) {
        const auto made = dora.create_or_update({alice.url(), dora.usd()});
        INFO((made ? "" : made.error().message));
        REQUIRE(made);
        const auto at_alice = alice.only_peer();
        const auto at_dora = dora.only_peer();
        REQUIRE(at_alice);
        REQUIRE(at_dora);
        CHECK(*made == at_dora);
        CHECK(at_alice->address.text() == "test.dora");
        CHECK(at_dora->address.text() == "test.alice");
        CHECK(at_dora->incoming_tokens.front() == hash(at_alice->outgoing.auth_token.reveal()));
        CHECK(at_alice->incoming_tokens.front() == hash(at_dora->outgoing.auth_token.reveal()));
        CHECK(at_dora->outgoing.auth_token.reveal() != last_token);
        last_token = at_dora->outgoing.auth_token.reveal();
    }
    // Alice cannot prove her identity to Dora, because she has never sent her a request.
    const auto refused = alice.create_or_update({dora.url(), alice.usd()});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == refusal_code::bad_user_input);
    CHECK(refused.error().message == "Invalid peering request");
    CHECK(dora.only_peer()->outgoing.auth_token.reveal() == last_token);
}

TEST_CASE("the operator gets the reason if the other node does not become a peer") {
    node alice{"test.alice"};
    fake_peer other;
    const auto refused = [&](const support::scripted_answer& answer) {
        other.set_script([answer](const http_message&) { return answer; });
        const auto made =
            alice.create_or_update({"http://127.0.0.1:" + std::to_string(other.port()) + "/", alice.usd()});
        REQUIRE_FALSE(made);
        return made.error();
    };
    const auto error = [](const char* type) {
        return std::string{R"({"error":{"code":400,"message":"m","type":")"} + type + "\"}}";
    };
    const auto unsupported = refused(json(404, error("UnknownAsset")));
    CHECK(unsupported.code == refusal_code::bad_user_input);
    CHECK(unsupported.message == "Peer does not support asset");
    for (const char* const type : {"InvalidPeeringRequest", "InvalidPeerIlpConfiguration"}) {
        const auto invalid = refused(json(400, error(type)));
        CHECK(invalid.code == refusal_code::bad_user_input);
        CHECK(invalid.message == "Invalid peering request");
    }
    for (const auto& nonsense :
         {json(200, "{}"), json(200, ""), json(404, "not here"), json(400, "{}"), json(500, "oops"), json(302, ""),
          json(200, std::string(peering::peering_message_size_max + 1, ' '))}) {
        const auto invalid = refused(nonsense);
        CHECK(invalid.code == refusal_code::not_found);
        CHECK(invalid.message == bad_url);
    }
    const std::string claims_ours =
        R"({"staticIlpAddress":"test.alice","ilpConnectorUrl":"http://127.0.0.1/","httpToken":"0123456789abcdef"})";
    CHECK(refused(json(200, claims_ours)).code == refusal_code::bad_user_input);
    CHECK(alice.directory.peer_count() == 0);

    const auto closed_port = support::local_port(support::listen_on(0));
    const auto unreachable =
        alice.create_or_update({"http://127.0.0.1:" + std::to_string(closed_port) + "/", alice.usd()});
    REQUIRE_FALSE(unreachable);
    CHECK(unreachable.error().message == bad_url);
}

TEST_CASE("a host name that resolves to this host is contacted only if that is allowed") {
    auto settings = node::lenient();
    settings.allow_private_addresses = false;
    node alice{"test.alice", settings};
    fake_peer other{[](const http_message&) { return json(200, "{}"); }};
    for (const char* const host : {"localhost", "127.0.0.1"}) {
        const auto made = alice.create_or_update(
            {std::string{"http://"} + host + ":" + std::to_string(other.port()) + "/", alice.usd()});
        REQUIRE_FALSE(made);
        CHECK(made.error().code == refusal_code::not_found);
        CHECK(made.error().message.starts_with(std::string{bad_url} + ": it points to an address"));
    }
    CHECK(other.request_count() == 0);
}

TEST_CASE("a ping to an auto-peered peer connects only to public addresses") {
    for (const bool allowed : {false, true}) {
        auto settings = node::lenient();
        settings.allow_private_addresses = allowed;
        settings.allow_plain_http = true;
        node alice{"test.alice", settings};
        fake_peer inside{[](const http_message&) { return json(200, "x"); }};
        const peering::peering_request request{
            {ilp::address::parse("test.mallory").value(), "http://localhost:" + std::to_string(inside.port()) + "/",
             "token-of-mallory-00"},
            "USD",
            9};
        std::promise<bool> taken;
        REQUIRE(alice.committer.execute([&](peering::bookkeeper& keeper) {
            alice.auto_peers.handle_request(keeper, {}, request, {},
                                            [&](const auto& answer) { taken.set_value(answer.has_value()); });
        }));
        REQUIRE(taken.get_future().get());
        // A link of a worker: it runs here until the ping has ended.
        connector::awaited_echo echo;
        connector::pinger pinger{
            alice.directory, echo, [&](auto, const ilp::bytes& prepare, auto limit, const auto& done) {
                connector::event_loop loop;
                connector::probes probes{loop};
                const connector::links_tls no_tls;
                connector::http2::flood_counts floods;
                const auto link =
                    connector::make_request_link(loop, *alice.only_peer(), std::chrono::hours{1}, no_tls, floods)
                        .value();
                bool ended = false;
                loop.enter();
                probes.send(*link, prepare, loop.now().steady + limit, [&](auto outcome) {
                    ended = true;
                    done(std::move(outcome));
                });
                while (!ended) loop.context().run_one();
            }};
        const auto answer = pinger.ping("test.mallory", std::chrono::seconds{5});
        CHECK_FALSE(answer.reached);
        CHECK((answer.message->find("no public address") != std::string::npos) == !allowed);
        CHECK(inside.request_count() == (allowed ? 1 : 0));
    }
}

}  // namespace auto_peering_client_test
