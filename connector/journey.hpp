#pragma once

#include "connector/network.hpp"
#include "connector/rate_table.hpp"
#include "connector/reject_reason.hpp"
#include "ilp/clock.hpp"
#include "ilp/packet.hpp"
#include "peering/peer.hpp"
#include "peering/posting.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace connector {

/// What the shell knows of its own condition when a packet arrives.
struct load {
    bool draining = false;
    bool store_unavailable = false;
    bool packets_in_flight_full = false;
};

/// The terms of this node itself that the stages apply.
struct router_terms {
    std::chrono::milliseconds min_expiration_window{};
    std::chrono::milliseconds max_hold_time{};
    ilp::amount echo_max_amount;
};

enum class step : std::uint8_t {
    go_on,        ///< to the next stage
    bad_request,  ///< the body was not even meant to be a Prepare
    reject,       ///< `reason` says why
    fulfill,      ///< answered here: `fulfillment` and `answer_data`
};

/// One Prepare on its way through the stages: what came in, and what the stages found out so far.
struct journey {
    // what came in
    ilp::bytes_span body;
    const peering::peer& from;
    const connector::network& network;
    const rate_table& rates;
    const router_terms& terms;
    const connector::load& load;
    ilp::instant now;
    ilp::bytes& scratch;  ///< of the router; holds a Prepare or an answer that this node wrote itself

    // what the stages found out
    std::optional<ilp::prepare_view> prepare{};
    bool for_echo = false;  ///< this node's answer to an echo request: it may go back where it came from
    const peering::peer* to = nullptr;
    ilp::amount incoming_amount{};
    ilp::amount outgoing_amount{};
    ilp::timestamp outgoing_expires_at{};
    peering::packet_transfer transfer{};  ///< held, when the step is go_on or fulfill

    // what is answered
    reject_reason reason{};
    std::optional<ilp::amount> maximum_amount{};  ///< of an F08, in incoming units
    ilp::fulfillment fulfillment{};
    ilp::bytes_view answer_data{};

    step refuse(reject_reason why) {
        reason = why;
        return step::reject;
    }
    step refuse_amount(reject_reason why, ilp::amount maximum) {
        maximum_amount = maximum;
        return refuse(why);
    }
};

}  // namespace connector
