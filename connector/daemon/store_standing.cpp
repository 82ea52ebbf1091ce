#include "connector/daemon/store_standing.hpp"

namespace connector {

void store_standing::note_wait(const std::optional<peering::daemon_place>& holder, ilp::steady_time now) {
    waits_for_.reset();
    if (!holder) return;
    has_waited_ = true;
    waits_for_ = {.host = holder->host, .epoch = holder->epoch, .lease_until = now + holder->lease_left};
}

void store_standing::note_open(ilp::timestamp now) {
    waits_for_.reset();
    active_since_ = now;
}

std::optional<cluster_figures> store_standing::while_waiting(ilp::steady_time now) const {
    if (!is_shared_) return std::nullopt;
    if (!waits_for_) return cluster_figures{};
    return cluster_figures{
        .holder = waits_for_->host, .epoch = waits_for_->epoch, .lease_left = waits_for_->lease_until - now};
}

std::optional<cluster_figures> store_standing::while_open(const peering::committer& committer,
                                                          ilp::steady_time now) const {
    const auto lease_until = committer.lease_until();
    if (!lease_until) return std::nullopt;
    return cluster_figures{.is_active = now < *lease_until && !committer.is_taken_over(),
                           .has_taken_over = has_waited_,
                           .holder = host_,
                           .epoch = committer.stats().store_epoch.load(std::memory_order_relaxed),
                           .lease_left = *lease_until - now};
}

}  // namespace connector
