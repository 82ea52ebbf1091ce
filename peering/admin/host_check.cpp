#include "peering/admin/host_check.hpp"

#include "config/loopback.hpp"
#include "peering/records/text.hpp"

#include <algorithm>

namespace peering::admin {
namespace {

std::string lower_case(std::string_view text) {
    auto result = std::string{text};
    to_lower_case(result);
    return result;
}

/// The host in a Host header in lower case, without brackets and port; empty if there is none.
std::string host_in(std::string_view field) {
    if (!field.starts_with('[')) return lower_case(field.substr(0, field.find(':')));
    const auto end = field.find(']');
    return end == std::string_view::npos ? std::string{} : lower_case(field.substr(1, end - 1));
}

bool is_trusted(const std::string& host, const config::admin_settings& settings) {
    if (host.empty()) return false;
    return host == "localhost" || config::is_loopback_address(host) || host == lower_case(settings.listen.host) ||
           std::ranges::find(settings.hosts, host) != settings.hosts.end();
}

/// An origin is a scheme, "://", and what a Host header would contain; "null" if the browser hides it.
bool is_of_same_origin(std::string_view origin, std::string_view host) {
    const auto begin = origin.find("://");
    return begin != std::string_view::npos && lower_case(origin.substr(begin + 3)) == lower_case(host);
}

}  // namespace

std::string_view fault_of_host(const std::string* host, const std::string* origin,
                               const config::admin_settings& settings) {
    if (host == nullptr || !is_trusted(host_in(trimmed(*host)), settings)) {
        return "The Host header names neither a loopback address nor one of admin.hosts: list the name there, or set "
               "admin.api_secret and sign the requests.";
    }
    if (origin != nullptr && !is_of_same_origin(trimmed(*origin), trimmed(*host))) {
        return "The Origin header names another host than the Host header: pages of other origins may not use the "
               "Admin API.";
    }
    return {};
}

}  // namespace peering::admin
