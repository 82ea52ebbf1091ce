#include "peering/records/uuid.hpp"
#include "tests/integration/store_blockade.hpp"
#include "tests/support/http2_client.hpp"
#include "tests/support/page.hpp"
#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace asynchronous_test {

namespace {

using namespace support;
using namespace std::chrono_literals;

const std::string first_id = "42ee09c8-a6de-4ae3-8a47-4732b0cbb07b";
const std::string second_id = "0b1d3ab8-0c34-4e0d-8a5b-2d2d4c2e0ad3";

/// The daemon sends packets to p2 in asynchronous mode.
void asynchronous_p2(daemon_terms& terms) {
    terms.connector = {"workers: 2", "min_expiration_window: 200ms", "callback_url: \"http://127.0.0.1:1/answers\""};
    terms.peers.at(1).outgoing = {"mode: asynchronous"};
}

/// A request with a Prepare that is to be answered at p1's listener.
http_request asynchronous_request(const rig& r, const prepare& sent, const std::string& id = first_id) {
    http_request request = ilp_request(encode(sent));
    request.headers.emplace_back("Prefer", "respond-async");
    request.headers.emplace_back("Request-Id", id);
    request.headers.emplace_back("Callback-Url", "http://127.0.0.1:" + std::to_string(r.p1.port()) + "/answers?of=d");
    return request;
}

std::optional<http_message> exchange(const rig& r, const http_request& request) {
    return http_connection{r.d.port()}.exchange(request);
}

int status_of(const rig& r, const http_request& request) {
    const auto answer = exchange(r, request);
    return answer ? answer->status() : 0;
}

/// What p2 posts as the answer to the Prepare in `request`.
http_request answer_to(const http_message& request, ilp::bytes_view packet, const std::string& peer = "p2") {
    http_request answer = ilp_request(packet, peer);
    answer.headers.emplace_back("Request-Id", request.header("Request-Id").value_or(""));
    return answer;
}

ilp::bytes fulfill_of(const http_message& request) {
    const received_prepare prepare = decode_prepare(request.body);
    return encode_fulfill(fulfillment_for(prepare.destination, prepare.data));
}

std::size_t requests_with(const fake_peer& peer, const std::string& id) {
    std::size_t count = 0;
    for (const http_message& request : peer.requests()) count += request.header("Request-Id") == id ? 1U : 0U;
    return count;
}

}  // namespace

TEST_CASE("A35-16 A35-17: a request in asynchronous mode gets 202 at once, and its answer comes in a request") {
    rig r;
    r.p1.set_script([](const http_message&) { return answer_http(200); });
    const auto hold = std::make_shared<gate>();
    r.p2.set_script([hold](const http_message& request) {
        auto answer = answer_fulfill(request, to_bytes("thanks"));
        answer.held_by = hold;
        return answer;
    });
    const prepare sent{.amount = 1000};
    const auto accepted = exchange(r, asynchronous_request(r, sent));
    REQUIRE(accepted);
    CHECK(accepted->status() == 202);
    CHECK(accepted->body.empty());
    REQUIRE(r.p2.wait_for_requests(1));
    CHECK(r.p1.request_count() == 0);
    hold->open();
    REQUIRE(r.p1.wait_for_requests(1));
    const http_message reply = r.p1.requests().front();
    CHECK(reply.start_line == "POST /answers?of=d HTTP/1.1");
    CHECK(reply.header("Request-Id") == first_id);
    CHECK(reply.header("Authorization") == "Bearer " + token_for("p1"));
    CHECK(reply.header("Content-Type") == "application/octet-stream");
    CHECK(reply.body == encode_fulfill(fulfillment_for(sent.destination, sent.data), to_bytes("thanks")));
    CHECK(r.d.settled_liquidity("p1") == default_liquidity - 1000);
    CHECK(r.d.settled_liquidity("p2") == default_liquidity + 1000);

    // A Reject of this node, and one of the next hop.
    CHECK(status_of(r, asynchronous_request(r, {.destination = "test.nowhere"}, second_id)) == 202);
    REQUIRE(r.p1.wait_for_requests(2));
    CHECK(r.p1.requests().back().header("Request-Id") == second_id);
    CHECK(r.p1.requests().back().body.front() == 14);
    r.p2.set_script([](const http_message&) { return answer_reject("F99"); });
    CHECK(status_of(r, asynchronous_request(r, {}, first_id)) == 202);
    REQUIRE(r.p1.wait_for_requests(3));
    CHECK(r.p1.requests().back().body == encode_reject("F99"));
}

