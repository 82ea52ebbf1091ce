#include "config/load.hpp"
#include "config/schema.hpp"
#include "connector/base/held_signals.hpp"
#include "connector/base/log.hpp"
#include "connector/daemon/app.hpp"
#include "connector/metrics/metrics.hpp"
#include "connector/routing/reject_reason.hpp"
#include "peering/audit.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <string>
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

}  // namespace

int main(int argc, char** argv) {
    using connector::exit_status;

    CLI::App cli{"ilpd: Interledger connector with embedded peering"};
    std::string file;
    bool check_only = false;
    bool audit_only = false;
    bool settings_reference = false;
    bool metrics_reference = false;
    bool reject_reasons_reference = false;
    cli.add_option("--config", file, "configuration file (YAML)");
    cli.add_flag("--check-config", check_only, "check the configuration, print the effective settings, and exit");
    cli.add_flag("--audit", audit_only,
                 "recompute every balance in the store from its transfers, print each difference, and exit");
    cli.add_flag("--settings-reference", settings_reference,
                 "print a reference of all settings, as Markdown, and exit");
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
    if (metrics_reference) fmt::print("{}", connector::metrics_markdown());
    if (reject_reasons_reference) fmt::print("{}", connector::reject_reasons_markdown());
    if (settings_reference || metrics_reference || reject_reasons_reference) return 0;
    if (file.empty()) {
        fmt::print(stderr, "ilpd: the option --config FILE is required; see ilpd --help\n");
        return static_cast<int>(exit_status::configuration_error);
    }
    if (!check_only && !audit_only) connector::hold_signals();
    auto settings = config::load_file(file, config::process_environment());
    if (!settings) {
        for (const config::problem& problem : settings.error()) fmt::print(stderr, "{}\n", to_string(problem));
        return static_cast<int>(exit_status::configuration_error);
    }
    if (check_only) {
        fmt::print("{}", config::to_yaml(*settings));
        return 0;
    }
    if (audit_only) return static_cast<int>(audit(settings->store.url));
    connector::log::configure(settings->log);
    connector::log::finish_on_abort();
    const auto status = connector::run(file, std::move(*settings));
    connector::log::finish(log_time);  // a stalled reader does not keep the daemon from ending
    return static_cast<int>(status);
}
