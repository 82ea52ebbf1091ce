#pragma once

#include "connector/tls/openssl_handles.hpp"

#include <chrono>
#include <memory>

namespace connector {

/// The last session that a server has given to the connections of one link. The next connection offers it to the
/// server, which saves both sides most of the cost of a handshake. It must be used for one server and one context only:
/// a resumed connection does not verify the certificate again. So that an expired or withdrawn one is noticed, a
/// session is not used beyond the certificate's time, nor longer than `age_max` after the certificate was verified.
class tls_session {
public:
    static constexpr std::chrono::hours age_max{1};

    tls_session() = default;
    tls_session(const tls_session&) = delete;
    tls_session& operator=(const tls_session&) = delete;

    /// Offers the session in the handshake of `ssl`, if there is a usable one, and keeps what the server gives. It must
    /// outlive `ssl`.
    void use_for(SSL& ssl);

    /// Used by tls_context: connections of `context` keep their sessions if use_for() was called for them.
    static void enable(SSL_CTX& context);

private:
    static int index();
    static int keep(SSL* ssl, SSL_SESSION* session);

    std::unique_ptr<SSL_SESSION, release_openssl> last_;
    std::chrono::steady_clock::time_point verified_at_;
};

}  // namespace connector
