#include "config/load.hpp"
#include "config/schema.hpp"
#include "connector/base/held_signals.hpp"
#include "connector/base/log.hpp"
#include "connector/daemon/app.hpp"
#include "connector/daemon/operator_tls.hpp"
#include "connector/metrics/metrics_page.hpp"
#include "connector/routing/reject_reason.hpp"
#include "peering/audit.hpp"
#include "peering/history_csv.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace {

constexpr std::chrono::milliseconds log_time{2000};  // for the last lines of the log

/// Prints faults to standard error, one per line, and the summary to standard output. A damaged store may contain
/// anything, so everything is escaped.
connector::exit_status audit(const std::string& store_url) {
    const auto report = peering::audit(store_url);
    if (!report) {
        fmt::print(stderr, "ilpd: the audit failed: {}\n", connector::log::escape(report.error().message));
        return connector::exit_status::failure;
    }
    for (const std::string& fault : report->faults) fmt::print(stderr, "{}\n", connector::log::escape(fault));
    fmt::print("{} accounts in {} assets, {} rows of transfers: {}\n", report->accounts, report->assets,
               report->transfers,
               report->faults.empty() ? "all balances agree with them, and every asset adds up to zero"
                                      : fmt::format("{} faults", report->faults.size()));
    return report->faults.empty() ? connector::exit_status::clean_stop : connector::exit_status::failure;
}

/// The start of a day such as 2026-08-01, in UTC.
std::optional<ilp::timestamp> parse_day(std::string_view text) {
    constexpr std::string_view form = "0000-00-00";
    if (text.size() != form.size()) return std::nullopt;
    int parts[3] = {};
    std::size_t part = 0;
    for (std::size_t i = 0; i < form.size(); ++i) {
        if (form[i] == '-') {
            if (text[i] != '-') return std::nullopt;
            ++part;
        } else {
            if (text[i] < '0' || text[i] > '9') return std::nullopt;
            parts[part] = 10 * parts[part] + (text[i] - '0');
        }
    }
    const std::chrono::year_month_day day{std::chrono::year{parts[0]},
                                          std::chrono::month{static_cast<unsigned>(parts[1])},
                                          std::chrono::day{static_cast<unsigned>(parts[2])}};
    if (!day.ok()) return std::nullopt;
    return std::chrono::sys_days{day};
}

/// Makes the name of a new file survive a power failure, as far as its file system can. False, with errno set, if that
/// fails.
bool sync_folder_of(const std::string& file) {
    const std::filesystem::path folder = std::filesystem::path{file}.parent_path();
    const int descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool is_durable = descriptor >= 0 && ::fsync(descriptor) == 0;
    const int why = errno;
    if (descriptor >= 0) ::close(descriptor);
    errno = why;
    // Some file systems cannot do it, and a folder may be writable but not readable.
    return is_durable || why == EINVAL || why == ENOTSUP || why == EACCES;
}

/// Writes the history to a new file, which only its owner may read, or to standard output. A file that cannot be
/// completed is removed.
connector::exit_status export_history(const std::string& store_url, const peering::history_range& range,
                                      const std::string& target) {
    const auto refuse = [](const std::string& why) {
        fmt::print(stderr, "ilpd: the export failed: {}\n", connector::log::escape(why));
        return connector::exit_status::failure;
    };
    const bool is_file = target != "-";
    const auto close = [](std::FILE* file) { std::fclose(file); };
    std::unique_ptr<std::FILE, decltype(close)> file{nullptr, close};
    if (is_file) {
        const int descriptor = ::open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (descriptor < 0) return refuse(target + ": " + std::generic_category().message(errno));
        file.reset(::fdopen(descriptor, "w"));
        if (!file) {
            const int why = errno;
            ::close(descriptor);
            ::unlink(target.c_str());
            return refuse(target + ": " + std::generic_category().message(why));
        }
    }
    const auto written = peering::write_history_csv(store_url, range, is_file ? file.get() : stdout);
    // The daemon may sum up what was exported, so the export has to survive a power failure.
    const bool is_durable = !is_file || (::fsync(::fileno(file.get())) == 0 && sync_folder_of(target));
    if (written && is_durable) {
        if (is_file) fmt::print("{} rows of transfers in {}\n", *written, target);
        return connector::exit_status::clean_stop;
    }
    const std::string why = written ? std::generic_category().message(errno) : written.error().message;
    if (is_file) ::unlink(target.c_str());
    return refuse(why);
}

}  // namespace

