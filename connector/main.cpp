#include "config/load.hpp"
#include "connector/app.hpp"
#include "connector/log.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <string>

int main(int argc, char** argv) {
    using connector::exit_status;

    CLI::App cli{"ilpd: Interledger connector with embedded peering"};
    std::string file;
    bool check_only = false;
    bool reference = false;
    cli.add_option("--config", file, "configuration file (YAML)");
    cli.add_flag("--check-config", check_only, "check the configuration, print the effective settings, and exit");
    cli.add_flag("--settings-reference", reference, "print what can be set, as Markdown, and exit");
    cli.set_version_flag("--version", "ilpd " ILPD_VERSION);
    try {
        cli.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return cli.exit(error) == 0 ? 0 : static_cast<int>(exit_status::configuration_error);
    }

    if (reference) {
        fmt::print("{}", config::reference_markdown());
        return 0;
    }
    if (file.empty()) {
        fmt::print(stderr, "ilpd: --config FILE is missing; see ilpd --help\n");
        return static_cast<int>(exit_status::configuration_error);
    }
    const auto settings = config::load_file(file, config::process_environment());
    if (!settings) {
        for (const config::problem& problem : settings.error()) fmt::print(stderr, "{}\n", to_string(problem));
        return static_cast<int>(exit_status::configuration_error);
    }
    if (check_only) {
        fmt::print("{}", config::to_yaml(*settings));
        return 0;
    }
    connector::log::configure(settings->log);
    return static_cast<int>(connector::run(file, *settings));
}
