#include "connector/daemon/recent_traffic.hpp"

#include "connector/routing/reject_reason.hpp"
#include "ilp/error_code.hpp"

#include <boost/asio/post.hpp>

#include <future>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

namespace connector {
namespace {

constexpr std::chrono::milliseconds age_max{500};
constexpr std::chrono::seconds answer_time_max{2};

/// The answers to Prepares of one direction go in the other one.
peering::admin::packet_counts counts_of(const packet_counters& prepares, const packet_counters& answers) {
    return {.prepares = prepares.prepares,
            .fulfills = answers.fulfills,
            .rejects = std::accumulate(answers.rejects.begin(), answers.rejects.end(), std::uint64_t{0}),
            .amount = prepares.amount};
}

peering::admin::peer_traffic traffic_of(const peer_counters& counted) {
    peering::admin::peer_traffic traffic{.incoming = counts_of(counted.incoming, counted.outgoing),
                                         .outgoing = counts_of(counted.outgoing, counted.incoming),
                                         .packets_in_flight = counted.packets_in_flight,
                                         .amount_in_flight = counted.amount_in_flight};
    for (int i = 0; i < reject_reason_count; ++i) {
        const auto reason = static_cast<reject_reason>(i);
        const std::uint64_t count = counted.refusals[reason];
        if (count == 0) continue;
        traffic.refusals.push_back({describe(reason).identifier, ilp::code_text(describe(reason).code), count});
    }
    for (std::size_t i = 0; i < counted.duration.buckets.size(); ++i) {
        const double bound = i < duration_bounds.size() ? duration_bounds[i] : std::numeric_limits<double>::infinity();
        traffic.durations.push_back({bound, counted.duration.buckets[i]});
    }
    return traffic;
}

}  // namespace

std::optional<peering::admin::peer_traffic> recent_traffic::of(std::uint32_t peer) {
    const auto counters = current();
    if (!counters) return std::nullopt;
    const auto found = counters->find(peer);
    return traffic_of(found == counters->end() ? peer_counters{} : found->second);
}

std::shared_ptr<const recent_traffic::counters_by_peer> recent_traffic::current() {
    const std::lock_guard lock{mutex_};
    // A look that got no answer counts, too: otherwise those who wait for it would wait one after the other.
    if (taken_at_ && std::chrono::steady_clock::now() - *taken_at_ < age_max) return latest_;
    const auto promise = std::make_shared<std::promise<std::vector<worker_sample>>>();
    auto future = promise->get_future();
    boost::asio::post(control_, [this, promise] {
        workers_.sample([promise](std::vector<worker_sample> samples) { promise->set_value(std::move(samples)); });
    });
    latest_.reset();
    if (future.wait_for(answer_time_max) == std::future_status::ready) {
        auto sums = std::make_shared<counters_by_peer>();
        const auto samples = future.get();
        for (const worker_sample& sample : samples) {
            for (const peer_sample& peer : sample.peers) (*sums)[peer.peer].add(peer.counters);
        }
        latest_ = std::move(sums);
    }
    taken_at_ = std::chrono::steady_clock::now();
    return latest_;
}

}  // namespace connector
