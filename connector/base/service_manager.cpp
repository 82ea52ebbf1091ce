#include "connector/base/service_manager.hpp"

#include "connector/base/log.hpp"

#include <unistd.h>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>

namespace connector {
namespace {

std::optional<std::int64_t> positive_number_in(const config::environment& variables, std::string_view name) {
    const auto text = variables(name);
    std::int64_t number = 0;
    if (!text) return std::nullopt;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc{} || end != text->data() + text->size() || number <= 0) return std::nullopt;
    return number;
}

/// A datagram socket that is connected to this path, or to this name in the abstract namespace if it begins with @.
/// Negative if there is none.
int connect_to(const std::string& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (name.size() < 2 || (name[0] != '/' && name[0] != '@') || name.size() >= sizeof address.sun_path) return -1;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return -1;
    const timeval patience{.tv_sec = 0, .tv_usec = 100'000};
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    if (::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0 &&
        ::connect(socket, reinterpret_cast<const sockaddr*>(&address), size) == 0)
        return socket;
    ::close(socket);
    return -1;
}

/// One line, as the protocol needs it.
std::string status_line(std::string_view text) {
    return "STATUS=" + log::escape(text);
}

}  // namespace

service_manager::service_manager(const config::environment& variables) {
    const auto name = variables("NOTIFY_SOCKET");
    if (!name || name->empty()) return;
    socket_ = connect_to(*name);
    if (socket_ < 0) {
        log::write(log::level::warn,
                   "the service manager cannot be told about the daemon: NOTIFY_SOCKET cannot be used",
                   {{"socket", *name}});
        return;
    }
    const auto watched = positive_number_in(variables, "WATCHDOG_PID");
    if (watched && *watched != ::getpid()) return;
    if (const auto time = positive_number_in(variables, "WATCHDOG_USEC")) {
        watchdog_time_ = std::chrono::microseconds{*time};
    }
}

service_manager::~service_manager() {
    if (socket_ >= 0) ::close(socket_);
}

void service_manager::ready(std::string_view status) const {
    send("READY=1\n" + status_line(status));
}

void service_manager::reloading() const {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    constexpr std::int64_t per_second = 1'000'000;
    send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * per_second + now.tv_nsec / 1000));
}

void service_manager::stopping() const {
    // If systemd has sent SIGTERM and then reads a WATCHDOG=1, it arms the watchdog again, and STOPPING=1 changes
    // nothing any more. Without a time there is nothing to arm.
    send("STOPPING=1\nWATCHDOG_USEC=0\nSTATUS=finishing packets in flight");
}

void service_manager::status(std::string_view text) const {
    send(status_line(text));
}

void service_manager::alive() const {
    send("WATCHDOG=1");
}

void service_manager::send(const std::string& message) const {
    if (socket_ < 0) return;
    [[maybe_unused]] const auto sent = ::send(socket_, message.data(), message.size(), MSG_NOSIGNAL);
}

}  // namespace connector
