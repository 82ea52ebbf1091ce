#include "tests/support/child_process.hpp"
#include "tests/support/http2_client.hpp"
#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace http2_test {

// Packets over HTTP/2 with prior knowledge: the daemon speaks it on the port where it speaks HTTP/1.1.

namespace {

using namespace support;
using namespace std::chrono_literals;
using connector::http2::append_frame_head;
using connector::http2::frame_type;

void expect_fulfilled(http2_client& client, std::uint64_t number, const prepare& sent) {
    const auto answer = client.wait_for(number);
    REQUIRE(answer);
    REQUIRE(answer->status == 200);
    CHECK(answer->body == encode_fulfill(fulfillment_for(sent.destination, sent.data)));
}

}  // namespace

TEST_CASE("A35-27: packets share a connection of HTTP/2") {
    const rig r;
    http2_client client{r.d.port()};
    std::vector<prepare> packets(300);
    std::vector<std::uint64_t> numbers;
    for (std::size_t i = 0; i < packets.size(); ++i) {
        packets[i].data = random_bytes(i % 7 == 0 ? 30'000 : i);
        while (!client.may_send()) REQUIRE(client.read());
        numbers.push_back(client.post(encode(packets[i])));
    }
    for (std::size_t i = 0; i < packets.size(); ++i) {
        const auto answer = client.wait_for(numbers[i]);
        REQUIRE(answer);
        CHECK(answer->status == 200);
        CHECK(answer->body.at(0) == 13);  // a Fulfill
    }
}

TEST_CASE("A35-28: a slow packet delays no other on a connection of HTTP/2") {
    rig r;
    const auto hold = std::make_shared<gate>();
    const prepare slow{.data = to_bytes("slow"), .expires_in = 60s};
    r.p2.set_script([hold, data = slow.data](const http_message& request) {
        auto answer = answer_fulfill(request);
        if (decode_prepare(request.body).data == data) answer.held_by = hold;
        return answer;
    });
    http2_client client{r.d.port()};
    const auto first = client.post(encode(slow));
    REQUIRE(r.p2.wait_for_requests(1));
    for (int i = 0; i < 20; ++i) {
        const prepare next{.data = to_bytes("next " + std::to_string(i))};
        const auto answer = client.wait_for(client.post(encode(next)));
        REQUIRE(answer);
        CHECK(answer->status == 200);
    }
    CHECK_FALSE(client.has_answer_to(first));
    hold->open();
    const auto answer = client.wait_for(first);
    REQUIRE(answer);
    CHECK(answer->status == 200);
}

TEST_CASE("A35-27: what is not a packet from a peer gets its status over HTTP/2, and the connection goes on") {
    const rig r;
    http2_client client{r.d.port()};
    const prepare next;
    const auto status_of = [&](std::uint64_t number) {
        const auto answer = client.wait_for(number);
        return answer ? answer->status : 0;
    };
    CHECK(status_of(client.post(encode(next))) == 200);
    CHECK(status_of(client.post(encode(next), "wrong")) == 401);
    CHECK(status_of(client.post(encode(next), token_of("p1"), "/else")) == 404);
    CHECK(status_of(client.post(encode(next), token_of("p1"), "/", "text/plain")) == 415);
    CHECK(status_of(client.post(to_bytes("no packet"))) == 400);
    CHECK(status_of(client.post({})) == 400);
    CHECK(status_of(client.post(random_bytes(65'537))) == 413);
    CHECK(status_of(client.post(encode(next), token_of("p1"), "/accounts/p1/ilp")) == 200);
    CHECK(status_of(client.post(encode(next), token_of("p2"))) == 200);
}

TEST_CASE("A35-27: a stop answers what is in flight over HTTP/2, and says GOAWAY") {
    rig r;
    const auto hold = std::make_shared<gate>();
    r.p2.set_script([hold](const http_message& request) {
        auto answer = answer_fulfill(request);
        answer.held_by = hold;
        return answer;
    });
    http2_client client{r.d.port()};
    const auto number = client.post(encode({.expires_in = 60s}));
    REQUIRE(r.p2.wait_for_requests(1));
    r.d.process().signal(SIGTERM);
    while (client.may_send()) REQUIRE(client.read());
    CHECK_FALSE(client.has_answer_to(number));
    hold->open();
    const auto answer = client.wait_for(number);
    REQUIRE(answer);
    CHECK(answer->status == 200);
    CHECK(client.wait_until_closed());
}

TEST_CASE("A35-29: floods of HTTP/2 frames end their connection, and others go on") {
    const rig r;
    http2_client honest{r.d.port()};
    const prepare first;
    expect_fulfilled(honest, honest.post(encode(first)), first);
    const auto flood = [&](const ilp::bytes& one) {
        http2_client client{r.d.port()};
        ilp::bytes many;
        for (int i = 0; i < 5000; ++i) ilp::append(many, one);
        client.send(many);
        CHECK(client.wait_until_closed());
        const prepare next{.data = random_bytes(10)};
        expect_fulfilled(honest, honest.post(encode(next)), next);
    };
    ilp::bytes frame;
    append_frame_head(frame, {.size = 8, .type = frame_type::ping});
    ilp::append(frame, "12345678");
    flood(frame);
    frame.clear();
    append_frame_head(frame, {.type = frame_type::settings});
    flood(frame);
    frame.clear();
    append_frame_head(frame, {.size = 5, .type = frame_type::priority, .stream = 1});
    ilp::append(frame, std::string(5, '\0'));
    flood(frame);
}

TEST_CASE("A35-27: curl sends a packet over HTTP/2 with prior knowledge") {
    const rig r;
    const prepare sent{.data = random_bytes(100)};
    const std::string body = r.d.folder() / "prepare";
    const std::string answer = r.d.folder() / "answer";
    const auto packet = encode(sent);
    std::ofstream{body, std::ios::binary}.write(reinterpret_cast<const char*>(packet.data()),
                                                static_cast<std::streamsize>(packet.size()));
    child_process curl{
        {.arguments = {"curl", "--silent", "--http2-prior-knowledge", "--max-time", "60", "--header",
                       "Authorization: Bearer " + token_of("p1"), "--header", "Content-Type: application/octet-stream",
                       "--data-binary", "@" + body, "--output", answer, "--write-out", "%{http_version} %{http_code}",
                       "http://127.0.0.1:" + std::to_string(r.d.port()) + "/"},
         .output = r.d.folder() / "curl",
         .errors = {},
         .environment = {},
         .core = {}}};
    REQUIRE(curl.wait(patience) == 0);
    CHECK(curl.output() == "2 200");
    std::ifstream file{answer, std::ios::binary};
    const std::string got{std::istreambuf_iterator<char>{file}, {}};
    CHECK(to_bytes(got) == encode_fulfill(fulfillment_for(sent.destination, sent.data)));
}

}  // namespace http2_test