int main(int argc, char** argv) {
    using connector::exit_status;

    CLI::App cli{"ilpd: Interledger connector with embedded peering"};
    std::string file;
    bool check_only = false;
    bool audit_only = false;
    std::string export_to;
    std::string from;
    std::string until;
    bool settings_reference = false;
    bool settings_manual_page = false;
    bool metrics_reference = false;
    bool reject_reasons_reference = false;
    cli.add_option("--config", file, "configuration file (YAML)");
    cli.add_flag("--check-config", check_only, "check the configuration, print the effective settings, and exit");
    cli.add_flag("--audit", audit_only,
                 "recompute every balance in the store from its transfers, print each difference, and exit");
    const auto is_day = [](const std::string& text) {
        return parse_day(text) ? std::string{} : "expected a day such as 2026-08-01";
    };
    auto* const exporting = cli.add_option("--export-history", export_to,
                                           "write the transfers in the store as CSV to this new file, or to standard "
                                           "output if it is -, and exit")
                                ->check([](const std::string& name) {
                                    return name.empty() ? "expected the name of a file, or -" : std::string{};
                                });
    cli.add_option("--from", from, "with --export-history: only transfers of this day (UTC) and later")
        ->needs(exporting)
        ->check(is_day);
    cli.add_option("--until", until, "with --export-history: only transfers of days (UTC) before this one")
        ->needs(exporting)
        ->check(is_day);
    cli.add_flag("--settings-reference", settings_reference,
                 "print a reference of all settings, as Markdown, and exit");
    cli.add_flag("--settings-manual-page", settings_manual_page,
                 "print the same as the source of a manual page, and exit");
    cli.add_flag("--metrics-reference", metrics_reference, "print a reference of all metrics, as Markdown, and exit");
    cli.add_flag("--reject-reasons-reference", reject_reasons_reference,
                 "print a reference of all reject reasons, as Markdown, and exit");
    cli.set_version_flag("--version", "ilpd " ILPD_VERSION);
    try {
        cli.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return cli.exit(error) == 0 ? 0 : static_cast<int>(exit_status::configuration_error);
    }

    if (settings_reference) fmt::print("{}", config::reference_markdown());
    if (settings_manual_page) fmt::print("{}", config::reference_manual_page());
    if (metrics_reference) fmt::print("{}", connector::metrics_markdown());
    if (reject_reasons_reference) fmt::print("{}", connector::reject_reasons_markdown());
    if (settings_reference || settings_manual_page || metrics_reference || reject_reasons_reference) return 0;
    if (file.empty()) {
        fmt::print(stderr, "ilpd: the option --config FILE is required; see ilpd --help\n");
        return static_cast<int>(exit_status::configuration_error);
    }
    const bool export_only = exporting->count() > 0;
    if (!check_only && !audit_only && !export_only) connector::hold_signals();
    auto settings = config::load_file(file, config::process_environment());
    if (!settings) {
        for (const config::problem& problem : settings.error()) fmt::print(stderr, "{}\n", to_string(problem));
        return static_cast<int>(exit_status::configuration_error);
    }
    if (check_only) {
        if (const auto tls = connector::operator_tls::make(*settings); !tls) {
            fmt::print(stderr, "{}: {}\n", file, tls.error());
            return static_cast<int>(exit_status::configuration_error);
        }
        fmt::print("{}", config::to_yaml(*settings));
        return 0;
    }
    if (audit_only) return static_cast<int>(audit(settings->store.url));
    if (export_only) {
        const peering::history_range range{.from = parse_day(from), .until = parse_day(until)};
        return static_cast<int>(export_history(settings->store.url, range, export_to));
    }
    connector::log::configure(settings->log);
    connector::log::finish_on_abort();
    const auto status = connector::run(file, std::move(*settings));
    connector::log::finish(log_time);  // a stalled reader does not keep the daemon from ending
    return static_cast<int>(status);
}
