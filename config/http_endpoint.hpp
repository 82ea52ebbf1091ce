#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace config {

/// A validated `http://host[:port]/path` or https URL (see http_url and packet_url in value.hpp). Since every peer has
/// one and its parts are needed only to open a connection, it stores a single text and the positions of the parts.
class http_endpoint {
public:
    struct places {
        std::uint16_t host = 0;
        std::uint16_t host_end = 0;
        std::uint16_t target = 0;
    };

    /// An empty endpoint, for terms that have not been read yet.
    http_endpoint() = default;
    /// Precondition: the positions match the URL.
    http_endpoint(std::string url, const places& places, std::uint16_t port)
        : url_{std::move(url)}, places_{places}, port_{port} {}

    /// The URL as written.
    const std::string& url() const noexcept { return url_; }
    bool is_https() const noexcept { return url_.size() > 4 && (url_[4] == 's' || url_[4] == 'S'); }
    /// Host name or IP address, without brackets.
    std::string host() const;
    std::uint16_t port() const noexcept { return port_; }
    /// Path and query; never empty.
    std::string target() const;
    /// Value of the Host header field.
    std::string host_field() const;

    /// True if both have the same host and port.
    bool is_at_same_place_as(const http_endpoint& other) const;

    /// True if requests to both URLs reach the same place, however the URLs are written.
    bool leads_where(const http_endpoint& other) const {
        return is_at_same_place_as(other) && target() == other.target();
    }

    friend bool operator==(const http_endpoint& a, const http_endpoint& b) { return a.url_ == b.url_; }

private:
    std::string url_;
    places places_;
    std::uint16_t port_ = 0;
};

}  // namespace config
