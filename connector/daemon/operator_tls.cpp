#include "connector/daemon/operator_tls.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace connector {
namespace {

const std::vector<std::string> spoken_protocols{"http/1.1"};

/// Collects the first error; what is made after it is null.
class context_maker {
public:
    /// `section`: of the settings, which name both files or none.
    template <class Settings>
    operator_tls::context listener(std::string_view section, const Settings& settings) {
        if (!settings.certificate_file || !settings.key_file) return {};
        return taken(section, tls_context::server({.files = {settings.certificate_file->text, settings.key_file->text},
                                                   .protocols = spoken_protocols}));
    }

    /// The system's authorities are trusted if `roots` is empty.
    operator_tls::context caller(std::string_view setting, const std::string& roots) {
        return taken(setting, tls_context::client({.roots = roots, .protocols = spoken_protocols}));
    }

    const std::string& error() const noexcept { return error_; }

private:
    operator_tls::context taken(std::string_view section, tls_context::result made) {
        if (made) return *std::move(made);
        if (error_.empty()) error_ = fmt::format("{}: {}", section, made.error());
        return {};
    }

    std::string error_;
};

}  // namespace

std::expected<operator_tls, std::string> operator_tls::make(const config::settings& settings) {
    context_maker maker;
    operator_tls made{.admin = maker.listener("admin", settings.admin),
                      .auto_peering = maker.listener("auto_peering", settings.auto_peering),
                      .metrics = maker.listener("metrics", settings.metrics),
                      .other_nodes = maker.caller("the system's certificates", {})};
    const auto& webhooks_roots = settings.webhooks.ca_file;
    made.webhooks = webhooks_roots ? maker.caller("webhooks.ca_file", webhooks_roots->pem) : made.other_nodes;
    const auto& rates_roots = settings.rates.ca_file;
    made.rates = rates_roots ? maker.caller("rates.ca_file", rates_roots->pem) : made.other_nodes;
    if (!maker.error().empty()) return std::unexpected{maker.error()};
    return made;
}

std::vector<std::string> operator_tls::warnings() const {
    std::vector<std::string> all;
    for (const auto& [section, listener] :
         {std::pair{"admin", &admin}, {"auto_peering", &auto_peering}, {"metrics", &metrics}}) {
        if (*listener == nullptr) continue;
        for (const std::string& warning : (*listener)->warnings())
            all.push_back(fmt::format("{}: {}", section, warning));
    }
    return all;
}

}  // namespace connector