TEST_CASE("A35-12: the fields of a request say in which mode it is answered") {
    rig r;
    r.p1.set_script([](const http_message&) { return answer_http(200); });
    const auto with = [&](const header_list& fields) {
        http_request request = ilp_request(encode({.data = random_bytes(8)}));
        request.headers.insert(request.headers.end(), fields.begin(), fields.end());
        return status_of(r, request);
    };
    const auto url =
        std::pair<std::string, std::string>{"Callback-Url", "http://127.0.0.1:" + std::to_string(r.p1.port()) + "/x"};
    CHECK(with({}) == 200);
    CHECK(with({{"Request-Id", first_id}}) == 200);
    CHECK(with({url}) == 200);
    CHECK(with({{"Prefer", "return=minimal"}, {"Request-Id", first_id}}) == 200);
    CHECK(with({{"Request-Id", "not a UUID"}}) == 200);
    CHECK(r.p1.request_count() == 0);
    CHECK(with({{"Request-Id", first_id}, url}) == 202);
    REQUIRE(r.p1.wait_for_requests(1));
    // Without a URL, the answer goes to the peer's endpoint.
    CHECK(with({{"prefer", "return=minimal, Respond-Async; wait=5"}, {"request-id", second_id}}) == 202);
    REQUIRE(r.p1.wait_for_requests(2));
    CHECK(r.p1.requests().back().start_line == "POST / HTTP/1.1");
    CHECK(with({{"Prefer", "respond-async"}, url}) == 400);
}

TEST_CASE("A35-18: an answer is posted until the peer takes or refuses it") {
    rig r;
    r.p1.set_script([&r](const http_message& request) {
        if (request.header("Request-Id") == second_id) return answer_http(400);
        return answer_http(requests_with(r.p1, first_id) < 3 ? 503 : 200);
    });
    CHECK(status_of(r, asynchronous_request(r, {})) == 202);
    REQUIRE(r.p1.wait_for_requests(3));
    CHECK(status_of(r, asynchronous_request(r, {}, second_id)) == 202);
    REQUIRE(r.p1.wait_for_requests(4));
    CHECK(r.d.logs("a Fulfill was not delivered to the peer's callback URL"));
    // A peer that is gone for a moment gets it, too. Whatever came before would have been repeated by then.
    r.p1.set_script([](const http_message&) { return answer_http(200); });
    r.p1.stop();
    const std::string third_id = "f7a2b0de-6f3a-4a1b-8f4a-9a6a2a7a5c11";
    CHECK(status_of(r, asynchronous_request(r, {}, third_id)) == 202);
    REQUIRE(r.d.logs("peer is unreachable"));
    r.p1.start();
    CHECK(eventually([&] { return requests_with(r.p1, third_id) == 1; }));
    CHECK(requests_with(r.p1, first_id) == 3);
    CHECK(requests_with(r.p1, second_id) == 1);
}

TEST_CASE("A35-30: answers are posted to the peer's own endpoint only") {
    rig r;
    const std::string port = std::to_string(r.p1.port());
    const std::vector<std::string> urls{"http://127.0.0.1:22/",
                                        "file:///etc/passwd",
                                        "http://127.0.0.2:" + port + "/",
                                        "http://localhost:" + port + "/",
                                        "https://127.0.0.1:" + port + "/",
                                        "http://user@127.0.0.1:" + port + "/",
                                        "//127.0.0.1:" + port + "/",
                                        "x"};
    for (const std::string& url : urls) {
        CAPTURE(url);
        http_request request = ilp_request(encode({}));
        request.headers.emplace_back("Request-Id", first_id);
        request.headers.emplace_back("Callback-Url", url);
        expect_status(exchange(r, request), 400);
    }
    r.expect_untouched();
}

