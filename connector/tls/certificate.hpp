#pragma once

#include <openssl/types.h>

#include <chrono>
#include <expected>
#include <string>

namespace connector {

/// What an operator wants to know about a certificate.
struct certificate_facts {
    std::chrono::sys_seconds not_before{};
    std::chrono::sys_seconds not_after{};
    std::string key_pin;  ///< see pin_of_key()
};

/// Reads a file with a chain of certificates in PEM. The facts are those of the first one, which is the holder's own;
/// but if another one of the chain expires earlier, `not_after` is its time. The error is a sentence that names the
/// file.
std::expected<certificate_facts, std::string> read_certificate_file(const std::string& file);

/// Checks a text with one certificate or more in PEM. Returns what is wrong with it, to be put behind its name, or an
/// empty text.
std::string complaint_about_certificates(const std::string& pem);

/// The SHA-256 of the certificate's public key (its SubjectPublicKeyInfo in DER), as 64 lower-case hexadecimal digits.
/// It stays the same when the certificate is renewed with the same key.
std::string pin_of_key(const X509& certificate);

std::chrono::sys_seconds start_of(const X509& certificate);
std::chrono::sys_seconds expiry_of(const X509& certificate);

/// For operators: `2026-11-30 08:15 UTC`.
std::string to_date(std::chrono::sys_seconds time);

}  // namespace connector
