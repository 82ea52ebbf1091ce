#pragma once

namespace connector {

/// Exit statuses of ilpd, documented in docs/operating/running.md.
enum class exit_status : int { clean_stop = 0, failure = 1, configuration_error = 2 };

}  // namespace connector
