#pragma once

#include "config/settings.hpp"

#include <string>
#include <vector>

namespace connector {

/// Warnings about what others can see: files with secrets or balances that other users of the machine can read,
/// listeners whose secrets pass through the network as they are, and a daemon with more rights than it needs. Each
/// names what to do.
std::vector<std::string> exposures(const std::string& config_file, const config::settings& settings);

}  // namespace connector
