#pragma once

#include "config/settings.hpp"
#include "connector/tls/tls_context.hpp"

#include <expected>
#include <memory>
#include <string>
#include <vector>

namespace connector {

/// The TLS of everything but packets. Making it reads the files that the settings name.
struct operator_tls {
    using context = std::shared_ptr<const tls_context>;

    // Listeners. Null: they speak plain HTTP.
    context admin{};
    context auto_peering{};
    context metrics{};

    // Calls to others, never null.
    context webhooks{};
    context rates{};
    context other_nodes{};  ///< asked to become peers

    /// The error is a sentence for the operator, and begins with the name of the setting.
    static std::expected<operator_tls, std::string> make(const config::settings& settings);

    /// Sentences for the operator about files that work and should nevertheless be changed.
    std::vector<std::string> warnings() const;
};

}  // namespace connector
