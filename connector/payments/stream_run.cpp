#include "connector/payments/stream_run.hpp"

#include "ilp/invariant.hpp"

#include <utility>

namespace connector {

stream_run::stream_run(const run_surroundings& around, run_parties parties)
    : loop_{around.loop},
      packets_{around.packets},
      share_{around.share},
      memory_{around.memory},
      payer_{std::move(parties.payer)},
      sender_{memory_.of_sender, std::move(parties.receiver.destination), parties.receiver.shared_secret,
              payer_.address.text()},
      wake_{*this} {}

/// The answers of a turn are taken together: then the decision is asked once.
void stream_run::ask_again() {
    if (is_advancing_ || is_posted_ || has_ended_) return;
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
                if (undurable_ != 0) break;  // release() asks again
                is_advancing_ = false;
                return end();
            }
            ready_ = std::get<packet>(decided);
        }
        if (!share_.try_take(*this)) break;
        const packet next = *std::exchange(ready_, std::nullopt);
        if (!send(next)) withdrawn(next.number, now());
    }
    is_advancing_ = false;
}

void stream_run::on_turn() {
    if (ready_) {
        is_advancing_ = true;
        const packet next = *std::exchange(ready_, std::nullopt);
        if (!send(next)) withdrawn(next.number, now());
        is_advancing_ = false;
    }
    advance();
}

bool stream_run::send(const packet& next) {
    const ilp::timestamp expires_at =
        loop_.now().wall + std::chrono::floor<std::chrono::milliseconds>(next.expires_at - now());
    memory_.prepare.clear();
    switch (next.kind) {
        case packet_kind::money:
            sender_.write_prepare(memory_.prepare, next.number, next.amount, next.minimum, expires_at);
            break;
        case packet_kind::probe:
            sender_.write_probe(memory_.prepare, next.number, next.amount, expires_at);
            break;
        case packet_kind::closing:
            sender_.write_close(memory_.prepare, next.number, expires_at);
            break;
    }
    return packets_.send_own(*this, next.number, payer_, memory_.prepare);
}

void stream_run::end() {
    has_ended_ = true;
    wake_.cancel();
    stop_waiting();
    if (const auto action = std::exchange(when_ended_, {})) action();
    const auto last = closing(now());
    if (!last || !send(*last)) close();
}

void stream_run::close() {
    if (const auto action = std::exchange(when_closed_, {})) action();
}

void stream_run::answer(std::uint64_t request, ilp::bytes_view octets, bool held) {
    take_answer(request, octets, held, std::nullopt);
}

void stream_run::reject(std::uint64_t request, ilp::bytes_view packet, const failure& failure) {
    take_answer(request, packet, false, failure.of_this_node);
}

/// `reason`: why this node refuses the packet, if it does.
void stream_run::take_answer(std::uint64_t request, ilp::bytes_view octets, bool held,
                             std::optional<reject_reason> reason) {
    if (has_ended_) return close();
    memory_.answer.assign(octets.begin(), octets.end());
    if (const auto fulfill = ilp::fulfill_view::parse(memory_.answer)) {
        if (held) ++undurable_;
        last_refusal_.reset();
        fulfilled(request, sender_.read_fulfill(request, *fulfill), now());
    } else {
        const auto reject = ilp::reject_view::parse(memory_.answer);
        ilp::require(reject.has_value(), "the answer to a packet of this node is a Fulfill or a Reject");
        const ilp::payment_rejection rejection = sender_.read_reject(request, *reject);
        last_refusal_ = refusal{
            .code = rejection.code, .of_this_node = reason, .triggered_by = std::string{reject->triggered_by()}};
        rejected(request, rejection, now());
    }
    ask_again();
}

void stream_run::release(std::uint64_t /*request*/) {
    --undurable_;
    if (undurable_ == 0) ask_again();  // it may have waited for this to end
}

/// The receiver has the money, whatever becomes of our book, so it is not sent again.
void stream_run::revoke(std::uint64_t request, ilp::bytes_view /*packet*/, const failure& /*failure*/) {
    release(request);
}

void stream_run::refuse_malformed(std::uint64_t /*request*/) {
    ilp::require(false, "a Prepare of this node is well-formed");
}

}  // namespace connector
