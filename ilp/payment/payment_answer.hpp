#pragma once

#include "ilp/amount.hpp"
#include "ilp/error_code.hpp"
#include "ilp/payment/path_maximum.hpp"

#include <optional>

namespace ilp {

/// A Reject of one packet of a payment, as far as the payment decides by it.
struct payment_rejection {
    std::optional<error_code> code{};             ///< nullopt: a code that RFC 27 does not define
    std::optional<amount_too_large> too_large{};  ///< the data of an F08
    std::optional<amount> received{};             ///< what the receiver says has arrived, in an authentic reply
};

}  // namespace ilp
