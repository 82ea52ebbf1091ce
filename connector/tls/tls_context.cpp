#include "connector/tls/tls_context.hpp"

#include "connector/tls/certificate.hpp"
#include "connector/tls/handshake_bounds.hpp"
#include "connector/tls/pem_file.hpp"
#include "connector/tls/tls_session.hpp"
#include "connector/tls/tls_verification.hpp"
#include "ilp/invariant.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <sys/stat.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

namespace connector {
namespace {

constexpr const char* ciphers_of_tls_1_2 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* ciphers_of_tls_1_3 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

/// Each name behind its length (RFC 7301).
std::string to_alpn(const std::vector<std::string>& protocols) {
    std::string list;
    for (const std::string& each : protocols) {
        list += static_cast<char>(each.size());
        list += each;
    }
    return list;
}

/// A client that offers only unknown protocols is served without one, and sees what it gets.
int select_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void* ours) {
    const auto& list = *static_cast<const std::string*>(ours);
    unsigned char* found = nullptr;
    const int result = SSL_select_next_proto(&found, size, reinterpret_cast<const unsigned char*>(list.data()),
                                             static_cast<unsigned>(list.size()), offered, offered_size);
    *chosen = found;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

/// Any certificate will do. That the other side has its key is checked elsewhere, when the handshake is signed.
int accept_certificate(X509_STORE_CTX* shown, void*) {
    if (is_bounded_chain(*shown)) return 1;
    X509_STORE_CTX_set_error(shown, X509_V_ERR_CERT_CHAIN_TOO_LONG);
    return 0;
}

void configure(SSL_CTX* native) {
    bool done = SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION) == 1 &&
                SSL_CTX_set_max_proto_version(native, TLS1_3_VERSION) == 1 &&
                SSL_CTX_set_cipher_list(native, ciphers_of_tls_1_2) == 1 &&
                SSL_CTX_set_ciphersuites(native, ciphers_of_tls_1_3) == 1 &&
                SSL_CTX_set1_groups_list(native, "X25519:P-256:P-384") == 1;
    ilp::require(done, "OpenSSL knows the ciphers and groups that we use");
    SSL_CTX_set_security_level(native, 2);
    SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                    SSL_OP_PRIORITIZE_CHACHA | SSL_OP_NO_QUERY_MTU);
    SSL_CTX_clear_options(native, SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION | SSL_OP_LEGACY_SERVER_CONNECT |
                                      SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_TICKET);
    SSL_CTX_clear_mode(native, SSL_MODE_RELEASE_BUFFERS);
    // AUTO_RETRY: a read goes on behind messages of TLS itself, such as tickets, until it has content or no more bytes.
    SSL_CTX_set_mode(native, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_max_early_data(native, 0);
    SSL_CTX_set_recv_max_early_data(native, 0);
}

bool can_be_read_by_others(const std::string& file) {
    struct stat status{};
    return ::stat(file.c_str(), &status) == 0 && (status.st_mode & (S_IROTH | S_IWOTH)) != 0;
}

}  // namespace

tls_context::tls_context() : native_{SSL_CTX_new(TLS_method())} {
    ilp::require(native_ != nullptr, "OpenSSL makes a context");
    configure(native_.get());
}

/// Returns what is wrong, or an empty text.
std::string tls_context::use(const key_pair_files& files) {
    const auto certificate_text = read_pem_file(files.certificate);
    if (!certificate_text) return certificate_text.error();
    const auto chain = parse_certificates(*certificate_text);
    if (!chain) return files.certificate + ": " + chain.error();
    auto key_text = read_pem_file(files.key);
    if (!key_text) return key_text.error();
    const auto key = parse_key(*key_text);
    OPENSSL_cleanse(key_text->data(), key_text->size());
    if (!key) return files.key + ": " + key.error();
    if (X509_check_private_key(chain->front().get(), key->get()) != 1) {
        ERR_clear_error();
        return files.key + ": this is not the key of the first certificate in " + files.certificate +
               ": the holder's own certificate must be the first one, and the two files must be of the same issue";
    }
    if (SSL_CTX_use_certificate(native_.get(), chain->front().get()) != 1) {
        return files.certificate + ": " + take_openssl_error();
    }
    if (SSL_CTX_use_PrivateKey(native_.get(), key->get()) != 1) return files.key + ": " + take_openssl_error();
    for (const auto& each : std::span{*chain}.subspan(1)) {
        if (SSL_CTX_add1_chain_cert(native_.get(), each.get()) != 1) {
            return files.certificate + ": " + take_openssl_error();
        }
    }
    not_after_ = facts_of(*chain).not_after;
    if (*not_after_ < std::chrono::system_clock::now()) {
        warnings_.push_back(files.certificate + ": expired on " + to_date(*not_after_) +
                            ", so others refuse the connection: renew it, and send SIGHUP");
    }
    if (can_be_read_by_others(files.key)) {
        warnings_.push_back(files.key + ": every user of this machine can access the key: " +
                            "chmod 0640 and give it to root and the daemon's group");
    }
    return {};
}

