#include "connector/worker/outcome_questions.hpp"

#include <catch2/catch.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outcome_questions_test {

using namespace connector;
using namespace std::chrono_literals;

namespace {

/// A link that has each question answered when the test says so.
struct silent_link final : link {
    std::optional<reject_reason> send(carried_packet&, ilp::bytes_view) override {
        return reject_reason::next_hop_unreachable;
    }
    std::optional<reject_reason> ask_outcome(carried_packet& question, const peering::split_id&) override {
        if (refuses) return reject_reason::next_hop_unreachable;
        asked.push_back(&question);
        return {};
    }
    std::optional<reject_reason> withdraw(carried_packet&) override { return {}; }
    void forget(carried_packet& question) override {
        ++forgotten;
        std::erase(asked, &question);
    }
    std::size_t connection_count() const noexcept override { return 0; }
    std::size_t waiting_count() const noexcept override { return 0; }
    std::string_view trouble() const noexcept override { return {}; }
    void retire() override {}
    bool is_done() const noexcept override { return true; }

    void answer(std::size_t index) {
        carried_packet& question = *asked.at(index);
        asked.erase(asked.begin() + static_cast<std::ptrdiff_t>(index));
        ilp::bytes octets{ilp::octet{13}};
        question.listener->answered(question, octets);
    }
    void fail(std::size_t index) {
        carried_packet& question = *asked.at(index);
        asked.erase(asked.begin() + static_cast<std::ptrdiff_t>(index));
        question.listener->failed(question, reject_reason::next_hop_connection_lost);
    }

    std::vector<carried_packet*> asked;
    int forgotten = 0;
    bool refuses = false;
};

struct world {
    world() {
        loop.enter();
        questions.begin(packet, 7);
    }
    /// Asks at this time, if it may. Returns whether it has asked.
    bool ask(std::chrono::milliseconds at, silent_link& over) {
        const ilp::steady_time now = began + at;
        if (!questions.may_ask(packet, now)) return false;
        questions.ask(packet, over, now);
        return true;
    }

    event_loop loop;
    silent_link link;
    silent_link other;
    packet_in_flight packet{[](deadline&) {}};
    int answers = 0;
    outcome_questions questions{loop, [this](packet_in_flight& about, ilp::bytes_span) {
                                    CHECK(&about == &packet);
                                    ++answers;
                                }};
    ilp::steady_time began = loop.now().steady;
};

}  // namespace

TEST_CASE("outcome questions: an answer counts however long it takes, until the packet has ended") {
    world w;
    CHECK(w.ask(0ms, w.link));
    CHECK_FALSE(w.ask(150ms, w.link));
    CHECK(w.ask(300ms, w.link));  // the first connection may be dead
    REQUIRE(w.link.asked.size() == 2);
    CHECK_FALSE(w.ask(600ms, w.link));
    CHECK_FALSE(w.ask(900ms, w.link));
    CHECK(w.link.forgotten == 0);
    w.link.answer(0);
    CHECK(w.answers == 1);
    w.questions.end(w.packet);
    CHECK(w.link.forgotten == 1);
    CHECK(w.link.asked.empty());
}

TEST_CASE("outcome questions: the next hop is asked again as soon as a question has ended without its outcome") {
    world w;
    w.link.refuses = true;
    CHECK(w.ask(0ms, w.link));
    w.link.refuses = false;
    CHECK(w.ask(150ms, w.link));
    w.link.fail(0);
    CHECK(w.ask(300ms, w.link));
    w.link.answer(0);  // it knows nothing yet
    CHECK(w.ask(450ms, w.link));
    CHECK(w.ask(750ms, w.other));  // the terms of the peer have changed
    w.other.fail(0);
    CHECK(w.ask(760ms, w.other));
    CHECK(w.answers == 1);
    w.link.answer(0);
    w.other.answer(0);
    CHECK(w.answers == 3);
    w.questions.end(w.packet);
    CHECK(w.link.forgotten + w.other.forgotten == 0);
}

TEST_CASE("outcome questions: a connection that ends after its packet tells nobody") {
    world w;
    CHECK(w.ask(0ms, w.link));
    carried_packet& question = *w.link.asked.front();
    w.questions.end(w.packet);
    ilp::bytes octets{ilp::octet{13}};
    question.listener->answered(question, octets);
    CHECK(w.answers == 0);
}

}  // namespace outcome_questions_test
