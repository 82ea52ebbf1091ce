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

/// One error in a file. `to_string` formats it as "FILE:LINE: KEY: what was expected".
struct problem {
    std::string file;
    std::uint32_t line = 0;  ///< from 1; 0 if the problem has no line (the file cannot be read)
    std::string key;         ///< such as "peers[0].http.incoming.auth_tokens"; empty if there is none
    std::string message;
};

std::string to_string(const problem& problem);

/// Looks up the value for `${NAME}`; returns nullopt if the variable is not set.
using environment = std::function<std::optional<std::string>(std::string_view name)>;

environment process_environment();

/// Reads the settings, fills in defaults and checks the result. Reports every problem that one pass can find, in line
/// order. A file with a problem yields no settings at all.
std::expected<settings, std::vector<problem>> load_file(const std::string& path, const environment& variables);
std::expected<settings, std::vector<problem>> load_text(std::string_view yaml, const std::string& file_name,
                                                        const environment& variables);

}  // namespace config
