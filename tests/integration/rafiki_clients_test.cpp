#include "tests/integration/vectors.hpp"
#include "tests/support/admin_client.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/expectations.hpp"
#include "tests/support/fake_peer.hpp"
#include "tests/support/tls_proxy.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace rafiki_clients_test {

// What programs written for a Rafiki send to its Admin API works here unchanged.
namespace {

using namespace support;
namespace json = boost::json;

/// Sends the documents of the vectors one after the other, and checks each answer.
class client {
public:
    explicit client(const ilpd_daemon& d) : admin_{d.admin_port()} {}

    void run(const json::value& step) {
        const auto document = filled_text(std::string{step.at("document").as_string()});
        const auto* const variables = step.as_object().if_contains("variables");
        INFO(document);
        const auto answer =
            admin_.ask(document, variables == nullptr ? json::object{} : filled(*variables).as_object());
        INFO(answer.text());
        if (const auto* const code = step.as_object().if_contains("code")) {
            CHECK(answer.code() == std::string{code->as_string()});
            return;
        }
        REQUIRE(answer.done());
        const json::value& data = answer.body().at("data");
        CHECK(contains(data, filled(step.at("answer"))));
        if (const auto* const keep = step.as_object().if_contains("keep")) {
            for (const auto& [name, place] : keep->as_object()) {
                kept_[std::string{name}] = std::string{data.at_pointer(place.as_string()).as_string()};
            }
        }
    }

    const std::string& kept(const std::string& name) { return kept_[name]; }

private:
    std::string value_of(const std::string& name) {
        if (name == "uuid") return random_uuid();
        auto& known = kept_[name];
        if (known.empty()) known = random_uuid();
        return known;
    }

    std::string filled_text(std::string text) {
        for (auto at = text.find('<'); at != std::string::npos; at = text.find('<')) {
            const auto end = text.find('>', at);
            text.replace(at, end + 1 - at, value_of(text.substr(at + 1, end - at - 1)));
        }
        return text;
    }

    json::value filled(const json::value& value) {
        if (value.is_string()) return json::value(filled_text(std::string{value.as_string()}));
        json::value made = value;
        if (auto* const object = made.if_object()) {
            for (auto& member : *object) member.value() = filled(member.value());
        } else if (auto* const array = made.if_array()) {
            for (auto& item : *array) item = filled(item);
        }
        return made;
    }

    /// True if `whole` has at least what `part` has. Lists have as many items.
    static bool contains(const json::value& whole, const json::value& part) {
        if (part.is_object()) {
            return whole.is_object() && std::ranges::all_of(part.as_object(), [&](const auto& member) {
                       const auto* const found = whole.as_object().if_contains(member.key());
                       return found != nullptr && contains(*found, member.value());
                   });
        }
        if (part.is_array()) {
            return whole.is_array() && std::ranges::equal(whole.as_array(), part.as_array(),
                                                          [](const auto& a, const auto& b) { return contains(a, b); });
        }
        return whole == part;
    }

    admin_client admin_;
    std::map<std::string, std::string> kept_;
};

json::array steps_of(const std::string& list) {
    return integration::load_vectors("generated/rafiki_documents.json").at(list).as_array();
}

}  // namespace

TEST_CASE("the operations of Rafiki's peering guide, and packets to its https endpoint") {
    ilpd_daemon d{{.address = "g.alice", .peers = {{.name = "p1", .address = "g.p1"}}}};
    client guide{d};
    const auto steps = steps_of("peering_guide");
    REQUIRE(steps.size() == 5);
    for (std::size_t i = 0; i + 1 < steps.size(); ++i) guide.run(steps[i]);

    // The guide's host is somebody else's, so the peer moves to one of the test before the first packet.
    const certificate_folder folder;
    const authority authority;
    const auto files = folder.write("wallet", authority.issue({.names = {"localhost"}}));
    const fake_peer wallet;
    const tls_proxy proxy{wallet.port(), files.certificate, files.key};
    const admin_client admin{d.admin_port()};
    const auto move_to = [&](const std::string& url, const std::string& certificates) {
        admin.update_peer(guide.kept("peerId"),
                          {{"http", {{"outgoing", {{"endpoint", url}, {"authToken", "theirtoken"}}}}},
                           {"transport", {{"caCertificates", certificates}}}});
    };
    const auto outcome_of_packet = [&] {
        return outcome(d.post({.amount = 0, .destination = "g.othergreatwallet.anna"}));
    };
    const std::string url = "https://localhost:" + std::to_string(proxy.port()) + "/";
    move_to(url, authority.certificate());
    CHECK(outcome_of_packet() == "fulfill");
    CHECK(wallet.requests().back().header("Authorization") == "Bearer theirtoken");

    // It survives a restart, and a change of the trusted authorities takes effect at once.
    REQUIRE(d.stop() == 0);
    d.start();
    CHECK(outcome_of_packet() == "fulfill");
    move_to(url, support::authority{"Other authority"}.certificate());
    CHECK(outcome_of_packet() == "T01");
    CHECK(d.logs("which is not trusted here"));
    const auto ping = admin.ask("mutation P($input: PingInput!) { ping(input: $input) { reached message } }",
                                {{"input", {{"address", "g.othergreatwallet"}}}});
    CHECK_FALSE(ping.field().at("reached").as_bool());
    move_to(url, authority.certificate());
    CHECK(outcome_of_packet() == "fulfill");

    guide.run(steps.back());
    CHECK(d.audit().status == 0);
}

