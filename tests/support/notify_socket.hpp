#pragma once

#include "tests/support/child_process.hpp"
#include "tests/support/socket.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace support {

/// What a service manager listens at for its services' messages (sd_notify(3)).
class notify_socket {
public:
    notify_socket() : path_{folder_.path() / "notify"}, socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)} {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
        if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error{"cannot bind " + path_};
        const timeval timeout{.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(patience).count(),
                              .tv_usec = 0};
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    }

    const std::string& path() const noexcept { return path_; }

    /// The next message. Throws if none comes for `patience`.
    std::string next() {
        char buffer[4096];
        const auto size = ::recv(socket_.get(), buffer, sizeof buffer, 0);
        if (size < 0) throw std::runtime_error{"no message to the service manager"};
        return {buffer, static_cast<std::size_t>(size)};
    }

    /// The next message that begins like this; those before it are dropped.
    std::string next(std::string_view start) {
        for (;;) {
            std::string message = next();
            if (message.starts_with(start)) return message;
        }
    }

private:
    temporary_directory folder_;
    std::string path_;
    descriptor socket_;
};

}  // namespace support
