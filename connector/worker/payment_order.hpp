#pragma once

#include "connector/payments/payment_run.hpp"
#include "ilp/amount.hpp"
#include "ilp/payment/known_path.hpp"
#include "ilp/payment/outgoing_payment.hpp"
#include "ilp/payment/payment_quote.hpp"
#include "ilp/payment/payment_state.hpp"

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <variant>

namespace connector {

/// What a worker is to do with a payment of one of our accounts.
struct quote_order {
    ilp::amount wanted;  ///< the largest amount that would be sent in one packet
};
struct send_order {
    ilp::payment_terms terms;
    ilp::payment_state state{};
    ilp::payment_limits limits{};
};

/// Called on the worker's thread; must not block.
struct payment_callbacks {
    std::function<void(std::uint64_t number, const ilp::payment_quote::finished&)> quoted{};
    std::function<void(std::uint64_t number, const ilp::outgoing_payment::finished&, const ilp::known_path&)> ended{};
};

struct payment_order {
    std::uint64_t number = 0;   ///< of the payment's record
    std::uint32_t account = 0;  ///< id of the account that pays
    payment_run::receiver receiver{};
    std::variant<quote_order, send_order> what{};
    ilp::known_path path{};
    payment_callbacks callbacks{};
};

}  // namespace connector
