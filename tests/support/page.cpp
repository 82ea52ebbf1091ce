#include "tests/support/page.hpp"

#include "tests/support/child_process.hpp"

#include <fstream>
#include <stdexcept>

namespace support {
namespace {

// The service manager is the test itself.
constexpr std::string_view prelude = "set -euo pipefail\nsystemctl() { :; }\n";

constexpr std::chrono::seconds patience{60};

void replace_all(std::string& text, std::string_view what, std::string_view with) {
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
        text.replace(at, what.size(), with);
    }
}

}  // namespace

std::string commands_of(const std::filesystem::path& page, std::string_view heading, std::string_view within) {
    std::ifstream in{page};
    std::string commands;
    bool may_begin = within.empty();
    bool inside = false;
    bool in_block = false;
    for (std::string line; std::getline(in, line);) {
        if (in_block) {
            in_block = line != "```";
            if (in_block) commands += line + "\n";
        } else if (line.starts_with('#')) {
            if (inside) break;
            may_begin = may_begin || line == within;
            inside = may_begin && line == heading;
        } else {
            in_block = inside && line == "```sh";
        }
    }
    if (commands.empty()) throw std::runtime_error{page.string() + ": no commands under " + std::string{heading}};
    return commands;
}

shell_result run_commands(std::string commands, const std::vector<std::pair<std::string, std::string>>& places,
                          const std::vector<std::pair<std::string, std::string>>& environment,
                          const std::filesystem::path& folder) {
    for (const auto& [what, with] : places) replace_all(commands, what, with);
    const auto output = folder / "shell-output";
    std::filesystem::remove(output);
    command shell;
    shell.arguments = {"bash", "-c", std::string{prelude} + commands};
    shell.output = output;
    shell.environment = environment;
    child_process process{std::move(shell)};
    const auto status = process.wait(patience);
    if (!status) throw std::runtime_error{"the commands do not end: " + commands};
    return {*status, process.output()};
}

}  // namespace support
