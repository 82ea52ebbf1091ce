#pragma once

#include <openssl/types.h>

#include <string>

namespace connector {

// For every client connection with a tls_context, whoever drives its handshake: a tls_filter, or Asio's ssl::stream
// (whose native_handle() is the SSL*). Do not give such a stream a verify callback of its own.

/// Has the handshake fail unless the server's certificate is for `host`, which is a name or an IP address without
/// brackets. A name is also sent to the server (SNI). Call it before the handshake.
void verify_host(SSL& ssl, const std::string& host);

/// After a failed handshake: a sentence about why it failed and what to do, in the other side's certificate, in its
/// version of TLS, or because it does not speak TLS at all. It is safe for a log line. Call it before anything else on
/// this thread uses OpenSSL: it empties the thread's queue of errors.
std::string why_handshake_failed(SSL& ssl);

}  // namespace connector
