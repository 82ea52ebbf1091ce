#pragma once

#include "connector/transport/answer_sink.hpp"
#include "connector/transport/link.hpp"
#include "ilp/bytes.hpp"
#include "peering/directory/peer.hpp"
#include "peering/records/payment.hpp"

#include <cstdint>
#include <memory>
#include <utility>

namespace connector {

/// An account of this node that pays for packets, as the stages of a packet see their sender: like a peer without
/// limits, whose packets are converted with the spread of the currencies. It is in no table, and no route leads to it.
inline peering::peer own_payer(ilp::address own_address, const peering::asset& asset,
                               peering::liquidity_account& liquidity) {
    return {.id = carried_packet::this_node,
            .uuid = {},
            .given_name = {},
            .address = std::move(own_address),
            .asset = &asset,
            .routes = {},
            .max_packet_amount = {},
            .max_hold_time = {},
            .spread = {},
            .liquidity_threshold = {},
            .incoming_tokens = {},
            .outgoing = {},
            .liquidity = &liquidity,
            .limits = std::make_shared<peering::peer_limits>()};
}

/// Takes the Prepares that begin at this node, on the thread of a worker.
class own_packets {
public:
    /// Decides the packet as if `payer` were a peer that had sent it (router::decide_own), and passes it on. `sink`
    /// gets exactly one answer, possibly within this call; a Fulfill that has moved money is held until its posting is
    /// durable. The Prepare is modified, and not needed after the call. `payer` and `sink` must live until the answer
    /// was released.
    ///
    /// Returns false, and has done nothing, while the store does not work: a Reject would look like one of the path.
    [[nodiscard]] virtual bool send_own(answer_sink& sink, std::uint64_t request, const peering::peer& payer,
                                        ilp::bytes_span prepare) = 0;

    /// What a payment has sent and delivered in all, to be written in the transaction of the packet's posting. Call it
    /// only while a Fulfill is being answered.
    virtual void advance(const peering::payment_progress& progress) = 0;

protected:
    ~own_packets() = default;
};

}  // namespace connector
