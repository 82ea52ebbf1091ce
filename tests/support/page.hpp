#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

/// The shell commands of one section of a page of the manual: all of its ```sh blocks. `heading` is its whole line,
/// such as "### Back up"; of several that are alike, the one below the line `within`. Throws when there are none.
std::string commands_of(const std::filesystem::path& page, std::string_view heading, std::string_view within = {});

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

}  // namespace support
