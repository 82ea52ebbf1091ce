#include "connector/daemon/exposure.hpp"

#include "config/public_token.hpp"

#include <unistd.h>

#include <fmt/format.h>
#include <sys/stat.h>

#include <optional>
#include <string_view>
#include <utility>

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

/// A warning about a listener that others can reach without TLS although secrets pass through it; empty if there is no
/// need for one. Metrics are not secret.
template <class Settings>
std::string plain_listener(std::string_view section, const Settings& settings, std::string_view what) {
    if (settings.certificate_file || config::is_loopback(settings.listen)) return {};
    return fmt::format(
        "{0}.listen: other machines can reach this listener, and it speaks plain HTTP: whoever is on the "
        "way reads {1}. Set {0}.certificate_file and {0}.key_file, or see to it that only a TLS proxy "
        "can reach it",
        section, what);
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
    for (std::string warning :
         {plain_listener("connector", settings.connector, "the packets of peers and their tokens"),
          plain_listener("admin", settings.admin, "the tokens that operators give to peers"),
          settings.auto_peering.enabled
              ? plain_listener("auto_peering", settings.auto_peering, "the tokens that nodes exchange")
              : std::string{}}) {
        if (!warning.empty()) found.push_back(std::move(warning));
    }
    if (::geteuid() == 0) {
        found.emplace_back(
            "running as root, which ilpd does not need: run it as a user of its own, as the unit ilpd.service does");
    }
    return found;
}

}  // namespace connector
