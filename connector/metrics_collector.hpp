#pragma once

#include "connector/metrics/metrics.hpp"
#include "connector/rates/rate_source.hpp"
#include "connector/webhooks/webhooks.hpp"
#include "connector/worker_pool.hpp"
#include "peering/book/committer.hpp"
#include "peering/directory/directory.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <functional>
#include <string>

namespace connector {

/// Gathers what the components have counted, and formats it for a scrape.
class metrics_collector {
public:
    struct parts {
        boost::asio::io_context& control;
        boost::asio::thread_pool& helper;
        const peering::directory& directory;
        const peering::committer& committer;
        worker_pool& workers;
        const rate_source& rates;
        const connector::webhooks* webhooks = nullptr;  ///< null if they are not configured
    };
    explicit metrics_collector(parts parts) : parts_{parts} {}

    /// Called on the control loop, where `done` is called with the exposition later.
    void collect(std::function<void(std::string)> done);

private:
    void write_out(scrape scrape, std::function<void(std::string)> done);

    const parts parts_;
};

}  // namespace connector
