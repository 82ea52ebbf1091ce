#pragma once

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

namespace connector {

/// The place that requests come from: an IPv4 address, or the first 64 bits of an IPv6 address, because a host with one
/// IPv6 address can usually use all 2^64 of its network.
using source_key = std::array<std::uint8_t, 16>;

inline source_key source_of(const boost::asio::ip::address& address) noexcept {
    if (address.is_v4()) {
        return boost::asio::ip::make_address_v6(boost::asio::ip::v4_mapped, address.to_v4()).to_bytes();
    }
    source_key key = address.to_v6().to_bytes();
    if (!address.to_v6().is_v4_mapped()) std::fill(key.begin() + 8, key.end(), std::uint8_t{0});
    return key;
}

/// For logs and the store: "192.0.2.7", or "2001:db8::/64".
inline std::string to_text(const source_key& source) {
    const boost::asio::ip::address_v6 address{source};
    if (address.is_v4_mapped()) {
        return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address).to_string();
    }
    return address.to_string() + "/64";
}

}  // namespace connector
