#pragma once

#include "connector/tls/openssl_handles.hpp"

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace connector {

class tls_context;

/// A certificate and its private key, both in PEM.
struct key_pair_files {
    std::string certificate;  ///< the holder's certificate first, followed by those that lead to a root, without it
    std::string key;
};

struct tls_server_options {
    key_pair_files files;
    /// Clients may show a certificate then. It is not verified, because no authority has to have signed it: the caller
    /// compares the pin of its key with those that it knows. That the client has the key is verified.
    bool asks_for_certificates = false;
    std::vector<std::string> protocols{};  ///< for ALPN, the preferred one first; a client without ALPN is welcome, too
};

struct tls_client_options {
    std::string roots{};                    ///< certificates in PEM; those of the system if empty
    std::optional<key_pair_files> files{};  ///< is shown to a server that asks for a certificate
    /// Shows the certificate that this client context shows, if any. Without `files`.
    std::shared_ptr<const tls_context> same_identity_as{};
    std::vector<std::string> protocols{};  ///< for ALPN, the preferred one first
};

/// What all TLS connections of a listener or of a link have in common. It never changes, and any thread may use it. To
/// renew a certificate, make another context: connections keep the one that they were made with.
///
/// TLS 1.2 and 1.3, without renegotiation, compression and early data. A client verifies the server's certificate; see
/// verify_host() in tls_verification.hpp.
class tls_context {
public:
    using result = std::expected<std::shared_ptr<const tls_context>, std::string>;

    // The errors are sentences that say which file has what problem, and what to do.
    static result server(const tls_server_options& options);
    static result client(const tls_client_options& options);

    /// It lives as long as this object, or longer with SSL_CTX_up_ref().
    SSL_CTX* native() const noexcept { return native_.get(); }

    /// When the first certificate of our own chain expires; nullopt for a client without one.
    std::optional<std::chrono::sys_seconds> not_after() const noexcept { return not_after_; }

    /// Sentences for the operator about files that work and should nevertheless be changed: an expired certificate, or
    /// a key that other users of the machine can read.
    const std::vector<std::string>& warnings() const noexcept { return warnings_; }

private:
    tls_context();
    std::string use(const key_pair_files& files);
    void use_identity_of(const tls_context& other);

    std::unique_ptr<SSL_CTX, release_openssl> native_;
    std::optional<std::chrono::sys_seconds> not_after_;
    std::vector<std::string> warnings_;
    std::string protocols_;  ///< as ALPN writes them
};

}  // namespace connector
