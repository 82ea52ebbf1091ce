#include "connector/tls/tls_session.hpp"

#include "connector/tls/certificate.hpp"
#include "ilp/invariant.hpp"

namespace connector {

int tls_session::index() {
    static const int made = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return made;
}

void tls_session::enable(SSL_CTX& context) {
    SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(&context, &tls_session::keep);
}

void tls_session::use_for(SSL& ssl) {
    ilp::require(SSL_set_ex_data(&ssl, index(), this) == 1, "OpenSSL keeps data for us");
    if (!last_) return;
    const X509* const certificate = SSL_SESSION_get0_peer(last_.get());
    const bool is_fresh = std::chrono::steady_clock::now() - verified_at_ < age_max;
    if (is_fresh && certificate != nullptr && expiry_of(*certificate) > std::chrono::system_clock::now()) {
        SSL_set_session(&ssl, last_.get());
    } else {
        last_.reset();
    }
}

/// Called by OpenSSL. To return 1 is to own the session from now on.
int tls_session::keep(SSL* ssl, SSL_SESSION* session) {
    auto* const self = static_cast<tls_session*>(SSL_get_ex_data(ssl, index()));
    if (self == nullptr) return 0;
    if (SSL_session_reused(ssl) == 0) self->verified_at_ = std::chrono::steady_clock::now();
    self->last_.reset(session);
    return 1;
}

}  // namespace connector
