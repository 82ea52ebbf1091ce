#include "connector/base/log.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace connector::log {
namespace {

constexpr auto text_pattern = "%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v";
constexpr auto json_pattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";

config::log_format format = config::log_format::text;

spdlog::level::level_enum to_spdlog(level level) noexcept {
    switch (level) {
        case level::trace:
            return spdlog::level::trace;
        case level::debug:
            return spdlog::level::debug;
        case level::info:
            return spdlog::level::info;
        case level::warn:
            return spdlog::level::warn;
        case level::error:
            return spdlog::level::err;
    }
    return spdlog::level::info;
}

/// Keeps printable ASCII and writes everything else as \xNN, so that no untrusted byte reaches a terminal or breaks a
/// line. The backslash is doubled, so that untrusted text cannot imitate an escape.
std::string escape(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte >= 0x7f) {
            out += fmt::format("\\x{:02x}", byte);
        } else if (c == '\\') {
            out += "\\\\";
        } else {
            out += c;
        }
    }
    return out;
}

std::string as_text(std::string_view message, std::initializer_list<field> fields) {
    std::string line = escape(message);
    for (const field& field : fields) {
        std::string value = escape(field.value);
        const bool plain = !value.empty() && value.find_first_of(" \"=") == std::string::npos;
        if (!plain) {
            for (std::size_t at = 0; (at = value.find('"', at)) != std::string::npos; at += 2)
                value.insert(at, 1, '\\');
        }
        line += plain ? fmt::format(" {}={}", field.name, value) : fmt::format(" {}=\"{}\"", field.name, value);
    }
    return line;
}

/// The part of the JSON object after time and level, which the sink's pattern writes.
std::string as_json(std::string_view message, std::initializer_list<field> fields) {
    const auto quoted = [](std::string_view text) { return boost::json::serialize(boost::json::value(escape(text))); };
    std::string line = fmt::format(R"("message":{})", quoted(message));
    for (const field& field : fields) line += fmt::format(",{}:{}", quoted(field.name), quoted(field.value));
    return line;
}

spdlog::logger& logger() {
    static const std::shared_ptr<spdlog::logger> instance = [] {
        auto made = std::make_shared<spdlog::logger>("ilpd", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made->set_pattern(text_pattern, spdlog::pattern_time_type::utc);
        return made;
    }();
    return *instance;
}

}  // namespace

void configure(const config::log_settings& settings) {
    format = settings.format;
    logger().set_pattern(format == config::log_format::json ? json_pattern : text_pattern,
                         spdlog::pattern_time_type::utc);
    logger().set_level(to_spdlog(settings.level));
    logger().flush_on(spdlog::level::trace);
}

bool enabled(level level) noexcept {
    return logger().should_log(to_spdlog(level));
}

void write(level level, std::string_view message, std::initializer_list<field> fields) {
    if (!enabled(level)) return;
    const bool json = format == config::log_format::json;
    logger().log(to_spdlog(level), json ? as_json(message, fields) : as_text(message, fields));
}

}  // namespace connector::log
