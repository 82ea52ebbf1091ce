#pragma once

#include "ilp/amount.hpp"
#include "ilp/payment/exchange_ratio.hpp"
#include "ilp/timestamp.hpp"
#include "peering/records/account.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace peering {

/// A payment is quoted, then sent, then it has ended. One that is to be cancelled while it is sent waits for the
/// answers to its packets first.
enum class payment_status : std::uint8_t { quoting, sending, cancelling, completed, failed, cancelled };

constexpr bool has_ended(payment_status status) noexcept {
    return status >= payment_status::completed;
}

/// What a quote has fixed.
struct payment_offer {
    ilp::amount send_max;           ///< never more than this is sent
    ilp::exchange_ratio minimum{};  ///< that each packet must deliver
    ilp::exchange_ratio expected{};
    friend bool operator==(const payment_offer&, const payment_offer&) = default;
};

/// How a payment stands, except for its amounts.
struct payment_standing {
    payment_status status{};
    std::optional<payment_offer> offer{};  ///< once it is quoted
    std::string failure{};                 ///< why it has failed; empty unless it has
    std::optional<ilp::timestamp> ended_at{};
    friend bool operator==(const payment_standing&, const payment_standing&) = default;
};

/// A payment that is made from a receiving account, stored under its own UUID, which is never accepted twice. `sent` is
/// what was debited for it and `delivered` what the receiver says of it; both are written in the transaction of the
/// postings (ilp::payment_state).
struct payment_record {
    std::uint64_t number = 0;  ///< chosen by the caller, ascending, never reused
    std::string uuid{};
    account_id account{};    ///< pays
    std::string receiver{};  ///< a payment pointer or URL, as it was given
    bool is_fixed_delivery = false;
    ilp::amount amount;                    ///< to deliver, or to send
    std::uint16_t slippage = 0;            ///< in basis points
    std::optional<ilp::amount> at_most{};  ///< the request: more than this is never sent
    ilp::timestamp created_at{};
    payment_standing standing{};
    ilp::amount sent{};
    ilp::amount delivered{};
    friend bool operator==(const payment_record&, const payment_record&) = default;
};

struct payment_change {
    std::uint64_t number = 0;
    payment_standing standing;
};

/// What a payment has sent and delivered in all, with the postings of this transaction.
struct payment_progress {
    std::uint64_t number = 0;
    ilp::amount sent;
    ilp::amount delivered;
    friend bool operator==(const payment_progress&, const payment_progress&) = default;
};

/// Selects payments, and one page of them. The cursors are as in an event_query.
struct payment_query {
    std::optional<std::string> after{};
    std::optional<std::string> before{};
    bool newest_first = true;
    bool from_the_end = false;
    std::optional<account_id> account{};  ///< only those that this account pays
    std::size_t limit = 20;
};

}  // namespace peering
