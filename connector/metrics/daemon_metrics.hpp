#pragma once

#include "connector/metrics/families.hpp"
#include "connector/metrics/metrics.hpp"

namespace connector::metrics {

/// The series that belong to no single peer or asset.
void add_daemon(families& out, const daemon_figures& daemon);

}  // namespace connector::metrics
