#pragma once

#include "connector/payments/stream_run.hpp"
#include "ilp/payment/payment_quote.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace connector {

struct quote_order {
    std::uint64_t number = 0;  ///< of the payment's record
    run_parties parties;
    ilp::amount wanted;  ///< the largest amount that would be sent in one packet
    ilp::known_path path{};
    ilp::amount available = ilp::amount::max();  ///< in the account: all probes in flight take no more
};

struct quote_outcome {
    ilp::payment_quote::finished result;
    std::optional<ilp::stream::receiver_asset> asset;
    std::optional<refusal> last_refusal{};
};

/// Asks a receiver how much arrives, on a worker. A cancelled quote ends without an outcome.
class quote_run final : public stream_run {
public:
    quote_run(const run_surroundings& around, quote_order order);

    /// Precondition: the run has ended. Nullopt if it was cancelled.
    std::optional<quote_outcome> outcome() const;

    void cancel() override;
    void interrupt() override { cancel(); }

private:
    step next(ilp::steady_time now) override;
    void fulfilled(std::uint64_t number, std::optional<ilp::amount> delivered, ilp::steady_time now) override;
    void rejected(std::uint64_t number, const ilp::payment_rejection& rejection, ilp::steady_time now) override;
    void withdrawn(std::uint64_t number, ilp::steady_time now) override;

    ilp::payment_quote quote_;
    std::optional<ilp::payment_quote::finished> result_;
    std::size_t in_flight_ = 0;  ///< a quote may be ready before all probes have been answered
    bool is_cancelled_ = false;
};

}  // namespace connector
