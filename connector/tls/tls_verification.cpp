#include "connector/tls/tls_verification.hpp"

#include "connector/tls/certificate.hpp"
#include "ilp/invariant.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <string_view>

namespace connector {
namespace {

/// What a connection knows about its verification. It belongs to the SSL object.
struct verification {
    std::string host;
    std::string complaint;  ///< about the server's certificate
};

void free_verification(void*, void* data, CRYPTO_EX_DATA*, int, long, void*) {
    delete static_cast<verification*>(data);
}

int verification_index() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, &free_verification);
    return index;
}

verification& verification_of(SSL& ssl) {
    auto* found = static_cast<verification*>(SSL_get_ex_data(&ssl, verification_index()));
    if (found == nullptr) {
        found = new verification;
        ilp::require(SSL_set_ex_data(&ssl, verification_index(), found) == 1, "OpenSSL keeps data for us");
    }
    return *found;
}

/// A text of the other side, for a line of the log.
std::string printable(std::string_view text) {
    constexpr std::size_t size_max = 100;
    std::string shown{text.substr(0, size_max)};
    std::ranges::replace_if(shown, [](char c) { return c < ' ' || c > '~'; }, '?');
    if (text.size() > size_max) shown += "...";
    return shown;
}

std::string name_text(const X509_NAME* name) {
    char* const line = X509_NAME_oneline(name, nullptr, 0);
    if (line == nullptr) return "?";
    std::string text = printable(line);
    OPENSSL_free(line);
    return text;
}

std::string address_text(const ASN1_OCTET_STRING* octets) {
    char text[INET6_ADDRSTRLEN] = "?";
    const unsigned char* const data = ASN1_STRING_get0_data(octets);
    if (ASN1_STRING_length(octets) == 4) ::inet_ntop(AF_INET, data, text, sizeof text);
    if (ASN1_STRING_length(octets) == 16) ::inet_ntop(AF_INET6, data, text, sizeof text);
    return text;
}

/// The names and addresses that a certificate is for; the first few of them.
std::string names_in(const X509& certificate) {
    constexpr int shown_max = 5;
    auto* const names =
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr));
    std::string list;
    int shown = 0;
    for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names); ++i) {
        const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS && name->type != GEN_IPADD) continue;
        if (shown++ == shown_max) {
            list += ", ...";
            break;
        }
        if (!list.empty()) list += ", ";
        if (name->type == GEN_IPADD) {
            list += address_text(name->d.iPAddress);
        } else {
            list += printable({reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                               static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))});
        }
    }
    GENERAL_NAMES_free(names);
    return list.empty() ? "no name at all" : list;
}

std::string describe(int error, int depth, const X509& certificate, const std::string& host) {
    const std::string whose =
        depth == 0 ? "its certificate" : "the certificate of " + name_text(X509_get_subject_name(&certificate));
    switch (error) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return whose + " expired on " + to_date(expiry_of(certificate)) +
                   ": the other side must renew it, if this machine's clock is right";
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return whose + " is valid only from " + to_date(start_of(certificate)) +
                   ": check the clocks of this machine and of the other side";
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return "its certificate is for " + names_in(certificate) + ", not for " + printable(host) +
                   ": use a name of the certificate in the URL, or the other side needs a certificate for this one";
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            return "its certificate is self-signed and not among the trusted ones: "
                   "if you trust it, name a file with it as the CA file";
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:  // by another authority of the same name
            return whose + " was issued by " + name_text(X509_get_issuer_name(&certificate)) +
                   ", which is not trusted here: if you trust it, name a file with the issuer's certificate as the CA "
                   "file; or the other side does not send the intermediate certificates";
        default:
            return whose + " was refused: " + X509_verify_cert_error_string(error);
    }
}

