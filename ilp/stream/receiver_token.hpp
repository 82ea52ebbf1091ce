#pragma once

#include "ilp/base64url.hpp"
#include "ilp/condition.hpp"
#include "ilp/stream/envelope.hpp"
#include "ilp/timestamp.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// A receiver keeps nothing for a connection: everything that it must know is in the last segment of the address that
/// it gives to the sender, the token. A token is "~" and, in base64url, one octet that says which server secret it was
/// made with, and an envelope with the number of the receiving account and the time until which it is valid. Nobody
/// else can make one, or see in it for whom it is. The shared secret of the connection is derived from the token, so
/// two tokens never have the same.
namespace ilp::stream {

/// What a token says.
struct token_contents {
    std::uint32_t account = 0;
    timestamp valid_until{};  ///< whole milliseconds from 1970 to the year 10889; other times are not kept
    friend bool operator==(const token_contents&, const token_contents&) = default;
};

inline constexpr std::size_t token_contents_size = 10;
inline constexpr std::size_t token_octets = 1 + envelope_overhead + token_contents_size;
/// Characters of a token, which is one segment of an address.
inline constexpr std::size_t token_size = 1 + base64url_size(token_octets);

/// True for text that looks like a token. Only receiver_secrets can say whether it is one.
constexpr bool looks_like_token(std::string_view segment) noexcept {
    return segment.size() == token_size && segment.front() == '~';
}

struct receiver_token {
    std::string segment;
    digest shared_secret;  ///< give it only to the sender, over an encrypted and authenticated channel
};

inline constexpr std::size_t token_id_size = 16;

struct opened_token {
    token_contents contents;
    digest shared_secret;
    std::array<octet, token_id_size> id;  ///< another one for each token, as random as its vector; not secret
};

/// The server secrets of a node. The first makes new tokens; the others are former ones, whose tokens stay valid until
/// they expire, so that a secret can be replaced while payments arrive. Immutable.
class receiver_secrets {
public:
    /// Precondition: at least one secret. Each has 32 random octets.
    explicit receiver_secrets(std::span<const digest> secrets);

    /// Every token is another one, because its envelope begins with a random vector.
    receiver_token make_token(envelope_cipher& cipher, const token_contents& contents) const;

    /// Nullopt unless one of the secrets has made this token. Whether it is still valid is for the caller to check.
    std::optional<opened_token> open(envelope_cipher& cipher, std::string_view segment) const noexcept;

private:
    /// What is derived from a server secret.
    struct keys {
        octet mark;  ///< not unique: it only spares most attempts with the wrong key
        digest seals_tokens;
        digest makes_secrets;
    };

    std::vector<keys> keys_;
};

}  // namespace ilp::stream
