#pragma once

#include <openssl/types.h>

#include <string>

namespace connector {

// For every client connection with a tls_context, whoever drives its handshake: a tls_filter, or Asio's ssl::stream
// (whose native_handle() is the SSL*). Do not give such a stream a verify callback of its own.

/// Has the handshake fail unless the server's certificate is for `host`, which is a name or an IP address without
/// brackets. A name is also sent to the server (SNI). Call it before the handshake.
void verify_host(SSL& ssl, const std::string& host);

/// After a failed handshake: a sentence about why it failed and what to do. The cause may be the other side's
/// certificate, its version of TLS, or that it does not speak TLS at all. The sentence consists of printable ASCII.
/// `error` is the first one of OpenSSL's queue (ERR_get_error()), or 0; the error_code that Asio reports has it, too.
std::string why_handshake_failed(SSL& ssl, unsigned long error);

/// Used by tls_context: every client connection verifies the server's certificate, and keeps what it finds.
void prepare_verification(SSL_CTX& context);

}  // namespace connector
