#include "connector/control/pinger.hpp"

#include "ilp/echo.hpp"
#include "ilp/ildcp.hpp"
#include "ilp/packet.hpp"
#include "tests/unit/connector/peers.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace pinger_test {

using namespace connector;
using namespace connector::testing;
using namespace std::chrono_literals;

namespace {

/// A directory with one peer, p1, and a pinger whose Prepares the test answers.
struct world {
    world() {
        config::settings settings;
        settings.ilp_address = ilp::address::parse("test.d").value();
        settings.assets = {asset_settings("USD", 9, 0)};
        settings.peers = {peer_settings("p1", "USD", 9, 0)};
        made = std::make_unique<book>(settings);
    }

    pinger answering(probes::outcome outcome) {
        return {*made->known->directory, echo,
                [this, outcome = std::move(outcome)](auto peer, ilp::bytes prepare, auto, const auto& done) {
                    CHECK(peer == made->peer("p1").id);
                    sent = std::move(prepare);
                    done(outcome);
                }};
    }

    std::unique_ptr<book> made;
    awaited_echo echo;
    ilp::bytes sent;
};

ilp::bytes fulfill(const ilp::fulfillment& preimage) {
    ilp::bytes packet;
    ilp::serialize_fulfill(packet, preimage, {});
    return packet;
}

}  // namespace

TEST_CASE("pinger: a one-way ping of amount 0 goes to the next hop, and its answer counts") {
    world w;
    auto answer = w.answering(fulfill({'x'})).ping("test.p1.somewhere", 5s);
    CHECK_FALSE(answer.reached);
    CHECK(answer.message == "the next hop answered with a Fulfill that does not match the condition");
    CHECK(answer.next_hop.get() == &w.made->peer("p1"));
    const auto prepare = ilp::prepare_view::parse(w.sent);
    REQUIRE(prepare);
    CHECK(prepare->amount().value == 0);
    CHECK(prepare->destination() == "test.p1.somewhere");
    CHECK(std::ranges::equal(prepare->condition(), ilp::echo::one_way_condition));

    CHECK(w.answering(fulfill(ilp::echo::one_way_fulfillment)).ping("test.p1", 5s).reached);

    ilp::bytes reject;
    ilp::serialize_reject(reject, {"F02", "test.p1", "no route", {}});
    answer = w.answering(reject).ping("test.p1", 5s);
    CHECK_FALSE(answer.reached);
    CHECK(answer.code == "F02");
    CHECK(answer.triggered_by == "test.p1");
    CHECK(answer.message == "no route");

    CHECK(w.answering(ilp::bytes{1, 2}).ping("test.p1", 5s).message == "the next hop sent an invalid response");
    CHECK(w.answering(std::unexpected{std::string{"a reason"}}).ping("test.p1", 5s).message == "a reason");
}

TEST_CASE("pinger: an examination asks for our configuration, and then for an echo to our address") {
    world w;
    const auto p1 = w.made->known->directory->find_peer_by_name("p1");
    ilp::bytes configuration;
    ilp::ildcp::serialize_response(configuration, "test.d", 9, "USD");
    std::vector<ilp::bytes> sent;
    bool has_awaited = false;
    pinger examiner{*w.made->known->directory, w.echo, [&](auto peer, ilp::bytes prepare, auto, const auto& done) {
                        CHECK(peer == p1->id);
                        sent.push_back(std::move(prepare));
                        ilp::bytes answer;
                        if (sent.size() == 1) {
                            ilp::serialize_fulfill(answer, ilp::peer_protocol_fulfillment, configuration);
                        } else {
                            has_awaited = w.echo.is_awaited(w.echo.condition());
                            answer = fulfill(w.echo.fulfillment());
                        }
                        done(std::move(answer));
                    }};
    const auto found = examiner.examine(p1, 5s);
    REQUIRE(sent.size() == 2);
    const auto question = ilp::prepare_view::parse(sent[0]);
    REQUIRE(question);
    CHECK(question->destination() == "peer.config");
    CHECK(question->amount().is_zero());
    CHECK(std::ranges::equal(question->condition(), ilp::peer_protocol_condition));
    const auto request = ilp::prepare_view::parse(sent[1]);
    REQUIRE(request);
    CHECK(request->destination() == p1->address.text());
    CHECK(request->amount().is_zero());
    CHECK(std::ranges::equal(request->condition(), w.echo.condition()));
    CHECK(ilp::echo::parse(request->data()).source == "test.d");
    CHECK(has_awaited);
    CHECK_FALSE(w.echo.is_awaited(w.echo.condition()));
    CHECK(found.question.reached);
    CHECK(found.configuration == ilp::ildcp::configuration{"test.d", 9, "USD"});
    REQUIRE(found.echo);
    CHECK(found.echo->reached);
}

