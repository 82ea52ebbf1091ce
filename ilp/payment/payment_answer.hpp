#pragma once

#include "ilp/amount.hpp"
#include "ilp/error_code.hpp"
#include "ilp/payment/path_maximum.hpp"

#include <chrono>
#include <optional>

namespace ilp {

/// When a node does not take the packet of its own payment, because its store does not work, the payment asks again
/// after this time.
inline constexpr std::chrono::milliseconds pause_after_withdrawal{100};

/// A Reject of one packet of a payment, as far as the payment decides by it.
struct payment_rejection {
    std::optional<error_code> code{};             ///< nullopt: a code that RFC 27 does not define
    std::optional<amount_too_large> too_large{};  ///< the data of an F08
    std::optional<amount> received{};             ///< what the receiver says has arrived, in an authentic reply
};

}  // namespace ilp
