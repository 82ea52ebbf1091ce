#include "connector/daemon/metrics_collector.hpp"

#include "connector/base/log.hpp"
#include "connector/metrics/process_figures.hpp"
#include "peering/book/bookkeeper.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <utility>

namespace connector {
namespace {

constexpr std::chrono::minutes store_size_pause{1};

}  // namespace

void metrics_collector::collect_now(std::function<void(std::string)> done) {
    parts_.workers.sample([this, done = std::move(done)](std::vector<worker_sample> samples) {
        std::vector<peer_sample> peers;
        std::vector<worker_figures> workers;
        for (worker_sample& sample : samples) {
            std::ranges::move(sample.peers, std::back_inserter(peers));
            workers.push_back(sample.figures);
        }
        write_out({.directory = parts_.book.directory,
                   .commits = parts_.book.committer->stats(),
                   .samples = std::move(peers),
                   .events = parts_.webhooks != nullptr ? std::optional{parts_.webhooks->stats()} : std::nullopt,
                   .spsp = parts_.spsp != nullptr ? std::optional{parts_.spsp->stats()} : std::nullopt,
                   .rate_ages = parts_.rates.ages(),
                   .unauthenticated_requests = parts_.workers.unauthenticated_requests(),
                   .log_lines_dropped = log::dropped_lines(),
                   .daemon = figures(std::move(workers)),
                   .doubts = parts_.book.committer->doubts()},
                  done);
    });
}

/// Without those of the process, which take a while.
daemon_figures metrics_collector::figures(std::vector<worker_figures> workers) const {
    const std::size_t count = workers.size();
    const std::uint64_t store_size = store_size_;
    std::vector<certificate_expiry> certificates;
    for (const auto& [section, at] : parts_.tls.expiries()) certificates.push_back({section, at});
    return {
        .version = ILPD_VERSION,
        .started_at = started_at_,
        .ready = parts_.is_ready(),
        .last_reload_succeeded = parts_.reload.last().success,
        .last_reload_at = parts_.reload.last().at,
        .workers = std::move(workers),
        .connections_max = count * parts_.settings.max_connections,
        .packets_max = count * parts_.settings.max_packets_in_flight,
        .pending_withdrawals = parts_.book.transfers->pending_count(),
        .store_size = store_size == 0 ? std::nullopt : std::optional{store_size},
        .history_rows_summed = parts_.history != nullptr ? std::optional{parts_.history->rows_summed()} : std::nullopt,
        .certificates = std::move(certificates),
        .cluster = parts_.standing.while_open(*parts_.book.committer, std::chrono::steady_clock::now())};
}

/// Formats on a helper thread: with many peers it takes a while, which would block the control loop.
void metrics_collector::write_out(scrape scrape, std::function<void(std::string)> done) {
    boost::asio::post(parts_.helper, [this, scrape = std::move(scrape), done = std::move(done)]() mutable {
        for (const auto& entry : parts_.workers.reachability().all()) {
            scrape.reachability.emplace(entry.peer, entry.reachability);
        }
        scrape.daemon->process = read_process_figures();
        boost::asio::post(parts_.control,
                          [text = expose(scrape), done = std::move(done)]() mutable { done(std::move(text)); });
    });
}

std::string metrics_collector::expose_start() const {
    const auto cluster = parts_.standing.while_waiting(std::chrono::steady_clock::now());
    if (!cluster) return {};
    return expose(start_figures{
        .version = ILPD_VERSION, .started_at = started_at_, .cluster = *cluster, .process = read_process_figures()});
}

void metrics_collector::look_up_store_size() {
    const auto now = std::chrono::steady_clock::now();
    peering::committer& committer = *parts_.book.committer;
    if (now < store_size_due_ || !committer.store_is_healthy()) return;
    store_size_due_ = now + store_size_pause;
    committer.execute([this](peering::bookkeeper& keeper) {
        if (const auto size = keeper.store_size()) store_size_ = *size;
    });
}

}  // namespace connector
