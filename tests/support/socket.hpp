#pragma once

#include <netinet/in.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace support {

using std::chrono::milliseconds;

/// The longest wait of any test for one event. It is far more than any event takes, so only a fault reaches it.
inline constexpr milliseconds patience{60'000};

/// The address 127.0.0.1 with this port.
sockaddr_in loopback(std::uint16_t port);

/// Owns a file descriptor.
class descriptor {
public:
    descriptor() = default;
    explicit descriptor(int fd) noexcept : fd_{fd} {}
    descriptor(descriptor&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
    descriptor& operator=(descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~descriptor();

    int get() const noexcept { return fd_; }
    bool is_open() const noexcept { return fd_ >= 0; }
    void close() noexcept;

private:
    int fd_ = -1;
};

/// Listens on the loopback port `port`, or on one that the system chooses. Throws std::system_error.
descriptor listen_on(std::uint16_t port);
std::uint16_t local_port(const descriptor& socket);

/// Throws std::system_error if no socket is listening there.
descriptor connect_to(std::uint16_t port);

/// False if the other side is gone or does not read for `patience`.
bool send_all(const descriptor& socket, std::string_view octets);

enum class read_result : std::uint8_t { data, end, timeout };

/// Waits for bytes and appends those available. `end` is also the result of a reset.
read_result read_some(const descriptor& socket, std::string& to, milliseconds timeout);

/// Closes the connection with a reset instead of an orderly end.
void reset(descriptor& socket) noexcept;

}  // namespace support
