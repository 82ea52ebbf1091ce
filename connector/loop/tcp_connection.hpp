#pragma once

#include "connector/loop/event_loop.hpp"
#include "connector/loop/receive_buffer.hpp"
#include "connector/loop/socket_set.hpp"
#include "ilp/bytes.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cstddef>

namespace connector {

/// A TCP socket of one loop, read when it is ready. Sends are direct and non-blocking; the rest of a short send is kept
/// until the socket accepts it. The object must live until released() is called: by then it is closed and no handler
/// refers to it any more.
class tcp_connection : public disposable, private socket_set::member {
public:
    explicit tcp_connection(event_loop& loop) : loop_{loop} {}
    ~tcp_connection() override;

    tcp_connection(const tcp_connection&) = delete;
    tcp_connection& operator=(const tcp_connection&) = delete;

protected:
    virtual void received() = 0;      ///< in_ holds new bytes
    virtual void disconnected() = 0;  ///< closed by the other side or by an error: no more bytes will arrive
    virtual void sent_all() {}        ///< the rest of a short send has been sent
    virtual void released() = 0;      ///< may pass itself to event_loop::dispose()

    /// Takes over a connected socket from Asio. Call it once, before anything else. Returns false if the system cannot
    /// watch another socket; the connection is then of no use and must be closed.
    bool adopt(boost::asio::ip::tcp::socket socket);

    /// Starts a read; `wanted` is the number of further bytes needed to make progress with those in the buffer. It does
    /// nothing while a read is in progress or after close().
    void receive(std::size_t wanted = 1);

    /// Returns false if the connection is broken; none of `octets` was sent then.
    bool send(ilp::bytes_view octets);

    bool is_send_blocked() const noexcept { return !unsent_.empty(); }
    bool is_closed() const noexcept { return closed_; }
    bool is_receiving() const noexcept { return wanted_ != 0; }
    int descriptor() const noexcept { return socket_; }  ///< -1 before adopt() and after close()

    /// Shuts down the sending direction: the other side sees the end of the stream.
    void end_sending() noexcept;

    /// Closes the connection; idempotent. released() follows in this turn or a later one, or from within this call.
    void close();

    event_loop& loop_;
    receive_buffer in_;

    /// Registers an asynchronous operation of a derived class; the first statement of its handler must be
    /// operation_ended().
    void operation_begins() noexcept { ++operations_; }
    /// Returns false if the connection was closed in the meantime; the handler must then return at once.
    bool operation_ended();

private:
    void ready(bool readable, bool writable, bool ended) override;
    void read();
    void send_rest();

    int socket_ = -1;
    int operations_ = 0;
    std::size_t wanted_ = 0;  ///< 0 if no read was requested
    ilp::bytes unsent_;
    bool readable_ = false;  ///< there may be bytes to read
    bool ended_ = false;     ///< the other side has closed or reset it: an end of stream is to be read
    bool closed_ = false;
};

}  // namespace connector
