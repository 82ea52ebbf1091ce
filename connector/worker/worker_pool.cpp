#include "connector/worker/worker_pool.hpp"

#include "connector/base/listen.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <thread>
#include <utility>

namespace connector {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr std::string_view setting = "connector.listen";

/// The workers bind with SO_REUSEPORT, which would let a second daemon share the port as well; so this tries to bind
/// without it first.
error_code try_port(boost::asio::io_context& context, const tcp::endpoint& endpoint) {
    error_code error;
    tcp::acceptor probe{context};
    probe.open(endpoint.protocol(), error);
    if (!error) probe.set_option(tcp::acceptor::reuse_address{true}, error);
    if (!error) probe.bind(endpoint, error);
    return error;
}

}  // namespace

unsigned worker_count(const config::connector_settings& settings) noexcept {
    return settings.workers != 0 ? settings.workers : std::max(1U, std::thread::hardware_concurrency());
}

std::optional<std::string> worker_pool::listen(
    const config::connector_settings& settings, const listening_point& at, const peering::directory& directory,
    peering::committer& committer, const packet_tls& tls,
    const std::shared_ptr<const ilp::stream::receiver_secrets>& receiver_secrets,
    const std::shared_ptr<peering::split_outcomes>& outcomes) {
    listening_point point = at;
    const auto replies = std::make_shared<expected_replies>();
    if (!point.is_passed()) {
        if (const error_code error = try_port(control_, point.endpoint))
            return cannot_listen(setting, point.endpoint, error);
    }
    for (unsigned i = 0; i < worker_count(settings); ++i) {
        workers_.push_back(std::make_unique<worker>(settings, directory, rates_, committer, board_, echo_, tls, replies,
                                                    receiver_secrets, outcomes));
        if (const error_code error = workers_.back()->listen(point))
            return cannot_listen(setting, point.endpoint, error);
        point.endpoint = local_endpoint();  // resolves port 0, for all workers
    }
    return std::nullopt;
}

void worker_pool::start() {
    for (const auto& worker : workers_) worker->start();
}

void worker_pool::install_rates(std::shared_ptr<const rate_table> rates) {
    rates_ = std::move(rates);
    for (const auto& worker : workers_) worker->install_rates(rates_);
}

void worker_pool::use_tls(const packet_tls& tls) {
    for (const auto& worker : workers_) worker->use_tls(tls);
}

void worker_pool::publish(const peering::terms_update& update, const std::function<void()>& done) {
    const auto missing = std::make_shared<std::atomic<std::size_t>>(workers_.size());
    for (const auto& worker : workers_) {
        worker->apply(update, [missing, done] {
            if (--*missing == 0) done();
        });
    }
}

void worker_pool::sample(std::function<void(std::vector<worker_sample>)> done) {
    struct collection {
        std::vector<worker_sample> samples;
        std::function<void(std::vector<worker_sample>)> done;
    };
    auto collected = std::make_shared<collection>(collection{{}, std::move(done)});
    for (const auto& worker : workers_) {
        worker->sample([this, collected](worker_sample sample) {
            boost::asio::post(control_, [this, collected, sample = std::move(sample)]() mutable {
                collected->samples.push_back(std::move(sample));
                if (collected->samples.size() == workers_.size()) collected->done(std::move(collected->samples));
            });
        });
    }
}

void worker_pool::probe(std::uint32_t peer, ilp::bytes prepare, std::chrono::milliseconds time_limit,
                        std::function<void(probes::outcome)> done) {
    workers_.front()->probe(peer, std::move(prepare), time_limit, std::move(done));
}

void worker_pool::quote(quote_order order, payment_runs::quoted done) {
    worker& chosen = worker_of(order.number);
    chosen.quote(std::move(order), std::move(done));
}

void worker_pool::pay(payment_order order, payment_runs::paid done) {
    worker& chosen = worker_of(order.number);
    chosen.pay(std::move(order), std::move(done));
}

void worker_pool::cancel_payment(std::uint64_t number) {
    worker_of(number).cancel_payment(number);
}

std::uint64_t worker_pool::unauthenticated_requests() const {
    std::uint64_t sum = 0;
    for (const auto& worker : workers_) sum += worker->unauthenticated_requests();
    return sum;
}

void worker_pool::drain(std::function<void()> drained) {
    const auto missing = std::make_shared<std::size_t>(workers_.size());
    const auto ended = [missing, drained = std::move(drained)] {
        if (--*missing == 0) drained();
    };
    for (const auto& worker : workers_) {
        worker->drain([this, ended] { boost::asio::post(control_, ended); });
    }
}

void worker_pool::give_up_packets() {
    for (const auto& worker : workers_) worker->give_up_packets();
}

void worker_pool::stop() {
    for (const auto& worker : workers_) worker->stop();
}

}  // namespace connector
