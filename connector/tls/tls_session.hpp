#pragma once

#include <openssl/types.h>

#include <memory>

namespace connector {

/// The last session that a server has given to the connections of one link. The next connection offers it to the
/// server, which saves both sides most of the cost of a handshake. It must be used for one server and one context only:
/// a resumed connection does not verify the certificate again.
class tls_session {
public:
    /// Null if there is none.
    SSL_SESSION* last() const noexcept { return last_.get(); }
    /// Owns `session` from now on.
    void keep(SSL_SESSION* session) noexcept { last_.reset(session); }

private:
    struct release {
        void operator()(SSL_SESSION* session) const noexcept;
    };
    std::unique_ptr<SSL_SESSION, release> last_;
};

}  // namespace connector
