#pragma once

#include "connector/routing/reject_reason.hpp"
#include "ilp/error_code.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace connector {

/// Who has refused a packet of one of our payments, and why.
struct refusal {
    std::optional<ilp::error_code> code{};        ///< nullopt: a code that RFC 27 does not define
    std::optional<reject_reason> of_this_node{};  ///< why, if this node has refused it
    std::string triggered_by{};                   ///< else the address that the Reject names; it may be empty
};

/// What an operator can do when this node itself refuses the packets of a payment, as the end of a sentence; empty if
/// it has only to be waited for.
std::string_view remedy(reject_reason reason) noexcept;

/// "T01 Peer Unreachable of test.node", or for a refusal of this node "T01 Peer Unreachable of this node: account of
/// the next hop is disabled (next_hop_disabled), enable ...".
std::string to_text(const refusal& refused);

/// `sentence` says how a payment has ended, or that there is no quote, and `code` is that of the Reject that ended it.
/// The result names the code, and with it who refused the last packet, if that is the same Reject.
std::string with_refusal(std::string_view sentence, const std::optional<ilp::error_code>& code,
                         const std::optional<refusal>& last);

}  // namespace connector
