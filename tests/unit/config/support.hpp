#pragma once

#include "config/load.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Helpers shared by the tests in this folder.
namespace config_test {

inline config::environment variables(std::map<std::string, std::string, std::less<>> values = {}) {
    return [values](std::string_view name) -> std::optional<std::string> {
        const auto found = values.find(name);
        if (found == values.end()) return std::nullopt;
        return found->second;
    };
}

inline auto load(std::string_view yaml, const config::environment& environment = variables()) {
    return config::load_text(yaml, "f", environment);
}

/// "LINE KEY: MESSAGE" for every problem, or empty if there is none.
inline std::vector<std::string> problems(std::string_view yaml, const config::environment& environment = variables()) {
    auto result = std::vector<std::string>{};
    const auto loaded = load(yaml, environment);
    if (loaded) return result;
    for (const auto& problem : loaded.error())
        result.push_back(std::to_string(problem.line) + " " + problem.key + ": " + problem.message);
    return result;
}

}  // namespace config_test
