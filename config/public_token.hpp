#pragma once

#include "config/settings.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace config {

/// The least number of characters of a token or secret that strangers can try to guess.
inline constexpr std::size_t public_secret_size_min = 16;
/// A token that names no peer is checked with several secrets, so their number is bounded.
inline constexpr std::size_t jwt_secrets_max = 8;  ///< of a peer
inline constexpr std::string_view how_to_make_a_secret = "make one with: openssl rand -hex 32";

/// Also true for the placeholder of a rejected value.
bool is_loopback(const listen_address& address);

/// Says why a token that a peer presents is too weak for a `connector.listen` that other machines can reach, and what
/// to do; nullopt if it is not.
std::optional<std::string> fault_of_public_token(std::string_view token);

/// True for the tokens of the sample, config/ilpd.yaml.
bool is_sample_token(std::string_view token);

}  // namespace config
