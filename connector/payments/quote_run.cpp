#include "connector/payments/quote_run.hpp"

#include "ilp/invariant.hpp"

#include <utility>

namespace connector {

quote_run::quote_run(const run_surroundings& around, quote_order order)
    : stream_run{around, std::move(order.parties)}, quote_{order.wanted, order.path, order.available} {}

std::optional<quote_outcome> quote_run::outcome() const {
    if (!result_) return std::nullopt;
    return quote_outcome{*result_, asset(), last_refusal()};
}

void quote_run::cancel() {
    is_cancelled_ = true;
    ask_again();
}

auto quote_run::next(ilp::steady_time now) -> step {
    if (!is_cancelled_ && !result_) {
        const auto decided = quote_.next(now);
        if (const auto* const probe = std::get_if<ilp::payment_quote::send_probe>(&decided)) {
            ++in_flight_;
            return packet{probe->number, probe->amount, {}, probe->expires_at, packet_kind::probe};
        }
        if (const auto* const wait = std::get_if<ilp::payment_quote::wait_until>(&decided)) {
            return wait_until{wait->time};
        }
        result_ = std::get<ilp::payment_quote::finished>(decided);
    }
    if (in_flight_ != 0) return wait_until{ilp::steady_time::max()};
    return ended{};
}

void quote_run::fulfilled(std::uint64_t /*number*/, std::optional<ilp::amount> /*delivered*/,
                          ilp::steady_time /*now*/) {
    ilp::require(false, "nobody can fulfill a probe");
}

void quote_run::rejected(std::uint64_t number, const ilp::payment_rejection& rejection, ilp::steady_time now) {
    --in_flight_;
    if (!result_) quote_.rejected(number, rejection, now);
}

void quote_run::withdrawn(std::uint64_t number, ilp::steady_time now) {
    --in_flight_;
    quote_.withdrawn(number, now);
}

}  // namespace connector
