#include "connector/payments/stream_run.hpp"

#include "ilp/invariant.hpp"

#include <utility>

namespace connector {

stream_run::stream_run(const run_surroundings& around, run_parties parties)
    : loop_{around.loop},
      packets_{around.packets},
      share_{around.share},
      payer_{std::move(parties.payer)},
      connection_{around.memory, std::move(parties.receiver), payer_.address.text()},
      wake_{*this} {}

/// The answers of a turn are taken together: then the decision is asked once.
void stream_run::ask_again() {
    if (is_advancing_ || is_posted_) return;
    is_posted_ = true;
    loop_.post([this] {
        loop_.enter();
        is_posted_ = false;
        advance();
    });
}

void stream_run::advance() {
    if (has_ended_ || is_posted_) return;  // if it is posted, that call does it
    is_advancing_ = true;
    for (;;) {
        if (!ready_) {
            const step decided = next(now());
            if (const auto* const wait = std::get_if<wait_until>(&decided)) {
                wake_.cancel();
                if (wait->time != ilp::steady_time::max()) loop_.set(wake_, wait->time);
                break;
            }
            if (std::holds_alternative<ended>(decided)) {
                is_advancing_ = false;
                return end();
            }
            ready_ = std::get<packet>(decided);
        }
        if (!share_.try_take(*this)) break;
        send(*std::exchange(ready_, std::nullopt));
    }
    is_advancing_ = false;
}

void stream_run::on_turn() {
    if (ready_) {
        is_advancing_ = true;
        send(*std::exchange(ready_, std::nullopt));
        is_advancing_ = false;
    }
    advance();
}

void stream_run::send(const packet& next) {
    const ilp::timestamp expires_at =
        loop_.now().wall + std::chrono::floor<std::chrono::milliseconds>(next.expires_at - now());
    const ilp::bytes_span prepare =
        connection_.write({next.number, next.amount, next.minimum, expires_at, next.is_probe});
    packets_.send_own(*this, next.number, payer_, prepare);
}

void stream_run::end() {
    has_ended_ = true;
    wake_.cancel();
    stop_waiting();
    if (const auto action = std::exchange(when_ended_, {})) action();
}

void stream_run::answer(std::uint64_t request, ilp::bytes_view answer, bool held) {
    if (answer.front() == static_cast<ilp::octet>(ilp::packet_type::fulfill)) {
        const auto delivered = connection_.read_fulfill(request, answer);
        if (held) return unbooked_.push_back({request, delivered});
        fulfilled(request, delivered, now());
    } else {
        rejected(request, connection_.read_reject(request, answer), now());
    }
    ask_again();
}

void stream_run::release(std::uint64_t request) {
    ilp::require(!unbooked_.empty() && unbooked_.front().number == request,
                 "the packets of a payment become durable in the order of their answers");
    const unbooked_packet booked = unbooked_.front();
    unbooked_.pop_front();
    fulfilled(booked.number, booked.delivered, now());
    ask_again();
}

void stream_run::refuse_malformed(std::uint64_t /*request*/) {
    ilp::require(false, "a Prepare of this node is well-formed");
}

}  // namespace connector
