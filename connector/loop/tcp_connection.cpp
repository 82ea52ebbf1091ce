#include "connector/loop/tcp_connection.hpp"

#include "ilp/invariant.hpp"

#include <netinet/tcp.h>

#include <utility>

namespace connector {
namespace {

/// Bytes that the system keeps because the other side has no room for them. Without a bound it would take up to 4 MB
/// for each connection whose other side does not read, from memory that all connections of the machine share; what it
/// does not take stays in buffers of ours, which buffer_memory counts. Bytes that are on their way do not count here,
/// so that a long way does not make a connection slower.
using unsent_in_system = boost::asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;
constexpr int unsent_in_system_max = 128 * 1024;

}  // namespace

bool tcp_connection::adopt(boost::asio::ip::tcp::socket socket, std::unique_ptr<stream_filter> filter) {
    ilp::require(stage_ == stage::unconnected, "a connection takes one socket");
    boost::system::error_code ignored;
    socket.set_option(boost::asio::ip::tcp::no_delay{true}, ignored);
    socket.set_option(unsent_in_system{unsent_in_system_max}, ignored);
    stream_ = byte_stream{socket.release(ignored), std::move(filter)};
    stage_ = stage::shaking_hands;
    if (!loop_.sockets().add(stream_.socket(), *this)) return false;
    shake_hands();
    return true;
}

bool tcp_connection::take_over(tcp_connection& from) {
    ilp::require(stage_ == stage::unconnected && from.stage_ == stage::established, "a stream has one connection");
    if (!loop_.sockets().hand_over(from.stream_.socket(), *this)) return false;
    std::swap(stream_, from.stream_);
    stage_ = stage::established;
    readable_ = from.readable_;
    ended_ = from.ended_;
    from.close();
    established();
    return true;
}

void tcp_connection::shake_hands() {
    if (!stream_.needs_handshake() || may_shake_hands()) shake_hands_now();
}

void tcp_connection::go_on_shaking_hands() {
    if (stage_ == stage::shaking_hands) shake_hands_now();
}

/// Counts the memory of the filter among the buffers of the connection. Called after each use of the filter.
void tcp_connection::count_filter() noexcept {
    if (!stream_.needs_handshake()) return;
    const std::size_t now = stream_.filter()->memory();
    if (now == filter_memory_) return;
    gave_back(filter_memory_);
    took(now);
    filter_memory_ = now;
}

void tcp_connection::shake_hands_now() {
    const stream_state state = stream_.handshake().state;
    count_filter();
    switch (state) {
        case stream_state::done:
            stage_ = stage::established;
            // The filter may have taken the first bytes from the socket already, and then no event announces them.
            readable_ = readable_ || stream_.needs_handshake();
            return established();
        case stream_state::wants_reading:
        case stream_state::wants_writing:
            return;  // repeated at every event
        case stream_state::ended:
        case stream_state::broken:
            return disconnected(end_of_stream::broken);
    }
}

bool tcp_connection::operation_ended() {
    loop_.enter();
    --operations_;
    if (!is_closed()) return true;
    if (operations_ == 0) released();
    return false;
}

void tcp_connection::receive(std::size_t wanted) {
    if (is_receiving() || is_closed()) return;
    wanted_ = wanted;
    if (!readable_) return;  // ready() will read
    // More bytes may be available than the last read returned. They are read in a turn of their own, so that one sender
    // does not hold up the others.
    operation_begins();
    loop_.post([this] {
        if (operation_ended()) read();
    });
}

void tcp_connection::ready(bool readable, bool writable, bool ended) {
    if (is_closed()) return;
    readable_ = readable_ || readable || ended || (writable && read_wants_writing_);
    ended_ = ended_ || ended;
    if (stage_ != stage::established || is_send_blocked() || ending_) [[unlikely]]
        go_on(readable || ended, writable);
    read();
}

/// Continues what waits for the socket, except reading.
void tcp_connection::go_on(bool readable, bool writable) {
    if (stage_ == stage::shaking_hands) return shake_hands();
    if (!is_send_blocked()) return end_sending();
    if (write_wants_reading_ ? readable : writable) send_rest();
}

void tcp_connection::read() {
    if (can_read() && may_read()) read_now();
}

void tcp_connection::go_on_reading() {
    if (can_read()) read_now();
}

void tcp_connection::read_now() {
    const stream_result result = stream_.read(in_.space(wanted_));
    count_filter();
    if (result.state == stream_state::wants_reading || result.state == stream_state::wants_writing) {
        readable_ = false;
        read_wants_writing_ = result.state == stream_state::wants_writing;
    } else {
        wanted_ = 0;
        // When the socket is drained, epoll reports new bytes again; but it reports the end of the stream only once.
        readable_ = ended_ || !result.drained;
        if (result.state != stream_state::done) {
            return disconnected(result.state == stream_state::ended ? end_of_stream::orderly : end_of_stream::broken);
        }
        in_.commit(result.count);
        received();
    }
    // The stream may just have read what the rest of a send was waiting for, and then no event announces it.
    if (write_wants_reading_) [[unlikely]]
        send_rest();
}

send_outcome tcp_connection::send(ilp::bytes_view octets) {
    if (stage_ != stage::established) return send_outcome::nothing_has_left;
    if (is_send_blocked()) {
        unsent_.append(octets);
        return send_outcome::accepted;
    }
    const stream_result result = stream_.write(octets);
    count_filter();
    if (result.count == octets.size()) [[likely]]
        return send_outcome::accepted;
    return send_further(octets, result);
}

/// `first` is the result of the first write, which has not taken all bytes.
send_outcome tcp_connection::send_further(ilp::bytes_view octets, stream_result first) {
    const stream_result result = write_on(octets, first);
    count_filter();
    if (result.state != stream_state::broken) {
        if (result.count != octets.size()) unsent_.append(octets.subspan(result.count));
        return send_outcome::accepted;
    }
    const bool any_taken = result.count != 0 || result.part_may_have_left;
    return any_taken ? send_outcome::part_may_have_left : send_outcome::nothing_has_left;
}

/// Goes on after a first write of `octets`, until all are taken or the stream has to wait for the socket. Returns the
/// state, which is `done` or `broken` or what it waits for, and the number of bytes that all writes have taken.
stream_result tcp_connection::write_on(ilp::bytes_view octets, stream_result first) {
    stream_result all = first;
    while (all.count != octets.size()) {
        switch (all.state) {
            case stream_state::done: {
                const stream_result next = stream_.write(octets.subspan(all.count));
                all = {.state = next.state,
                       .part_may_have_left = all.part_may_have_left || next.part_may_have_left,
                       .count = all.count + next.count};
                break;
            }
            case stream_state::wants_reading:
            case stream_state::wants_writing:
                write_wants_reading_ = all.state == stream_state::wants_reading;
                return all;
            case stream_state::ended:
            case stream_state::broken:
                all.state = stream_state::broken;
                return all;
        }
    }
    all.state = stream_state::done;
    return all;
}

void tcp_connection::send_rest() {
    write_wants_reading_ = false;
    const ilp::bytes_view rest = unsent_.octets();
    const stream_result result = write_on(rest, stream_.write(rest));
    count_filter();
    if (result.state == stream_state::broken) return disconnected(end_of_stream::broken);
    unsent_.consume(result.count);
    if (!is_send_blocked()) sent_all();
}

void tcp_connection::end_sending() {
    const stream_state state = stream_.end_sending().state;
    ending_ = state == stream_state::wants_reading || state == stream_state::wants_writing;
}

void tcp_connection::shed() {
    if (is_closed()) return;
    was_shed_ = true;
    disconnected(end_of_stream::broken);
}

void tcp_connection::close() {
    if (is_closed()) return;
    stage_ = stage::closed;
    write_wants_reading_ = false;
    stream_.close();
    if (operations_ == 0) released();
}

}  // namespace connector
