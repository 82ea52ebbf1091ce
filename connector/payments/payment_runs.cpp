#include "connector/payments/payment_runs.hpp"

#include "ilp/invariant.hpp"

#include <utility>

namespace connector {

template <typename Run, typename Order, typename Done>
void payment_runs::begin(Order order, Done done) {
    const std::uint64_t number = order.number;
    if (!memory_) memory_ = std::make_unique<run_memory>();
    auto made = std::make_unique<Run>(run_surroundings{loop_, packets_, share_, *memory_}, std::move(order));
    Run& run = *made;
    const bool is_new = runs_.emplace(number, std::move(made)).second;
    ilp::require(is_new, "a payment is carried out once at a time");
    run.when_ended([&run, done = std::move(done)] { done(run.outcome()); });
    run.when_closed([this, number] {
        auto node = runs_.extract(number);
        loop_.dispose(std::move(node.mapped()));
    });
    if (is_stopping_) run.interrupt();
    run.start();
}

void payment_runs::quote(quote_order order, quoted done) {
    begin<quote_run>(std::move(order), std::move(done));
}

void payment_runs::pay(payment_order order, paid done) {
    begin<payment_run>(std::move(order), std::move(done));
}

void payment_runs::cancel(std::uint64_t number) {
    const auto found = runs_.find(number);
    if (found != runs_.end()) found->second->cancel();
}

void payment_runs::interrupt() {
    is_stopping_ = true;
    for (const auto& [number, run] : runs_) run->interrupt();
}

}  // namespace connector
