#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace connector {

struct dial_target {
    std::string host;  ///< a name, or an IP address without brackets
    std::uint16_t port = 0;
    /// Decides whether an address may be connected to. It is called for each address that the name resolves to in this
    /// call, and only those are tried, so a later look-up cannot lead elsewhere. If empty, every address is allowed.
    std::function<bool(const boost::asio::ip::address&)> may_connect{};
    std::chrono::milliseconds time_limit{0};  ///< for look-up and connect together; 0 if the caller has one of its own
};

struct dial_failure {
    bool not_allowed = false;        ///< the name leads only to addresses that may not be connected to
    bool lacks_descriptors = false;  ///< this process, or the system, cannot open another socket
    std::string why;
};

/// A connection that is being made: looks the name up, keeps the addresses that may be connected to, and tries them in
/// order (RFC 8305). The next one is started when the one before has failed, or after 250 ms beside it; the first that
/// accepts is used. So a name with a dead address costs 250 ms and not the whole time limit. Look-ups do not wait for
/// one another (name_lookups).
class dial {
public:
    /// Called once, from the context and never from within the constructor, unless the dial was destroyed before.
    using handler = std::function<void(std::expected<boost::asio::ip::tcp::socket, dial_failure>)>;

    dial() = default;
    dial(boost::asio::io_context& context, dial_target target, handler done);
    /// Tries these addresses without a look-up.
    dial(boost::asio::io_context& context, const std::vector<boost::asio::ip::tcp::endpoint>& addresses,
         std::chrono::milliseconds time_limit, handler done);
    /// Gives up. The handler may do this, too.
    ~dial();
    dial(dial&& other) noexcept = default;
    dial& operator=(dial&& other) noexcept;

private:
    class attempt;

    std::shared_ptr<attempt> attempt_;  ///< kept alive by its pending handlers
};

}  // namespace connector
