#pragma once

#include "config/settings.hpp"
#include "connector/exit_status.hpp"

#include <string>

namespace connector {

/// Starts the daemon with these settings and runs it until SIGTERM or SIGINT; then drains, commits and stops. SIGHUP
/// reloads the file. The calling thread becomes the control loop.
exit_status run(const std::string& file, config::settings settings);

}  // namespace connector
