#include "peering/admin/outgoing_payment.hpp"

#include <utility>

namespace peering::admin {

std::string_view outgoing_state(payment_status status) {
    switch (status) {
        case payment_status::quoting:
            return "FUNDING";
        case payment_status::sending:
        case payment_status::cancelling:
            return "SENDING";
        case payment_status::completed:
            return "COMPLETED";
        case payment_status::failed:
            return "FAILED";
        case payment_status::cancelled:
            return "CANCELLED";
    }
    std::unreachable();
}

ilp::amount debit_amount(const payment_record& payment) {
    const auto& offer = payment.standing.offer;
    if (offer) return offer->send_max;
    return payment.is_fixed_delivery ? ilp::amount{} : payment.amount;
}

ilp::amount receive_amount(const payment_record& payment) {
    const auto& offer = payment.standing.offer;
    if (payment.is_fixed_delivery) return payment.amount;
    return offer ? offer->expected.delivered_for(payment.amount) : ilp::amount{};
}

}  // namespace peering::admin
