#include "connector/loop/tcp_connection.hpp"

#include "ilp/invariant.hpp"

#include <unistd.h>

#include <boost/asio/post.hpp>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace connector {

tcp_connection::~tcp_connection() {
    if (socket_ >= 0) ::close(socket_);
}

bool tcp_connection::adopt(boost::asio::ip::tcp::socket socket) {
    ilp::require(socket_ < 0, "a connection takes one socket");
    boost::system::error_code ignored;
    socket.set_option(boost::asio::ip::tcp::no_delay{true}, ignored);
    socket_ = socket.release(ignored);
    return loop_.sockets().add(socket_, *this);
}

bool tcp_connection::operation_ended() {
    loop_.enter();
    --operations_;
    if (!closed_) return true;
    if (operations_ == 0) released();
    return false;
}

void tcp_connection::receive(std::size_t wanted) {
    if (is_receiving() || closed_) return;
    wanted_ = wanted;
    if (!readable_) return;  // ready() will read
    // More bytes may be available than the last read returned. They are read in a turn of their own, so that one sender
    // does not hold up the others.
    operation_begins();
    boost::asio::post(loop_.context(), [this] {
        if (operation_ended()) read();
    });
}

void tcp_connection::ready(bool readable, bool writable, bool ended) {
    if (closed_) return;
    readable_ = readable_ || readable || ended;
    ended_ = ended_ || ended;
    if (writable && is_send_blocked()) send_rest();
    read();
}

void tcp_connection::read() {
    if (!is_receiving() || !readable_ || closed_) return;
    const auto space = in_.space(wanted_);
    const ssize_t count = ::recv(socket_, space.data(), space.size(), MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) {
        readable_ = false;
        return;
    }
    wanted_ = 0;
    // After a read that returned less than the buffer could take, epoll reports new bytes again; but it reports the end
    // of the stream only once.
    readable_ = ended_ || count == static_cast<ssize_t>(space.size());
    if (count <= 0) return disconnected();
    in_.commit(static_cast<std::size_t>(count));
    received();
}

bool tcp_connection::send(ilp::bytes_view octets) {
    if (closed_) return false;
    if (is_send_blocked()) {
        ilp::append(unsent_, octets);
        return true;
    }
    const ssize_t sent = ::send(socket_, octets.data(), octets.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent == static_cast<ssize_t>(octets.size())) return true;
    if (sent < 0 && errno != EAGAIN) return false;
    unsent_.assign(octets.begin() + std::max<ssize_t>(sent, 0), octets.end());
    return true;
}

void tcp_connection::send_rest() {
    const ilp::bytes octets = std::exchange(unsent_, {});
    if (!send(octets)) return disconnected();
    if (!is_send_blocked()) sent_all();
}

void tcp_connection::end_sending() noexcept {
    ::shutdown(socket_, SHUT_WR);
}

void tcp_connection::close() {
    if (closed_) return;
    closed_ = true;
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
    if (operations_ == 0) released();
}

}  // namespace connector
