#pragma once

#include <openssl/ssl.h>

namespace connector {

// The other side decides how much it says in a handshake, and OpenSSL keeps it until the end, or longer: its own bounds
// are there for correctness, and leave room for megabytes. A list of 15 000 names of authorities, for instance, has
// 60 KB and takes 2.8 MiB until the handshake ends. These bounds leave the others ten times what an ordinary handshake
// has.

/// For a context of a server.
void bound_clients(SSL_CTX& context);

/// For a context of a client.
void bound_servers(SSL_CTX& context);

/// For a server that asks for certificates: whether this client shows so few that they may be kept.
bool is_bounded_chain(X509_STORE_CTX& shown);

}  // namespace connector
