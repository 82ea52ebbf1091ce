#pragma once

#include "config/settings.hpp"
#include "connector/loop/byte_stream.hpp"
#include "connector/tls/tls_context.hpp"
#include "connector/tls/tls_session.hpp"

#include <cstdint>
#include <expected>
#include <memory>
#include <string>

namespace connector {

/// TLS as all links of a worker have it in common: our own certificate, and the authorities that the system trusts. A
/// reload replaces the context, and connections that are made later use the new one.
struct links_tls {
    std::shared_ptr<const tls_context> context;
};

/// The versions of HTTP that a new connection offers to its host (ALPN).
enum class http_offer : std::uint8_t { http1, http2, both };

/// TLS of the link to one peer: who is trusted to vouch for the peer, and the last session with it.
class link_tls {
public:
    /// `common` must outlive the object, and have a context. The error says why the peer's own authorities cannot be
    /// used.
    static std::expected<std::unique_ptr<link_tls>, std::string> make(const links_tls& common,
                                                                      const config::outgoing_http_settings& settings);

    /// For a new connection to the peer's endpoint.
    std::unique_ptr<stream_filter> make_filter(http_offer offer = http_offer::http1);

private:
    link_tls(const links_tls& common, const config::outgoing_http_settings& settings);
    std::string renew();

    const links_tls& common_;
    const std::string host_;
    const std::string roots_;                       ///< empty: those of the common context
    std::shared_ptr<const tls_context> made_from_;  ///< the common context
    std::shared_ptr<const tls_context> context_;
    std::shared_ptr<tls_session> session_;
};

}  // namespace connector
