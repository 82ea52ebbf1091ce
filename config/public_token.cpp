#include "config/public_token.hpp"

#include "config/loopback.hpp"

#include <algorithm>
#include <array>

namespace config {

bool is_loopback(const listen_address& address) {
    return address.host.empty() || is_loopback_address(address.host);
}

std::optional<std::string> fault_of_public_token(std::string_view token) {
    const auto with_advice = [](const std::string& fault) {
        return fault + ", and connector.listen is not a loopback address: " + std::string{how_to_make_a_secret};
    };
    if (is_sample_token(token)) return with_advice("is a token of the sample, which everybody knows");
    if (token.size() >= public_secret_size_min) return std::nullopt;
    return with_advice("has fewer than " + std::to_string(public_secret_size_min) + " characters");
}

bool is_sample_token(std::string_view token) {
    constexpr auto samples = std::array<std::string_view, 2>{"bob-to-alice", "alice-to-bob"};
    return std::ranges::find(samples, token) != samples.end();
}

}  // namespace config
