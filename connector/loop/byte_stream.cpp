#include "connector/loop/byte_stream.hpp"

#include <unistd.h>

#include <linux/sockios.h>
#include <sys/ioctl.h>

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

bool byte_stream::has_unconfirmed() const noexcept {
    int unconfirmed = 0;
    return ::ioctl(socket_, SIOCOUTQ, &unconfirmed) == 0 && unconfirmed > 0;
}

void byte_stream::close() noexcept {
    if (socket_ < 0) return;
    // Without it, the other side of a filter could not tell this end from one that somebody on the way has made.
    if (filter_) filter_->end_sending(socket_);
    ::close(std::exchange(socket_, -1));
}

}  // namespace connector
