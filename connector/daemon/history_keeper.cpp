#include "connector/daemon/history_keeper.hpp"

#include "connector/base/log.hpp"
#include "ilp/clock.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace connector {

std::chrono::nanoseconds history_keeper::pause_after(const result& step, std::chrono::nanoseconds taken) {
    if (!step || !step->has_more) return idle_pause;
    return taken * (share - 1);
}

history_keeper::result history_keeper::both(result sums, result events) {
    if (!sums || !events) return sums ? events : sums;
    sums->has_more = sums->has_more || events->has_more;
    return sums;
}

/// No step is taken while the store fails.
void history_keeper::take_step() {
    if (!committer_.store_is_healthy()) return pause(idle_pause);
    const bool accepted = committer_.execute([this](peering::bookkeeper& keeper) {
        const ilp::instant now = ilp::read_clocks();
        wall_.observe(now);  // a clock that was set forward must not make the whole history old
        const auto began = std::chrono::steady_clock::now();
        const peering::history_age age{.older_than = wall_.earliest_within(keep_), .now = now.wall};
        result step = keeper.sum_history(age, rows_per_step);
        if (step) rows_summed_ += step->rows;
        step = both(std::move(step), keeper.forget_events(age, rows_per_step));
        const std::chrono::nanoseconds taken = std::chrono::steady_clock::now() - began;
        boost::asio::post(control_, [this, step = std::move(step), taken] { end_step(step, taken); });
    });
    if (!accepted) pause(idle_pause);
}

void history_keeper::end_step(const result& step, std::chrono::nanoseconds taken) {
    const std::string problem = step ? std::string{} : step.error().message;
    if (!problem.empty() && problem != logged_problem_) {
        log::write(log::level::warn, "old transfers cannot be summed up, or old events cannot be forgotten",
                   {{"error", problem}});
    }
    logged_problem_ = problem;
    pause(pause_after(step, taken));
}

void history_keeper::pause(std::chrono::nanoseconds length) {
    timer_.expires_after(length);
    timer_.async_wait([this](boost::system::error_code error) {
        if (!error) take_step();
    });
}

}  // namespace connector
