#pragma once

#include "connector/metrics/families.hpp"
#include "connector/metrics/metrics.hpp"

namespace connector::metrics {

/// The series that belong to no single peer or asset.
void add_daemon(families& out, const daemon_figures& daemon);

/// Those of them that a daemon has before it has its store.
void add_start(families& out, const start_figures& start);

}  // namespace connector::metrics
