#include "connector/loop/descriptors.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/error.hpp>

#include <cerrno>
#include <string_view>

namespace connector {
namespace {

using boost::system::error_code;

std::string_view advice_on(const error_code& error) {
    switch (error.value()) {
        case EMFILE:
            return ": raise the limit of open files (LimitNOFILE=, ulimit -n), or lower connector.max_connections";
        case ENFILE:
            return ": the system has no file descriptors left, raise fs.file-max";
        case ENOSPC:
            return ": no more sockets can be watched, so raise fs.epoll.max_user_watches";
        default:
            return {};
    }
}

}  // namespace

bool is_lack_of_descriptors(const error_code& error) noexcept {
    return error == error_code{EMFILE, boost::system::system_category()} ||
           error == error_code{ENFILE, boost::system::system_category()};
}

error_code true_connect_error(const error_code& error) noexcept {
    const bool suspicious = error == boost::asio::error::operation_aborted ||
                            error.category() == boost::asio::error::get_netdb_category() ||
                            error.category() == boost::asio::error::get_addrinfo_category();
    if (!suspicious) return error;
    const int probe = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int reason = errno;
    if (probe >= 0) {
        ::close(probe);
        // There is a descriptor again, but there was none when the socket was to be opened.
        return error == boost::asio::error::operation_aborted ? error_code{EMFILE, boost::system::system_category()}
                                                              : error;
    }
    return {reason, boost::system::system_category()};
}

std::string with_advice(const error_code& error) {
    std::string text = error.message();
    if (error.category() == boost::system::system_category()) text += advice_on(error);
    return text;
}

}  // namespace connector
