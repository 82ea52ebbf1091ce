#include "peering/admin/outgoing_payment.hpp"

#include <catch2/catch.hpp>

namespace outgoing_payment_test {

using namespace peering;
using namespace peering::admin;

namespace {

payment_record payment_of(std::uint64_t amount, bool is_fixed_delivery, std::optional<payment_offer> offer = {}) {
    return {.number = 1,
            .uuid = "p",
            .receiver = "$bob.example",
            .is_fixed_delivery = is_fixed_delivery,
            .amount = {amount},
            .standing = {.status = offer ? payment_status::sending : payment_status::quoting, .offer = offer},
            .sent = {7},
            .delivered = {14}};
}

constexpr ilp::exchange_ratio twice{2, 1};

}  // namespace

TEST_CASE("the states of payments have names in Rafiki") {
    CHECK(outgoing_state(payment_status::quoting) == "FUNDING");
    CHECK(outgoing_state(payment_status::sending) == "SENDING");
    CHECK(outgoing_state(payment_status::cancelling) == "SENDING");
    CHECK(outgoing_state(payment_status::completed) == "COMPLETED");
    CHECK(outgoing_state(payment_status::failed) == "FAILED");
    CHECK(outgoing_state(payment_status::cancelled) == "CANCELLED");
}

TEST_CASE("what a payment debits and delivers is known in part before the quote") {
    CHECK(debit_amount(payment_of(100, false)).value == 100);
    CHECK(receive_amount(payment_of(100, false)).is_zero());
    CHECK(debit_amount(payment_of(100, true)).is_zero());
    CHECK(receive_amount(payment_of(100, true)).value == 100);
}

TEST_CASE("what a payment debits and delivers is known by the quote, whatever was sent of it") {
    CHECK(debit_amount(payment_of(100, false, payment_offer{{100}, twice, twice})).value == 100);
    CHECK(receive_amount(payment_of(100, false, payment_offer{{100}, {1, 1}, twice})).value == 200);
    CHECK(debit_amount(payment_of(100, true, payment_offer{{51}, twice, twice})).value == 51);
    CHECK(receive_amount(payment_of(100, true, payment_offer{{51}, twice, twice})).value == 100);
    // The largest amounts stay amounts.
    CHECK(receive_amount(payment_of(ilp::amount::max().value, false, payment_offer{{1}, twice, twice})) ==
          ilp::amount::max());
}

}  // namespace outgoing_payment_test
