#include "connector/transport/http/hint.hpp"

#include <cstddef>

namespace connector::http {
namespace {

constexpr char tls_handshake = 0x16;  // the first byte of a TLS connection

std::string_view first_line(std::string_view octets) noexcept {
    return octets.substr(0, octets.find_first_of("\r\n"));
}

/// True if the head has `Upgrade: websocket`.
bool asks_for_websocket(std::string_view octets) noexcept {
    std::string_view rest = octets;
    for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
        rest.remove_prefix(end + 1);
        const std::string_view line = first_line(rest);
        if (line.empty()) return false;
        if (!equals_ignoring_case(line.substr(0, 8), "upgrade:")) continue;
        constexpr std::string_view wanted = "websocket";
        for (std::size_t at = 8; at + wanted.size() <= line.size(); ++at) {
            if (equals_ignoring_case(line.substr(at, wanted.size()), wanted)) return true;
        }
    }
    return false;
}

}  // namespace

std::string_view hint_on_protocol(std::string_view octets) noexcept {
    if (octets.starts_with(tls_handshake))
        return "TLS is not supported here: send plain HTTP/1.1, or connect to a port that speaks TLS, such as that of "
               "a proxy.";
    const std::string_view line = first_line(octets);
    const std::size_t version = line.rfind(" HTTP/");
    if (version == std::string_view::npos || line.substr(version).starts_with(" HTTP/1.")) return {};
    if (line.substr(version).starts_with(" HTTP/2")) return "HTTP/2 is not supported here: send requests as HTTP/1.1.";
    return "This version of HTTP is not supported here: send requests as HTTP/1.1.";
}

std::string_view hint_on_packet_request(status status, std::string_view octets) noexcept {
    if (asks_for_websocket(octets))
        return "WebSocket, and so BTP, is not supported here: send each packet with POST over HTTP/1.1 (ILP over HTTP, "
               "RFC 35).";
    switch (status) {
        case status::bad_request:
            return hint_on_protocol(octets);
        case status::unauthorized:
            return "No valid token: send the field Authorization: Bearer TOKEN, with a token that this node's operator "
                   "has set for you, or a JSON Web Token (HS256) that is signed with the secret agreed with that "
                   "operator.";
        case status::not_found:
            return "Post packets to /, /ilp or /accounts/NAME/ilp.";
        case status::method_not_allowed:
            return "Only POST is accepted here, with one ILP packet as the body.";
        case status::unsupported_media_type:
            return "The content type of a packet is application/octet-stream.";
        case status::service_unavailable:
            return "You have too many connections to this node: use those that are open for further packets.";
        default:
            return {};
    }
}

}  // namespace connector::http
