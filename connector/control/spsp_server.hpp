#pragma once

#include "config/settings.hpp"
#include "connector/control/http_server.hpp"
#include "connector/control/source_rates.hpp"
#include "peering/directory/limits.hpp"
#include "peering/spsp/spsp_query.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace connector {

/// Serves payment pointers to this node (RFC 9 and RFC 26): tells a sender the address and the secret for one payment
/// to an account. It handles `spsp.request_rate` requests per second in total, and fewer of each source, and answers
/// the rest with 429, so that strangers cannot overload the control loop, and no stranger can keep others out.
class spsp_server {
public:
    /// `receivers` is called on the control loop.
    spsp_server(boost::asio::io_context& control, const config::spsp_settings& settings,
                peering::spsp_receivers receivers);

    boost::system::error_code listen(const boost::asio::ip::tcp::endpoint& endpoint) {
        return server_.listen(endpoint);
    }
    void use_tls(std::shared_ptr<const tls_context> context) noexcept { server_.use_tls(std::move(context)); }
    boost::asio::ip::tcp::endpoint local_endpoint() const { return server_.local_endpoint(); }

    /// From now on each answer ends its connection, and says so.
    void drain() noexcept { server_.drain(); }

private:
    http_response answer(const http_request& request);

    const std::string default_account_;
    peering::spsp_receivers receivers_;
    source_rates rate_of_source_;
    peering::token_bucket rate_;
    http_server server_;
};

}  // namespace connector
