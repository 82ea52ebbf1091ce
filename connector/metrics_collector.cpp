#include "connector/metrics_collector.hpp"

#include "connector/base/log.hpp"

#include <boost/asio/post.hpp>

#include <optional>
#include <utility>
#include <vector>

namespace connector {

void metrics_collector::collect(std::function<void(std::string)> done) {
    parts_.workers.sample([this, done = std::move(done)](std::vector<peer_sample> samples) {
        write_out(
            {parts_.directory, parts_.committer.stats(), std::move(samples),
             parts_.webhooks != nullptr ? std::optional{parts_.webhooks->stats()} : std::nullopt, parts_.rates.ages(),
             parts_.workers.unauthenticated_requests(), log::dropped_lines()},
            done);
    });
}

/// Formats on a helper thread: with many peers it takes a while, which would block the control loop.
void metrics_collector::write_out(scrape scrape, std::function<void(std::string)> done) {
    boost::asio::post(parts_.helper, [this, scrape = std::move(scrape), done = std::move(done)]() mutable {
        boost::asio::post(parts_.control,
                          [text = expose(scrape), done = std::move(done)]() mutable { done(std::move(text)); });
    });
}

}  // namespace connector
