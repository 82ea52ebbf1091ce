#pragma once

#include "peering/records/payment.hpp"

#include <string_view>

/// A payment in the words of Rafiki, where the sender creates a quote first, then deposits for the payment.
namespace peering::admin {

/// An OutgoingPaymentState of the schema.
std::string_view outgoing_state(payment_status status);

/// The most that it debits, in the smallest unit of the account's asset; 0 if that is not known before the quote.
ilp::amount debit_amount(const payment_record& payment);

/// What is to arrive by the quote, in the smallest unit of the receiver's asset; 0 if that is not known before it.
ilp::amount receive_amount(const payment_record& payment);

}  // namespace peering::admin
