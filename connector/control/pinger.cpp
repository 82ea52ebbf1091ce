#include "connector/control/pinger.hpp"

#include "connector/base/address_guard.hpp"
#include "connector/control/http_client.hpp"
#include "connector/transport/http/message.hpp"
#include "ilp/clock.hpp"
#include "ilp/condition.hpp"
#include "ilp/echo.hpp"
#include "ilp/packet.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <expected>
#include <future>
#include <memory>
#include <string>
#include <utility>

namespace connector {
namespace {

using peering::admin::ping_answer;
using http_outcome = std::expected<http_answer, std::string>;

/// Margin for a context that has stopped; normally its own timeout fires first.
constexpr std::chrono::seconds ping_margin{1};

std::string serialize_ping(const std::string& address, std::chrono::milliseconds timeout) {
    const auto now = ilp::wall_clock();
    ilp::bytes prepare;
    ilp::serialize_prepare(prepare, {{0}, now + timeout, ilp::echo::one_way_condition, address, {}});
    return {reinterpret_cast<const char*>(prepare.data()), prepare.size()};
}

http_outcome post_to(boost::asio::io_context& context, const peering::peer& next_hop, std::string body,
                     std::chrono::milliseconds timeout) {
    http_call wanted{.method = http_method::post,
                     .endpoint = next_hop.outgoing.endpoint,
                     .headers = {{"Authorization", "Bearer " + next_hop.outgoing.auth_token.reveal()},
                                 {"Content-Type", "application/octet-stream"},
                                 {"Accept", "application/octet-stream"}},
                     .body = std::move(body),
                     .timeout = timeout,
                     .answer_size_max = http::body_size_max};
    if (next_hop.outgoing.public_addresses_only) {
        wanted.may_connect = [](const boost::asio::ip::address& to) { return is_public(to); };
    }
    const auto promise = std::make_shared<std::promise<http_outcome>>();
    auto future = promise->get_future();
    boost::asio::post(context, [&context, promise, wanted = std::move(wanted)]() mutable {
        call(context, std::move(wanted), [promise](http_outcome answer) { promise->set_value(std::move(answer)); });
    });
    if (future.wait_for(timeout + ping_margin) != std::future_status::ready)
        return std::unexpected{"no response in time"};
    return future.get();
}

void judge(ping_answer& answer, std::string& packet) {
    const ilp::bytes_span octets{reinterpret_cast<ilp::octet*>(packet.data()), packet.size()};
    if (const auto fulfill = ilp::fulfill_view::parse(octets)) {
        answer.reached = ilp::fulfills(fulfill->fulfillment(), ilp::echo::one_way_condition);
        if (!answer.reached) answer.message = "the next hop answered with a Fulfill that does not match the condition";
    } else if (const auto reject = ilp::reject_view::parse(octets)) {
        answer.code = reject->code();
        answer.triggered_by = reject->triggered_by();
        answer.message = reject->message();
    } else {
        answer.message = "the next hop sent an invalid response";
    }
}

}  // namespace

ping_answer ping(boost::asio::io_context& context, const peering::directory& directory, const std::string& address,
                 std::chrono::milliseconds timeout) {
    ping_answer answer;
    if (address == directory.own_address().text()) {
        answer.reached = true;
        answer.message = "it is this node's own address";
        return answer;
    }
    const auto route = directory.find_route(address, nullptr);
    if (!route) {
        answer.message = "there is no route to the address";
        return answer;
    }
    answer.next_hop = route->next_hop;
    const auto begin = std::chrono::steady_clock::now();
    http_outcome received = post_to(context, *answer.next_hop, serialize_ping(address, timeout), timeout);
    answer.time = std::chrono::steady_clock::now() - begin;
    if (!received) {
        answer.message = fmt::format("next hop: {}", received.error());
    } else if (received->status != 200) {
        answer.message = fmt::format("the next hop answered with HTTP status {}", received->status);
    } else {
        judge(answer, received->body);
    }
    return answer;
}

}  // namespace connector
