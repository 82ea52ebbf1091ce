#include "tests/support/tls_connection.hpp"

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <stdexcept>

namespace support {

tls_connection::tls_connection(std::uint16_t port, const tls_client_terms& terms)
    : socket_{connect_to(port)}, context_{SSL_CTX_new(TLS_client_method())} {
    ignore_broken_pipes();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(patience);
    const timeval limit{seconds.count(), 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    // Old versions are possible, so that a test sees the server refuse them.
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_min_proto_version(context_.get(), terms.version != 0 ? terms.version : TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), terms.version);
    if (!terms.roots.empty()) {
        if (SSL_CTX_load_verify_file(context_.get(), terms.roots.c_str()) != 1)
            throw std::runtime_error{terms.roots + ": " + openssl_errors()};
        SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    }
    if (!terms.certificate.empty()) {
        if (SSL_CTX_use_certificate_chain_file(context_.get(), terms.certificate.c_str()) != 1 ||
            SSL_CTX_use_PrivateKey_file(context_.get(), terms.key.c_str(), SSL_FILETYPE_PEM) != 1)
            throw std::runtime_error{terms.certificate + ": " + openssl_errors()};
    }
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), socket_.get());
    SSL_set1_host(ssl_.get(), terms.host.c_str());
    SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(terms.host.c_str()));  // the macro for it has a cast in the old style
    ERR_clear_error();
    if (SSL_connect(ssl_.get()) != 1) throw std::runtime_error{openssl_errors()};
}

bool tls_connection::send(std::string_view octets) {
    while (!octets.empty()) {
        std::size_t count = 0;
        if (SSL_write_ex(ssl_.get(), octets.data(), octets.size(), &count) != 1) return false;
        octets.remove_prefix(count);
    }
    return true;
}

std::optional<http_message> tls_connection::receive() {
    for (;;) {
        if (auto message = take_message(buffer_)) return message;
        if (!read_more()) return std::nullopt;
    }
}

bool tls_connection::wait_until_ended() {
    while (read_more()) {
    }
    return ended_orderly_;
}

bool tls_connection::read_more() {
    char octets[4096];
    std::size_t count = 0;
    ERR_clear_error();
    if (SSL_read_ex(ssl_.get(), octets, sizeof octets, &count) == 1) {
        buffer_.append(octets, count);
        return true;
    }
    ended_orderly_ = SSL_get_error(ssl_.get(), 0) == SSL_ERROR_ZERO_RETURN;
    return false;
}

std::string tls_connection::version() const {
    return SSL_get_version(ssl_.get());
}

std::string tls_connection::server_serial() const {
    const X509* const certificate = SSL_get0_peer_certificate(ssl_.get());
    if (certificate == nullptr) return {};
    BIGNUM* const number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr);
    char* const digits = BN_bn2hex(number);
    std::string serial = digits;
    OPENSSL_free(digits);
    BN_free(number);
    return serial;
}

}  // namespace support
