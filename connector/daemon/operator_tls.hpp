#pragma once

#include "config/settings.hpp"
#include "connector/tls/tls_context.hpp"

#include <chrono>
#include <expected>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace connector {

/// The TLS of all listeners and of all calls to others. Making it reads the files that the settings name.
struct operator_tls {
    using context = std::shared_ptr<const tls_context>;

    // Listeners. Null: they speak plain HTTP.
    context admin{};
    context auto_peering{};
    context metrics{};
    context spsp{};
    context packets{};

    // Calls to others, never null.
    context webhooks{};
    context rates{};
    context other_nodes{};  ///< asked to become peers
    context receivers{};    ///< of payments that our accounts make
    context links{};        ///< to next hops; shows our client certificate, if there is one

    /// The error is a sentence for the operator, and begins with the name of the setting.
    static std::expected<operator_tls, std::string> make(const config::settings& settings);

    /// Sentences for the operator about files that work and should nevertheless be changed.
    std::vector<std::string> warnings() const;

    /// When each of our certificates expires, with the section of the settings that names it.
    std::vector<std::pair<std::string, std::chrono::sys_seconds>> expiries() const;

    /// Sentences about those that expire soon or have expired. `now` is the time of the wall clock.
    std::vector<std::string> expiry_warnings(std::chrono::system_clock::time_point now) const;
    static constexpr std::chrono::days expires_soon{14};

private:
    std::vector<std::pair<std::string, context>> with_certificates() const;
};

}  // namespace connector
