#pragma once

#include "connector/loop/buffer_memory.hpp"
#include "connector/loop/byte_stream.hpp"
#include "connector/loop/event_loop.hpp"
#include "connector/loop/receive_buffer.hpp"
#include "connector/loop/socket_set.hpp"
#include "connector/loop/unsent_bytes.hpp"
#include "ilp/bytes.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace connector {

/// Tells the caller of send() whether it may send the same bytes again on another connection.
enum class send_outcome : std::uint8_t {
    accepted,            ///< they are sent, or kept until the socket accepts them
    nothing_has_left,    ///< the connection is broken, and none of them was sent
    part_may_have_left,  ///< the connection is broken, and the other side may have got some or all of them
};

/// A byte stream over a TCP socket of one loop, read when it is ready. Sends are direct and non-blocking; the rest of a
/// short send is kept until the stream accepts it. The object must live until released() is called: by then it is
/// closed and no handler refers to it any more.
///
/// When the loop's buffers exceed their bound, the connection may be closed because its own buffers are large. The
/// owner sees this as a broken connection.
class tcp_connection : public disposable, protected buffer_memory::user, private socket_set::member {
public:
    explicit tcp_connection(event_loop& loop) : user{loop.memory()}, loop_{loop} {}

    tcp_connection(const tcp_connection&) = delete;
    tcp_connection& operator=(const tcp_connection&) = delete;

protected:
    /// The end of what the other side sends.
    enum class end_of_stream : std::uint8_t {
        orderly,  ///< it may still read
        broken,   ///< by an error
    };

    virtual void established() = 0;                    ///< the stream is ready: bytes can be sent and received
    virtual void received() = 0;                       ///< in_ holds new bytes
    virtual void disconnected(end_of_stream how) = 0;  ///< no more bytes will arrive; may come before established()
    virtual bool may_read() { return true; }           ///< asked before each read; if not, go_on_reading() must follow
    /// Asked before each step of a handshake; if not, go_on_shaking_hands() must follow.
    virtual bool may_shake_hands() { return true; }
    virtual void sent_all() {}    ///< the rest of a short send has been sent
    virtual void released() = 0;  ///< may pass itself to event_loop::dispose()

    /// Takes over a connected socket from Asio, and what is between its bytes and those of the connection, if anything
    /// is. Call it once, before anything else. established() follows, from within this call if there is no handshake.
    /// Returns false if the system cannot watch another socket; the connection is then of no use and must be closed.
    bool adopt(boost::asio::ip::tcp::socket socket, std::unique_ptr<stream_filter> filter = {});

    /// Takes over the stream of a connection that is established and has neither received nor sent anything above its
    /// filter; that one is closed then. Call it instead of adopt(). established() follows from within this call.
    /// Returns false, and changes neither, if the system cannot watch the socket any more.
    bool take_over(tcp_connection& from);

    /// Starts a read; `wanted` is the number of further bytes needed to make progress with those in the buffer. It does
    /// nothing while a read is in progress or after close().
    void receive(std::size_t wanted = 1);

    /// Does the read that may_read() has put off.
    void go_on_reading();

    /// Does the step of the handshake that may_shake_hands() has put off.
    void go_on_shaking_hands();

    /// Precondition: established.
    send_outcome send(ilp::bytes_view octets);

    bool is_established() const noexcept { return stage_ == stage::established; }
    bool is_send_blocked() const noexcept { return !unsent_.empty(); }
    bool is_closed() const noexcept { return stage_ == stage::closed; }
    bool is_receiving() const noexcept { return wanted_ != 0; }
    /// The other side has closed or reset the connection, even if bytes or that end are still to be read.
    bool has_ended() const noexcept { return ended_; }
    /// See byte_stream.
    bool has_unconfirmed() const noexcept { return stream_.has_unconfirmed(); }
    /// What is between the bytes of the socket and those of the connection; null if nothing is.
    const stream_filter* filter() const noexcept { return stream_.filter(); }
    int descriptor() const noexcept { return stream_.socket(); }  ///< -1 before adopt() and after close()

    /// Ends the sending direction: the other side sees the end of the stream behind what has been sent.
    void end_sending();

    /// Closes the connection; idempotent. released() follows in this turn or a later one, or from within this call.
    void close();

    event_loop& loop_;
    receive_buffer in_{this};

    /// True once this node has ended the connection because it was short of memory; the reason for the operator.
    bool was_shed() const noexcept { return was_shed_; }
    static constexpr const char* shed_text = "this node ended the connection: connector.max_buffer_memory was exceeded";

    /// Registers an asynchronous operation of a derived class; the first statement of its handler must be
    /// operation_ended().
    void operation_begins() noexcept { ++operations_; }
    /// Returns false if the connection was closed in the meantime; the handler must then return at once.
    bool operation_ended();

private:
    enum class stage : std::uint8_t { unconnected, shaking_hands, established, closed };

    void ready(bool readable, bool writable, bool ended) override;
    void shed() override;
    void shake_hands();
    void shake_hands_now();
    void go_on(bool readable, bool writable);
    bool can_read() const noexcept { return is_receiving() && readable_ && stage_ == stage::established; }
    void read();
    void read_now();
    void count_filter() noexcept;
    send_outcome send_further(ilp::bytes_view octets, stream_result result);
    stream_result write_on(ilp::bytes_view octets, stream_result first);
    void send_rest();

    byte_stream stream_;
    int operations_ = 0;
    std::size_t wanted_ = 0;         ///< 0 if no read was requested
    std::size_t filter_memory_ = 0;  ///< what of the filter's memory is counted
    unsent_bytes unsent_{*this};
    stage stage_ = stage::unconnected;
    bool readable_ = false;             ///< a read may make progress
    bool ended_ = false;                ///< the other side has closed or reset it: an end of stream is to be read
    bool read_wants_writing_ = false;   ///< a read makes progress only when the socket is writable
    bool write_wants_reading_ = false;  ///< the rest of a send makes progress only when the socket is readable
    bool ending_ = false;               ///< end_sending() is to be repeated
    bool was_shed_ = false;
};

}  // namespace connector
