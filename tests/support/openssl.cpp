#include "tests/support/openssl.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <csignal>

namespace support {

void openssl_release::operator()(SSL* ssl) const noexcept {
    SSL_free(ssl);
}

void openssl_release::operator()(SSL_CTX* context) const noexcept {
    SSL_CTX_free(context);
}

void ignore_broken_pipes() {
    std::signal(SIGPIPE, SIG_IGN);
}

std::string openssl_errors() {
    std::string all;
    while (const unsigned long code = ERR_get_error()) {
        const char* const reason = ERR_reason_error_string(code);
        if (!all.empty()) all += ", ";
        all += reason != nullptr ? reason : std::to_string(code);
    }
    return all.empty() ? "the connection ended" : all;
}

}  // namespace support
