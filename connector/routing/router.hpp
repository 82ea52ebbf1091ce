#pragma once

#include "config/settings.hpp"
#include "connector/routing/packet_context.hpp"
#include "connector/routing/reject_reason.hpp"
#include "ilp/bytes.hpp"
#include "ilp/condition.hpp"
#include "ilp/stream/receiver.hpp"

#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace connector {

/// What to do with the next hop's answer.
enum class reply_kind : std::uint8_t {
    fulfill,  ///< post the transfer, then relay the packet
    reject,   ///< void the transfer and relay the packet unchanged
    refuse,   ///< void the transfer and refuse with `reason`
};

struct reply {
    reply_kind kind;
    reject_reason reason{};    ///< set for `refuse`
    ilp::bytes_view packet{};  ///< set for the others: a view of the given buffer
    std::string_view code{};   ///< set for `reject`: three characters, a view of the same buffer
};

/// The decision logic: it uses no socket, clock, thread or database, only its arguments. There is one router per
/// worker, because it keeps scratch memory.
class router {
public:
    /// Without secrets the node receives no payments over STREAM.
    explicit router(config::connector_settings settings,
                    std::shared_ptr<const ilp::stream::receiver_secrets> secrets = nullptr);

    /// Runs a Prepare through the stages, which router.cpp lists, until one of them ends it. If the result is `go_on`,
    /// it is to be sent to `to`: it has been patched in place and its transfer is held. `body` is modified, and must
    /// stay valid while the packet context is used.
    std::pair<step, packet_context> decide(ilp::bytes_span body, const peering::peer& from,
                                           const forwarding_table& forwarding_table, const rate_table& rates,
                                           const load& load, ilp::instant now);

    /// The same for a Prepare of a payment of this node, which `payer` pays: see own_payer(). Its limits are those of
    /// the payment alone; rates, spread, routes, liquidity and the next hop's terms are as for any packet.
    std::pair<step, packet_context> decide_own(ilp::bytes_span body, const peering::peer& payer,
                                               const forwarding_table& forwarding_table, const rate_table& rates,
                                               const load& load, ilp::instant now);

    /// The same for one part of a Prepare, up to what can be decided about it alone: `go_on` means that it may be
    /// collected.
    std::pair<step, packet_context> decide_part(ilp::bytes_span body, const peering::part_label& label,
                                                const peering::peer& from, const forwarding_table& forwarding_table,
                                                const rate_table& rates, const load& load, ilp::instant now);

    /// The same as decide() for a Prepare that has come in parts, with their sum as its amount. What was decided about
    /// each part is not decided again.
    std::pair<step, packet_context> decide_whole(ilp::bytes_span body, const peering::peer& from,
                                                 const forwarding_table& forwarding_table, const rate_table& rates,
                                                 const load& load, ilp::instant now);

    /// Checks the bytes that the next hop answered in time. `answer` may be modified.
    reply check_reply(std::span<const ilp::octet, ilp::hash_size> condition, ilp::bytes_span answer) noexcept;

private:
    template <typename Stages>
    std::pair<step, packet_context> pass_through(const Stages& stages, ilp::bytes_span body, const peering::peer& from,
                                                 const forwarding_table& forwarding_table, const rate_table& rates,
                                                 const load& load, ilp::instant now,
                                                 const peering::part_label* part = nullptr);

    config::connector_settings settings_;
    ilp::bytes scratch_;
    std::unique_ptr<ilp::stream::receiver> receiver_;
};

/// Appends a Reject of this node to `out`. `context` provides the amounts of an F08, and the data of a receiver's
/// reply; it may be null for other reasons. With a reply there is no message: only the sender may learn why (RFC 29).
void serialize_reject(ilp::bytes& out, reject_reason reason, std::string_view triggered_by,
                      const packet_context* context = nullptr);

}  // namespace connector
