#include "tests/support/socket.hpp"

#include <poll.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace support {
namespace {

[[noreturn]] void fail(const char* what) {
    throw std::system_error{errno, std::generic_category(), what};
}

descriptor make_socket() {
    descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (!socket.is_open()) fail("socket");
    return socket;
}

void set_option(const descriptor& socket, int level, int option) {
    const int on = 1;
    if (::setsockopt(socket.get(), level, option, &on, sizeof on) != 0) fail("setsockopt");
}

void bind_to(const descriptor& socket, std::uint16_t port) {
    const sockaddr_in address = loopback(port);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("bind");
}

/// True if `events` or an error occurred in time.
bool wait_for(const descriptor& socket, short events, milliseconds timeout) {
    pollfd entry{socket.get(), events, 0};
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now()).count();
        const int ready = ::poll(&entry, 1, static_cast<int>(std::clamp<milliseconds::rep>(left, 0, 3'600'000)));
        if (ready >= 0 || errno != EINTR) return ready > 0;
    }
}

}  // namespace

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

descriptor::~descriptor() {
    close();
}

void descriptor::close() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

descriptor listen_on(std::uint16_t port) {
    descriptor socket = make_socket();
    set_option(socket, SOL_SOCKET, SO_REUSEADDR);
    bind_to(socket, port);
    if (::listen(socket.get(), SOMAXCONN) != 0) fail("listen");
    return socket;
}

std::uint16_t local_port(const descriptor& socket) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) fail("getsockname");
    return ntohs(address.sin_port);
}

descriptor connect_to(std::uint16_t port) {
    descriptor socket = make_socket();
    set_option(socket, IPPROTO_TCP, TCP_NODELAY);
    const sockaddr_in address = loopback(port);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("connect");
    return socket;
}

bool send_all(const descriptor& socket, std::string_view octets) {
    while (!octets.empty()) {
        const ssize_t count = ::send(socket.get(), octets.data(), octets.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count > 0) {
            octets.remove_prefix(static_cast<std::size_t>(count));
        } else if (errno == EAGAIN) {
            if (!wait_for(socket, POLLOUT, patience)) return false;
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

read_result read_some(const descriptor& socket, std::string& to, milliseconds timeout) {
    std::array<char, 16384> buffer{};
    for (;;) {
        if (!wait_for(socket, POLLIN, timeout)) return read_result::timeout;
        const ssize_t count = ::recv(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (count > 0) {
            to.append(buffer.data(), static_cast<std::size_t>(count));
            return read_result::data;
        }
        if (count == 0 || (errno != EINTR && errno != EAGAIN)) return read_result::end;
    }
}

void reset(descriptor& socket) noexcept {
    const linger at_once{1, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    socket.close();
}

}  // namespace support
