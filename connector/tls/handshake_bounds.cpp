#include "connector/tls/handshake_bounds.hpp"

#include <openssl/tls1.h>
#include <openssl/x509_vfy.h>

#include <cstddef>
#include <memory>
#include <span>

namespace connector {
namespace {

constexpr std::size_t client_hello_size_max = 16 * 1024;     // of its extensions together; usually less than 2 KiB
constexpr std::size_t names_of_authorities_size_max = 1024;  // from a client; hardly any client sends them
constexpr int names_of_authorities_max = 256;                // from a server
constexpr long chain_size_max_of_client = 16 * 1024;
constexpr int chain_length_max_of_client = 10;
constexpr long chain_size_max_of_server = 32 * 1024;

std::size_t size_of_extension(SSL* connection, int type) {
    const unsigned char* content = nullptr;
    std::size_t size = 0;
    return SSL_client_hello_get0_ext(connection, static_cast<unsigned>(type), &content, &size) == 1 ? size : 0;
}

/// Called when all of a ClientHello has arrived, before its extensions are taken over.
int check_client_hello(SSL* connection, int* alert, void*) {
    int* found = nullptr;
    std::size_t count = 0;
    if (SSL_client_hello_get1_extensions_present(connection, &found, &count) != 1) return SSL_CLIENT_HELLO_ERROR;
    const auto release = [](int* types) { OPENSSL_free(types); };
    const std::unique_ptr<int, decltype(release)> types{found, release};
    std::size_t size = 0;
    for (const int type : std::span{found, count}) size += size_of_extension(connection, type);
    if (size <= client_hello_size_max &&
        size_of_extension(connection, TLSEXT_TYPE_certificate_authorities) <= names_of_authorities_size_max) {
        return SSL_CLIENT_HELLO_SUCCESS;
    }
    *alert = SSL_AD_DECODE_ERROR;
    return SSL_CLIENT_HELLO_ERROR;
}

/// Called when a server has asked for a certificate.
int check_request_for_certificate(SSL* connection, void*) {
    const STACK_OF(X509_NAME)* const names = SSL_get0_peer_CA_list(connection);
    return names == nullptr || sk_X509_NAME_num(names) <= names_of_authorities_max ? 1 : 0;
}

}  // namespace

void bound_clients(SSL_CTX& context) {
    SSL_CTX_set_client_hello_cb(&context, &check_client_hello, nullptr);
    SSL_CTX_set_max_cert_list(&context, chain_size_max_of_client);
}

void bound_servers(SSL_CTX& context) {
    SSL_CTX_set_cert_cb(&context, &check_request_for_certificate, nullptr);
    SSL_CTX_set_max_cert_list(&context, chain_size_max_of_server);
}

bool is_bounded_chain(X509_STORE_CTX& shown) {
    const STACK_OF(X509)* const chain = X509_STORE_CTX_get0_untrusted(&shown);
    return chain == nullptr || sk_X509_num(chain) <= chain_length_max_of_client;
}

}  // namespace connector
