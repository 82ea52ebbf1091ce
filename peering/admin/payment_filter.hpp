#pragma once

#include "peering/administration/refusal.hpp"
#include "peering/graphql/resolver.hpp"

#include <expected>
#include <optional>
#include <string>

namespace peering::admin {

/// Rafiki's PaymentFilter, as far as it selects among the payments that this node makes.
struct payment_filter {
    bool takes_outgoing = true;
    std::optional<std::string> wallet_address{};  ///< id of the only one whose payments are selected; absent: all
    friend bool operator==(const payment_filter&, const payment_filter&) = default;
};

/// An empty list is no filter, neither in `in` nor in `notIn`: clients send it for "all".
std::expected<payment_filter, refusal> payment_filter_of(const graphql::arguments& filter);

}  // namespace peering::admin
