#pragma once

#include "config/settings.hpp"

#include <string>

namespace config {

template <typename Settings>
class section;

/// Every setting, each defined in one statement; what the loader, the printer and the reference are made from.
const section<settings>& schema();

/// What `peers[].http.outgoing` has when the file says nothing: for peers that are made elsewhere. Endpoint and token
/// are empty.
outgoing_http_settings initial_outgoing_http();

/// The effective settings as YAML, defaults filled in, secrets as "(hidden)"; what --check-config prints.
std::string to_yaml(const settings& settings);

/// The settings reference in Markdown: docs/operating/settings.md is this text, to the letter.
std::string reference_markdown();

}  // namespace config
