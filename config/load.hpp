#pragma once

#include "config/settings.hpp"

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace config {

/// One thing that is wrong with a file. `to_string` gives "FILE:LINE: KEY: what was expected".
struct problem {
    std::string file;
    std::uint32_t line = 0;  ///< from 1; 0 when the problem has no line (the file cannot be read)
    std::string key;         ///< "peers[0].http.incoming.auth_tokens"; empty when there is none
    std::string message;
};

std::string to_string(const problem& problem);

/// Looks up `${NAME}`; empty when the variable is not set.
using environment = std::function<std::optional<std::string>(std::string_view name)>;

environment process_environment();

/// Reads, completes with defaults and checks. Reports every problem that can be told in one pass, in the order of the
/// lines; nothing of a file with a problem is used.
std::expected<settings, std::vector<problem>> load_file(const std::string& path, const environment& variables);
std::expected<settings, std::vector<problem>> load_text(std::string_view yaml, const std::string& file_name,
                                                        const environment& variables);

}  // namespace config
