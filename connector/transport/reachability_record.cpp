#include "connector/transport/reachability_record.hpp"

#include "connector/base/log.hpp"

#include <string_view>
#include <utility>

namespace connector {
namespace {

using peering::reachability_state;

enum class failure_kind : std::uint8_t { none, unreachable, refused, unanswered };

failure_kind kind_of(reject_reason reason) noexcept {
    switch (reason) {
        case reject_reason::next_hop_queue_full:
            return failure_kind::none;
        case reject_reason::next_hop_refused_us:
        case reject_reason::next_hop_busy:
        case reject_reason::next_hop_failed:
        case reject_reason::next_hop_behind_dead_gateway:
            return failure_kind::refused;
        case reject_reason::next_hop_timed_out:
        case reject_reason::next_hop_connection_lost:
        case reject_reason::next_hop_answered_nonsense:
            return failure_kind::unanswered;
        default:  // it cannot be connected to, or the link knows that it cannot be used
            return failure_kind::unreachable;
    }
}

}  // namespace

void reachability_record::failed(const ilp::instant& now, reject_reason reason, const link& link) {
    const failure_kind kind = kind_of(reason);
    if (kind == failure_kind::none) return;
    if (!std::exchange(has_failed_, true)) first_failure_ = now;
    last_failure_.store(now);
    has_ever_failed_.store(true, std::memory_order_release);
    // The link's trouble may be an older one if the packet was sent and has got no answer.
    const bool is_of_link = kind != failure_kind::unanswered && !link.trouble().empty();
    keep_cause(is_of_link ? link.trouble() : describe(reason).message);
    if (kind == failure_kind::unanswered && ++unanswered_ < unanswered_max) return;
    change(kind == failure_kind::refused ? reachability_state::refusing : reachability_state::unreachable,
           first_failure_);
}

void reachability_record::keep_cause(std::string_view text) {
    const std::string_view cause = text.substr(0, error_size_max);
    if (cause == cause_) return;
    cause_ = cause;
    std::string error = log::escape(cause);
    if (error.size() > error_size_max) error.resize(error_size_max);
    const std::lock_guard lock{mutex_};
    error_ = std::move(error);
}

void reachability_record::recover(const ilp::instant& now) {
    has_failed_ = false;
    unanswered_ = 0;
    if (!is_reachable_) change(reachability_state::reachable, now);
}

void reachability_record::change(reachability_state state, const ilp::instant& since) {
    if (state == state_) return;
    is_reachable_ = state == reachability_state::reachable;
    {
        const std::lock_guard lock{mutex_};
        state_ = state;
        since_ = since;
    }
    on_change_();
}

peering::peer_reachability reachability_record::read() const {
    peering::peer_reachability found;
    found.answers = answers_.load(std::memory_order_relaxed);
    if (found.answers != 0) {
        found.last_answer = last_answer_.load();
        found.round_trip = std::chrono::duration_cast<std::chrono::nanoseconds>(
            std::chrono::duration<float>{round_trip_.load(std::memory_order_relaxed)});
    }
    if (has_ever_failed_.load(std::memory_order_acquire)) found.last_failure = last_failure_.load();
    if (const auto accepted = accepted_->load(); accepted.max_parts != 0) found.split_accepted = accepted;
    const std::lock_guard lock{mutex_};
    found.state = state_;
    if (state_ != reachability_state::unknown) found.since = since_;
    found.last_error = error_;
    return found;
}

}  // namespace connector