TEST_CASE("A35-31: the id of an asynchronous request is a UUID that no other request in flight has") {
    rig r;
    r.p1.set_script([](const http_message&) { return answer_http(200); });
    for (const char* const id : {"", "x", "42ee09c8-a6de-1ae3-8a47-4732b0cbb07b", "42ee09c8a6de4ae38a474732b0cbb07b"}) {
        CAPTURE(id);
        expect_status(exchange(r, asynchronous_request(r, {}, id)), 400);
    }
    r.expect_untouched();
    const auto hold = std::make_shared<gate>();
    r.p2.set_script([hold](const http_message& request) {
        auto answer = answer_fulfill(request);
        answer.held_by = hold;
        return answer;
    });
    CHECK(status_of(r, asynchronous_request(r, {})) == 202);
    CHECK(status_of(r, asynchronous_request(r, {})) == 400);
    std::string upper = first_id;
    for (char& c : upper)
        if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
    CHECK(status_of(r, asynchronous_request(r, {}, upper)) == 400);
    hold->open();
    REQUIRE(r.p1.wait_for_requests(1));
    CHECK(r.d.settled_liquidity("p1") == default_liquidity - 1);
    CHECK(eventually([&] { return status_of(r, asynchronous_request(r, {})) == 202; }));  // it may be used again
}

TEST_CASE("A35-20: an asynchronous request without a Prepare is refused at once") {
    rig r;
    http_request request = asynchronous_request(r, {});
    request.body.resize(request.body.size() - 1);
    expect_status(exchange(r, request), 400);
    request.body = to_bytes("x");
    expect_status(exchange(r, request), 400);
    r.expect_untouched();
}

TEST_CASE("A35-19: in asynchronous mode, the first answer of the next hop counts") {
    rig r{asynchronous_p2};
    r.p2.set_script([](const http_message&) { return answer_http(202); });
    http_connection sender{r.d.port()};
    const prepare sent{.amount = 500};
    sender.send(ilp_request(encode(sent)));
    REQUIRE(r.p2.wait_for_requests(1));
    const http_message request = r.p2.requests().front();
    CHECK(request.header("Prefer") == "respond-async");
    CHECK(request.header("Callback-Url") == "http://127.0.0.1:1/answers");
    REQUIRE(request.header("Request-Id"));
    CHECK(decode_prepare(request.body).destination == sent.destination);

    const ilp::bytes fulfill = fulfill_of(request);
    http_message unknown = request;
    for (auto& [name, value] : unknown.headers)
        if (name == "Request-Id") value = first_id;
    CHECK(status_of(r, answer_to(unknown, fulfill)) == 400);
    CHECK(status_of(r, answer_to(request, fulfill, "p1")) == 400);  // not the peer that owes it
    CHECK(status_of(r, ilp_request(fulfill, "p2")) == 400);         // without an id
    const auto taken = exchange(r, answer_to(request, fulfill));
    REQUIRE(taken);
    CHECK(taken->status() == 200);
    CHECK(taken->body.empty());
    expect_fulfill(sender.receive(), sent);
    CHECK(status_of(r, answer_to(request, fulfill)) == 400);
    CHECK(status_of(r, answer_to(request, encode_reject("F99"))) == 400);
    CHECK(r.d.settled_liquidity("p1") == default_liquidity - 500);
    CHECK(r.d.settled_liquidity("p2") == default_liquidity + 500);
}

TEST_CASE("A35-19: an asynchronous answer that comes too late, or to another packet, changes nothing") {
    rig r{asynchronous_p2};
    r.p2.set_script([](const http_message&) { return answer_http(202); });
    expect_reject(r.send(prepare{.expires_in = 2s}), "R00");
    REQUIRE(r.p2.wait_for_requests(1));
    const http_message late = r.p2.requests().front();
    CHECK(status_of(r, answer_to(late, fulfill_of(late))) == 400);

    http_connection sender{r.d.port()};
    sender.send(ilp_request(encode({.data = to_bytes("second")})));
    REQUIRE(r.p2.wait_for_requests(2));
    CHECK(status_of(r, answer_to(r.p2.requests().back(), fulfill_of(late))) == 200);
    expect_reject(sender.receive(), "F05");  // the fulfillment of another packet
    CHECK(r.d.settled_liquidity("p1") == default_liquidity);
}

