#include "config/loopback.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

namespace config {

bool is_loopback_address(const std::string& host) noexcept {
    if (host.contains('\0')) return false;  // inet_pton would ignore the rest
    auto v4 = in_addr{};
    if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24U == 127;
    auto v6 = in6_addr{};
    return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && std::ranges::equal(v6.s6_addr, in6addr_loopback.s6_addr);
}

}  // namespace config
