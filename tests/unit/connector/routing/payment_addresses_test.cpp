#include "connector/routing/payment_addresses.hpp"

#include <catch2/catch.hpp>

namespace payment_addresses_test {

using namespace connector;

namespace {

payment_addresses addresses_of(const std::string& node, const config::receiving_settings& settings = {}) {
    return {ilp::address::parse(node).value(), make_receiver_secrets(settings), std::chrono::minutes{1}};
}

}  // namespace

TEST_CASE("payment addresses: the account of an address is known to the node that has made it, and to no other") {
    auto ours = addresses_of("test.d");
    auto others = addresses_of("test.d");  // with another secret
    const auto address = ours.make(7, ilp::timestamp{}).destination;
    CHECK(ours.account_at(address) == 7);  // although it has expired long ago
    CHECK(others.account_at(address) == std::nullopt);
    CHECK(ours.account_at(address + ".more") == std::nullopt);
    CHECK(ours.account_at(address.substr(0, address.size() - 1)) == std::nullopt);
    CHECK(ours.account_at("test.e" + address.substr(6)) == std::nullopt);
    CHECK(ours.account_at("test.d") == std::nullopt);
    CHECK(ours.account_at("test.e.bob") == std::nullopt);
    CHECK(ours.account_at("") == std::nullopt);
}

}  // namespace payment_addresses_test
