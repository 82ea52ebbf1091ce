#include "peering/store/postgres/postgres_url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <libpq-fe.h>
#include <memory>

namespace peering {
namespace {

constexpr std::string_view unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

std::string percent_encoded(std::string_view text, std::string_view also_allowed = {}) {
    std::string encoded;
    for (const char c : text) {
        if (unreserved.contains(c) || also_allowed.contains(c)) {
            encoded += c;
        } else {
            encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return encoded;
}

/// An empty string is an empty list.
std::vector<std::string_view> split(std::string_view list) {
    std::vector<std::string_view> parts;
    while (!list.empty()) {
        const std::size_t comma = list.find(',');
        parts.push_back(list.substr(0, comma));
        if (comma == std::string_view::npos) break;
        list.remove_prefix(comma + 1);
        if (list.empty()) parts.emplace_back();
    }
    return parts;
}

/// True for a directory of Unix sockets, which cannot be the authority of a URL.
bool is_directory(std::string_view host) noexcept {
    return host.starts_with('/');
}

}  // namespace

bool is_postgres_url(std::string_view url) noexcept {
    return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

std::optional<postgres_url> postgres_url::parse(const std::string& url) {
    // libpq would read the URL only up to the first NUL.
    if (!is_postgres_url(url) || url.contains('\0')) return std::nullopt;
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options{PQconninfoParse(url.c_str(), nullptr),
                                                                               &PQconninfoFree};
    if (!options) return std::nullopt;
    postgres_url parsed;
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val != nullptr && *option->val != '\0')
            parsed.parameters_.emplace_back(option->keyword, option->val);
    }
    const bool is_plausible = !parsed.value_of("host").contains('@') && !parsed.value_of("hostaddr").contains('@') &&
                              !parsed.value_of("dbname").contains('@') &&
                              parsed.value_of("port").find_first_not_of("0123456789,") == std::string_view::npos;
    if (!is_plausible) return std::nullopt;
    return parsed;
}

std::string_view postgres_url::value_of(std::string_view keyword) const noexcept {
    const auto found = std::ranges::find(parameters_, keyword, &std::pair<std::string, std::string>::first);
    return found == parameters_.end() ? std::string_view{} : std::string_view{found->second};
}

void postgres_url::set(std::string_view keyword, std::string_view value) {
    std::erase_if(parameters_, [keyword](const auto& parameter) { return parameter.first == keyword; });
    if (!value.empty()) parameters_.emplace_back(keyword, value);
}

std::vector<postgres_url> postgres_url::each_host() const {
    const std::vector<std::string_view> hosts = split(value_of("host"));
    const std::vector<std::string_view> addresses = split(value_of("hostaddr"));
    const std::vector<std::string_view> ports = split(value_of("port"));
    const std::size_t count = addresses.empty() ? hosts.size() : addresses.size();
    // If the lists do not match, libpq reports the error.
    const bool fits = (hosts.empty() || hosts.size() == count) && (ports.size() <= 1 || ports.size() == count);
    if (count < 2 || !fits) return {*this};
    std::vector<postgres_url> urls(count, *this);
    for (std::size_t i = 0; i < count; ++i) {
        if (!hosts.empty()) urls[i].set("host", hosts[i]);
        if (!addresses.empty()) urls[i].set("hostaddr", addresses[i]);
        if (ports.size() > 1) urls[i].set("port", ports[i]);
    }
    return urls;
}

std::string postgres_url::printable() const {
    const std::string_view host = value_of("host").empty() ? value_of("hostaddr") : value_of("host");
    std::string text = "postgresql://";
    if (!value_of("user").empty()) text += percent_encoded(value_of("user")) + "@";
    if (!is_directory(host)) text += host.contains(':') ? fmt::format("[{}]", host) : percent_encoded(host, ",");
    if (!value_of("port").empty()) text += fmt::format(":{}", value_of("port"));
    text += "/" + percent_encoded(value_of("dbname"));
    if (is_directory(host)) text += "?host=" + percent_encoded(host, "/,");
    return text;
}

}  // namespace peering
