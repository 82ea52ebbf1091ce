#include "tests/support/page.hpp"

#include <array>
#include <fstream>
#include <regex>
#include <stdexcept>

namespace support {
namespace {

// The test itself plays the service manager.
constexpr std::string_view prelude = "set -euo pipefail\nsystemctl() { :; }\n";

constexpr std::chrono::seconds patience{60};

void replace_all(std::string& text, std::string_view what, std::string_view with) {
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
        text.replace(at, what.size(), with);
    }
}

/// Whether the block that follows a line has to be run by hand. A page marks such a block by a comment above it, with
/// the reason; empty lines may be between.
class hand_mark {
public:
    explicit operator bool() const noexcept { return is_set_; }
    void pass(std::string_view line) {
        if (!line.empty()) is_set_ = line.starts_with("<!-- not run: ");
    }

private:
    bool is_set_ = false;
};

}  // namespace

std::string commands_of(const std::filesystem::path& page, std::string_view heading, std::string_view within) {
    return blocks_of(page, "sh", heading, within);
}

std::string blocks_of(const std::filesystem::path& page, std::string_view language, std::string_view heading,
                      std::string_view within) {
    const std::string begin = "```" + std::string{language};
    std::ifstream in{page};
    std::string text;
    bool may_begin = within.empty();
    bool inside = false;
    bool in_block = false;
    bool is_wanted = false;
    hand_mark by_hand;
    for (std::string line; std::getline(in, line);) {
        if (in_block) {
            in_block = line != "```";
            if (in_block && is_wanted) text += line + "\n";
        } else if (line.starts_with("```")) {
            in_block = true;
            is_wanted = inside && line == begin && !by_hand;
        } else if (line.starts_with('#')) {
            if (inside) break;
            may_begin = may_begin || line == within;
            inside = may_begin && line == heading;
        }
        by_hand.pass(line);
    }
    if (text.empty()) throw std::runtime_error{page.string() + ": no " + begin + " under " + std::string{heading}};
    return text;
}

std::vector<page_step> steps_of(const std::filesystem::path& page) {
    std::ifstream in{page};
    std::vector<page_step> steps;
    std::string section;
    std::string heading;
    std::string* block = nullptr;
    hand_mark by_hand;
    for (std::string line; std::getline(in, line);) {
        if (block != nullptr) {
            if (line == "```") {
                block = nullptr;
            } else {
                *block += line + "\n";
            }
        } else if (line.starts_with("## ")) {
            section = line;
            heading.clear();
        } else if (line.starts_with("### ")) {
            heading = line;
        } else if (line == "```sh" && !by_hand) {
            block = &steps.emplace_back(page_step{section, heading, {}}).commands;
        } else if (line == "```text" && !steps.empty()) {
            block = &steps.back().printed.emplace();
        }
        by_hand.pass(line);
    }
    if (steps.empty()) throw std::runtime_error{page.string() + ": no commands"};
    return steps;
}

std::string comparable(std::string_view printed) {
    static const std::array<std::pair<std::regex, const char*>, 5> alike{{
        {std::regex{"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"}, "(id)"},
        {std::regex{"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z"}, "(time)"},
        {std::regex{"[0-9.]+ ms"}, "(duration)"},
        {std::regex{"version +[0-9.]+"}, "(version)"},
        {std::regex{"[ \n]+"}, ""},
    }};
    std::string text{printed};
    for (const auto& [what, with] : alike) text = std::regex_replace(text, what, with);
    return text;
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

page_shell::page_shell(std::vector<std::pair<std::string, std::string>> places,
                       std::vector<std::pair<std::string, std::string>> environment)
    : places_{std::move(places)}, environment_{std::move(environment)} {
    environment_.emplace_back("PAGE_STATE", own_.path() / "state");
}

shell_result page_shell::run(const std::string& commands) const {
    // `set -a` exports every variable, so that `export -p` can save it.
    const std::string before =
        "cd '" + folder_.path().string() + "'\nif [ -e \"$PAGE_STATE\" ]; then . \"$PAGE_STATE\"; fi\nset -a\n";
    const std::string after = "{ export -p; declare -f; umask -p; } > \"$PAGE_STATE\"\n";
    return run_commands(before + commands + after, places_, environment_, own_.path());
}

}  // namespace support
