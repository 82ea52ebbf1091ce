#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <sys/epoll.h>

#include <array>
#include <functional>

namespace connector {

/// The sockets of the packet path, in an epoll set of their own that Asio watches as a single descriptor.
///
/// An Asio read is a separate operation each time: it first tries to read, finds nothing, waits, and reads again. Here
/// a socket is registered once, edge-triggered, and read only when it is ready. That saves one system call per message,
/// or two of six per packet, and there is no operation to allocate, lock and queue.
class socket_set {
public:
    class member {
    public:
        /// Called with the events from epoll. They are edge-triggered: keep reading until a read returns less than the
        /// buffer could take, or no further event may come.
        virtual void ready(bool readable, bool writable, bool ended) = 0;

    protected:
        ~member() = default;
    };

    /// `before_events` is called when some sockets are ready, before the first member is.
    socket_set(boost::asio::io_context& context, std::function<void()> before_events);

    /// Registers a socket until it is closed. The member must outlive the batch of events being dispatched when the
    /// socket is closed. Returns false if the system cannot watch another socket.
    bool add(int socket, member& member);

    /// Another member gets the events of a registered socket from now on, first of all whether it is ready now. Returns
    /// false if the system cannot do that.
    bool hand_over(int socket, member& member);

private:
    bool control(int operation, int socket, member& member);
    void wait();
    void dispatch();

    static constexpr int events_max = 256;  // per batch

    boost::asio::posix::stream_descriptor epoll_;
    std::function<void()> before_events_;
    std::array<epoll_event, events_max> events_;
};

}  // namespace connector