int keep_complaint(int ok, X509_STORE_CTX* store) {
    if (ok == 1) return 1;
    auto* const ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    const X509* const certificate = X509_STORE_CTX_get_current_cert(store);
    verification& kept = verification_of(*ssl);
    if (kept.complaint.empty()) {
        const int error = X509_STORE_CTX_get_error(store);
        kept.complaint = certificate == nullptr
                             ? X509_verify_cert_error_string(error)
                             : describe(error, X509_STORE_CTX_get_error_depth(store), *certificate, kept.host);
    }
    return 0;
}

bool is_address(const std::string& host) {
    unsigned char address[sizeof(in6_addr)];
    return ::inet_pton(AF_INET, host.c_str(), address) == 1 || ::inet_pton(AF_INET6, host.c_str(), address) == 1;
}

}  // namespace

void prepare_verification(SSL_CTX& context) {
    SSL_CTX_set_verify(&context, SSL_VERIFY_PEER, &keep_complaint);
    X509_VERIFY_PARAM_set_hostflags(SSL_CTX_get0_param(&context),
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
}

void verify_host(SSL& ssl, const std::string& host) {
    verification_of(ssl).host = host;
    X509_VERIFY_PARAM* const wanted = SSL_get0_param(&ssl);
    bool done = false;
    if (is_address(host)) {
        done = X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1;
    } else {
        // Names may end with a dot, and those of certificates never do.
        const std::string name = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
        done = !name.empty() && X509_VERIFY_PARAM_set1_host(wanted, name.c_str(), name.size()) == 1 &&
               SSL_ctrl(&ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                        const_cast<char*>(name.c_str())) == 1;
    }
    // Without a name to compare with, OpenSSL would accept every certificate. No certificate is for this one.
    if (!done) X509_VERIFY_PARAM_set1_host(wanted, "invalid", 0);
    ERR_clear_error();
}

std::string why_handshake_failed(SSL& ssl, unsigned long error) {
    if (const std::string& complaint = verification_of(ssl).complaint; !complaint.empty()) return complaint;
    if (error == 0 || ERR_GET_LIB(error) != ERR_LIB_SSL) return "the connection ended during the TLS handshake";
    switch (ERR_GET_REASON(error)) {
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_HTTP_REQUEST:
        case SSL_R_HTTPS_PROXY_REQUEST:
        case SSL_R_UNEXPECTED_MESSAGE:
        case SSL_R_RECORD_LENGTH_MISMATCH:
        case SSL_R_PACKET_LENGTH_TOO_LONG:
        case SSL_R_ENCRYPTED_LENGTH_TOO_LONG:
        case SSL_R_BAD_RECORD_TYPE:
            return "the other side does not speak TLS on this port: use its port for TLS, or http:// where that is "
                   "allowed";
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_NO_PROTOCOLS_AVAILABLE:
        case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
            return "the other side speaks neither TLS 1.2 nor TLS 1.3: it must be updated";
        case SSL_R_NO_SHARED_CIPHER:
        case SSL_R_NO_SUITABLE_KEY_SHARE:
        case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
            return "the two sides have no method of encryption in common, or the other side requires a certificate "
                   "of ours";
        case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
            return "the other side requires a certificate of ours: give it one";
        case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
        case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
        case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
            return std::string{"the other side does not accept our certificate ("} + ERR_reason_error_string(error) +
                   ")";
        case SSL_R_CALLBACK_FAILED:
        case SSL_R_EXCESSIVE_MESSAGE_SIZE:
        case SSL_R_CERTIFICATE_VERIFY_FAILED:
        case SSL_R_CERT_CB_ERROR:
            return "the other side sends more in its handshake than is accepted: shorten the chain of certificates "
                   "that it shows, or its list of authorities";
        case SSL_R_UNEXPECTED_EOF_WHILE_READING:
            return "the other side closed the connection during the TLS handshake";
        default: {
            const char* const reason = ERR_reason_error_string(error);
            return std::string{"TLS failed: "} + (reason != nullptr ? reason : "unknown error");
        }
    }
}

}  // namespace connector
