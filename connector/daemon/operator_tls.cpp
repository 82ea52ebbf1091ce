#include "connector/daemon/operator_tls.hpp"

#include "connector/tls/certificate.hpp"

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>

namespace connector {
namespace {

const std::vector<std::string> spoken_protocols{"http/1.1"};
const std::vector<std::string> protocols_of_packets{"h2", "http/1.1"};

/// Collects the first error; what is made after it is null.
class context_maker {
public:
    /// `section`: of the settings, which name both files or none.
    template <class Settings>
    operator_tls::context listener(std::string_view section, const Settings& settings, bool is_for_packets = false) {
        if (!settings.certificate_file || !settings.key_file) return {};
        return taken(section,
                     tls_context::server({.files = {settings.certificate_file->text, settings.key_file->text},
                                          .asks_for_certificates = is_for_packets,
                                          .protocols = is_for_packets ? protocols_of_packets : spoken_protocols}));
    }

    /// To next hops, which may ask for our certificate.
    operator_tls::context links(const config::connector_settings& settings) {
        std::optional<key_pair_files> shown;
        if (settings.client_certificate_file && settings.client_key_file) {
            shown = {settings.client_certificate_file->text, settings.client_key_file->text};
        }
        return taken("connector", tls_context::client({.files = shown, .protocols = spoken_protocols}));
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
                      .spsp = maker.listener("spsp", settings.spsp),
                      .packets = maker.listener("connector", settings.connector, true),
                      .other_nodes = maker.caller("the system's certificates", {})};
    made.links = maker.links(settings.connector);
    const auto& webhooks_roots = settings.webhooks.ca_file;
    made.webhooks = webhooks_roots ? maker.caller("webhooks.ca_file", webhooks_roots->pem) : made.other_nodes;
    const auto& rates_roots = settings.rates.ca_file;
    made.rates = rates_roots ? maker.caller("rates.ca_file", rates_roots->pem) : made.other_nodes;
    const auto& receivers_roots = settings.sending.ca_file;
    made.receivers = receivers_roots ? maker.caller("sending.ca_file", receivers_roots->pem) : made.other_nodes;
    if (!maker.error().empty()) return std::unexpected{maker.error()};
    return made;
}

std::vector<std::pair<std::string, operator_tls::context>> operator_tls::with_certificates() const {
    std::vector<std::pair<std::string, context>> all{{"connector", packets}, {"connector.client", links},
                                                     {"admin", admin},       {"auto_peering", auto_peering},
                                                     {"metrics", metrics},   {"spsp", spsp}};
    std::erase_if(all, [](const auto& each) { return each.second == nullptr || !each.second->not_after(); });
    return all;
}

std::vector<std::string> operator_tls::warnings() const {
    std::vector<std::string> all;
    for (const auto& [section, context] : with_certificates()) {
        for (const std::string& warning : context->warnings()) all.push_back(fmt::format("{}: {}", section, warning));
    }
    return all;
}

std::vector<std::pair<std::string, std::chrono::sys_seconds>> operator_tls::expiries() const {
    std::vector<std::pair<std::string, std::chrono::sys_seconds>> all;
    for (const auto& [section, context] : with_certificates()) all.emplace_back(section, *context->not_after());
    return all;
}

std::vector<std::string> operator_tls::expiry_warnings(std::chrono::system_clock::time_point now) const {
    std::vector<std::string> all;
    for (const auto& [section, at] : expiries()) {
        if (at > now + expires_soon) continue;
        all.push_back(fmt::format("{}: the certificate {} on {}: renew it, and reload", section,
                                  at > now ? "expires" : "has expired", to_date(at)));
    }
    return all;
}

}  // namespace connector