TEST_CASE("in asynchronous mode, a next hop that refuses or answers at once is understood") {
    rig r{asynchronous_p2};
    const prepare sent{};
    expect_fulfill(r.send(sent), sent);  // in the response
    r.p2.set_script([](const http_message&) { return answer_http(503); });
    expect_reject(r.send(prepare{}), "T03");
    r.p2.set_script([](const http_message&) { return answer_http(404); });
    expect_reject(r.send(prepare{}), "T01");
    // A connection that is lost says nothing about the packet: the answer may still come.
    r.p2.set_script([](const http_message&) { return answer_close(); });
    http_connection sender{r.d.port()};
    sender.send(ilp_request(encode(sent)));
    REQUIRE(r.p2.wait_for_requests(4));
    const http_message request = r.p2.requests().back();
    CHECK(status_of(r, answer_to(request, fulfill_of(request))) == 200);
    expect_fulfill(sender.receive(), sent);
}

TEST_CASE("asynchronous answers reach the worker that has the packet, also before the 202") {
    rig r{asynchronous_p2};
    r.p2.set_script([](const http_message&) { return answer_silence(); });  // the 202 never comes
    constexpr std::size_t count = 30;
    std::vector<http_connection> senders;
    std::vector<prepare> packets;
    for (std::size_t i = 0; i < count; ++i) {
        packets.push_back({.data = random_bytes(16)});
        senders.emplace_back(r.d.port()).send(ilp_request(encode(packets.back())));
    }
    REQUIRE(r.p2.wait_for_requests(count));
    for (const http_message& request : r.p2.requests())
        CHECK(status_of(r, answer_to(request, fulfill_of(request))) == 200);
    for (std::size_t i = 0; i < count; ++i) expect_fulfill(senders[i].receive(), packets[i]);
    CHECK(r.d.settled_liquidity("p2") == default_liquidity + count);
}

TEST_CASE("stop: the answer to an asynchronous packet is taken after SIGTERM, and one of ours is delivered") {
    rig r{asynchronous_p2};
    r.p1.set_script([](const http_message&) { return answer_http(200); });
    r.p2.set_script([](const http_message&) { return answer_http(202); });
    const prepare sent{.amount = 7};
    CHECK(status_of(r, asynchronous_request(r, sent)) == 202);
    REQUIRE(r.p2.wait_for_requests(1));
    r.d.process().signal(SIGTERM);
    REQUIRE(r.d.logs("stopping"));
    const http_message request = r.p2.requests().front();
    CHECK(status_of(r, answer_to(request, fulfill_of(request))) == 200);
    REQUIRE(r.p1.wait_for_requests(1));
    CHECK(r.p1.requests().front().body == fulfill_of(request));
    CHECK(r.d.process().wait(patience) == 0);
}

TEST_CASE("A35-16 A35-17: asynchronous requests and answers may come over HTTP/2") {
    rig r{asynchronous_p2};
    r.p1.set_script([](const http_message&) { return answer_http(200); });
    r.p2.set_script([](const http_message&) { return answer_http(202); });
    http2_client sender{r.d.port()};
    http2_client next_hop{r.d.port()};
    const std::string url = "http://127.0.0.1:" + std::to_string(r.p1.port()) + "/answers";
    const auto ask = [&](const prepare& sent, const std::string& id, const std::string& at) {
        const auto answer = sender.wait_for(sender.post(encode(sent), token_of("p1"), "/", "application/octet-stream",
                                                        {{"request-id", id}, {"callback-url", at}}));
        REQUIRE(answer);
        CHECK((answer->status != 202 || answer->body.empty()));
        return answer->status;
    };
    const prepare sent{.amount = 300};
    CHECK(ask(sent, first_id, url) == 202);
    CHECK(ask(sent, first_id, url) == 400);  // it is in flight
    CHECK(ask(sent, second_id, "http://127.0.0.1:22/") == 400);
    CHECK(ask(sent, "x", url) == 400);
    REQUIRE(r.p2.wait_for_requests(1));
    const http_message request = r.p2.requests().front();
    const auto reply = [&](const std::string& token) {
        const auto answer =
            next_hop.wait_for(next_hop.post(fulfill_of(request), token, "/", "application/octet-stream",
                                            {{"request-id", request.header("Request-Id").value_or("")}}));
        REQUIRE(answer);
        return answer->status;
    };
    CHECK(reply(token_of("p1")) == 400);
    CHECK(reply(token_of("p2")) == 200);
    CHECK(reply(token_of("p2")) == 400);
    REQUIRE(r.p1.wait_for_requests(1));
    CHECK(r.p1.requests().front().header("Request-Id") == first_id);
    CHECK(r.p1.requests().front().body == fulfill_of(request));
    CHECK(r.d.settled_liquidity("p1") == default_liquidity - 300);
    CHECK(r.d.settled_liquidity("p2") == default_liquidity + 300);
}

