#pragma once

#include "config/settings.hpp"
#include "connector/routing/accepted_parts.hpp"
#include "connector/routing/awaited_echo.hpp"
#include "connector/routing/forwarding_table.hpp"
#include "connector/routing/pool_shares.hpp"
#include "connector/routing/rate_table.hpp"
#include "connector/routing/reject_reason.hpp"
#include "ilp/clock.hpp"
#include "ilp/packet.hpp"
#include "ilp/stream/receiver.hpp"
#include "peering/directory/peer.hpp"
#include "peering/directory/receiving_account.hpp"
#include "peering/records/posting.hpp"
#include "peering/records/received_packets.hpp"
#include "peering/splitting/split_header.hpp"
#include "peering/splitting/split_plan.hpp"

#include <cstdint>
#include <optional>

namespace connector {

/// State of the worker and the daemon when a packet arrives.
struct load {
    bool draining = false;
    bool store_unavailable = false;
    bool packets_in_flight_full = false;  ///< for the peer that sent the packet
    pool_shares* pools = nullptr;         ///< of the worker; null: nobody shares them
    accepted_parts* parts = nullptr;      ///< of all workers; null: no peer takes a packet in parts
    const awaited_echo* echo = nullptr;   ///< of all workers; null: no echo is requested
};

enum class step : std::uint8_t {
    go_on,        ///< continue with the next stage
    bad_request,  ///< the body does not even start like a Prepare
    reject,       ///< refuse with `reason`
    fulfill,      ///< fulfilled by this node, with `fulfillment` and `answer_data`
};

/// One Prepare on its way through the stages: the inputs, and the results of the stages so far.
struct packet_context {
    // inputs
    ilp::bytes_span body;
    const peering::peer& from;
    const connector::forwarding_table& forwarding_table;
    const rate_table& rates;
    const config::connector_settings& settings;
    const connector::load& load;
    ilp::instant now;
    ilp::bytes& scratch;  ///< owned by the router; holds a Prepare or an answer that this node creates
    ilp::stream::receiver* receiver = nullptr;  ///< owned by the router; null: this node receives no payments
    const peering::part_label* part = nullptr;  ///< set for one part of a packet

    // results of the stages
    std::optional<ilp::prepare_view> prepare{};
    bool for_echo = false;  ///< set for our response to an echo request, which may go back to the peer it came from
    const peering::peer* to = nullptr;
    ilp::amount incoming_amount{};
    ilp::amount outgoing_amount{};
    ilp::timestamp outgoing_expires_at{};
    std::optional<peering::split_plan> plan{};  ///< how it is to be cut for the next hop; absent: it is sent whole

    // held or taken if the step is go_on or fulfill
    peering::packet_transfer transfer{};
    peering::taken_limits limits{};
    pool_shares::held_amount* pool_share = nullptr;  ///< counts the outgoing amount; null if no pool pays it

    // of a packet that is part of a payment to this node
    const peering::receiving_account* receiving_account = nullptr;  ///< null: it is not, or it is not authentic
    peering::connection_id connection{};
    ilp::timestamp address_expires_at{};
    bool ends_payment = false;  ///< its sender sends no more of it

    // the answer
    reject_reason reason{};
    std::optional<ilp::amount> maximum_amount{};  ///< of an F08, in units of the incoming asset
    ilp::fulfillment fulfillment{};
    ilp::bytes_view answer_data{};  ///< of a Fulfill, or of a Reject that is not an F08

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
