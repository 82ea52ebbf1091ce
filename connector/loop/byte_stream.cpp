#include "connector/loop/byte_stream.hpp"

#include <unistd.h>

#include <utility>

namespace connector {

byte_stream::byte_stream(byte_stream&& other) noexcept
    : socket_{std::exchange(other.socket_, -1)}, filter_{std::move(other.filter_)} {}

byte_stream& byte_stream::operator=(byte_stream&& other) noexcept {
    std::swap(socket_, other.socket_);
    std::swap(filter_, other.filter_);
    return *this;
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
