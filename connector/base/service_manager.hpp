#pragma once

#include "config/load.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace connector {

/// The service manager that has started the daemon, if it wants to be told how the daemon is doing (sd_notify(3)).
/// Otherwise the functions do nothing. For one thread. A message that it does not take in 100 ms is dropped.
class service_manager {
public:
    /// From NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
    explicit service_manager(const config::environment& variables);
    ~service_manager();
    service_manager(const service_manager&) = delete;
    service_manager& operator=(const service_manager&) = delete;

    bool is_there() const noexcept { return socket_ >= 0; }

    /// Returns how often at least it wants to hear alive(). It is empty if nobody watches.
    std::optional<std::chrono::microseconds> watchdog_time() const noexcept { return watchdog_time_; }

    /// At the end of the start and of each reload. `status` is one line for people.
    void ready(std::string_view status) const;
    void reloading() const;
    /// From here on it does not wait for alive().
    void stopping() const;
    void status(std::string_view text) const;
    void alive() const;

private:
    void send(const std::string& message) const;

    int socket_ = -1;
    std::optional<std::chrono::microseconds> watchdog_time_;
};

}  // namespace connector
