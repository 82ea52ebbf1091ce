#include "connector/loop/socket_set.hpp"

#include <cerrno>
#include <cstddef>
#include <system_error>
#include <utility>

namespace connector {
namespace {

int make_epoll() {
    const int descriptor = ::epoll_create1(EPOLL_CLOEXEC);
    if (descriptor < 0) throw std::system_error{errno, std::generic_category(), "epoll_create1"};
    return descriptor;
}

}  // namespace

socket_set::socket_set(boost::asio::io_context& context, std::function<void()> before_events)
    : epoll_{context, make_epoll()}, before_events_{std::move(before_events)} {
    wait();
}

bool socket_set::add(int socket, member& member) {
    return control(EPOLL_CTL_ADD, socket, member);
}

bool socket_set::hand_over(int socket, member& member) {
    return control(EPOLL_CTL_MOD, socket, member);
}

bool socket_set::control(int operation, int socket, member& member) {
    epoll_event wanted{};
    wanted.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    wanted.data.ptr = &member;
    return ::epoll_ctl(epoll_.native_handle(), operation, socket, &wanted) == 0;
}

void socket_set::wait() {
    epoll_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
        if (error) return;
        before_events_();
        dispatch();
        wait();
    });
}

void socket_set::dispatch() {
    const int count = ::epoll_wait(epoll_.native_handle(), events_.data(), events_max, 0);
    for (int i = 0; i < count; ++i) {
        const auto& [events, data] = events_[static_cast<std::size_t>(i)];
        const bool ended = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
        static_cast<member*>(data.ptr)->ready((events & EPOLLIN) != 0, (events & EPOLLOUT) != 0, ended);
    }
}

}  // namespace connector
