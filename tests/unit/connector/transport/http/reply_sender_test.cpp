#include "connector/transport/http/reply_sender.hpp"

#include "config/value.hpp"
#include "connector/transport/http/http_link.hpp"
#include "tests/support/fake_peer.hpp"
#include "tests/unit/connector/loop/test_loop.hpp"
#include "tests/unit/connector/peers.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reply_sender_test {

using namespace connector;
using namespace std::chrono_literals;
using connector::testing::run_ready;
using connector::testing::run_until;
using support::answer_http;

namespace {

const ilp::bytes fulfill = support::encode_fulfill(ilp::fulfillment{});
const ilp::bytes reject = support::encode_reject("F99");

config::settings two_peers() {
    config::settings settings;
    settings.assets = {connector::testing::asset_settings("USD", 9, 0)};
    settings.peers = {connector::testing::peer_settings("p1", "USD", 9, 0),
                      connector::testing::peer_settings("p2", "USD", 9, 0)};
    return settings;
}

/// A worker's reply sender, and two peers with one server.
struct world {
    explicit world(std::size_t replies_max = 100, std::size_t bytes_max = 100 * reply_sender::reply_size_max)
        : replies{
              loop,
              {.find_peer = [this](std::uint32_t id) -> const peering::peer* {
                   if (is_removed) return nullptr;
                   return id == p1.id ? &p1 : &p2;
               },
               .make_link = [this](const peering::peer& peer) -> std::unique_ptr<request_link> {
                   return std::make_unique<http_link>(loop, peer.outgoing, "p", std::chrono::hours{1});
               },
               .is_same_link = [](const peering::peer& a, const peering::peer& b) { return a.outgoing == b.outgoing; },
               .undelivered =
                   [this](std::uint32_t peer, bool is_fulfill) {
                       lost.push_back(
                           fmt::format("{} {}", peer == p1.id ? "p1" : "p2", is_fulfill ? "fulfill" : "reject"));
                   },
               .replies_max = replies_max,
               .bytes_max = bytes_max}} {
        for (peering::peer* const each : {&p1, &p2}) {
            each->outgoing.endpoint =
                config::packet_url().parse(fmt::format("http://127.0.0.1:{}/ilp", server.port())).value();
            each->outgoing.auth_token = config::secret{"t"};
            each->outgoing.max_connections = 10;
            each->outgoing.max_waiting = 10;
        }
        loop.enter();
    }

    std::expected<std::uint64_t, acceptance> begin(const peering::peer& from, std::chrono::milliseconds left = 30s) {
        loop.enter();
        return replies.begin(from, request_id::random(), "/callback", left);
    }
    void answer(std::uint64_t number, const ilp::bytes& packet, bool held = false) {
        loop.enter();
        replies.answer(number, packet, held);
    }
    void await_end() {
        run_until(loop, [&] { return replies.size() == 0; });
    }

    support::fake_peer server{[](const auto&) { return answer_http(200); }};
    connector::testing::book book{two_peers()};
    peering::peer p1 = book.peer("p1");
    peering::peer p2 = book.peer("p2");
    bool is_removed = false;
    std::vector<std::string> lost;
    event_loop loop;
    reply_sender replies;
};

std::size_t begun(world& w, const peering::peer& from) {
    std::size_t count = 0;
    while (w.begin(from)) ++count;
    return count;
}

}  // namespace

