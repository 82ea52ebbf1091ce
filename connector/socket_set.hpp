#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <sys/epoll.h>

#include <array>
#include <functional>

namespace connector {

/// The sockets that packets go through, in an epoll set of their own, which Asio waits for as for one descriptor.
///
/// An Asio read is an operation of its own each time: it first tries to read, finds nothing, waits, and reads again.
/// Here a socket is registered once, edge-triggered, and read when there is something: one system call less per
/// message, two of six per packet, and no operation to allocate, lock and queue.
class socket_set {
public:
    class member {
    public:
        /// What epoll says. It is said once: read until less came than there was room for, before it is said again.
        virtual void ready(bool readable, bool writable, bool ended) = 0;

    protected:
        ~member() = default;
    };

    /// `before_events` is called when some are ready, before the first is told.
    socket_set(boost::asio::io_context& context, std::function<void()> before_events);

    /// Until the socket is closed. The member must live on for as long as the events last that the loop is telling now.
    /// False: the system has no room for it.
    bool add(int socket, member& member);

private:
    void wait();
    void tell();

    static constexpr int events_max = 256;  // at a time

    boost::asio::posix::stream_descriptor epoll_;
    std::function<void()> before_events_;
    std::array<epoll_event, events_max> events_;
};

}  // namespace connector
