#pragma once

#include "config/settings.hpp"

#include <string>
#include <vector>

namespace connector {

/// Warnings about this machine, not about the settings: files with secrets or balances that other users can read, and a
/// daemon with more rights than it needs. Each names what to do.
std::vector<std::string> exposures(const std::string& config_file, const config::settings& settings);

}  // namespace connector