TEST_CASE("reply sender: no Prepare is taken without room for the largest answer to it") {
    const std::size_t target = std::string_view{"/callback"}.size();
    const std::size_t room = reply_sender::reply_size_max + target;
    world w{1000, 10 * room};
    std::vector<std::uint64_t> taken;
    for (;;) {
        const auto number = w.begin(w.p1);
        if (!number) {
            CHECK(number.error() == acceptance::busy);
            break;
        }
        taken.push_back(*number);
    }
    CHECK(taken.size() == 8);  // a peer leaves room for others
    CHECK(w.replies.bytes() == 8 * room);
    CHECK(w.begin(w.p2).has_value());
    // An answer that has come needs no more than its own size. A held one is not posted.
    w.answer(taken[0], fulfill, true);
    CHECK(w.replies.bytes() == 8 * room + target + fulfill.size());
    w.answer(taken[1], ilp::bytes(reply_sender::reply_size_max, 13), true);
    CHECK(w.replies.bytes() == 8 * room + target + fulfill.size());
    CHECK(w.server.request_count() == 0);
    for (std::size_t i = 2; i < taken.size(); ++i) w.answer(taken[i], reject);
    w.replies.release(taken[0]);
    w.replies.release(taken[1]);
    run_until(w.loop, [&] { return w.replies.size() == 1; });
    CHECK(w.replies.bytes() == room);
    CHECK(w.server.request_count() == 8);
    CHECK(w.begin(w.p1).has_value());
    CHECK(w.lost.empty());
}

