#pragma once

#include "config/settings.hpp"
#include "connector/daemon/exit_status.hpp"

#include <string>

namespace connector {

/// Starts the daemon with these settings and runs it until SIGTERM or SIGINT; then drains, commits and stops. SIGQUIT,
/// or a further SIGTERM or SIGINT after more than a second, stops it without waiting for packets in flight. SIGHUP
/// reloads the file. The signals must be held (hold_signals()); they are handled once the daemon is ready. The calling
/// thread becomes the control loop.
exit_status run(const std::string& file, config::settings settings);

}  // namespace connector
