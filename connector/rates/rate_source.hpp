#pragma once

#include "config/settings.hpp"
#include "connector/control/http_client.hpp"
#include "connector/rates/rate_keeper.hpp"
#include "connector/routing/rate_table.hpp"
#include "connector/tls/tls_context.hpp"
#include "peering/directory/directory.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <expected>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace connector {

/// Fetches rates in the background on the control loop: the I/O for rate_keeper. It must outlive the loop's run.
class rate_source {
public:
    /// `publish` is called with each new table.
    rate_source(boost::asio::io_context& context, std::function<void(std::shared_ptr<const rate_table>)> publish);

    /// Applies the settings to the directory's assets. Publishes before it returns, and again whenever rates have
    /// arrived. `tls` must be there if the source has an https:// URL.
    void configure(const config::rates_settings& settings, const peering::directory& directory,
                   std::shared_ptr<const tls_context> tls = {});

    /// Must be called when the set of assets may have changed.
    void assets_changed(const peering::directory& directory);

    std::vector<rate_age> ages() const;

private:
    void warn_about_unused_currencies() const;
    void restart_fetching();
    void fetch_due();
    void fetch(rate_request request);
    void fetched(const rate_request& request, std::expected<http_answer, std::string> outcome);
    void publish();

    boost::asio::io_context& context_;
    boost::asio::steady_timer timer_;
    std::function<void(std::shared_ptr<const rate_table>)> publish_;
    config::rates_settings settings_;
    std::shared_ptr<const tls_context> tls_;
    std::set<std::string> currencies_;
    rate_keeper keeper_;
};

}  // namespace connector
