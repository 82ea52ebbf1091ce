#pragma once

#include "tests/support/child_process.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

/// The shell commands of one section of a manual page: all of its ```sh blocks but those below a line
/// `<!-- not run: REASON -->`, which tests/package/manual_test.py counts. `heading` is the section's whole
/// heading line, such as "### Back up". If several are equal, the one below the line `within` is meant. Throws if there
/// are none.
std::string commands_of(const std::filesystem::path& page, std::string_view heading, std::string_view within = {});

/// The same for the blocks of another language, such as "yaml".
std::string blocks_of(const std::filesystem::path& page, std::string_view language, std::string_view heading,
                      std::string_view within = {});

/// One ```sh block of a page, its position, and the output that the page shows for it in the ```text block that
/// follows.
struct page_step {
    std::string section;  ///< the "## " line above it
    std::string heading;  ///< the "### " line above it, if there is one in the section
    std::string commands;
    std::optional<std::string> printed{};
};

/// All blocks of a page, in order, without those that are marked as not run. Throws if there are none.
std::vector<page_step> steps_of(const std::filesystem::path& page);

/// Normalizes text so that a page's output can be compared with the real one: removes white space and replaces what
/// differs between runs (ids, times, durations, the version).
std::string comparable(std::string_view printed);

/// The result of running commands in one shell.
struct shell_result {
    int status = 0;
    std::string output;
};

/// Runs commands as a reader of the page would, but with the tests' own paths and addresses: every occurrence of
/// `first` is replaced by `second`. Stops at the first command that fails. Output is written to `folder`.
shell_result run_commands(std::string commands, const std::vector<std::pair<std::string, std::string>>& places,
                          const std::vector<std::pair<std::string, std::string>>& environment,
                          const std::filesystem::path& folder);

/// One shell into which a reader types block after block. Variables, functions and the umask persist.
class page_shell {
public:
    /// The parameters are as for run_commands(). The commands run in a folder that belongs to the shell.
    page_shell(std::vector<std::pair<std::string, std::string>> places,
               std::vector<std::pair<std::string, std::string>> environment);

    const std::filesystem::path& folder() const noexcept { return folder_.path(); }

    shell_result run(const std::string& commands) const;

private:
    temporary_directory folder_;
    temporary_directory own_;  ///< for files that the commands must not see
    std::vector<std::pair<std::string, std::string>> places_;
    std::vector<std::pair<std::string, std::string>> environment_;
};

}  // namespace support
