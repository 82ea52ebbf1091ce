#pragma once

#include "config/settings.hpp"
#include "connector/control/spsp_server.hpp"
#include "connector/daemon/book.hpp"
#include "connector/daemon/history_keeper.hpp"
#include "connector/daemon/operator_tls.hpp"
#include "connector/daemon/reload.hpp"
#include "connector/daemon/scrape_queue.hpp"
#include "connector/daemon/store_standing.hpp"
#include "connector/metrics/metrics.hpp"
#include "connector/rates/rate_source.hpp"
#include "connector/webhooks/webhooks.hpp"
#include "connector/worker/worker_pool.hpp"
#include "ilp/clock.hpp"
#include "ilp/timestamp.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace connector {

/// Gathers what the components have counted, and formats it for a scrape. Runs on the control loop.
class metrics_collector {
public:
    struct parts {
        boost::asio::io_context& control;
        boost::asio::thread_pool& helper;
        const config::connector_settings& settings;
        const connector::book& book;
        worker_pool& workers;
        const rate_source& rates;
        const std::unique_ptr<connector::webhooks>& webhooks;  ///< null if they are not configured
        const std::unique_ptr<spsp_server>& spsp;              ///< null without a listener for senders
        const std::unique_ptr<history_keeper>& history;        ///< null if the whole history is kept
        const connector::reload& reload;
        const operator_tls& tls;
        const store_standing& standing;
        std::function<bool()> is_ready;
    };
    explicit metrics_collector(parts parts) : parts_{std::move(parts)} {}

    /// `done` is called with the exposition later. One exposition is made at a time.
    void collect(std::function<void(std::string)> done) { queue_.ask(std::move(done)); }

    /// The exposition of a daemon that does not have its store yet; empty if no other daemon can have it.
    std::string expose_start() const;

    /// Looks up the size of the store from time to time. Call it periodically.
    void look_up_store_size();

private:
    void collect_now(std::function<void(std::string)> done);
    daemon_figures figures(std::vector<worker_figures> workers) const;
    void write_out(scrape scrape, std::function<void(std::string)> done);

    const parts parts_;
    scrape_queue queue_{[this](scrape_queue::done done) { collect_now(std::move(done)); }};
    const ilp::timestamp started_at_ = parts_.reload.last().at;  ///< the start counts as a reload
    ilp::steady_time store_size_due_;
    std::atomic<std::uint64_t> store_size_ = 0;  ///< in bytes; 0 if it is not known
};

}  // namespace connector
