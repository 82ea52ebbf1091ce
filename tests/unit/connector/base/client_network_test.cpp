#include "connector/base/client_network.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace client_network_test {

TEST_CASE("client network: an IPv4 address, or the /64 of an IPv6 address") {
    const auto network = [](const std::string& address) {
        return connector::client_network(boost::asio::ip::make_address(address));
    };
    CHECK(network("192.0.2.1") == "192.0.2.1");
    CHECK(network("::ffff:192.0.2.1") == "192.0.2.1");
    CHECK(network("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64");
    CHECK(network("2001:db8:1:2::1") == network("2001:db8:1:2:ffff::"));
    CHECK(network("2001:db8:1:3::1") != network("2001:db8:1:2::1"));
}

TEST_CASE("client network: an invalid socket has no peer address") {
    CHECK(connector::peer_address(-1).to_string() == "0.0.0.0");
}

}  // namespace client_network_test
