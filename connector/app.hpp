#pragma once

#include "config/settings.hpp"

#include <string>

namespace connector {

/// Exit statuses of ilpd, as docs/operating/running.md lists them.
enum class exit_status : int { clean_stop = 0, failure = 1, configuration_error = 2 };

/// Starts the daemon with these settings, runs until SIGTERM or SIGINT, drains, commits and stops. SIGHUP reads the
/// file again. The caller's thread becomes the control loop.
exit_status run(const std::string& file, config::settings settings);

}  // namespace connector
