#include "connector/base/listening_point.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <sys/socket.h>

#include <cerrno>

namespace connector {

using boost::asio::ip::tcp;
using boost::system::error_code;

error_code open_acceptor(tcp::acceptor& acceptor, const listening_point& at, port_use use) {
    using reuse_port = boost::asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
    error_code error;
    if (at.is_passed()) {
        const int own = ::fcntl(at.passed, F_DUPFD_CLOEXEC, 0);
        if (own < 0) return {errno, boost::system::system_category()};
        acceptor.assign(at.endpoint.protocol(), own, error);
        if (error) ::close(own);
        return error;
    }
    acceptor.open(at.endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address{true}, error);
    if (!error && use == port_use::shared) acceptor.set_option(reuse_port{true}, error);
    if (!error) acceptor.bind(at.endpoint, error);
    if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
    return error;
}

}  // namespace connector
