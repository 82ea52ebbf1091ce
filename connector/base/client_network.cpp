#include "connector/base/client_network.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace connector {

namespace ip = boost::asio::ip;

ip::address peer_address(int socket) noexcept {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    if (::getpeername(socket, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
    if (storage.ss_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &storage, sizeof v4);
        return ip::address_v4{ntohl(v4.sin_addr.s_addr)};
    }
    if (storage.ss_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &storage, sizeof v6);
        ip::address_v6::bytes_type octets;
        std::copy_n(v6.sin6_addr.s6_addr, octets.size(), octets.begin());
        return ip::address_v6{octets};
    }
    return {};
}

}  // namespace connector
