#include "config/http_endpoint.hpp"

#include <algorithm>

namespace config {

std::string http_endpoint::host() const {
    return url_.substr(places_.host, places_.host_end - places_.host);
}

std::string http_endpoint::target() const {
    auto target = url_.substr(places_.target);
    if (!target.starts_with('/')) target.insert(0, 1, '/');
    return target;
}

std::string http_endpoint::host_field() const {
    const std::uint16_t default_port = is_https() ? 443 : 80;
    auto field = host();
    if (field.contains(':')) field = '[' + field + ']';
    if (port_ != default_port) field += ':' + std::to_string(port_);
    return field;
}

bool http_endpoint::is_at_same_place_as(const http_endpoint& other) const {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
    return port_ == other.port_ && std::ranges::equal(host(), other.host(), {}, lower, lower);
}

}  // namespace config
