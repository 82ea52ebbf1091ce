#pragma once

#include "config/settings.hpp"
#include "connector/http_server.hpp"
#include "peering/auto_peers.hpp"
#include "peering/committer.hpp"
#include "peering/limits.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <functional>

namespace connector {

/// Where nodes that nobody knows here ask to become peers: `POST /`. Answers `auto_peering.request_rate` requests a
/// second, of all together, and 429 to the others, so that strangers can keep neither the store nor the control loop
/// busy.
class auto_peering_server {
public:
    /// Everything outlives it. `rate` is that of the settings.
    auto_peering_server(boost::asio::io_context& control, peering::committer& committer,
                        peering::auto_peers& auto_peers, std::uint32_t rate);

    boost::system::error_code listen(const boost::asio::ip::tcp::endpoint& endpoint) {
        return server_.listen(endpoint);
    }
    boost::asio::ip::tcp::endpoint local_endpoint() const { return server_.local_endpoint(); }

private:
    void answer(const http_request& request, const std::function<void(http_response)>& done);

    peering::committer& committer_;
    peering::auto_peers& auto_peers_;
    peering::token_bucket rate_;
    http_server server_;
};

}  // namespace connector
