#include "peering/admin/payment_filter.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include <string_view>

namespace payment_filter_test {

using peering::admin::payment_filter;

namespace {

auto filter_of(std::string_view json) {
    const auto parsed = boost::json::parse(json);
    return peering::admin::payment_filter_of(peering::graphql::arguments{parsed.as_object()});
}

bool takes_outgoing(std::string_view type) {
    return filter_of(R"({"type": )" + std::string{type} + "}").value().takes_outgoing;
}

bool is_refused(std::string_view json) {
    const auto filter = filter_of(json);
    return !filter && filter.error().code == peering::refusal_code::bad_user_input &&
           filter.error().message.starts_with("filter.walletAddressId: expected one id");
}

}  // namespace

TEST_CASE("a filter that names nothing selects everything") {
    for (const char* const json :
         {"{}", R"({"type": null, "walletAddressId": null})", R"({"type": {"in": []}, "walletAddressId": {"in": []}})",
          R"({"type": {"notIn": []}, "walletAddressId": {"in": null, "notIn": []}})"}) {
        INFO(json);
        CHECK(filter_of(json).value() == payment_filter{});
    }
}

TEST_CASE("payments are filtered by their type") {
    CHECK(takes_outgoing(R"({"in": ["OUTGOING"]})"));
    CHECK(takes_outgoing(R"({"in": ["INCOMING", "OUTGOING"]})"));
    CHECK(takes_outgoing(R"({"notIn": ["INCOMING"]})"));
    CHECK_FALSE(takes_outgoing(R"({"in": ["INCOMING"]})"));
    CHECK_FALSE(takes_outgoing(R"({"in": ["outgoing"]})"));
    CHECK_FALSE(takes_outgoing(R"({"notIn": ["OUTGOING"]})"));
    CHECK_FALSE(takes_outgoing(R"({"in": ["OUTGOING"], "notIn": ["OUTGOING"]})"));
}

TEST_CASE("payments are filtered by one wallet address, and more are refused") {
    CHECK(filter_of(R"({"type": {"in": []}, "walletAddressId": {"in": ["a"]}})").value() ==
          payment_filter{.takes_outgoing = true, .wallet_address = "a"});
    CHECK(is_refused(R"({"walletAddressId": {"in": ["a", "b"]}})"));
    CHECK(is_refused(R"({"walletAddressId": {"notIn": ["a"]}})"));
    CHECK(is_refused(R"({"walletAddressId": {"in": ["a"], "notIn": ["b"]}})"));
}

}  // namespace payment_filter_test
