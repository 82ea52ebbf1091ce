#pragma once

#include "config/settings.hpp"
#include "connector/control/handshake_rates.hpp"
#include "connector/control/http_server.hpp"
#include "connector/control/source_rates.hpp"
#include "peering/administration/auto_peers.hpp"
#include "peering/book/committer.hpp"
#include "peering/directory/limits.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <functional>
#include <memory>
#include <utility>

namespace connector {

/// Serves `POST /`, with which unknown nodes ask to become peers. It handles `auto_peering.request_rate` requests per
/// second in total, and fewer of each source, and answers the rest with 429, so that strangers can overload neither the
/// store nor the control loop, and no stranger can keep others out. There are at most twice as many TLS handshakes;
/// further connections are closed.
class auto_peering_server {
public:
    /// The first three arguments must outlive this object.
    auto_peering_server(boost::asio::io_context& control, peering::committer& committer,
                        peering::auto_peers& auto_peers, const config::auto_peering_settings& settings);

    boost::system::error_code listen(const listening_point& at) { return server_.listen(at); }
    void use_tls(std::shared_ptr<const tls_context> context) noexcept { server_.use_tls(std::move(context)); }
    boost::asio::ip::tcp::endpoint local_endpoint() const { return server_.local_endpoint(); }

    /// From now on each answer ends its connection, and says so.
    void drain() noexcept { server_.drain(); }

private:
    void answer(const http_request& request, const std::function<void(http_response)>& done);

    peering::committer& committer_;
    peering::auto_peers& auto_peers_;
    source_rates rate_of_source_;
    peering::token_bucket rate_;
    handshake_rates handshakes_;
    http_server server_;
};

}  // namespace connector
