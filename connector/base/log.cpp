#include "connector/base/log.hpp"

#include "connector/base/log_writer.hpp"
#include "connector/base/repeat_filter.hpp"
#include "ilp/invariant.hpp"

#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <mutex>

namespace connector::log {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds abort_time{1000};

std::atomic<level> lowest = level::info;
config::log_format format = config::log_format::text;
bool to_journal = false;

struct level_text {
    std::string_view name;
    int priority;  ///< of syslog
};

/// In the order of the enum.
constexpr std::array level_texts{level_text{"trace", 7}, level_text{"debug", 7}, level_text{"info", 6},
                                 level_text{"warning", 4}, level_text{"error", 3}};

constexpr const level_text& describe(level level) {
    return level_texts[static_cast<std::size_t>(level)];
}

/// systemd sets JOURNAL_STREAM to the device and inode of the journal's socket. It is inherited by programs whose
/// standard error has been redirected since, so the numbers must be those of the descriptor.
bool is_journal(int descriptor) {
    const char* const stream = std::getenv("JOURNAL_STREAM");
    struct stat status{};
    if (stream == nullptr || ::fstat(descriptor, &status) != 0) return false;
    return fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

std::string time_text() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    std::tm parts{};
    ::gmtime_r(&now.tv_sec, &parts);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                       parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, now.tv_nsec / 1'000'000);
}

void append_as_text(std::string& line, std::string_view message, std::initializer_list<field> fields) {
    line += escape(message);
    for (const field& field : fields) {
        std::string value = escape(field.value);
        const bool plain = !value.empty() && value.find_first_of(" \"=") == std::string::npos;
        if (!plain) {
            for (std::size_t at = 0; (at = value.find('"', at)) != std::string::npos; at += 2)
                value.insert(at, 1, '\\');
        }
        line += plain ? fmt::format(" {}={}", field.name, value) : fmt::format(" {}=\"{}\"", field.name, value);
    }
}

std::string json_text(std::string_view text) {
    return boost::json::serialize(boost::json::value(escape(text)));
}

/// Escapes every text in it.
boost::json::value escaped(const boost::json::value& value) {
    const auto view = [](const boost::json::string_view& text) { return std::string_view{text.data(), text.size()}; };
    if (const auto* const text = value.if_string()) return boost::json::value(escape(view(*text)));
    if (const auto* const array = value.if_array()) {
        boost::json::array result;
        for (const auto& element : *array) result.push_back(escaped(element));
        return result;
    }
    if (const auto* const object = value.if_object()) {
        boost::json::object result;
        for (const auto& [name, member] : *object) result[escape(view(name))] = escaped(member);
        return result;
    }
    return value;
}

std::string json_value_of(const field& field) {
    if (field.as == field::kind::number) return field.value;
    if (field.as == field::kind::json) {
        boost::system::error_code error;
        const auto parsed = boost::json::parse(field.value, error);
        if (!error) return boost::json::serialize(escaped(parsed));
    }
    return json_text(field.value);
}

std::string line_of(level level, std::string_view message, std::initializer_list<field> fields) {
    std::string line = to_journal ? fmt::format("<{}>", describe(level).priority) : std::string{};
    if (format == config::log_format::json) {
        line += fmt::format(R"({{"time":"{}","level":"{}","message":{})", time_text(), describe(level).name,
                            json_text(message));
        for (const field& field : fields) line += fmt::format(",{}:{}", json_text(field.name), json_value_of(field));
        line += '}';
    } else {
        line += fmt::format("{} {} ", time_text(), describe(level).name);
        append_as_text(line, message, fields);
    }
    line += '\n';
    return line;
}

struct seldom_lines {
    std::mutex mutex;
    repeat_filter filter;

    bool pass(const cause& cause) {
        const std::lock_guard lock{mutex};
        return filter.pass(cause.kind, cause.source, cause.sources_max, std::chrono::steady_clock::now());
    }

    void report_left_out(repeat_filter::time now) {
        std::vector<repeat_filter::left_out> ended;
        {
            const std::lock_guard lock{mutex};
            ended = filter.take_ended(now);
        }
        for (auto& [kind, source, count] : ended) {
            write(level::warn, "more lines of this kind were left out",
                  {{"kind", std::string{kind}}, {"source", std::move(source)}, {"lines", count}});
        }
    }
};

seldom_lines& seldom() {
    static auto& instance = *new seldom_lines;  // never destroyed, because the writing thread uses it to the end
    return instance;
}

log_writer& writer() {
    static auto& instance = *new log_writer{
        STDERR_FILENO,
        {.line_about_dropped =
             [](std::uint64_t dropped) {
                 return line_of(level::warn, "lines of the log were dropped: standard error is read too slowly",
                                {{"lines", dropped}});
             },
         .every_second = [] { seldom().report_left_out(std::chrono::steady_clock::now()); }}};
    return instance;
}

extern "C" void wait_for_log_before_abort(int) {
    writer().await_in_signal_handler(abort_time);
}

}  // namespace

void configure(const config::log_settings& settings) {
    format = settings.format;
    lowest = settings.level;
    to_journal = is_journal(STDERR_FILENO);
}

void set_level(level lowest_level) noexcept {
    lowest.store(lowest_level, std::memory_order_relaxed);
}

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

bool enabled(level level) noexcept {
    return level >= lowest.load(std::memory_order_relaxed);
}

void write(level level, std::string_view message, std::initializer_list<field> fields) {
    if (enabled(level)) writer().put(line_of(level, message, fields));
}

void write_seldom(const cause& cause, level level, std::string_view message, std::initializer_list<field> fields) {
    if (enabled(level) && seldom().pass(cause)) write(level, message, fields);
}

void finish(milliseconds time) {
    seldom().report_left_out(repeat_filter::time::max());
    flush(time);
}

void finish_on_abort() {
    writer();  // a signal handler must not start a thread
    ilp::tell_broken_invariants_to([](std::string_view line) noexcept { writer().put(line); });
    struct sigaction action{};
    action.sa_handler = wait_for_log_before_abort;
    ::sigaction(SIGABRT, &action, nullptr);
}

bool flush(milliseconds time) {
    return writer().flush(time);
}

std::uint64_t dropped_lines() noexcept {
    return writer().dropped();
}

}  // namespace connector::log
