#pragma once

#include "tests/support/child_process.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

/// The shell commands of one section of a page of the manual: all of its ```sh blocks. `heading` is its whole line,
/// such as "### Back up"; of several that are alike, the one below the line `within`. Throws when there are none.
std::string commands_of(const std::filesystem::path& page, std::string_view heading, std::string_view within = {});

/// One ```sh block of a page, where it stands, and what the page says that it prints: the ```text block behind it.
struct page_step {
    std::string section;  ///< the "## " line above it
    std::string heading;  ///< the "### " line above it, if there is one in the section
    std::string commands;
    std::optional<std::string> printed{};
};

/// All of a page, in order. Throws when there are none.
std::vector<page_step> steps_of(const std::filesystem::path& page);

/// For comparing what a page shows with what was printed: without white space, and what differs in each run (ids,
/// times, how long something took, the version) is made alike.
std::string comparable(std::string_view printed);

/// What one shell did with them.
struct shell_result {
    int status = 0;
    std::string output;
};

/// Runs commands as a reader of the page would, but with the tests' own places: every occurrence of `first` is written
/// as `second`. They end at the first command that fails. `folder` takes the output.
shell_result run_commands(std::string commands, const std::vector<std::pair<std::string, std::string>>& places,
                          const std::vector<std::pair<std::string, std::string>>& environment,
                          const std::filesystem::path& folder);

/// One shell into which a reader types block after block: variables, functions and the umask stay.
class page_shell {
public:
    /// As run_commands() takes them; the commands run in a folder of the shell's own.
    page_shell(std::vector<std::pair<std::string, std::string>> places,
               std::vector<std::pair<std::string, std::string>> environment);

    const std::filesystem::path& folder() const noexcept { return folder_.path(); }

    shell_result run(const std::string& commands) const;

private:
    temporary_directory folder_;
    temporary_directory own_;  ///< for what the commands are not to see
    std::vector<std::pair<std::string, std::string>> places_;
    std::vector<std::pair<std::string, std::string>> environment_;
};

}  // namespace support
