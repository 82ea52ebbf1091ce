#pragma once

#include "connector/payments/payment_run.hpp"
#include "connector/payments/quote_run.hpp"
#include "connector/transport/fair_turns.hpp"
#include "connector/transport/own_packets.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>

namespace connector {

/// The quotes and payments that one worker carries out. They are known by the number of the payment. Used on the loop's
/// thread only.
class payment_runs {
public:
    /// Nullopt: cancelled, or the daemon stops.
    using quoted = std::function<void(std::optional<quote_outcome>)>;
    using paid = std::function<void(payment_outcome)>;

    /// `share`: of the loop's turns, for all payments together.
    payment_runs(event_loop& loop, own_packets& packets, turn_share& share)
        : loop_{loop}, packets_{packets}, share_{share} {}

    // Precondition of both: the payment has no run. `done` is called once, unless the worker stops before.

    void quote(quote_order order, quoted done);
    void pay(payment_order order, paid done);

    /// Does nothing if the payment has no run.
    void cancel(std::uint64_t number);

    /// Lets all of them end, and those that come later, because the daemon stops.
    void interrupt();

    std::size_t size() const noexcept { return runs_.size(); }

private:
    template <typename Run, typename Order, typename Done>
    void begin(Order order, Done done);

    event_loop& loop_;
    own_packets& packets_;
    turn_share& share_;
    std::unique_ptr<run_memory> memory_;  ///< null until there is a run
    std::unordered_map<std::uint64_t, std::unique_ptr<stream_run>> runs_;
    bool is_stopping_ = false;
};

}  // namespace connector
