#include "connector/control/pinger.hpp"

#include "config/value.hpp"
#include "ilp/clock.hpp"
#include "ilp/condition.hpp"
#include "ilp/echo.hpp"
#include "ilp/ildcp.hpp"
#include "ilp/packet.hpp"

#include <fmt/format.h>

#include <future>
#include <memory>
#include <utility>

namespace connector {
namespace {

using peering::admin::examination;
using peering::admin::ping_answer;

/// Margin for a worker that has stopped; normally the probe ends before.
constexpr std::chrono::seconds ping_margin{1};

/// A peer that sends an echo takes off its window, which would leave nothing of a short time.
constexpr std::chrono::seconds echo_time{10};

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

/// Only what could be an asset of ours is shown to operators.
std::optional<ilp::ildcp::configuration> configuration_in(ilp::bytes_view data) {
    auto told = ilp::ildcp::parse_response(data);
    if (told && !config::asset_code().parse(told->asset_code)) return std::nullopt;
    return told;
}

std::string disabled_message(const peering::peer& next_hop) {
    return fmt::format(
        "the next hop {} is disabled, so no packet is sent to it: enable it with setPeerEnabled, or `ilpctl peer "
        "enable`",
        next_hop.name());
}

std::string too_many_message() {
    return fmt::format("{} pings are in progress already: try again when one has ended", pinger::pings_max);
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
    if (!route->next_hop->enabled) {
        answer.message = disabled_message(*route->next_hop);
    } else if (const call_limit::call this_one{limit_}; !this_one.is_within_bound()) {
        answer.message = too_many_message();
    } else {
        return exchange(route->next_hop, ilp::echo::one_way_condition, address, {}, timeout, timeout).answer;
    }
    answer.next_hop = route->next_hop;
    return answer;
}

examination pinger::examine(const std::shared_ptr<const peering::peer>& peer, std::chrono::milliseconds timeout) {
    examination found;
    found.question.next_hop = peer;
    const call_limit::call this_one{limit_};
    if (!peer->enabled) {
        found.question.message = disabled_message(*peer);
    } else if (!this_one.is_within_bound()) {
        found.question.message = too_many_message();
        found.is_busy = true;
    } else {
        auto [question, data] =
            exchange(peer, ilp::peer_protocol_condition, ilp::ildcp::destination, {}, timeout, timeout);
        found.question = std::move(question);
        found.configuration = configuration_in(data);
        const bool has_answered = found.question.reached || found.question.code;
        if (has_answered) {
            const awaited_echo::wait wait{echo_};
            ilp::bytes request;
            ilp::echo::serialize_request(request, directory_.own_address().text());
            found.echo =
                exchange(peer, echo_.condition(), peer->address.text(), request, timeout, timeout + echo_time).answer;
        }
    }
    return found;
}

pinger::exchanged pinger::exchange(const std::shared_ptr<const peering::peer>& next_hop,
                                   const ilp::condition& condition, std::string_view destination, ilp::bytes_view data,
                                   std::chrono::milliseconds timeout, std::chrono::milliseconds expires_in) const {
    exchanged result{.answer = {.next_hop = next_hop}};
    ping_answer& answer = result.answer;
    ilp::bytes prepare;
    ilp::serialize_prepare(prepare, {{0}, ilp::wall_clock() + expires_in, condition, destination, data});
    const auto begin = std::chrono::steady_clock::now();
    auto outcome = outcome_of(timeout + ping_margin,
                              [&](auto done) { send_(next_hop->id, std::move(prepare), timeout, std::move(done)); });
    answer.time = std::chrono::steady_clock::now() - begin;
    if (!outcome) {
        answer.message = std::move(outcome.error());
    } else if (const auto fulfill = ilp::fulfill_view::parse(*outcome)) {
        answer.reached = ilp::fulfills(fulfill->fulfillment(), condition);
        if (answer.reached) {
            result.data.assign(fulfill->data().begin(), fulfill->data().end());
        } else {
            answer.message = "the next hop answered with a Fulfill that does not match the condition";
        }
    } else if (const auto reject = ilp::reject_view::parse(*outcome)) {
        answer.code = reject->code();
        answer.triggered_by = reject->triggered_by();
        answer.message = reject->message();
    } else {
        answer.message = "the next hop sent an invalid response";
    }
    return result;
}

}  // namespace connector
