#pragma once

#include "ilp/amount.hpp"

namespace ilp {

/// How far a payment has come: what is stored of it, and taken up after a restart.
///
/// **After a crash** the packets that were in flight are in doubt: their receiver may have fulfilled them. The ledger
/// decides, because the sending account is debited by the posting of a Fulfill and by nothing else:
/// 1. The posting of a packet and the state in which that packet counts as sent are written in one transaction. Hence
///    `sent` is what the account was debited for this payment, at every instant and after every crash.
/// 2. A packet whose posting is not in the store has debited nothing. Its hold was in memory and has ended with the
///    process. Its amount has returned, and taken_up() lets the payment send it again.
/// 3. It is not sent again while it can still be fulfilled: a payment is taken up only after the last expiry of the
///    packets that were in flight, which is at most round_trip_times::lifetime_max after the crash. A Fulfill that
///    comes later cannot reach anybody, since the connection on which it would come has ended with the process.
///
/// So no crash debits the account twice, nor more than the payment's amount. What a crash can cost is what it costs a
/// forwarded packet: if a Fulfill had arrived and was not yet posted, the next hop has a claim that the book lacks, at
/// most the value that was in flight. It is the node's loss, not the account's, and `in_doubt` is its bound.
struct payment_state {
    amount sent;       ///< of the packets that were fulfilled
    amount delivered;  ///< of it, as the receiver says
    amount in_doubt;   ///< of the packets that were in flight when the state was read

    friend bool operator==(const payment_state&, const payment_state&) = default;
};

/// The state from which a payment goes on after a restart, under the conditions above.
constexpr payment_state taken_up(const payment_state& stored) noexcept {
    return {stored.sent, stored.delivered, {}};
}

}  // namespace ilp