TEST_CASE("pinger: an examination without an answer requests no echo, and a Reject is an answer") {
    world w;
    const auto p1 = w.made->known->directory->find_peer_by_name("p1");
    auto found = w.answering(std::unexpected{std::string{"Connection refused"}}).examine(p1, 5s);
    CHECK(found.question.message == "Connection refused");
    CHECK_FALSE(found.configuration);
    CHECK_FALSE(found.echo);

    ilp::bytes reject;
    ilp::serialize_reject(reject, {"F02", "test.p1", "no route", {}});
    found = w.answering(reject).examine(p1, 5s);
    CHECK(found.question.code == "F02");
    CHECK_FALSE(found.configuration);
    REQUIRE(found.echo);
    CHECK(found.echo->code == "F02");

    for (const auto& code : {std::string{"US\x1b"}, std::string{}, std::string(1000, 'x')}) {
        ilp::bytes told;
        ilp::ildcp::serialize_response(told, "test.d", 9, code);
        ilp::bytes packet;
        ilp::serialize_fulfill(packet, ilp::peer_protocol_fulfillment, told);
        found = w.answering(packet).examine(p1, 5s);
        CHECK(found.question.reached);
        CHECK_FALSE(found.configuration);
    }
    found = w.answering(fulfill({'x'})).examine(p1, 5s);
    CHECK_FALSE(found.question.reached);
    CHECK_FALSE(found.configuration);
}

TEST_CASE("pinger: nothing is sent to this node's own address, or without a route") {
    world w;
    pinger idle = w.answering(ilp::bytes{});
    CHECK(idle.ping("test.d", 5s).reached);
    CHECK(idle.ping("test.nowhere", 5s).message == "there is no route to the address");
    CHECK(w.sent.empty());
}

TEST_CASE("pinger: beyond the bound of pings at a time, one fails at once") {
    world w;
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::function<void(probes::outcome)>> waiting;
    pinger busy{*w.made->known->directory, w.echo, [&](auto, auto, auto, auto done) {
                    const std::scoped_lock lock{mutex};
                    waiting.push_back(std::move(done));
                    changed.notify_all();
                }};
    std::vector<std::future<peering::admin::ping_answer>> pings;
    for (int i = 0; i < pinger::pings_max; ++i) {
        pings.push_back(std::async(std::launch::async, [&] { return busy.ping("test.p1", 60s); }));
    }
    {
        std::unique_lock lock{mutex};
        changed.wait(lock, [&] { return waiting.size() == pinger::pings_max; });
    }
    for (int i = 0; i < 2; ++i) {
        const auto refused = busy.ping("test.p1", 60s);
        CHECK_FALSE(refused.reached);
        CHECK(refused.message == "2 pings are in progress already: try again when one has ended");
    }
    CHECK(busy.ping("test.d", 60s).reached);  // needs no answer
    for (const auto& done : waiting) done(std::unexpected{std::string{"over"}});
    for (auto& ping : pings) CHECK(ping.get().message == "over");
    waiting.clear();
    auto again = std::async(std::launch::async, [&] { return busy.ping("test.p1", 60s); });
    std::unique_lock lock{mutex};
    changed.wait(lock, [&] { return waiting.size() == 1; });
    waiting.front()(std::unexpected{std::string{"over again"}});
    CHECK(again.get().message == "over again");
}

TEST_CASE("pinger: a worker that drops the ping or never answers does not block the caller for good") {
    world w;
    pinger dropped{*w.made->known->directory, w.echo, [](auto, auto, auto, const auto&) {}};
    CHECK(dropped.ping("test.p1", 60s).message == "the daemon is stopping");
    std::function<void(probes::outcome)> kept;
    pinger silent{*w.made->known->directory, w.echo, [&](auto, auto, auto, auto done) { kept = std::move(done); }};
    CHECK(silent.ping("test.p1", 1ms).message == "no response in time");
}

}  // namespace pinger_test