TEST_CASE("the documents of Rafiki's collection and of its clients") {
    const fake_peer receiver{[](const http_message&) { return answer_http(200); }};  // without one, no events are kept
    ilpd_daemon d{
        {.address = "g.alice", .webhooks = {"url: http://127.0.0.1:" + std::to_string(receiver.port()) + "/"}}};
    client client{d};
    for (const json::value& step : steps_of("collection")) client.run(step);
    CHECK(d.audit().status == 0);
}

TEST_CASE("a peer is deleted together with its deposit, in one transaction that survives a crash") {
    ilpd_daemon d{{.address = "test.d", .peers = {{.name = "p1"}}}};
    const admin_client admin{d.admin_port()};
    const auto usd = admin.asset_id("USD", 9);
    const auto id = admin.create_peer(peer_input("bob", usd, free_port(), 1000));
    admin.deposit(id, 500);
    CHECK(admin.mutate("deletePeer", {{"id", id}}).done());
    d.kill9();
    d.start();
    CHECK(admin.peer(id).is_null());
    const auto transfers =
        admin.ask("query T($id: String!) { accountingTransfers(id: $id) { credits { amount } } }", {{"id", id}});
    CHECK(transfers.code() == "NOT_FOUND");
    CHECK(d.audit().status == 0);
}

TEST_CASE("after a payment, a peer with liquidity is not deleted, and the message says what to do") {
    const fake_peer p2;
    ilpd_daemon d{{.address = "test.d", .peers = {{.name = "p1"}, {.name = "p2", .port = p2.port()}}}};
    const admin_client admin{d.admin_port()};
    const auto id = admin.create_peer(peer_input("bob", admin.asset_id("USD", 9), free_port(), 1000));
    CHECK(outcome(d.post({.amount = 1, .destination = "test.p2.x"}, "bob")) == "fulfill");
    CHECK(d.settled_liquidity("bob") == 999);
    const auto answer = admin.mutate("deletePeer", {{"id", id}});
    CHECK(answer.code() == "FORBIDDEN");
    CHECK(answer.message().contains("disable the peer instead, and withdraw what is left of its liquidity"));
    CHECK(d.settled_liquidity("bob") == 999);
}

TEST_CASE("mutations that differ only in the last digits of a large amount are different requests") {
    ilpd_daemon d{{.address = "test.d", .peers = {{.name = "p1"}}}};
    const admin_client admin{d.admin_port()};
    const auto bob = admin.create_peer(peer_input("bob", admin.create_asset("EUR", 2), free_port()));
    const json::object input{
        {"peerId", bob}, {"amount", "18446744073709551600"}, {"id", random_uuid()}, {"idempotencyKey", "k"}};
    CHECK(admin.mutate("depositPeerLiquidity", input).done());
    CHECK(admin.mutate("depositPeerLiquidity", input).done());
    for (const char* const other : {"18446744073709551601", "18446744073709551599"}) {
        auto changed = input;
        changed["amount"] = other;
        CHECK(admin.mutate("depositPeerLiquidity", std::move(changed)).code() == "CONFLICT");
    }
    auto number = input;
    number["amount"] = std::uint64_t{18446744073709551600U};  // the same amount as a number
    CHECK(admin.mutate("depositPeerLiquidity", std::move(number)).done());
}

TEST_CASE("nodes that do not answer leave threads of the Admin API for other requests") {
    ilpd_daemon d{{.address = "test.d",
                   .peers = {{.name = "p1"}},
                   .auto_peering = {"connector_url: http://127.0.0.1:1/", "allow_private_addresses: true"}}};
    const admin_client admin{d.admin_port()};
    const auto usd = admin.asset_id("USD", 9);
    const auto gate = std::make_shared<support::gate>();
    fake_peer silent{[gate](const http_message&) {
        auto answer = answer_http(404);
        answer.held_by = gate;
        return answer;
    }};
    const auto ask = [&] {
        return admin.mutate("createOrUpdatePeerByUrl",
                            {{"peerUrl", "http://127.0.0.1:" + std::to_string(silent.port()) + "/"}, {"assetId", usd}});
    };
    auto first = std::async(std::launch::async, ask);
    auto second = std::async(std::launch::async, ask);
    REQUIRE(silent.wait_for_requests(2));
    for (int i = 0; i < 10; ++i) {
        const auto third = ask();
        CHECK(third.code() == "CONFLICT");
        CHECK(third.message() == "2 requests to become peers are in progress already: try again when one has ended");
        CHECK(admin.peers().size() == 1);
    }
    CHECK(silent.request_count() == 2);
    gate->open();
    CHECK(first.get().code() == "NOT_FOUND");
    CHECK(second.get().code() == "NOT_FOUND");
    CHECK(ask().code() == "NOT_FOUND");
}

}  // namespace rafiki_clients_test
