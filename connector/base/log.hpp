#pragma once

#include "config/settings.hpp"

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

/// Structured logging to standard error: a message for people and fields for programs. Single packets are logged at
/// debug level only, and secrets never. Untrusted text is escaped here, in both formats. A thread of its own writes the
/// lines: no caller waits for the reader of standard error.
namespace connector::log {

using level = config::log_level;

/// A JSON value, such as an event: nested in a JSON line, quoted in a line of text.
struct json {
    std::string text;
};

struct field {
    enum class kind : std::uint8_t { text, number, json };

    std::string_view name;
    std::string value;
    kind as = kind::text;

    field(std::string_view name, std::string text) : name{name}, value{std::move(text)} {}
    field(std::string_view name, json json) : name{name}, value{std::move(json.text)}, as{kind::json} {}
    template <std::integral number>
        requires(!std::same_as<number, bool>)
    field(std::string_view name, number value) : name{name}, value{std::to_string(value)}, as{kind::number} {}
};

/// Call it before any threads start. Until then, lines are written as text at level info and above. When standard error
/// is the journal of systemd, each line begins with its priority, as `<N>`.
void configure(const config::log_settings& settings);

/// Changes the lowest level of lines that are written. May be called from any thread.
void set_level(level lowest_level) noexcept;

bool enabled(level level) noexcept;

/// Keeps printable ASCII and writes everything else as \xNN, so that no untrusted byte reaches a terminal or breaks a
/// line. The backslash is doubled, so that untrusted text cannot imitate an escape.
std::string escape(std::string_view text);

/// May be called from any thread.
void write(level level, std::string_view message, std::initializer_list<field> fields = {});

/// Says what someone else did to cause a line, and who it was.
struct cause {
    std::string_view kind;         ///< a literal
    std::string_view source;       ///< a network, a peer's name; empty if there is only one
    std::size_t sources_max = 64;  ///< further sources count as one
};

/// For every line that a stranger, or a peer, can cause as often as it likes: one line per kind and source is written
/// within a minute, and afterwards the number of those that were left out. May be called from any thread.
void write_seldom(const cause& cause, level level, std::string_view message, std::initializer_list<field> fields = {});

/// Logs how many lines write_seldom() has left out so far, and waits until all lines have been written, but no longer
/// than `time`. Call it before the program ends.
void finish(std::chrono::milliseconds time);

/// From now on, an abort waits up to a second for the lines that have not been written yet, and a broken invariant is
/// reported through the log as well: a program that must end does not wait for the reader of standard error.
void finish_on_abort();

/// Waits until all lines have been written, but no longer than `time`; returns whether they have been.
bool flush(std::chrono::milliseconds time);

/// The number of lines that were dropped because the reader of standard error is too slow.
std::uint64_t dropped_lines() noexcept;

}  // namespace connector::log
