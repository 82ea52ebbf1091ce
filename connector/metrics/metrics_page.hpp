#pragma once

#include <string>

namespace connector {

/// The list of metrics in Markdown, byte for byte the contents of docs/operating/metrics.md.
std::string metrics_markdown();

}  // namespace connector
