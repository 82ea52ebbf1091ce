#pragma once

#include "connector/tls/certificate.hpp"
#include "connector/tls/openssl_handles.hpp"

#include <expected>
#include <span>
#include <string>
#include <vector>

namespace connector {

/// Reads a whole file of at most 1 MiB. The error names the file and says what to do.
std::expected<std::string, std::string> read_pem_file(const std::string& file);

/// At least one certificate, in their order. Text outside of PEM blocks is skipped, and so are blocks of another kind.
/// The error is to be put behind the name of the text.
std::expected<std::vector<owned_certificate>, std::string> parse_certificates(const std::string& pem);

/// The first private key. The error is to be put behind the name of the text.
std::expected<owned_key, std::string> parse_key(const std::string& pem);

/// Precondition: there is one.
certificate_facts facts_of(std::span<const owned_certificate> chain);

/// The oldest error in this thread's queue, as OpenSSL words it; the queue is empty afterwards.
std::string take_openssl_error();

}  // namespace connector
