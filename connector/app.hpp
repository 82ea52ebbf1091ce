#pragma once

#include "config/settings.hpp"

#include <string>

namespace connector {

/// Exit statuses of ilpd, documented in docs/operating/running.md.
enum class exit_status : int { clean_stop = 0, failure = 1, configuration_error = 2 };

/// Starts the daemon with these settings and runs it until SIGTERM or SIGINT; then drains, commits and stops. SIGQUIT,
/// or a further SIGTERM or SIGINT after more than a second, stops it without waiting for packets in flight. SIGHUP
/// reloads the file. The signals must be held (hold_signals()); they are handled once the daemon is ready. The calling
/// thread becomes the control loop.
exit_status run(const std::string& file, config::settings settings);

}  // namespace connector