void tls_context::use_identity_of(const tls_context& other) {
    SSL_CTX* const native = native_.get();
    X509* const certificate = SSL_CTX_get0_certificate(other.native());
    if (certificate == nullptr) return;
    STACK_OF(X509)* chain = nullptr;
    // SSL_CTX_get0_chain_certs() as a call: the macro converts implicitly.
    SSL_CTX_ctrl(other.native(), SSL_CTRL_GET_CHAIN_CERTS, 0, static_cast<void*>(&chain));
    const bool done = SSL_CTX_use_certificate(native, certificate) == 1 &&
                      SSL_CTX_use_PrivateKey(native, SSL_CTX_get0_privatekey(other.native())) == 1 &&
                      (chain == nullptr || SSL_CTX_set1_chain(native, chain) == 1);
    ilp::require(done, "what one context has accepted, another one accepts");
    not_after_ = other.not_after_;
}

tls_context::result tls_context::server(const tls_server_options& options) {
    const std::shared_ptr<tls_context> made{new tls_context};
    SSL_CTX* const native = made->native();
    if (std::string problem = made->use(options.files); !problem.empty()) return std::unexpected{std::move(problem)};
    bound_clients(*native);
    // Sessions are in tickets only, so clients cannot fill our memory with them.
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(native, 1);
    constexpr std::string_view id = "ilpd";
    SSL_CTX_set_session_id_context(native, reinterpret_cast<const unsigned char*>(id.data()), id.size());
    if (options.asks_for_certificates) {
        SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
        SSL_CTX_set_cert_verify_callback(native, &accept_certificate, nullptr);
    }
    if (!options.protocols.empty()) {
        made->protocols_ = to_alpn(options.protocols);
        SSL_CTX_set_alpn_select_cb(native, &select_protocol, &made->protocols_);
    }
    return made;
}

tls_context::result tls_context::client(const tls_client_options& options) {
    const std::shared_ptr<tls_context> made{new tls_context};
    SSL_CTX* const native = made->native();
    if (options.roots.empty()) {
        if (SSL_CTX_set_default_verify_paths(native) != 1) {
            return std::unexpected{"the trusted certificates of this system cannot be read (" + take_openssl_error() +
                                   "): install the package ca-certificates"};
        }
    } else {
        const auto roots = parse_certificates(options.roots);
        if (!roots) return std::unexpected{"the trusted certificates: " + roots.error()};
        X509_STORE* const store = SSL_CTX_get_cert_store(native);
        for (const auto& each : *roots) X509_STORE_add_cert(store, each.get());
        // Who names a certificate trusts it, also if it is an intermediate one or the server's own.
        X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(native), X509_V_FLAG_PARTIAL_CHAIN);
    }
    if (options.files) {
        if (std::string problem = made->use(*options.files); !problem.empty()) {
            return std::unexpected{std::move(problem)};
        }
    }
    if (options.same_identity_as) made->use_identity_of(*options.same_identity_as);
    prepare_verification(*native);
    bound_servers(*native);
    tls_session::enable(*native);
    if (!options.protocols.empty()) {
        const std::string list = to_alpn(options.protocols);
        ilp::require(SSL_CTX_set_alpn_protos(native, reinterpret_cast<const unsigned char*>(list.data()),
                                             static_cast<unsigned>(list.size())) == 0,
                     "the names of protocols have 1 to 255 bytes");
    }
    return made;
}

}  // namespace connector
