#include "connector/transport/reachability_record.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace reachability_record_test {

using namespace connector;
using namespace std::chrono_literals;
using peering::reachability_state;

namespace {

/// A link whose only use is its trouble.
struct troubled_link final : link {
    std::optional<reject_reason> send(carried_packet&, ilp::bytes_view) override { return {}; }
    std::optional<reject_reason> withdraw(carried_packet&) override { return {}; }
    void forget(carried_packet&) override {}
    std::size_t connection_count() const noexcept override { return 0; }
    std::size_t waiting_count() const noexcept override { return 0; }
    std::string_view trouble() const noexcept override { return bad_news; }
    void retire() override {}
    bool is_done() const noexcept override { return false; }

    std::string bad_news;
};

struct world {
    static ilp::instant at(std::chrono::milliseconds time) {
        return {ilp::timestamp{1000h + time}, ilp::steady_time{1h + time}};
    }
    void answered(std::chrono::milliseconds time, std::chrono::nanoseconds round_trip = 1ms) {
        record.answered(at(time), round_trip);
    }
    void failed(std::chrono::milliseconds time, reject_reason reason, std::string trouble = "") {
        link.bad_news = std::move(trouble);
        record.failed(at(time), reason, link);
    }
    reachability_state state() const { return record.read().state; }
    std::string error() const { return record.read().last_error; }
    std::chrono::nanoseconds since() const { return record.read().since.value().steady - at(0ms).steady; }

    int changes = 0;
    reachability_record record{[this] { ++changes; }};
    troubled_link link;
};

}  // namespace

TEST_CASE("reachability record: nothing is known before the first packet") {
    const world w;
    const auto found = w.record.read();
    CHECK(found.state == reachability_state::unknown);
    CHECK_FALSE(found.since);
    CHECK_FALSE(found.last_answer);
    CHECK_FALSE(found.last_failure);
    CHECK_FALSE(found.round_trip);
    CHECK(found.last_error.empty());
}

TEST_CASE("reachability record: answers make a peer reachable, since the first of them") {
    world w;
    w.answered(1s);
    w.answered(5s);
    CHECK(w.state() == reachability_state::reachable);
    CHECK(w.since() == 1s);
    CHECK(w.record.read().last_answer->steady == world::at(5s).steady);
    CHECK(w.record.read().last_answer->wall == world::at(5s).wall);
    CHECK(w.changes == 1);
}

TEST_CASE("reachability record: a failed connect makes a peer unreachable at once, with the link's reason") {
    world w;
    w.answered(1s);
    w.failed(2s, reject_reason::next_hop_unreachable, "Connection refused");
    w.failed(3s, reject_reason::next_hop_unreachable, "No route to host");
    CHECK(w.state() == reachability_state::unreachable);
    CHECK(w.since() == 2s);
    CHECK(w.record.read().last_failure->steady == world::at(3s).steady);
    CHECK(w.error() == "No route to host");
    CHECK(w.changes == 2);
    w.answered(4s);
    CHECK(w.state() == reachability_state::reachable);
    CHECK(w.since() == 4s);
    CHECK(w.error() == "No route to host");  // still the last one
    CHECK(w.changes == 3);
}

TEST_CASE(
    "reachability record: an HTTP status other than 2xx makes it refusing, and it counts as one time of trouble") {
    world w;
    w.answered(1s);
    for (const auto reason : {reject_reason::next_hop_refused_us, reject_reason::next_hop_busy,
                              reject_reason::next_hop_failed, reject_reason::next_hop_behind_dead_gateway}) {
        w.failed(2s, reason, "HTTP status 4711");
        CHECK(w.state() == reachability_state::refusing);
    }
    w.failed(3s, reject_reason::next_hop_unreachable);
    CHECK(w.state() == reachability_state::unreachable);
    CHECK(w.since() == 2s);
    CHECK(w.error() == "next hop is unreachable");
}

TEST_CASE("reachability record: only several packets in a row without an answer make it unreachable") {
    world w;
    w.answered(1s);
    for (unsigned i = 1; i < reachability_record::unanswered_max; ++i) {
        w.failed(2s, reject_reason::next_hop_timed_out, "old trouble");
    }
    CHECK(w.state() == reachability_state::reachable);
    CHECK(w.error() == "next hop did not answer in time");
    w.answered(3s);
    for (unsigned i = 1; i < reachability_record::unanswered_max; ++i) {
        w.failed(4s, reject_reason::next_hop_connection_lost);
        CHECK(w.state() == reachability_state::reachable);
    }
    w.failed(5s, reject_reason::next_hop_answered_nonsense);
    CHECK(w.state() == reachability_state::unreachable);
    CHECK(w.since() == 4s);
}

TEST_CASE("reachability record: a full queue says nothing about the peer") {
    world w;
    w.failed(1s, reject_reason::next_hop_queue_full, "old trouble");
    CHECK(w.state() == reachability_state::unknown);
    CHECK_FALSE(w.record.read().last_failure);
}

TEST_CASE("reachability record: errors are short and printable") {
    world w;
    w.failed(1s, reject_reason::next_hop_unreachable, "certificate of \x1b[2J\xff");
    CHECK(w.error() == "certificate of \\x1b[2J\\xff");
    w.failed(1s, reject_reason::next_hop_unreachable, std::string(100'000, '\n'));
    CHECK(w.error().size() == reachability_record::error_size_max);
}

TEST_CASE("reachability record: the round trip follows the answers slowly") {
    world w;
    w.answered(1s, 8ms);
    CHECK(w.record.read().round_trip.value() / 1us == 8000);
    w.answered(1s, 16ms);
    CHECK(w.record.read().round_trip.value() / 1us == 9000);
    for (int i = 0; i < 100; ++i) w.answered(1s, 2ms);
    CHECK(w.record.read().round_trip.value() / 1us == 2000);
    CHECK(w.record.read().answers == 102);
}

TEST_CASE("reachability record: what the peer accepts in parts is what it has said last, and is no change of state") {
    world w;
    CHECK_FALSE(w.record.read().split_accepted);
    w.answered(1s);
    for (const std::uint32_t parts : {16U, 16U, 32U}) {
        w.record.note_split({ilp::amount::max(), parts});
        CHECK(w.record.read().split_accepted == config::split_settings{ilp::amount::max(), parts});
    }
    w.record.note_split({});
    CHECK_FALSE(w.record.read().split_accepted);
    CHECK(w.changes == 1);
}

}  // namespace reachability_record_test
