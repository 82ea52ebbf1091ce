#include "connector/daemon/service_watch.hpp"

#include "connector/daemon/service_status.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace connector {
namespace {

constexpr std::chrono::microseconds status_pause = std::chrono::seconds{5};
constexpr int rounds_in_watchdog_time = 4;

std::chrono::microseconds round_pause(const service_manager& manager) {
    const auto watchdog = manager.watchdog_time();
    return watchdog ? std::min(*watchdog / rounds_in_watchdog_time, status_pause) : status_pause;
}

}  // namespace

service_watch::service_watch(boost::asio::io_context& control, service_manager& manager, worker_pool& workers,
                             book& book)
    : control_{control}, manager_{manager}, workers_{workers}, book_{book}, liveness_{round_pause(manager)} {}

void service_watch::ready() {
    manager_.ready(text());
}

void service_watch::reload_ended(std::string_view problem) {
    reload_problem_ = problem.empty() ? std::string{} : fmt::format("the last reload failed: {}", problem);
    manager_.ready(text());
}

void service_watch::look(std::chrono::steady_clock::time_point now) {
    if (!manager_.is_there()) return;
    // A committer that waits for a store which does not work is not stuck, and a new process would wait as well.
    if (liveness_.awaits_committer() && !book_.committer->store_is_healthy()) {
        liveness_.committer_answered(liveness_.round());
        committer_was_asked_ = true;
    }
    if (!committer_was_asked_) ask_committer();
    if (!liveness_.is_due(now)) return;
    manager_.alive();
    manager_.status(text());
    begin_round(now);
}

void service_watch::begin_round(std::chrono::steady_clock::time_point now) {
    const std::uint64_t round = liveness_.begin(now);
    workers_.sample([this, round, now](const std::vector<worker_sample>& samples) {
        std::uint64_t packets = 0;
        for (const worker_sample& sample : samples) {
            for (const peer_sample& peer : sample.peers) packets += peer.counters.incoming.prepares;
        }
        note_packets(packets, now);
        liveness_.workers_answered(round);
    });
    ask_committer();
}

/// If too many tasks wait for the committer, look() asks again.
void service_watch::ask_committer() {
    committer_was_asked_ = book_.committer->execute([this, round = liveness_.round()](peering::bookkeeper&) {
        boost::asio::post(control_, [this, round] { liveness_.committer_answered(round); });
    });
}

void service_watch::note_packets(std::uint64_t packets, std::chrono::steady_clock::time_point now) {
    const double seconds = std::chrono::duration<double>{now - packets_at_}.count();
    if (packets_at_ != std::chrono::steady_clock::time_point{} && seconds > 0 && packets >= packets_) {
        packets_per_second_ = static_cast<double>(packets - packets_) / seconds;
    }
    packets_ = packets;
    packets_at_ = now;
}

std::string service_watch::text() const {
    const std::string store = book_.committer->store_is_healthy() ? std::string{} : book_.committer->last_error();
    const std::string trouble = store.empty() ? reload_problem_ : fmt::format("the store does not work: {}", store);
    return status_text(book_.directory.peer_count(), packets_per_second_, trouble);
}

}  // namespace connector
