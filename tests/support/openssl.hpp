#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>

namespace support {

struct openssl_release {
    void operator()(SSL* ssl) const noexcept;
    void operator()(SSL_CTX* context) const noexcept;
};
using ssl_handle = std::unique_ptr<SSL, openssl_release>;
using ssl_context_handle = std::unique_ptr<SSL_CTX, openssl_release>;

/// From now on a write to a connection that the other side has closed is an error, and not the end of the program:
/// OpenSSL writes to sockets with write(), which cannot be told so.
void ignore_broken_pipes();

/// The errors in the thread's queue, which is empty afterwards.
std::string openssl_errors();

}  // namespace support
