#include "config/store_password.hpp"

#include <algorithm>

namespace config {
namespace {

/// The part of a PostgreSQL URL before the host, as libpq finds it; empty if there is none.
std::string_view user_in(std::string_view after_scheme) noexcept {
    const auto end = after_scheme.find_first_of("@/");
    const bool is_there = end != std::string_view::npos && after_scheme[end] == '@';
    return is_there ? after_scheme.substr(0, end) : std::string_view{};
}

/// The password of a key (sslpassword) is one, too, and a percent sign may encode a letter of the name.
bool is_name_of_password(std::string_view parameter) noexcept {
    return parameter.contains("password") || parameter.contains('%');
}

}  // namespace

bool has_password(std::string_view store_url) noexcept {
    if (!store_url.starts_with("postgresql://") && !store_url.starts_with("postgres://")) return false;
    const auto rest = store_url.substr(store_url.find("//") + 2);
    const auto user = user_in(rest);
    if (user.contains(':') && !user.ends_with(':')) return true;
    auto parameters = rest.substr(std::min(rest.find('?'), rest.size()));
    while (!parameters.empty()) {
        parameters.remove_prefix(1);  // ? or &
        const auto parameter = parameters.substr(0, parameters.find('&'));
        if (is_name_of_password(parameter.substr(0, parameter.find('=')))) return true;
        parameters.remove_prefix(parameter.size());
    }
    return false;
}

}  // namespace config
