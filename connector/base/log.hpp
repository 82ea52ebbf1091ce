#pragma once

#include "config/settings.hpp"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

/// Structured logging to standard error: a message for people and fields for programs. Single packets are logged at
/// debug level only, and secrets never. Untrusted text is escaped here, in both formats.
namespace connector::log {

using level = config::log_level;

struct field {
    std::string_view name;
    std::string value;
};

/// Call it before any threads start. Until then, lines are written as text at level info and above.
void configure(const config::log_settings& settings);

bool enabled(level level) noexcept;

/// Keeps printable ASCII and writes everything else as \xNN, so that no untrusted byte reaches a terminal or breaks a
/// line. The backslash is doubled, so that untrusted text cannot imitate an escape.
std::string escape(std::string_view text);

/// May be called from any thread.
void write(level level, std::string_view message, std::initializer_list<field> fields = {});

}  // namespace connector::log
