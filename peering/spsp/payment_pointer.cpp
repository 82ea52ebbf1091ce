#include "peering/spsp/payment_pointer.hpp"

#include "config/loopback.hpp"
#include "config/value.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace peering {
namespace {

constexpr std::string_view well_known_path = "/.well-known/pay";
constexpr std::string_view expected_form = "expected a payment pointer, such as $example.com/alice, or an https:// URL";

std::unexpected<std::string> not_a_pointer(std::string why) {
    return std::unexpected{std::move(why)};
}

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

std::expected<config::http_endpoint, std::string> parse_endpoint(const std::string& url) {
    const auto type = config::http_url();
    auto endpoint = type.parse(url);
    if (endpoint) return *std::move(endpoint);
    return not_a_pointer(endpoint.error().empty() ? std::string{expected_form} : std::move(endpoint.error()));
}

/// `rest` is what follows the dollar sign.
std::expected<config::http_endpoint, std::string> parse_pointer(std::string_view rest) {
    if (rest.contains('?')) return not_a_pointer("a payment pointer has no query (?)");
    if (rest.contains('#')) return not_a_pointer("a payment pointer has no fragment (#)");
    const auto host = rest.substr(0, rest.find('/'));
    const auto path = rest.substr(host.size());
    if (host.empty()) return not_a_pointer("the payment pointer has no host after the $");
    if (host.contains('@')) return not_a_pointer("a payment pointer has no user name before its host");
    // The colons of an IPv6 address are within brackets.
    if (host.find(':', std::min(host.find(']'), host.size())) != std::string_view::npos ||
        (!host.starts_with('[') && host.contains(':'))) {
        return not_a_pointer("a payment pointer has no port: give the https:// URL instead");
    }
    const auto resolved = path.empty() || path == "/" ? well_known_path : path;
    return parse_endpoint(fmt::format("https://{}{}", host, resolved));
}

}  // namespace

std::expected<config::http_endpoint, std::string> parse_payment_pointer(std::string_view text) {
    if (text.empty()) return not_a_pointer(std::string{expected_form});
    if (!is_ascii(text)) {
        return not_a_pointer(
            "a payment pointer has visible ASCII characters only: write other letters of a host name in their "
            "ASCII form (xn--), and those of a path as %XX");
    }
    if (text.starts_with('$')) return parse_pointer(text.substr(1));
    if (!text.contains("://")) {
        return not_a_pointer("a payment pointer begins with $, such as $example.com/alice");
    }
    auto endpoint = parse_endpoint(std::string{text});
    if (!endpoint) return endpoint;
    if (!endpoint->is_https() && !config::is_loopback_address(endpoint->host())) {
        return not_a_pointer(
            "an http:// URL is not safe for payments, because everybody on the way could name "
            "another receiver: use https://");
    }
    if (text.contains('?')) return not_a_pointer("the URL of a receiver has no query (?)");
    if (endpoint->target() != "/") return endpoint;
    const auto size = text.size() - (text.ends_with('/') ? 1 : 0);
    return parse_endpoint(fmt::format("{}{}", text.substr(0, size), well_known_path));
}

std::expected<config::http_endpoint, std::string> redirected(const config::http_endpoint& from,
                                                             std::string_view location, redirect_scope scope) {
    location = location.substr(0, location.find('#'));  // it is for the client's user, and not part of the request
    std::string url{location};
    const std::string_view scheme = from.is_https() ? "https:" : "http:";
    if (location.starts_with("//")) {
        url = fmt::format("{}{}", scheme, location);
    } else if (location.starts_with('/')) {
        url = fmt::format("{}//{}{}", scheme, from.host_field(), location);
    }
    const auto parsed = config::http_url().parse(url);
    if (!parsed) return not_a_pointer("its redirect leads to no valid https:// URL");
    if (!parsed->is_https() && from.is_https()) {
        return not_a_pointer(
            "its redirect leads to an http:// URL, where everybody on the way could name another "
            "receiver");
    }
    if (scope == redirect_scope::same_host && !parsed->is_at_same_place_as(from)) {
        return not_a_pointer(
            fmt::format("it redirects to another host: if {} is a host that you trust with the "
                        "payment, pay to {} itself",
                        parsed->host_field(), parsed->url()));
    }
    return *parsed;
}

}  // namespace peering
