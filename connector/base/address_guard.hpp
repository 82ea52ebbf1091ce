#pragma once

#include "config/address_guard.hpp"

#include <boost/asio/ip/address.hpp>

namespace connector {

/// The check of `config::is_public` for an Asio address. An IPv6 scope id does not affect the result.
inline bool is_public(const boost::asio::ip::address& address) noexcept {
    if (address.is_v4()) return config::is_public(address.to_v4().to_bytes());
    return config::is_public(address.to_v6().to_bytes());
}

}  // namespace connector
