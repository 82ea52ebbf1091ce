#pragma once

#include "ilp/bytes.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace connector {

enum class stream_state : std::uint8_t {
    done,           ///< it has made progress
    wants_reading,  ///< repeat the call when the socket is readable
    wants_writing,  ///< repeat the call when the socket is writable
    ended,          ///< the other side has ended its direction in an orderly way
    broken,         ///< no further call makes sense
};

/// The result of one call of a byte_stream.
struct stream_result {
    stream_state state = stream_state::done;
    bool drained = false;  ///< read: the socket has no more bytes for now, and an event announces the next ones
    bool part_may_have_left = false;  ///< a broken write: the other side may have got some of these bytes nevertheless
    std::size_t count = 0;            ///< bytes that were read, or bytes that were taken from those to be written
};

/// A protocol between the bytes of a connection and those of its socket, such as TLS. Each call may both read from and
/// write to the socket, which never blocks.
class stream_filter {
public:
    virtual ~stream_filter() = default;

    /// Repeated until it is `done`; nothing else is called before.
    virtual stream_result handshake(int socket) = 0;

    /// `done` means that at least one byte was read. `drained` may be set only if the filter keeps no bytes of the
    /// socket that it has not decoded.
    virtual stream_result read(int socket, std::span<char> into) = 0;

    /// `done` means that some bytes were taken, perhaps not all. A caller that has to wait repeats the call with
    /// the same bytes, perhaps at another place and with more behind them.
    virtual stream_result write(int socket, ilp::bytes_view octets) = 0;

    /// Tells the other side that no more bytes follow.
    virtual stream_result end_sending(int socket) = 0;

    // What the handshake has found. The views are valid as long as the filter.

    /// The protocol that both sides agreed on for the bytes above the filter (ALPN), such as `h2`; empty if none.
    virtual std::string_view protocol() const noexcept { return {}; }
    /// SHA-256 of the public key that the other side has proved to have, as 64 hexadecimal digits; empty if none.
    virtual std::string_view peer_key() const noexcept { return {}; }
    /// A sentence for the operator about why a call has returned `broken`; empty if there is nothing to say.
    virtual std::string_view failure() const noexcept { return {}; }
    /// True if a call has returned `broken` because the other side has said why it ends the connection. That may come
    /// after the handshake: in TLS 1.3 a server looks at a client's certificate when the client has nothing left to do.
    virtual bool was_refused() const noexcept { return false; }

    /// Bytes of memory that the connection has for the filter now, beyond what each connection with one has.
    virtual std::size_t memory() const noexcept { return 0; }
};

/// The bytes of a connection, as the code above sees them, and the socket that carries them. Without a filter, which is
/// the usual form, they are those of the socket, and no call is virtual.
class byte_stream {
public:
    byte_stream() = default;
    /// Owns the socket.
    explicit byte_stream(int socket, std::unique_ptr<stream_filter> filter = {}) noexcept
        : socket_{socket}, filter_{std::move(filter)} {}
    ~byte_stream() { close(); }
    byte_stream(byte_stream&& other) noexcept;
    byte_stream& operator=(byte_stream&& other) noexcept;

    bool is_open() const noexcept { return socket_ >= 0; }
    int socket() const noexcept { return socket_; }
    bool needs_handshake() const noexcept { return filter_ != nullptr; }
    /// Null if there is none.
    const stream_filter* filter() const noexcept { return filter_.get(); }

    // See stream_filter.
    stream_result handshake() { return filter_ ? filter_->handshake(socket_) : stream_result{}; }
    stream_result read(std::span<char> into) { return filter_ ? filter_->read(socket_, into) : read_socket(into); }
    stream_result write(ilp::bytes_view octets) {
        return filter_ ? filter_->write(socket_, octets) : write_socket(octets);
    }
    stream_result end_sending();

    /// True if the other side's system has not confirmed everything that was written, as far as is known: a system
    /// call.
    bool has_unconfirmed() const noexcept;

    /// Ends the sending direction in an orderly way, if that is possible at once, and closes the socket. Idempotent.
    void close() noexcept;

private:
    // Every packet takes these; as calls they would cost more than the rest of this class.
    [[gnu::always_inline]] stream_result read_socket(std::span<char> into) const noexcept;
    [[gnu::always_inline]] stream_result write_socket(ilp::bytes_view octets) const noexcept;

    int socket_ = -1;
    std::unique_ptr<stream_filter> filter_;
};

inline stream_result byte_stream::read_socket(std::span<char> into) const noexcept {
    const ssize_t count = ::recv(socket_, into.data(), into.size(), MSG_DONTWAIT);
    if (count > 0) [[likely]] {
        const auto size = static_cast<std::size_t>(count);
        return {.drained = size < into.size(), .count = size};
    }
    if (count == 0) return {.state = stream_state::ended, .drained = true};
    return {.state = errno == EAGAIN ? stream_state::wants_reading : stream_state::broken, .drained = true};
}

inline stream_result byte_stream::write_socket(ilp::bytes_view octets) const noexcept {
    const ssize_t count = ::send(socket_, octets.data(), octets.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count == static_cast<ssize_t>(octets.size())) [[likely]]
        return {.count = octets.size()};
    if (count >= 0) return {.state = stream_state::wants_writing, .count = static_cast<std::size_t>(count)};
    return {.state = errno == EAGAIN ? stream_state::wants_writing : stream_state::broken};
}

}  // namespace connector