TEST_CASE("A35-31: a Request-Id that is very long, or there twice, is refused") {
    const rig r;
    expect_status(exchange(r, asynchronous_request(r, {}, std::string(10'000, 'a'))), 400);
    http_request twice = asynchronous_request(r, {});
    twice.headers.emplace_back("Request-Id", first_id);
    expect_status(exchange(r, twice), 400);
    r.expect_untouched();
}

TEST_CASE("A35-18: a callback URL that says nothing is tried again, and 400 then means that it has the answer") {
    rig r;
    r.p1.set_script(
        [&r](const http_message&) { return r.p1.request_count() < 2 ? answer_silence() : answer_http(400); });
    CHECK(status_of(r, asynchronous_request(r, {.expires_in = 60s})) == 202);
    REQUIRE(r.p1.wait_for_requests(2));
    CHECK(r.p1.requests()[0].body == r.p1.requests()[1].body);
    CHECK(eventually([&] { return r.d.scrape().sum("ilp_replies_pending") == 0; }));
    CHECK_FALSE(r.d.scrape().has("ilp_replies_undelivered_total"));
}

TEST_CASE("an asynchronous packet is taken only with room for its answer, and a refused one moves nothing") {
    constexpr std::size_t places = 5;  // of a quarter of max_buffer_memory, what one peer may have
    rig r{[](daemon_terms& terms) { terms.connector.emplace_back("max_buffer_memory: 1048576"); }};
    const auto hold = std::make_shared<gate>();
    r.p1.set_script([](const http_message&) { return answer_http(200); });
    r.p2.set_script([hold](const http_message& request) {
        auto answer = answer_fulfill(request, ilp::bytes(32'000, 1));
        answer.held_by = hold;
        return answer;
    });
    const auto ask = [&] {
        http_request request = asynchronous_request(r, {.data = random_bytes(8), .expires_in = 30s});
        for (auto& [name, value] : request.headers)
            if (name == "Request-Id") value = peering::new_uuid();
        return status_of(r, request);
    };
    for (std::size_t i = 0; i < places; ++i) CHECK(ask() == 202);
    CHECK(ask() == 503);
    CHECK(r.d.scrape().sum("ilp_replies_pending") == places);
    REQUIRE(r.p2.wait_for_requests(places));
    hold->open();
    REQUIRE(r.p1.wait_for_requests(places));
    CHECK(eventually([&] { return ask() == 202; }));
    REQUIRE(r.p1.wait_for_requests(places + 1));
    CHECK(r.d.settled_liquidity("p1") == default_liquidity - places - 1);
    CHECK(r.p2.request_count() == places + 1);
}

TEST_CASE("a Fulfill that its sender's callback URL does not take is counted, and its transfer stays") {
    rig r;
    r.p1.set_script([](const http_message&) { return answer_http(404); });
    CHECK(status_of(r, asynchronous_request(r, {.amount = 20})) == 202);
    REQUIRE(r.d.logs("a Fulfill was not delivered to the peer's callback URL"));
    CHECK(r.d.logs("status=404 attempts=1"));
    r.p2.set_script([](const http_message&) { return answer_reject("F99"); });
    CHECK(status_of(r, asynchronous_request(r, {.amount = 20})) == 202);
    REQUIRE(r.d.logs("a Reject was not delivered"));
    CHECK(r.d.logs("status=404 attempts=1 trace=" + r.p1.requests().back().header("ILP-Trace-Id").value_or("none") +
                   "\n"));
    const auto undelivered = [&](const char* type) {
        return r.d.scrape().sum("ilp_replies_undelivered_total", {{"peer", "p1"}, {"type", type}});
    };
    CHECK(undelivered("fulfill") == 1);
    CHECK(undelivered("reject") == 1);
    CHECK(r.d.settled_liquidity("p1") == default_liquidity - 20);
    CHECK(r.d.settled_liquidity("p2") == default_liquidity + 20);
    CHECK(r.d.audit().status == 0);
}

TEST_CASE("A35-17: a Fulfill is posted to the callback URL once its transfer is durable") {
    rig r;
    r.p1.set_script([](const http_message&) { return answer_http(200); });
    integration::store_blockade blockade{r.d.folder() / "ilpd.db"};
    CHECK(status_of(r, asynchronous_request(r, {.amount = 10, .expires_in = 30s})) == 202);
    REQUIRE(eventually([&] { return r.d.scrape().sum("ilp_packets_waiting", {{"waits_for", "store"}}) == 1; }));
    CHECK(status_of(r, asynchronous_request(r, {.destination = "test.nowhere", .expires_in = 30s}, second_id)) == 202);
    REQUIRE(r.p1.wait_for_requests(1));  // a Reject does not wait for the store
    CHECK(r.p1.requests().back().header("Request-Id") == second_id);
    blockade.lift();
    REQUIRE(r.p1.wait_for_requests(2));
    CHECK(r.p1.requests().back().header("Request-Id") == first_id);
    CHECK(r.d.settled_liquidity("p1") == default_liquidity - 10);
}

TEST_CASE("kill -9 between a Fulfill and the delivery of its answer: the transfer stays, and nothing is posted later") {
    rig r;
    r.p1.set_script([](const http_message&) { return answer_silence(); });
    CHECK(status_of(r, asynchronous_request(r, {.amount = 40, .expires_in = 60s})) == 202);
    REQUIRE(r.p1.wait_for_requests(1));  // the answer leaves only when the transfer is durable
    CHECK(r.p1.requests().front().body.front() == 13);
    r.d.kill9();
    r.p1.set_script([](const http_message&) { return answer_http(200); });
    r.d.start();
    CHECK(r.d.liquidity("p1") == default_liquidity - 40);
    CHECK(r.d.liquidity("p2") == default_liquidity + 40);
    CHECK(r.d.audit().status == 0);
    // The id is free again, and the next answer is that to the next packet.
    r.p2.set_script([](const http_message&) { return answer_reject("F99"); });
    CHECK(status_of(r, asynchronous_request(r, {})) == 202);
    REQUIRE(r.p1.wait_for_requests(2));
    CHECK(r.p1.requests().back().body == encode_reject("F99"));
}

TEST_CASE("kill -9 while the next hop owes its answer: nothing has moved, and the answer is refused afterwards") {
    rig r{asynchronous_p2};
    r.p2.set_script([](const http_message&) { return answer_http(202); });
    http_connection sender{r.d.port()};
    sender.send(ilp_request(encode({.amount = 50})));
    REQUIRE(r.p2.wait_for_requests(1));
    const http_message request = r.p2.requests().front();
    r.d.kill9();
    r.d.start();
    CHECK(status_of(r, answer_to(request, fulfill_of(request))) == 400);
    CHECK(r.d.liquidity("p1") == default_liquidity);
    CHECK(r.d.liquidity("p2") == default_liquidity);
}

TEST_CASE("stop: a callback URL that takes nothing does not keep the daemon from stopping") {
    rig r;
    r.p1.set_script([](const http_message&) { return answer_http(503); });
    CHECK(status_of(r, asynchronous_request(r, {.amount = 9, .expires_in = 60s})) == 202);
    REQUIRE(r.p1.wait_for_requests(1));
    CHECK(r.d.stop() == 0);
    CHECK(r.d.logs("reason=\"the daemon stops\""));
    CHECK(r.d.audit().status == 0);
}

TEST_CASE("stop: the first attempt to post an answer is finished, however soon packets expire") {
    rig r{[](daemon_terms& terms) { terms.connector = {"workers: 1", "max_hold_time: 2s", "shutdown_grace: 0ms"}; }};
    r.p1.set_script([](const http_message&) { return answer_silence(); });
    CHECK(status_of(r, asynchronous_request(r, {.amount = 9, .expires_in = 60s})) == 202);
    REQUIRE(r.p1.wait_for_requests(1));
    CHECK(r.d.stop() == 0);
    CHECK(r.d.logs("reason=\"the daemon stops\""));
}

TEST_CASE("stop: asynchronous packets that come after SIGTERM are not taken") {
    rig r{[](daemon_terms& terms) {
        asynchronous_p2(terms);
        terms.connector.front() = "workers: 1";  // a worker that awaits no answer closes its listener
    }};
    r.p1.set_script([](const http_message&) { return answer_http(200); });
    r.p2.set_script([](const http_message&) { return answer_http(202); });
    CHECK(status_of(r, asynchronous_request(r, {.expires_in = 30s})) == 202);
    REQUIRE(r.p2.wait_for_requests(1));
    r.d.process().signal(SIGTERM);
    const prepare later{.destination = "test.nowhere"};
    CHECK(eventually([&] { return status_of(r, asynchronous_request(r, later, second_id)) == 503; }));
    const http_message request = r.p2.requests().front();
    CHECK(status_of(r, answer_to(request, fulfill_of(request))) == 200);
    CHECK(r.d.process().wait(patience) == 0);
}

TEST_CASE(
    "stop: answers of a next hop that speaks HTTP/2 are taken after SIGTERM, on a connection that it makes then") {
    rig r{asynchronous_p2};
    r.p2.set_script([](const http_message&) { return answer_http(202); });
    const prepare sent{.amount = 7, .expires_in = 30s};
    http_connection sender{r.d.port()};
    sender.send(ilp_request(encode(sent)));
    REQUIRE(r.p2.wait_for_requests(1));
    r.d.process().signal(SIGTERM);
    REQUIRE(r.d.logs("stopping"));
    const http_message request = r.p2.requests().front();
    http2_client next_hop{r.d.port()};
    next_hop.send({});  // what a client says first
    // A link sends nothing before it has read the settings, nor after a GOAWAY.
    while (!next_hop.may_send()) REQUIRE(next_hop.read());
    const auto answer =
        next_hop.wait_for(next_hop.post(fulfill_of(request), token_of("p2"), "/", "application/octet-stream",
                                        {{"request-id", request.header("Request-Id").value_or("")}}));
    REQUIRE(answer);
    CHECK(answer->status == 200);
    expect_fulfill(sender.receive(), sent);
    CHECK(next_hop.wait_until_closed());
    CHECK(r.d.process().wait(patience) == 0);
}

TEST_CASE(
    "a peer that is deleted while its asynchronous answer is on its way: the answer is given up, the books agree") {
    rig r;
    const auto hold = std::make_shared<gate>();
    r.p1.set_script([](const http_message&) { return answer_http(200); });
    r.p2.set_script([hold](const http_message& request) {
        auto answer = answer_fulfill(request);
        answer.held_by = hold;
        return answer;
    });
    CHECK(status_of(r, asynchronous_request(r, {.amount = 30, .expires_in = 30s})) == 202);
    REQUIRE(r.p2.wait_for_requests(1));
    r.d.terms().peers.erase(r.d.terms().peers.begin());
    r.d.reload();
    REQUIRE(eventually([&] { return outcome(r.send(prepare{.destination = "test.nowhere"})) == "HTTP 401"; }));
    hold->open();
    REQUIRE(r.d.logs("a Fulfill was not delivered to the peer's callback URL"));
    CHECK(r.p1.request_count() == 0);
    CHECK(r.d.settled_liquidity("p2") == default_liquidity + 30);
    CHECK(r.d.audit().status == 0);
}

TEST_CASE("a next hop that is deleted while it owes an asynchronous answer: the packet expires and moves nothing") {
    rig r{asynchronous_p2};
    r.p2.set_script([](const http_message&) { return answer_http(202); });
    http_connection sender{r.d.port()};
    sender.send(ilp_request(encode({.amount = 60, .expires_in = 4s})));
    REQUIRE(r.p2.wait_for_requests(1));
    const http_message request = r.p2.requests().front();
    r.d.terms().peers.pop_back();
    r.d.reload();
    REQUIRE(eventually([&] { return outcome(r.d.post(prepare{.destination = "test.nowhere"}, "p2")) == "HTTP 401"; }));
    CHECK(status_of(r, answer_to(request, fulfill_of(request))) == 401);
    expect_reject(sender.receive(), "R00");
    CHECK(r.d.settled_liquidity("p1") == default_liquidity);
    CHECK(r.d.audit().status == 0);
}

TEST_CASE("the manual: a peer that was created through the API is changed to the asynchronous mode") {
    rig r{[](daemon_terms& terms) {
        terms.connector = {"workers: 1", "callback_url: \"http://127.0.0.1:1/answers\""};
        terms.peers.pop_back();
    }};
    r.p2.set_script([](const http_message&) { return answer_http(202); });
    const page_shell shell{{},
                           {{"ILPCTL_URL", "http://127.0.0.1:" + std::to_string(r.d.admin_port()) + "/graphql"},
                            {"PATH", std::filesystem::path{daemon_program()}.parent_path().string() + ":" +
                                         std::string{std::getenv("PATH")}}}};
    const auto made =
        shell.run("ilpctl peer create test.dora --name dora --asset USD/9 --incoming-token " + token_of("dora") +
                  " --outgoing-endpoint http://127.0.0.1:" + std::to_string(r.p2.port()) + "/ --outgoing-token " +
                  token_for("dora") + "\n");
    INFO(made.output);
    REQUIRE(made.status == 0);
    const std::filesystem::path page = std::filesystem::path{ILPD_SOURCE_DIR} / "docs/operating/peering.md";
    std::size_t steps = 0;
    for (const page_step& step : steps_of(page)) {
        if (step.section != "## Asynchronous mode") continue;
        const auto result = shell.run(step.commands);
        INFO(step.commands << result.output);
        REQUIRE(result.status == 0);
        CHECK(comparable(result.output) == comparable(step.printed.value_or("")));
        ++steps;
    }
    CHECK(steps == 1);
    const prepare sent{.amount = 1, .destination = "test.dora.x"};
    http_connection sender{r.d.port()};
    sender.send(ilp_request(encode(sent)));
    REQUIRE(r.p2.wait_for_requests(1));
    const http_message request = r.p2.requests().front();
    CHECK(request.header("Callback-Url") == "http://127.0.0.1:1/answers");
    CHECK(status_of(r, answer_to(request, fulfill_of(request), "dora")) == 200);
    expect_fulfill(sender.receive(), sent);
}

TEST_CASE("two daemons exchange packets in asynchronous mode, in both directions and with more than one worker") {
    const std::string protocol = GENERATE("http1", "http2");
    CAPTURE(protocol);
    const std::uint16_t alice_port = free_port();
    const std::uint16_t bob_port = free_port();
    fake_peer alice_end;
    fake_peer bob_end;
    const auto terms_of = [&](const std::string& own, const std::string& other, std::uint16_t own_port,
                              std::uint16_t other_port, const fake_peer& end) {
        daemon_terms terms{.address = "test." + own};
        terms.connector = {"workers: 2", "callback_url: \"http://127.0.0.1:" + std::to_string(own_port) + "/\""};
        terms.peers = {{.name = other,
                        .port = other_port,
                        .outgoing = {"mode: asynchronous", "protocol: " + protocol},
                        .tokens = {token_for(own)}},
                       {.name = own + "-end", .address = "test." + own + ".end", .port = end.port()}};
        return terms;
    };
    ilpd_daemon alice{terms_of("alice", "bob", alice_port, bob_port, alice_end), alice_port};
    ilpd_daemon bob{terms_of("bob", "alice", bob_port, alice_port, bob_end), bob_port};
    const auto pay = [](const ilpd_daemon& from, const std::string& payer, const std::string& to, std::size_t count) {
        std::vector<http_connection> senders;
        std::vector<prepare> packets;
        for (std::size_t i = 0; i < count; ++i) {
            packets.push_back({.amount = 10, .destination = to, .data = random_bytes(16)});
            senders.emplace_back(from.port()).send(ilp_request(encode(packets.back()), payer));
        }
        for (std::size_t i = 0; i < count; ++i) expect_fulfill(senders[i].receive(), packets[i]);
    };
    pay(alice, "alice-end", "test.bob.end.x", 40);
    pay(bob, "bob-end", "test.alice.end.x", 25);
    CHECK(alice.settled_liquidity("bob") == default_liquidity + 400 - 250);
    CHECK(bob.settled_liquidity("alice") == default_liquidity - 400 + 250);
    CHECK(alice.settled_liquidity("alice-end") == default_liquidity - 400 + 250);

    // A fulfilled packet is durable on the sending side, whatever happens to it then.
    alice.kill9();
    alice.start();
    CHECK(alice.settled_liquidity("bob") == default_liquidity + 400 - 250);
    pay(alice, "alice-end", "test.bob.end.x", 5);
    CHECK(alice.stop() == 0);
    CHECK(bob.stop() == 0);
    CHECK(alice.audit().status == 0);
    CHECK(bob.audit().status == 0);
}

}  // namespace asynchronous_test
