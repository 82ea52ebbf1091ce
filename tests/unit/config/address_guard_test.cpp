#include "config/address_guard.hpp"

#include <arpa/inet.h>
#include <catch2/catch.hpp>

#include <array>
#include <stdexcept>
#include <string>

namespace address_guard_test {

namespace {

bool is_public(const std::string& text) {
    std::array<std::uint8_t, 16> octets{};
    const bool is_v6 = text.contains(':');
    if (inet_pton(is_v6 ? AF_INET6 : AF_INET, text.c_str(), octets.data()) != 1) throw std::invalid_argument{text};
    return config::is_public(std::span{octets}.first(is_v6 ? 16 : 4));
}

/// A range with its first and last address and the neighbours on both sides. An empty neighbour is not public either.
struct special_range {
    const char* name;
    const char* first;
    const char* last;
    const char* before;
    const char* behind;
};

constexpr special_range special[] = {
    {"this network", "0.0.0.0", "0.255.255.255", "", "1.0.0.0"},
    {"private 10", "10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"},
    {"carrier", "100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0"},
    {"loopback", "127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0"},
    {"link-local", "169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0"},
    {"private 172", "172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"},
    {"protocol assignments", "192.0.0.0", "192.0.0.255", "191.255.255.255", "192.0.1.0"},
    {"documentation 1", "192.0.2.0", "192.0.2.255", "192.0.1.255", "192.0.3.0"},
    {"AS112 a", "192.31.196.0", "192.31.196.255", "192.31.195.255", "192.31.197.0"},
    {"tunnels", "192.52.193.0", "192.52.193.255", "192.52.192.255", "192.52.194.0"},
    {"6to4 relays", "192.88.99.0", "192.88.99.255", "192.88.98.255", "192.88.100.0"},
    {"private 192", "192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0"},
    {"AS112 b", "192.175.48.0", "192.175.48.255", "192.175.47.255", "192.175.49.0"},
    {"benchmarks", "198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0"},
    {"documentation 2", "198.51.100.0", "198.51.100.255", "198.51.99.255", "198.51.101.0"},
    {"documentation 3", "203.0.113.0", "203.0.113.255", "203.0.112.255", "203.0.114.0"},
    {"multicast", "224.0.0.0", "239.255.255.255", "223.255.255.255", ""},
    {"reserved", "240.0.0.0", "255.255.255.255", "", ""},

    {"unspecified and loopback", "::", "::1", "", ""},
    {"IPv4-compatible", "::2", "::ffff:ffff", "", ""},
    {"outside of what is given out, below", "::1:0:0:0", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "", ""},
    {"local translation", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "", ""},
    {"discard", "100::", "100::ffff:ffff:ffff:ffff", "", ""},
    {"protocol assignments 6", "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
     "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"},
    {"documentation 6", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"},
    {"AS112 6", "2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff", "2620:4f:7fff:ffff:ffff:ffff:ffff:ffff",
     "2620:4f:8001::"},
    {"documentation 6 b", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "3fff:1000::"},
    {"outside of what is given out, above", "4000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""},
    {"unique local", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "", ""},
    {"link-local 6", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "", ""},
    {"site-local", "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "", ""},
    {"multicast 6", "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "", ""},
};

}  // namespace

TEST_CASE("Special ranges of addresses are not public, and their neighbours are") {
    for (const special_range& range : special) {
        CAPTURE(range.name);
        CHECK_FALSE(is_public(range.first));
        CHECK_FALSE(is_public(range.last));
        CHECK((*range.before == '\0' || is_public(range.before)));
        CHECK((*range.behind == '\0' || is_public(range.behind)));
    }
}

TEST_CASE("An address that embeds an IPv4 address is classified by it") {
    for (const special_range& range : special) {
        const std::string first = range.first;
        if (first.contains(':')) continue;
        CAPTURE(range.name);
        for (const std::string prefix : {"::ffff:", "64:ff9b::"}) {
            CHECK_FALSE(is_public(prefix + range.first));
            CHECK_FALSE(is_public(prefix + range.last));
            CHECK((*range.behind == '\0' || is_public(prefix + range.behind)));
        }
    }
    CHECK_FALSE(is_public("2002:7f00:1::"));       // 6to4 of 127.0.0.1
    CHECK_FALSE(is_public("2002:a00:1:ffff::1"));  // of 10.0.0.1
    CHECK_FALSE(is_public("2002:c0a8:101::1"));    // of 192.168.1.1
    CHECK_FALSE(is_public("2002:a9fe:a9fe::"));    // of 169.254.169.254
    CHECK(is_public("2002:808:808::1"));           // of 8.8.8.8
}

TEST_CASE("Allocated addresses are public") {
    for (const char* const address : {"1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::1"}) {
        CHECK(is_public(address));
    }
}

TEST_CASE("A host is private if it is a literal address that is not public, and a name is never private") {
    for (const char* const host : {"127.0.0.1", "10.1.2.3", "169.254.169.254", "0.0.0.0", "::1", "::ffff:10.0.0.1",
                                   "fd00::1", "fe80::1", "64:ff9b::a00:1"}) {
        CAPTURE(host);
        CHECK(config::is_private_literal(host));
    }
    for (const char* const host : {"8.8.8.8", "2606:4700::1111", "localhost", "bank.example", ""}) {
        CAPTURE(host);
        CHECK_FALSE(config::is_private_literal(host));
    }
}

}  // namespace address_guard_test
