#include "connector/control/source_rates.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace source_rates_test {

using namespace connector;
using namespace std::chrono_literals;

namespace {

source_key from(const std::string& address) {
    return source_of(boost::asio::ip::make_address(address));
}

const ilp::steady_time start{1h};

}  // namespace

TEST_CASE("a source is an IPv4 address or the network of an IPv6 address") {
    CHECK(from("192.0.2.7") == from("::ffff:192.0.2.7"));
    CHECK(from("192.0.2.7") != from("192.0.2.8"));
    CHECK(from("2001:db8::1") == from("2001:db8::ffff:2"));
    CHECK(from("2001:db8::1") != from("2001:db8:0:1::1"));
    CHECK(to_text(from("::ffff:192.0.2.7")) == "192.0.2.7");
    CHECK(to_text(from("2001:db8:1:2:3:4:5:6")) == "2001:db8:1:2::/64");
}

TEST_CASE("one source uses up its own allowance and nobody else's") {
    source_rates rates{3};
    for (int i = 0; i < 3; ++i) CHECK(rates.try_take(from("192.0.2.1"), start));
    CHECK_FALSE(rates.try_take(from("192.0.2.1"), start));
    CHECK(rates.try_take(from("192.0.2.2"), start));
    CHECK_FALSE(rates.try_take(from("192.0.2.1"), start + 19s));
    CHECK(rates.try_take(from("192.0.2.1"), start + 20s));
    CHECK_FALSE(rates.try_take(from("192.0.2.1"), start + 20s));
    for (int i = 0; i < 3; ++i) CHECK(rates.try_take(from("192.0.2.1"), start + 2min));
    CHECK_FALSE(rates.try_take(from("192.0.2.1"), start + 2min));
}

TEST_CASE("without a limit every request is allowed") {
    source_rates rates{0};
    for (int i = 0; i < 1000; ++i) CHECK(rates.try_take(from("192.0.2.1"), start));
}

TEST_CASE("sources beyond the bound share one allowance until others have been silent for a minute") {
    source_rates rates{1};
    for (std::size_t i = 0; i < source_rates::sources_max; ++i) {
        source_key key{};
        key[0] = 0x20;
        key[1] = static_cast<std::uint8_t>(i >> 8U);
        key[2] = static_cast<std::uint8_t>(i);
        CHECK(rates.try_take(key, start));
    }
    CHECK(rates.try_take(from("192.0.2.1"), start));
    CHECK_FALSE(rates.try_take(from("192.0.2.2"), start));
    CHECK(rates.try_take(from("192.0.2.2"), start + 1min));
    CHECK(rates.try_take(from("192.0.2.3"), start + 1min));
}

}  // namespace source_rates_test
