#pragma once

#include "connector/event_loop.hpp"
#include "connector/receive_buffer.hpp"
#include "connector/socket_set.hpp"
#include "ilp/bytes.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cstddef>

namespace connector {

/// A TCP socket of one loop: read when there is something, direct non-blocking sends, and the rest of a short send kept
/// until the socket takes it. It lives until released() is called: then it was closed, and no handler knows it any
/// more.
class tcp_connection : public disposable, private socket_set::member {
public:
    explicit tcp_connection(event_loop& loop) : loop_{loop} {}
    ~tcp_connection() override;

    tcp_connection(const tcp_connection&) = delete;
    tcp_connection& operator=(const tcp_connection&) = delete;

protected:
    virtual void received() = 0;      ///< in_ holds more than before
    virtual void disconnected() = 0;  ///< by the other side, or by an error: there will be no more octets
    virtual void sent_all() {}        ///< after a short send, the rest has left
    virtual void released() = 0;      ///< may hand itself to event_loop::dispose()

    /// Takes a connected socket away from Asio. Once, before anything else; false: it was closed, the system has no
    /// room.
    bool take(boost::asio::ip::tcp::socket socket);

    /// Reads on; `wanted` is how much more it takes to make sense of what is there. Nothing happens while a read is
    /// under way or after close().
    void receive(std::size_t wanted = 1);

    /// False: the connection is broken, and nothing of this was sent.
    bool send(ilp::bytes_view octets);

    bool is_send_blocked() const noexcept { return !unsent_.empty(); }
    bool is_closed() const noexcept { return closed_; }
    bool is_receiving() const noexcept { return wanted_ != 0; }

    /// Tells the other side that nothing more will be sent.
    void end_sending() noexcept;

    /// Idempotent. released() follows in this turn or a later one.
    void close();

    event_loop& loop_;
    receive_buffer in_;

    /// Counts a handler of a derived class that is under way; its first statement must be operation_ended().
    void operation_begins() noexcept { ++operations_; }
    /// False: the connection was closed meanwhile, do nothing more.
    bool operation_ended();

private:
    void ready(bool readable, bool writable, bool ended) override;
    void read();
    void send_rest();

    int socket_ = -1;
    int operations_ = 0;
    std::size_t wanted_ = 0;  ///< 0: nobody wants to read
    ilp::bytes unsent_;
    bool readable_ = false;  ///< as far as is known, there is something to read
    bool ended_ = false;     ///< the other side has ended or broken it: there is an end to read
    bool closed_ = false;
};

}  // namespace connector
