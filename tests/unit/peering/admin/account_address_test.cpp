#include "peering/admin/account_address.hpp"

#include "config/value.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <string>

namespace account_address_test {

using namespace peering::admin;

namespace {

std::optional<config::http_endpoint> at(std::string_view url) {
    return config::http_url().parse(url).value();
}

std::string name_in(std::string_view url, const std::optional<config::http_endpoint>& place = std::nullopt) {
    const auto name = account_at(url, place);
    if (name) return *name;
    CHECK(name.error().code == peering::refusal_code::bad_user_input);
    return name.error().message;
}

}  // namespace

TEST_CASE("the URL of an account is spsp.public_url, a slash and its name") {
    CHECK(account_url(at("https://alice.example"), "shop.1") == "https://alice.example/shop.1");
    CHECK(account_url(at("https://alice.example/"), "alice") == "https://alice.example/alice");
    CHECK(account_url(at("https://alice.example:443"), "alice") == "https://alice.example/alice");
    CHECK(account_url(at("https://alice.example:3004/"), "alice") == "https://alice.example:3004/alice");
    CHECK(account_url(at("HTTPS://[2001:db8::1]"), "alice") == "https://[2001:db8::1]/alice");
    CHECK(account_url(std::nullopt, "alice") == "/alice");
    CHECK(account_prefix(*at("https://alice.example/")) == "https://alice.example");
}

TEST_CASE("A26-01: the payment pointer of an account has its host and its name") {
    CHECK(payment_pointer(*at("https://alice.example/"), "alice") == "$alice.example/alice");
    CHECK(payment_pointer(*at("https://alice.example:443"), "alice") == "$alice.example/alice");
    CHECK(payment_pointer(*at("https://[2001:db8::1]"), "alice") == "$[2001:db8::1]/alice");
    // A payment pointer has no port (A26-02), and its URL is accepted wherever it is.
    CHECK(payment_pointer(*at("https://alice.example:3004"), "alice") == "https://alice.example:3004/alice");
}

TEST_CASE("the name of an account is read from its URL, which is at spsp.public_url") {
    CHECK(name_in("https://pay.example/alice") == "alice");
    CHECK(name_in("https://pay.example:3004/alice") == "alice");
    const auto place = at("https://pay.example/");
    CHECK(name_in("https://pay.example/alice", place) == "alice");
    CHECK(name_in("HTTPS://PAY.example:443/alice", place) == "alice");
    CHECK(name_in("https://pay.example:3004/alice", place)
              .starts_with("invalid address: it does not begin with https://pay.example, the value of "
                           "spsp.public_url: expected"));
    CHECK(name_in("https://other.example/alice", place).contains("spsp.public_url"));
}

TEST_CASE("what is not the URL of an account is refused with the reason") {
    CHECK(name_in("alice").starts_with("invalid address: it is not a URL: expected an https:// URL"));
    CHECK(name_in("").starts_with("invalid address: it is not a URL"));
    CHECK(name_in("http://pay.example/alice").starts_with("invalid address: it does not begin with https://"));
    for (const char* const url :
         {"https://pay.example", "https://pay.example/", "https://pay.example/a/b", "https://pay.example/alice?x",
          "https://pay.example/Alice", "https://pay.example//alice"}) {
        INFO(url);
        CHECK(name_in(url).starts_with("invalid address: its path is not the name of an account"));
    }
}

}  // namespace account_address_test
