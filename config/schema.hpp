#pragma once

#include "config/settings.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace config {

template <typename Settings>
class section;

/// The definition of every setting, one statement each. The loader, the printer and the reference are derived from it.
const section<settings>& schema();

/// The defaults of `peers[].http.outgoing`, for peers that do not come from the file. Endpoint and token are empty.
outgoing_http_settings initial_outgoing_http();

/// The default of `peers[].split.max_parts`.
std::uint32_t split_parts_by_default();

/// The full keys of the settings in which the files differ, apart from lists of sections such as the peers.
std::vector<std::string> differences(const settings& a, const settings& b);

/// Returns the effective settings as YAML, with defaults filled in and secrets shown as "(hidden)"; --check-config
/// prints this.
std::string to_yaml(const settings& settings);

/// Returns the settings reference in Markdown; docs/operating/settings.md is exactly this text.
std::string reference_markdown();

/// The same as the source of the manual page ilpd.yaml(5); deploy/man/ilpd.yaml.5 is exactly this text.
std::string reference_manual_page();

}  // namespace config
