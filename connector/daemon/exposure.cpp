#include "connector/daemon/exposure.hpp"

#include <unistd.h>

#include <fmt/format.h>
#include <sys/stat.h>

#include <optional>
#include <string_view>

namespace connector {
namespace {

/// The permissions of a file; nullopt if there is none.
std::optional<unsigned> mode_of(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
    return status.st_mode & 07777U;
}

bool is_open_to_others(unsigned mode) {
    return (mode & (S_IROTH | S_IWOTH)) != 0;
}

}  // namespace

std::vector<std::string> exposures(const std::string& config_file, const config::settings& settings) {
    std::vector<std::string> found;
    if (const auto mode = mode_of(config_file); mode && settings.has_literal_secret && is_open_to_others(*mode)) {
        found.push_back(
            fmt::format("{} contains tokens or passwords, and every user of this machine can access it (mode {:04o}): "
                        "chmod 0640 and give it to root and the daemon's group",
                        config_file, *mode));
    }
    for (const std::string& file : settings.secret_files) {
        if (const auto mode = mode_of(file); mode && is_open_to_others(*mode)) {
            found.push_back(
                fmt::format("every user of this machine can access the secret in {} (mode {:04o}): "
                            "chmod 0640 and give it to root and the daemon's group",
                            file, *mode));
        }
    }
    constexpr std::string_view scheme = "sqlite:";
    if (settings.store.url.starts_with(scheme)) {
        const std::string database = settings.store.url.substr(scheme.size());
        if (const auto mode = mode_of(database); mode && is_open_to_others(*mode)) {
            found.push_back(
                fmt::format("every user of this machine can access the database {} (mode {:04o}): "
                            "chmod 0600",
                            database, *mode));
        }
    }
    if (::geteuid() == 0) {
        found.emplace_back(
            "running as root, which ilpd does not need: run it as a user of its own, as deploy/ilpd.service does");
    }
    return found;
}

}  // namespace connector
