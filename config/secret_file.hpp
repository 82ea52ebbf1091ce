#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace config {

/// The content of a file with a secret, without the line break at its end. The error completes a sentence that begins
/// with the name of the file.
std::expected<std::string, std::string> read_secret_file(const std::string& path);

/// The lines of such a file, without line breaks. Empty lines are left out.
std::vector<std::string> lines_of(std::string_view text);

}  // namespace config
