#include "connector/tcp_connection.hpp"

#include <boost/asio/buffer.hpp>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace connector {

using boost::system::error_code;

tcp_connection::tcp_connection(event_loop& loop, boost::asio::ip::tcp::socket socket)
    : loop_{loop}, socket_{std::move(socket)} {}

bool tcp_connection::operation_ended() {
    loop_.enter();
    --operations_;
    if (!closed_) return true;
    if (operations_ == 0) released();
    return false;
}

void tcp_connection::receive(std::size_t wanted) {
    if (receiving_ || closed_) return;
    receiving_ = true;
    operation_begins();
    const auto space = in_.space(wanted);
    socket_.async_read_some(boost::asio::buffer(space.data(), space.size()),
                            [this](const error_code& error, std::size_t count) {
                                receiving_ = false;
                                if (!operation_ended()) return;
                                if (error) return disconnected();
                                in_.commit(count);
                                received();
                            });
}

bool tcp_connection::send(ilp::bytes_view octets) {
    if (closed_) return false;
    if (!unsent_.empty()) {
        unsent_.insert(unsent_.end(), octets.begin(), octets.end());
        return true;
    }
    const ssize_t sent = ::send(socket_.native_handle(), octets.data(), octets.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent == static_cast<ssize_t>(octets.size())) return true;
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
    unsent_.assign(octets.begin() + std::max<ssize_t>(sent, 0), octets.end());
    wait_until_writable();
    return true;
}

void tcp_connection::wait_until_writable() {
    operation_begins();
    socket_.async_wait(boost::asio::ip::tcp::socket::wait_write, [this](const error_code& error) {
        if (!operation_ended()) return;
        if (error) return disconnected();
        const ilp::bytes octets = std::exchange(unsent_, {});
        if (!send(octets)) return disconnected();
        if (unsent_.empty()) sent_all();
    });
}

void tcp_connection::close() {
    if (closed_) return;
    closed_ = true;
    error_code ignored;
    socket_.close(ignored);
    if (operations_ == 0) released();
}

}  // namespace connector
