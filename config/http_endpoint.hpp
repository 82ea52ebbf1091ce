#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace config {

/// An `http://host[:port]/path` URL that was checked (http_url in value.hpp). It keeps one text and says where the
/// parts lie: there is one for each peer, and the parts are wanted when a connection is made.
class http_endpoint {
public:
    struct places {
        std::uint16_t host = 0;
        std::uint16_t host_end = 0;
        std::uint16_t target = 0;
    };

    /// Nowhere: of terms that are not read yet.
    http_endpoint() = default;
    /// Precondition: the parts lie there.
    http_endpoint(std::string url, const places& places, std::uint16_t port)
        : url_{std::move(url)}, places_{places}, port_{port} {}

    /// As written.
    const std::string& url() const noexcept { return url_; }
    /// Name or literal address, without brackets.
    std::string host() const;
    std::uint16_t port() const noexcept { return port_; }
    /// Path and query, never empty.
    std::string target() const;
    /// Value of the header field Host.
    std::string host_field() const;

    friend bool operator==(const http_endpoint& a, const http_endpoint& b) { return a.url_ == b.url_; }

private:
    std::string url_;
    places places_;
    std::uint16_t port_ = 0;
};

}  // namespace config
