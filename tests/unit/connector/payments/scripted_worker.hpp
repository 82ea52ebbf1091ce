#pragma once

#include "connector/payments/payment_runs.hpp"
#include "ilp/packet.hpp"
#include "ilp/stream/receiver.hpp"
#include "tests/unit/connector/loop/test_loop.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

/// A loop with payments, and in place of the worker and the path a script: it keeps the packets until the test has them
/// answered, by a receiver that is as real as any.
namespace connector::testing {

struct scripted_worker final : own_packets {
    struct sent_packet {
        answer_sink* sink;
        std::uint64_t request;
        std::uint64_t amount;
        ilp::timestamp expires_at;
        ilp::bytes bytes;
    };

    bool send_own(answer_sink& sink, std::uint64_t request, const peering::peer& from,
                  ilp::bytes_span prepare) override {
        if (!takes_packets) {
            ++withdrawn;
            return false;
        }
        CHECK(from.liquidity == payer_account);
        const auto read = ilp::prepare_view::parse(prepare);
        REQUIRE(read);
        CHECK(read->destination() == destination);
        if (read->amount().is_zero()) {
            ++closings;
        } else {
            ++packets;
        }
        if (maximum && read->amount() > *maximum) {
            const auto data = ilp::serialize({read->amount(), *maximum});
            reject(sink, request, "F08", tells_maximum ? ilp::bytes_view{data} : ilp::bytes_view{});
            return true;
        }
        waiting.push_back({&sink, request, read->amount().value, read->expires_at(), {prepare.begin(), prepare.end()}});
        most_waiting = std::max(most_waiting, waiting.size());
        return true;
    }

    void advance(const peering::payment_progress& progress) override { advanced = progress; }

    static void reject(answer_sink& sink, std::uint64_t request, std::string_view code, ilp::bytes_view data = {}) {
        ilp::bytes answer;
        ilp::serialize_reject(answer, {code, "test.next", "", data});
        sink.answer(request, answer, false);
    }

    /// The oldest packet reaches the receiver. If it is fulfilled, its posting becomes durable later: make_durable().
    void deliver() {
        sent_packet packet = std::move(waiting.front());
        waiting.pop_front();
        const auto prepare = ilp::prepare_view::parse(packet.bytes).value();
        const ilp::amount arrives{packet.amount * rate_in_percent / 100};
        const auto received = receiver.receive(ilp::stream::derive_keys(token.shared_secret), prepare.data(),
                                               prepare.condition(), arrives, "EUR", 6);
        if (received.closes) ++closed;
        if (received.verdict != ilp::stream::verdict::fulfill) {
            return reject(*packet.sink, packet.request, "F99", received.data);
        }
        credited += arrives.value;
        debited += packet.amount;
        ilp::bytes answer;
        ilp::serialize_fulfill(answer, received.fulfillment, received.data);
        packet.sink->answer(packet.request, answer, true);
        unbooked.emplace_back(packet.sink, packet.request);
    }
    void make_durable() {
        while (!unbooked.empty()) {
            const auto [sink, request] = unbooked.front();
            unbooked.pop_front();
            sink->release(request);
        }
    }
    /// This node itself refuses the oldest packet.
    void refuse_here(reject_reason reason) {
        const sent_packet packet = std::move(waiting.front());
        waiting.pop_front();
        ilp::bytes answer;
        ilp::serialize_reject(answer, {ilp::code_text(describe(reason).code), "test.node", "", {}});
        packet.sink->reject(packet.request, answer, {.trace = {}, .of_this_node = reason});
    }
    void refuse(std::string_view code) {
        const sent_packet packet = std::move(waiting.front());
        waiting.pop_front();
        reject(*packet.sink, packet.request, code);
    }

    std::shared_ptr<const ilp::stream::receiver_secrets> secrets = [] {
        ilp::digest secret{};
        return std::make_shared<ilp::stream::receiver_secrets>(std::span{&secret, 1});
    }();
    ilp::stream::envelope_cipher cipher;
    ilp::stream::receiver_token token =
        secrets->make_token(cipher, {1, ilp::timestamp{std::chrono::sys_days{std::chrono::year{2100} / 1 / 1}}});
    std::string destination = "test.receiver." + token.segment;
    ilp::stream::receiver receiver{secrets};
    peering::liquidity_account* payer_account = nullptr;

    std::optional<ilp::amount> maximum;
    bool tells_maximum = true;
    bool takes_packets = true;  ///< false: as with a store that does not work
    std::uint64_t rate_in_percent = 50;

    std::deque<sent_packet> waiting;
    std::deque<std::pair<answer_sink*, std::uint64_t>> unbooked;
    std::size_t packets = 0;
    std::size_t closings = 0;  ///< packets without money
    std::size_t closed = 0;    ///< of them, those that the receiver got
    std::size_t withdrawn = 0;
    std::size_t most_waiting = 0;
    peering::payment_progress advanced;
    std::uint64_t debited = 0;
    std::uint64_t credited = 0;
};

struct payment_world {
    payment_world() {
        worker.payer_account = &account;
        loop.at_turn_end([this] {
            if (!turns.next_turn(loop.now().steady)) return;
            loop.post([this] {
                loop.enter();
                turns.serve_waiting();
            });
        });
    }

    run_parties parties() {
        return {own_payer(*ilp::address::parse("test.node"), asset, account),
                {worker.destination, {worker.token.shared_secret.begin(), worker.token.shared_secret.end()}}};
    }

    void pay(payment_order order) {
        progress = order.progress;
        loop.enter();
        runs.pay(std::move(order), [this](payment_outcome ended) {
            CHECK_FALSE(outcome);
            outcome = std::move(ended);
        });
        run_ready(loop);
    }
    payment_order order_of(const ilp::payment_terms& terms) {
        return {.number = 7, .parties = parties(), .terms = terms};
    }

    void quote(std::uint64_t wanted) {
        loop.enter();
        runs.quote({.number = 7, .parties = parties(), .wanted = {wanted}}, [this](std::optional<quote_outcome> ended) {
            CHECK_FALSE(quoted);
            quoted = std::move(ended);
            quote_ended = true;
        });
        run_ready(loop);
    }

    /// One round trip for everything that has been sent.
    void deliver_all() {
        loop.enter();
        for (std::size_t left = worker.waiting.size(); left > 0; --left) worker.deliver();
        worker.make_durable();
        run_ready(loop);
    }

    event_loop loop;
    fair_turns turns;
    turn_share share{turns, 1};
    scripted_worker worker;
    peering::asset asset{.uuid = {}, .code = "USD", .scale = 9};
    peering::liquidity_account account;
    payment_runs runs{loop, worker, share};

    std::shared_ptr<run_progress> progress;
    std::optional<payment_outcome> outcome;
    std::optional<quote_outcome> quoted;
    bool quote_ended = false;
};

}  // namespace connector::testing
