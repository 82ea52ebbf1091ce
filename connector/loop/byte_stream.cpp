#include "connector/loop/byte_stream.hpp"

#include <unistd.h>

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace connector {

byte_stream::byte_stream(byte_stream&& other) noexcept
    : socket_{std::exchange(other.socket_, -1)}, filter_{std::move(other.filter_)} {}

byte_stream& byte_stream::operator=(byte_stream&& other) noexcept {
    std::swap(socket_, other.socket_);
    std::swap(filter_, other.filter_);
    return *this;
}

stream_result byte_stream::read_socket(std::span<char> into) const noexcept {
    const ssize_t count = ::recv(socket_, into.data(), into.size(), MSG_DONTWAIT);
    if (count > 0) {
        const auto size = static_cast<std::size_t>(count);
        return {.drained = size < into.size(), .count = size};
    }
    if (count == 0) return {.state = stream_state::ended, .drained = true};
    return {.state = errno == EAGAIN ? stream_state::wants_reading : stream_state::broken, .drained = true};
}

stream_result byte_stream::write_socket(ilp::bytes_view octets) const noexcept {
    const ssize_t count = ::send(socket_, octets.data(), octets.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count == static_cast<ssize_t>(octets.size())) return {.count = octets.size()};
    if (count >= 0) return {.state = stream_state::wants_writing, .count = static_cast<std::size_t>(count)};
    return {.state = errno == EAGAIN ? stream_state::wants_writing : stream_state::broken};
}

stream_result byte_stream::end_sending() {
    if (filter_) return filter_->end_sending(socket_);
    ::shutdown(socket_, SHUT_WR);
    return {};
}

void byte_stream::close() noexcept {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

}  // namespace connector
