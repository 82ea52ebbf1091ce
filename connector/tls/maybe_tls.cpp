#include "connector/tls/maybe_tls.hpp"

#include "connector/tls/tls_verification.hpp"

#include <cstring>

namespace connector {

bool is_tls_record(const void* octets, std::size_t count) noexcept {
    constexpr unsigned char alert = 21;
    constexpr unsigned char major_version = 3;
    if (count < 2) return false;
    unsigned char first[2];
    std::memcpy(first, octets, sizeof first);
    return first[0] == alert && first[1] == major_version;
}

std::string why_handshake_failed(SSL& ssl, const boost::system::error_code& error) {
    if (error.category() == boost::asio::error::get_ssl_category())
        return why_handshake_failed(ssl, static_cast<unsigned long>(error.value()));
    if (error == boost::asio::error::eof || error == boost::asio::ssl::error::stream_truncated)
        return "the other side ended the connection during the TLS handshake";
    return error.message();
}

}  // namespace connector
