#include "peering/admin/account_address.hpp"

#include "config/value.hpp"

#include <fmt/format.h>

#include <utility>

namespace peering::admin {
namespace {

std::unexpected<refusal> refuse_address(std::string_view why) {
    return refused(refusal_code::bad_user_input,
                   fmt::format("invalid address: {}: expected an https:// URL whose path is a slash and a name of {}",
                               why, config::account_name().expected));
}

}  // namespace

std::string account_prefix(const config::http_endpoint& place) {
    return "https://" + place.host_field();
}

std::string account_url(const std::optional<config::http_endpoint>& place, std::string_view account) {
    return fmt::format("{}/{}", place ? account_prefix(*place) : "", account);
}

std::string payment_pointer(const config::http_endpoint& place, std::string_view account) {
    constexpr std::uint16_t https_port = 443;
    return place.port() == https_port ? fmt::format("${}/{}", place.host_field(), account)
                                      : account_url(place, account);
}

std::expected<std::string, refusal> account_at(std::string_view url,
                                               const std::optional<config::http_endpoint>& place) {
    const auto parsed = config::http_url().parse(url);
    if (!parsed) return refuse_address("it is not a URL");
    if (!parsed->is_https()) return refuse_address("it does not begin with https://");
    if (place && !parsed->is_at_same_place_as(*place)) {
        return refuse_address(
            fmt::format("it does not begin with {}, the value of spsp.public_url", account_prefix(*place)));
    }
    const std::string target = parsed->target();  // begins with a slash
    auto name = config::account_name().parse(std::string_view{target}.substr(1));
    if (!name) return refuse_address("its path is not the name of an account");
    return *std::move(name);
}

}  // namespace peering::admin
