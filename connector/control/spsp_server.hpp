#pragma once

#include "config/settings.hpp"
#include "connector/control/handshake_rates.hpp"
#include "connector/control/http_server.hpp"
#include "connector/control/source_rates.hpp"
#include "peering/directory/limits.hpp"
#include "peering/spsp/spsp_query.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace connector {

/// Serves payment pointers to this node (RFC 9 and RFC 26): tells a sender the address and the secret for one payment
/// to an account. It handles `spsp.request_rate` requests per second in total, and fewer of each source, and answers
/// the rest with 429, so that strangers cannot overload the control loop, and no stranger can keep others out. There
/// are at most twice as many TLS handshakes; further connections are closed.
class spsp_server {
public:
    /// Each query counts once, under its outcome. What a browser asks first (OPTIONS) does not count, nor does plain
    /// HTTP to a listener with TLS.
    struct counters {
        std::uint64_t answered = 0;             ///< with an address and a secret
        std::uint64_t unknown_receiver = 0;     ///< there is no such account
        std::uint64_t refused = 0;              ///< it was no query of SPSP
        std::uint64_t too_many = 0;             ///< answered with 429
        std::uint64_t too_many_handshakes = 0;  ///< connections that were closed before their handshake
    };

    /// `receivers` is called on the control loop.
    spsp_server(boost::asio::io_context& control, const config::spsp_settings& settings,
                peering::spsp_receivers receivers);

    boost::system::error_code listen(const listening_point& at) { return server_.listen(at); }
    void use_tls(std::shared_ptr<const tls_context> context) noexcept { server_.use_tls(std::move(context)); }
    boost::asio::ip::tcp::endpoint local_endpoint() const { return server_.local_endpoint(); }

    /// From now on each answer ends its connection, and says so.
    void drain() noexcept { server_.drain(); }

    /// On the control loop.
    const counters& stats() const noexcept { return stats_; }

private:
    http_response answer(const http_request& request);
    http_response refuse_many(std::string_view advice);
    bool may_shake_hands(const source_key& source);
    void count(unsigned status, std::string_view method);

    const std::string default_account_;
    peering::spsp_receivers receivers_;
    source_rates rate_of_source_;
    peering::token_bucket rate_;
    handshake_rates handshakes_;
    counters stats_;
    http_server server_;
};

}  // namespace connector