TEST_CASE("reply sender: a peer with many answers on their way leaves places to others") {
    world w{10, 1'000'000'000};
    CHECK(begun(w, w.p1) == 8);
    CHECK(begun(w, w.p2) == 2);
    CHECK(w.replies.size() == 10);
}

TEST_CASE("A35-31: reply sender: an id is taken once at a time, by each peer") {
    world w;
    const request_id id = request_id::random();
    const auto first = w.replies.begin(w.p1, id, "/", 30s);
    REQUIRE(first);
    CHECK(w.replies.begin(w.p1, id, "/", 30s).error() == acceptance::repeated);
    CHECK(w.replies.begin(w.p2, id, "/", 30s).has_value());
    CHECK(w.replies.size() == 2);
    w.answer(*first, reject);
    run_until(w.loop, [&] { return w.replies.size() == 1; });
    CHECK(w.replies.begin(w.p1, id, "/", 30s).has_value());
}

TEST_CASE("reply sender: a request that contained no Prepare leaves nothing behind") {
    world w;
    const auto number = w.begin(w.p1);
    w.replies.refuse_malformed(*number);
    CHECK(w.replies.was_malformed(*number));
    CHECK(w.replies.size() == 0);
    CHECK(w.replies.bytes() == 0);
    CHECK_FALSE(w.replies.has_to_wait(false));
}

TEST_CASE("A35-18: reply sender: what is refused or comes to nothing is told, and a Fulfill from a Reject") {
    world w;
    w.server.set_script([](const auto&) { return answer_http(404); });
    w.answer(*w.begin(w.p1), fulfill);
    w.answer(*w.begin(w.p2), reject);
    w.await_end();
    CHECK(w.server.request_count() == 2);
    std::ranges::sort(w.lost);
    CHECK(w.lost == std::vector<std::string>{"p1 fulfill", "p2 reject"});
    w.lost.clear();
    w.server.set_script([](const auto&) { return answer_http(500); });
    w.answer(*w.begin(w.p1, 1s), fulfill);  // pauses of 100 ms and more fit, and then the Prepare has expired
    w.await_end();
    CHECK(w.server.request_count() > 3);
    CHECK(w.lost == std::vector<std::string>{"p1 fulfill"});
    CHECK(w.replies.bytes() == 0);
}

TEST_CASE("reply sender: a stop waits for each answer's first attempt, and during the grace for all") {
    world w;
    w.server.set_script([](const auto&) { return answer_http(503); });
    const auto number = w.begin(w.p1);
    CHECK(w.replies.has_to_wait(true));
    w.answer(*number, fulfill);
    run_until(w.loop, [&] { return !w.replies.has_to_wait(true); });
    CHECK(w.server.request_count() >= 1);
    CHECK(w.replies.has_to_wait(false));
    CHECK(w.lost.empty());
    w.loop.enter();
    w.replies.give_up_all();
    CHECK(w.lost == std::vector<std::string>{"p1 fulfill"});
    CHECK_FALSE(w.replies.has_to_wait(false));
    CHECK(w.replies.bytes() == 0);
}

TEST_CASE("reply sender: at a stop, attempts that are in progress are broken off") {
    world w;
    const auto hold = std::make_shared<support::gate>();
    w.server.set_script([hold](const auto&) {
        auto answer = answer_http(200);
        answer.held_by = hold;
        return answer;
    });
    w.answer(*w.begin(w.p1), fulfill);
    w.answer(*w.begin(w.p2), reject);
    run_until(w.loop, [&] { return w.server.request_count() == 2; });
    w.loop.enter();
    w.replies.give_up_all();
    std::ranges::sort(w.lost);
    CHECK(w.lost == std::vector<std::string>{"p1 fulfill", "p2 reject"});
    CHECK(w.replies.size() == 0);
    CHECK_FALSE(w.replies.has_to_wait(true));
    hold->open();
    run_ready(w.loop);
    CHECK(w.lost.size() == 2);
}

TEST_CASE("A35-18: reply sender: a peer that may have taken an answer does not wait for it any more") {
    world w;
    w.server.set_script(
        [&w](const auto&) { return w.server.request_count() < 2 ? support::answer_close() : answer_http(400); });
    w.answer(*w.begin(w.p1), fulfill);
    w.await_end();
    CHECK(w.server.request_count() == 2);
    CHECK(w.lost.empty());
    w.answer(*w.begin(w.p1), fulfill);  // this one cannot have been taken
    w.await_end();
    CHECK(w.lost == std::vector<std::string>{"p1 fulfill"});
}

TEST_CASE("A35-18: reply sender: an answer that a gateway before the peer has got may have arrived") {
    const int status = GENERATE(502, 504);
    world w;
    w.server.set_script([&w, status](const auto&) { return answer_http(w.server.request_count() < 2 ? status : 400); });
    w.answer(*w.begin(w.p1), fulfill);
    w.await_end();
    CHECK(w.server.request_count() == 2);
    CHECK(w.lost.empty());
}

TEST_CASE("A35-18: reply sender: a refusal that may pass is no last word") {
    const int status = GENERATE(401, 408, 425, 429, 503);
    world w;
    w.server.set_script([&w, status](const auto&) { return answer_http(w.server.request_count() < 2 ? status : 200); });
    w.answer(*w.begin(w.p1), fulfill);
    w.await_end();
    CHECK(w.server.request_count() == 2);
    CHECK(w.lost.empty());
}

TEST_CASE("reply sender: the answers of a peer that is removed are given up, and its link finishes what it has") {
    world w;
    const auto hold = std::make_shared<support::gate>();
    w.server.set_script([hold](const auto&) {
        auto answer = answer_http(200);
        answer.held_by = hold;
        return answer;
    });
    w.answer(*w.begin(w.p1), fulfill);
    const auto later = w.begin(w.p1);
    run_until(w.loop, [&] { return w.server.request_count() == 1; });
    w.loop.enter();
    w.is_removed = true;
    const peering::peer_update removed{std::make_shared<const peering::peer>(w.p1), nullptr};
    w.replies.peers_changed({&removed, 1});
    w.answer(*later, fulfill);
    CHECK(w.lost == std::vector<std::string>{"p1 fulfill"});
    hold->open();
    w.await_end();
    CHECK(w.lost.size() == 1);
    w.loop.enter();
    w.replies.retire_links();
}

TEST_CASE("reply sender: a Reject is posted with its trace id, and a Fulfill without one") {
    world w;
    w.loop.enter();
    w.replies.reject(w.begin(w.p1).value(), reject, {.trace = trace_id{0, 1}});
    w.await_end();
    w.answer(w.begin(w.p1).value(), fulfill);
    w.await_end();
    const auto requests = w.server.requests();
    REQUIRE(requests.size() == 2);
    CHECK(requests[0].body == reject);
    CHECK(requests[0].header("ILP-Trace-Id") == "00000000000000000000000000000001");
    CHECK_FALSE(requests[1].header("ILP-Trace-Id"));
}

}  // namespace reply_sender_test
