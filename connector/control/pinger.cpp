#include "connector/control/pinger.hpp"

#include "ilp/clock.hpp"
#include "ilp/condition.hpp"
#include "ilp/echo.hpp"
#include "ilp/packet.hpp"

#include <fmt/format.h>

#include <future>
#include <memory>
#include <utility>

namespace connector {
namespace {

using peering::admin::ping_answer;

/// Margin for a worker that has stopped; normally the probe ends before.
constexpr std::chrono::seconds ping_margin{1};

ilp::bytes make_ping(const std::string& address, std::chrono::milliseconds timeout) {
    ilp::bytes prepare;
    ilp::serialize_prepare(prepare, {{0}, ilp::wall_clock() + timeout, ilp::echo::one_way_condition, address, {}});
    return prepare;
}

/// Passes `send` a function to be called with the outcome, and waits for that.
template <typename Send>
probes::outcome outcome_of(std::chrono::milliseconds timeout, const Send& send) {
    auto promise = std::make_shared<std::promise<probes::outcome>>();
    auto future = promise->get_future();
    send([promise = std::move(promise)](probes::outcome outcome) { promise->set_value(std::move(outcome)); });
    if (future.wait_for(timeout) != std::future_status::ready) {
        return std::unexpected{std::string{"no response in time"}};
    }
    try {
        return future.get();
    } catch (const std::future_error&) {  // the worker was destroyed first
        return std::unexpected{std::string{"the daemon is stopping"}};
    }
}

void judge(ping_answer& answer, ilp::bytes_span packet) {
    if (const auto fulfill = ilp::fulfill_view::parse(packet)) {
        answer.reached = ilp::fulfills(fulfill->fulfillment(), ilp::echo::one_way_condition);
        if (!answer.reached) answer.message = "the next hop answered with a Fulfill that does not match the condition";
    } else if (const auto reject = ilp::reject_view::parse(packet)) {
        answer.code = reject->code();
        answer.triggered_by = reject->triggered_by();
        answer.message = reject->message();
    } else {
        answer.message = "the next hop sent an invalid response";
    }
}

}  // namespace

ping_answer pinger::ping(const std::string& address, std::chrono::milliseconds timeout) {
    ping_answer answer;
    if (address == directory_.own_address().text()) {
        answer.reached = true;
        answer.message = "it is this node's own address";
        return answer;
    }
    const auto route = directory_.find_route(address, nullptr);
    if (!route) {
        answer.message = "there is no route to the address";
        return answer;
    }
    answer.next_hop = route->next_hop;
    if (!answer.next_hop->enabled) {
        answer.message = fmt::format(
            "the next hop {} is disabled, so no packet is sent to it: enable it with setPeerEnabled, or `ilpctl peer "
            "enable`",
            answer.next_hop->name());
        return answer;
    }
    if (const call_limit::call this_one{limit_}; !this_one.is_within_bound()) {
        answer.message = fmt::format("{} pings are in progress already: try again when one has ended", pings_max);
    } else {
        ask_next_hop(answer, address, timeout);
    }
    return answer;
}

void pinger::ask_next_hop(ping_answer& answer, const std::string& address, std::chrono::milliseconds timeout) const {
    const auto begin = std::chrono::steady_clock::now();
    auto outcome = outcome_of(timeout + ping_margin, [&](auto done) {
        send_(answer.next_hop->id, make_ping(address, timeout), timeout, std::move(done));
    });
    answer.time = std::chrono::steady_clock::now() - begin;
    if (outcome) {
        judge(answer, *outcome);
    } else {
        answer.message = std::move(outcome.error());
    }
}

}  // namespace connector
