#pragma once

#include "config/settings.hpp"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

/// Structured log lines on standard error: a message for people and fields for programs. Nothing per packet above
/// debug, no secret ever; whatever a stranger sent is escaped here, in both formats.
namespace connector::log {

using level = config::log_level;

struct field {
    std::string_view name;
    std::string value;
};

/// Before the threads start. Lines before it go out as text, from info on.
void configure(const config::log_settings& settings);

bool enabled(level level) noexcept;

/// Any thread.
void write(level level, std::string_view message, std::initializer_list<field> fields = {});

}  // namespace connector::log
